/* The files of volumes that show API data: configMap, secret, downwardAPI, and all of them projected
 * into one, with service account tokens. Called by volume_set_up; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/volume.h"
#include "base/arena.h"
#include "base/err.h"

enum { DEFAULT_MODE = 0644, TOKEN_MODE_OWNED = 0600 };

/* One source of a projected volume, or the whole of a plain one. */
struct part {
    struct val items;
    enum pod_source_kind kind;
    struct str name;
    bool is_optional;
    int64_t mode;
};

static int
add_key(const struct part *part, struct val object, struct val item, struct atomic_dir_files *out,
        struct err **err)
{
    struct str key = val_str(val_get(item, "key")), data;

    if (!pod_source_value(out->arena, part->kind, object, key, &data)) {
        if (part->is_optional) {
            return 0;
        }
        return err_set(err, ERR_INVALID,
                       part->kind == POD_SOURCE_SECRET
                           ? "references non-existent secret key: " STR_FMT
                           : "configmap references non-existent config key: " STR_FMT,
                       STR_ARG(key));
    }
    return atomic_dir_add(out, val_str(val_get(item, "path")), data,
                          (uint32_t)val_int(val_get(item, "mode"), part->mode), err);
}

/* All keys, or the ones that items name. */
static int
add_object(const struct pod_sources *sources, const struct part *part, struct atomic_dir_files *out,
           struct err **err)
{
    static const char *const lists[] = { "data", "binaryData" };
    struct val object;
    struct str data;

    if (pod_sources_get(sources, part->kind, part->name, part->is_optional, &object, err) < 0) {
        return -1;
    }
    if (val_len(part->items) > 0) {
        VAL_EACH (it, part->items) {
            if (add_key(part, object, it.value, out, err) < 0) {
                return -1;
            }
        }
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(object, lists[i])) {
            if (pod_source_value(out->arena, part->kind, object, it.key, &data) &&
                atomic_dir_add(out, it.key, data, (uint32_t)part->mode, err) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int
add_downward(const struct volume_in *in, struct val items, int64_t mode,
             struct atomic_dir_files *out, struct err **err)
{
    const struct pod_field_in field_in = { .pod = in->pod,
                                           .place = in->place,
                                           .arena = out->arena };

    VAL_EACH (it, items) {
        struct val field = val_get(it.value, "fieldRef");
        struct val resource = val_get(it.value, "resourceFieldRef");
        struct str text = { 0 };

        if (val_is(field) &&
            pod_field_text(&field_in, val_str(val_get(field, "fieldPath")), &text, err) < 0) {
            return -1;
        }
        if (val_is(resource) && pod_field_resource(&field_in, resource, &text, err) < 0) {
            return -1;
        }
        if (atomic_dir_add(out, val_str(val_get(it.value, "path")), text,
                           (uint32_t)val_int(val_get(it.value, "mode"), mode), err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The user all containers run as, -1 when they differ or do not say: it owns the token. */
static int64_t
common_user(struct val pod)
{
    static const char *const lists[] = { "spec.containers", "spec.initContainers" };
    int64_t pod_user = val_int(val_at(pod, "spec.securityContext.runAsUser"), -1), user = -1;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_at(pod, lists[i])) {
            int64_t own = val_int(val_at(it.value, "securityContext.runAsUser"), pod_user);

            if (own < 0 || (user >= 0 && user != own)) {
                return -1;
            }
            user = own;
        }
    }
    return user;
}

static int
add_token(const struct volume_in *in, struct val source, int64_t mode, struct atomic_dir_files *out,
          struct err **err)
{
    struct str path = val_str(val_get(source, "path"));
    const struct pod_source *token =
        pod_sources_token(in->sources, val_str(val_get(source, "audience")),
                          val_int(val_get(source, "expirationSeconds"), 3600));
    int64_t user = common_user(in->pod);

    if (token == NULL || !val_is(token->object)) {
        return err_set(err, ERR_UNAVAILABLE, "failed to fetch token: %s",
                       token != NULL && token->err != NULL ? token->err->message : "not asked for");
    }
    if (user >= 0 || volume_fs_group(in->pod) >= 0) {
        mode = TOKEN_MODE_OWNED;
    }
    if (atomic_dir_add(out, path, val_str(val_at(token->object, "status.token")), (uint32_t)mode,
                       err) < 0) {
        return -1;
    }
    out->at[out->len - 1].uid = user;
    return 0;
}

static int
add_projected(const struct volume_in *in, struct val projected, struct atomic_dir_files *out,
              struct err **err)
{
    int64_t mode = val_int(val_get(projected, "defaultMode"), DEFAULT_MODE);

    VAL_EACH (it, val_get(projected, "sources")) {
        struct val config = val_get(it.value, "configMap"), secret = val_get(it.value, "secret");
        struct val token = val_get(it.value, "serviceAccountToken");
        struct val source = val_is(secret) ? secret : config;
        struct part part = {
            .items = val_get(source, "items"),
            .kind = val_is(secret) ? POD_SOURCE_SECRET : POD_SOURCE_CONFIG_MAP,
            .name = val_str(val_get(source, "name")),
            .is_optional = val_bool(val_get(source, "optional"), false),
            .mode = mode,
        };

        if (val_is(source) && add_object(in->sources, &part, out, err) < 0) {
            return -1;
        }
        if (val_is(token) && add_token(in, token, mode, out, err) < 0) {
            return -1;
        }
        if (add_downward(in, val_at(it.value, "downwardAPI.items"), mode, out, err) < 0) {
            return -1;
        }
        if (val_is(val_get(it.value, "clusterTrustBundle"))) {
            return err_set(err, ERR_INVALID, "clusterTrustBundle sources are not served here");
        }
    }
    return 0;
}

int
volume_files(const struct volume_in *in, struct val volume, struct atomic_dir_files *out,
             struct err **err)
{
    struct val config = val_get(volume, "configMap"), secret = val_get(volume, "secret");
    struct val downward = val_get(volume, "downwardAPI"), source = val_is(secret) ? secret : config;
    struct part part = {
        .items = val_get(source, "items"),
        .kind = val_is(secret) ? POD_SOURCE_SECRET : POD_SOURCE_CONFIG_MAP,
        .name = val_str(val_get(source, val_is(secret) ? "secretName" : "name")),
        .is_optional = val_bool(val_get(source, "optional"), false),
        .mode = val_int(val_get(source, "defaultMode"), DEFAULT_MODE),
    };

    if (val_is(source)) {
        return add_object(in->sources, &part, out, err);
    }
    if (val_is(downward)) {
        return add_downward(in, val_get(downward, "items"),
                            val_int(val_get(downward, "defaultMode"), DEFAULT_MODE), out, err);
    }
    return add_projected(in, val_get(volume, "projected"), out, err);
}
