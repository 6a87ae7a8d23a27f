/* Rules of containers: validateContainers, validateInitContainers and validateEphemeralContainers
 * of release 1.35, with probes, lifecycle, ports and environment.
 *
 * Called by kind_pod_check.c; pure, any thread. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

static const char *const container_pull_policies[] = { "Always", "IfNotPresent", "Never", NULL };
static const char *const container_protocols[] = { "SCTP", "TCP", "UDP", NULL };

static void container_check_common(const struct pod_check *pod, struct val container,
                                   const struct field_path *path);
static void container_check_ports(struct causes *out, struct val ports,
                                  const struct field_path *path);
static void container_check_env(const struct pod_check *pod, struct val env,
                                const struct field_path *path);
static void container_check_env_from(struct causes *out, struct val sources,
                                     const struct field_path *path);
static void container_check_resize(const struct pod_check *pod, struct val policies,
                                   const struct field_path *path);
static void container_check_probes(const struct pod_check *pod, struct val container,
                                   const struct field_path *path);
static void container_check_handler(const struct pod_check *pod, struct val handler,
                                    const struct field_path *path);
static void container_check_lifecycle(const struct pod_check *pod, struct val container,
                                      const struct field_path *path);
static void container_check_restart(struct causes *out, struct val container,
                                    const struct field_path *path);
static void container_check_host_ports(struct causes *out, struct val container,
                                       const struct field_path *path, struct check_seen *seen);
static void container_check_regular(const struct pod_check *pod, const struct field_path *spec_path,
                                    struct check_seen *names);
static void container_check_init(const struct pod_check *pod, const struct field_path *spec_path,
                                 struct check_seen *names);
static void container_check_ephemeral(const struct pod_check *pod,
                                      const struct field_path *spec_path);

void
kind_container_check_all(const struct pod_check *pod, const struct field_path *path)
{
    struct check_seen names = { .arena = pod->out->arena };
    container_check_regular(pod, path, &names);
    container_check_init(pod, path, &names);
    container_check_ephemeral(pod, path);
}

/* Rules that hold for pods and not for templates, which may be stored with such values. */
void
kind_container_check_only_pod(const struct pod_check *pod, const struct field_path *path,
                              const char *list)
{
    struct field_path at = check_at(path, list);
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, list)) {
        struct field_path item = check_item(&at, index++);
        struct val image = val_get(it.value, "image");
        if (str_trim(val_str(image)).size != val_str(image).size) {
            check_invalid(pod->out, &item, "image", image,
                          "must not have leading or trailing whitespace");
        }
    }
}

/* ---- the three lists ---- */

static void
container_check_regular(const struct pod_check *pod, const struct field_path *spec_path,
                        struct check_seen *names)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(spec_path, "containers");
    struct check_seen host_ports = { .arena = out->arena };
    struct val containers = val_get(pod->spec, "containers");
    if (val_len(containers) == 0) {
        check_required(out, &list, NULL, NULL);
    }
    size_t index = 0;
    VAL_EACH (it, containers) {
        struct field_path path = check_item(&list, index++);
        struct val name = val_get(it.value, "name");
        container_check_common(pod, it.value, &path);
        if (check_seen_has(names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &path, "name", name, NULL);
        } else {
            check_seen_add(names, val_str(name));
        }
        container_check_lifecycle(pod, it.value, &path);
        container_check_probes(pod, it.value, &path);
        container_check_restart(out, it.value, &path);
    }
    index = 0;
    VAL_EACH (it, containers) {
        struct field_path path = check_item(&list, index++);
        container_check_host_ports(out, it.value, &path, &host_ports);
    }
}

