/* The API objects that a pod is made from. Called by the pod's worker before it sets volumes up or
 * starts a container; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_source.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"

enum { TOKEN_SECONDS = 3600 /* of a token source that says nothing */ };

static void
add(struct pod_sources *out, enum pod_source_kind kind, struct str name, int64_t expiration_s)
{
    for (size_t i = 0; i < out->len; i++) {
        if (out->at[i].kind == kind && str_eq(out->at[i].name, name) &&
            out->at[i].expiration_s == expiration_s) {
            return;
        }
    }
    if (out->len == POD_SOURCES_MAX) {
        return;
    }
    if (out->len == out->capacity) {
        size_t capacity = out->capacity == 0 ? 8 : out->capacity * 2;

        out->at = arena_grow(out->arena, out->at, out->capacity * sizeof(*out->at),
                             capacity * sizeof(*out->at));
        out->capacity = capacity;
    }
    out->at[out->len++] =
        (struct pod_source){ .kind = kind, .name = name, .expiration_s = expiration_s };
}

static void
add_named(struct pod_sources *out, enum pod_source_kind kind, struct val reference, const char *key)
{
    struct str name = val_str(val_get(reference, key));

    if (name.size > 0) {
        add(out, kind, name, 0);
    }
}

void
pod_sources_of_volumes(struct val pod, struct pod_sources *out)
{
    VAL_EACH (it, val_at(pod, "spec.volumes")) {
        add_named(out, POD_SOURCE_CONFIG_MAP, val_get(it.value, "configMap"), "name");
        add_named(out, POD_SOURCE_SECRET, val_get(it.value, "secret"), "secretName");
        VAL_EACH (source, val_at(it.value, "projected.sources")) {
            struct val token = val_get(source.value, "serviceAccountToken");

            add_named(out, POD_SOURCE_CONFIG_MAP, val_get(source.value, "configMap"), "name");
            add_named(out, POD_SOURCE_SECRET, val_get(source.value, "secret"), "name");
            if (val_is(token)) {
                add(out, POD_SOURCE_TOKEN, val_str(val_get(token, "audience")),
                    val_int(val_get(token, "expirationSeconds"), TOKEN_SECONDS));
            }
        }
    }
}

void
pod_sources_of_sandbox(struct val pod, struct pod_sources *out)
{
    add_named(out, POD_SOURCE_RUNTIME_CLASS, val_get(pod, "spec"), "runtimeClassName");
}

void
pod_sources_of_env(struct val container, struct pod_sources *out)
{
    VAL_EACH (it, val_get(container, "envFrom")) {
        add_named(out, POD_SOURCE_CONFIG_MAP, val_get(it.value, "configMapRef"), "name");
        add_named(out, POD_SOURCE_SECRET, val_get(it.value, "secretRef"), "name");
    }
    VAL_EACH (it, val_get(container, "env")) {
        struct val from = val_get(it.value, "valueFrom");

        add_named(out, POD_SOURCE_CONFIG_MAP, val_get(from, "configMapKeyRef"), "name");
        add_named(out, POD_SOURCE_SECRET, val_get(from, "secretKeyRef"), "name");
    }
}

void
pod_sources_of_pull(struct val pod, struct pod_sources *out)
{
    VAL_EACH (it, val_at(pod, "spec.imagePullSecrets")) {
        add_named(out, POD_SOURCE_SECRET, it.value, "name");
    }
}

const struct pod_source *
pod_sources_find(const struct pod_sources *sources, enum pod_source_kind kind, struct str name)
{
    for (size_t i = 0; i < sources->len; i++) {
        if (sources->at[i].kind == kind && str_eq(sources->at[i].name, name)) {
            return &sources->at[i];
        }
    }
    return NULL;
}

const struct pod_source *
pod_sources_token(const struct pod_sources *sources, struct str audience, int64_t expiration_s)
{
    for (size_t i = 0; i < sources->len; i++) {
        const struct pod_source *it = &sources->at[i];

        if (it->kind == POD_SOURCE_TOKEN && str_eq(it->name, audience) &&
            it->expiration_s == expiration_s) {
            return it;
        }
    }
    return NULL;
}

int
pod_sources_get(const struct pod_sources *sources, enum pod_source_kind kind, struct str name,
                bool is_optional, struct val *ret, struct err **err)
{
    const struct pod_source *source = pod_sources_find(sources, kind, name);
    const char *what = kind == POD_SOURCE_SECRET          ? "secret"
                       : kind == POD_SOURCE_RUNTIME_CLASS ? "runtimeclass.node.k8s.io"
                                                          : "configmap";

    *ret = (struct val){ 0 };
    if (source != NULL && val_is(source->object)) {
        *ret = source->object;
        return 0;
    }
    if (source != NULL && source->err != NULL && source->err->code != ERR_NOT_FOUND) {
        *err = err_copy(source->err);
        return -1;
    }
    if (is_optional) {
        return 0;
    }
    return err_set(err, ERR_NOT_FOUND, "%s \"" STR_FMT "\" not found", what, STR_ARG(name));
}

bool
pod_source_value(struct arena *arena, enum pod_source_kind kind, struct val object, struct str key,
                 struct str *ret)
{
    bool is_secret = kind == POD_SOURCE_SECRET;
    struct val text = val_member(val_get(object, "data"), key);
    struct val bytes = is_secret ? text : val_member(val_get(object, "binaryData"), key);

    if (!is_secret && val_is(text)) {
        *ret = val_str(text);
        return true;
    }
    return val_is(bytes) && base64_decode(val_str(bytes), arena, ret, NULL) == 0;
}
