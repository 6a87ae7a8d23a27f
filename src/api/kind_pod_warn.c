/* Warnings of pods and of what makes pods: GetWarningsForPod and GetWarningsForPodTemplate of release
 * 1.35.
 *
 * Named by rows; called by the API server behind the checks. Pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_warn.h"
#include "api/kinds_priv.h"
#include "api/quantity.h"
#include "base/arena.h"
#include "base/mem.h"

struct pod_warn {
    const struct warn *to;
    const struct field_path *path; /* of the template; NULL: a pod */
    struct field_path spec_at;
    struct val spec, annotations;
};

static const char *const pod_lists[] = { "initContainers", "containers", "ephemeralContainers" };

/* ---- where it may run ---- */

static void
pod_warn_term(const struct pod_warn *pod, struct val term, bool has_loose_values,
              const struct field_path *path)
{
    struct field_path list = check_at(path, "matchExpressions");
    size_t index = 0;
    VAL_EACH (it, val_get(term, "matchExpressions")) {
        struct field_path item = check_item(&list, index++), key_at = check_at(&item, "key");
        struct field_path values = check_at(&item, "values");
        struct str key = val_str(val_get(it.value, "key"));
        const char *instead = kind_warn_node_label(key);
        size_t nth = 0;
        if (instead != NULL) {
            kind_warn_put(pod->to, &key_at, STR_FMT " is %s", STR_ARG(key), instead);
        }
        VAL_EACH (value, val_get(it.value, "values")) {
            struct field_path place = check_item(&values, nth++);
            struct problems found = { 0 };
            validate_label_text(val_str(value.value), &found);
            for (size_t i = 0; i < found.len && has_loose_values; i++) {
                kind_warn_put(pod->to, &place, STR_FMT " is invalid, %s",
                              STR_ARG(val_str(value.value)), found.at[i]);
            }
        }
    }
}

static void
pod_warn_nodes(const struct pod_warn *pod)
{
    struct field_path selector = check_at(&pod->spec_at, "nodeSelector");
    struct field_path affinity = check_at(&pod->spec_at, "affinity");
    struct field_path nodes = check_at(&affinity, "nodeAffinity");
    struct field_path required = check_at(&nodes, "requiredDuringSchedulingIgnoredDuringExecution");
    struct field_path terms = check_at(&required, "nodeSelectorTerms");
    struct field_path preferred =
        check_at(&nodes, "preferredDuringSchedulingIgnoredDuringExecution");
    struct val own = val_at(pod->spec, "affinity.nodeAffinity");
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "nodeSelector")) {
        struct field_path at = check_key(&selector, it.key);
        const char *instead = kind_warn_node_label(it.key);
        if (instead != NULL) {
            kind_warn_put(pod->to, &at, "%s", instead);
        }
    }
    VAL_EACH (it, val_at(own, "requiredDuringSchedulingIgnoredDuringExecution."
                              "nodeSelectorTerms")) {
        struct field_path item = check_item(&terms, index++);
        pod_warn_term(pod, it.value, false, &item);
    }
    index = 0;
    VAL_EACH (it, val_get(own, "preferredDuringSchedulingIgnoredDuringExecution")) {
        struct field_path item = check_item(&preferred, index++);
        struct field_path at = check_at(&item, "preference");
        pod_warn_term(pod, val_get(it.value, "preference"), true, &at);
    }
}

static const char pod_no_selector[] = "a null labelSelector results in matching no pod";

static void
pod_warn_spread(const struct pod_warn *pod)
{
    struct field_path list = check_at(&pod->spec_at, "topologySpreadConstraints");
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "topologySpreadConstraints")) {
        struct field_path item = check_item(&list, index++);
        struct field_path key_at = check_at(&item, "topologyKey");
        struct field_path selector = check_at(&item, "labelSelector");
        struct str key = val_str(val_get(it.value, "topologyKey"));
        const char *instead = kind_warn_node_label(key);
        if (instead != NULL) {
            kind_warn_put(pod->to, &key_at, STR_FMT " is %s", STR_ARG(key), instead);
        }
        if (!val_is(val_get(it.value, "labelSelector"))) {
            kind_warn_put(pod->to, &selector, "%s", pod_no_selector);
        }
    }
}

