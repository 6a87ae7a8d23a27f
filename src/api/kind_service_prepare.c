/* What writing a Service changes in it: the service strategy of release 1.35, and the allocated
 * values that a PUT without them keeps.
 *
 * Named by the row of services; called by the API server's prepare step. Pure, any thread. The
 * allocation of new addresses and ports is the API server's. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "base/arena.h"
#include "base/doc.h"

enum { SERVICE_POINTER_SIZE = 64 };

static void service_drop_by_type(struct prepare *p);
static void service_patch_allocated(struct prepare *p);

void
kind_service_update(struct prepare *p)
{
    if (p->subresource != NULL) {
        kinds_prepare_update(p);
        return;
    }
    kinds_prepare_keep(p, "status");
    service_patch_allocated(p);
    service_drop_by_type(p);
}

static bool
service_is(struct val service, const char *type)
{
    return val_is_str(val_at(service, "spec.type"), type);
}

static bool
service_needs_ip(struct val service)
{
    return !service_is(service, "ExternalName");
}

/* Has node ports, or may have them. */
static bool
service_has_ports(struct val service)
{
    return service_is(service, "NodePort") || service_is(service, "LoadBalancer");
}

static bool
service_needs_ports(struct val service)
{
    bool allocates = val_bool(val_at(service, "spec.allocateLoadBalancerNodePorts"), true);
    return service_is(service, "NodePort") || (service_is(service, "LoadBalancer") && allocates);
}

static bool
service_needs_health_port(struct val service)
{
    return service_is(service, "LoadBalancer") &&
           val_is_str(val_at(service, "spec.externalTrafficPolicy"), "Local");
}

static bool
service_is_external(struct val service)
{
    return service_has_ports(service) ||
           (service_is(service, "ClusterIP") && val_len(val_at(service, "spec.externalIPs")) > 0);
}

static bool
service_is_same(const struct prepare *p, const char *member)
{
    struct val now = val_get(val_get(p->now, "spec"), member);
    struct val old = val_get(val_get(p->old, "spec"), member);
    return val_is(now) == val_is(old) && val_eq(now, old);
}

static void
service_drop(struct prepare *p, const char *member)
{
    char pointer[SERVICE_POINTER_SIZE];
    (void)snprintf(pointer, sizeof(pointer), "/spec/%s", member);
    edit_del(p->edit, pointer);
}

static bool
service_uses_port(struct val service, int64_t port)
{
    VAL_EACH (it, val_at(service, "spec.ports")) {
        if (val_int(val_get(it.value, "nodePort"), 0) == port) {
            return true;
        }
    }
    return false;
}

static void
service_drop_same(struct prepare *p, const char *const *members)
{
    for (; *members != NULL; members++) {
        if (service_is_same(p, *members)) {
            service_drop(p, *members);
        }
    }
}

static void
service_drop_ips(struct prepare *p)
{
    static const char *const others[] = { "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy",
                                          NULL };
    if (service_is_same(p, "clusterIP") && service_is_same(p, "clusterIPs")) {
        service_drop(p, "clusterIP");
        service_drop(p, "clusterIPs");
    }
    service_drop_same(p, others);
}

/* Unless the client asks for ports that were not there. */
static void
service_drop_node_ports(struct prepare *p)
{
    bool is_subset = true;
    size_t len = 0;
    VAL_EACH (it, val_at(p->now, "spec.ports")) {
        int64_t port = val_int(val_get(it.value, "nodePort"), 0);
        is_subset = is_subset && (port == 0 || service_uses_port(p->old, port));
        len++;
    }
    for (size_t i = 0; is_subset && i < len; i++) {
        char pointer[SERVICE_POINTER_SIZE];
        (void)snprintf(pointer, sizeof(pointer), "/spec/ports/%zu/nodePort", i);
        edit_del(p->edit, pointer);
    }
}

/* What a type had and another has not goes away, when the client left it as it was
 * (dropTypeDependentFields). */
static void
service_drop_by_type(struct prepare *p)
{
    static const char *const health[] = { "healthCheckNodePort", NULL };
    static const char *const balanced[] = { "allocateLoadBalancerNodePorts", "loadBalancerClass",
                                            NULL };
    static const char *const external[] = { "externalTrafficPolicy", NULL };
    if (service_needs_ip(p->old) && !service_needs_ip(p->now)) {
        service_drop_ips(p);
    }
    if (service_has_ports(p->old) && !service_has_ports(p->now)) {
        service_drop_node_ports(p);
    }
    if (service_needs_health_port(p->old) && !service_needs_health_port(p->now)) {
        service_drop_same(p, health);
    }
    if (service_is(p->old, "LoadBalancer") && !service_is(p->now, "LoadBalancer")) {
        service_drop_same(p, balanced);
    }
    if (service_is_external(p->old) && !service_is_external(p->now)) {
        service_drop_same(p, external);
    }
    if (!service_is(p->now, "LoadBalancer")) {
        edit_set(p->edit, "/status/loadBalancer", STR("{}"));
    }
}

static void
service_patch_ports(struct prepare *p)
{
    size_t at = 0;
    VAL_EACH (it, val_at(p->now, "spec.ports")) {
        char pointer[SERVICE_POINTER_SIZE];
        (void)snprintf(pointer, sizeof(pointer), "/spec/ports/%zu/nodePort", at++);
        if (val_int(val_get(it.value, "nodePort"), 0) != 0) {
            continue;
        }
        /* Of ports with one name the last one counts, as in upstream's map. */
        int64_t port = 0;
        VAL_EACH (was, val_at(p->old, "spec.ports")) {
            if (str_eq(val_str(val_get(was.value, "name")), val_str(val_get(it.value, "name")))) {
                port = val_int(val_get(was.value, "nodePort"), 0);
            }
        }
        if (port != 0 && !service_uses_port(p->now, port)) {
            edit_set_int(p->edit, pointer, port);
        }
    }
}

/* patchAllocatedValues: a PUT that does not know the addresses and ports keeps them. */
static void
service_patch_allocated(struct prepare *p)
{
    struct val now = val_get(p->now, "spec"), old = val_get(p->old, "spec");
    if (service_needs_ip(p->old) && service_needs_ip(p->now)) {
        struct val ip = val_get(old, "clusterIP"), ips = val_get(old, "clusterIPs");
        if (val_str(val_get(now, "clusterIP")).size == 0 && val_is(ip)) {
            edit_set(p->edit, "/spec/clusterIP", val_raw(ip));
        }
        if (val_len(val_get(now, "clusterIPs")) == 0 && val_len(ips) > 0) {
            edit_set(p->edit, "/spec/clusterIPs", val_raw(ips));
        }
    }
    if (service_needs_ports(p->old) && service_needs_ports(p->now)) {
        service_patch_ports(p);
    }
    int64_t health = val_int(val_get(old, "healthCheckNodePort"), 0);
    if (service_needs_health_port(p->old) && service_needs_health_port(p->now) && health != 0 &&
        val_int(val_get(now, "healthCheckNodePort"), 0) == 0) {
        edit_set_int(p->edit, "/spec/healthCheckNodePort", health);
    }
}
