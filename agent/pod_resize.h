/* In-place resize: what of a pod's resources counts now, and what its containers still have to be told.
 * Pure.
 *
 * Nothing is kept on the node: what was allocated is in the pod's status, what holds is in the runtime. */
#ifndef BINNACLE_AGENT_POD_RESIZE_H
#define BINNACLE_AGENT_POD_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/pod_limits.h"
#include "base/doc.h"
#include "base/str.h"

struct arena;
struct pod_fact;
struct runtime_container;

/* The node, as the resize of one pod sees it. */
struct pod_room {
    int64_t cpu_milli, memory_bytes;           /* allocatable */
    int64_t used_cpu_milli, used_memory_bytes; /* what its other pods ask for */
    int64_t pods;                              /* how many others there are */
};
/* Does the spec ask for more than was allocated? Then there must be room. */
bool pod_resize_grows(struct val pod, struct arena *arena);
/* NULL: there is; else "Infeasible" or "Deferred", with kubelet's message. */
const char *pod_resize_refusal(struct val pod, const struct pod_room *room, struct arena *arena,
                               struct str *ret_message);
/* The pod with what was allocated instead of what its spec asks for. The pod itself when there is no
 * difference. */
struct val pod_resize_allocated(struct val pod, struct arena *arena);

enum pod_resize_step {
    POD_RESIZE_DONE,    /* the container has what it should */
    POD_RESIZE_UPDATE,  /* the runtime is to be told */
    POD_RESIZE_RESTART, /* its resizePolicy wants a new container */
};
struct pod_resize_in {
    struct val pod, container;
    const struct runtime_container *seen;
    const struct pod_fact *fact; /* what it was told since it runs; may be NULL */
    struct arena *arena;
};
enum pod_resize_step pod_resize_step(const struct pod_resize_in *in);
/* What holds for the container now. */
void pod_resize_current(const struct pod_resize_in *in, struct pod_limits *ret);
/* status.resources: the spec's, but where something else still holds. Writes one value. */
void pod_resize_write(const struct pod_resize_in *in, struct jw *out);

#endif
