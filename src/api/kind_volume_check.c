/* Rules of a pod's volumes and their mounts: ValidateVolumes, ValidateVolumeMounts and
 * ValidateVolumeDevices of release 1.35, and the downward API.
 *
 * Called by kind_pod_check.c and kind_container_check.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/quantity.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum { VOLUME_MODE_MAX = 0777 };
static const char volume_mode_words[] =
    "must be a number between 0 and 0777 (octal), both inclusive";

struct volume_source {
    const char *member;
    const char *second; /* its name when it is one too many, NULL: member */
    const char *path;   /* its name in other causes, NULL: member */
    const char *required[4];
    void (*check)(const struct pod_check *pod, struct val source, const struct field_path *path);
};

static void volume_check_empty_dir(const struct pod_check *pod, struct val source,
                                   const struct field_path *path);
static void volume_check_host_path(const struct pod_check *pod, struct val source,
                                   const struct field_path *path);
static void volume_check_git(const struct pod_check *pod, struct val source,
                             const struct field_path *path);
static void volume_check_secret(const struct pod_check *pod, struct val source,
                                const struct field_path *path);
static void volume_check_config_map(const struct pod_check *pod, struct val source,
                                    const struct field_path *path);
static void volume_check_nfs(const struct pod_check *pod, struct val source,
                             const struct field_path *path);
static void volume_check_downward(const struct pod_check *pod, struct val source,
                                  const struct field_path *path);
static void volume_check_projected(const struct pod_check *pod, struct val source,
                                   const struct field_path *path);
static void volume_check_csi(const struct pod_check *pod, struct val source,
                             const struct field_path *path);
static void volume_check_ephemeral(const struct pod_check *pod, struct val source,
                                   const struct field_path *path);
static void volume_check_image(const struct pod_check *pod, struct val source,
                               const struct field_path *path);

/* In the order in which upstream looks at them. */
static const struct volume_source volume_sources[] = {
    { .member = "emptyDir", .check = volume_check_empty_dir },
    { .member = "hostPath", .check = volume_check_host_path },
    { .member = "gitRepo", .required = { "repository" }, .check = volume_check_git },
    { .member = "gcePersistentDisk", .path = "persistentDisk", .required = { "pdName" } },
    { .member = "awsElasticBlockStore", .required = { "volumeID" } },
    { .member = "secret", .check = volume_check_secret },
    { .member = "nfs", .required = { "server", "path" }, .check = volume_check_nfs },
    { .member = "iscsi", .required = { "targetPortal", "iqn" } },
    { .member = "glusterfs", .required = { "endpoints", "path" } },
    { .member = "flocker" },
    { .member = "persistentVolumeClaim", .required = { "claimName" } },
    { .member = "rbd", .required = { "monitors", "image" } },
    { .member = "cinder", .required = { "volumeID" } },
    { .member = "cephfs", .second = "cephFS", .required = { "monitors" } },
    { .member = "quobyte", .required = { "registry", "volume" } },
    { .member = "downwardAPI", .second = "downwarAPI", .check = volume_check_downward },
    { .member = "fc" },
    { .member = "flexVolume", .required = { "driver" } },
    { .member = "configMap", .check = volume_check_config_map },
    { .member = "azureFile", .required = { "secretName", "shareName" } },
    { .member = "vsphereVolume", .required = { "volumePath" } },
    { .member = "photonPersistentDisk", .required = { "pdID" } },
    { .member = "portworxVolume", .required = { "volumeID" } },
    { .member = "azureDisk", .required = { "diskName", "diskURI" } },
    { .member = "storageos", .required = { "volumeName" } },
    { .member = "projected", .check = volume_check_projected },
    { .member = "scaleIO", .required = { "gateway", "system", "volumeName" } },
    { .member = "csi", .check = volume_check_csi },
    { .member = "ephemeral", .check = volume_check_ephemeral },
    { .member = "image", .check = volume_check_image },
};

/* ---- the list ---- */

static void
volume_check_source(const struct pod_check *pod, struct val volume, const struct field_path *path)
{
    struct causes *out = pod->out;
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(volume_sources); i++) {
        const struct volume_source *row = &volume_sources[i];
        struct val source = val_get(volume, row->member);
        struct field_path at = check_at(path, row->path != NULL ? row->path : row->member);
        if (!val_is(source)) {
            continue;
        }
        if (len++ > 0) {
            check_forbidden(out, path, row->second != NULL ? row->second : row->member,
                            "may not specify more than 1 volume type");
            continue;
        }
        for (size_t k = 0; k < ARRAY_LEN(row->required) && row->required[k] != NULL; k++) {
            if (!check_has(val_get(source, row->required[k]))) {
                check_required(out, &at, row->required[k], NULL);
            }
        }
        if (row->check != NULL) {
            row->check(pod, source, &at);
        }
    }
    if (len == 0) {
        check_required(out, path, NULL, "must specify a volume type");
    }
}

