/* The downward API: fields of the pod, resources of its containers, as text.  Pure. */
#ifndef BINNACLE_AGENT_POD_FIELD_H
#define BINNACLE_AGENT_POD_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;

/* What a pod is told of its node and of itself beside its object. */
struct pod_place {
    struct str host_ip;
    const struct str *pod_ips;
    size_t pod_ip_len;
    /* The node's allocatable: what a container without a limit is told. */
    int64_t cpu_milli, memory_bytes, storage_bytes;
};

struct pod_field_in {
    struct val pod;
    struct val container; /* whose env it stands in, absent in a volume */
    const struct pod_place *place;
    struct arena *arena;
};

/* ObjectFieldSelector.fieldPath. */
int pod_field_text(const struct pod_field_in *in, struct str path, struct str *ret,
                   struct err **err);
/* ResourceFieldSelector. */
int pod_field_resource(const struct pod_field_in *in, struct val selector, struct str *ret,
                       struct err **err);

#endif
