/* A pod's sandbox as the container runtime wants it, and what sandboxes and containers share. Called
 * by the pod's worker; pure. Facts: kuberuntime_sandbox.go, labels.go. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_config.h"

#include "agent/pod_config_priv.h"
#include "agent/pod_limits.h"
#include "agent/runtime.h"
#include "base/arena.h"

/* ---- what both share ---- */

void *
pod_config_new(struct arena *arena, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);

    protobuf_c_message_init(type, message);
    return message;
}

char *
pod_config_text(struct arena *arena, struct str text)
{
    return arena_dupz(arena, text.at == NULL ? STR("") : text);
}

size_t
pod_config_texts(struct arena *arena, struct val list, char ***ret)
{
    char **texts = arena_array(arena, val_len(list), sizeof(*texts));
    size_t len = 0;

    VAL_EACH (it, list) {
        texts[len++] = pod_config_text(arena, val_str(it.value));
    }
    *ret = texts;
    return len;
}

/* Every entry of a generated string map is laid out like this. */
struct entry {
    ProtobufCMessage base;
    char *key, *value;
};
_Static_assert(sizeof(struct entry) == sizeof(Cri__PodSandboxConfig__LabelsEntry) &&
                   offsetof(struct entry, value) ==
                       offsetof(Cri__PodSandboxConfig__LabelsEntry, value),
               "entries of string maps have one layout");

void
pod_config_pair(struct pod_config_pairs *pairs, struct str key, struct str value)
{
    struct entry *entry;

    for (size_t i = 0; i < pairs->len; i++) {
        if (str_is(key, ((struct entry *)pairs->at[i])->key)) {
            ((struct entry *)pairs->at[i])->value = pod_config_text(pairs->arena, value);
            return;
        }
    }
    if (pairs->len == pairs->capacity) {
        size_t capacity = pairs->capacity == 0 ? 8 : pairs->capacity * 2;

        pairs->at = arena_grow(pairs->arena, pairs->at, pairs->capacity * sizeof(void *),
                               capacity * sizeof(void *));
        pairs->capacity = capacity;
    }
    entry = pod_config_new(pairs->arena, pairs->type);
    entry->key = pod_config_text(pairs->arena, key);
    entry->value = pod_config_text(pairs->arena, value);
    pairs->at[pairs->len++] = entry;
}

void
pod_config_pair_all(struct pod_config_pairs *pairs, struct val map)
{
    VAL_EACH (it, map) {
        pod_config_pair(pairs, it.key, val_str(it.value));
    }
}

/* Whose pod it is: what a restarted agent finds it by. */
void
pod_config_owner(struct pod_config_pairs *labels, struct val pod)
{
    pod_config_pair(labels, STR(RUNTIME_POD_NAME), val_str(val_at(pod, "metadata.name")));
    pod_config_pair(labels, STR(RUNTIME_POD_NAMESPACE), val_str(val_at(pod, "metadata.namespace")));
    pod_config_pair(labels, STR(RUNTIME_POD_UID), val_str(val_at(pod, "metadata.uid")));
}

Cri__Int64Value *
pod_config_int(struct arena *arena, int64_t value)
{
    Cri__Int64Value *message = pod_config_new(arena, &cri__int64_value__descriptor);

    message->value = value;
    return message;
}

Cri__NamespaceOption *
pod_config_namespaces(const struct pod_config_in *in)
{
    struct val spec = val_get(in->pod, "spec");
    Cri__NamespaceOption *option = pod_config_new(in->arena, &cri__namespace_option__descriptor);
    bool is_shared = val_bool(val_get(spec, "shareProcessNamespace"), false);

    option->network = val_bool(val_get(spec, "hostNetwork"), false) ? CRI__NAMESPACE_MODE__NODE
                                                                    : CRI__NAMESPACE_MODE__POD;
    option->ipc = val_bool(val_get(spec, "hostIPC"), false) ? CRI__NAMESPACE_MODE__NODE
                                                            : CRI__NAMESPACE_MODE__POD;
    option->pid = val_bool(val_get(spec, "hostPID"), false) ? CRI__NAMESPACE_MODE__NODE
                  : is_shared                               ? CRI__NAMESPACE_MODE__POD
                                                            : CRI__NAMESPACE_MODE__CONTAINER;
    return option;
}

