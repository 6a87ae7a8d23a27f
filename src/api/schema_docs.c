/* Texts of types and fields.  Read by openapi.c when a document is made, which is rare: looked up by
 * walking the table.  Constant, any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "api/schema_docs.h"

#include <string.h>

#include "base/mem.h"

#define DOCS_OF(type, text) { type, NULL, text },
#define DOC(field, text) { NULL, field, text },
const struct schema_doc schema_docs[] = {
#include "api/schema_docs.def"
};
#undef DOCS_OF
#undef DOC
const size_t schema_docs_len = ARRAY_LEN(schema_docs);

const struct schema_doc *
schema_docs_of(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(schema_docs); i++) {
        if (schema_docs[i].type != NULL && strcmp(schema_docs[i].type, type) == 0) {
            return &schema_docs[i];
        }
    }
    return NULL;
}

const char *
schema_docs_field(const struct schema_doc *block, const char *field)
{
    const struct schema_doc *end = schema_docs + ARRAY_LEN(schema_docs);
    if (block == NULL) {
        return NULL;
    }
    for (const struct schema_doc *doc = block + 1; doc < end && doc->type == NULL; doc++) {
        if (strcmp(doc->field, field) == 0) {
            return doc->text;
        }
    }
    return NULL;
}
