/* Nodes that are not heard of any more: their conditions become Unknown, their pods not ready.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/nodelifecycle/node_lifecycle_controller.go (tryUpdateNodeHealth) and
 * util/node/controller_utils.go, release 1.35. A node was heard of when it renewed its Lease or posted
 * its status, by the time that the API server stamped on that write: the node's own clock may be wrong.
 * Nor is a node blamed for the time in which this server did not run. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define NAME "node-health-controller"

enum {
    GRACE_MS = 50000,         /* nodeMonitorGracePeriod */
    STARTUP_GRACE_MS = 60000, /* nodeStartupGracePeriod: of one that never posted a status */
    POD_NODE_SLOT = 1,
};

static void
keys_of_lease(const struct keys_in *in, const struct object *old, const struct object *now,
              keys_add_fn *add, void *ctx)
{
    const struct object *lease = now == NULL ? old : now;
    (void)in;
    if (str_is(lease->ns, "kube-node-lease")) {
        add(ctx, (struct str){ 0 }, lease->name);
    }
}

/* Only pods that say ready matter, and only on a node that is not. */
static void
keys_of_pod(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    struct object *node = NULL;
    (void)old;
    if (now == NULL) {
        return;
    }
    object_pin(now);
    if (pod_state_is_ready(object_val(now))) {
        node = cache_get(in->cache, ctl_env_resource(in->env, "", "nodes"), (struct str){ 0 },
                         val_str(val_at(object_val(now), "spec.nodeName")));
    }
    object_unpin(now);
    if (node != NULL) {
        object_pin(node);
        if (!pod_state_condition_is(object_val(node), "Ready", "True")) {
            add(ctx, (struct str){ 0 }, node->name);
        }
        object_unpin(node);
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "nodes" },
    { .group = "coordination.k8s.io", .version = "v1", .plural = "leases", .keys = keys_of_lease },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_pod },
    { .plural = NULL },
};

/* ---- when it was heard of ---- */

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t
heard_ms(const struct plan_in *in, const struct object *node)
{
    const struct ctl_env *env = in->env->part;
    struct val root = object_val(node);
    const struct object *lease =
        cache_get(in->cache, ctl_resource(in, "coordination.k8s.io", "leases"),
                  STR("kube-node-lease"), node->name);
    int64_t created_us = 0;
    (void)clock_parse(val_str(val_at(root, "metadata.creationTimestamp")), &created_us);
    int64_t heard = later(env->started_ms, created_us / 1000);
    heard = later(heard, ctl_written_ms(root, "status", NAME));
    if (lease != NULL) {
        object_pin(lease);
        heard = later(heard, ctl_written_ms(object_val(lease), NULL, NULL));
        object_unpin(lease);
    }
    return heard;
}

/* ---- its conditions ---- */

static const char *const types[] = { "Ready", "MemoryPressure", "DiskPressure", "PIDPressure" };

static bool
is_of_types(struct val condition)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (val_is_str(val_get(condition, "type"), types[i])) {
            return true;
        }
    }
    return false;
}

static void
write_unknown(struct jw *w, const char *type, struct val heartbeat, bool was_posted, int64_t now_ms)
{
    char now[CLOCK_TEXT_SIZE];
    jw_obj(w);
    jw_kvz(w, "type", type);
    jw_kvz(w, "status", "Unknown");
    jw_keyz(w, "lastHeartbeatTime");
    jw_val(w, heartbeat);
    jw_keyz(w, "lastTransitionTime");
    jw_str(w, clock_text(now_ms, now));
    jw_kvz(w, "reason", was_posted ? "NodeStatusUnknown" : "NodeStatusNeverUpdated");
    jw_kvz(w, "message",
           was_posted ? "Kubelet stopped posting node status."
                      : "Kubelet never posted node status.");
    jw_end(w);
}

