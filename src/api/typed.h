/* structured-merge-diff's operations on whole values: merge, removal, validation.  Pure. */
#ifndef BINNACLE_API_TYPED_H
#define BINNACLE_API_TYPED_H

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;
struct fieldset;
struct ref;
struct type;

/* live with applied on top: right wins, keyed lists and sets are joined in SMD's order. JSON in the
 * arena, not canonical (absent members and orders are as they fell out). */
struct str typed_merge(struct arena *arena, const struct type *type, struct val live,
                       struct val applied);
/* v without the members of the set (SMD's RemoveItems). */
struct str typed_remove(struct arena *arena, const struct type *type, struct val v,
                        const struct fieldset *set);
/* Named struct fields on the way to members become members, too (EnsureNamedFieldsAreMembers). */
struct fieldset *typed_named(struct arena *arena, const struct type *type,
                             const struct fieldset *set);
/* What SMD refuses when it types a value: unknown fields, wrong kinds of value, duplicate keys.
 * The message is that of the first, as ".spec.ports: duplicate entries for key [...]". */
int typed_check(struct arena *arena, const struct type *type, struct val v, struct err **err);

#endif
