/* Sets of field paths, as managedFields and server-side apply use them (structured-merge-diff). */
#ifndef BINNACLE_API_FIELDSET_H
#define BINNACLE_API_FIELDSET_H

#include <stdbool.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;
struct fieldset;
struct jw;
struct type;

/* Everything lives in the arena; functions return new sets and share what did not change. */
struct fieldset *fieldset_new(struct arena *arena);
bool fieldset_is_empty(const struct fieldset *set);
int fieldset_from_json(struct arena *arena, struct val fields_v1, struct fieldset **ret,
                       struct err **err);
void fieldset_to_json(const struct fieldset *set, struct jw *out); /* sorted as upstream sorts */
bool fieldset_eq(const struct fieldset *a, const struct fieldset *b);
struct fieldset *fieldset_union(struct arena *arena, const struct fieldset *a,
                                const struct fieldset *b);
struct fieldset *fieldset_minus(struct arena *arena, const struct fieldset *a,
                                const struct fieldset *b);
/* a minus everything at or below a path of b (SMD's RecursiveDifference). */
struct fieldset *fieldset_minus_deep(struct arena *arena, const struct fieldset *a,
                                     const struct fieldset *b);
struct fieldset *fieldset_intersect(struct arena *arena, const struct fieldset *a,
                                    const struct fieldset *b);
/* All paths of a value; the paths changed, added or removed between two (as SMD's Compare). */
struct fieldset *fieldset_of(struct arena *arena, const struct type *type, struct val v);
struct fieldset_diff {
    struct fieldset *added, *modified, *removed;
};
struct fieldset_diff fieldset_compare(struct arena *arena, const struct type *type, struct val old,
                                      struct val now);
/* From a comma list of dotted paths ("status,metadata.managedFields"). */
struct fieldset *fieldset_from_paths(struct arena *arena, const char *comma_list);
/* v without (or with only) the given paths, as SMD's RemoveItems and ExtractItems. */
int fieldset_remove_items(struct arena *arena, const struct type *type, struct val v,
                          const struct fieldset *set, struct str *ret_json, struct err **err);
/* Visits each path as text in field-selector style (".spec.containers[name=\"c\"].image"). */
void fieldset_each(const struct fieldset *set, void (*each)(void *ctx, struct str path), void *ctx,
                   struct arena *arena);

#endif
