/* Service `kube-dns` in kube-system: the name and the address of the cluster's DNS, the tenth of the service
 * range, which every node's agent answers at. It has no selector: who runs name servers of his own gives it
 * one, or EndpointSlices, and they answer instead.  Run by src/client/reconcile, loop thread.
 *
 * Made when it is not there, as kubeadm makes it; what stands there is never changed. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/ip.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define NAME "kube-dns"
#define NAMESPACE "kube-system"
enum { NUMBER = 10 };

static void
keys_of_namespace(const struct keys_in *in, const struct object *old, const struct object *now,
                  keys_add_fn *add, void *ctx)
{
    (void)in;
    (void)old;
    if (now != NULL && str_is(now->name, NAMESPACE)) {
        add(ctx, STR(NAMESPACE), STR(NAME));
    }
}

static void
keys_of_service(const struct keys_in *in, const struct object *old, const struct object *now,
                keys_add_fn *add, void *ctx)
{
    const struct object *object = now == NULL ? old : now;
    (void)in;
    if (str_is(object->name, NAME) && str_is(object->ns, NAMESPACE)) {
        add(ctx, STR(NAMESPACE), STR(NAME));
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "namespaces", .keys = keys_of_namespace },
    { .group = "", .version = "v1", .plural = "services", .keys = keys_of_service },
    { .plural = NULL },
};

static bool
address(const struct plan_in *in, struct str *ret)
{
    struct ip_net net;
    struct ip ip;
    if (in->env->service_cidr == NULL ||
        !ip_parse_net(str_of(in->env->service_cidr), false, &net) ||
        !ip_net_at(&net, NUMBER, &ip)) {
        return false;
    }
    *ret = ip_text(&ip, in->arena);
    return true;
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    const struct resource *services = ctl_resource(in, "", "services");
    struct str ip;
    if (!ctl_namespace_is_active(in, STR(NAMESPACE)) ||
        cache_get(in->cache, services, STR(NAMESPACE), STR(NAME)) != NULL || !address(in, &ip)) {
        return;
    }
    plan_create(out, services, STR(NAMESPACE), STR(NAME),
                arena_printf(
                    out->arena,
                    "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" NAME
                    "\",\"namespace\":\"" NAMESPACE "\",\"labels\":{\"k8s-app\":\"kube-dns\","
                    "\"kubernetes.io/cluster-service\":\"true\",\"kubernetes.io/name\":\"CoreDNS\"}"
                    "},\"spec\":{\"clusterIP\":\"" STR_FMT "\",\"ports\":["
                    "{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"},"
                    "{\"name\":\"dns-tcp\",\"port\":53,\"protocol\":\"TCP\"}]}}",
                    STR_ARG(ip)));
}

const struct reconciler ctl_dns = {
    .name = "dns-service-controller",
    .user = "system:apiserver",
    .watches = watches,
    .plan = plan,
    .parallel = 1,
};
