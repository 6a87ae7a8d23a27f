/* Hash map from byte strings to pointers; keyed hash (SipHash with a random key), so that hostile
 * keys cannot pile up.  One thread at a time.  Zero-initialised is ready to use. */
#ifndef BINNACLE_BASE_MAP_H
#define BINNACLE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct map_slot; /* inside map.c */
struct map {
    struct map_slot *slots;
    size_t len;      /* entries */
    size_t capacity; /* slots, a power of two */
    size_t used;     /* entries and tombstones */
};

void *map_get(const struct map *map, struct str key); /* NULL when absent */
/* Copies the key; returns the value that stood there before, NULL if none. value not NULL. */
void *map_put(struct map *map, struct str key, void *value);
void *map_del(struct map *map, struct str key); /* → the value that was removed, or NULL */
/* Walk: start with *iter = 0; false at the end. Deleting the current entry is allowed. */
bool map_next(const struct map *map, size_t *iter, struct str *ret_key, void **ret_value);
/* The hash itself (SipHash-1-3), for tables of other shapes that hold foreign keys. */
uint64_t map_siphash(struct str bytes, uint64_t key0, uint64_t key1);
void map_done(struct map *map, void (*free_value)(void *)); /* NULL: values are not owned */

#endif
