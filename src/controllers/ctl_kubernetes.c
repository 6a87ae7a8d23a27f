/* The API itself inside the cluster: Service `kubernetes` in default, its Endpoints and EndpointSlice,
 * and the ServiceCIDR `kubernetes`.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controlplane/controller/{kubernetesservice,defaultservicecidr} and
 * pkg/controlplane/reconcilers, release 1.35. One key. Where this server is reached (env->advertise) is
 * the one endpoint; a loopback address is of no use to others and stands nowhere. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define NAME "kubernetes"

static void
keys_of_namespace(const struct keys_in *in, const struct object *old, const struct object *now,
                  keys_add_fn *add, void *ctx)
{
    (void)in;
    (void)old;
    if (now != NULL && str_is(now->name, "default")) {
        add(ctx, (struct str){ 0 }, STR(NAME));
    }
}

static void
keys_of_own(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    const struct object *object = now == NULL ? old : now;
    (void)in;
    if (str_is(object->name, NAME) && (object->ns.size == 0 || str_is(object->ns, "default"))) {
        add(ctx, (struct str){ 0 }, STR(NAME));
    }
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "namespaces", .keys = keys_of_namespace },
    { .group = "", .version = "v1", .plural = "services", .keys = keys_of_own },
    { .group = "", .version = "v1", .plural = "endpoints", .keys = keys_of_own },
    { .group = "discovery.k8s.io",
      .version = "v1",
      .plural = "endpointslices",
      .keys = keys_of_own },
    { .group = "networking.k8s.io",
      .version = "v1",
      .plural = "servicecidrs",
      .keys = keys_of_own },
    { .plural = NULL },
};

/* Where the server is, and what of it may be told. */
struct place {
    struct str address; /* absent: nobody else reaches it */
    int64_t port;
    bool is_v6;
};

static struct place
place_of(const struct plan_in *in)
{
    struct place place = { .port = 6443 };
    struct str text = str_of(in->env->advertise);
    struct ip ip;
    size_t colon = text.size;
    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return place;
    }
    struct str host = str_slice(text.at, colon - 1);
    (void)str_to_int(str_slice(text.at + colon, text.size - colon), &place.port);
    if (host.size > 1 && host.at[0] == '[') {
        host = str_slice(host.at + 1, host.size - 2);
    }
    if (ip_parse(host, false, &ip) && !ip_is_loopback(&ip) && !ip_is_unspecified(&ip)) {
        place.address = ip_text(&ip, in->arena);
        place.is_v6 = ip.is_v6;
    }
    return place;
}

/* The first address of the service range. */
static bool
first_address(const struct plan_in *in, struct str *ret)
{
    struct ip_net net;
    if (in->env->service_cidr == NULL ||
        !ip_parse_net(str_of(in->env->service_cidr), false, &net)) {
        return false;
    }
    net = ip_net_masked(&net);
    net.ip.bytes[net.ip.is_v6 ? 15 : 3] |= 1;
    *ret = ip_text(&net.ip, in->arena);
    return true;
}

/* ---- the Service ---- */

static struct str
service_body(const struct place *place, struct str ip, struct arena *arena)
{
    return arena_printf(
        arena,
        "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" NAME
        "\",\"namespace\":\"default\",\"labels\":{\"component\":\"apiserver\","
        "\"provider\":\"kubernetes\"}},\"spec\":{\"ports\":[{\"name\":\"https\","
        "\"protocol\":\"TCP\",\"port\":443,\"targetPort\":%lld}],\"clusterIP\":\"" STR_FMT
        "\",\"type\":\"ClusterIP\",\"sessionAffinity\":\"None\"}}",
        (long long)place->port, STR_ARG(ip));
}

static void
plan_service(const struct plan_in *in, const struct place *place, struct plan *out)
{
    const struct resource *services = ctl_resource(in, "", "services");
    struct object *service = cache_get(in->cache, services, STR("default"), STR(NAME));
    struct str ip;
    if (service == NULL) {
        if (first_address(in, &ip)) {
            plan_create(out, services, STR("default"), STR(NAME),
                        service_body(place, ip, out->arena));
        }
        return;
    }
    object_pin(service);
    struct val port = val_item(val_at(object_val(service), "spec.ports"), 0);
    if (val_int(val_get(port, "targetPort"), 0) != place->port) {
        plan_write(out, PLAN_PATCH, service,
                   arena_printf(out->arena,
                                "{\"spec\":{\"ports\":[{\"port\":443,\"targetPort\":%lld}]}}",
                                (long long)place->port),
                   PRE_UID);
    }
    object_unpin(service);
}

