/* Pods that a NoExecute taint of their node sends away, at once or when their tolerations end.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/tainteviction/taint_eviction.go, release 1.35. A toleration's seconds count
 * from when the taint was added (timeAdded, else the server's time of the write), or from when the pod
 * came to the node if that is later. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/pod_fit.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/clock.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

enum { POD_NODE_SLOT = 1 };

static bool
has_no_execute(const struct object *node)
{
    bool is_found = false;
    if (node == NULL) {
        return false;
    }
    object_pin(node);
    VAL_EACH (it, val_at(object_val(node), "spec.taints")) {
        is_found = is_found || val_is_str(val_get(it.value, "effect"), "NoExecute");
    }
    object_unpin(node);
    return is_found;
}

/* A node with such taints: all its pods. A node that has lost them needs none: nothing is pending. */
static void
keys_of_node(const struct keys_in *in, const struct object *old, const struct object *now,
             keys_add_fn *add, void *ctx)
{
    (void)old;
    if (!has_no_execute(now)) {
        return;
    }
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len;
    struct object **pods = cache_indexed(in->cache, ctl_env_resource(in->env, "", "pods"),
                                         POD_NODE_SLOT, now->name, arena, &len);
    for (size_t i = 0; i < len; i++) {
        add(ctx, pods[i]->ns, pods[i]->name);
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "nodes", .keys = keys_of_node },
    { .group = "", .version = "v1", .plural = "pods" },
    { .plural = NULL },
};

/* ---- when ---- */

static int64_t
time_ms(struct val text)
{
    int64_t us;
    return clock_parse(val_str(text), &us) < 0 ? 0 : us / 1000;
}

/* When the pod came to its node. */
static int64_t
arrived_ms(struct val pod)
{
    struct val scheduled = pod_state_condition(pod, "PodScheduled");
    int64_t at = time_ms(val_get(scheduled, "lastTransitionTime"));
    return at > 0 ? at : time_ms(val_at(pod, "metadata.creationTimestamp"));
}

/* When it is to go, Unix ms; 0: at once, -1: never. */
static int64_t
due_ms(struct val pod, struct val node)
{
    struct val tolerations = val_at(pod, "spec.tolerations");
    int64_t due = -1, arrived = arrived_ms(pod);
    VAL_EACH (it, val_at(node, "spec.taints")) {
        int64_t seconds;
        if (!val_is_str(val_get(it.value, "effect"), "NoExecute")) {
            continue;
        }
        if (!pod_fit_toleration_seconds(tolerations, it.value, &seconds) || seconds == 0) {
            return 0;
        }
        if (seconds < 0) {
            continue;
        }
        int64_t added = time_ms(val_get(it.value, "timeAdded"));
        added = added > 0 ? added : ctl_written_ms(node, NULL, NULL);
        int64_t end = (added > arrived ? added : arrived) + seconds * 1000;
        due = due < 0 || end < due ? end : due;
    }
    return due;
}

/* ---- what ---- */

static void
evict(const struct plan_in *in, struct object *pod, struct plan *out)
{
    struct val conditions = val_at(object_val(pod), "status.conditions");
    char now[CLOCK_TEXT_SIZE];
    struct jw w;
    jw_init(&w, out->arena);
    jw_arr(&w);
    VAL_EACH (it, conditions) {
        if (!val_is_str(val_get(it.value, "type"), "DisruptionTarget")) {
            jw_val(&w, it.value);
        }
    }
    jw_obj(&w);
    jw_kvz(&w, "type", "DisruptionTarget");
    jw_kvz(&w, "status", "True");
    jw_keyz(&w, "lastProbeTime");
    jw_null(&w);
    jw_keyz(&w, "lastTransitionTime");
    jw_str(&w, clock_text(in->now_ms, now));
    jw_kvz(&w, "reason", "DeletionByTaintManager");
    jw_kvz(&w, "message", "Taint manager: deleting due to NoExecute taint");
    jw_end(&w);
    jw_end(&w);
    plan_event(out, pod, EVENT_NORMAL, "TaintManagerEviction", NULL,
               "Marking for deletion Pod " STR_FMT "/" STR_FMT, STR_ARG(pod->ns),
               STR_ARG(pod->name));
    plan_write(
        out, PLAN_PATCH_STATUS, pod,
        arena_printf(out->arena, "{\"status\":{\"conditions\":" STR_FMT "}}", STR_ARG(jw_done(&w))),
        PRE_REV);
    plan_group(out, 0);
    plan_write(out, PLAN_DELETE, pod, (struct str){ 0 }, PRE_UID);
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *pod = cache_get(in->cache, ctl_resource(in, "", "pods"), in->ns, in->name);
    if (pod == NULL || pod->deleted_at_ms != 0) {
        return;
    }
    object_pin(pod);
    struct val root = object_val(pod);
    struct object *node = cache_get(in->cache, ctl_resource(in, "", "nodes"), (struct str){ 0 },
                                    val_str(val_at(root, "spec.nodeName")));
    if (has_no_execute(node)) {
        object_pin(node);
        int64_t due = due_ms(root, object_val(node));
        object_unpin(node);
        if (due > in->now_ms) {
            plan_again(out, due);
        } else if (due >= 0) {
            evict(in, pod, out);
        }
    }
    object_unpin(pod);
}

const struct reconciler ctl_taint_eviction = {
    .name = "taint-eviction-controller",
    .user = "system:serviceaccount:kube-system:node-controller",
    .watches = watches,
    .plan = plan,
};
