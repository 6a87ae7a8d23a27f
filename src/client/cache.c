/* The one container of objects: per resource a tree of keys and a tree per index.  Loop thread
 * changes it; called by the API server's sink and readers, by informers and by every plan.
 *
 * All trees are persistent (cache_tree.h), so a pinned view has its indexes too. Index trees borrow
 * their objects: the tree of keys of the same view holds the references. */
#include "config.h"

#include "client/cache.h"

#include <assert.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache_tree.h"

enum cache_index { INDEX_KEY, INDEX_UID, INDEX_OWNER, INDEX_SLOT1, INDEX_LEN = INDEX_SLOT1 + 4 };

/* The names of a resource, shared by all views. */
struct part_name {
    size_t refs;
    char *group, *plural;
};
/* One resource in one view. */
struct cache_part {
    struct part_name *name;
    struct cache_node *root[INDEX_LEN];
    size_t bytes; /* of its objects */
};
struct cache {
    struct cache_part *parts; /* ordered by plural, then group */
    size_t len, capacity;
    uint64_t rev;
    bool is_pin;
};

/* ---- parts ---- */

static const struct resource *
stored_as(const struct resource *resource)
{
    return resource->storage == NULL ? resource : resource->storage;
}

/* The place of a resource among the parts; *ret_found: it is there. */
static size_t
part_place(const struct cache *cache, const struct resource *resource, bool *ret_found)
{
    const struct resource *stored = stored_as(resource);
    size_t low = 0;
    size_t high = cache->len;

    *ret_found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct part_name *name = cache->parts[middle].name;
        int order = strcmp(name->plural, stored->plural);
        order = order == 0 ? strcmp(name->group, stored->group) : order;
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct cache_part *
part_find(const struct cache *cache, const struct resource *resource)
{
    bool found = false;
    size_t i = part_place(cache, resource, &found);

    return found ? &cache->parts[i] : NULL;
}

static struct cache_part *
part_make(struct cache *cache, const struct resource *resource)
{
    bool found = false;
    size_t i = part_place(cache, resource, &found);
    struct part_name *name;

    if (found) {
        return &cache->parts[i];
    }
    if (cache->len == cache->capacity) {
        cache->capacity = cache->capacity == 0 ? 16 : cache->capacity * 2;
        cache->parts = mem_resize(cache->parts, cache->capacity * sizeof(cache->parts[0]));
    }
    memmove(cache->parts + i + 1, cache->parts + i, (cache->len - i) * sizeof(cache->parts[0]));
    cache->len++;
    name = MEM_NEW(struct part_name);
    name->refs = 1;
    name->group = mem_strdup(stored_as(resource)->group);
    name->plural = mem_strdup(stored_as(resource)->plural);
    cache->parts[i] = (struct cache_part){ .name = name };
    return &cache->parts[i];
}

static void
part_drop_trees(struct cache_part *part)
{
    for (size_t i = INDEX_LEN; i-- > 0;) { /* the tree of keys last: it holds the objects */
        cache_tree_unref(part->root[i]);
        part->root[i] = NULL;
    }
    part->bytes = 0;
}

struct cache *
cache_new(void)
{
    return MEM_NEW(struct cache);
}

void
cache_free(struct cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < cache->len; i++) {
        struct part_name *name = cache->parts[i].name;
        part_drop_trees(&cache->parts[i]);
        if (--name->refs == 0) {
            mem_free(name->group);
            mem_free(name->plural);
            mem_free(name);
        }
    }
    mem_free(cache->parts);
    mem_free(cache);
}

struct cache *
cache_ref(struct cache *cache)
{
    struct cache *pin = MEM_NEW(struct cache);

    pin->parts = mem_copy(cache->parts, cache->len * sizeof(cache->parts[0]));
    pin->len = pin->capacity = cache->len;
    pin->rev = cache->rev;
    pin->is_pin = true;
    for (size_t i = 0; i < pin->len; i++) {
        pin->parts[i].name->refs++;
        for (size_t n = 0; n < INDEX_LEN; n++) {
            (void)cache_tree_ref(pin->parts[i].root[n]);
        }
    }
    return pin;
}

uint64_t
cache_rev(const struct cache *cache)
{
    return cache->rev;
}

void
cache_set_rev(struct cache *cache, uint64_t rev)
{
    assert(!cache->is_pin);
    cache->rev = rev;
}

/* ---- change ---- */

/* Whether an object stands in an index, and under which hash. What an object's own resource row
 * says decides, so that a put and its later delete agree even when a CRD changed in between. */
static bool
index_hash(const struct object *object, enum cache_index index, uint32_t *ret_hash)
{
    switch (index) {
    case INDEX_KEY:
        *ret_hash = 0;
        return true;
    case INDEX_UID:
        *ret_hash = (uint32_t)str_hash(object->uid);
        return object->uid.size > 0;
    case INDEX_OWNER:
        *ret_hash = (uint32_t)str_hash(object->owner_uid);
        return object->owner_uid.size > 0;
    case INDEX_SLOT1:
    case INDEX_LEN:
    default:
        break;
    }
    for (size_t i = 0; i < object->resource->selectable_len; i++) {
        if (object->resource->selectables[i].index == index - INDEX_SLOT1 + 1) {
            *ret_hash = object->index[index - INDEX_SLOT1];
            return true;
        }
    }
    return false;
}

