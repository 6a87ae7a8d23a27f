/* Typed merge and removal, as server-side apply needs them.  Called by managed_apply.c.
 *
 * Rules and orders follow structured-merge-diff v6: typed/merge.go (ruleKeepRHS), typed/remove.go,
 * fieldpath/set.go. Depth is bounded by the documents' (DOC_MAX_DEPTH). */
#include "config.h" /* IWYU pragma: keep */

#include "api/typed.h"

#include <stdlib.h>

#include "api/fieldset.h"
#include "api/ref.h"
#include "base/arena.h"
#include "base/map.h"

/* ---- merge ---- */

static void merge(struct arena *arena, struct ref ref, struct val live, struct val applied,
                  struct jw *out);

static void
merge_members(struct arena *arena, struct ref ref, struct val live, struct val applied,
              struct jw *out)
{
    struct child_pairs pairs = ref_pairs(arena, ref, live, applied);
    jw_obj(out);
    for (struct child_pair pair; ref_pairs_next(&pairs, &pair);) {
        jw_key(out, pair.elem.text);
        merge(arena, pair.ref, pair.a->value, pair.b->value, out);
    }
    jw_end(out);
}

/* Items of one side in document order, each with its twin on the other side. */
struct twin {
    const struct child *child;
    const struct child *other; /* NULL: only here */
    bool is_merged;            /* has been written with its twin */
};
struct side {
    struct twin *at;
    size_t len, next;
};

static int
by_place(const void *a, const void *b)
{
    size_t x = ((const struct twin *)a)->child->place, y = ((const struct twin *)b)->child->place;
    return (x > y) - (x < y);
}