static void
pod_warn_affinity(const struct pod_warn *pod, const char *member)
{
    static const char *const lists[] = { "requiredDuringSchedulingIgnoredDuringExecution",
                                         "preferredDuringSchedulingIgnoredDuringExecution" };
    struct field_path affinity = check_at(&pod->spec_at, "affinity");
    struct field_path own = check_at(&affinity, member);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(&own, lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(val_get(val_get(pod->spec, "affinity"), member), lists[i])) {
            struct field_path item = check_item(&list, index++);
            struct field_path term_at = check_at(&item, "podAffinityTerm");
            struct field_path at = check_at(i == 0 ? &item : &term_at, "labelSelector");
            struct val term = i == 0 ? it.value : val_get(it.value, "podAffinityTerm");
            if (!val_is(val_get(term, "labelSelector"))) {
                kind_warn_put(pod->to, &at, "%s", pod_no_selector);
            }
        }
    }
}

/* ---- volumes ---- */

static void
pod_warn_fraction(const struct pod_warn *pod, struct val list, const char *name,
                  const struct field_path *path)
{
    struct field_path at = check_key(path, str_of(name));
    struct val amount = val_get(list, name);
    struct quantity q = { 0 };
    if (val_is(amount) && quantity_parse(val_str(amount), &q) == 0 &&
        quantity_milli(q) % 1000 != 0) {
        kind_warn_put(pod->to, &at,
                      "fractional byte value \"" STR_FMT "\" is invalid, must be an integer",
                      STR_ARG(val_str(amount)));
    }
}

static void
pod_warn_claim(const struct pod_warn *pod, struct val volume, const struct field_path *path)
{
    static const char *const lists[] = { "requests", "limits" };
    struct field_path ephemeral = check_at(path, "ephemeral");
    struct field_path at = check_at(&ephemeral, "volumeClaimTemplate");
    struct field_path spec = check_at(&at, "spec"), resources = check_at(&spec, "resources");
    struct val own = val_at(volume, "ephemeral.volumeClaimTemplate.spec.resources");
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(&resources, lists[i]);
        pod_warn_fraction(pod, val_get(own, lists[i]), "storage", &list);
    }
}

static void
pod_warn_volumes(const struct pod_warn *pod)
{
    static const char *const gone[][3] = {
        { "photonPersistentDisk", NULL, "deprecated in v1.11, non-functional in v1.16+" },
        { "gitRepo", NULL, "deprecated in v1.11, and disabled by default in v1.33+" },
        { "scaleIO", NULL, "deprecated in v1.16, non-functional in v1.22+" },
        { "flocker", NULL, "deprecated in v1.22, non-functional in v1.25+" },
        { "storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+" },
        { "quobyte", NULL, "deprecated in v1.22, non-functional in v1.25+" },
        { "glusterfs", NULL, "deprecated in v1.25, non-functional in v1.26+" },
        { "cephfs", NULL, "deprecated in v1.28, non-functional in v1.31+" },
        { "rbd", NULL, "deprecated in v1.28, non-functional in v1.31+" },
    };
    struct field_path list = check_at(&pod->spec_at, "volumes");
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, "volumes")) {
        struct field_path item = check_item(&list, index++);
        for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
            struct field_path at = check_at(&item, gone[i][1] != NULL ? gone[i][1] : gone[i][0]);
            if (val_is(val_get(it.value, gone[i][0]))) {
                kind_warn_put(pod->to, &at, "%s", gone[i][2]);
            }
        }
        pod_warn_claim(pod, it.value, &item);
    }
}

/* A path in a volume and what puts it there ("" for the volume itself). */
struct pod_file {
    struct str path, source;
};
struct pod_files {
    struct pod_file *at;
    size_t len, capacity;
};

