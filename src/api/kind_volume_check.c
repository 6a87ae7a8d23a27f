/* Rules of a pod's volumes: ValidateVolumes of release 1.35.
 *
 * Called by kind_pod_check.c and kind_container_check.c; pure, any thread. */
#include "config.h"

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

/* The claim that is made for an ephemeral volume. */
static void
volume_check_made_claim(struct causes *out, struct str pod_name, struct val name,
                        const struct field_path *path)
{
    struct problems found = { 0 };
    struct str made =
        arena_printf(out->arena, STR_FMT "-" STR_FMT, STR_ARG(pod_name), STR_ARG(val_str(name)));
    validate_name_subdomain(made, false, &found);
    for (size_t i = 0; i < found.len; i++) {
        causes_add(out, CAUSE_INVALID, path, "name", name, "PVC name \"" STR_FMT "\": %s",
                   STR_ARG(made), found.at[i]);
    }
}

void
kind_volume_check_all(const struct pod_check *pod, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "volumes");
    struct check_seen *names = pod->volumes;
    struct str pod_name = val_str(val_get(pod->meta, "name"));
    struct val volumes = val_get(pod->spec, "volumes");
    size_t index = 0;
    VAL_EACH (it, volumes) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name");
        size_t before = out->len;
        volume_check_source(pod, it.value, &item);
        if (val_is(val_get(it.value, "ephemeral")) && pod_name.size > 0 && check_has(name)) {
            volume_check_made_claim(out, pod_name, name, &item);
        }
        if (check_has(name)) {
            check_name(out, &item, "name", name, validate_name_label);
        } else {
            check_required(out, &item, "name", NULL);
        }
        if (check_seen_has(names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        }
        if (out->len == before) {
            check_seen_add(names, val_str(name));
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

/* ValidateCSIDriverName */
void
kind_volume_check_driver(struct causes *out, const struct field_path *path, const char *member,
                         struct val driver)
{
    enum { DRIVER_MAX = 63 };
    struct problems found = { 0 };
    if (!check_has(driver)) {
        check_required(out, path, member, NULL);
        return;
    }
    char *lower = arena_dupz(out->arena, val_str(driver));
    for (char *c = lower; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    }
    if (val_str(driver).size > DRIVER_MAX) {
        check_too_long(out, path, member, DRIVER_MAX);
    }
    validate_name_subdomain(str_of(lower), false, &found);
    validate_put_problems(&found, path, member, driver, out);
}

static void
volume_check_csi(const struct pod_check *pod, struct val source, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct val driver = val_get(source, "driver"), secret = val_get(source, "nodePublishSecretRef");
    struct val name = val_get(secret, "name");
    kind_volume_check_driver(out, path, "driver", driver);
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
    struct val claim = val_get(source, "volumeClaimTemplate");
    struct field_path at = check_at(path, "volumeClaimTemplate");
    struct field_path meta = check_at(&at, "metadata"), spec = check_at(&at, "spec");
    if (!val_is(claim)) {
        check_required(pod->out, &at, NULL, NULL);
        return;
    }
    validate_put_annotations(val_at(claim, "metadata.annotations"), &meta, "annotations", pod->out);
    validate_put_labels(val_at(claim, "metadata.labels"), &meta, "labels", pod->out);
    kind_claim_check_spec(pod->out, val_get(claim, "spec"), &spec);
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
        kind_downward_check_field(out, field, true, &field_at);
        if (val_is(resource)) {
            causes_add_text(out, CAUSE_INVALID, path, "", STR("resource"),
                            "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
    } else if (val_is(resource)) {
        kind_downward_check_resource(out, resource, true, &resource_at);
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
