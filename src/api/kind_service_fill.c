/* SetDefaults_Service of release 1.35.  Named by rows in kind_service.c; pure, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "base/arena.h"

static const char service_affinity_timeout[] = "{\"clientIP\":{\"timeoutSeconds\":10800}}";

void
kind_service_fill_spec(struct fill *fill)
{
    struct val affinity = fill_get(fill, "sessionAffinity");
    if (val_is_str(affinity, "None") && fill_has(fill, "sessionAffinityConfig")) {
        fill_drop(fill, "sessionAffinityConfig");
    } else if (val_is_str(affinity, "ClientIP") &&
               !val_is(
                   val_at(fill_get(fill, "sessionAffinityConfig"), "clientIP.timeoutSeconds"))) {
        fill_setz(fill, "sessionAffinityConfig", service_affinity_timeout);
    }
    struct val type = fill_get(fill, "type");
    bool is_cluster = val_is_str(type, "ClusterIP");
    bool is_node = val_is_str(type, "NodePort"), is_balanced = val_is_str(type, "LoadBalancer");
    bool is_external = is_node || is_balanced || (is_cluster && fill_has(fill, "externalIPs"));
    if (is_external && !fill_has(fill, "externalTrafficPolicy")) {
        fill_setz(fill, "externalTrafficPolicy", "\"Cluster\"");
    }
    if ((is_cluster || is_node || is_balanced) && !fill_has(fill, "internalTrafficPolicy")) {
        fill_setz(fill, "internalTrafficPolicy", "\"Cluster\"");
    }
    if (is_balanced && !fill_has(fill, "allocateLoadBalancerNodePorts")) {
        fill_setz(fill, "allocateLoadBalancerNodePorts", "true");
    }
}

void
kind_service_fill_port(struct fill *fill)
{
    struct val target = fill_get(fill, "targetPort");
    bool is_unset = (val_type(target) == DOC_STRING && val_str(target).size == 0) ||
                    (val_type(target) != DOC_STRING && val_int(target, 0) == 0);
    if (is_unset) {
        fill_set(fill, "targetPort", val_raw(fill_get(fill, "port")));
    }
}

/* An address of a load balancer is a virtual one unless it says otherwise. */
void
kind_service_fill_ingress(struct fill *fill)
{
    const struct fill *service = fill;
    while (service->up != NULL) {
        service = service->up;
    }
    bool is_balanced = service->type == &type_core_service &&
                       val_is_str(val_get(fill_get(service, "spec"), "type"), "LoadBalancer");
    if (is_balanced && fill_has(fill, "ip") && !fill_has(fill, "ipMode")) {
        fill_setz(fill, "ipMode", "\"VIP\"");
    }
}