static struct str
pod_file_text(struct pod_file file, struct arena *arena)
{
    bool has_source = file.source.size > 0;
    return arena_printf(arena, "\"" STR_FMT "\"%s" STR_FMT "%s", STR_ARG(file.path),
                        has_source ? " (" : "", STR_ARG(file.source), has_source ? ")" : "");
}

static bool
pod_file_covers(struct str dir, struct str path)
{
    return str_has_prefix(path, dir) && (path.size == dir.size || path.at[dir.size] == '/');
}

/* Warns of each earlier file that is the same, above or below. */
static void
pod_warn_file(const struct pod_warn *pod, struct pod_files *files, struct pod_file file,
              struct str name, struct str what)
{
    struct arena *arena = pod->to->arena;
    while (file.path.size > 0 && file.path.at[file.path.size - 1] == '/') {
        file.path.size--;
    }
    for (size_t i = 0; i < files->len; i++) {
        struct pod_file other = files->at[i];
        if (file.path.size > 0 && other.path.size > 0 &&
            (pod_file_covers(file.path, other.path) || pod_file_covers(other.path, file.path))) {
            struct str a = pod_file_text(file, arena), b = pod_file_text(other, arena);
            kind_warn_put(pod->to, NULL,
                          "volume \"" STR_FMT "\" (" STR_FMT "): overlapping paths: " STR_FMT
                          " with " STR_FMT,
                          STR_ARG(name), STR_ARG(what), STR_ARG(a), STR_ARG(b));
        }
    }
    if (files->len == files->capacity) {
        size_t capacity = files->capacity == 0 ? 8 : files->capacity * 2;
        files->at = arena_grow(arena, files->at, files->capacity * sizeof(*files->at),
                               capacity * sizeof(*files->at));
        files->capacity = capacity;
    }
    files->at[files->len++] = file;
}

/* Kinds of sources with items, their words, and the member that names the object. */
static const struct {
    const char *member, *word, *name, *name_in_volume;
} pod_keyed[] = {
    { "configMap", "ConfigMap", "name", "name" },
    { "secret", "Secret", "name", "secretName" },
    { "downwardAPI", "DownwardAPI", NULL, NULL },
};

static struct str
pod_source_text(const struct pod_warn *pod, size_t kind, struct val source, bool is_volume)
{
    const char *member = is_volume ? pod_keyed[kind].name_in_volume : pod_keyed[kind].name;
    return member == NULL ? str_of(pod_keyed[kind].word)
                          : arena_printf(pod->to->arena, "%s \"" STR_FMT "\"", pod_keyed[kind].word,
                                         STR_ARG(val_str(val_get(source, member))));
}

static void
pod_warn_projected(const struct pod_warn *pod, struct val volume)
{
    struct str name = val_str(val_get(volume, "name"));
    struct pod_files files = { 0 };
    VAL_EACH (it, val_at(volume, "projected.sources")) {
        struct val token = val_get(it.value, "serviceAccountToken");
        bool is_done = false;
        if (val_len(it.value) == 0) {
            kind_warn_put(pod->to, NULL,
                          "volume \"" STR_FMT "\" (Projected) has no sources provided",
                          STR_ARG(name));
        }
        for (size_t i = 0; i < ARRAY_LEN(pod_keyed) && !is_done; i++) {
            struct val source = val_get(it.value, pod_keyed[i].member);
            struct str text = pod_source_text(pod, i, source, false);
            is_done = val_is(val_get(source, "items"));
            VAL_EACH (file, val_get(source, "items")) {
                struct pod_file own = { val_str(val_get(file.value, "path")), text };
                pod_warn_file(pod, &files, own, name, STR("Projected"));
            }
        }
        if (val_is(token) && !is_done) {
            struct pod_file own = { val_str(val_get(token, "path")), STR("ServiceAccountToken") };
            pod_warn_file(pod, &files, own, name, STR("Projected"));
        }
    }
}

