/* A mutable JSON tree in an arena: what patches and merges work on.
 *
 * Nodes made from a document stay unopened (their bytes are written verbatim) until somebody looks
 * inside. One request at a time; freed with its arena. */
#ifndef BINNACLE_API_TREE_H
#define BINNACLE_API_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

struct tree {
    struct str key;           /* of a member, else absent */
    struct tree *next, *prev; /* siblings in order */
    struct tree *first, *last;
    size_t len;      /* children */
    struct val leaf; /* the value, while unopened and for scalars */
    enum doc_type type;
    bool is_open; /* children stand in first…last */
};

struct tree *tree_of(struct arena *arena, struct val v);
struct tree *tree_new(struct arena *arena, enum doc_type type); /* DOC_OBJECT or DOC_ARRAY */
struct tree *tree_str(struct arena *arena, struct str text);    /* a string, copied */
struct tree *tree_copy(struct arena *arena, struct tree *from); /* deep; keeps the key */
void tree_open(struct arena *arena, struct tree *t);            /* children become nodes */
struct tree *tree_get(struct arena *arena, struct tree *object, struct str key); /* or NULL */
struct tree *tree_item(struct arena *arena, struct tree *array, size_t index);   /* or NULL */
/* Puts child under key, in the place of an old member of that name or last. */
void tree_set(struct arena *arena, struct tree *object, struct str key, struct tree *child);
bool tree_del(struct arena *arena, struct tree *object, struct str key);
void tree_add(struct arena *arena, struct tree *array, struct tree *child); /* last */
void tree_insert(struct arena *arena, struct tree *array, struct tree *before, struct tree *child);
void tree_cut(struct tree *parent, struct tree *child);
struct str tree_text(const struct tree *t); /* of a string, {NULL,0} otherwise */
bool tree_eq(struct arena *arena, struct tree *a, struct tree *b);
void tree_write(const struct tree *t, struct jw *out);
/* The tree as JSON text in the arena. */
struct str tree_json(struct arena *arena, const struct tree *t);

#endif
