/* metadata.managedFields of every write, and server-side apply (apimachinery's managedfields). */
#ifndef BINNACLE_API_MANAGED_H
#define BINNACLE_API_MANAGED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct doc;
struct err;
struct resource;

struct managed_in {
    struct arena *arena;
    const struct resource *resource;
    const char *subresource; /* NULL: main */
    struct str manager;      /* fieldManager, or the user agent up to '/' */
    int64_t wall_ms;
    const struct doc *old; /* NULL on create */
    bool is_create;
};

/* create, update, patch: *ret is `now` with managedFields brought up to date; times change only
 * where the field set did. If nothing but managedFields times differs, *ret carries old's. */
int managed_update(const struct managed_in *in, const struct doc *now, struct doc **ret,
                   struct err **err);
/* Server-side apply of `applied` (the body as it came, as JSON) on in->old (NULL: creates).
 * Conflicts: 409 with causes FieldManagerConflict unless force. *ret is to be decoded again: it is
 * not canonical. The manager's time changes only
 * when the object does. */
int managed_apply(const struct managed_in *in, const struct doc *applied, bool force,
                  struct doc **ret, struct err **err);
/* Equal apart from managedFields timestamps: then nothing is written. */
bool managed_is_noop(const struct doc *old, const struct doc *now);

#endif
