/* Does a new pod fit this node at all? The checks and words of kubelet's admit handlers (sysctl/allowlist.go,
 * lifecycle/predicate.go). Called by the pod's worker when it sees a pod that never ran here; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_admit.h"

#include "api/pod_fit.h"
#include "api/pod_resources.h"
#include "base/arena.h"

/* The safe ones: each namespaced and of no effect on other pods. */
static const struct {
    const char *name;
    bool is_net; /* else of IPC */
} safe_sysctls[] = {
    { "kernel.shm_rmid_forced", false },
    { "net.ipv4.ip_local_port_range", true },
    { "net.ipv4.tcp_syncookies", true },
    { "net.ipv4.ping_group_range", true },
    { "net.ipv4.ip_unprivileged_port_start", true },
    { "net.ipv4.ip_local_reserved_ports", true },
    { "net.ipv4.tcp_keepalive_time", true },
    { "net.ipv4.tcp_fin_timeout", true },
    { "net.ipv4.tcp_keepalive_intvl", true },
    { "net.ipv4.tcp_keepalive_probes", true },
    { "net.ipv4.tcp_rmem", true },
    { "net.ipv4.tcp_wmem", true },
};

/* NULL, or why one of its sysctls may not be set. */
static const char *
check_sysctl(const struct pod_admit_in *in, const char *name)
{
    struct val spec = val_get(in->pod, "spec");

    for (size_t i = 0; i < ARRAY_LEN(safe_sysctls); i++) {
        bool is_net = safe_sysctls[i].is_net;

        if (strcmp(name, safe_sysctls[i].name) != 0) {
            continue;
        }
        if (!val_bool(val_get(spec, is_net ? "hostNetwork" : "hostIPC"), false)) {
            return NULL;
        }
        return is_net ? "not allowed with host Net enabled" : "not allowed with host IPC enabled";
    }
    return "not allowlisted";
}

static const char *
check_sysctls(const struct pod_admit_in *in, struct str *ret_message)
{
    VAL_EACH (it, val_at(in->pod, "spec.securityContext.sysctls")) {
        char *name = arena_dupz(in->arena, val_str(val_get(it.value, "name")));
        const char *why;

        for (char *c = name; *c != '\0'; c++) {
            *c = *c == '/' ? '.' : *c;
        }
        why = check_sysctl(in, name);
        if (why != NULL) {
            *ret_message = arena_printf(in->arena, "forbidden sysctl: \"%s\" %s", name, why);
            return "SysctlForbidden";
        }
    }
    return NULL;
}

static const char *
check_abilities(const struct pod_admit_in *in, struct str *ret_message)
{
    struct val os = val_at(in->pod, "spec.os.name");
    struct val label = val_get(val_at(in->pod, "metadata.labels"), "kubernetes.io/os");

    if (val_is(label) && !val_is_str(label, "linux")) {
        *ret_message =
            STR("Failed to admit pod as the `kubernetes.io/os` label doesn't match node label");
        return "PodOSSelectorNodeLabelDoesNotMatch";
    }
    if (val_is(os) && !val_is_str(os, "linux")) {
        *ret_message = STR("Failed to admit pod as the OS field doesn't match node OS");
        return "PodOSNotSupported";
    }
    if (!in->has_groups_policy &&
        val_is_str(val_at(in->pod, "spec.securityContext.supplementalGroupsPolicy"), "Strict")) {
        *ret_message = STR("SupplementalGroupsPolicy=Strict is not supported in this node");
        return "SupplementalGroupsPolicyNotSupported";
    }
    return NULL;
}

static const char *
check_room(const struct pod_admit_in *in, struct str *ret_message)
{
    struct pod_amounts amounts = { .arena = in->arena };
    const struct pod_room *room = &in->room;

    pod_resources_of(in->pod, POD_REQUESTS, &amounts);
    const struct {
        const char *name, *reason;
        int64_t asked, used, capacity;
    } checks[] = {
        { "pods", "OutOfpods", 1, room->pods, in->pods_max },
        { "cpu", "OutOfcpu", pod_amounts_get(&amounts, STR("cpu")), room->used_cpu_milli,
          room->cpu_milli },
        { "memory", "OutOfmemory", pod_amounts_get(&amounts, STR("memory")),
          room->used_memory_bytes, room->memory_bytes },
    };

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (checks[i].asked > 0 && checks[i].asked > checks[i].capacity - checks[i].used) {
            *ret_message =
                arena_printf(in->arena,
                             "Node didn't have enough resource: %s, requested: %lld, used: %lld, "
                             "capacity: %lld",
                             checks[i].name, (long long)checks[i].asked, (long long)checks[i].used,
                             (long long)checks[i].capacity);
            return checks[i].reason;
        }
    }
    return NULL;
}

static const char *
check_place(const struct pod_admit_in *in, struct str *ret_message)
{
    struct val spec = val_get(in->pod, "spec");

    if (in->node_name.size > 0 && !pod_fit_selects_node(spec, in->node_labels, in->node_name)) {
        *ret_message = STR("Predicate NodeAffinity failed: node(s) didn't match Pod's node "
                           "affinity/selector");
        return "NodeAffinity";
    }
    if (in->has_port_clash) {
        *ret_message = STR("Predicate NodePorts failed: node(s) didn't have free ports for the "
                           "requested pod ports");
        return "NodePorts";
    }
    if (val_is(pod_fit_untolerated(val_get(spec, "tolerations"), in->node_taints,
                                   POD_FIT_NO_EXECUTE))) {
        *ret_message = STR("Predicate TaintToleration failed: node(s) had taints that the pod "
                           "didn't tolerate");
        return "TaintToleration";
    }
    return NULL;
}

const char *
pod_admit_refusal(const struct pod_admit_in *in, struct str *ret_message)
{
    static const char *(*const checks[])(const struct pod_admit_in *in, struct str *ret_message) = {
        check_sysctls, check_abilities, check_room, check_place
    };
    const char *reason = NULL;

    for (size_t i = 0; i < ARRAY_LEN(checks) && reason == NULL; i++) {
        reason = checks[i](in, ret_message);
    }
    return reason;
}
