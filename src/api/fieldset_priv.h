/* Inside fieldset*.c and managed*.c: path elements, and what the rows say of a place. */
#ifndef BINNACLE_API_FIELDSET_PRIV_H
#define BINNACLE_API_FIELDSET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/schema.h"
#include "base/doc.h"
#include "base/str.h"

struct arena;
struct fieldset;

/* In the order that structured-merge-diff sorts kinds of path elements. */
enum elem_kind { ELEM_FIELD, ELEM_KEY, ELEM_VALUE, ELEM_INDEX };

struct elem {
    enum elem_kind kind;
    struct str text; /* field name; canonical JSON of keys or value; digits of the index */
};
struct fieldset_entry {
    struct elem elem;
    bool is_member;            /* the path itself is in the set */
    struct fieldset *children; /* NULL: none */
};
struct fieldset {
    struct fieldset_entry *at; /* sorted by elem */
    size_t len, capacity;
};

int fieldset_elem_cmp(const struct elem *a, const struct elem *b);
/* The entry of an element, made when it is not there. */
struct fieldset_entry *fieldset_entry(struct arena *arena, struct fieldset *set, struct elem elem);
const struct fieldset_entry *fieldset_find(const struct fieldset *set, const struct elem *elem);

/* What the rows say of one place in a document. */
struct ref {
    const struct type *type;   /* of objects: rows of the members; NULL: none known */
    const struct field *field; /* the row, NULL at the root */
    bool is_item;              /* an item of the field's list or map, not the field itself */
};
enum shape { SHAPE_LEAF, SHAPE_STRUCT, SHAPE_MAP, SHAPE_SET, SHAPE_KEYED };
/* Leaves are scalars and everything atomic. */
enum shape ref_shape(struct ref ref);
struct ref ref_root(const struct type *type);
struct ref ref_member(struct ref ref, struct str key); /* of a STRUCT or MAP */
struct ref ref_item(struct ref ref);                   /* of a SET or KEYED list */

/* Children of an object or list as sorted, distinct (element, value) pairs; the first of several
 * with one element wins. */
struct child {
    struct elem elem;
    struct val value;
    struct ref ref;
    size_t place; /* in the document */
};
struct children {
    struct child *at;
    size_t len;
};
struct children ref_children(struct arena *arena, struct ref ref, struct val v);

#endif
