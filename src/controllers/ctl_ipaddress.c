/* IPAddress objects and the Services that they stand for, where a kill between two writes left one
 * without the other.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/registry/core/service/ipallocator/controller/repairip.go, release 1.35. Keys are
 * addresses, and "namespace/name" of Services. An address is only given up when it is older than any
 * request that might still be on its way to its Service. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/ip.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define LABEL "ipaddress.kubernetes.io/"

enum { GRACE_MS = 60000 };

/* A changed Service: itself, and the addresses that it had. */
static void
keys_of_service(const struct keys_in *in, const struct object *old, const struct object *now,
                keys_add_fn *add, void *ctx)
{
    (void)in;
    const struct object *object = now == NULL ? old : now;
    add(ctx, object->ns, object->name);
    if (old == NULL) {
        return;
    }
    object_pin(old);
    VAL_EACH (it, val_at(object_val(old), "spec.clusterIPs")) {
        if (!val_is_str(it.value, "None")) {
            add(ctx, (struct str){ 0 }, val_str(it.value));
        }
    }
    object_unpin(old);
}

/* A changed IPAddress: itself, and its Service when it is gone. */
static void
keys_of_address(const struct keys_in *in, const struct object *old, const struct object *now,
                keys_add_fn *add, void *ctx)
{
    (void)in;
    add(ctx, (struct str){ 0 }, now == NULL ? old->name : now->name);
    if (now == NULL) {
        object_pin(old);
        struct val parent = val_at(object_val(old), "spec.parentRef");
        if (val_is_str(val_get(parent, "resource"), "services")) {
            add(ctx, val_str(val_get(parent, "namespace")), val_str(val_get(parent, "name")));
        }
        object_unpin(old);
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "services", .keys = keys_of_service },
    { .group = "networking.k8s.io",
      .version = "v1",
      .plural = "ipaddresses",
      .keys = keys_of_address },
    { .plural = NULL },
};

/* The name that an IPAddress of this text has: the canonical one. */
static bool
canonical(struct str text, struct arena *arena, struct str *ret)
{
    struct ip ip;
    if (!ip_parse(text, true, &ip)) {
        return false;
    }
    *ret = ip_text(&ip, arena);
    return true;
}

static bool
has_address(const struct plan_in *in, const struct object *service, struct str address)
{
    bool is_found = false;
    object_pin(service);
    VAL_EACH (it, val_at(object_val(service), "spec.clusterIPs")) {
        struct str name;
        is_found =
            is_found || (canonical(val_str(it.value), in->arena, &name) && str_eq(name, address));
    }
    object_unpin(service);
    return is_found;
}

/* ---- an address ---- */

static void
plan_address(const struct plan_in *in, struct object *address, struct plan *out)
{
    struct val root = object_val(address), parent = val_at(root, "spec.parentRef");
    int64_t created_us = 0;
    bool is_managed = val_is_str(
        val_member(val_at(root, "metadata.labels"), STR(LABEL "managed-by")), "ipallocator.k8s.io");
    if (!is_managed || !val_is_str(val_get(parent, "resource"), "services") ||
        address->deleted_at_ms != 0) {
        return;
    }
    const struct object *service =
        cache_get(in->cache, ctl_resource(in, "", "services"),
                  val_str(val_get(parent, "namespace")), val_str(val_get(parent, "name")));
    if (service != NULL && has_address(in, service, address->name)) {
        return;
    }
    (void)clock_parse(val_str(val_at(root, "metadata.creationTimestamp")), &created_us);
    int64_t due_ms = created_us / 1000 + GRACE_MS;
    if (due_ms > in->now_ms) {
        plan_again(out, due_ms); /* its Service may be on its way */
        return;
    }
    plan_event(out, address, EVENT_WARNING, "IPAddressNotAllocated", "IPAddressAllocation",
               "IPAddress: " STR_FMT " for Service " STR_FMT "/" STR_FMT
               " appears to have leaked: cleaning up",
               STR_ARG(address->name), STR_ARG(val_str(val_get(parent, "namespace"))),
               STR_ARG(val_str(val_get(parent, "name"))));
    plan_write(out, PLAN_DELETE, address, (struct str){ 0 }, PRE_UID);
}

/* ---- a Service ---- */

static struct str
address_body(const struct object *service, struct str address, bool is_v6, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "IPAddress");
    jw_kvz(&w, "apiVersion", "networking.k8s.io/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", address);
    jw_keyz(&w, "labels");
    jw_obj(&w);
    jw_kvz(&w, LABEL "ip-family", is_v6 ? "IPv6" : "IPv4");
    jw_kvz(&w, LABEL "managed-by", "ipallocator.k8s.io");
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    jw_keyz(&w, "parentRef");
    jw_obj(&w);
    jw_kvz(&w, "resource", "services");
    jw_kv(&w, "namespace", service->ns);
    jw_kv(&w, "name", service->name);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
plan_service(const struct plan_in *in, struct object *service, struct plan *out)
{
    const struct resource *addresses = ctl_resource(in, "networking.k8s.io", "ipaddresses");
    VAL_EACH (it, val_at(object_val(service), "spec.clusterIPs")) {
        struct str name;
        if (!canonical(val_str(it.value), in->arena, &name) ||
            cache_get(in->cache, addresses, (struct str){ 0 }, name) != NULL) {
            continue;
        }
        plan_event(out, service, EVENT_WARNING, "ClusterIPNotAllocated", "ClusterIPAllocation",
                   "Cluster IP " STR_FMT " is not allocated; repairing", STR_ARG(name));
        plan_create(out, addresses, (struct str){ 0 }, name,
                    address_body(service, name, str_contains(name, STR(":")), out->arena));
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    bool is_service = in->ns.size > 0;
    const struct resource *row = is_service ? ctl_resource(in, "", "services")
                                            : ctl_resource(in, "networking.k8s.io", "ipaddresses");
    struct object *object = cache_get(in->cache, row, in->ns, in->name);
    if (object == NULL) {
        return;
    }
    object_pin(object);
    if (is_service) {
        plan_service(in, object, out);
    } else {
        plan_address(in, object, out);
    }
    object_unpin(object);
}

const struct reconciler ctl_ipaddress = {
    .name = "ipallocator-repair-controller",
    .user = "system:apiserver",
    .watches = watches,
    .plan = plan,
};