size_t
pod_config_groups(const struct pod_config_in *in, int64_t **ret)
{
    struct val context = val_at(in->pod, "spec.securityContext");
    struct val more = val_get(context, "supplementalGroups");
    int64_t *groups = arena_array(in->arena, val_len(more) + 1, sizeof(*groups));
    size_t len = 0;

    if (val_is(val_get(context, "fsGroup"))) {
        groups[len++] = val_int(val_get(context, "fsGroup"), 0);
    }
    VAL_EACH (it, more) {
        groups[len++] = val_int(it.value, 0);
    }
    *ret = groups;
    return len;
}

Cri__SupplementalGroupsPolicy
pod_config_groups_policy(const struct pod_config_in *in)
{
    return val_is_str(val_at(in->pod, "spec.securityContext.supplementalGroupsPolicy"), "Strict")
               ? CRI__SUPPLEMENTAL_GROUPS_POLICY__Strict
               : CRI__SUPPLEMENTAL_GROUPS_POLICY__Merge;
}

struct str
pod_config_log_dir(const struct pod_config_in *in)
{
    struct val meta = val_get(in->pod, "metadata");

    return arena_printf(in->arena, "%s/" STR_FMT "_" STR_FMT "_" STR_FMT, in->node->log_root,
                        STR_ARG(val_str(val_get(meta, "namespace"))),
                        STR_ARG(val_str(val_get(meta, "name"))),
                        STR_ARG(val_str(val_get(meta, "uid"))));
}

/* ---- the sandbox ---- */

static Cri__PodSandboxMetadata *
metadata(const struct pod_config_in *in, uint32_t attempt)
{
    Cri__PodSandboxMetadata *out =
        pod_config_new(in->arena, &cri__pod_sandbox_metadata__descriptor);
    struct val meta = val_get(in->pod, "metadata");

    out->name = pod_config_text(in->arena, val_str(val_get(meta, "name")));
    out->namespace_ = pod_config_text(in->arena, val_str(val_get(meta, "namespace")));
    out->uid = pod_config_text(in->arena, val_str(val_get(meta, "uid")));
    out->attempt = attempt;
    return out;
}

static size_t
copy_texts(struct arena *arena, const struct str *from, size_t len, char ***ret)
{
    *ret = arena_array(arena, len, sizeof(char *));
    for (size_t i = 0; i < len; i++) {
        (*ret)[i] = pod_config_text(arena, from[i]);
    }
    return len;
}

static Cri__DNSConfig *
dns_config(const struct pod_config_in *in, struct pod_dns *dns)
{
    Cri__DNSConfig *out = pod_config_new(in->arena, &cri__dnsconfig__descriptor);

    pod_dns_make(in->pod, &in->node->dns, in->arena, dns);
    out->n_servers = copy_texts(in->arena, dns->servers, dns->server_len, &out->servers);
    out->n_searches = copy_texts(in->arena, dns->searches, dns->search_len, &out->searches);
    out->n_options = copy_texts(in->arena, dns->options, dns->option_len, &out->options);
    return out;
}

static Cri__Protocol
protocol_of(struct val port)
{
    struct str name = val_str(val_get(port, "protocol"));

    return str_is(name, "UDP")    ? CRI__PROTOCOL__UDP
           : str_is(name, "SCTP") ? CRI__PROTOCOL__SCTP
                                  : CRI__PROTOCOL__TCP;
}

/* Ports with a host port, of main containers and sidecars alike. */
static void
port_mappings(const struct pod_config_in *in, Cri__PodSandboxConfig *out)
{
    static const char *const lists[] = { "spec.containers", "spec.initContainers" };
    enum { PORTS_MAX = 1000 };
    Cri__PortMapping **ports = arena_array(in->arena, PORTS_MAX, sizeof(*ports));

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (container, val_at(in->pod, lists[i])) {
            VAL_EACH (it, val_get(container.value, "ports")) {
                int64_t host_port = val_int(val_get(it.value, "hostPort"), 0);

                if (host_port == 0 || out->n_port_mappings == PORTS_MAX) {
                    continue;
                }
                Cri__PortMapping *port = pod_config_new(in->arena, &cri__port_mapping__descriptor);
                port->host_port = (int32_t)host_port;
                port->container_port = (int32_t)val_int(val_get(it.value, "containerPort"), 0);
                port->protocol = protocol_of(it.value);
                port->host_ip = pod_config_text(in->arena, val_str(val_get(it.value, "hostIP")));
                ports[out->n_port_mappings++] = port;
            }
        }
    }
    out->port_mappings = ports;
}

