/* The persistent ordered tree under the cache: a B-tree whose nodes are counted and copied before
 * they change when another root shares them.  Loop thread changes; pinned roots may be read. */
#ifndef BINNACLE_CLIENT_CACHE_TREE_H
#define BINNACLE_CLIENT_CACHE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct cache_iter;
struct object;

enum { CACHE_NODE_MAX = 31 /* items a node */, CACHE_NODE_MIN = 10 /* below: join or borrow */ };
enum { CACHE_NODE_ROOM = CACHE_NODE_MAX + 1 /* for the item that makes a node split */ };

/* Items are ordered by hash, then by the bytes of "namespace/name". The tree of keys has hash 0
 * everywhere; an index has the hash of the indexed value, so one value's objects stand together. */
struct cache_node {
    uint32_t refs;
    uint32_t total; /* items in this subtree */
    uint16_t len;
    uint8_t height; /* 0: a leaf, without children */
    bool is_owner;  /* each item is a reference; indexes borrow those of the tree of keys */
    uint32_t hash[CACHE_NODE_ROOM];
    struct object *at[CACHE_NODE_ROOM];
    struct cache_node *child[]; /* len + 1; room for CACHE_NODE_ROOM + 1 */
};
struct cache_key {
    uint32_t hash;
    struct str ns, name;
};

struct cache_node *cache_tree_ref(struct cache_node *root); /* NULL gives NULL */
void cache_tree_unref(struct cache_node *root);             /* NULL allowed */
/* Takes over a reference to object when is_owner. Returns the item of the same hash and key that
 * it replaced (an owner's reference moves to the caller), NULL when there was none. */
struct object *cache_tree_put(struct cache_node **root, bool is_owner, uint32_t hash,
                              struct object *object);
struct object *cache_tree_del(struct cache_node **root, const struct cache_key *key);
struct object *cache_tree_get(const struct cache_node *root, const struct cache_key *key);
/* Puts iter before the first item at (is_behind: behind) the key; cache_tree_step gives the rest. */
void cache_tree_seek(struct cache_iter *iter, const struct cache_node *root,
                     const struct cache_key *key, bool is_behind);
/* The next item and, when ret_hash is not NULL, its hash; NULL at the end. */
struct object *cache_tree_step(struct cache_iter *iter, uint32_t *ret_hash);
/* Items before the place where cache_tree_seek would put an iterator. */
size_t cache_tree_rank(const struct cache_node *root, const struct cache_key *key, bool is_behind);
/* Byte order of "namespace/name", as the store orders its keys; "" as ns: the name alone. */
int cache_tree_order(struct str a_ns, struct str a_name, struct str b_ns, struct str b_name);

#endif
