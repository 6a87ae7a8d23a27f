/* OpenAPI documents from rows.  Pure. */
#ifndef BINNACLE_API_OPENAPI_H
#define BINNACLE_API_OPENAPI_H

#include "base/doc.h"
#include "base/str.h"

struct registry;

/* The v3 document of one group version ("api/v1", "apis/apps/v1"); false when there is none. */
bool openapi_v3_group(const struct registry *registry, struct str path, struct jw *out);
/* The index: {"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=H"}}}. */
void openapi_v3_index(const struct registry *registry, struct jw *out);
/* Hash of one group's document, upper-case hex, as in the index. */
struct str openapi_v3_hash(const struct registry *registry, struct str path, char text[129]);
/* The constant v2 protobuf document (swagger "2.0", title, version). */
struct str openapi_v2_constant(void);

#endif
