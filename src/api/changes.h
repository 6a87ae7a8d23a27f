/* What two states of an object differ in, field by field, for people.  Pure; any thread. */
#ifndef BINNACLE_API_CHANGES_H
#define BINNACLE_API_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct type;

struct change {
    struct str path;     /* "spec.containers[name=\"c\"].image" */
    struct val old, now; /* absent: was not there, is gone; inside the documents compared */
};
struct changes {
    struct change *at;
    size_t len, capacity;
    size_t left; /* differences beyond the maximum, not kept */
};

/* The topmost places that differ, in the rows' terms: items of keyed lists by their keys, atomic
 * lists as a whole, an added or removed object as one change. managedFields are left out. At most
 * max are kept; all of it lives in the arena. */
struct changes changes_of(struct arena *arena, const struct type *type, struct val old,
                          struct val now, size_t max);

#endif
