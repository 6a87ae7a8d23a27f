/* The nodes of the cluster and the routes to their pods. Called by proxy; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/peers.h"

#include <stdlib.h>

#include "agent/netlink.h"
#include "agent/proxy_plan.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/informer.h"

#define LOG_MODULE "peers"
#include "base/log.h"

enum { AGAIN_MS = 60 * 1000 /* somebody else may have changed the kernel's routes */ };

struct peers {
    struct peers_spec spec;
    const struct resource *nodes;
    struct informers *informers; /* of their own: the agent's follow only one Node */
    struct informer *informer;
    struct arena *arena; /* of the plan */
    struct peers_plan plan;
    struct loop_timer *timer;
    char *problem; /* the last that was logged */
    bool has_routes, is_synced;
};

/* ---- what the Nodes say ---- */

static bool
read_peer(struct val node, struct str self, struct peer *ret)
{
    *ret = (struct peer){ .name = val_str(val_at(node, "metadata.name")) };
    ret->is_self = str_eq(ret->name, self);
    VAL_EACH (it, val_at(node, "status.addresses")) {
        struct ip ip;

        if (val_is_str(val_get(it.value, "type"), "InternalIP") && !ret->has_address &&
            ip_parse(val_str(val_get(it.value, "address")), false, &ip) && !ip.is_v6) {
            ret->address = ip;
            ret->has_address = true;
        }
    }
    VAL_EACH (it, val_at(node, "spec.podCIDRs")) {
        if (ip_parse_net(val_str(it.value), false, &ret->pods) && !ret->pods.ip.is_v6) {
            ret->pods = ip_net_masked(&ret->pods);
            return true;
        }
    }
    return false;
}

static int
by_name(const void *a, const void *b)
{
    const struct peer *x = a, *y = b;

    return str_cmp(x->name, y->name);
}

static bool
overlaps(const struct peers_plan *plan, size_t len, const struct ip_net *net)
{
    for (size_t i = 0; i < len; i++) {
        if (ip_net_has(&plan->at[i].pods, &net->ip) || ip_net_has(net, &plan->at[i].pods.ip)) {
            return true;
        }
    }
    return false;
}

void
peers_plan(const struct val *nodes, size_t len, struct str self, struct arena *arena,
           struct peers_plan *ret)
{
    size_t kept = 0;

    *ret = (struct peers_plan){ .at = arena_array(arena, len + 1, sizeof(*ret->at)) };
    for (size_t i = 0; i < len; i++) {
        struct peer *peer = &ret->at[ret->len];

        if (read_peer(nodes[i], self, peer)) {
            peer->name = arena_dup(arena, peer->name);
            ret->len++;
        }
        if (peer->is_self) {
            ret->zone = arena_dup(arena, val_str(val_member(val_at(nodes[i], "metadata.labels"),
                                                            STR("topology.kubernetes.io/zone"))));
        }
    }
    qsort(ret->at, ret->len, sizeof(*ret->at), by_name);
    for (size_t i = 0; i < ret->len; i++) {
        if (!overlaps(ret, kept, &ret->at[i].pods)) {
            ret->at[kept++] = ret->at[i];
        }
    }
    ret->len = kept;
}

static bool
is_same(const struct peers_plan *a, const struct peers_plan *b)
{
    bool same = a->len == b->len && str_eq(a->zone, b->zone);

    for (size_t i = 0; same && i < a->len; i++) {
        const struct peer *x = &a->at[i], *y = &b->at[i];

        same = str_eq(x->name, y->name) && ip_eq(&x->pods.ip, &y->pods.ip) &&
               x->pods.bits == y->pods.bits && x->has_address == y->has_address &&
               ip_eq(&x->address, &y->address);
    }
    return same;
}

/* ---- routes ---- */

static bool
has_route(const struct netlink_route *routes, size_t len, const struct netlink_route *route)
{
    for (size_t i = 0; i < len; i++) {
        if (ip_eq(&routes[i].to.ip, &route->to.ip) && routes[i].to.bits == route->to.bits &&
            ip_eq(&routes[i].via, &route->via)) {
            return true;
        }
    }
    return false;
}

/* One line when it begins or changes, not every minute. */
static void
note(struct peers *peers, struct str problem)
{
    if (problem.size > 0 && !str_eq(problem, str_of(peers->problem))) {
        log_warn("pods of other nodes are not reached " STR_FMT, STR_ARG(problem));
    }
    mem_free(peers->problem);
    peers->problem = problem.size > 0 ? str_dup(problem) : NULL;
}

