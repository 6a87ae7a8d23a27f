/* Texts of types and fields for `kubectl explain`: one table, schema_docs.def.  Constant, pure. */
#ifndef BINNACLE_API_SCHEMA_DOCS_H
#define BINNACLE_API_SCHEMA_DOCS_H

#include <stddef.h>

struct schema_doc {
    const char *type;  /* "core/v1.ConfigMap": its block begins; NULL: a row of the block above */
    const char *field; /* NULL at the beginning of a block */
    const char *text;
};
extern const struct schema_doc schema_docs[];
extern const size_t schema_docs_len;

/* Where the block of a type begins; NULL: there is none. */
const struct schema_doc *schema_docs_of(const char *type);
/* The text of one field in that block; NULL: none, or block is NULL. */
const char *schema_docs_field(const struct schema_doc *block, const char *field);

#endif
