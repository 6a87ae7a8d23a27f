/* Memory: aborting allocators, ownership macros.  Any thread. */
#ifndef BINNACLE_BASE_MEM_H
#define BINNACLE_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* Run fn(&variable) when the variable goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))
#define AUTO_FREE AUTO(mem_cleanup)
#define AUTO_FD AUTO(mem_close_fd)

/* Hand a pointer out of an AUTO_ variable: the variable becomes NULL. */
#define STEAL(pointer)                                                                             \
    ({                                                                                             \
        __typeof__(pointer) steal_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        steal_;                                                                                    \
    })

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* All allocators return zeroed memory (but mem_new_raw) and abort on exhaustion: whatever is sized by input is
 * bounded before it gets here. size_bytes 0 gives a unique pointer. */
void *mem_new(size_t size_bytes);
void *mem_new_array(size_t len, size_t item_size_bytes); /* aborts on overflow */
void *mem_new_raw(size_t size_bytes);                    /* not zeroed: filled at once */
void *mem_resize(void *old, size_t size_bytes);          /* new tail is not zeroed */
void *mem_copy(const void *from, size_t size_bytes);
char *mem_strdup(const char *z);                      /* NULL gives NULL */
char *mem_strndup(const char *at, size_t size_bytes); /* adds a NUL */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
void mem_free(void *p);                    /* NULL allowed */
void mem_wipe(void *p, size_t size_bytes); /* explicit_bzero for secrets */
void mem_trim(void); /* freed memory back to the system; walks over the heap: a job */

#define MEM_NEW(type) ((type *)mem_new(sizeof(type)))

/* For AUTO_FREE and AUTO_FD: they take the address of the variable. */
void mem_cleanup(void *pointer_to_pointer);
void mem_close_fd(int *fd); /* closes unless negative */

#endif