static void
container_check_init(const struct pod_check *pod, const struct field_path *spec_path,
                     struct check_seen *names)
{
    static const char *const only_sidecars[] = { "lifecycle", "livenessProbe", "readinessProbe",
                                                 "startupProbe" };
    struct causes *out = pod->out;
    struct field_path list = check_at(spec_path, "initContainers");
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "initContainers")) {
        struct field_path path = check_item(&list, index++), first = check_item(&list, 0);
        struct val name = val_get(it.value, "name"), policy = val_get(it.value, "restartPolicy");
        struct val rules = val_get(it.value, "restartPolicyRules");
        bool is_sidecar = val_is_str(policy, "Always");
        container_check_common(pod, it.value, &path);
        if (is_sidecar && val_len(rules) > 0) {
            check_forbidden(out, &path, "restartPolicyRules",
                            "restartPolicyRules are not allowed for init containers with restart "
                            "policy Always");
        } else if (!is_sidecar) {
            container_check_restart(out, it.value, &path);
        }
        if (check_seen_has(names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &path, "name", name, NULL);
        } else if (val_str(name).size > 0) {
            check_seen_add(names, val_str(name));
        }
        /* Each alone, and upstream counts it as the first of its list. */
        struct check_seen host_ports = { .arena = out->arena };
        container_check_host_ports(out, it.value, &first, &host_ports);
        if (is_sidecar) {
            container_check_lifecycle(pod, it.value, &path);
            container_check_probes(pod, it.value, &path);
        }
        for (size_t i = 0; i < ARRAY_LEN(only_sidecars) && !is_sidecar; i++) {
            if (val_is(val_get(it.value, only_sidecars[i]))) {
                check_forbidden(out, &path, only_sidecars[i],
                                "may not be set for init containers without restartPolicy=Always");
            }
        }
    }
}

static void
container_check_ephemeral(const struct pod_check *pod, const struct field_path *spec_path)
{
    static const char *const lists[] = { "containers", "initContainers" };
    /* In the order of the struct. */
    static const char *const forbidden[] = {
        "ports",         "resources",      "resizePolicy", "restartPolicy", "restartPolicyRules",
        "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
    };
    struct causes *out = pod->out;
    struct field_path list = check_at(spec_path, "ephemeralContainers");
    struct check_seen names = { .arena = out->arena }, others = { .arena = out->arena };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(pod->spec, lists[i])) {
            check_seen_add(&names, val_str(val_get(it.value, "name")));
            check_seen_add(&others, val_str(val_get(it.value, "name")));
        }
    }
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "ephemeralContainers")) {
        struct field_path path = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), image = val_get(it.value, "image");
        struct val target = val_get(it.value, "targetContainerName");
        container_check_common(pod, it.value, &path);
        if (str_trim(val_str(image)).size != val_str(image).size) {
            check_invalid(out, &path, "image", image,
                          "must not have leading or trailing whitespace");
        }
        if (check_seen_has(&names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &path, "name", name, NULL);
        } else {
            check_seen_add(&names, val_str(name));
        }
        if (val_str(target).size > 0 && !check_seen_has(&others, val_str(target))) {
            causes_add(out, CAUSE_NOT_FOUND, &path, "targetContainerName", target, NULL);
        }
        for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
            struct val v = val_get(it.value, forbidden[i]);
            bool is_set = val_type(v) == DOC_OBJECT && strcmp(forbidden[i], "resources") == 0
                              ? val_len(v) > 0
                              : check_has(v);
            if (is_set) {
                check_forbidden(out, &path, forbidden[i],
                                "cannot be set for an Ephemeral Container");
            }
        }
        struct field_path mounts = check_at(&path, "volumeMounts");
        size_t nth = 0;
        VAL_EACH (mount, val_get(it.value, "volumeMounts")) {
            struct field_path place = check_item(&mounts, nth++);
            static const char *const paths[] = { "subPath", "subPathExpr" };
            for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
                if (check_has(val_get(mount.value, paths[i]))) {
                    check_forbidden(out, &place, paths[i],
                                    "cannot be set for an Ephemeral Container");
                }
            }
        }
    }
}

/* ---- what all containers have ---- */

static void
container_check_common(const struct pod_check *pod, struct val container,
                       const struct field_path *path)
{
    static const char *const message_policies[] = { "File", "FallbackToLogsOnError", NULL };
    struct causes *out = pod->out;
    struct val name = val_get(container, "name");
    if (check_has(name)) {
        check_name(out, path, "name", name, validate_name_label);
    } else {
        check_required(out, path, "name", NULL);
    }
    if (!check_has(val_get(container, "image"))) {
        check_required(out, path, "image", NULL);
    }
    check_enum(out, path, "terminationMessagePolicy",
               val_get(container, "terminationMessagePolicy"), message_policies);
    container_check_ports(out, val_get(container, "ports"), path);
    container_check_env(pod, val_get(container, "env"), path);
    container_check_env_from(out, val_get(container, "envFrom"), path);
    kind_mount_check(pod, container, path);
    check_enum(out, path, "imagePullPolicy", val_get(container, "imagePullPolicy"),
               container_pull_policies);
    struct field_path resources = check_at(path, "resources");
    kind_resource_check(pod, val_get(container, "resources"), &resources, false);
    container_check_resize(pod, val_get(container, "resizePolicy"), path);
    struct field_path context = check_at(path, "securityContext");
    kind_security_check_container(pod, val_get(container, "securityContext"), &context);
}

