/* The first look at a pod: one that never ran here must fit this node. Called by the pod's worker before
 * its plans; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/node_status.h"
#include "agent/pod_admit.h"
#include "agent/pod_worker_priv.h"
#include "api/object.h"
#include "api/pod_state.h"
#include "base/arena.h"

/* Ends the pod before it begins. */
static void
reject(struct pod_worker *worker, const char *reason, struct str message, struct arena *arena)
{
    pod_worker_set(&worker->end_reason, &worker->facts.end_reason, str_of(reason));
    pod_worker_set(&worker->end_message, &worker->facts.end_message,
                   arena_printf(arena, "Pod was rejected: " STR_FMT, STR_ARG(message)));
    pod_worker_event(worker, (struct str){ 0 }, POD_LIST_MAIN, EVENT_WARNING, reason, message);
}

void
pod_worker_admit(struct pod_worker *worker, struct val pod, struct arena *arena)
{
    struct pod_host *host = worker->host;
    struct object *node = host->node(host->node_ctx);
    struct pod_admit_in in = { .pod = pod,
                               .pods_max = NODE_STATUS_PODS,
                               .has_groups_policy = host->has_groups_policy,
                               .arena = arena };
    struct str message = { 0 };
    const char *reason;

    if (worker->is_admitted || worker->is_gone) {
        return;
    }
    worker->is_admitted = true;
    if (val_is(val_at(pod, "status.startTime")) || worker->seen->pod.sandbox_len > 0 ||
        pod_state_is_finished(pod) || pod_state_is_deleting(pod)) {
        return; /* it was admitted before, or nothing will start */
    }
    host->room(host->ctx, worker, &in.room);
    in.has_port_clash = host->has_port_clash(host->ctx, worker, val_get(pod, "spec"));
    if (node != NULL) {
        object_pin(node);
        in.node_name = node->name;
        in.node_labels = node->labels;
        in.node_taints = val_at(object_val(node), "spec.taints");
    }
    reason = pod_admit_refusal(&in, &message);
    if (node != NULL) {
        object_unpin(node);
    }
    if (reason != NULL) {
        reject(worker, reason, message, arena);
    }
}
