/* kube-root-ca.crt in each namespace.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/certificates/rootcacertpublisher/publisher.go, release 1.35. Keys are
 * namespaces. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define NAME "kube-root-ca.crt"
#define DESCRIPTION                                                                                \
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "      \
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "      \
    "guaranteed across distributions of Kubernetes clusters."

static void
keys_of_map(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    const struct object *map = now == NULL ? old : now;
    (void)in;
    if (str_is(map->name, NAME)) {
        add(ctx, (struct str){ 0 }, map->ns);
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "namespaces" },
    { .group = "", .version = "v1", .plural = "configmaps", .keys = keys_of_map },
    { .plural = NULL },
};

static struct str
body_of(const struct plan_in *in, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "ConfigMap");
    jw_kvz(&w, "apiVersion", "v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kvz(&w, "name", NAME);
    jw_keyz(&w, "annotations");
    jw_obj(&w);
    jw_kvz(&w, "kubernetes.io/description", DESCRIPTION);
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "data");
    jw_obj(&w);
    jw_kvz(&w, "ca.crt", in->env->ca_pem);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    const struct resource *maps = ctl_resource(in, "", "configmaps");
    struct object *map = cache_get(in->cache, maps, in->name, STR(NAME));
    if (!ctl_namespace_is_active(in, in->name)) {
        return;
    }
    if (map == NULL) {
        plan_create(out, maps, in->name, STR(NAME), body_of(in, out->arena));
        return;
    }
    object_pin(map);
    struct val data = val_get(object_val(map), "data");
    bool is_right = val_len(data) == 1 && val_is_str(val_get(data, "ca.crt"), in->env->ca_pem);
    object_unpin(map);
    if (!is_right) {
        plan_write(out, PLAN_UPDATE, map, body_of(in, out->arena), 0);
    }
}

const struct reconciler ctl_rootca = {
    .name = "root-ca-cert-publisher",
    .user = "system:serviceaccount:kube-system:root-ca-cert-publisher",
    .watches = watches,
    .plan = plan,
};
