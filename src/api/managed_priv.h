/* Inside managed*.c: the managers of an object, decoded. */
#ifndef BINNACLE_API_MANAGED_PRIV_H
#define BINNACLE_API_MANAGED_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;
struct fieldset;
struct managed_in;

enum { MANAGED_MAX_UPDATERS = 10 };

struct manager {
    struct str name, api_version, subresource;
    struct str time; /* RFC 3339 text, absent if none */
    bool is_apply;
    struct fieldset *set;
};
struct managers {
    struct arena *arena;
    struct manager *at;
    size_t len, capacity;
};

/* metadata.managedFields of an object; entries that cannot be read are an error. */
int managed_read(struct arena *arena, struct val object, struct managers *ret, struct err **err);
/* The object (JSON) with these managers as its managedFields; none: without the field. */
int managed_write(struct managers *managers, const struct doc *object, struct doc **ret,
                  struct err **err);
/* The one of the same identity as `like` (apply entries: whatever their version), or NULL. */
struct manager *managed_find(struct managers *managers, const struct manager *like);
struct manager *managed_add(struct managers *managers, const struct manager *manager);
void managed_drop_empty(struct managers *managers);
/* More than MANAGED_MAX_UPDATERS updaters: the oldest are folded into "ancient-changes". */
void managed_cap(struct managers *managers);
/* Takes what changed from everybody but `self`; conflicts (their sets, by index) when asked for. */
struct managed_change {
    struct fieldset *changed, *removed; /* modified and added; removed */
};
struct managed_change managed_compare(const struct managed_in *in, struct val old, struct val now);
/* Without what this subresource resets: nobody comes to own that here. */
struct fieldset *managed_keep(const struct managed_in *in, struct fieldset *set);
void managed_take_from_others(struct managers *managers, const struct manager *self,
                              const struct managed_change *change);
/* Common to Update and the crediting of what stood there before the first apply. */
void managed_track(const struct managed_in *in, struct managers *managers, struct str manager,
                   struct val old, struct val now);
/* The object without metadata.managedFields, in the arena. */
struct doc *managed_strip(struct arena *arena, const struct doc *object);
/* The Go zero value of the resource, what a create is compared with. */
struct doc *managed_zero(const struct managed_in *in);
struct str managed_now(const struct managed_in *in);

#endif
