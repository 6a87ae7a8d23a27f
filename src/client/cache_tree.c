/* A B-tree of objects that keeps old roots: see cache_tree.h.  Used by cache.c only; the loop
 * changes it, any thread may read a root that it has pinned.
 *
 * A node with one reference belongs to the live tree alone and is changed in place. Any other is
 * copied first, which references its children, so that they are copied in turn when the change
 * gets to them: what an older root sees never changes. */
#include "config.h"

#include "client/cache_tree.h"

#include <assert.h>

#include "api/object.h"
#include "base/mem.h"
#include "client/cache.h"

/* What a split hands up to the parent: the middle item and the new node right of it. */
struct tree_push {
    uint32_t hash;
    struct object *object;
    struct cache_node *right;
};

static size_t
node_size(unsigned height)
{
    size_t children = height == 0 ? 0 : CACHE_NODE_ROOM + 1;

    return sizeof(struct cache_node) + children * sizeof(struct cache_node *);
}

static struct cache_node *
node_new(unsigned height, bool is_owner)
{
    struct cache_node *node = mem_new(node_size(height));

    node->refs = 1;
    node->height = (uint8_t)height;
    node->is_owner = is_owner;
    return node;
}

/* Makes the node at *io one that may be changed. */
static struct cache_node *
node_own(struct cache_node **io)
{
    struct cache_node *shared = *io;
    struct cache_node *node;

    if (shared->refs == 1) {
        return shared;
    }
    node = mem_copy(shared, node_size(shared->height));
    node->refs = 1;
    shared->refs--;
    for (size_t i = 0; node->is_owner && i < node->len; i++) {
        (void)object_ref(node->at[i]);
    }
    for (size_t i = 0; node->height > 0 && i <= node->len; i++) {
        node->child[i]->refs++;
    }
    *io = node;
    return node;
}

static void
node_count(struct cache_node *node)
{
    node->total = node->len;
    for (size_t i = 0; node->height > 0 && i <= node->len; i++) {
        node->total += node->child[i]->total;
    }
}

int
cache_tree_order(struct str a_ns, struct str a_name, struct str b_ns, struct str b_name)
{
    size_t size = a_ns.size < b_ns.size ? a_ns.size : b_ns.size;
    int order = size == 0 ? 0 : memcmp(a_ns.at, b_ns.at, size);

    if (order != 0) {
        return order;
    }
    if (a_ns.size == b_ns.size) {
        return str_cmp(a_name, b_name);
    }
    /* Behind the shorter namespace stands its slash; no namespace holds one, so this decides. */
    if (a_ns.size < b_ns.size) {
        return '/' - (unsigned char)b_ns.at[size];
    }
    return (unsigned char)a_ns.at[size] - '/';
}

static int
item_order(const struct cache_node *node, size_t i, const struct cache_key *key)
{
    const struct object *object = node->at[i];

    if (node->hash[i] != key->hash) {
        return node->hash[i] < key->hash ? -1 : 1;
    }
    return cache_tree_order(object->ns, object->name, key->ns, key->name);
}