void
kind_volume_check_all(const struct pod_check *pod, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "volumes");
    struct check_seen names = { .arena = out->arena };
    struct str pod_name = val_str(val_get(pod->meta, "name"));
    struct val volumes = val_get(pod->spec, "volumes");
    size_t index = 0;
    VAL_EACH (it, volumes) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name");
        size_t before = out->len;
        volume_check_source(pod, it.value, &item);
        if (check_has(name)) {
            check_name(out, &item, "name", name, validate_name_label);
        } else {
            check_required(out, &item, "name", NULL);
        }
        if (check_seen_has(&names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        }
        if (out->len == before) {
            check_seen_add(&names, val_str(name));
        }
        struct val claim = val_at(it.value, "persistentVolumeClaim.claimName");
        VAL_EACH (other, volumes) {
            struct str made = arena_printf(out->arena, STR_FMT "-" STR_FMT, STR_ARG(pod_name),
                                           STR_ARG(val_str(val_get(other.value, "name"))));
            if (val_is(claim) && pod_name.size > 0 && val_is(val_get(other.value, "ephemeral")) &&
                str_eq(made, val_str(claim))) {
                check_invalid(out, &item, "persistentVolumeClaim.claimName", claim,
                              "must not reference a PVC that gets created for an ephemeral volume");
            }
        }
    }
}

/* A volume that has nothing wrong counts for the mounts. */
struct val
kind_volume_check_find(struct val spec, struct str name)
{
    VAL_EACH (it, val_get(spec, "volumes")) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

/* ---- sources ---- */

static void
volume_check_mode(struct causes *out, struct val mode, const struct field_path *path,
                  const char *member)
{
    int64_t number = val_int(mode, 0);
    if (number < 0 || number > VOLUME_MODE_MAX) {
        check_invalid(out, path, member, mode, volume_mode_words);
    }
}

/* ValidateLocalNonReservedPath */
static void
volume_check_local_path(struct causes *out, struct val v, const struct field_path *path,
                        const char *member)
{
    struct str text = val_str(v);
    check_relative_path(out, path, member, v);
    if (str_has_prefix(text, STR("..")) && !str_has_prefix(text, STR("../"))) {
        check_invalid(out, path, member, v, "must not start with '..'");
    }
}

static void
volume_check_key_to_path(struct causes *out, struct val item, const struct field_path *path)
{
    static const char *const members[] = { "key", "path" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!check_has(val_get(item, members[i]))) {
            check_required(out, path, members[i], NULL);
        }
    }
    volume_check_local_path(out, val_get(item, "path"), path, "path");
    volume_check_mode(out, val_get(item, "mode"), path, "mode");
}

static void
volume_check_keyed(const struct pod_check *pod, struct val source, const struct field_path *path,
                   const char *name)
{
    struct field_path list = check_at(path, "items");
    size_t index = 0;
    if (!check_has(val_get(source, name))) {
        check_required(pod->out, path, name, NULL);
    }
    volume_check_mode(pod->out, val_get(source, "defaultMode"), path, "defaultMode");
    VAL_EACH (it, val_get(source, "items")) {
        struct field_path item = check_item(&list, index++);
        volume_check_key_to_path(pod->out, it.value, &item);
    }
}

static void
volume_check_secret(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    volume_check_keyed(pod, source, path, "secretName");
}

static void
volume_check_config_map(const struct pod_check *pod, struct val source,
                        const struct field_path *path)
{
    volume_check_keyed(pod, source, path, "name");
}

static void
volume_check_empty_dir(const struct pod_check *pod, struct val source,
                       const struct field_path *path)
{
    struct quantity limit = { 0 };
    (void)quantity_parse(val_str(val_get(source, "sizeLimit")), &limit); /* absent: 0 */
    if (limit.nano < 0) {
        check_forbidden(pod->out, path, "sizeLimit",
                        "SizeLimit field must be a valid resource quantity");
    }
}

