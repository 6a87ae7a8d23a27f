/* The mutable JSON tree: see tree.h.  Called by patch*.c and managed*.c; any thread, one arena.
 *
 * Depth is bounded by the documents that trees are made from (DOC_MAX_DEPTH), so the recursive
 * functions are too. */
#include "config.h"

#include "api/tree.h"

#include <assert.h>

#include "base/arena.h"

static struct tree *
node_of(struct arena *arena, struct val v)
{
    struct tree *t = ARENA_NEW(arena, struct tree);
    t->leaf = v;
    t->type = val_type(v);
    t->len = val_len(v);
    return t;
}

struct tree *
tree_of(struct arena *arena, struct val v)
{
    return node_of(arena, v);
}

struct tree *
tree_new(struct arena *arena, enum doc_type type)
{
    assert(type == DOC_OBJECT || type == DOC_ARRAY);
    struct tree *t = ARENA_NEW(arena, struct tree);
    t->type = type;
    t->is_open = true;
    return t;
}

struct tree *
tree_str(struct arena *arena, struct str text)
{
    struct jw w;
    jw_init(&w, arena);
    jw_str(&w, text);
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, jw_done(&w), &err);
    assert(doc != NULL);
    return node_of(arena, doc_root(doc));
}

static void
link_before(struct tree *parent, struct tree *before, struct tree *child)
{
    child->next = before;
    child->prev = before == NULL ? parent->last : before->prev;
    if (child->prev != NULL) {
        child->prev->next = child;
    } else {
        parent->first = child;
    }
    if (before != NULL) {
        before->prev = child;
    } else {
        parent->last = child;
    }
    parent->len++;
}

void
tree_cut(struct tree *parent, struct tree *child)
{
    if (child->prev != NULL) {
        child->prev->next = child->next;
    } else {
        parent->first = child->next;
    }
    if (child->next != NULL) {
        child->next->prev = child->prev;
    } else {
        parent->last = child->prev;
    }
    child->next = NULL;
    child->prev = NULL;
    parent->len--;
}

static struct tree *
find(const struct tree *object, struct str key)
{
    for (struct tree *m = object->last; m != NULL; m = m->prev) {
        if (str_eq(m->key, key)) {
            return m;
        }
    }
    return NULL;
}

void
tree_open(struct arena *arena, struct tree *t)
{
    if (t->is_open || (t->type != DOC_OBJECT && t->type != DOC_ARRAY)) {
        return;
    }
    t->is_open = true;
    t->len = 0;
    VAL_EACH (it, t->leaf) {
        struct tree *child = node_of(arena, it.value);
        child->key = it.key;
        link_before(t, NULL, child);
    }
}

struct tree *
tree_copy(struct arena *arena, struct tree *from)
{
    struct tree *to = ARENA_NEW(arena, struct tree);
    *to = *from;
    to->next = to->prev = to->first = to->last = NULL;
    if (!from->is_open) {
        return to;
    }
    to->len = 0;
    for (struct tree *c = from->first; c != NULL; c = c->next) {
        link_before(to, NULL, tree_copy(arena, c));
    }
    return to;
}

struct tree *
tree_get(struct arena *arena, struct tree *object, struct str key)
{
    if (object == NULL || object->type != DOC_OBJECT) {
        return NULL;
    }
    tree_open(arena, object);
    return find(object, key);
}

struct tree *
tree_item(struct arena *arena, struct tree *array, size_t index)
{
    if (array == NULL || array->type != DOC_ARRAY || index >= array->len) {
        return NULL;
    }
    tree_open(arena, array);
    struct tree *item = array->first;
    while (index-- > 0) {
        item = item->next;
    }
    return item;
}

void
tree_set(struct arena *arena, struct tree *object, struct str key, struct tree *child)
{
    tree_open(arena, object);
    struct tree *old = find(object, key);
    child->key = key;
    link_before(object, old, child);
    if (old != NULL) {
        tree_cut(object, old);
    }
}

bool
tree_del(struct arena *arena, struct tree *object, struct str key)
{
    bool found = false;
    for (struct tree *m; (m = tree_get(arena, object, key)) != NULL; found = true) {
        tree_cut(object, m);
    }
    return found;
}

void
tree_add(struct arena *arena, struct tree *array, struct tree *child)
{
    tree_insert(arena, array, NULL, child);
}

void
tree_insert(struct arena *arena, struct tree *array, struct tree *before, struct tree *child)
{
    tree_open(arena, array);
    child->key = (struct str){ 0 };
    link_before(array, before, child);
}

struct str
tree_text(const struct tree *t)
{
    return t != NULL && t->type == DOC_STRING ? val_str(t->leaf) : (struct str){ 0 };
}

/* Last members win on both sides, as everywhere. */
static bool
object_eq(struct arena *arena, struct tree *a, struct tree *b)
{
    for (struct tree *m = a->first; m != NULL; m = m->next) {
        struct tree *other = find(b, m->key);
        if (other == NULL || !tree_eq(arena, find(a, m->key), other)) {
            return false;
        }
    }
    for (struct tree *m = b->first; m != NULL; m = m->next) {
        if (find(a, m->key) == NULL) {
            return false;
        }
    }
    return true;
}

bool
tree_eq(struct arena *arena, struct tree *a, struct tree *b)
{
    if (a->type != b->type) {
        return false;
    }
    if (!a->is_open && !b->is_open) {
        return val_eq(a->leaf, b->leaf);
    }
    tree_open(arena, a);
    tree_open(arena, b);
    if (a->type == DOC_OBJECT) {
        return object_eq(arena, a, b);
    }
    if (a->len != b->len) {
        return false;
    }
    for (struct tree *x = a->first, *y = b->first; x != NULL; x = x->next, y = y->next) {
        if (!tree_eq(arena, x, y)) {
            return false;
        }
    }
    return true;
}

void
tree_write(const struct tree *t, struct jw *out)
{
    if (!t->is_open) {
        jw_val(out, t->leaf);
        return;
    }
    if (t->type == DOC_OBJECT) {
        jw_obj(out);
    } else {
        jw_arr(out);
    }
    for (const struct tree *c = t->first; c != NULL; c = c->next) {
        if (t->type == DOC_OBJECT) {
            jw_key(out, c->key);
        }
        tree_write(c, out);
    }
    jw_end(out);
}

struct str
tree_json(struct arena *arena, const struct tree *t)
{
    struct jw w;
    jw_init(&w, arena);
    tree_write(t, &w);
    return jw_done(&w);
}