/* Moves one object in or out of all indexes; the tree of keys is the caller's. */
static void
index_change(struct cache_part *part, struct object *old, struct object *now)
{
    for (enum cache_index i = INDEX_UID; i < INDEX_LEN; i++) {
        uint32_t old_hash = 0;
        uint32_t now_hash = 0;
        bool had = old != NULL && index_hash(old, i, &old_hash);
        bool has = now != NULL && index_hash(now, i, &now_hash);
        if (had && (!has || now_hash != old_hash)) {
            struct cache_key key = { old_hash, old->ns, old->name };
            (void)cache_tree_del(&part->root[i], &key);
        }
        if (has) {
            (void)cache_tree_put(&part->root[i], false, now_hash, now);
        }
    }
}

struct object *
cache_put(struct cache *cache, struct object *object)
{
    struct cache_part *part = part_make(cache, object->resource);
    struct object *old;

    assert(!cache->is_pin);
    old = cache_tree_put(&part->root[INDEX_KEY], true, 0, object_ref(object));
    index_change(part, old, object);
    part->bytes += object_size(object) - (old == NULL ? 0 : object_size(old));
    return old;
}

struct object *
cache_del(struct cache *cache, const struct resource *resource, struct str ns, struct str name)
{
    struct cache_part *part = part_find(cache, resource);
    struct cache_key key = { 0, ns, name };
    struct object *old;

    assert(!cache->is_pin);
    if (part == NULL) {
        return NULL;
    }
    old = cache_tree_del(&part->root[INDEX_KEY], &key);
    if (old != NULL) {
        index_change(part, old, NULL);
        part->bytes -= object_size(old);
    }
    return old;
}

void
cache_clear(struct cache *cache, const struct resource *resource)
{
    struct cache_part *part = part_find(cache, resource);

    assert(!cache->is_pin);
    if (part != NULL) {
        part_drop_trees(part);
    }
}

/* ---- read ---- */

static const struct cache_node *
root_of(const struct cache *cache, const struct resource *resource, enum cache_index index)
{
    const struct cache_part *part = part_find(cache, resource);

    return part == NULL ? NULL : part->root[index];
}

struct object *
cache_get(const struct cache *cache, const struct resource *resource, struct str ns,
          struct str name)
{
    struct cache_key key = { 0, ns, name };

    return cache_tree_get(root_of(cache, resource, INDEX_KEY), &key);
}

struct object *
cache_get_uid(const struct cache *cache, const struct resource *resource, struct str uid)
{
    struct cache_key key = { .hash = (uint32_t)str_hash(uid) };
    struct cache_iter iter = { 0 };
    struct object *object;
    uint32_t hash = 0;

    if (uid.size == 0) {
        return NULL;
    }
    cache_tree_seek(&iter, root_of(cache, resource, INDEX_UID), &key, false);
    while ((object = cache_tree_step(&iter, &hash)) != NULL && hash == key.hash) {
        if (str_eq(object->uid, uid)) {
            return object;
        }
    }
    return NULL;
}

size_t
cache_len(const struct cache *cache, const struct resource *resource)
{
    const struct cache_node *root = root_of(cache, resource, INDEX_KEY);

    return root == NULL ? 0 : root->total;
}

size_t
cache_bytes(const struct cache *cache, const struct resource *resource)
{
    const struct cache_part *part = part_find(cache, resource);

    return part == NULL ? 0 : part->bytes;
}

/* Where a walk begins: behind the given key, or at the namespace's first one. */
static struct cache_key
walk_start(struct str ns, struct str after_ns, struct str after_name, bool *ret_is_behind)
{
    *ret_is_behind = after_name.size > 0;
    if (*ret_is_behind) {
        return (struct cache_key){ 0, after_ns.size > 0 ? after_ns : ns, after_name };
    }
    return (struct cache_key){ .ns = ns };
}

size_t
cache_count(const struct cache *cache, const struct resource *resource, struct str ns,
            struct str after_ns, struct str after_name)
{
    const struct cache_node *root = root_of(cache, resource, INDEX_KEY);
    bool is_behind = false;
    struct cache_key from = walk_start(ns, after_ns, after_name, &is_behind);
    size_t before;
    size_t end;

    if (root == NULL) {
        return 0;
    }
    before = cache_tree_rank(root, &from, is_behind);
    end = root->total;
    if (ns.size > 0) {
        /* No name sorts behind a byte that UTF-8 does not have. */
        struct cache_key last = { 0, ns, STR("\xff") };
        end = cache_tree_rank(root, &last, true);
    }
    return end > before ? end - before : 0;
}

void
cache_iter(struct cache_iter *iter, const struct cache *cache, const struct resource *resource,
           struct str ns, struct str after_ns, struct str after_name)
{
    bool is_behind = false;
    struct cache_key from = walk_start(ns, after_ns, after_name, &is_behind);

