/* Taints that say what a node's conditions say, and its old label names.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/nodelifecycle/node_lifecycle_controller.go, release 1.35:
 * doNoScheduleTaintingPass, doNoExecuteTaintingPass and reconcileNodeLabels. A node is created with
 * the taint not-ready (admission); this loop takes it away once the node is Ready. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "nodes" },
    { .plural = NULL },
};

/* A taint that this loop owns: it is there exactly while the condition has that status. */
static const struct rule {
    const char *condition, *status; /* condition NULL: while spec.unschedulable */
    const char *key, *effect;
} rules[] = {
    { "MemoryPressure", "True", "node.kubernetes.io/memory-pressure", "NoSchedule" },
    { "DiskPressure", "True", "node.kubernetes.io/disk-pressure", "NoSchedule" },
    { "PIDPressure", "True", "node.kubernetes.io/pid-pressure", "NoSchedule" },
    { "NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable", "NoSchedule" },
    { "Ready", "False", "node.kubernetes.io/not-ready", "NoSchedule" },
    { "Ready", "Unknown", "node.kubernetes.io/unreachable", "NoSchedule" },
    { NULL, NULL, "node.kubernetes.io/unschedulable", "NoSchedule" },
    { "Ready", "False", "node.kubernetes.io/not-ready", "NoExecute" },
    { "Ready", "Unknown", "node.kubernetes.io/unreachable", "NoExecute" },
};

/* The second label follows the first. */
static const char *const labels[][2] = {
    { "kubernetes.io/os", "beta.kubernetes.io/os" },
    { "kubernetes.io/arch", "beta.kubernetes.io/arch" },
};

static bool
is_of(const struct rule *rule, struct val taint)
{
    return val_is_str(val_get(taint, "key"), rule->key) &&
           val_is_str(val_get(taint, "effect"), rule->effect);
}

static bool
is_wanted(const struct rule *rule, struct val node)
{
    if (rule->condition == NULL) {
        return val_bool(val_at(node, "spec.unschedulable"), false);
    }
    struct val condition = ctl_condition(val_at(node, "status.conditions"), rule->condition);
    return val_is_str(val_get(condition, "status"), rule->status);
}

static bool
has_taint(struct val taints, const struct rule *rule)
{
    VAL_EACH (it, taints) {
        if (is_of(rule, it.value)) {
            return true;
        }
    }
    return false;
}

static bool
is_kept(struct val taint, struct val node)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (is_of(&rules[i], taint)) {
            return is_wanted(&rules[i], node);
        }
    }
    return true;
}

static void
write_taint(struct jw *w, const struct rule *rule, int64_t now_ms)
{
    char now[CLOCK_TEXT_SIZE];
    jw_obj(w);
    jw_kvz(w, "key", rule->key);
    jw_kvz(w, "effect", rule->effect);
    jw_kv(w, "timeAdded", clock_text(now_ms, now));
    jw_end(w);
}

/* spec.taints as they should be; false: as they are. */
static bool
taints_of(struct val node, int64_t now_ms, struct jw *w)
{
    struct val taints = val_at(node, "spec.taints");
    bool is_new = false;
    jw_arr(w);
    VAL_EACH (it, taints) {
        if (is_kept(it.value, node)) {
            jw_val(w, it.value);
        } else {
            is_new = true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (is_wanted(&rules[i], node) && !has_taint(taints, &rules[i])) {
            write_taint(w, &rules[i], now_ms);
            is_new = true;
        }
    }
    jw_end(w);
    return is_new;
}

static bool
labels_of(struct val node, struct jw *w)
{
    struct val have = val_at(node, "metadata.labels");
    bool is_new = false;
    jw_obj(w);
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        struct val first = val_get(have, labels[i][0]), second = val_get(have, labels[i][1]);
        if (val_is(first) && !(val_is(second) && val_eq(first, second))) {
            jw_kv(w, labels[i][1], val_str(first));
            is_new = true;
        }
    }
    jw_end(w);
    return is_new;
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *node = cache_get(in->cache, ctl_resource(in, "", "nodes"), in->ns, in->name);
    struct jw taints, names;
    if (node == NULL) {
        return;
    }
    jw_init(&taints, out->arena);
    jw_init(&names, out->arena);
    object_pin(node);
    bool has_taints = taints_of(object_val(node), in->now_ms, &taints);
    bool has_labels = labels_of(object_val(node), &names);
    object_unpin(node);
    struct str taint_text = jw_done(&taints), label_text = jw_done(&names);
    if (has_taints) {
        plan_write(
            out, PLAN_PATCH, node,
            arena_printf(out->arena, "{\"spec\":{\"taints\":" STR_FMT "}}", STR_ARG(taint_text)),
            PRE_REV);
    } else if (has_labels) {
        plan_write(out, PLAN_PATCH, node,
                   arena_printf(out->arena, "{\"metadata\":{\"labels\":" STR_FMT "}}",
                                STR_ARG(label_text)),
                   PRE_UID);
    }
}

const struct reconciler ctl_node = {
    .name = "node-lifecycle-controller",
    .user = "system:serviceaccount:kube-system:node-controller",
    .component = "node-controller",
    .watches = watches,
    .plan = plan,
};
