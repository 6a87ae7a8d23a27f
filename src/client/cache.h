/* The one container of objects: per resource a persistent ordered tree, and indexes.
 *
 * Only the loop changes it. cache_ref pins the present state for as long as it is needed (a page,
 * an exact list, a scheduler's snapshot): later changes copy what the pin shares. CONTRACTS §6. */
#ifndef BINNACLE_CLIENT_CACHE_H
#define BINNACLE_CLIENT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/object.h"
#include "base/str.h"

struct cache;
struct resource;
struct selector;

struct cache *cache_new(void);
void cache_free(struct cache *cache); /* the live one or a pinned one */
/* A pinned, immutable view of now; lookups by index work on it by scanning. Free with cache_free. */
struct cache *cache_ref(struct cache *cache);
uint64_t cache_rev(const struct cache *cache);
void cache_set_rev(struct cache *cache, uint64_t rev);

/* Takes a reference. Returns what stood there before (a reference), NULL if nothing. */
struct object *cache_put(struct cache *cache, struct object *object);
struct object *cache_del(struct cache *cache, const struct resource *resource, struct str ns,
                         struct str name);
void cache_clear(struct cache *cache, const struct resource *resource);

/* Borrowed: valid until the cache changes (a pinned one: until it is freed). */
struct object *cache_get(const struct cache *cache, const struct resource *resource, struct str ns,
                         struct str name);
struct object *cache_get_uid(const struct cache *cache, const struct resource *resource,
                             struct str uid);
size_t cache_len(const struct cache *cache, const struct resource *resource);
size_t cache_bytes(const struct cache *cache, const struct resource *resource);

/* Walk in key order (namespace, name). ns absent: all. after_ns/after_name: begin behind that key
 * when after_name is set. The cache must not change during a walk of the live one. */
struct cache_iter {
    const void *stack[32];
    uint16_t at[32];
    int depth;
    struct str ns;
    bool is_one_ns;
};
void cache_iter(struct cache_iter *iter, const struct cache *cache, const struct resource *resource,
                struct str ns, struct str after_ns, struct str after_name);
struct object *cache_next(struct cache_iter *iter); /* NULL at the end */
#define CACHE_EACH(object, it, cache, resource, ns)                                                \
    for (struct cache_iter it = cache_begin((cache), (resource), (ns)); it.depth >= 0;             \
         it.depth = -1)                                                                            \
        for (struct object * object; (object = cache_next(&it)) != NULL;)
struct cache_iter cache_begin(const struct cache *cache, const struct resource *resource,
                              struct str ns);

/* Objects whose index slot (a selectable with index n, 1..4) has this value, or whose controller
 * owner is uid: borrowed pointers in no order, written to out up to max. → count found. */
size_t cache_by_index(const struct cache *cache, const struct resource *resource, int slot,
                      struct str value, struct object **out, size_t max);
size_t cache_by_owner(const struct cache *cache, const struct resource *resource,
                      struct str owner_uid, struct object **out, size_t max);

#endif
