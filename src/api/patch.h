/* JSON patch, merge patch, strategic merge patch.  Pure; bounded. */
#ifndef BINNACLE_API_PATCH_H
#define BINNACLE_API_PATCH_H

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;
struct type;

enum { PATCH_MAX_OPS = 10000 };

/* RFC 6902 on evanphx/json-patch's terms: failed test or missing path 422, malformed 400, too many
 * operations 413. */
int patch_json(struct arena *arena, const struct doc *live, struct val patch, struct str *ret,
               struct err **err);
int patch_merge(struct arena *arena, const struct doc *live, struct val patch, struct str *ret,
                struct err **err); /* RFC 7386 */
/* The merge patch that makes one object of another; "{}" when they are the same. null counts as absent,
 * and duplicate members must have been refused before. */
struct str patch_merge_make(struct arena *arena, struct val from, struct val to);
/* The dotted paths, one a line, where `now` is no longer what it was when the patch was made, and the
 * patch writes. */
void patch_merge_clashes(struct val was, struct val now, struct val patch,
                         struct str_builder *ret_paths);
/* Built-ins only: merge keys and directives ($patch, $retainKeys, $setElementOrder,
 * $deleteFromPrimitiveList) by the type's rows. */
int patch_strategic(struct arena *arena, const struct type *type, const struct doc *live,
                    struct val patch, struct str *ret, struct err **err);

#endif
