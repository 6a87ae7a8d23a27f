/* Places in a document as the rows describe them, for field sets.  Pure; any thread.
 *
 * Which lists are keyed, sets or atomic follows the schema that kube-apiserver gives to
 * structured-merge-diff; so do the elements of their items. */
#include "config.h" /* IWYU pragma: keep */

#include "api/ref.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { KEYS_MAX = 8 };

struct ref
ref_root(const struct type *type)
{
    return (struct ref){ .type = type };
}

static bool
is_untyped(const struct field *field)
{
    return field->type == FIELD_RAW || field->type == FIELD_ANY || field->type == FIELD_FIELDS_V1;
}

enum shape
ref_shape(struct ref ref)
{
    const struct field *field = ref.field;
    if (field == NULL) {
        return ref.type != NULL && ref.type->atomic ? SHAPE_LEAF : SHAPE_STRUCT;
    }
    if (!ref.is_item && field->card == CARD_LIST) {
        return field->list == LIST_SET   ? SHAPE_SET
               : field->list == LIST_MAP ? SHAPE_KEYED
                                         : SHAPE_LEAF;
    }
    if ((field->flags & FIELD_ATOMIC) != 0 && !ref.is_item) {
        return SHAPE_LEAF;
    }
    if (!ref.is_item && field->card == CARD_MAP) {
        return SHAPE_MAP;
    }
    if (field->type != FIELD_OBJECT || is_untyped(field)) {
        return SHAPE_LEAF;
    }
    return field->of->atomic ? SHAPE_LEAF : SHAPE_STRUCT;
}

struct ref
ref_item(struct ref ref)
{
    return (struct ref){ ref.field->type == FIELD_OBJECT ? ref.field->of : NULL, ref.field, true };
}

struct ref
ref_member(struct ref ref, struct str key)
{
    if (ref_shape(ref) == SHAPE_MAP) {
        return ref_item(ref);
    }
    const struct field *field = ref.type == NULL ? NULL : type_field(ref.type, key);
    static const struct field unknown = { .json = "", .type = FIELD_ANY };
    if (field == NULL) {
        return (struct ref){ NULL, &unknown, false };
    }
    return (struct ref){ field->type == FIELD_OBJECT ? field->of : NULL, field, false };
}

/* One key of a keyed item: what the item says, else the row's default, else nothing. */
static bool
write_key(struct jw *w, const struct type *type, struct val item, struct str name)
{
    struct val value = val_member(item, name);
    const struct field *field = type == NULL ? NULL : type_field(type, name);
    if (!val_is(value) && (field == NULL || field->def == NULL)) {
        return false;
    }
    jw_key(w, name);
    if (val_is(value)) {
        jw_canonical(w, value);
    } else {
        jw_raw(w, str_of(field->def));
    }
    return true;
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct elem
keyed_elem(struct arena *arena, struct ref ref, struct val item)
{
    struct str names[KEYS_MAX];
    size_t len = str_split(str_of(ref.field->list_keys), ',', names, KEYS_MAX);
    qsort(names, len, sizeof(names[0]), by_name);
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    for (size_t i = 0; i < len; i++) {
        (void)write_key(&w, ref.field->of, item, names[i]); /* an absent key is left out */
    }
    jw_end(&w);
    return (struct elem){ ELEM_KEY, jw_done(&w) };
}

static struct elem
value_elem(struct arena *arena, struct val item)
{
    struct jw w;
    jw_init(&w, arena);
    jw_canonical(&w, item);
    return (struct elem){ ELEM_VALUE, jw_done(&w) };
}

struct elem
ref_elem(struct arena *arena, struct ref ref, struct val item)
{
    return ref_shape(ref) == SHAPE_KEYED ? keyed_elem(arena, ref, item) : value_elem(arena, item);
}

static int
by_elem(const void *a, const void *b)
{
    const struct child *x = a, *y = b;
    int order = fieldset_elem_cmp(&x->elem, &y->elem);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static void
sort_distinct(struct arena *arena, struct children *children)
{
    bool is_sorted = true;
    for (size_t i = 1; i < children->len && is_sorted; i++) {
        is_sorted = fieldset_elem_cmp(&children->at[i - 1].elem, &children->at[i].elem) < 0;
    }
    if (is_sorted) {
        return;
    }
    qsort(children->at, children->len, sizeof(children->at[0]), by_elem);
    struct child *all = arena_array(arena, children->len, sizeof(all[0]));
    memcpy(all, children->at, children->len * sizeof(all[0]));
    size_t kept = 0;
    for (size_t i = 0, end; i < children->len; i = end) {
        for (end = i + 1; end < children->len; end++) {
            if (fieldset_elem_cmp(&all[i].elem, &all[end].elem) != 0) {
                break;
            }
        }
        struct child *c = &children->at[kept++];
        *c = all[i];
        c->same = end - i > 1 ? &all[i] : NULL;
        c->same_len = end - i;
    }
    children->len = kept;
}

struct children
ref_children(struct arena *arena, struct ref ref, struct val v)
{
    enum shape shape = ref_shape(ref);
    enum doc_type want = shape == SHAPE_STRUCT || shape == SHAPE_MAP ? DOC_OBJECT : DOC_ARRAY;
    struct children out = { 0 };
    if (shape == SHAPE_LEAF || val_type(v) != want || val_len(v) == 0) {
        return out;
    }
    out.at = arena_array(arena, val_len(v), sizeof(out.at[0]));
    VAL_EACH (it, v) {
        struct child *c = &out.at[out.len];
        c->value = it.value;
        c->place = out.len++;
        c->ref = want == DOC_OBJECT ? ref_member(ref, it.key) : ref_item(ref);
        c->elem = want == DOC_OBJECT ? (struct elem){ ELEM_FIELD, it.key }
                                     : ref_elem(arena, ref, it.value);
    }
    sort_distinct(arena, &out);
    return out;
}

struct child_pairs
ref_pairs(struct arena *arena, struct ref ref, struct val a, struct val b)
{
    return (struct child_pairs){ ref_children(arena, ref, a), ref_children(arena, ref, b), 0, 0 };
}

bool
ref_pairs_next(struct child_pairs *pairs, struct child_pair *ret)
{
    static const struct child none = { 0 };
    const struct children *a = &pairs->a, *b = &pairs->b;
    bool ends_a = pairs->i == a->len, ends_b = pairs->j == b->len;
    if (ends_a && ends_b) {
        return false;
    }
    int order = ends_a   ? 1
                : ends_b ? -1
                         : fieldset_elem_cmp(&a->at[pairs->i].elem, &b->at[pairs->j].elem);
    ret->a = order <= 0 ? &a->at[pairs->i++] : &none;
    ret->b = order >= 0 ? &b->at[pairs->j++] : &none;
    ret->elem = order <= 0 ? ret->a->elem : ret->b->elem;
    ret->ref = order <= 0 ? ret->a->ref : ret->b->ref;
    return true;
}
