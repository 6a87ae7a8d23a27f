/* Arena: allocations of one request, plan or parse, freed at one point.  One thread at a time. */
#ifndef BINNACLE_BASE_ARENA_H
#define BINNACLE_BASE_ARENA_H

#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);  /* NULL allowed */
void arena_reset(struct arena *arena); /* everything goes, the first chunk stays */
/* Zeroed, 16-byte aligned. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
void *arena_array(struct arena *arena, size_t len, size_t item_size_bytes);
struct str arena_dup(struct arena *arena, struct str bytes); /* copy, NUL after it */
char *arena_dupz(struct arena *arena, struct str bytes);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t arena_size(const struct arena *arena); /* bytes handed out: for limits and metrics */
/* Grow an allocation in place when it is the last one, else copy. For writers: the new tail is not
 * zeroed, old is void afterwards (as with realloc), NULL makes a new one. */
void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size);
void arena_cleanup(struct arena **arena);
#define AUTO_ARENA AUTO(arena_cleanup)

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
