/* Secrets: one locked page each.  Made on the loop when an answer arrives, used on a worker. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/secret.h"

#include <sys/mman.h>

#include "base/mem.h"

struct secret {
    size_t size;
    char text[SECRET_MAX + 1]; /* NUL after it */
    char line[SECRET_MAX + 1]; /* line feed after it */
};
enum { PAGE = 4096 };
_Static_assert(sizeof(struct secret) <= PAGE, "a secret is one page");

struct secret *
secret_new(struct str text)
{
    /* mmap, because a page of its own is what can be locked and kept out of dumps. */
    struct secret *secret =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED) {
        return NULL;
    }
    (void)mlock(secret, PAGE);                  /* beyond the limit it may be swapped, no worse */
    (void)madvise(secret, PAGE, MADV_DONTDUMP); /* likewise */
    secret->size = text.size < SECRET_MAX ? text.size : SECRET_MAX;
    if (secret->size > 0) {
        memcpy(secret->text, text.at, secret->size);
        memcpy(secret->line, text.at, secret->size);
    }
    secret->line[secret->size] = '\n';
    return secret;
}

struct str
secret_text(const struct secret *secret)
{
    return secret == NULL ? (struct str){ 0 } : str_slice(secret->text, secret->size);
}

struct str
secret_line(const struct secret *secret)
{
    return secret == NULL ? (struct str){ 0 } : str_slice(secret->line, secret->size + 1);
}

void
secret_free(struct secret *secret)
{
    if (secret != NULL) {
        mem_wipe(secret, PAGE);
        (void)munmap(secret, PAGE); /* fails only for what is no mapping */
    }
}

void
secret_cleanup(struct secret **secret)
{
    secret_free(STEAL(*secret));
}
