/* Typed growable arrays.  VEC(type) declares one; zero-initialised is ready to use. */
#ifndef BINNACLE_BASE_VEC_H
#define BINNACLE_BASE_VEC_H

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t len, capacity;                                                                      \
    }

/* Adds one item; v is a VEC variable (not a pointer to one). */
#define VEC_ADD(v, ...)                                                                            \
    ((v).at = vec_room((v).at, (v).len, &(v).capacity, sizeof(*(v).at)),                           \
     (void)((v).at[(v).len++] = (__VA_ARGS__)))
#define VEC_DONE(v) (mem_free((v).at), (v).at = NULL, (v).len = (v).capacity = 0)
/* Removes item i, keeps order. */
#define VEC_DEL(v, i)                                                                              \
    (memmove((v).at + (i), (v).at + (i) + 1, ((v).len - (size_t)(i)-1) * sizeof(*(v).at)),         \
     (void)(v).len--)

/* Returns an array with room for one more item. */
void *vec_room(void *at, size_t len, size_t *capacity, size_t item_size_bytes);

#endif
