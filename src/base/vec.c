/* The growing of VEC arrays.  Any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/vec.h"

#include <stdint.h>

void *
vec_room(void *at, size_t len, size_t *capacity, size_t item_size_bytes)
{
    if (len < *capacity) {
        return at;
    }
    size_t grown = *capacity < 8 ? 8 : *capacity * 2;
    size_t size_bytes = 0;

    if (__builtin_mul_overflow(grown, item_size_bytes, &size_bytes)) {
        size_bytes = SIZE_MAX; /* aborts as any allocation that cannot be had */
    }
    *capacity = grown;
    return mem_resize(at, size_bytes);
}