static void
volume_check_host_path(const struct pod_check *pod, struct val source,
                       const struct field_path *path)
{
    static const char *const types[] = {
        "",     "BlockDevice",  "CharDevice", "Directory", "DirectoryOrCreate",
        "File", "FileOrCreate", "Socket",     NULL
    };
    struct val host = val_get(source, "path"), type = val_get(source, "type");
    if (!check_has(host)) {
        check_required(pod->out, path, "path", NULL);
        return;
    }
    check_backsteps(pod->out, path, "path", host);
    if (val_is(type)) {
        check_enum_as(pod->out, path, "type", type, types);
    }
}

static void
volume_check_git(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    check_relative_path(pod->out, path, "directory", val_get(source, "directory"));
}

static void
volume_check_nfs(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    struct val export = val_get(source, "path");
    if (!str_has_prefix(val_str(export), STR("/"))) {
        check_invalid(pod->out, path, "path", export, "must be an absolute path");
    }
}

static void
volume_check_csi(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    enum { DRIVER_MAX = 63 };
    struct causes *out = pod->out;
    struct val driver = val_get(source, "driver"), secret = val_get(source, "nodePublishSecretRef");
    struct val name = val_get(secret, "name");
    if (!check_has(driver)) {
        check_required(out, path, "driver", NULL);
    } else {
        char *lower = arena_dupz(out->arena, val_str(driver));
        for (char *c = lower; *c != '\0'; c++) {
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        }
        struct problems found = { 0 };
        if (val_str(driver).size > DRIVER_MAX) {
            causes_add(out, CAUSE_TOO_LONG, path, "driver", driver, "may not be more than %d bytes",
                       DRIVER_MAX);
        }
        validate_name_subdomain(str_of(lower), false, &found);
        validate_put_problems(&found, path, "driver", driver, out);
    }
    if (val_is(secret) && !check_has(name)) {
        check_required(out, path, "nodePublishSecretRef.name", NULL);
    } else if (val_is(secret)) {
        check_name(out, path, "name", name, validate_name_subdomain);
    }
}

static void
volume_check_ephemeral(const struct pod_check *pod, struct val source,
                       const struct field_path *path)
{
    if (!val_is(val_get(source, "volumeClaimTemplate"))) {
        check_required(pod->out, path, "volumeClaimTemplate", NULL);
    }
}

static void
volume_check_image(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    static const char *const policies[] = { "Always", "IfNotPresent", "Never", NULL };
    if (pod->is_pod && !check_has(val_get(source, "reference"))) {
        check_required(pod->out, path, "reference", NULL);
    }
    check_enum(pod->out, path, "pullPolicy", val_get(source, "pullPolicy"), policies);
}

/* ---- downward API ---- */

void
kind_volume_check_field_ref(struct causes *out, struct val ref, bool is_volume,
                            const struct field_path *path)
{
    static const char *const env_paths[] = { "metadata.name",
                                             "metadata.namespace",
                                             "metadata.uid",
                                             "spec.nodeName",
                                             "spec.serviceAccountName",
                                             "status.hostIP",
                                             "status.hostIPs",
                                             "status.podIP",
                                             "status.podIPs",
                                             NULL };
    static const char *const volume_paths[] = { "metadata.annotations", "metadata.labels",
                                                "metadata.name",        "metadata.namespace",
                                                "metadata.uid",         NULL };
    struct val version = val_get(ref, "apiVersion"), field = val_get(ref, "fieldPath");
    if (!check_has(version) || !check_has(field)) {
        check_required(out, path, check_has(version) ? "fieldPath" : "apiVersion", NULL);
        return;
    }
    if (!val_is_str(version, "v1")) {
        causes_add(out, CAUSE_INVALID, path, "fieldPath", field,
                   "error converting fieldPath: unsupported pod version: " STR_FMT,
                   STR_ARG(val_str(version)));
        return;
    }
    struct str subscript = { 0 }, text = val_str(field);
    struct str name = str_cut(text, '[', &subscript);
    bool is_keyed =
        subscript.size >= 3 && subscript.at[0] == '\'' && str_has_suffix(subscript, STR("']"));
    bool is_map = str_is(name, "metadata.annotations") || str_is(name, "metadata.labels");
    if (is_keyed && is_map) {
        struct str key = str_slice(subscript.at + 1, subscript.size - 3);
        struct problems found = { 0 };
        char *lower = arena_dupz(out->arena, key);
        for (char *c = lower; str_is(name, "metadata.annotations") && *c != '\0'; c++) {
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        }
        validate_label_key(str_of(lower), &found);
        for (size_t i = 0; i < found.len; i++) {
            causes_add_text(out, CAUSE_INVALID, path, "", str_of(lower), "%s", found.at[i]);
        }
        return;
    }
    /* ConvertDownwardAPIFieldLabel knows these; spec.host is an old name of spec.nodeName. */
    bool is_known = check_is_one_of(text, env_paths) || is_map || str_is(text, "spec.host") ||
                    str_is(text, "spec.restartPolicy") || str_is(text, "spec.schedulerName") ||
                    str_is(text, "status.phase");
    if (!is_known || is_keyed) {
        causes_add(out, CAUSE_INVALID, path, "fieldPath", field,
                   "error converting fieldPath: field label not supported: " STR_FMT,
                   STR_ARG(text));
        return;
    }
    struct str meant = str_is(text, "spec.host") ? STR("spec.nodeName") : text;
    const char *const *supported = is_volume ? volume_paths : env_paths;
    if (!check_is_one_of(meant, supported)) {
        causes_add_enum(out, path, "fieldPath", field, supported);
    }
}

