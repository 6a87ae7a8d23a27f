/* Rules of pods and pod templates: ValidatePodSpec, ValidatePodCreate and ValidatePodTemplateSpec
 * of release 1.35.
 *
 * Named by the row of pods and called by the workloads' checks; pure, any thread. */
#include "config.h"

#include "api/kind_pod_check.h"

#include <string.h>

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/registry.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum {
    POD_HOSTNAME_MAX = 64,
    POD_NAMESERVERS_MAX = 3,
    POD_SEARCHES_MAX = 32,
    POD_SEARCH_SIZE_MAX = 2048,
};

static void pod_check_claims(const struct pod_check *pod, const struct field_path *path);
static void pod_check_host_ports(const struct pod_check *pod, const struct field_path *path);
static void pod_check_dns(const struct pod_check *pod, const struct field_path *path);
static void pod_check_gates(const struct pod_check *pod, const struct field_path *path);
static void pod_check_names(const struct pod_check *pod, const struct field_path *path);
static void pod_check_rest(const struct pod_check *pod, const struct field_path *path);
static void pod_check_file_keys(const struct pod_check *pod, const struct field_path *path);

static struct pod_check
pod_check_of(struct val holder, bool is_pod, struct causes *out)
{
    struct val spec = val_get(holder, "spec");
    return (struct pod_check){
        .out = out,
        .spec = spec,
        .meta = val_get(holder, "metadata"),
        .is_pod = is_pod,
        .uses_host_users = val_bool(val_get(spec, "hostUsers"), true),
    };
}

void
kind_pod_check_spec(const struct pod_check *given, const struct field_path *path)
{
    struct check_seen volumes = { .arena = given->out->arena };
    struct pod_check own = *given, *pod = &own;
    own.volumes = &volumes;
    static const char *const restarts[] = { "Always", "OnFailure", "Never", NULL };
    static const char *const dns_policies[] = { "ClusterFirstWithHostNet", "ClusterFirst",
                                                "Default", "None", NULL };
    struct causes *out = pod->out;
    struct val spec = pod->spec, resources = val_get(spec, "resources");
    struct field_path resources_at = check_at(path, "resources");
    if (!val_is(val_get(spec, "terminationGracePeriodSeconds"))) {
        check_required(out, path, "terminationGracePeriodSeconds", NULL);
    }
    kind_volume_check_all(pod, path);
    pod_check_claims(pod, path);
    kind_container_check_all(pod, path);
    if (val_is(resources) && val_is_str(val_at(spec, "os.name"), "windows")) {
        check_forbidden(out, &resources_at, NULL, "may not be set for a windows pod");
    } else if (val_is(resources)) {
        kind_resource_check(pod, resources, &resources_at, true);
    }
    pod_check_host_ports(pod, path);
    check_enum(out, path, "restartPolicy", val_get(spec, "restartPolicy"), restarts);
    check_enum(out, path, "dnsPolicy", val_get(spec, "dnsPolicy"), dns_policies);
    validate_put_labels(val_get(spec, "nodeSelector"), path, "nodeSelector", out);
    kind_security_check_pod(pod, path);
    kind_affinity_check_affinity(pod, path);
    pod_check_dns(pod, path);
    pod_check_gates(pod, path);
    kind_affinity_check_spread(pod, path);
    kind_security_check_host_process(pod, path);
    kind_security_check_host_users(pod, path);
    pod_check_names(pod, path);
    pod_check_rest(pod, path);
    kind_security_check_os(pod, path);
    pod_check_file_keys(pod, path);
}

static void
pod_check_claims(const struct pod_check *pod, const struct field_path *path)
{
    static const char *const names[] = { "resourceClaimName", "resourceClaimTemplateName" };
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "resourceClaims");
    struct check_seen seen = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "resourceClaims")) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name");
        size_t len = 0;
        if (!check_has(name)) {
            check_required(out, &item, "name", NULL);
        } else if (check_seen_has(&seen, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        } else {
            check_name(out, &item, "name", name, validate_name_label);
            check_seen_add(&seen, val_str(name));
        }
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            len += val_is(val_get(it.value, names[i])) ? 1 : 0;
        }
        if (len == 2) {
            check_invalid(out, &item, NULL, it.value,
                          "at most one of `resourceClaimName` or `resourceClaimTemplateName` may "
                          "be specified");
        } else if (len == 0) {
            check_invalid(out, &item, NULL, it.value,
                          "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
        }
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            struct val ref = val_get(it.value, names[i]);
            if (val_is(ref)) {
                check_name(out, &item, names[i], ref, validate_name_subdomain);
            }
        }
    }
}

