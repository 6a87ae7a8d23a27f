/* Fitting pods to nodes.  Called by the scheduler, taint eviction, DaemonSet and the agent; pure.
 *
 * Follows k8s.io/component-helpers/scheduling/corev1 (helpers.go, nodeaffinity) and
 * k8s.io/api/core/v1/toleration.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/pod_fit.h"

/* ---- taints ---- */

static unsigned
effect_of(struct val taint)
{
    struct str text = val_str(val_get(taint, "effect"));
    return str_is(text, "NoSchedule")         ? POD_FIT_NO_SCHEDULE
           : str_is(text, "PreferNoSchedule") ? POD_FIT_PREFER_NO_SCHEDULE
           : str_is(text, "NoExecute")        ? POD_FIT_NO_EXECUTE
                                              : 0U;
}

bool
pod_fit_tolerates(struct val toleration, struct val taint)
{
    struct str effect = val_str(val_get(toleration, "effect"));
    struct str key = val_str(val_get(toleration, "key"));
    struct str op = val_str(val_get(toleration, "operator"));
    if (effect.size > 0 && !str_eq(effect, val_str(val_get(taint, "effect")))) {
        return false;
    }
    if (key.size > 0 && !str_eq(key, val_str(val_get(taint, "key")))) {
        return false;
    }
    if (op.size == 0 || str_is(op, "Equal")) {
        return str_eq(val_str(val_get(toleration, "value")), val_str(val_get(taint, "value")));
    }
    return str_is(op, "Exists");
}

struct val
pod_fit_untolerated(struct val tolerations, struct val taints, unsigned effects)
{
    VAL_EACH (taint, taints) {
        bool is_tolerated = (effect_of(taint.value) & effects) == 0;
        VAL_EACH (it, tolerations) {
            is_tolerated = is_tolerated || pod_fit_tolerates(it.value, taint.value);
        }
        if (!is_tolerated) {
            return taint.value;
        }
    }
    return (struct val){ 0 };
}

bool
pod_fit_toleration_seconds(struct val tolerations, struct val taint, int64_t *ret_seconds)
{
    VAL_EACH (it, tolerations) {
        if (!pod_fit_tolerates(it.value, taint)) {
            continue;
        }
        struct val seconds = val_get(it.value, "tolerationSeconds");
        int64_t s = val_int(seconds, 0);
        *ret_seconds = !val_is(seconds) ? -1 : s < 0 ? 0 : s;
        return true;
    }
    return false;
}

/* ---- node selection ---- */

static bool
is_in(struct val values, struct str value)
{
    VAL_EACH (it, values) {
        if (str_eq(val_str(it.value), value)) {
            return true;
        }
    }
    return false;
}

static bool
compares(struct val values, struct str value, bool is_greater)
{
    int64_t have, want;
    if (!str_to_int(value, &have) || !str_to_int(val_str(val_item(values, 0)), &want)) {
        return false;
    }
    return is_greater ? have > want : have < want;
}

static bool
requirement_holds(struct val requirement, struct str value)
{
    struct str op = val_str(val_get(requirement, "operator"));
    struct val values = val_get(requirement, "values");
    bool exists = value.at != NULL;
    return str_is(op, "In")             ? exists && is_in(values, value)
           : str_is(op, "NotIn")        ? !exists || !is_in(values, value)
           : str_is(op, "Exists")       ? exists
           : str_is(op, "DoesNotExist") ? !exists
           : str_is(op, "Gt")           ? exists && compares(values, value, true)
           : str_is(op, "Lt")           ? exists && compares(values, value, false)
                                        : false;
}

bool
pod_fit_term_matches(struct val term, struct labels node_labels, struct str node_name)
{
    struct val expressions = val_get(term, "matchExpressions"),
               fields = val_get(term, "matchFields");
    if (val_len(expressions) == 0 && val_len(fields) == 0) {
        return false;
    }
    VAL_EACH (it, expressions) {
        if (!requirement_holds(it.value,
                               labels_get(node_labels, val_str(val_get(it.value, "key"))))) {
            return false;
        }
    }
    VAL_EACH (it, fields) {
        if (!val_is_str(val_get(it.value, "key"), "metadata.name") ||
            !requirement_holds(it.value, node_name)) {
            return false;
        }
    }
    return true;
}

bool
pod_fit_selects_node(struct val pod_spec, struct labels node_labels, struct str node_name)
{
    VAL_EACH (it, val_get(pod_spec, "nodeSelector")) {
        struct str have = labels_get(node_labels, it.key);
        if (have.at == NULL || !str_eq(have, val_str(it.value))) {
            return false;
        }
    }
    struct val required =
        val_at(pod_spec, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution");
    if (!val_is(required)) {
        return true;
    }
    VAL_EACH (it, val_get(required, "nodeSelectorTerms")) {
        if (pod_fit_term_matches(it.value, node_labels, node_name)) {
            return true;
        }
    }
    return false;
}

/* ---- host ports ---- */

static bool
is_any_address(struct str ip)
{
    return ip.size == 0 || str_is(ip, "0.0.0.0");
}

static bool
port_clashes(struct val a, struct val b)
{
    struct str x = val_str(val_get(a, "hostIP")), y = val_str(val_get(b, "hostIP"));
    struct str p = val_str(val_get(a, "protocol")), q = val_str(val_get(b, "protocol"));
    p = p.size == 0 ? STR("TCP") : p;
    q = q.size == 0 ? STR("TCP") : q;
    return val_int(val_get(a, "hostPort"), 0) == val_int(val_get(b, "hostPort"), 0) &&
           str_eq(p, q) && (is_any_address(x) || is_any_address(y) || str_eq(x, y));
}

static const char *const port_holders[] = { "containers", "initContainers" };
enum { PORT_HOLDERS = 2 };

static bool
clashes_with(struct val port, struct val used_spec)
{
    for (size_t i = 0; i < PORT_HOLDERS; i++) {
        VAL_EACH (container, val_get(used_spec, port_holders[i])) {
            VAL_EACH (it, val_get(container.value, "ports")) {
                if (val_int(val_get(it.value, "hostPort"), 0) > 0 && port_clashes(port, it.value)) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool
pod_fit_ports_clash(struct val wanted_spec, struct val used_spec)
{
    for (size_t i = 0; i < PORT_HOLDERS; i++) {
        VAL_EACH (container, val_get(wanted_spec, port_holders[i])) {
            VAL_EACH (it, val_get(container.value, "ports")) {
                if (val_int(val_get(it.value, "hostPort"), 0) > 0 &&
                    clashes_with(it.value, used_spec)) {
                    return true;
                }
            }
        }
    }
    return false;
}