static void
container_check_ports(struct causes *out, struct val ports, const struct field_path *path)
{
    struct field_path list = check_at(path, "ports");
    struct check_seen names = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, ports) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), port = val_get(it.value, "containerPort");
        if (check_has(name)) {
            struct problems found = { 0 };
            validate_port_name(val_str(name), &found);
            validate_put_problems(&found, &item, "name", name, out);
            if (found.len == 0 && check_seen_has(&names, val_str(name))) {
                causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
            } else if (found.len == 0) {
                check_seen_add(&names, val_str(name));
            }
        }
        if (val_int(port, 0) == 0) {
            check_required(out, &item, "containerPort", NULL);
        } else {
            check_port(out, &item, "containerPort", port);
        }
        if (val_int(val_get(it.value, "hostPort"), 0) != 0) {
            check_port(out, &item, "hostPort", val_get(it.value, "hostPort"));
        }
        check_enum(out, &item, "protocol", val_get(it.value, "protocol"), container_protocols);
    }
}

static void
container_check_key_ref(struct causes *out, struct val ref, const struct field_path *path)
{
    struct val key = val_get(ref, "key");
    check_name(out, path, "name", val_get(ref, "name"), validate_name_subdomain);
    if (check_has(key)) {
        check_config_key(out, path, "key", key);
    } else {
        check_required(out, path, "key", NULL);
    }
}

static void
container_check_file_ref(struct causes *out, struct val ref, const struct field_path *path)
{
    struct val key = val_get(ref, "key"), volume = val_get(ref, "volumeName");
    struct val file = val_get(ref, "path");
    if (check_has(key)) {
        check_env_name(out, path, "key", key);
    } else {
        check_required(out, path, "key", NULL);
    }
    if (check_has(volume)) {
        check_name(out, path, "volumeName", volume, validate_name_label);
    } else {
        check_required(out, path, "volumeName", NULL);
    }
    if (check_has(file)) {
        check_backsteps(out, path, "path", file);
    } else {
        check_required(out, path, "path", NULL);
    }
}

static void
container_check_value_from(struct causes *out, struct val var, const struct field_path *path)
{
    static const char *const members[] = { "fieldRef", "resourceFieldRef", "configMapKeyRef",
                                           "secretKeyRef", "fileKeyRef" };
    struct val from = val_get(var, "valueFrom");
    size_t sources = 0;
    if (!val_is(from)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val ref = val_get(from, members[i]);
        struct field_path at = check_at(path, members[i]);
        if (!val_is(ref)) {
            continue;
        }
        sources++;
        if (i == 0) {
            kind_downward_check_field(out, ref, false, &at);
        } else if (i == 1) {
            kind_downward_check_resource(out, ref, false, &at);
        } else if (i < 4) {
            container_check_key_ref(out, ref, &at);
        } else {
            container_check_file_ref(out, ref, &at);
        }
    }
    struct val none = { 0 };
    if (sources == 0) {
        check_invalid(out, path, NULL, none,
                      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
                      "`secretKeyRef` or `fileKeyRef`");
    } else if (check_has(val_get(var, "value"))) {
        check_invalid(out, path, NULL, none, "may not be specified when `value` is not empty");
    } else if (sources > 1) {
        check_invalid(out, path, NULL, none,
                      "may not have more than one field specified at a time");
    }
}

static void
container_check_env(const struct pod_check *pod, struct val env, const struct field_path *path)
{
    struct field_path list = check_at(path, "env");
    size_t index = 0;
    VAL_EACH (it, env) {
        struct field_path item = check_item(&list, index++);
        struct field_path from = check_at(&item, "valueFrom");
        struct val name = val_get(it.value, "name");
        if (check_has(name)) {
            check_env_name(pod->out, &item, "name", name);
        } else {
            check_required(pod->out, &item, "name", NULL);
        }
        container_check_value_from(pod->out, it.value, &from);
    }
}

