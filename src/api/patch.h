/* JSON patch, merge patch, strategic merge patch.  Pure; bounded. */
#ifndef BINNACLE_API_PATCH_H
#define BINNACLE_API_PATCH_H

#include "base/str.h"

struct arena;
struct doc;
struct err;
struct type;
struct val;

enum { PATCH_MAX_OPS = 10000 };

/* RFC 6902 on evanphx/json-patch's terms: failed test or missing path 422, malformed 400, too many
 * operations 413. */
int patch_json(struct arena *arena, const struct doc *live, struct val patch, struct str *ret,
               struct err **err);
int patch_merge(struct arena *arena, const struct doc *live, struct val patch, struct str *ret,
                struct err **err); /* RFC 7386 */
/* Built-ins only: merge keys and directives ($patch, $retainKeys, $setElementOrder,
 * $deleteFromPrimitiveList) by the type's rows. */
int patch_strategic(struct arena *arena, const struct type *type, const struct doc *live,
                    struct val patch, struct str *ret, struct err **err);

#endif