void
kind_volume_check_resource_ref(struct causes *out, struct val ref, bool is_volume,
                               const struct field_path *path)
{
    static const char *const expressions[] = {
        "limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
        "requests.cpu", "requests.ephemeral-storage", "requests.memory",
        NULL,
    };
    static const char *const cpu[] = { "1", "1m", NULL };
    static const char *const bytes[] = { "1",   "1k",  "1M",  "1G",  "1T",  "1P",  "1E",
                                         "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei", NULL };
    struct val resource = val_get(ref, "resource"), divisor = val_get(ref, "divisor");
    struct str name = val_str(resource);
    bool is_pages = str_has_prefix(name, STR("limits.hugepages-")) ||
                    str_has_prefix(name, STR("requests.hugepages-"));
    if (is_volume && !check_has(val_get(ref, "containerName"))) {
        check_required(out, path, "containerName", NULL);
    } else if (name.size == 0) {
        check_required(out, path, "resource", NULL);
    } else if (!check_is_one_of(name, expressions) && !is_pages) {
        causes_add_enum(out, path, "resource", resource, expressions);
    }
    struct quantity amount = { 0 };
    (void)quantity_parse(val_str(divisor), &amount); /* absent: 0 */
    if (amount.nano == 0) {
        return;
    }
    bool is_cpu = str_has_suffix(name, STR("s.cpu")) && !is_pages;
    bool is_known = check_is_one_of(name, expressions) || is_pages;
    const char *kind = is_pages                               ? "hugepages"
                       : str_has_suffix(name, STR(".memory")) ? "memory"
                                                              : "local ephemeral storage";
    if (is_cpu && !check_is_one_of(val_str(divisor), cpu)) {
        check_invalid(out, path, "divisor", resource,
                      "only divisor's values 1m and 1 are supported with the cpu resource");
    } else if (!is_cpu && is_known && !check_is_one_of(val_str(divisor), bytes)) {
        causes_add(out, CAUSE_INVALID, path, "divisor", resource,
                   "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei "
                   "are supported with the %s resource",
                   kind);
    }
}

