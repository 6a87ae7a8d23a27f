/* Inside of doc_yaml: the tree of a document, and what a scalar means. */
#ifndef BINNACLE_BASE_DOC_YAML_PRIV_H
#define BINNACLE_BASE_DOC_YAML_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yaml.h>

#include "base/doc_priv.h"
#include "base/map.h"
#include "base/str.h"

struct arena;

/* ---- the tree ---- */

enum doc_tree_kind { DOC_TREE_SCALAR, DOC_TREE_SEQUENCE, DOC_TREE_MAPPING, DOC_TREE_ALIAS };

struct doc_tree_node {
    enum doc_tree_kind kind;
    bool is_plain;                      /* a scalar whose text decides its type */
    bool is_open;                       /* an alias that is being expanded */
    size_t line;                        /* from 0 */
    const char *tag;                    /* NULL: none */
    struct str text;                    /* scalar; of an alias its name */
    struct doc_tree_node *target;       /* of an alias */
    struct doc_tree_node *first, *next; /* children: of a mapping keys and values in turn */
};

struct doc_tree {
    struct arena *arena;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    struct map anchors; /* of the present document */
    size_t nodes;
    size_t depth; /* containers that are open */
    size_t work;  /* libyaml looks at all open flow containers for each token: nodes by depth */
    size_t source_size;       /* bytes of the text */
    struct str_builder error; /* not empty: reading or converting has failed */
};

/* Notes what is wrong; → NULL. */
struct doc_tree_node *doc_tree_fail(struct doc_tree *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One document as JSON in the tree's arena; {NULL,0} when it failed. duplicates: see
 * doc_yaml_to_json_strict, NULL when nobody asks. */
struct str doc_tree_json(struct doc_tree *t, struct doc_tree_node *node,
                         struct str_builder *duplicates);

/* The duplicates of a document that is plain JSON, in the same words. */
void doc_tree_json_duplicates(struct val v, struct str_builder *duplicates);

/* ---- scalars ---- */

#define DOC_TAG_PREFIX "tag:yaml.org,2002:"

enum doc_scalar_type {
    DOC_SCALAR_STR,
    DOC_SCALAR_NULL,
    DOC_SCALAR_BOOL,
    DOC_SCALAR_INT,  /* fits an int64 */
    DOC_SCALAR_UINT, /* beyond, but fits a uint64 */
    DOC_SCALAR_FLOAT,
    DOC_SCALAR_TIME /* text, but one that YAML 1.1 calls a timestamp */
};

struct doc_scalar {
    enum doc_scalar_type type;
    bool boolean;
    int64_t integer;
    uint64_t natural;
    double number;
};

/* What go-yaml v2 makes of an untagged plain scalar. */
struct doc_scalar doc_scalar_resolve(struct str text);
/* The same with a tag. *ret_text is the text of a text, decoded if the tag says so. → what is wrong
 * (in the arena), {NULL,0} when nothing is. */
struct str doc_scalar_tagged(struct arena *arena, const char *tag, struct str text,
                             struct doc_scalar *ret, struct str *ret_text);
/* As a key of JSON: text, or a number in `number`; {NULL,0} for what Go refuses. */
struct str doc_scalar_key(const struct doc_scalar *scalar, struct str text,
                          char number[DOC_NUMBER_SIZE]);
/* An integer of either type in decimal. */
struct str doc_scalar_decimal(const struct doc_scalar *scalar, char number[DOC_NUMBER_SIZE]);
/* As Go's %#v prints it. */
void doc_scalar_print(struct str_builder *out, const struct doc_scalar *scalar, struct str text);
bool doc_scalar_is_time(struct str text);
/* 1:30:00, a number in YAML 1.1: read as text, yet quoted when written. */
bool doc_scalar_is_base60(struct str text);

#endif