static const struct child *
find(const struct children *in, const struct elem *elem)
{
    size_t low = 0, high = in->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = fieldset_elem_cmp(&in->at[mid].elem, elem);
        if (order == 0) {
            return &in->at[mid];
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

static struct side
side_of(struct arena *arena, const struct children *here, const struct children *there)
{
    struct side side = { arena_array(arena, here->len + 1, sizeof(struct twin)), here->len, 0 };
    for (size_t i = 0; i < here->len; i++) {
        side.at[i] = (struct twin){ &here->at[i], find(there, &here->at[i].elem), false };
    }
    qsort(side.at, side.len, sizeof(side.at[0]), by_place);
    return side;
}

static void
write_item(struct arena *arena, const struct child *live, const struct child *applied,
           struct jw *out)
{
    static const struct child none = { 0 };
    const struct child *x = live == NULL ? &none : live, *y = applied == NULL ? &none : applied;
    merge(arena, live == NULL ? y->ref : x->ref, x->value, y->value, out);
}

/* Next item of `applied` that live has, too: its turn decides when shared live items are passed. */
static const struct elem *
next_shared(const struct side *applied, size_t from)
{
    for (size_t i = from; i < applied->len; i++) {
        if (applied->at[i].other != NULL) {
            return &applied->at[i].child->elem;
        }
    }
    return NULL;
}

static void
mark_merged(struct side *live, const struct child *child)
{
    for (size_t i = 0; i < live->len; i++) {
        if (live->at[i].child == child) {
            live->at[i].is_merged = true;
            return;
        }
    }
}

static void
take_applied(struct arena *arena, struct side *live, struct side *applied, struct jw *out)
{
    const struct twin *t = &applied->at[applied->next++];
    write_item(arena, t->other, t->child, out);
    if (t->other != NULL) {
        mark_merged(live, t->other);
    }
}

/* One turn of SMD's two-finger walk over both lists. */
static void
merge_turn(struct arena *arena, struct side *live, struct side *applied, struct jw *out)
{
    const struct twin *l = live->next < live->len ? &live->at[live->next] : NULL;
    const struct twin *r = applied->next < applied->len ? &applied->at[applied->next] : NULL;
    if (l != NULL && r != NULL) {
        if (fieldset_elem_cmp(&l->child->elem, &r->child->elem) == 0) {
            live->next++;
            take_applied(arena, live, applied, out);
            return;
        }
        const struct elem *shared = next_shared(applied, applied->next);
        if (l->other != NULL && shared != NULL && fieldset_elem_cmp(shared, &l->child->elem) != 0) {
            live->next++; /* shared, but not the one whose turn it is */
            return;
        }
    }
    if (l != NULL) {
        if (l->other == NULL) {
            write_item(arena, l->child, NULL, out);
            live->next++;
            return;
        }
        live->next += l->is_merged ? 1 : 0;
    }
    if (r != NULL) {
        take_applied(arena, live, applied, out);
    } else if (l != NULL && !l->is_merged) {
        live->next++;
    }
}

static void
merge_items(struct arena *arena, struct ref ref, struct val live, struct val applied,
            struct jw *out)
{
    struct children a = ref_children(arena, ref, live), b = ref_children(arena, ref, applied);
    struct side left = side_of(arena, &a, &b), right = side_of(arena, &b, &a);
    jw_arr(out);
    while (left.next < left.len || right.next < right.len) {
        merge_turn(arena, &left, &right, out);
    }
    jw_end(out);
}

static void
merge(struct arena *arena, struct ref ref, struct val live, struct val applied, struct jw *out)
{
    enum shape shape = ref_shape(ref);
    bool is_map = shape == SHAPE_STRUCT || shape == SHAPE_MAP;
    enum doc_type want = is_map ? DOC_OBJECT : DOC_ARRAY;
    bool is_open = shape != SHAPE_LEAF && val_type(live) == want && val_type(applied) == want &&
                   (val_len(live) > 0 || val_len(applied) > 0);
    if (!is_open) {
        jw_val(out, val_is(applied) ? applied : live);
    } else if (is_map) {
        merge_members(arena, ref, live, applied, out);
    } else {
        merge_items(arena, ref, live, applied, out);
    }
}

struct str
typed_merge(struct arena *arena, const struct type *type, struct val live, struct val applied)
{
    struct jw w;
    jw_init(&w, arena);
    merge(arena, ref_root(type), live, applied, &w);
    return jw_done(&w);
}

/* ---- removal ---- */

static void remove_from(struct arena *arena, struct ref ref, struct val v,
                        const struct fieldset *set, struct jw *out);

static void
keep_rest(struct arena *arena, const struct child *c, bool is_member,
          const struct fieldset_entry *entry, struct jw *out)
{
    if (is_member) {
        jw_key(out, c->elem.text);
    }
    if (entry != NULL && !fieldset_is_empty(entry->children)) {
        remove_from(arena, c->ref, c->value, entry->children, out);
    } else {
        jw_val(out, c->value);
    }
}

static int
child_by_place(const void *a, const void *b)
{
    size_t x = ((const struct child *)a)->place, y = ((const struct child *)b)->place;
    return (x > y) - (x < y);
}

static void
remove_from(struct arena *arena, struct ref ref, struct val v, const struct fieldset *set,
            struct jw *out)
{
    enum shape shape = ref_shape(ref);
    bool is_map = shape == SHAPE_STRUCT || shape == SHAPE_MAP;
    struct children children = ref_children(arena, ref, v);
    if (shape == SHAPE_LEAF || children.len == 0) {
        jw_val(out, v);
        return;
    }
    qsort(children.at, children.len, sizeof(children.at[0]), child_by_place);
    if (is_map) {
        jw_obj(out);
    } else {
        jw_arr(out);
    }
    for (size_t i = 0; i < children.len; i++) {
        const struct fieldset_entry *entry = fieldset_find(set, &children.at[i].elem);
        if (entry == NULL || !entry->is_member) {
            keep_rest(arena, &children.at[i], is_map, entry, out);
        }
    }
    jw_end(out);
}

struct str
typed_remove(struct arena *arena, const struct type *type, struct val v, const struct fieldset *set)
{
    struct jw w;
    jw_init(&w, arena);
    remove_from(arena, ref_root(type), v, set, &w);
    return jw_done(&w);
}

/* ---- named fields ---- */

static struct fieldset *
named(struct arena *arena, struct ref ref, const struct fieldset *set)
{
    struct fieldset *out = fieldset_new(arena);
    for (size_t i = 0; set != NULL && i < set->len; i++) {
        const struct fieldset_entry *from = &set->at[i];
        enum shape shape = ref_shape(ref);
        bool is_field = from->elem.kind == ELEM_FIELD && shape == SHAPE_STRUCT &&
                        ref.type != NULL && type_field(ref.type, from->elem.text) != NULL;
        struct ref below = ref;
        if (shape == SHAPE_STRUCT || shape == SHAPE_MAP) {
            below = ref_member(ref, from->elem.text);
        } else if (shape == SHAPE_SET || shape == SHAPE_KEYED) {
            below = ref_item(ref);
        }
        struct fieldset_entry *to = fieldset_entry(arena, out, from->elem);
        to->is_member = from->is_member || (is_field && !fieldset_is_empty(from->children));
        to->children =
            fieldset_is_empty(from->children) ? NULL : named(arena, below, from->children);
    }
    return out;
}

struct fieldset *
typed_named(struct arena *arena, const struct type *type, const struct fieldset *set)
{
    return named(arena, ref_root(type), set);
}
