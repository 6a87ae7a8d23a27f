/* Sets of field paths: algebra, FieldsV1 text, comparison of documents.  Pure; any thread.
 *
 * Semantics are structured-merge-diff v6's fieldpath.Set, typed.Compare and typed.ToFieldSet, the
 * text apimachinery's FieldsV1. Depth is bounded by the documents' (DOC_MAX_DEPTH). */
#include "config.h" /* IWYU pragma: keep */

#include "api/fieldset.h"

#include "api/ref.h"
#include "base/arena.h"
#include "base/err.h"

/* ---- elements and entries ---- */

static bool
is_number_at(struct str s, size_t at)
{
    return at < s.size && (s.at[at] == '-' || (s.at[at] >= '0' && s.at[at] <= '9'));
}

/* Canonical JSON texts: numbers by value, everything else by bytes. */
static int
json_cmp(struct str a, struct str b)
{
    size_t i = 0, least = a.size < b.size ? a.size : b.size;
    while (i < least && a.at[i] == b.at[i]) {
        i++;
    }
    size_t start = i;
    while (start > 0 && is_number_at(a, start - 1)) {
        start--;
    }
    if (is_number_at(a, start) && is_number_at(b, start)) {
        size_t x = start, y = start;
        while (is_number_at(a, x)) {
            x++;
        }
        while (is_number_at(b, y)) {
            y++;
        }
        int64_t left, right;
        if (str_to_int(str_slice(a.at + start, x - start), &left) &&
            str_to_int(str_slice(b.at + start, y - start), &right) && left != right) {
            return left < right ? -1 : 1;
        }
    }
    return str_cmp(a, b);
}

int
fieldset_elem_cmp(const struct elem *a, const struct elem *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->kind == ELEM_FIELD ? str_cmp(a->text, b->text) : json_cmp(a->text, b->text);
}

