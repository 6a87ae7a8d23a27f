/* Blocks of Service addresses: ready while they stand, kept until nothing of theirs is in use.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/servicecidrs/servicecidrs_controller.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ip.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define FINALIZER "networking.k8s.io/service-cidr-finalizer"

enum { GRACE_MS = 10000 /* until every allocator has seen that the block goes */ };

/* An address that goes may let its block go. */
static void
keys_of_address(const struct keys_in *in, const struct object *old, const struct object *now,
                keys_add_fn *add, void *ctx)
{
    const struct resource *blocks = ctl_env_resource(in->env, "networking.k8s.io", "servicecidrs");
    (void)old;
    if (now != NULL) {
        return;
    }
    CACHE_EACH (block, it, in->cache, blocks, ((struct str){ 0 })) {
        if (block->deleted_at_ms != 0) {
            add(ctx, (struct str){ 0 }, block->name);
        }
    }
}

static const struct watch_spec watches[] = {
    { .group = "networking.k8s.io", .version = "v1", .plural = "servicecidrs" },
    { .group = "networking.k8s.io",
      .version = "v1",
      .plural = "ipaddresses",
      .keys = keys_of_address },
    { .plural = NULL },
};

static bool
contains(const struct object *block, const struct ip *ip)
{
    bool is_inside = false;
    object_pin(block);
    VAL_EACH (it, val_at(object_val(block), "spec.cidrs")) {
        struct ip_net net;
        is_inside =
            is_inside || (ip_parse_net(val_str(it.value), false, &net) && ip_net_has(&net, ip));
    }
    object_unpin(block);
    return is_inside;
}

/* Is an address in use that no other block that stays has? */
static bool
is_needed(const struct plan_in *in, const struct object *block)
{
    const struct resource *addresses = ctl_resource(in, "networking.k8s.io", "ipaddresses");
    struct str none = { 0 };
    CACHE_EACH (address, it, in->cache, addresses, none) {
        struct ip ip;
        if (!ip_parse(address->name, true, &ip) || !contains(block, &ip)) {
            continue;
        }
        bool has_other = false;
        CACHE_EACH (other, o, in->cache, block->resource, none) {
            has_other =
                has_other || (other != block && other->deleted_at_ms == 0 && contains(other, &ip));
        }
        if (!has_other) {
            return true;
        }
    }
    return false;
}

/* metav1.Condition keeps an empty reason, so it is written here. */
static struct str
status_of(const struct plan_in *in, struct val old, bool is_ready)
{
    char time[CLOCK_TEXT_SIZE];
    const char *status = is_ready ? "True" : "False";
    struct val was = ctl_condition(val_get(old, "conditions"), "Ready");
    struct jw w;
    jw_init(&w, in->arena);
    jw_obj(&w);
    jw_keyz(&w, "conditions");
    jw_arr(&w);
    jw_obj(&w);
    jw_kvz(&w, "type", "Ready");
    jw_kvz(&w, "status", status);
    jw_keyz(&w, "lastTransitionTime");
    if (val_is_str(val_get(was, "status"), status)) {
        jw_val(&w, val_get(was, "lastTransitionTime"));
    } else {
        jw_str(&w, clock_text(in->now_ms, time));
    }
    jw_keyz(&w, "reason");
    jw_strz(&w, is_ready ? "" : "Terminating");
    jw_kvz(&w, "message",
           is_ready ? "Kubernetes Service CIDR is ready"
                    : "There are still IPAddresses referencing the ServiceCIDR, please remove them "
                      "or create a new ServiceCIDR");
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static bool
has_finalizer(struct val root)
{
    VAL_EACH (it, val_at(root, "metadata.finalizers")) {
        if (val_is_str(it.value, FINALIZER)) {
            return true;
        }
    }
    return false;
}

static void
plan_end(const struct plan_in *in, struct object *block, struct plan *out)
{
    struct val root = object_val(block);
    if (!has_finalizer(root)) {
        return;
    }
    if (is_needed(in, block)) {
        ctl_status(in, block, status_of(in, val_get(root, "status"), false), out);
        return;
    }
    if (block->deleted_at_ms + GRACE_MS > in->now_ms) {
        plan_again(out, block->deleted_at_ms + GRACE_MS);
        return;
    }
    plan_write(out, PLAN_PATCH, block,
               STR("{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"" FINALIZER "\"]}}"),
               PRE_UID);
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *block = cache_get(
        in->cache, ctl_resource(in, "networking.k8s.io", "servicecidrs"), in->ns, in->name);
    if (block == NULL) {
        return;
    }
    object_pin(block);
    struct val root = object_val(block);
    if (block->deleted_at_ms != 0) {
        plan_end(in, block, out);
    } else if (!has_finalizer(root)) {
        plan_write(out, PLAN_PATCH, block,
                   STR("{\"metadata\":{\"finalizers\":[\"" FINALIZER "\"]}}"),
                   PRE_UID); /* the changed block brings the next plan */
    } else {
        struct val ready = ctl_condition(val_at(root, "status.conditions"), "Ready");
        if (!val_is_str(val_get(ready, "status"), "True")) {
            ctl_status(in, block, status_of(in, val_get(root, "status"), true), out);
        }
    }
    object_unpin(block);
}

const struct reconciler ctl_servicecidr = {
    .name = "service-cidr-controller",
    .user = "system:serviceaccount:kube-system:service-cidrs-controller",
    .watches = watches,
    .plan = plan,
};
