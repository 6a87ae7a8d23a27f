/* Places in a document as the rows describe them: what field sets and merges walk by. */
#ifndef BINNACLE_API_REF_H
#define BINNACLE_API_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "api/fieldset_priv.h"
#include "api/schema.h"
#include "base/doc.h"

struct arena;

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

struct elem ref_elem(struct arena *arena, struct ref ref,
                     struct val item); /* of an item of those */

/* Children of an object or list as sorted, distinct (element, value) pairs; of several with one
 * element the first stands for all. */
struct child {
    struct elem elem;
    struct val value;
    struct ref ref;
    size_t place;             /* in the document */
    const struct child *same; /* all with this element, in order; NULL: there is no other */
    size_t same_len;
};
struct children {
    struct child *at;
    size_t len;
};
struct children ref_children(struct arena *arena, struct ref ref, struct val v);

/* The children of two sides of one place, side by side: each element once, in order. */
struct child_pair {
    const struct child *a, *b; /* without a value where that side has it not */
    struct elem elem;
    struct ref ref;
};
struct child_pairs {
    struct children a, b;
    size_t i, j;
};
struct child_pairs ref_pairs(struct arena *arena, struct ref ref, struct val a, struct val b);
bool ref_pairs_next(struct child_pairs *pairs, struct child_pair *ret);

#endif