/* Place of elem, or where it would go. */
static size_t
lower_bound(const struct fieldset *set, const struct elem *elem, bool *ret_found)
{
    size_t low = 0, high = set->len;
    *ret_found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = fieldset_elem_cmp(&set->at[mid].elem, elem);
        if (order == 0) {
            *ret_found = true;
            return mid;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

const struct fieldset_entry *
fieldset_find(const struct fieldset *set, const struct elem *elem)
{
    bool found;
    if (set == NULL) {
        return NULL;
    }
    size_t i = lower_bound(set, elem, &found);
    return found ? &set->at[i] : NULL;
}

struct fieldset_entry *
fieldset_entry(struct arena *arena, struct fieldset *set, struct elem elem)
{
    bool found = false;
    size_t i = set->len;
    if (set->len > 0 && fieldset_elem_cmp(&set->at[set->len - 1].elem, &elem) >= 0) {
        i = lower_bound(set, &elem, &found);
    }
    if (found) {
        return &set->at[i];
    }
    if (set->len == set->capacity) {
        size_t capacity = set->capacity == 0 ? 8 : set->capacity * 2;
        set->at = arena_grow(arena, set->at, set->capacity * sizeof(set->at[0]),
                             capacity * sizeof(set->at[0]));
        set->capacity = capacity;
    }
    memmove(&set->at[i + 1], &set->at[i], (set->len - i) * sizeof(set->at[0]));
    set->len++;
    set->at[i] = (struct fieldset_entry){ .elem = elem };
    return &set->at[i];
}

struct fieldset *
fieldset_new(struct arena *arena)
{
    return ARENA_NEW(arena, struct fieldset);
}

bool
fieldset_is_empty(const struct fieldset *set)
{
    return set == NULL || set->len == 0;
}

bool
fieldset_eq(const struct fieldset *a, const struct fieldset *b)
{
    if (fieldset_is_empty(a) || fieldset_is_empty(b)) {
        return fieldset_is_empty(a) && fieldset_is_empty(b);
    }
    if (a->len != b->len) {
        return false;
    }
    for (size_t i = 0; i < a->len; i++) {
        const struct fieldset_entry *x = &a->at[i], *y = &b->at[i];
        if (fieldset_elem_cmp(&x->elem, &y->elem) != 0 || x->is_member != y->is_member ||
            !fieldset_eq(x->children, y->children)) {
            return false;
        }
    }
    return true;
}

/* ---- algebra: one merge walk, four rules ---- */

enum rule { RULE_UNION, RULE_MINUS, RULE_MINUS_DEEP, RULE_INTERSECT };

static struct fieldset *combine(struct arena *arena, enum rule rule, const struct fieldset *a,
                                const struct fieldset *b);

/* One element that stands in a, in b or in both (absent ones are `none`). */
static void
keep(struct arena *arena, struct fieldset *out, const struct fieldset_entry *a,
     const struct fieldset_entry *b, enum rule rule)
{
    bool is_member = false;
    switch (rule) {
    case RULE_UNION:
        is_member = a->is_member || b->is_member;
        break;
    case RULE_MINUS:
        is_member = a->is_member && !b->is_member;
        break;
    case RULE_MINUS_DEEP:
        if (b->is_member) {
            return;
        }
        is_member = a->is_member;
        break;
    case RULE_INTERSECT:
        is_member = a->is_member && b->is_member;
        break;
    }
    struct fieldset *children = combine(arena, rule, a->children, b->children);
    if (is_member || !fieldset_is_empty(children)) {
        struct elem elem = a->elem.text.at != NULL ? a->elem : b->elem;
        struct fieldset_entry *e = fieldset_entry(arena, out, elem);
        e->is_member = is_member;
        e->children = fieldset_is_empty(children) ? NULL : children;
    }
}

static struct fieldset *
combine(struct arena *arena, enum rule rule, const struct fieldset *a, const struct fieldset *b)
{
    static const struct fieldset empty = { 0 };
    static const struct fieldset_entry none = { 0 };
    a = a == NULL ? &empty : a;
    b = b == NULL ? &empty : b;
    struct fieldset *out = fieldset_new(arena);
    for (size_t i = 0, j = 0; i < a->len || j < b->len;) {
        int order = i == a->len   ? 1
                    : j == b->len ? -1
                                  : fieldset_elem_cmp(&a->at[i].elem, &b->at[j].elem);
        const struct fieldset_entry *x = order <= 0 ? &a->at[i++] : &none;
        const struct fieldset_entry *y = order >= 0 ? &b->at[j++] : &none;
        if (order <= 0 || rule == RULE_UNION) {
            keep(arena, out, x, y, rule);
        }
    }
    return out;
}

struct fieldset *
fieldset_union(struct arena *arena, const struct fieldset *a, const struct fieldset *b)
{
    return combine(arena, RULE_UNION, a, b);
}

struct fieldset *
fieldset_minus(struct arena *arena, const struct fieldset *a, const struct fieldset *b)
{
    return combine(arena, RULE_MINUS, a, b);
}

struct fieldset *
fieldset_minus_deep(struct arena *arena, const struct fieldset *a, const struct fieldset *b)
{
    return combine(arena, RULE_MINUS_DEEP, a, b);
}

struct fieldset *
fieldset_intersect(struct arena *arena, const struct fieldset *a, const struct fieldset *b)
{
    return combine(arena, RULE_INTERSECT, a, b);
}

/* ---- comparison and extraction ---- */

struct walk {
    struct arena *arena;
    struct elem path[DOC_MAX_DEPTH + 1];
    size_t depth;
    struct fieldset_diff out;
};

static void
insert(struct walk *w, struct fieldset *set)
{
    for (size_t i = 0; i < w->depth; i++) {
        struct fieldset_entry *e = fieldset_entry(w->arena, set, w->path[i]);
        if (i + 1 == w->depth) {
            e->is_member = true;
            return;
        }
        if (e->children == NULL) {
            e->children = fieldset_new(w->arena);
        }
        set = e->children;
    }
}

static bool
is_hollow(struct val v)
{
    return val_len(v) == 0;
}

static void
leaf(struct walk *w, struct val old, struct val now)
{
    if (!val_is(old)) {
        insert(w, w->out.added);
    } else if (!val_is(now)) {
        insert(w, w->out.removed);
    } else if (!val_eq(old, now)) {
        insert(w, w->out.modified);
    }
}

static void compare(struct walk *w, struct ref ref, struct val old, struct val now);

/* Items of a list that have one key: as a whole they are one thing (compareWalker.visitListItems of
 * structured-merge-diff). */
static void
compare_several(struct walk *w, const struct child *old, const struct child *now)
{
    static const struct val none = { 0 };
    if (old->same != NULL && now->same != NULL) {
        bool is_same = old->same_len == now->same_len;
        for (size_t i = 0; is_same && i < old->same_len; i++) {
            is_same = val_eq(old->same[i].value, now->same[i].value);
        }
        if (!is_same) {
            insert(w, w->out.modified);
        }
    } else if (old->same != NULL) {
        compare(w, now->ref, none, now->value);
        insert(w, w->out.removed);
    } else {
        compare(w, old->ref, old->value, none);
        insert(w, w->out.added);
    }
}

static void
compare(struct walk *w, struct ref ref, struct val old, struct val now)
{
    if (!val_is(old) && !val_is(now)) {
        return;
    }
    if (ref_shape(ref) == SHAPE_LEAF || (is_hollow(old) && is_hollow(now)) ||
        w->depth == DOC_MAX_DEPTH) {
        leaf(w, old, now);
        return;
    }
    struct child_pairs pairs = ref_pairs(w->arena, ref, old, now);
    for (struct child_pair pair; ref_pairs_next(&pairs, &pair);) {
        w->path[w->depth++] = pair.elem;
        if (pair.a->same == NULL && pair.b->same == NULL) {
            compare(w, pair.ref, pair.a->value, pair.b->value);
        } else {
            compare_several(w, pair.a, pair.b);
        }
        w->depth--;
    }
    if (!val_is(old)) {
        insert(w, w->out.added);
    } else if (!val_is(now)) {
        insert(w, w->out.removed);
    }
}

struct fieldset_diff
fieldset_compare(struct arena *arena, const struct type *type, struct val old, struct val now)
{
    struct walk *w = ARENA_NEW(arena, struct walk);
    w->arena = arena;
    w->out =
        (struct fieldset_diff){ fieldset_new(arena), fieldset_new(arena), fieldset_new(arena) };
    compare(w, ref_root(type), old, now);
    return w->out;
}

/* SMD's ToFieldSet: leaves, items of lists and maps, empty or null members. */
static void
collect(struct walk *w, struct ref ref, struct val v)
{
    enum shape shape = ref_shape(ref);
    if (shape == SHAPE_LEAF || w->depth == DOC_MAX_DEPTH) {
        insert(w, w->out.added);
        return;
    }
    struct children children = ref_children(w->arena, ref, v);
    for (size_t i = 0; i < children.len; i++) {
        const struct child *c = &children.at[i];
        bool is_empty_map = val_type(c->value) == DOC_OBJECT && val_len(c->value) == 0;
        w->path[w->depth++] = c->elem;
        if (c->same == NULL) {
            collect(w, c->ref, c->value);
        }
        if (c->same != NULL || shape != SHAPE_STRUCT || val_type(c->value) == DOC_NULL ||
            is_empty_map) {
            insert(w, w->out.added);
        }
        w->depth--;
    }
}

struct fieldset *
fieldset_of(struct arena *arena, const struct type *type, struct val v)
{
    struct walk *w = ARENA_NEW(arena, struct walk);
    w->arena = arena;
    w->out.added = fieldset_new(arena);
    collect(w, ref_root(type), v);
    return w->out.added;
}

struct fieldset *
fieldset_from_paths(struct arena *arena, const char *comma_list)
{
    struct fieldset *out = fieldset_new(arena);
    struct walk *w = ARENA_NEW(arena, struct walk);
    w->arena = arena;
    for (struct str rest = str_of(comma_list); rest.size > 0;) {
        struct str path = str_trim(str_cut(rest, ',', &rest));
        for (w->depth = 0; path.size > 0;) {
            w->path[w->depth++] = (struct elem){ ELEM_FIELD, str_cut(path, '.', &path) };
        }
        insert(w, out);
    }
    return out;
}