static void
pod_warn_overlaps(const struct pod_warn *pod)
{
    VAL_EACH (it, val_get(pod->spec, "volumes")) {
        struct str name = val_str(val_get(it.value, "name"));
        for (size_t i = 0; i < ARRAY_LEN(pod_keyed); i++) {
            struct val source = val_get(it.value, pod_keyed[i].member);
            struct pod_files files = { 0 };
            VAL_EACH (file, val_get(source, "items")) {
                struct pod_file own = { val_str(val_get(file.value, "path")), { 0 } };
                pod_warn_file(pod, &files, own, name, pod_source_text(pod, i, source, true));
            }
        }
        pod_warn_projected(pod, it.value);
    }
}

/* ---- containers ---- */

static void
pod_warn_env(const struct pod_warn *pod, struct val env, const struct field_path *path)
{
    struct field_path list = check_at(path, "env");
    struct check_seen seen = { .arena = pod->to->arena };
    size_t index = 0;
    VAL_EACH (it, env) {
        struct field_path item = check_item(&list, index++);
        struct str name = val_str(val_get(it.value, "name"));
        struct str text = val_str(val_get(it.value, "value"));
        struct str ref = arena_printf(pod->to->arena, "$(" STR_FMT ")", STR_ARG(name));
        bool builds_on = !val_is(val_get(it.value, "valueFrom")) && !str_eq(text, ref) &&
                         str_contains(text, ref);
        if (!check_seen_has(&seen, name)) {
            check_seen_add(&seen, name);
        } else if (!builds_on) {
            kind_warn_put(pod->to, &item,
                          "hides previous definition of \"" STR_FMT
                          "\", which may be dropped when using apply",
                          STR_ARG(name));
        }
    }
}

static void
pod_warn_annotations(const struct pod_warn *pod, struct val container)
{
    static const char seccomp[] = "container.seccomp.security.alpha.kubernetes.io/";
    static const char app_armor[] = "container.apparmor.security.beta.kubernetes.io/";
    struct field_path meta = check_at(pod->path, "metadata"), list = check_at(&meta, "annotations");
    struct str name = val_str(val_get(container, "name"));
    struct arena *arena = pod->to->arena;
    struct str key = arena_printf(arena, "%s" STR_FMT, seccomp, STR_ARG(name));
    struct field_path at = check_key(&list, key);
    if (!val_is(val_at(container, "securityContext.seccompProfile")) &&
        val_is(val_member(pod->annotations, key))) {
        kind_warn_put(pod->to, &at,
                      "non-functional in v1.27+; use the \"seccompProfile\" field instead");
    }
    key = arena_printf(arena, "%s" STR_FMT, app_armor, STR_ARG(name));
    at = check_key(&list, key);
    if (!val_is(val_at(container, "securityContext.appArmorProfile")) &&
        val_is(val_member(pod->annotations, key)) &&
        !val_is(val_at(pod->spec, "securityContext.appArmorProfile"))) {
        kind_warn_put(pod->to, &at,
                      "deprecated since v1.30; use the \"appArmorProfile\" field instead");
    }
}

static void
pod_warn_container(const struct pod_warn *pod, struct val container, const struct field_path *path)
{
    static const char *const lists[] = { "limits", "requests" };
    static const char *const names[] = { "memory", "ephemeral-storage" };
    struct field_path resources = check_at(path, "resources");
    if (val_is(pod->annotations)) {
        pod_warn_annotations(pod, container);
    }
    for (size_t i = 0; i < ARRAY_LEN(lists) * ARRAY_LEN(names); i++) {
        struct field_path list = check_at(&resources, lists[i % 2]);
        pod_warn_fraction(pod, val_get(val_get(container, "resources"), lists[i % 2]), names[i / 2],
                          &list);
    }
    pod_warn_env(pod, val_get(container, "env"), path);
}

/* ---- ports ---- */

/* Every port of every container, in order. */
struct pod_port {
    struct val port;
    struct str where;
};
struct pod_ports {
    struct pod_port *at;
    size_t len;
};

