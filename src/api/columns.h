/* Server-side Tables (meta.k8s.io/v1) from the resources' columns.  Pure. */
#ifndef BINNACLE_API_COLUMNS_H
#define BINNACLE_API_COLUMNS_H

#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct object;
struct resource;

/* What a column's function writes into: exactly one JSON value per call. */
struct cell {
    struct jw *out;
    struct arena *arena;
    int64_t now_ms;
    const struct object *object;
};
void cell_str(struct cell *cell, struct str text);
void cell_int(struct cell *cell, int64_t value);
void cell_age(struct cell *cell, struct str time); /* "5m", "<unknown>" when absent */

enum columns_include { INCLUDE_METADATA, INCLUDE_OBJECT, INCLUDE_NONE };
/* `"columnDefinitions":[…]` value. */
void columns_definitions(const struct resource *resource, struct jw *out);
/* One row {"cells":[…],"object":{…}}. */
void columns_row(const struct object *object, enum columns_include include, int64_t now_ms,
                 struct arena *arena, struct jw *out);
/* PartialObjectMetadata of an object. */
void columns_partial(const struct object *object, struct jw *out);
/* apimachinery's duration.HumanDuration of now - then: "<invalid>", "3m20s", "5d". */
struct str columns_age_text(int64_t age_ms, char text[32]);

#endif