static void
container_check_env_from(struct causes *out, struct val sources, const struct field_path *path)
{
    static const char *const members[] = { "configMapRef", "secretRef" };
    struct field_path list = check_at(path, "envFrom");
    size_t index = 0;
    VAL_EACH (it, sources) {
        struct field_path item = check_item(&list, index++);
        struct val prefix = val_get(it.value, "prefix"), none = { 0 };
        size_t len = 0;
        if (check_has(prefix)) {
            check_env_name(out, &item, "prefix", prefix);
        }
        for (size_t i = 0; i < ARRAY_LEN(members); i++) {
            struct val ref = val_get(it.value, members[i]), name = val_get(ref, "name");
            struct field_path at = check_at(&item, members[i]);
            struct problems found = { 0 };
            len += val_is(ref) ? 1 : 0;
            if (val_is(ref) && !check_has(name)) {
                check_required(out, &at, "name", NULL);
            } else if (val_is(ref)) {
                validate_name_subdomain(val_str(name), true, &found);
                validate_put_problems(&found, &at, "name", name, out);
            }
        }
        if (len == 0) {
            check_invalid(out, &list, NULL, none,
                          "must specify one of: `configMapRef` or `secretRef`");
        } else if (len > 1) {
            check_invalid(out, &list, NULL, none,
                          "may not have more than one field specified at a time");
        }
    }
}

static void
container_check_resize(const struct pod_check *pod, struct val policies,
                       const struct field_path *path)
{
    static const char *const resources[] = { "cpu", "memory", NULL };
    static const char *const restarts[] = { "NotRequired", "RestartContainer", NULL };
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "resizePolicy");
    struct check_seen seen = { .arena = out->arena };
    bool is_never = val_is_str(val_get(pod->spec, "restartPolicy"), "Never");
    size_t index = 0;
    VAL_EACH (it, policies) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "resourceName");
        struct val restart = val_get(it.value, "restartPolicy");
        if (check_seen_has(&seen, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "", name, NULL);
        }
        check_seen_add(&seen, val_str(name));
        check_enum(out, &list, NULL, name, resources);
        check_enum(out, &list, NULL, restart, restarts);
        if (is_never && !val_is_str(restart, "NotRequired")) {
            check_invalid(out, &list, NULL, restart,
                          "must be 'NotRequired' when `restartPolicy` is 'Never'");
        }
    }
}

static void
container_check_restart(struct causes *out, struct val container, const struct field_path *path)
{
    static const char *const policies[] = { "Always", "Never", "OnFailure", NULL };
    static const char *const actions[] = { "Restart", NULL };
    static const char *const operators[] = { "In", "NotIn", NULL };
    enum { RULES_MAX = 20, VALUES_MAX = 255 };
    struct val policy = val_get(container, "restartPolicy");
    struct val rules = val_get(container, "restartPolicyRules");
    struct field_path list = check_at(path, "restartPolicyRules");
    if (val_is(policy)) {
        check_enum_as(out, path, "restartPolicy", policy, policies);
    } else if (val_len(rules) > 0) {
        check_required(out, path, "restartPolicy",
                       "must specify restartPolicy when restart rules are used");
    }
    if (val_len(rules) > RULES_MAX) {
        check_too_long(out, &list, NULL, RULES_MAX);
    }
    size_t index = 0;
    VAL_EACH (it, rules) {
        struct field_path item = check_item(&list, index++);
        struct val codes = val_get(it.value, "exitCodes");
        check_enum_as(out, &item, "action", val_get(it.value, "action"), actions);
        if (!val_is(codes)) {
            check_required(out, &item, "exitCodes", "must be specified");
            continue;
        }
        check_enum_as(out, &item, "exitCodes.operator", val_get(codes, "operator"), operators);
        if (val_len(val_get(codes, "values")) > VALUES_MAX) {
            check_too_long(out, &item, "exitCodes.values", VALUES_MAX);
        }
    }
}

static void
container_check_host_ports(struct causes *out, struct val container, const struct field_path *path,
                           struct check_seen *seen)
{
    struct field_path list = check_at(path, "ports");
    size_t index = 0;
    VAL_EACH (it, val_get(container, "ports")) {
        struct field_path item = check_item(&list, index++);
        int64_t port = val_int(val_get(it.value, "hostPort"), 0);
        if (port == 0) {
            continue;
        }
        struct str key =
            arena_printf(out->arena, STR_FMT "/" STR_FMT "/%lld",
                         STR_ARG(val_str(val_get(it.value, "protocol"))),
                         STR_ARG(val_str(val_get(it.value, "hostIP"))), (long long)port);
        if (check_seen_has(seen, key)) {
            causes_add_text(out, CAUSE_DUPLICATE, &item, "hostPort", key, NULL);
        } else {
            check_seen_add(seen, key);
        }
    }
}

/* ---- probes and lifecycle ---- */