static struct pod_ports
pod_ports_of(const struct pod_warn *pod)
{
    struct pod_ports ports = { 0 };
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(pod_lists); i++) {
        VAL_EACH (it, val_get(pod->spec, pod_lists[i])) {
            len += val_len(val_get(it.value, "ports"));
        }
    }
    ports.at = arena_array(pod->to->arena, len + 1, sizeof(*ports.at));
    for (size_t i = 0; i < ARRAY_LEN(pod_lists) && len > 0; i++) {
        struct field_path list = check_at(&pod->spec_at, pod_lists[i]);
        size_t index = 0;
        VAL_EACH (container, val_get(pod->spec, pod_lists[i])) {
            struct field_path item = check_item(&list, index++), own = check_at(&item, "ports");
            size_t nth = 0;
            VAL_EACH (it, val_get(container.value, "ports")) {
                struct field_path place = check_item(&own, nth++);
                ports.at[ports.len++] =
                    (struct pod_port){ it.value, field_path_text(&place, pod->to->arena) };
            }
        }
    }
    return ports;
}

static int64_t
pod_port_number(struct pod_port port, const char *member)
{
    return val_int(val_get(port.port, member), 0);
}

static struct str
pod_port_text(struct pod_port port, const char *member)
{
    return val_str(val_get(port.port, member));
}

static void
pod_warn_port_pair(const struct pod_warn *pod, struct pod_port port, struct pod_port other)
{
    int64_t host = pod_port_number(port, "hostPort");
    int64_t other_host = pod_port_number(other, "hostPort");
    struct str ip = pod_port_text(port, "hostIP"), other_ip = pod_port_text(other, "hostIP");
    const char *how = str_eq(ip, other_ip) && host == other_host ? "duplicate"
                      : host == 0 || other_host == 0             ? "overlapping"
                      : host == other_host && (ip.size == 0) != (other_ip.size == 0)
                          ? "dangerously ambiguous"
                          : NULL;
    if (how != NULL) {
        kind_warn_put(pod->to, NULL, STR_FMT ": %s port definition with " STR_FMT,
                      STR_ARG(port.where), how, STR_ARG(other.where));
    }
}

static void
pod_warn_ports(const struct pod_warn *pod)
{
    struct pod_ports ports = pod_ports_of(pod);
    for (size_t i = 0; i < ports.len; i++) {
        struct pod_port port = ports.at[i];
        struct str ip = pod_port_text(port, "hostIP");
        if (ip.size > 0 && pod_port_number(port, "hostPort") == 0) {
            kind_warn_put(pod->to, NULL,
                          STR_FMT ": hostIP set without hostPort: {Name:" STR_FMT
                                  " HostPort:0 ContainerPort:%lld Protocol:" STR_FMT
                                  " HostIP:" STR_FMT "}",
                          STR_ARG(port.where), STR_ARG(pod_port_text(port, "name")),
                          (long long)pod_port_number(port, "containerPort"),
                          STR_ARG(pod_port_text(port, "protocol")), STR_ARG(ip));
        }
        for (size_t k = 0; k < i; k++) {
            if (pod_port_number(port, "containerPort") ==
                    pod_port_number(ports.at[k], "containerPort") &&
                str_eq(pod_port_text(port, "protocol"), pod_port_text(ports.at[k], "protocol"))) {
                pod_warn_port_pair(pod, port, ports.at[k]);
            }
        }
    }
    for (size_t i = 0; i < ports.len; i++) {
        struct str name = pod_port_text(ports.at[i], "name");
        for (size_t k = 0; k < i && name.size > 0; k++) {
            if (str_eq(pod_port_text(ports.at[k], "name"), name)) {
                kind_warn_put(pod->to, NULL,
                              STR_FMT
                              ": duplicate port name \"" STR_FMT "\" with " STR_FMT
                              ", services and probes that select ports by name will use " STR_FMT,
                              STR_ARG(ports.at[i].where), STR_ARG(name), STR_ARG(ports.at[k].where),
                              STR_ARG(ports.at[k].where));
                break;
            }
        }
    }
}

