/* The default service account of each namespace.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/serviceaccount/serviceaccounts_controller.go, release 1.35. Keys are
 * namespaces. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

static void
keys_of_account(const struct keys_in *in, const struct object *old, const struct object *now,
                keys_add_fn *add, void *ctx)
{
    (void)in;
    if (now == NULL && str_is(old->name, "default")) {
        add(ctx, (struct str){ 0 }, old->ns);
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "namespaces" },
    { .group = "", .version = "v1", .plural = "serviceaccounts", .keys = keys_of_account },
    { .plural = NULL },
};

static void
plan(const struct plan_in *in, struct plan *out)
{
    const struct resource *accounts = ctl_resource(in, "", "serviceaccounts");
    if (!ctl_namespace_is_active(in, in->name) ||
        cache_get(in->cache, accounts, in->name, STR("default")) != NULL) {
        return;
    }
    plan_create(out, accounts, in->name, STR("default"),
                STR("{\"kind\":\"ServiceAccount\",\"apiVersion\":\"v1\","
                    "\"metadata\":{\"name\":\"default\"}}"));
}

const struct reconciler ctl_serviceaccount = {
    .name = "service-account-controller",
    .user = "system:serviceaccount:kube-system:service-account-controller",
    .watches = watches,
    .plan = plan,
};
