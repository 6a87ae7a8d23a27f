/* Server-side Tables (meta.k8s.io/v1) from the resources' columns.  Pure. */
#ifndef BINNACLE_API_COLUMNS_H
#define BINNACLE_API_COLUMNS_H

#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct object;
struct resource;

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