static void
pod_check_host_ports(const struct pod_check *pod, const struct field_path *path)
{
    struct field_path list = check_at(path, "containers");
    size_t index = 0;
    if (!val_bool(val_get(pod->spec, "hostNetwork"), false)) {
        return;
    }
    VAL_EACH (container, val_get(pod->spec, "containers")) {
        struct field_path item = check_item(&list, index++), ports = check_at(&item, "ports");
        size_t nth = 0;
        VAL_EACH (it, val_get(container.value, "ports")) {
            struct field_path place = check_item(&ports, nth++);
            struct val port = val_get(it.value, "hostPort");
            int64_t host = val_int(port, 0);
            if ((pod->is_pod || host != 0) &&
                host != val_int(val_get(it.value, "containerPort"), 0)) {
                struct str shown = val_is(port) ? val_raw(port) : STR("0");
                causes_add_json(pod->out, CAUSE_INVALID, &place, "hostPort", shown,
                                "must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

/* ---- DNS ---- */

/* A DNS subdomain whose labels may hold underscores. */
static bool
pod_is_search(struct str text)
{
    struct str rest = text;
    while (rest.at != NULL) {
        struct str label = str_cut(rest, '.', &rest);
        if (label.size > 1 && label.at[0] == '_') {
            label = str_slice(label.at + 1, label.size - 1);
        }
        for (size_t i = 0; i < label.size; i++) {
            char c = label.at[i];
            bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            bool is_edge = i == 0 || i + 1 == label.size;
            if (!is_plain && (is_edge || (c != '-' && c != '_'))) {
                return false;
            }
        }
        if (label.size == 0) {
            return false;
        }
    }
    return true;
}

static void
pod_check_search(struct causes *out, struct val search, const struct field_path *path)
{
    enum { NAME_MAX_SIZE = 253 };
    struct str text = val_str(search);
    if (str_is(text, ".")) {
        return;
    }
    if (text.size > 0 && text.at[text.size - 1] == '.') {
        text.size--;
    }
    if (text.size > NAME_MAX_SIZE) {
        causes_add_text(out, CAUSE_INVALID, path, "", text, "must be no more than %d characters",
                        NAME_MAX_SIZE);
    }
    if (!pod_is_search(text)) {
        causes_add_text(
            out, CAUSE_INVALID, path, "", text,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'_', '-' or '.', and must start and end with an alphanumeric character (e.g. "
            "'example.com', regex used for validation is "
            "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')");
    }
}

static void
pod_check_dns_lists(struct causes *out, struct val config, const struct field_path *path)
{
    struct val servers = val_get(config, "nameservers"), searches = val_get(config, "searches");
    struct field_path server_list = check_at(path, "nameservers");
    struct field_path search_list = check_at(path, "searches");
    struct field_path option_list = check_at(path, "options");
    size_t index = 0, size = 0;
    if (val_len(servers) > POD_NAMESERVERS_MAX) {
        causes_add(out, CAUSE_INVALID, &server_list, "", servers,
                   "must not have more than %d nameservers", POD_NAMESERVERS_MAX);
    }
    VAL_EACH (it, servers) {
        struct field_path item = check_item(&server_list, index++);
        check_ip_legacy(out, &item, NULL, it.value);
    }
    if (val_len(searches) > POD_SEARCHES_MAX) {
        causes_add(out, CAUSE_INVALID, &search_list, "", searches,
                   "must not have more than %d search paths", POD_SEARCHES_MAX);
    }
    VAL_EACH (it, searches) {
        size += val_str(it.value).size + 1;
    }
    if (size > POD_SEARCH_SIZE_MAX + 1) {
        causes_add(out, CAUSE_INVALID, &search_list, "", searches,
                   "must not have more than %d characters (including spaces) in the search list",
                   POD_SEARCH_SIZE_MAX);
    }
    index = 0;
    VAL_EACH (it, searches) {
        struct field_path item = check_item(&search_list, index++);
        pod_check_search(out, it.value, &item);
    }
    index = 0;
    VAL_EACH (it, val_get(config, "options")) {
        struct field_path item = check_item(&option_list, index++);
        if (!check_has(val_get(it.value, "name"))) {
            check_required(out, &item, NULL, "must not be empty");
        }
    }
}

static void
pod_check_dns(const struct pod_check *pod, const struct field_path *path)
{
    struct field_path at = check_at(path, "dnsConfig");
    struct val config = val_get(pod->spec, "dnsConfig");
    bool is_none = val_is_str(val_get(pod->spec, "dnsPolicy"), "None");
    if (is_none && !val_is(config)) {
        check_required(pod->out, &at, NULL, "must provide `dnsConfig` when `dnsPolicy` is None");
    } else if (is_none && val_len(val_get(config, "nameservers")) == 0) {
        check_required(pod->out, &at, "nameservers",
                       "must provide at least one DNS nameserver when `dnsPolicy` is None");
    } else if (val_is(config)) {
        pod_check_dns_lists(pod->out, config, &at);
    }
}

/* ---- names ---- */

static void
pod_check_gates(const struct pod_check *pod, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path readiness = check_at(path, "readinessGates");
    struct field_path scheduling = check_at(path, "schedulingGates");
    struct check_seen seen = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "readinessGates")) {
        struct field_path item = check_item(&readiness, index++);
        check_label_key(out, &item, "conditionType", val_get(it.value, "conditionType"));
    }
    index = 0;
    VAL_EACH (it, val_get(pod->spec, "schedulingGates")) {
        struct field_path item = check_item(&scheduling, index++);
        struct val name = val_get(it.value, "name");
        check_label_key(out, &item, NULL, name);
        if (check_seen_has(&seen, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "", name, NULL);
        }
        check_seen_add(&seen, val_str(name));
    }
}

static void
pod_check_host_name(const struct pod_check *pod, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct val name = val_get(pod->spec, "hostnameOverride");
    if (!val_is(name)) {
        return;
    }
    if (val_bool(val_get(pod->spec, "setHostnameAsFQDN"), false)) {
        check_forbidden(out, path, "hostnameOverride",
                        "may not be specified when setHostnameAsFQDN is true");
    }
    if (val_bool(val_get(pod->spec, "hostNetwork"), false)) {
        check_forbidden(out, path, "hostnameOverride",
                        "may not be specified when hostNetwork is true");
    }
    if (val_str(name).size > POD_HOSTNAME_MAX) {
        check_too_long(out, path, "hostnameOverride", POD_HOSTNAME_MAX);
    }
    check_name(out, path, "hostnameOverride", name, validate_name_subdomain);
}

static void
pod_check_names(const struct pod_check *pod, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct val deadline = val_get(pod->spec, "activeDeadlineSeconds");
    static const char *const subdomains[] = { "serviceAccountName", "nodeName" };
    static const char *const labels[] = { "hostname", "subdomain" };
    pod_check_host_name(pod, path);
    for (size_t i = 0; i < ARRAY_LEN(subdomains); i++) {
        struct val name = val_get(pod->spec, subdomains[i]);
        if (check_has(name)) {
            check_name(out, path, subdomains[i], name, validate_name_subdomain);
        }
    }
    if (val_is(deadline)) {
        check_range(out, path, "activeDeadlineSeconds", deadline, 1, INT32_MAX);
    }
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        struct val name = val_get(pod->spec, labels[i]);
        if (check_has(name)) {
            check_name(out, path, labels[i], name, validate_name_label);
        }
    }
}

static void
pod_check_rest(const struct pod_check *pod, const struct field_path *path)
{
    static const char *const preemptions[] = { "PreemptLowerPriority", "Never", NULL };
    struct causes *out = pod->out;
    struct field_path tolerations = check_at(path, "tolerations");
    struct field_path aliases = check_at(path, "hostAliases");
    struct field_path overhead_at = check_at(path, "overhead");
    struct field_path limits = check_at(&overhead_at, "limits");
    struct val priority = val_get(pod->spec, "priorityClassName");
    struct val runtime = val_get(pod->spec, "runtimeClassName");
    struct val preemption = val_get(pod->spec, "preemptionPolicy");
    size_t index = 0;
    kind_affinity_check_tolerations(out, val_get(pod->spec, "tolerations"), &tolerations);
    VAL_EACH (it, val_get(pod->spec, "hostAliases")) {
        struct field_path item = check_item(&aliases, index++);
        struct field_path names = check_at(&item, "hostnames");
        size_t nth = 0;
        check_ip_legacy(out, &item, "ip", val_get(it.value, "ip"));
        VAL_EACH (name, val_get(it.value, "hostnames")) {
            struct field_path place = check_item(&names, nth++);
            check_name(out, &place, NULL, name.value, validate_name_subdomain);
        }
    }
    if (check_has(priority)) {
        check_name(out, path, "priorityClassName", priority, validate_name_subdomain);
    }
    if (val_is(runtime)) {
        check_name(out, path, "runtimeClassName", runtime, validate_name_subdomain);
    }
    if (val_is(preemption)) {
        check_enum(out, path, "preemptionPolicy", preemption, preemptions);
    }
    VAL_EACH (it, val_get(pod->spec, "overhead")) { /* upstream checks it as limits */
        struct field_path place = check_key(&limits, it.key);
        kind_resource_check_name(out, it.key, &place);
        kind_resource_check_quantity(out, it.key, it.value, &place);
    }
}

/* validateFileKeyRefVolumes */
static void
pod_check_file_keys(const struct pod_check *pod, const struct field_path *path)
{
    static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(path, lists[i]);
        size_t index = 0;
        VAL_EACH (container, val_get(pod->spec, lists[i])) {
            struct field_path item = check_item(&list, index++), env = check_at(&item, "env");
            size_t nth = 0;
            VAL_EACH (it, val_get(container.value, "env")) {
                static const char member[] = "valueFrom.fileKeyRef.volumeName";
                struct field_path place = check_item(&env, nth++);
                struct val from = val_get(it.value, "valueFrom");
                struct val name = val_at(from, "fileKeyRef.volumeName");
                struct val volume = { 0 };
                if (!val_is(from) || !val_is(val_get(from, "fileKeyRef"))) {
                    continue;
                }
                volume = kind_volume_check_find(pod->spec, val_str(name));
                if (!val_is(volume)) {
                    causes_add(pod->out, CAUSE_NOT_FOUND, &place, member, name, NULL);
                } else if (!val_is(val_get(volume, "emptyDir"))) {
                    check_invalid(pod->out, &place, member, name,
                                  "referenced volume must be of type emptyDir");
                }
            }
        }
    }
}

/* ---- whole pods and templates ---- */

/* A token needs an account. */
static void
pod_check_tokens(const struct pod_check *pod, const struct field_path *spec_path)
{
    struct field_path list = check_at(spec_path, "volumes");
    size_t index = 0;
    if (check_has(val_get(pod->spec, "serviceAccountName"))) {
        return;
    }
    VAL_EACH (volume, val_get(pod->spec, "volumes")) {
        struct field_path item = check_item(&list, index++);
        struct field_path projected = check_at(&item, "projected");
        struct field_path sources = check_at(&projected, "sources");
        size_t nth = 0;
        VAL_EACH (it, val_at(volume.value, "projected.sources")) {
            struct field_path place = check_item(&sources, nth++);
            if (val_is(val_get(it.value, "serviceAccountToken"))) {
                check_forbidden(pod->out, &place, "serviceAccountToken",
                                "must not be specified when serviceAccountName is not set");
            }
        }
    }
}

void
kind_pod_check_whole(const struct check_in *in, struct causes *out)
{
    struct pod_check pod = pod_check_of(in->now, true, out);
    struct field_path meta = check_at(NULL, "metadata"), path = check_at(NULL, "spec");
    struct field_path annotations = check_at(&meta, "annotations");
    kind_pod_annotation_check(&pod, &annotations);
    kind_pod_check_spec(&pod, &path);
    pod_check_tokens(&pod, &path);
    kind_container_check_only_pod(&pod, &path, "containers");
    kind_container_check_only_pod(&pod, &path, "initContainers");
}

/* ValidatePodCreate */
void
kind_pod_check(struct check_in *in, struct causes *out)
{
    struct pod_check pod = pod_check_of(in->now, true, out);
    struct field_path path = check_at(NULL, "spec");
    kind_pod_check_whole(in, out);
    if (val_len(val_get(pod.spec, "ephemeralContainers")) > 0) {
        check_forbidden(out, &path, "ephemeralContainers", "cannot be set on create");
    }
    if (check_has(val_get(pod.spec, "nodeName")) &&
        val_len(val_get(pod.spec, "schedulingGates")) > 0) {
        check_forbidden(out, &path, "nodeName",
                        "cannot be set until all schedulingGates have been cleared");
    }
    kind_pod_annotation_check_fields(&pod, &path);
}

void
kind_pod_check_template(struct val template_value, const struct field_path *path,
                        struct causes *out)
{
    struct pod_check pod = pod_check_of(template_value, false, out);
    struct field_path annotations = check_at(path, "annotations"), spec = check_at(path, "spec");
    validate_put_labels(val_get(pod.meta, "labels"), path, "labels", out);
    validate_put_annotations(val_get(pod.meta, "annotations"), path, "annotations", out);
    kind_pod_annotation_check(&pod, &annotations);
    struct pod_check anonymous = pod;
    anonymous.meta = (struct val){ 0 };
    kind_pod_check_spec(&anonymous, &spec);
    kind_pod_annotation_check_fields(&pod, &spec);
    if (val_len(val_get(pod.spec, "ephemeralContainers")) > 0) {
        check_forbidden(out, &spec, "ephemeralContainers",
                        "ephemeral containers not allowed in pod template");
    }
}

/* ValidatePodTemplate, also on update */
void
kind_pod_check_pod_template(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "template");
    kind_pod_check_template(val_get(in->now, "template"), &path, out);
}

/* ValidatePodBinding */
void
kind_pod_check_binding(struct check_in *in, struct causes *out)
{
    static const char *const kinds[] = { "Node", "<empty>", NULL };
    struct field_path target_at = check_at(NULL, "target");
    struct val target = val_get(in->now, "target"), kind = val_get(target, "kind");
    if (check_has(kind) && !val_is_str(kind, "Node")) {
        causes_add_enum(out, &target_at, "kind", kind, kinds);
    }
    if (!check_has(val_get(target, "name"))) {
        check_required(out, &target_at, "name", NULL);
    }
}