static void
container_check_probes(const struct pod_check *pod, struct val container,
                       const struct field_path *path)
{
    static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };
    static const char *const numbers[] = { "initialDelaySeconds", "timeoutSeconds", "periodSeconds",
                                           "successThreshold", "failureThreshold" };
    struct causes *out = pod->out;
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        struct val probe = val_get(container, probes[i]);
        struct field_path at = check_at(path, probes[i]);
        struct val grace = val_get(probe, "terminationGracePeriodSeconds");
        if (!val_is(probe)) {
            continue;
        }
        container_check_handler(pod, probe, &at);
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
            check_nonnegative(out, &at, numbers[k], val_get(probe, numbers[k]));
        }
        if (val_is(grace) && val_int(grace, 0) <= 0) {
            check_invalid(out, &at, "terminationGracePeriodSeconds", grace,
                          "must be greater than 0");
        }
        bool is_readiness = i == 1;
        if (is_readiness && val_is(grace)) {
            check_invalid(out, &at, "terminationGracePeriodSeconds", grace,
                          "must not be set for readinessProbes");
        } else if (!is_readiness && val_int(val_get(probe, "successThreshold"), 0) != 1) {
            check_invalid(out, &at, "successThreshold", val_get(probe, "successThreshold"),
                          "must be 1");
        }
    }
}

static void
container_check_http(struct causes *out, struct val http, const struct field_path *path)
{
    static const char *const schemes[] = { "HTTP", "HTTPS", NULL };
    if (!check_has(val_get(http, "path"))) {
        check_required(out, path, "path", NULL);
    }
    check_port_or_name(out, path, "port", val_get(http, "port"));
    check_enum_as(out, path, "scheme", val_get(http, "scheme"), schemes);
    VAL_EACH (it, val_get(http, "httpHeaders")) {
        struct val name = val_get(it.value, "name");
        struct str text = val_str(name);
        bool is_fine = text.size > 0;
        for (size_t i = 0; i < text.size; i++) {
            char c = text.at[i];
            is_fine = is_fine && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || c == '-');
        }
        if (!is_fine) {
            check_invalid(out, path, "httpHeaders", name,
                          "a valid HTTP header must consist of alphanumeric characters or '-' "
                          "(e.g. 'X-Header-Name', regex used for validation is "
                          "'[-A-Za-z0-9]+')");
        }
    }
}

static void
container_check_sleep(const struct pod_check *pod, struct val sleep, const struct field_path *path)
{
    struct val grace = val_get(pod->spec, "terminationGracePeriodSeconds");
    int64_t seconds = val_int(val_get(sleep, "seconds"), 0);
    if (val_is(grace) && (seconds < 0 || seconds > val_int(grace, 0))) {
        causes_add(pod->out, CAUSE_INVALID, path, "", val_get(sleep, "seconds"),
                   "must be non-negative and less than terminationGracePeriodSeconds (%lld)",
                   (long long)val_int(grace, 0));
    }
}

static void
container_check_handler(const struct pod_check *pod, struct val handler,
                        const struct field_path *path)
{
    static const char *const members[] = { "exec", "httpGet", "tcpSocket", "grpc", "sleep" };
    struct causes *out = pod->out;
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val action = val_get(handler, members[i]);
        struct field_path at = check_at(path, members[i]);
        if (!val_is(action)) {
            continue;
        }
        if (len++ > 0) {
            check_forbidden(out, &at, NULL, "may not specify more than 1 handler type");
        } else if (i == 0 && val_len(val_get(action, "command")) == 0) {
            check_required(out, &at, "command", NULL);
        } else if (i == 1) {
            container_check_http(out, action, &at);
        } else if (i == 2) {
            check_port_or_name(out, &at, "port", val_get(action, "port"));
        } else if (i == 3) {
            check_port(out, &at, "port", val_get(action, "port"));
        } else if (i == 4) {
            container_check_sleep(pod, action, &at);
        }
    }
    if (len == 0) {
        check_required(out, path, NULL, "must specify a handler type");
    }
}

static void
container_check_lifecycle(const struct pod_check *pod, struct val container,
                          const struct field_path *path)
{
    static const char *const members[] = { "postStart", "preStop" };
    struct field_path at = check_at(path, "lifecycle");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val handler = val_get(val_get(container, "lifecycle"), members[i]);
        struct field_path hook = check_at(&at, members[i]);
        if (val_is(handler)) {
            container_check_handler(pod, handler, &hook);
        }
    }
}