static void
volume_check_downward_file(struct causes *out, struct val file, const struct field_path *path)
{
    struct val field = val_get(file, "fieldRef"), resource = val_get(file, "resourceFieldRef");
    struct field_path field_at = check_at(path, "fieldRef");
    struct field_path resource_at = check_at(path, "resourceFieldRef");
    if (!check_has(val_get(file, "path"))) {
        check_required(out, path, "path", NULL);
    }
    volume_check_local_path(out, val_get(file, "path"), path, "path");
    if (val_is(field)) {
        kind_volume_check_field_ref(out, field, true, &field_at);
        if (val_is(resource)) {
            causes_add_text(out, CAUSE_INVALID, path, "", STR("resource"),
                            "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
    } else if (val_is(resource)) {
        kind_volume_check_resource_ref(out, resource, true, &resource_at);
    } else {
        check_required(out, path, NULL, "one of fieldRef and resourceFieldRef is required");
    }
    volume_check_mode(out, val_get(file, "mode"), path, "mode");
}

static void
volume_check_downward(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    volume_check_mode(pod->out, val_get(source, "defaultMode"), path, "defaultMode");
    VAL_EACH (it, val_get(source, "items")) {
        volume_check_downward_file(pod->out, it.value, path);
    }
}

/* ---- projected ---- */

static void
volume_claim_path(struct causes *out, struct val file, struct val shown,
                  const struct field_path *path, struct check_seen *paths)
{
    if (val_str(file).size == 0) {
        return;
    }
    if (check_seen_has(paths, val_str(file))) {
        check_invalid(out, path, NULL, shown, "conflicting duplicate paths");
    } else {
        check_seen_add(paths, val_str(file));
    }
}

static void
volume_check_projection(const struct pod_check *pod, struct val source,
                        const struct field_path *path, const struct field_path *item,
                        struct check_seen *paths)
{
    static const char *const keyed[] = { "secret", "configMap" };
    enum { TOKEN_MIN_S = 600 };
    static const int64_t token_max_s = (int64_t)1 << 32;
    struct causes *out = pod->out;
    for (size_t i = 0; i < ARRAY_LEN(keyed); i++) {
        struct val own = val_get(source, keyed[i]), name = val_get(own, "name");
        struct field_path at = check_at(item, keyed[i]), list = check_at(&at, "items");
        size_t index = 0;
        if (val_is(own) && !check_has(name)) {
            check_required(out, &at, "name", NULL);
        }
        VAL_EACH (it, val_get(own, "items")) {
            struct field_path place = check_item(&list, index++);
            volume_check_key_to_path(out, it.value, &place);
            volume_claim_path(out, val_get(it.value, "path"), name, path, paths);
        }
    }
    struct field_path downward = check_at(item, "downwardAPI");
    VAL_EACH (it, val_at(source, "downwardAPI.items")) {
        struct val file = val_get(it.value, "path");
        volume_check_downward_file(out, it.value, &downward);
        volume_claim_path(out, file, file, path, paths);
    }
    struct val token = val_get(source, "serviceAccountToken");
    struct val seconds = val_get(token, "expirationSeconds"), file = val_get(token, "path");
    if (!val_is(token)) {
        return;
    }
    if (val_int(seconds, 0) < TOKEN_MIN_S) {
        check_invalid(out, item, "serviceAccountToken.expirationSeconds", seconds,
                      "may not specify a duration less than 10 minutes");
    }
    if (val_int(seconds, 0) > token_max_s) {
        check_invalid(out, item, "serviceAccountToken.expirationSeconds", seconds,
                      "may not specify a duration larger than 2^32 seconds");
    }
    if (!check_has(file)) {
        check_required(out, path, "path", NULL);
    } else {
        volume_check_local_path(out, file, path, "path");
    }
}

static void
volume_check_projected(const struct pod_check *pod, struct val source,
                       const struct field_path *path)
{
    static const char *const members[] = { "secret", "configMap", "downwardAPI",
                                           "serviceAccountToken" };
    struct field_path list = check_at(path, "sources");
    struct check_seen paths = { .arena = pod->out->arena };
    size_t index = 0;
    volume_check_mode(pod->out, val_get(source, "defaultMode"), path, "defaultMode");
    VAL_EACH (it, val_get(source, "sources")) {
        struct field_path item = check_item(&list, index++);
        size_t len = 0;
        volume_check_projection(pod, it.value, path, &item, &paths);
        for (size_t i = 0; i < ARRAY_LEN(members); i++) {
            len += val_is(val_get(it.value, members[i])) ? 1 : 0;
        }
        if (len > 1) {
            check_forbidden(pod->out, &item, NULL,
                            "may not specify more than 1 volume type per source");
        }
    }
}

/* ---- mounts ---- */

/* Does another list of the container use this name or path? */
static bool
volume_is_used(struct val list, const char *member, struct str text)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, member)), text)) {
            return true;
        }
    }
    return false;
}

static void
volume_check_propagation(struct causes *out, struct val mount, struct val container,
                         const struct field_path *list)
{
    static const char *const modes[] = { "Bidirectional", "HostToContainer", "None", NULL };
    static const char *const recursive[] = { "Disabled", "Enabled", "IfPossible", NULL };
    struct val mode = val_get(mount, "mountPropagation");
    struct val rro = val_get(mount, "recursiveReadOnly");
    if (val_is(mode)) {
        check_enum_as(out, list, "mountPropagation", mode, modes);
        if (val_is_str(mode, "Bidirectional") &&
            !val_bool(val_at(container, "securityContext.privileged"), false)) {
            check_forbidden(out, list, "mountPropagation",
                            "Bidirectional mount propagation is available only to privileged "
                            "containers");
        }
    }
    if (!val_is(rro) || val_is_str(rro, "Disabled")) {
        return;
    }
    if (!val_is_str(rro, "Enabled") && !val_is_str(rro, "IfPossible")) {
        causes_add_enum(out, list, "recursiveReadOnly", rro, recursive);
        return;
    }
    if (!val_bool(val_get(mount, "readOnly"), false)) {
        check_forbidden(out, list, "recursiveReadOnly",
                        "may only be specified when readOnly is true");
    }
    if (val_is(mode) && !val_is_str(mode, "None")) {
        check_forbidden(out, list, "recursiveReadOnly",
                        "may only be specified when mountPropagation is None or not specified");
    }
}