/* The whole list with what it should say; NULL text: it says so already. */
static struct str
conditions_of(const struct plan_in *in, struct val root)
{
    struct val have = val_at(root, "status.conditions");
    bool is_changed = false;
    struct jw w;
    jw_init(&w, in->arena);
    jw_arr(&w);
    VAL_EACH (it, have) {
        if (is_of_types(it.value) && !val_is_str(val_get(it.value, "status"), "Unknown")) {
            char *type = arena_dupz(in->arena, val_str(val_get(it.value, "type")));
            write_unknown(&w, type, val_get(it.value, "lastHeartbeatTime"), true, in->now_ms);
            is_changed = true;
        } else {
            jw_val(&w, it.value);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!val_is(ctl_condition(have, types[i]))) {
            write_unknown(&w, types[i], val_at(root, "metadata.creationTimestamp"), false,
                          in->now_ms);
            is_changed = true;
        }
    }
    jw_end(&w);
    struct str text = jw_done(&w);
    return is_changed ? text : (struct str){ 0 };
}

static void
plan_silence(const struct plan_in *in, struct object *node, struct plan *out)
{
    struct val root = object_val(node);
    struct val ready = ctl_condition(val_at(root, "status.conditions"), "Ready");
    struct str conditions = conditions_of(in, root);
    if (conditions.size == 0) {
        return;
    }
    plan_write(
        out, PLAN_PATCH_STATUS, node,
        arena_printf(out->arena, "{\"status\":{\"conditions\":" STR_FMT "}}", STR_ARG(conditions)),
        PRE_REV);
    if (val_is_str(val_get(ready, "status"), "True")) {
        plan_event_after(out, node, EVENT_NORMAL, "NodeNotReady", NULL,
                         "Node " STR_FMT " status is now: NodeNotReady", STR_ARG(node->name));
    }
}

/* ---- its pods ---- */

/* MarkPodsNotReady: nobody is there to say it. */
static void
plan_pod(struct object *pod, const struct plan_in *in, struct plan *out)
{
    struct val conditions = val_at(object_val(pod), "status.conditions");
    char now[CLOCK_TEXT_SIZE];
    struct jw w;
    jw_init(&w, out->arena);
    jw_arr(&w);
    VAL_EACH (it, conditions) {
        if (!val_is_str(val_get(it.value, "type"), "Ready")) {
            jw_val(&w, it.value);
            continue;
        }
        jw_obj(&w);
        VAL_EACH (member, it.value) {
            jw_key(&w, member.key);
            if (str_is(member.key, "status")) {
                jw_strz(&w, "False");
            } else if (str_is(member.key, "lastTransitionTime")) {
                jw_str(&w, clock_text(in->now_ms, now));
            } else {
                jw_val(&w, member.value);
            }
        }
        jw_end(&w);
    }
    jw_end(&w);
    plan_write(
        out, PLAN_PATCH_STATUS, pod,
        arena_printf(out->arena, "{\"status\":{\"conditions\":" STR_FMT "}}", STR_ARG(jw_done(&w))),
        PRE_REV);
    plan_event_after(out, pod, EVENT_WARNING, "NodeNotReady", NULL, "Node is not ready");
}

static void
plan_pods(const struct plan_in *in, const struct object *node, struct plan *out)
{
    size_t len;
    struct object **pods = cache_indexed(in->cache, ctl_resource(in, "", "pods"), POD_NODE_SLOT,
                                         node->name, in->arena, &len);
    for (size_t i = 0; i < len; i++) {
        object_pin(pods[i]);
        if (pod_state_is_ready(object_val(pods[i]))) {
            plan_pod(pods[i], in, out);
        }
        object_unpin(pods[i]);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *node = cache_get(in->cache, ctl_resource(in, "", "nodes"), in->ns, in->name);
    if (node == NULL || node->deleted_at_ms != 0) {
        return;
    }
    object_pin(node);
    struct val ready = ctl_condition(val_at(object_val(node), "status.conditions"), "Ready");
    int64_t due_ms = heard_ms(in, node) + (val_is(ready) ? GRACE_MS : STARTUP_GRACE_MS);
    if (due_ms > in->now_ms) {
        plan_again(out, due_ms);
    } else {
        plan_silence(in, node, out);
    }
    if (val_is(ready) && !val_is_str(val_get(ready, "status"), "True")) {
        plan_pods(in, node, out);
    }
    object_unpin(node);
}

const struct reconciler ctl_node_health = {
    .name = NAME,
    .user = "system:serviceaccount:kube-system:node-controller",
    .component = "node-controller",
    .watches = watches,
    .plan = plan,
};