static int
set_routes(struct peers *peers, struct arena *arena, struct str_builder *problem, struct err **err)
{
    struct netlink_route *have, *want = arena_array(arena, peers->plan.len + 1, sizeof(*want));
    size_t have_len, len = 0;

    if (netlink_routes(arena, &have, &have_len, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < peers->plan.len; i++) {
        const struct peer *peer = &peers->plan.at[i];

        if (!peer->is_self && peer->has_address) {
            want[len++] = (struct netlink_route){ peer->pods, peer->address };
        }
    }
    for (size_t i = 0; i < have_len; i++) {
        if (!has_route(want, len, &have[i]) && netlink_route_del(&have[i], err) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < len; i++) {
        AUTO_ERR struct err *failed = NULL;

        if (!has_route(have, have_len, &want[i]) && netlink_route_put(&want[i], &failed) < 0) {
            str_putf(problem, "to=" STR_FMT " via=" STR_FMT " err=\"%s\" ",
                     STR_ARG(ip_net_text(&want[i].to, arena)),
                     STR_ARG(ip_text(&want[i].via, arena)), failed->message);
        }
    }
    return 0;
}

static void
look_at_routes(void *ctx)
{
    struct peers *peers = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder problem = { 0 };
    AUTO_ERR struct err *err = NULL;

    loop_timer_cancel(peers->timer);
    peers->timer = loop_timer(peers->spec.loop, clock_mono_ms() + AGAIN_MS, look_at_routes, peers);
    if (set_routes(peers, arena, &problem, &err) < 0) {
        str_putf(&problem, "err=\"%s\"", err->message);
    }
    note(peers, str_trim(str_view(&problem)));
}

/* ---- changes ---- */

static void
plan_again(struct peers *peers)
{
    const struct cache *cache = informers_cache(peers->informers);
    size_t len = cache_len(cache, peers->nodes), i = 0;
    struct arena *arena = arena_new();
    struct object **objects = arena_array(arena, len + 1, sizeof(*objects));
    struct val *nodes = arena_array(arena, len + 1, sizeof(*nodes));
    struct peers_plan plan;

    CACHE_EACH (object, it, cache, peers->nodes, ((struct str){ 0 })) {
        object_pin(object);
        nodes[i] = object_val(object);
        objects[i++] = object;
    }
    peers_plan(nodes, i, peers->spec.self, arena, &plan);
    while (i > 0) {
        object_unpin(objects[--i]);
    }
    if (peers->arena != NULL && is_same(&plan, &peers->plan)) {
        arena_free(arena);
        return;
    }
    arena_free(peers->arena);
    peers->arena = arena;
    peers->plan = plan;
    if (peers->has_routes) {
        look_at_routes(peers);
    }
    peers->spec.changed(peers->spec.ctx);
}

static void
node_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct peers *peers = ctx;

    (void)old;
    (void)now;
    (void)rev;
    if (peers->is_synced) {
        plan_again(peers);
    }
}

static void
nodes_listed(void *ctx)
{
    struct peers *peers = ctx;

    peers->is_synced = true;
    plan_again(peers);
}

/* ---- for the proxy ---- */

void
peers_begin_routes(struct peers *peers)
{
    peers->has_routes = true;
    if (peers->is_synced) {
        look_at_routes(peers);
    }
}

bool
peers_is_synced(const struct peers *peers)
{
    return peers->is_synced;
}

struct str
peers_zone(const struct peers *peers)
{
    return peers->plan.zone;
}

void
peers_items(const struct peers *peers, struct proxy_items *ret)
{
    *ret = (struct proxy_items){ .arena = arena_new() };
    for (size_t i = 0; i < peers->plan.len; i++) {
        proxy_items_add(
            ret, &(struct proxy_item){ .kind = PROXY_ELEMENT,
                                       .in = STR("pod-networks"),
                                       .key = ip_net_text(&peers->plan.at[i].pods, ret->arena) });
    }
    proxy_items_sort(ret);
}

struct peers *
peers_new(const struct peers_spec *spec)
{
    struct peers *peers = MEM_NEW(struct peers);
    struct informer_spec nodes = { 0 };

    peers->spec = *spec;
    peers->nodes = registry_find(spec->registry, STR(""), STR("v1"), STR("nodes"));
    peers->informers = informers_new(spec->loop, spec->client);
    nodes.resource = peers->nodes;
    peers->informer = informer_add(peers->informers, &nodes, node_changed, nodes_listed, peers);
    return peers;
}

void
peers_free(struct peers *peers)
{
    if (peers == NULL) {
        return;
    }
    loop_timer_cancel(peers->timer);
    informers_free(peers->informers); /* with the handler */
    arena_free(peers->arena);
    mem_free(peers->problem);
    mem_free(peers);
}