static bool
has_privileged(struct val pod)
{
    static const char *const lists[] = { "spec.containers", "spec.initContainers" };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_at(pod, lists[i])) {
            if (val_bool(val_at(it.value, "securityContext.privileged"), false)) {
                return true;
            }
        }
    }
    return false;
}

static Cri__LinuxSandboxSecurityContext *
security(const struct pod_config_in *in)
{
    Cri__LinuxSandboxSecurityContext *out =
        pod_config_new(in->arena, &cri__linux_sandbox_security_context__descriptor);
    struct val context = val_at(in->pod, "spec.securityContext");

    out->privileged = has_privileged(in->pod);
    out->seccomp = pod_config_new(in->arena, &cri__security_profile__descriptor);
    out->seccomp->profile_type = CRI__PROFILE_TYPE__RuntimeDefault;
    out->namespace_options = pod_config_namespaces(in);
    if (val_is(val_get(context, "runAsUser"))) {
        out->run_as_user = pod_config_int(in->arena, val_int(val_get(context, "runAsUser"), 0));
    }
    if (val_is(val_get(context, "runAsGroup")) && out->run_as_user != NULL) {
        out->run_as_group = pod_config_int(in->arena, val_int(val_get(context, "runAsGroup"), 0));
    }
    out->n_supplemental_groups = pod_config_groups(in, &out->supplemental_groups);
    out->supplemental_groups_policy = pod_config_groups_policy(in);
    return out;
}

static Cri__LinuxPodSandboxConfig *
linux_config(const struct pod_config_in *in)
{
    Cri__LinuxPodSandboxConfig *out =
        pod_config_new(in->arena, &cri__linux_pod_sandbox_config__descriptor);
    struct pod_config_pairs sysctls = {
        .arena = in->arena,
        .type = &cri__linux_pod_sandbox_config__sysctls_entry__descriptor,
    };

    out->cgroup_parent = pod_config_text(
        in->arena, pod_limits_cgroup(in->pod, in->node->has_systemd_cgroups, in->arena));
    out->security_context = security(in);
    VAL_EACH (it, val_at(in->pod, "spec.securityContext.sysctls")) {
        char *name = pod_config_text(in->arena, val_str(val_get(it.value, "name")));

        for (char *c = name; *c != '\0'; c++) {
            *c = *c == '/' ? '.' : *c;
        }
        pod_config_pair(&sysctls, str_of(name), val_str(val_get(it.value, "value")));
    }
    out->sysctls = (Cri__LinuxPodSandboxConfig__SysctlsEntry **)sysctls.at;
    out->n_sysctls = sysctls.len;
    return out;
}

Cri__PodSandboxConfig *
pod_config_sandbox(const struct pod_config_in *in, uint32_t attempt, struct pod_dns *dns)
{
    Cri__PodSandboxConfig *out = pod_config_new(in->arena, &cri__pod_sandbox_config__descriptor);
    struct pod_config_pairs labels = { .arena = in->arena,
                                       .type = &cri__pod_sandbox_config__labels_entry__descriptor };
    struct pod_config_pairs annotations = {
        .arena = in->arena, .type = &cri__pod_sandbox_config__annotations_entry__descriptor
    };
    struct pod_dns own;

    out->metadata = metadata(in, attempt);
    if (!val_bool(val_at(in->pod, "spec.hostNetwork"), false)) {
        /* On the node's network runc refuses a host name. */
        struct str domain = pod_dns_domain(in->pod, in->node->dns.cluster_domain, in->arena);
        struct str name = pod_dns_hostname(in->pod, in->arena);

        if (val_bool(val_at(in->pod, "spec.setHostnameAsFQDN"), false) && domain.size > 0) {
            name = arena_printf(in->arena, STR_FMT "." STR_FMT, STR_ARG(name), STR_ARG(domain));
        }
        out->hostname = pod_config_text(in->arena, name);
    }
    out->log_directory = pod_config_text(in->arena, pod_config_log_dir(in));
    out->dns_config = dns_config(in, dns != NULL ? dns : &own);
    port_mappings(in, out);
    pod_config_pair_all(&labels, val_at(in->pod, "metadata.labels"));
    pod_config_owner(&labels, in->pod);
    pod_config_pair_all(&annotations, val_at(in->pod, "metadata.annotations"));
    out->labels = (Cri__PodSandboxConfig__LabelsEntry **)labels.at;
    out->n_labels = labels.len;
    out->annotations = (Cri__PodSandboxConfig__AnnotationsEntry **)annotations.at;
    out->n_annotations = annotations.len;
    out->on_linux = linux_config(in);
    return out;
}
