/* What a pod asks for: effective requests and limits, QoS class.  Pure. */
#ifndef BINNACLE_API_POD_RESOURCES_H
#define BINNACLE_API_POD_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

/* Amounts by resource name; cpu in milli-cores, everything else in whole units (bytes, pieces). */
struct pod_amount {
    struct str name;
    int64_t value;
};
struct pod_amounts {
    struct arena *arena;
    struct pod_amount *at;
    size_t len, capacity;
};
int64_t pod_amounts_get(const struct pod_amounts *amounts, struct str name); /* 0 when absent */
void pod_amounts_add(struct pod_amounts *amounts, struct str name, int64_t value);
void pod_amounts_max(struct pod_amounts *amounts, struct str name, int64_t value);
/* One ResourceList (a map of quantities) added. */
void pod_amounts_add_list(struct pod_amounts *amounts, struct val list);

enum pod_resources_kind { POD_REQUESTS, POD_LIMITS };
/* Of the whole pod: the larger of (containers + sidecars) and each init container with the sidecars
 * before it, plus overhead; pod-level resources win where they are set. component-helpers'
 * resource.PodRequests and PodLimits. */
void pod_resources_of(struct val pod, enum pod_resources_kind kind, struct pod_amounts *out);
/* Scheduling scores count at least 100m and 200 MB for a container that asks for nothing. */
void pod_resources_scored(struct val pod, int64_t *ret_cpu_milli, int64_t *ret_memory);
/* "Guaranteed", "Burstable" or "BestEffort" (kubernetes' qos.ComputePodQOS). */
const char *pod_resources_qos(struct val pod);
/* Is this init container a sidecar (restartPolicy Always)? */
bool pod_resources_is_sidecar(struct val init_container);

#endif