/* The first item that is not before the key. */
static size_t
node_find(const struct cache_node *node, const struct cache_key *key, bool *ret_found)
{
    size_t low = 0;
    size_t high = node->len;

    *ret_found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = item_order(node, middle, key);
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

/* ---- references ---- */

struct cache_node *
cache_tree_ref(struct cache_node *root)
{
    if (root != NULL) {
        root->refs++;
    }
    return root;
}

void
cache_tree_unref(struct cache_node *root)
{
    if (root == NULL || --root->refs > 0) {
        return;
    }
    for (size_t i = 0; root->is_owner && i < root->len; i++) {
        object_unref(root->at[i]);
    }
    for (size_t i = 0; root->height > 0 && i <= root->len; i++) {
        cache_tree_unref(root->child[i]); /* as deep as the tree is high */
    }
    mem_free(root);
}

/* ---- put ---- */

static void
item_set(struct cache_node *node, size_t i, uint32_t hash, struct object *object)
{
    node->hash[i] = hash;
    node->at[i] = object;
}

/* Makes room at item i (and child i + 1); the caller fills it. */
static void
node_open(struct cache_node *node, size_t i)
{
    size_t behind = node->len - i;

    memmove(node->hash + i + 1, node->hash + i, behind * sizeof(node->hash[0]));
    memmove(node->at + i + 1, node->at + i, behind * sizeof(node->at[0]));
    if (node->height > 0) {
        memmove(node->child + i + 2, node->child + i + 1, behind * sizeof(node->child[0]));
    }
    node->len++;
}

/* Takes item i (and child i + 1) out; what they held is the caller's. */
static void
node_close(struct cache_node *node, size_t i)
{
    size_t behind = node->len - i - 1;

    memmove(node->hash + i, node->hash + i + 1, behind * sizeof(node->hash[0]));
    memmove(node->at + i, node->at + i + 1, behind * sizeof(node->at[0]));
    if (node->height > 0) {
        memmove(node->child + i + 1, node->child + i + 2, behind * sizeof(node->child[0]));
    }
    node->len--;
}

/* Moves the items of node from `from` on, and the children behind them, into a new node. */
static struct cache_node *
node_cut(struct cache_node *node, size_t from)
{
    struct cache_node *right = node_new(node->height, node->is_owner);
    size_t len = node->len - from;

    memcpy(right->hash, node->hash + from, len * sizeof(node->hash[0]));
    memcpy(right->at, node->at + from, len * sizeof(node->at[0]));
    if (node->height > 0) {
        memcpy(right->child, node->child + from, (len + 1) * sizeof(node->child[0]));
    }
    right->len = (uint16_t)len;
    node->len = (uint16_t)from;
    return right;
}

/* Cuts a node that has one item too many around a middle item, which goes up in *item. A node that
 * grew at its end stays nearly full, because whoever fills a cache does it in key order. */
static void
node_split(struct cache_node *node, bool at_end, struct tree_push *item)
{
    size_t middle = at_end ? CACHE_NODE_MAX - 1 : CACHE_NODE_MAX / 2;

    item->right = node_cut(node, middle + 1);
    node->len--;
    item->hash = node->hash[middle];
    item->object = node->at[middle];
    node_count(node);
    node_count(item->right);
}

/* Puts item below *io. True: *io was split, and item is now what goes up. */
static bool
node_put(struct cache_node **io, struct tree_push *item, struct object **ret_old)
{
    struct cache_node *node = node_own(io);
    struct cache_key key = { item->hash, item->object->ns, item->object->name };
    bool found = false;
    size_t i = node_find(node, &key, &found);

    if (found) {
        *ret_old = node->at[i];
        node->at[i] = item->object;
        return false;
    }
    if (node->height > 0 && !node_put(&node->child[i], item, ret_old)) {
        node->total += *ret_old == NULL ? 1 : 0;
        return false;
    }
    node_open(node, i);
    item_set(node, i, item->hash, item->object);
    if (node->height > 0) {
        node->child[i + 1] = item->right;
    }
    node->total++;
    if (node->len <= CACHE_NODE_MAX) {
        return false;
    }
    node_split(node, i == CACHE_NODE_MAX, item);
    return true;
}

struct object *
cache_tree_put(struct cache_node **root, bool is_owner, uint32_t hash, struct object *object)
{
    struct tree_push item = { hash, object, NULL };
    struct object *old = NULL;
    struct cache_node *left;

    if (*root == NULL) {
        *root = node_new(0, is_owner);
    }
    if (node_put(root, &item, &old)) {
        left = *root;
        *root = node_new(left->height + 1U, is_owner);
        (*root)->len = 1;
        item_set(*root, 0, item.hash, item.object);
        (*root)->child[0] = left;
        (*root)->child[1] = item.right;
        node_count(*root);
    }
    return old;
}

/* ---- delete ---- */

/* Joins child i, item i and child i + 1. */
static void
node_join(struct cache_node *node, size_t i)
{
    struct cache_node *left = node->child[i];
    struct cache_node *right = node->child[i + 1];
    size_t at = left->len + 1U;

    item_set(left, left->len, node->hash[i], node->at[i]);
    memcpy(left->hash + at, right->hash, right->len * sizeof(left->hash[0]));
    memcpy(left->at + at, right->at, right->len * sizeof(left->at[0]));
    if (left->height > 0) {
        memcpy(left->child + at, right->child, (right->len + 1U) * sizeof(left->child[0]));
    }
    left->len = (uint16_t)(at + right->len);
    left->total += 1 + right->total;
    node_close(node, i);
    mem_free(right); /* its items and children moved */
}

/* Moves the last item of child i up into item i, and that down to the front of child i + 1. */
static void
node_lend_right(struct cache_node *node, size_t i)
{
    struct cache_node *left = node->child[i];
    struct cache_node *right = node->child[i + 1];
    size_t last = left->len - 1U;

    node_open(right, 0);
    item_set(right, 0, node->hash[i], node->at[i]);
    if (right->height > 0) {
        right->child[1] = right->child[0];
        right->child[0] = left->child[last + 1];
    }
    item_set(node, i, left->hash[last], left->at[last]);
    left->len--;
    node_count(left);
    node_count(right);
}

/* Moves the first item of child i + 1 up into item i, and that down to the end of child i. */
static void
node_lend_left(struct cache_node *node, size_t i)
{
    struct cache_node *left = node->child[i];
    struct cache_node *right = node->child[i + 1];

    item_set(left, left->len, node->hash[i], node->at[i]);
    left->len++;
    item_set(node, i, right->hash[0], right->at[0]);
    if (right->height > 0) {
        left->child[left->len] = right->child[0];
        right->child[0] = right->child[1];
    }
    node_close(right, 0);
    node_count(left);
    node_count(right);
}

/* After an item left child i: joins it with a neighbour, or borrows from one. */
static void
node_fix(struct cache_node *node, size_t i)
{
    size_t l = i > 0 ? i - 1 : 0;
    struct cache_node *left;
    struct cache_node *right;

    if (node->child[i]->len >= CACHE_NODE_MIN) {
        return;
    }
    left = node_own(&node->child[l]);
    right = node_own(&node->child[l + 1]);
    if (left->len + right->len + 1 <= CACHE_NODE_MAX) {
        node_join(node, l);
    } else if (i == l) {
        node_lend_left(node, l);
    } else {
        node_lend_right(node, l);
    }
}

/* Takes the last item below *io out. */
static struct object *
node_pop(struct cache_node **io, uint32_t *ret_hash)
{
    struct cache_node *node = node_own(io);
    struct object *last;

    node->total--;
    if (node->height > 0) {
        last = node_pop(&node->child[node->len], ret_hash);
        node_fix(node, node->len);
        return last;
    }
    node->len--;
    *ret_hash = node->hash[node->len];
    return node->at[node->len];
}

/* The key is known to be below *io. */
static struct object *
node_del(struct cache_node **io, const struct cache_key *key)
{
    struct cache_node *node = node_own(io);
    bool found = false;
    size_t i = node_find(node, key, &found);
    struct object *gone;

    node->total--;
    if (node->height == 0) {
        gone = node->at[i];
        node_close(node, i);
        return gone;
    }
    if (found) {
        gone = node->at[i];
        node->at[i] = node_pop(&node->child[i], &node->hash[i]);
    } else {
        gone = node_del(&node->child[i], key);
    }
    node_fix(node, i);
    return gone;
}

struct object *
cache_tree_del(struct cache_node **root, const struct cache_key *key)
{
    struct cache_node *top;
    struct object *gone;

    /* A key that is not there must not copy what pins share. */
    if (cache_tree_get(*root, key) == NULL) {
        return NULL;
    }
    gone = node_del(root, key);
    top = *root;
    if (top->len == 0) {
        *root = top->height > 0 ? top->child[0] : NULL;
        mem_free(top);
    }
    return gone;
}

/* ---- read ---- */

struct object *
cache_tree_get(const struct cache_node *root, const struct cache_key *key)
{
    const struct cache_node *node = root;

    while (node != NULL) {
        bool found = false;
        size_t i = node_find(node, key, &found);
        if (found) {
            return node->at[i];
        }
        node = node->height > 0 ? node->child[i] : NULL;
    }
    return NULL;
}

/* How many items of node stand before the place: see cache_tree_seek. */
static size_t
node_place(const struct cache_node *node, const struct cache_key *key, bool is_behind,
           bool *ret_found)
{
    size_t i = node_find(node, key, ret_found);

    return *ret_found && is_behind ? i + 1 : i;
}

void
cache_tree_seek(struct cache_iter *iter, const struct cache_node *root, const struct cache_key *key,
                bool is_behind)
{
    const struct cache_node *node = root;

    iter->depth = 0;
    while (node != NULL) {
        bool found = false;
        size_t i = node_place(node, key, is_behind, &found);
        assert((size_t)iter->depth < sizeof(iter->stack) / sizeof(iter->stack[0]));
        iter->stack[iter->depth] = node;
        iter->at[iter->depth] = (uint16_t)i;
        iter->depth++;
        if (node->height == 0 || (found && !is_behind)) {
            break;
        }
        node = node->child[i];
    }
}

struct object *
cache_tree_step(struct cache_iter *iter, uint32_t *ret_hash)
{
    while (iter->depth > 0) {
        const struct cache_node *node = iter->stack[iter->depth - 1];
        size_t i = iter->at[iter->depth - 1];
        if (i == node->len) {
            iter->depth--;
            continue;
        }
        iter->at[iter->depth - 1]++;
        for (const struct cache_node *below = node; below->height > 0;) {
            below = below->child[below == node ? i + 1 : 0];
            iter->stack[iter->depth] = below;
            iter->at[iter->depth] = 0;
            iter->depth++;
        }
        if (ret_hash != NULL) {
            *ret_hash = node->hash[i];
        }
        return node->at[i];
    }
    return NULL;
}

size_t
cache_tree_rank(const struct cache_node *root, const struct cache_key *key, bool is_behind)
{
    const struct cache_node *node = root;
    size_t rank = 0;

    while (node != NULL) {
        bool found = false;
        size_t i = node_place(node, key, is_behind, &found);
        rank += i;
        /* All children before the place; the one at it too when its items end before a found key. */
        for (size_t c = 0; node->height > 0 && c < i; c++) {
            rank += node->child[c]->total;
        }
        if (node->height == 0) {
            break;
        }
        if (found && !is_behind) {
            rank += node->child[i]->total;
            break;
        }
        node = node->child[i];
    }
    return rank;
}
