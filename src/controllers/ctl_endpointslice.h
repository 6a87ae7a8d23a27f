/* Endpoints into slices: which stay, which are filled, which are new.  Pure; no Service in sight. */
#ifndef BINNACLE_CONTROLLERS_CTL_ENDPOINTSLICE_H
#define BINNACLE_CONTROLLERS_CTL_ENDPOINTSLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct object;

enum { CTL_SLICE_MAX = 100 /* endpoints */ };
enum ctl_slice_fate { CTL_SLICE_KEEP, CTL_SLICE_UPDATE, CTL_SLICE_DELETE, CTL_SLICE_CREATE };

/* An endpoint that ought to be somewhere; those with the same ports stand together. */
struct ctl_endpointslice_want {
    struct str json;
    struct val v;
    uint64_t hash; /* of its addresses */
    size_t group;  /* index */
    bool is_placed;
};
struct ctl_endpointslice_group {
    struct str ports; /* JSON */
    struct val v;
};
struct ctl_endpointslice_slice {
    struct object *object; /* NULL: to be created */
    struct str ports;
    size_t group; /* SIZE_MAX: its ports are nobody's */
    enum ctl_slice_fate fate;
    bool has_other_labels;
    struct str *endpoints; /* JSON, kept and added ones */
    size_t len, had;
};
struct ctl_endpointslice {
    struct arena *arena;
    struct ctl_endpointslice_want *wants;
    size_t want_len, want_capacity, hint;
    struct ctl_endpointslice_group *groups;
    size_t group_len, group_capacity;
    struct ctl_endpointslice_slice *slices;
    size_t slice_len, slice_capacity;
};
/* All wants first, then what there is (pinned until the plan is written), then settle. */
void ctl_endpointslice_want(struct ctl_endpointslice *set, struct str ports, struct str endpoint);
void ctl_endpointslice_have(struct ctl_endpointslice *set, struct object *slice,
                            bool has_other_labels);
void ctl_endpointslice_settle(struct ctl_endpointslice *set);
struct str ctl_endpointslice_text(const struct ctl_endpointslice_slice *slice,
                                  struct arena *arena); /* its endpoints, a JSON list */

#endif