static void
volume_check_mount_list(const struct pod_check *pod, struct val container,
                        const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "volumeMounts");
    struct val devices = val_get(container, "volumeDevices");
    struct check_seen points = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(container, "volumeMounts")) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), point = val_get(it.value, "mountPath");
        struct val sub = val_get(it.value, "subPath"), expr = val_get(it.value, "subPathExpr");
        if (!check_has(name)) {
            check_required(out, &item, "name", NULL);
        }
        if (!val_is(kind_volume_check_find(pod->spec, val_str(name)))) {
            causes_add(out, CAUSE_NOT_FOUND, &item, "name", name, NULL);
        }
        if (!check_has(point)) {
            check_required(out, &item, "mountPath", NULL);
        }
        if (check_seen_has(&points, val_str(point))) {
            check_invalid(out, &item, "mountPath", point, "must be unique");
        }
        check_seen_add(&points, val_str(point));
        if (volume_is_used(devices, "name", val_str(name))) {
            check_invalid(out, &item, "name", name, "must not already exist in volumeDevices");
        }
        if (volume_is_used(devices, "devicePath", val_str(point))) {
            check_invalid(out, &item, "mountPath", point,
                          "must not already exist as a path in volumeDevices");
        }
        /* These name the list and not its item, upstream, too. */
        if (check_has(sub)) {
            check_relative_path(out, &list, "subPath", sub);
        }
        if (check_has(expr)) {
            if (check_has(sub)) {
                check_invalid(out, &item, "subPathExpr", expr,
                              "subPathExpr and subPath are mutually exclusive");
            }
            check_relative_path(out, &list, "subPathExpr", expr);
        }
        volume_check_propagation(out, it.value, container, &list);
    }
}

static void
volume_check_device_list(const struct pod_check *pod, struct val container,
                         const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "volumeDevices");
    struct val mounts = val_get(container, "volumeMounts");
    struct check_seen names = { .arena = out->arena }, paths = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(container, "volumeDevices")) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), device = val_get(it.value, "devicePath");
        struct val volume = kind_volume_check_find(pod->spec, val_str(name));
        bool is_block = val_is(val_get(volume, "persistentVolumeClaim")) ||
                        val_is(val_get(volume, "ephemeral"));
        if (!check_has(name)) {
            check_required(out, &item, "name", NULL);
        }
        if (check_seen_has(&names, val_str(name))) {
            check_invalid(out, &item, "name", name, "must be unique");
        }
        if (val_is(volume) && !is_block) {
            check_invalid(out, &item, "name", name,
                          "can only use volume source type of PersistentVolumeClaim or Ephemeral "
                          "for block mode");
        }
        if (!val_is(volume)) {
            causes_add(out, CAUSE_NOT_FOUND, &item, "name", name, NULL);
        }
        if (!check_has(device)) {
            check_required(out, &item, "devicePath", NULL);
        }
        if (check_seen_has(&paths, val_str(device))) {
            check_invalid(out, &item, "devicePath", device, "must be unique");
        }
        struct causes scratch = { .arena = out->arena };
        check_backsteps(&scratch, &item, "devicePath", device);
        if (scratch.len > 0) {
            check_invalid(out, &item, "devicePath", device, "can not contain backsteps ('..')");
        } else {
            check_seen_add(&paths, val_str(device));
        }
        if (volume_is_used(mounts, "name", val_str(name))) {
            check_invalid(out, &item, "name", name, "must not already exist in volumeMounts");
        }
        if (volume_is_used(mounts, "mountPath", val_str(device))) {
            check_invalid(out, &item, "devicePath", device,
                          "must not already exist as a path in volumeMounts");
        }
        if (check_has(name)) {
            check_seen_add(&names, val_str(name));
        }
    }
}

void
kind_volume_check_mounts(const struct pod_check *pod, struct val container,
                         const struct field_path *path)
{
    volume_check_mount_list(pod, container, path);
    volume_check_device_list(pod, container, path);
}