/* ---- the whole ---- */

static void
pod_warn_repeats(const struct pod_warn *pod, const char *list, const char *member)
{
    struct field_path at = check_at(&pod->spec_at, list);
    struct check_seen seen = { .arena = pod->to->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(pod->spec, list)) {
        struct field_path item = check_item(&at, index++), place = check_at(&item, member);
        struct str text = val_str(val_get(it.value, member));
        if (check_seen_has(&seen, text)) {
            kind_warn_put(pod->to, &place, "duplicate %s \"" STR_FMT "\"", member, STR_ARG(text));
        }
        check_seen_add(&seen, text);
    }
}

static void
pod_warn_lists(const struct pod_warn *pod)
{
    struct field_path secrets = check_at(&pod->spec_at, "imagePullSecrets");
    size_t index = 0;
    pod_warn_repeats(pod, "hostAliases", "ip");
    pod_warn_repeats(pod, "imagePullSecrets", "name");
    VAL_EACH (it, val_get(pod->spec, "imagePullSecrets")) {
        struct field_path item = check_item(&secrets, index++), at = check_at(&item, "name");
        if (!check_has(val_get(it.value, "name"))) {
            kind_warn_put(pod->to, &at, "invalid empty name \"\"");
        }
    }
}

static void
pod_warn_meta(const struct pod_warn *pod)
{
    static const char *const old[][2] = {
        { "scheduler.alpha.kubernetes.io/critical-pod",
          "non-functional in v1.16+; use the \"priorityClassName\" field instead" },
        { "security.alpha.kubernetes.io/sysctls",
          "non-functional in v1.11+; use the \"sysctls\" field instead" },
        { "security.alpha.kubernetes.io/unsafe-sysctls",
          "non-functional in v1.11+; use the \"sysctls\" field instead" },
    };
    struct field_path meta = check_at(pod->path, "metadata"), list = check_at(&meta, "annotations");
    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        struct field_path at = check_key(&list, str_of(old[i][0]));
        if (val_is(val_member(pod->annotations, str_of(old[i][0])))) {
            kind_warn_put(pod->to, &at, "%s", old[i][1]);
        }
    }
}

static void
pod_warn_seccomp(const struct pod_warn *pod)
{
    struct str key = STR("seccomp.security.alpha.kubernetes.io/pod");
    struct field_path meta = check_at(pod->path, "metadata"), list = check_at(&meta, "annotations");
    struct field_path at = check_key(&list, key);
    if (!val_is(val_at(pod->spec, "securityContext.seccompProfile")) &&
        val_is(val_member(pod->annotations, key))) {
        kind_warn_put(pod->to, &at,
                      "non-functional in v1.27+; use the \"seccompProfile\" field instead");
    }
}

static void
pod_warn_addresses(const struct pod_warn *pod)
{
    struct field_path config = check_at(&pod->spec_at, "dnsConfig");
    struct field_path servers = check_at(&config, "nameservers");
    struct field_path aliases = check_at(&pod->spec_at, "hostAliases");
    size_t index = 0;
    VAL_EACH (it, val_at(pod->spec, "dnsConfig.nameservers")) {
        struct field_path item = check_item(&servers, index++);
        kind_warn_ip(pod->to, &item, it.value);
    }
    index = 0;
    VAL_EACH (it, val_get(pod->spec, "hostAliases")) {
        struct field_path item = check_item(&aliases, index++), at = check_at(&item, "ip");
        kind_warn_ip(pod->to, &at, val_get(it.value, "ip"));
    }
}

