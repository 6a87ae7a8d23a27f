/* The one container of objects: per resource a persistent ordered tree, and indexes.
 *
 * Only the loop changes it. cache_ref pins the present state for as long as it is needed (a page,
 * an exact list, a scheduler's snapshot): later changes copy what the pin shares. A resource is
 * known by group and plural: every served version, and a CRD before and after a change, reads and
 * writes the same objects. CONTRACTS §6. */
#ifndef BINNACLE_CLIENT_CACHE_H
#define BINNACLE_CLIENT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/object.h"
#include "base/str.h"

struct arena;
struct cache;
struct resource;

struct cache *cache_new(void);
void cache_free(struct cache *cache); /* the live one or a pinned one */
/* A pinned, immutable view of now, indexes too; costs as much as there are resources. Pin, free and
 * walk it on the loop; a job may read one that is freed after the job. */
struct cache *cache_ref(struct cache *cache);
uint64_t cache_rev(const struct cache *cache);
void cache_set_rev(struct cache *cache, uint64_t rev);

/* Makes a reference of its own. Returns what stood there before (a reference, the caller's), NULL
 * if nothing. */
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
/* How many objects a cache_iter with the same arguments would give, without walking. */
size_t cache_count(const struct cache *cache, const struct resource *resource, struct str ns,
                   struct str after_ns, struct str after_name);

/* Walk in key order: the bytes of "namespace/name", as the store orders its keys. ns absent: all.
 * after_ns/after_name: begin behind that key when after_name is set. The live cache must not change
 * during a walk, and ns must outlive it. */
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
#define CACHE_EACH(var, it, cache, resource, ns)                                                   \
    for (struct cache_iter it = cache_begin((cache), (resource), (ns)); it.depth >= 0;             \
         it.depth = -1)                                                                            \
        for (struct object * var; ((var) = cache_next(&it)) != NULL;)
struct cache_iter cache_begin(const struct cache *cache, const struct resource *resource,
                              struct str ns);

/* Objects whose index slot (a selectable with index n, 1..4) has this value, or whose controller
 * owner is uid: borrowed, in key order, written to out up to max. → how many there are. */
size_t cache_by_index(const struct cache *cache, const struct resource *resource, int slot,
                      struct str value, struct object **out, size_t max);
size_t cache_by_owner(const struct cache *cache, const struct resource *resource,
                      struct str owner_uid, struct object **out, size_t max);
/* All of them, in the arena. */
struct object **cache_indexed(const struct cache *cache, const struct resource *resource, int slot,
                              struct str value, struct arena *arena, size_t *ret_len);
struct object **cache_owned(const struct cache *cache, const struct resource *resource,
                            struct str owner_uid, struct arena *arena, size_t *ret_len);

#endif
