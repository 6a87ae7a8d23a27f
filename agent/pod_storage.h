/* Does a pod use more of the node's disk than it may? Pure. */
#ifndef BINNACLE_AGENT_POD_STORAGE_H
#define BINNACLE_AGENT_POD_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

/* What was measured of one container (what it wrote and its logs) or of one emptyDir. */
struct pod_storage_use {
    struct str name;
    int64_t bytes;
    bool is_memory; /* an emptyDir that is no disk */
};
struct pod_storage_in {
    struct val pod;
    const struct pod_storage_use *containers, *volumes;
    size_t container_len, volume_len;
    struct arena *arena;
};

/* Is there anything to measure for? A pod of the system is never ended for it. */
bool pod_storage_is_limited(struct val pod);
/* *ret_message: kubelet's, of the first limit that is passed. */
bool pod_storage_is_exceeded(const struct pod_storage_in *in, struct str *ret_message);

#endif
