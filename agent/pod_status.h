/* What the API is told about a pod: observed state and facts to a PodStatus.  Pure.
 *
 * Semantics are those of kubelet's generateAPIPodStatus (kubelet_pods.go, status/generate.go). */
#ifndef BINNACLE_AGENT_POD_STATUS_H
#define BINNACLE_AGENT_POD_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct pod_facts;
struct pod_plan;
struct pod_plan_in;

struct pod_status_in {
    const struct pod_plan_in *of; /* what the plan saw */
    const struct pod_plan *plan;  /* and what came out of it */
    struct str host_ip;           /* this node's InternalIP, absent when unknown */
    struct str runtime_name;      /* "containerd": prefix of container ids */
};
/* The status as one JSON object; what it does not own (conditions of others) is not in it. */
void pod_status_write(const struct pod_status_in *in, struct jw *out);
/* Does the API's status lack anything of what pod_status_write made? */
bool pod_status_differs(struct val mine, struct val stored);
/* A strategic merge patch that makes stored into mine: {"metadata":{"uid":…},"status":{…}}. */
void pod_status_patch(struct val pod, struct val mine, struct jw *out);

#endif
