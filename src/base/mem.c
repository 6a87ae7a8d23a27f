/* Aborting allocators.  Every module calls them, on any thread; whatever is sized by a peer is
 * bounded by the caller, so running out of memory here is the end of the process. */
#include "config.h" /* IWYU pragma: keep */

#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *mem_checked(void *p);
static _Noreturn void mem_exhausted(void);

void *
mem_new(size_t size_bytes)
{
    return mem_checked(calloc(1, size_bytes == 0 ? 1 : size_bytes));
}

void *
mem_new_array(size_t len, size_t item_size_bytes)
{
    size_t size_bytes = 0;

    if (__builtin_mul_overflow(len, item_size_bytes, &size_bytes)) {
        mem_exhausted();
    }
    return mem_new(size_bytes);
}

void *
mem_new_raw(size_t size_bytes)
{
    return mem_checked(malloc(size_bytes == 0 ? 1 : size_bytes));
}

void *
mem_resize(void *old, size_t size_bytes)
{
    return mem_checked(realloc(old, size_bytes == 0 ? 1 : size_bytes));
}

void *
mem_copy(const void *from, size_t size_bytes)
{
    void *copy = mem_new_raw(size_bytes);

    if (size_bytes > 0) {
        memcpy(copy, from, size_bytes);
    }
    return copy;
}

char *
mem_strdup(const char *z)
{
    return z == NULL ? NULL : mem_copy(z, strlen(z) + 1);
}

char *
mem_strndup(const char *at, size_t size_bytes)
{
    if (size_bytes == SIZE_MAX) {
        mem_exhausted();
    }
    char *copy = mem_new_raw(size_bytes + 1);

    if (size_bytes > 0) {
        memcpy(copy, at, size_bytes);
    }
    copy[size_bytes] = '\0';
    return copy;
}

char *
mem_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = mem_vprintf(format, args);

    va_end(args);
    return text;
}

char *
mem_vprintf(const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0) {
        mem_exhausted();
    }
    return text;
}

void
mem_free(void *p)
{
    free(p);
}

void
mem_wipe(void *p, size_t size_bytes)
{
    if (size_bytes > 0) {
        explicit_bzero(p, size_bytes);
    }
}

void
mem_cleanup(void *pointer_to_pointer)
{
    void *p = NULL;

    /* Copied as bytes: the variable is a pointer of any type, and reading it as void * is not
     * allowed by the aliasing rules. */
    memcpy(&p, pointer_to_pointer, sizeof(p));
    free(p);
}

void
mem_trim(void)
{
    (void)malloc_trim(0); /* whether there was any does not matter */
}

void
mem_close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd); /* nobody is left who could act on a failure */
        *fd = -1;
    }
}

static void *
mem_checked(void *p)
{
    if (p == NULL) {
        mem_exhausted();
    }
    return p;
}

static _Noreturn void
mem_exhausted(void)
{
    static const char message[] = "binnacle: out of memory\n";

    (void)!write(STDERR_FILENO, message, sizeof(message) - 1);
    abort();
}