void
kind_pod_warn_template(const struct warn *to, struct val pod_value, const struct field_path *path)
{
    struct pod_warn pod = {
        .to = to,
        .path = path,
        .spec_at = check_at(path, "spec"),
        .spec = val_get(pod_value, "spec"),
        .annotations = val_at(pod_value, "metadata.annotations"),
    };
    struct field_path overhead = check_at(&pod.spec_at, "overhead");
    struct field_path grace = check_at(&pod.spec_at, "terminationGracePeriodSeconds");
    pod_warn_nodes(&pod);
    pod_warn_spread(&pod);
    pod_warn_meta(&pod);
    pod_warn_volumes(&pod);
    pod_warn_overlaps(&pod);
    pod_warn_lists(&pod);
    pod_warn_fraction(&pod, val_get(pod.spec, "overhead"), "memory", &overhead);
    pod_warn_fraction(&pod, val_get(pod.spec, "overhead"), "ephemeral-storage", &overhead);
    pod_warn_seccomp(&pod);
    for (size_t i = 0; i < ARRAY_LEN(pod_lists); i++) {
        struct field_path list = check_at(&pod.spec_at, pod_lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(pod.spec, pod_lists[i])) {
            struct field_path item = check_item(&list, index++);
            pod_warn_container(&pod, it.value, &item);
        }
    }
    pod_warn_ports(&pod);
    if (val_int(val_get(pod.spec, "terminationGracePeriodSeconds"), 0) < 0) {
        kind_warn_put(to, &grace,
                      "must be >= 0; negative values are invalid and will be treated as 1");
    }
    pod_warn_affinity(&pod, "podAffinity");
    pod_warn_affinity(&pod, "podAntiAffinity");
    pod_warn_addresses(&pod);
}

/* ---- rows ---- */

void
kind_pod_warn(const struct warn *to, struct val now, struct val old)
{
    struct str why = kind_warn_host_name(val_str(val_at(now, "metadata.name")), to->arena);
    if (val_is(old)) {
        return;
    }
    if (why.size > 0) {
        kind_warn_put(to, NULL,
                      "metadata.name: this is used in the Pod's hostname, which can result in "
                      "surprising behavior; a DNS label is recommended: " STR_FMT,
                      STR_ARG(why));
    }
    kind_pod_warn_template(to, now, NULL);
}

void
kind_pod_template_warn(const struct warn *to, struct val now, struct val old)
{
    struct field_path path = check_at(NULL, "template");
    (void)old;
    kind_pod_warn_template(to, val_get(now, "template"), &path);
}

/* Of a workload: on create, and when its spec changes. */
void
kind_work_warn(const struct warn *to, struct val now, struct val old)
{
    struct field_path spec = check_at(NULL, "spec"), path = check_at(&spec, "template");
    struct str why = kind_warn_host_name(val_str(val_at(now, "metadata.name")), to->arena);
    if (!val_is(old) && why.size > 0) {
        kind_warn_put(to, NULL,
                      "metadata.name: this is used in Pod names and hostnames, which can result in "
                      "surprising behavior; a DNS label is recommended: " STR_FMT,
                      STR_ARG(why));
    }
    if (!val_is(old) || !val_eq(val_get(now, "spec"), val_get(old, "spec"))) {
        kind_pod_warn_template(to, val_at(now, "spec.template"), &path);
    }
}

void
kind_job_warn(const struct warn *to, struct val now, struct val old)
{
    enum { COMPLETIONS_MAX = 100000, PARALLELISM_MAX = 10000 };
    struct field_path path = check_at(NULL, "spec");
    struct val spec = val_get(now, "spec");
    bool is_large = val_int(val_get(spec, "completions"), 0) > COMPLETIONS_MAX &&
                    val_int(val_get(spec, "parallelism"), 0) > PARALLELISM_MAX;
    bool is_new = !val_is(old) || !val_eq(spec, val_get(old, "spec"));
    if (is_new && is_large && val_is_str(val_get(spec, "completionMode"), "Indexed")) {
        kind_warn_put(to, &path,
                      "In Indexed Jobs with a number of completions higher than 10^5 and a "
                      "parallelism higher than 10^4, Kubernetes might not be able to track "
                      "completedIndexes when a big number of indexes fail");
    }
    kind_work_warn(to, now, old);
}
