/* Where a proxied request goes: see proxy_target.h. Called by rest_proxy.
 *
 * As pkg/registry/core/{pod,service/storage,node}, release 1.35: ResourceLocation; the words of
 * refusals are those that kube-apiserver 1.35 gave. Loop thread. */
#include "config.h"

#include "apiserver/proxy_target.h"

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "client/cache.h"

enum { PARTS_MAX = 4 };

struct words {
    struct str scheme, name, port;
};

static int find_pod(struct req *req, const struct words *words, struct proxy_target *ret,
                    struct err **err);
static int find_service(struct req *req, const struct words *words, struct proxy_target *ret,
                        struct err **err);
static int find_node(struct req *req, const struct words *words, struct proxy_target *ret,
                     struct err **err);

static const struct row {
    const struct resource *resource;
    const char *what;
    int (*find)(struct req *req, const struct words *words, struct proxy_target *ret,
                struct err **err);
} rows[] = {
    { &resource_pods, "pod", find_pod },
    { &resource_services, "service", find_service },
    { &resource_nodes, "node", find_node },
};

/* apimachinery/pkg/util/net: SplitSchemeNamePort */
static bool
split(struct str id, struct words *ret)
{
    struct str parts[PARTS_MAX];
    size_t len = str_split(id, ':', parts, PARTS_MAX);
    struct words words = { 0 };
    if (len == 0 || len > 3) {
        return false;
    }
    words.scheme = len == 3 ? parts[0] : (struct str){ 0 };
    words.name = len == 3 ? parts[1] : parts[0];
    words.port = len == 1 ? (struct str){ 0 } : parts[len - 1];
    *ret = words;
    return words.name.size > 0 && (words.scheme.size == 0 || str_is(words.scheme, "http") ||
                                   str_is(words.scheme, "https"));
}

int
proxy_target_find(struct req *req, struct proxy_target *ret, struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct words words;
        if (rows[i].resource != req->resource) {
            continue;
        }
        if (!split(req->name, &words)) {
            return err_set(err, ERR_BAD_REQUEST, "invalid %s request \"" STR_FMT "\"", rows[i].what,
                           STR_ARG(req->name));
        }
        struct proxy_target target = { .is_tls = str_is(words.scheme, "https") };
        if (rows[i].find(req, &words, &target, err) < 0) {
            return -1;
        }
        *ret = target;
        return 0;
    }
    return err_set(err, ERR_INTERNAL, "nothing of this kind can be proxied to");
}

static struct object *
get(struct req *req, struct str name, struct err **err)
{
    struct object *object = cache_get(apiserver_cache(req->server), req->resource, req->ns, name);
    if (object == NULL) {
        (void)status_not_found(err, req->resource, name);
    }
    return object;
}

/* ---- pods ---- */

/* Go's IsGlobalUnicast. */
static bool
may_be_asked(struct str text)
{
    struct ip ip;
    return ip_parse(text, true, &ip) && !str_is(text, "255.255.255.255") &&
           !ip_is_unspecified(&ip) && !ip_is_loopback(&ip) && !ip_is_link_local(&ip) &&
           !ip_is_multicast(&ip);
}

static struct str
first_port(struct req *req, struct val pod)
{
    VAL_EACH (it, val_at(pod, "spec.containers")) {
        struct val port = val_get(val_item(val_get(it.value, "ports"), 0), "containerPort");
        if (val_int(port, 0) > 0) {
            return arena_printf(req->arena, "%lld", (long long)val_int(port, 0));
        }
    }
    return STR("80");
}

static int
find_pod(struct req *req, const struct words *words, struct proxy_target *ret, struct err **err)
{
    struct object *pod = get(req, words->name, err);
    if (pod == NULL) {
        return -1;
    }
    object_pin(pod);
    struct val root = object_val(pod);
    struct str ip = arena_dup(req->arena, val_str(val_at(root, "status.podIP")));
    struct str port = words->port.size > 0 ? words->port : first_port(req, root);
    object_unpin(pod);
    if (!may_be_asked(ip)) {
        return err_set(err, ERR_BAD_REQUEST, "address not allowed");
    }
    bool is_v6 = str_contains(ip, STR(":"));
    ret->place = (struct reach_target){
        .kind = REACH_POD, .ns = req->ns, .name = words->name, .port = port
    };
    ret->authority =
        arena_printf(req->arena, is_v6 ? "[" STR_FMT "]:" STR_FMT : STR_FMT ":" STR_FMT,
                     STR_ARG(ip), STR_ARG(port));
    return 0;
}

/* ---- services ---- */

/* A number is that of the Service; its name is that of the endpoints. */
static int
port_name(struct req *req, const struct words *words, struct str *ret, struct err **err)
{
    int64_t number;
    struct object *service = get(req, words->name, err);
    if (service == NULL) {
        return -1;
    }
    if (!str_to_int(words->port, &number)) {
        *ret = words->port;
        return 0;
    }
    int rc = -1;
    object_pin(service);
    VAL_EACH (it, val_at(object_val(service), "spec.ports")) {
        if (rc < 0 && val_int(val_get(it.value, "port"), 0) == number) {
            *ret = arena_dup(req->arena, val_str(val_get(it.value, "name")));
            rc = 0;
        }
    }
    object_unpin(service);
    return rc == 0 ? 0
                   : err_set(err, ERR_UNAVAILABLE,
                             "no service port %lld found for service \"" STR_FMT "\"",
                             (long long)number, STR_ARG(words->name));
}

static bool
has_slice(struct req *req, struct str service)
{
    const struct resource *slices =
        registry_find(req->registry, STR("discovery.k8s.io"), STR("v1"), STR("endpointslices"));
    CACHE_EACH (slice, it, apiserver_cache(req->server), slices, req->ns) {
        if (str_eq(labels_get(slice->labels, STR("kubernetes.io/service-name")), service)) {
            return true;
        }
    }
    return false;
}

static int
find_service(struct req *req, const struct words *words, struct proxy_target *ret, struct err **err)
{
    AUTO_ERR struct err *none = NULL;
    struct str port;
    if (port_name(req, words, &port, err) < 0) {
        return -1;
    }
    if (!has_slice(req, words->name)) {
        return status_not_found(err, req->resource, words->name); /* its endpoints are not there */
    }
    ret->place = (struct reach_target){
        .kind = REACH_SERVICE, .ns = req->ns, .name = words->name, .port = port
    };
    if (req->server->reach != NULL && reach_find(req->server->reach, &ret->place, &none) < 0) {
        return err_set(err, ERR_UNAVAILABLE, "no endpoints available for service \"" STR_FMT "\"",
                       STR_ARG(req->name));
    }
    return 0;
}

/* ---- nodes ---- */

static int
find_node(struct req *req, const struct words *words, struct proxy_target *ret, struct err **err)
{
    struct object *node = get(req, words->name, err);
    if (node == NULL) {
        return -1;
    }
    object_pin(node);
    int64_t agent =
        val_int(val_at(object_val(node), "status.daemonEndpoints.kubeletEndpoint.Port"), 0);
    object_unpin(node);
    int64_t port = 0;
    bool is_agent = words->port.size == 0 || (str_to_int(words->port, &port) && port == agent);
    ret->is_tls = ret->is_tls && !is_agent;
    ret->place = (struct reach_target){ .kind = REACH_NODE,
                                        .name = words->name,
                                        .port = is_agent ? (struct str){ 0 } : words->port };
    return 0;
}
