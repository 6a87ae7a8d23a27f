/* Does a new pod fit this node at all? Whoever bound it may have been wrong, or late.  Pure. */
#ifndef BINNACLE_AGENT_POD_ADMIT_H
#define BINNACLE_AGENT_POD_ADMIT_H

#include <stdbool.h>

#include "agent/pod_resize.h"
#include "api/object.h"
#include "base/doc.h"
#include "base/str.h"

struct arena;

struct pod_admit_in {
    struct val pod;
    struct str node_name; /* absent: the Node is not known yet */
    struct labels node_labels;
    struct val node_taints;
    struct pod_room room;
    int64_t pods_max;       /* how many pods there may be with this one */
    bool has_groups_policy; /* the runtime knows supplementalGroupsPolicy Strict */
    bool has_port_clash;    /* another pod has one of its host ports */
    struct arena *arena;
};
/* NULL: it does; else the reason for its status, and kubelet's message (without "Pod was rejected: "). */
const char *pod_admit_refusal(const struct pod_admit_in *in, struct str *ret_message);

#endif