    iter->ns = ns;
    iter->is_one_ns = ns.size > 0;
    cache_tree_seek(iter, root_of(cache, resource, INDEX_KEY), &from, is_behind);
}

struct object *
cache_next(struct cache_iter *iter)
{
    struct object *object = cache_tree_step(iter, NULL);

    if (object != NULL && iter->is_one_ns && !str_eq(object->ns, iter->ns)) {
        iter->depth = 0;
        return NULL;
    }
    return object;
}

struct cache_iter
cache_begin(const struct cache *cache, const struct resource *resource, struct str ns)
{
    struct cache_iter iter;

    cache_iter(&iter, cache, resource, ns, (struct str){ 0 }, (struct str){ 0 });
    return iter;
}

/* ---- indexes ---- */

/* One question to an index: equal hashes are candidates, matches() is proof. */
struct lookup {
    const struct cache_node *root;
    uint32_t hash;
    struct str value;
    const struct selectable *selectable; /* NULL: the controller's uid */
};

static bool
lookup_matches(const struct lookup *lookup, const struct object *object)
{
    const struct selectable *selectable = lookup->selectable;
    AUTO_ARENA struct arena *arena = NULL;
    struct str value = { 0 };
    bool is_equal;

    if (selectable == NULL) {
        return str_eq(object->owner_uid, lookup->value);
    }
    object_pin(object);
    if (selectable->value != NULL) {
        arena = arena_new();
        selectable->value(object_val(object), arena, &value);
    } else {
        value = val_str(val_at(object_val(object), selectable->path));
    }
    is_equal = str_eq(value, lookup->value);
    object_unpin(object);
    return is_equal;
}

static size_t
lookup_run(const struct lookup *lookup, struct object **out, size_t max)
{
    struct cache_key key = { .hash = lookup->hash };
    struct cache_iter iter = { 0 };
    struct object *object;
    uint32_t hash = 0;
    size_t len = 0;

    cache_tree_seek(&iter, lookup->root, &key, false);
    while ((object = cache_tree_step(&iter, &hash)) != NULL && hash == key.hash) {
        if (lookup_matches(lookup, object)) {
            if (len < max) {
                out[len] = object;
            }
            len++;
        }
    }
    return len;
}

/* Room for every candidate, then those that match. */
static struct object **
lookup_all(const struct lookup *lookup, struct arena *arena, size_t *ret_len)
{
    struct cache_key first = { .hash = lookup->hash };
    struct cache_key behind = { .hash = lookup->hash + 1 };
    size_t end = lookup->hash == UINT32_MAX ? (lookup->root == NULL ? 0 : lookup->root->total)
                                            : cache_tree_rank(lookup->root, &behind, false);
    size_t max = end - cache_tree_rank(lookup->root, &first, false);
    struct object **out = arena_array(arena, max, sizeof(*out));

    *ret_len = lookup_run(lookup, out, max);
    return out;
}

static struct lookup
lookup_by_index(const struct cache *cache, const struct resource *resource, int slot,
                struct str value)
{
    const struct resource *stored = stored_as(resource);
    struct lookup lookup = { .hash = object_index_hash(value), .value = value };

    assert(slot >= 1 && slot <= OBJECT_INDEX_LEN);
    for (size_t i = 0; i < stored->selectable_len; i++) {
        if (stored->selectables[i].index == slot) {
            lookup.selectable = &stored->selectables[i];
            lookup.root = root_of(cache, resource, INDEX_SLOT1 + slot - 1);
        }
    }
    assert(lookup.selectable != NULL); /* the resource's row has no such index */
    return lookup;
}

static struct lookup
lookup_by_owner(const struct cache *cache, const struct resource *resource, struct str uid)
{
    return (struct lookup){ .root = root_of(cache, resource, INDEX_OWNER),
                            .hash = (uint32_t)str_hash(uid),
                            .value = uid };
}

size_t
cache_by_index(const struct cache *cache, const struct resource *resource, int slot,
               struct str value, struct object **out, size_t max)
{
    struct lookup lookup = lookup_by_index(cache, resource, slot, value);

    return lookup_run(&lookup, out, max);
}

size_t
cache_by_owner(const struct cache *cache, const struct resource *resource, struct str owner_uid,
               struct object **out, size_t max)
{
    struct lookup lookup = lookup_by_owner(cache, resource, owner_uid);

    return lookup_run(&lookup, out, max);
}

struct object **
cache_indexed(const struct cache *cache, const struct resource *resource, int slot,
              struct str value, struct arena *arena, size_t *ret_len)
{
    struct lookup lookup = lookup_by_index(cache, resource, slot, value);

    return lookup_all(&lookup, arena, ret_len);
}

struct object **
cache_owned(const struct cache *cache, const struct resource *resource, struct str owner_uid,
            struct arena *arena, size_t *ret_len)
{
    struct lookup lookup = lookup_by_owner(cache, resource, owner_uid);

    return lookup_all(&lookup, arena, ret_len);
}