/* ---- where it is ---- */

static struct str
endpoints_body(const struct place *place, struct arena *arena)
{
    return arena_printf(
        arena,
        "{\"kind\":\"Endpoints\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" NAME
        "\",\"namespace\":\"default\",\"labels\":{\"endpointslice.kubernetes.io/skip-mirror\":"
        "\"true\"}},\"subsets\":[{\"addresses\":[{\"ip\":\"" STR_FMT
        "\"}],\"ports\":[{\"name\":\"https\",\"port\":%lld,\"protocol\":\"TCP\"}]}]}",
        STR_ARG(place->address), (long long)place->port);
}

static struct str
slice_body(const struct place *place, struct arena *arena)
{
    return arena_printf(
        arena,
        "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":{\"name\":"
        "\"" NAME "\",\"namespace\":\"default\",\"labels\":{\"kubernetes.io/service-name\":\"" NAME
        "\"}},\"addressType\":\"%s\",\"endpoints\":[{\"addresses\":[\"" STR_FMT
        "\"],\"conditions\":{\"ready\":true}}],\"ports\":[{\"name\":\"https\",\"protocol\":\"TCP\","
        "\"port\":%lld}]}",
        place->is_v6 ? "IPv6" : "IPv4", STR_ARG(place->address), (long long)place->port);
}

/* Are these members of the object as in the wanted one, and its labels there? */
static bool
is_as_wanted(struct val have, struct val wanted, const char *const *members)
{
    for (; *members != NULL; members++) {
        if (!val_eq(val_get(have, *members), val_get(wanted, *members))) {
            return false;
        }
    }
    VAL_EACH (it, val_at(wanted, "metadata.labels")) {
        if (!val_eq(val_member(val_at(have, "metadata.labels"), it.key), it.value)) {
            return false;
        }
    }
    return true;
}

static void
plan_place(const struct plan_in *in, const struct resource *row, struct str body,
           const char *const *members, struct plan *out)
{
    struct object *object = cache_get(in->cache, row, STR("default"), STR(NAME));
    AUTO_ERR struct err *err = NULL;
    if (object == NULL) {
        if (body.size > 0) {
            plan_create(out, row, STR("default"), STR(NAME), body);
        }
        return;
    }
    if (body.size == 0) {
        plan_write(out, PLAN_DELETE, object, (struct str){ 0 }, PRE_UID);
        return;
    }
    const struct doc *wanted = doc_parse(in->arena, body, &err);
    object_pin(object);
    bool is_right = wanted != NULL && is_as_wanted(object_val(object), doc_root(wanted), members);
    object_unpin(object);
    if (!is_right) {
        plan_write(out, PLAN_UPDATE, object, body, 0);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    static const char *const subsets[] = { "subsets", NULL };
    static const char *const endpoints[] = { "addressType", "endpoints", "ports", NULL };
    const struct resource *blocks = ctl_resource(in, "networking.k8s.io", "servicecidrs");
    struct place place = place_of(in);
    struct str none = { 0 };
    if (!ctl_namespace_is_active(in, STR("default"))) {
        return;
    }
    if (cache_get(in->cache, blocks, none, STR(NAME)) == NULL && in->env->service_cidr != NULL) {
        plan_create(
            out, blocks, none, STR(NAME),
            arena_printf(out->arena,
                         "{\"kind\":\"ServiceCIDR\",\"apiVersion\":\"networking.k8s.io/v1\","
                         "\"metadata\":{\"name\":\"" NAME "\"},\"spec\":{\"cidrs\":[\"%s\"]}}",
                         in->env->service_cidr));
    }
    plan_group(out, GROUP_ALWAYS);
    plan_service(in, &place, out);
    plan_group(out, GROUP_ALWAYS);
    bool is_told = place.address.size > 0;
    plan_place(in, ctl_resource(in, "", "endpoints"),
               is_told ? endpoints_body(&place, out->arena) : none, subsets, out);
    plan_place(in, ctl_resource(in, "discovery.k8s.io", "endpointslices"),
               is_told ? slice_body(&place, out->arena) : none, endpoints, out);
}

const struct reconciler ctl_kubernetes = {
    .name = "kubernetes-service-controller",
    .user = "system:apiserver",
    .watches = watches,
    .plan = plan,
    .parallel = 1,
};
