/* The ReplicaSet of a new template.  Called by ctl_deployment.c; pure.
 *
 * Follows getNewReplicaSet in pkg/controller/deployment/sync.go, release 1.35. The template hash is
 * ours (FNV-1a over canonical JSON): nobody may depend on its value. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_deployment_priv.h"
#include "controllers/ctl_pods.h"

bool
ctl_deployment_new_copies(struct str annotation)
{
    static const char *const kept[] = {
        "kubectl.kubernetes.io/last-applied-configuration",
        DEPLOYMENT_REVISION,
        DEPLOYMENT_HISTORY,
        DEPLOYMENT_DESIRED,
        DEPLOYMENT_MAXIMUM,
        "deprecated.deployment.rollback.to",
    };
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (str_is(annotation, kept[i])) {
            return false;
        }
    }
    return true;
}

static struct str
template_hash(const struct deployment *d)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    struct jw w;
    jw_init(&w, d->in->arena);
    jw_canonical(&w, val_get(d->spec, "template"));
    struct str text = jw_done(&w);
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619U;
    }
    hash ^= (uint32_t)d->collisions * 2654435761U;
    struct str digits = arena_printf(d->in->arena, "%u", hash);
    char *out = arena_dupz(d->in->arena, digits);
    for (size_t i = 0; i < digits.size; i++) {
        out[i] = letters[(unsigned char)digits.at[i] % (sizeof(letters) - 1)];
    }
    return str_slice(out, digits.size);
}

static void
write_with_hash(struct jw *w, struct val labels, struct str hash)
{
    jw_obj(w);
    VAL_EACH (it, labels) {
        if (!str_is(it.key, DEPLOYMENT_HASH_LABEL)) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_kv(w, DEPLOYMENT_HASH_LABEL, hash);
    jw_end(w);
}

static void
write_selector(struct jw *w, struct val selector, struct str hash)
{
    jw_obj(w);
    jw_keyz(w, "matchLabels");
    write_with_hash(w, val_get(selector, "matchLabels"), hash);
    if (val_is(val_get(selector, "matchExpressions"))) {
        jw_keyz(w, "matchExpressions");
        jw_val(w, val_get(selector, "matchExpressions"));
    }
    jw_end(w);
}

static void
write_template(struct jw *w, struct val template, struct str hash)
{
    jw_obj(w);
    jw_keyz(w, "metadata");
    jw_obj(w);
    VAL_EACH (it, val_get(template, "metadata")) {
        if (!str_is(it.key, "labels")) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_keyz(w, "labels");
    write_with_hash(w, val_at(template, "metadata.labels"), hash);
    jw_end(w);
    jw_keyz(w, "spec");
    jw_val(w, val_get(template, "spec"));
    jw_end(w);
}

static void
write_annotations(const struct deployment *d, struct jw *w)
{
    jw_keyz(w, "annotations");
    jw_obj(w);
    VAL_EACH (it, val_at(d->root, "metadata.annotations")) {
        if (ctl_deployment_new_copies(it.key)) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_keyz(w, DEPLOYMENT_DESIRED);
    jw_printf(w, "%lld", (long long)d->replicas);
    jw_keyz(w, DEPLOYMENT_MAXIMUM);
    jw_printf(w, "%lld", (long long)(d->replicas + d->max_surge));
    jw_keyz(w, DEPLOYMENT_REVISION);
    jw_printf(w, "%lld", (long long)d->revision);
    jw_end(w);
}

static struct str
new_body(const struct deployment *d, struct str name, struct str hash, int64_t size)
{
    struct jw w;
    struct val template = val_get(d->spec, "template");
    struct ctl_owner owner = { d->object, "apps/v1", "Deployment", NULL, NULL };
    jw_init(&w, d->out->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "ReplicaSet");
    jw_kvz(&w, "apiVersion", "apps/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", name);
    jw_keyz(&w, "labels");
    write_with_hash(&w, val_at(template, "metadata.labels"), hash);
    write_annotations(d, &w);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(&owner, &w);
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    jw_kint(&w, "replicas", size);
    jw_kint(&w, "minReadySeconds", val_int(val_get(d->spec, "minReadySeconds"), 0));
    jw_keyz(&w, "selector");
    write_selector(&w, val_get(d->spec, "selector"), hash);
    jw_keyz(&w, "template");
    write_template(&w, template, hash);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

void
ctl_deployment_new(struct deployment *d)
{
    struct str hash = template_hash(d);
    struct str name =
        arena_printf(d->out->arena, STR_FMT "-" STR_FMT, STR_ARG(d->object->name), STR_ARG(hash));
    int64_t size = ctl_deployment_sets_next_size(d);
    d->new_name = name;
    d->new_size = size;
    d->revision = ctl_deployment_sets_next_revision(d);
    plan_create(d->out, ctl_resource(d->in, "apps", "replicasets"), d->object->ns, name,
                new_body(d, name, hash, size));
    if (size > 0) {
        plan_event_after(d->out, d->object, EVENT_NORMAL, "ScalingReplicaSet", NULL,
                         "Scaled up replica set " STR_FMT " from 0 to %lld", STR_ARG(name),
                         (long long)size);
    }
    d->was_scaled = true;
}
