/* Inside fieldset*.c, ref.c and managed*.c: path elements and sorted entries. */
#ifndef BINNACLE_API_FIELDSET_PRIV_H
#define BINNACLE_API_FIELDSET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
/* One element as fieldpath.Path prints it: .name, [key="v"], [="v"], [0]. */
void fieldset_put_elem(struct str_builder *path, const struct elem *elem, struct arena *arena);
const struct fieldset_entry *fieldset_find(const struct fieldset *set, const struct elem *elem);

#endif
