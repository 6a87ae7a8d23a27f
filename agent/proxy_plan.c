/* What one Service comes to on this node. Called by proxy for every Service that changed; pure.
 *
 * The semantics follow pkg/proxy/nftables/proxier.go, release 1.35; the layout is ours: see the header. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy_plan.h"

#include <stdlib.h>

#include "agent/proxy_endpoints.h"
#include "base/arena.h"
#include "base/ip.h"

enum { AFFINITY_SECONDS = 10800 };

/* Pools of endpoints, by what a packet's destination is looked up with and for whom they are. */
enum family { FAMILY_IP, FAMILY_NODE, FAMILY_LOCAL_IP, FAMILY_LOCAL_NODE };
static const struct {
    const char *prefix, *key_type, *key;
} families[] = {
    [FAMILY_IP] = { "", "ipv4_addr . inet_proto . inet_service",
                    "ip daddr . meta l4proto . th dport" },
    [FAMILY_NODE] = { "node-", "inet_proto . inet_service", "meta l4proto . th dport" },
    [FAMILY_LOCAL_IP] = { "local-", "ipv4_addr . inet_proto . inet_service",
                          "ip daddr . meta l4proto . th dport" },
    [FAMILY_LOCAL_NODE] = { "local-node-", "inet_proto . inet_service", "meta l4proto . th dport" },
};

/* One port of a Service on its way into items. */
struct port_plan {
    struct proxy_items *out;
    struct arena *arena;
    struct str ns, name, protocol; /* "tcp" */
    int64_t port, node_port;
    int64_t affinity_s; /* 0: none */
    struct proxy_policy policy;
    struct proxy_endpoints ends;
    struct str dns; /* as the node has it */
};

/* ---- items ---- */

void
proxy_items_add(struct proxy_items *items, const struct proxy_item *item)
{
    enum { FIRST = 32 };

    if (items->len == items->capacity) {
        size_t capacity = items->capacity == 0 ? FIRST : items->capacity * 2;

        items->at = arena_grow(items->arena, items->at, items->capacity * sizeof(*items->at),
                               capacity * sizeof(*items->at));
        items->capacity = capacity;
    }
    items->at[items->len++] = *item;
}

static void
add_flow(struct port_plan *p, struct str ip, int64_t port)
{
    struct proxy_items *items = p->out;

    if (!str_is(p->protocol, "udp") || p->ends.serving.len == 0) {
        return;
    }
    if (items->flow_len == items->flow_capacity) {
        size_t capacity = items->flow_capacity == 0 ? 4 : items->flow_capacity * 2;

        items->flows =
            arena_grow(items->arena, items->flows, items->flow_capacity * sizeof(*items->flows),
                       capacity * sizeof(*items->flows));
        items->flow_capacity = capacity;
    }
    items->flows[items->flow_len++] =
        (struct proxy_flow){ ip, port, p->ends.serving.at, p->ends.serving.len };
}

int
proxy_item_cmp(const struct proxy_item *a, const struct proxy_item *b)
{
    int order = (a->kind > b->kind) - (a->kind < b->kind);

    order = order != 0 ? order : str_cmp(a->in, b->in);
    return order != 0 ? order : str_cmp(a->key, b->key);
}

/* The list is one array: items of one name stand as they were added. */
static int
in_order(const void *a, const void *b)
{
    const struct proxy_item *x = *(const struct proxy_item *const *)a;
    const struct proxy_item *y = *(const struct proxy_item *const *)b;
    int order = proxy_item_cmp(x, y);

    return order != 0 ? order : (x > y) - (x < y);
}

void
proxy_items_sort(struct proxy_items *items)
{
    const struct proxy_item **order = arena_array(items->arena, items->len + 1, sizeof(*order));
    struct proxy_item *sorted = arena_array(items->arena, items->len + 1, sizeof(*sorted));
    size_t len = 0;

    for (size_t i = 0; i < items->len; i++) {
        order[i] = &items->at[i];
    }
    qsort(order, items->len, sizeof(*order), in_order);
    for (size_t i = 0; i < items->len; i++) {
        if (len == 0 || proxy_item_cmp(&sorted[len - 1], order[i]) != 0) {
            sorted[len++] = *order[i];
        }
    }
    items->at = sorted;
    items->capacity = items->len + 1;
    items->len = len;
}

static void
put_element(struct port_plan *p, const char *in, struct str key, struct str value)
{
    proxy_items_add(p->out,
                    &(struct proxy_item){
                        .kind = PROXY_ELEMENT, .in = str_of(in), .key = key, .value = value });
}

static void
put_named(struct port_plan *p, enum proxy_item_kind kind, bool is_shared, struct str name,
          struct str value)
{
    proxy_items_add(p->out, &(struct proxy_item){
                                .kind = kind, .is_shared = is_shared, .in = name, .value = value });
}

static struct str
goto_chain(struct port_plan *p, struct str chain)
{
    return arena_printf(p->arena, "goto " STR_FMT, STR_ARG(chain));
}

/* ---- pools ---- */

/* Its pod asks itself by way of the service: it must not see its own address as the client's. */
static void
put_hairpins(struct port_plan *p, const struct proxy_pool *pool)
{
    for (size_t i = 0; i < pool->len; i++) {
        struct str ip = pool->at[i].address;

        if (pool->at[i].is_local) {
            proxy_items_add(
                p->out, &(struct proxy_item){ .kind = PROXY_ELEMENT,
                                              .is_shared = true,
                                              .in = STR("hairpins"),
                                              .key = arena_printf(p->arena, STR_FMT " . " STR_FMT,
                                                                  STR_ARG(ip), STR_ARG(ip)) });
        }
    }
}

/* "numgen random mod 3 vmap { 0 : goto NAME0, … }" */
static void
put_die(struct str_builder *rules, size_t sides, struct str (*name)(void *ctx, size_t i), void *ctx)
{
    if (sides == 1) {
        str_putf(rules, "goto " STR_FMT, STR_ARG(name(ctx, 0)));
        return;
    }
    str_putf(rules, "numgen random mod %zu vmap { ", sides);
    for (size_t i = 0; i < sides; i++) {
        str_putf(rules, "%s%zu : goto " STR_FMT, i > 0 ? ", " : "", i, STR_ARG(name(ctx, i)));
    }
    str_putz(rules, " }");
}

struct die {
    struct port_plan *p;
    const struct proxy_pool *pool;
    const char *prefix;
};

static struct str
pick_name(void *ctx, size_t i)
{
    struct die *die = ctx;

    return arena_printf(die->p->arena, "%spick-%zu", die->prefix, i);
}

/* The chain that throws a die over so many endpoints of the family. */
static struct str
among(struct port_plan *p, enum family family, size_t len)
{
    const char *prefix = families[family].prefix;
    struct str name = arena_printf(p->arena, "%samong-%zu", prefix, len);
    AUTO_STR struct str_builder rules = { 0 };
    struct die die = { p, NULL, prefix };

    if (family == FAMILY_IP || family == FAMILY_NODE) {
        str_putz(&rules, "jump mark-unless-pod\n");
    }
    put_die(&rules, len, pick_name, &die);
    put_named(p, PROXY_CHAIN, true, name, arena_dup(p->arena, str_view(&rules)));
    return name;
}

/* An address, or the port of nodes, leads to these endpoints. → the chain to go to */
static struct str
put_pool(struct port_plan *p, enum family family, struct str key, const struct proxy_pool *pool)
{
    const char *prefix = families[family].prefix;

    for (size_t i = 0; i < pool->len; i++) {
        struct str map = arena_printf(p->arena, "%sendpoints-%zu", prefix, i);

        put_named(p, PROXY_SET, true, map,
                  arena_printf(p->arena, "map { type %s : ipv4_addr . inet_service; }",
                               families[family].key_type));
        put_named(p, PROXY_CHAIN, true, arena_printf(p->arena, "%spick-%zu", prefix, i),
                  arena_printf(p->arena,
                               "meta l4proto { tcp, udp, sctp } dnat ip to %s map @" STR_FMT,
                               families[family].key, STR_ARG(map)));
        put_element(p, map.at, key,
                    arena_printf(p->arena, STR_FMT " . %lld", STR_ARG(pool->at[i].address),
                                 (long long)pool->at[i].port));
    }
    return among(p, family, pool->len);
}

/* ---- session affinity ---- */

static struct str
own_name(struct port_plan *p, const char *prefix)
{
    return arena_printf(p->arena, "%s/" STR_FMT "/" STR_FMT "/" STR_FMT "/%lld", prefix,
                        STR_ARG(p->ns), STR_ARG(p->name), STR_ARG(p->protocol), (long long)p->port);
}

/* The chain of one endpoint, and the set of the clients that are sent there for so long. */
static struct str
affine_name(void *ctx, size_t i)
{
    struct die *die = ctx;
    const struct proxy_endpoint *e = &die->pool->at[i];
    struct str own = own_name(die->p, "affine");

    return arena_printf(die->p->arena, STR_FMT "/" STR_FMT "/%lld/%lld", STR_ARG(own),
                        STR_ARG(e->address), (long long)e->port, (long long)die->p->affinity_s);
}

/* By the pool and by who comes: clients from outside keep their address. */
static struct str
put_affine(struct port_plan *p, bool is_outside, const struct proxy_pool *pool)
{
    struct str name = own_name(p, is_outside               ? "affine-outside"
                                  : pool == &p->ends.local ? "affine-local"
                                                           : "affine");
    AUTO_STR struct str_builder rules = { 0 };
    struct die die = { p, pool, NULL };

    if (!is_outside) {
        str_putz(&rules, "jump mark-unless-pod\n");
    }
    for (size_t i = 0; i < pool->len; i++) {
        struct str to = affine_name(&die, i);

        str_putf(&rules, "ip saddr @" STR_FMT " goto " STR_FMT "\n", STR_ARG(to), STR_ARG(to));
        put_named(p, PROXY_SET, false, to,
                  arena_printf(p->arena,
                               "set { type ipv4_addr; flags dynamic,timeout; timeout %llds; }",
                               (long long)p->affinity_s));
        put_named(p, PROXY_CHAIN, false, to,
                  arena_printf(p->arena,
                               "update @" STR_FMT " { ip saddr }\n"
                               "meta l4proto " STR_FMT " dnat to " STR_FMT ":%lld",
                               STR_ARG(to), STR_ARG(p->protocol), STR_ARG(pool->at[i].address),
                               (long long)pool->at[i].port));
    }
    put_die(&rules, pool->len, affine_name, &die);
    put_named(p, PROXY_CHAIN, false, name, arena_dup(p->arena, str_view(&rules)));
    return name;
}

static struct str
put_endpoints(struct port_plan *p, enum family family, struct str key,
              const struct proxy_pool *pool)
{
    bool is_outside = family == FAMILY_LOCAL_IP || family == FAMILY_LOCAL_NODE;

    put_hairpins(p, pool);
    return p->affinity_s > 0 ? put_affine(p, is_outside, pool) : put_pool(p, family, key, pool);
}

/* Before it, the client's address is given up: the answer must come back through this node. */
static struct str
masqueraded(struct port_plan *p, struct str chain)
{
    struct str name = arena_printf(p->arena, "masq-" STR_FMT, STR_ARG(chain));

    put_named(p, PROXY_CHAIN, p->affinity_s == 0, name,
              arena_printf(p->arena, "jump mark-for-masquerade\ngoto " STR_FMT, STR_ARG(chain)));
    return name;
}

/* ---- where a port is reached ---- */

static struct str
ip_key(struct port_plan *p, struct str ip)
{
    return arena_printf(p->arena, STR_FMT " . " STR_FMT " . %lld", STR_ARG(ip),
                        STR_ARG(p->protocol), (long long)p->port);
}

/* The cluster's DNS is this node's own affair as long as its Service has no endpoints. */
static void
plan_cluster_ip(struct port_plan *p, struct str ip)
{
    const struct proxy_pool *pool = p->policy.is_internal_local ? &p->ends.local : &p->ends.cluster;
    struct str key = ip_key(p, ip);

    if (pool->len == 0 && str_eq(ip, p->dns)) {
        return;
    }
    put_element(p, "cluster-ips", arena_dup(p->arena, ip), (struct str){ 0 });
    if (pool->len > 0) {
        struct str chain = put_endpoints(p, FAMILY_IP, key, pool);

        put_element(p, "service-ips", key, goto_chain(p, chain));
    } else {
        put_element(p, "no-endpoint-ips", key, p->ends.has_any ? STR("drop") : STR("goto refuse"));
    }
}

/* From outside: an address, or a port of every node. Under policy Local, clients inside are led to all
 * endpoints as always, and others find those of this node, who see their address, or nobody. */
static void
plan_external(struct port_plan *p, enum family family, struct str key)
{
    bool is_node = family == FAMILY_NODE;
    const char *services = is_node ? "service-nodeports" : "service-ips";
    const char *outside = is_node ? "outside-nodeports" : "outside-ips";

    if (!p->ends.has_any) {
        put_element(p, is_node ? "no-endpoint-nodeports" : "no-endpoint-ips", key,
                    STR("goto refuse"));
        return;
    }
    if (p->ends.cluster.len > 0) {
        struct str chain = put_endpoints(p, family, key, &p->ends.cluster);

        put_element(p, services, key,
                    goto_chain(p, p->policy.is_external_local ? chain : masqueraded(p, chain)));
    }
    if (!p->policy.is_external_local) {
        return;
    }
    if (p->ends.local.len > 0) {
        struct str chain =
            put_endpoints(p, is_node ? FAMILY_LOCAL_NODE : FAMILY_LOCAL_IP, key, &p->ends.local);

        put_element(p, outside, key, goto_chain(p, chain));
    } else {
        put_element(p, outside, key, STR("drop"));
    }
}

/* loadBalancerSourceRanges: the others are not let in. */
static void
plan_ranges(struct port_plan *p, struct val spec, struct str ip)
{
    struct str name = own_name(p, "firewall");
    AUTO_STR struct str_builder ranges = { 0 };
    struct ip_net net;

    VAL_EACH (it, val_get(spec, "loadBalancerSourceRanges")) {
        if (ip_parse_net(str_trim(val_str(it.value)), false, &net) && !net.ip.is_v6) {
            net = ip_net_masked(&net);
            str_putf(&ranges, "ip saddr " STR_FMT " return\n",
                     STR_ARG(ip_net_text(&net, p->arena)));
        }
    }
    if (val_len(val_get(spec, "loadBalancerSourceRanges")) > 0) {
        str_putz(&ranges, "drop");
        put_named(p, PROXY_CHAIN, false, name, arena_dup(p->arena, str_view(&ranges)));
        put_element(p, "firewall-ips", ip_key(p, ip), goto_chain(p, name));
    }
}

static bool
is_v4(struct str text)
{
    struct ip ip;

    return ip_parse(text, false, &ip) && !ip.is_v6;
}

static void
plan_port(struct port_plan *p, struct val service)
{
    struct val spec = val_get(service, "spec");

    VAL_EACH (it, val_get(spec, "clusterIPs")) {
        if (is_v4(val_str(it.value))) {
            plan_cluster_ip(p, val_str(it.value));
            add_flow(p, val_str(it.value), p->port);
        }
    }
    VAL_EACH (it, val_get(spec, "externalIPs")) {
        if (is_v4(val_str(it.value))) {
            plan_external(p, FAMILY_IP, ip_key(p, val_str(it.value)));
            add_flow(p, val_str(it.value), p->port);
        }
    }
    VAL_EACH (it, val_at(service, "status.loadBalancer.ingress")) {
        struct str ip = val_str(val_get(it.value, "ip"));

        if (is_v4(ip) && !val_is_str(val_get(it.value, "ipMode"), "Proxy")) {
            plan_external(p, FAMILY_IP, ip_key(p, ip));
            plan_ranges(p, spec, ip);
            add_flow(p, ip, p->port);
        }
    }
    if (p->node_port > 0) {
        plan_external(p, FAMILY_NODE,
                      arena_printf(p->arena, STR_FMT " . %lld", STR_ARG(p->protocol),
                                   (long long)p->node_port));
        add_flow(p, (struct str){ 0 }, p->node_port);
    }
}

/* ---- the Service ---- */

static bool
is_proxied(struct val service)
{
    struct val spec = val_get(service, "spec");
    struct val labels = val_at(service, "metadata.labels");
    struct str ip = val_str(val_get(spec, "clusterIP"));

    return ip.size > 0 && !str_is(ip, "None") &&
           !val_is_str(val_get(spec, "type"), "ExternalName") &&
           !val_is(val_member(labels, STR("service.kubernetes.io/service-proxy-name")));
}

static struct str
protocol_of(struct val port)
{
    static const char *const names[][2] = { { "TCP", "tcp" },
                                            { "UDP", "udp" },
                                            { "SCTP", "sctp" } };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (val_is_str(val_get(port, "protocol"), names[i][0])) {
            return str_of(names[i][1]);
        }
    }
    return (struct str){ 0 };
}

static int64_t
affinity_of(struct val spec)
{
    return val_is_str(val_get(spec, "sessionAffinity"), "ClientIP")
               ? val_int(val_at(spec, "sessionAffinityConfig.clientIP.timeoutSeconds"),
                         AFFINITY_SECONDS)
               : 0;
}

void
proxy_plan(struct val service, const struct val *slices, size_t slice_len,
           const struct proxy_node *node, struct proxy_items *out)
{
    struct val spec = val_get(service, "spec");

    *out = (struct proxy_items){ .arena = arena_new() };
    if (!is_proxied(service)) {
        return;
    }
    VAL_EACH (it, val_get(spec, "ports")) {
        struct port_plan p = {
            .out = out,
            .arena = out->arena,
            .ns = val_str(val_at(service, "metadata.namespace")),
            .name = val_str(val_at(service, "metadata.name")),
            .protocol = protocol_of(it.value),
            .port = val_int(val_get(it.value, "port"), 0),
            .node_port = val_int(val_get(it.value, "nodePort"), 0),
            .affinity_s = affinity_of(spec),
            .dns = node->dns,
            .policy = { .is_internal_local =
                            val_is_str(val_get(spec, "internalTrafficPolicy"), "Local"),
                        .is_external_local =
                            val_is_str(val_get(spec, "externalTrafficPolicy"), "Local") },
        };

        p.policy.is_external = p.node_port > 0 || val_len(val_get(spec, "externalIPs")) > 0 ||
                               val_len(val_at(service, "status.loadBalancer.ingress")) > 0;
        if (p.protocol.size == 0) {
            continue;
        }
        proxy_endpoints(slices, slice_len, it.value, &p.policy, node, out->arena, &p.ends);
        plan_port(&p, service);
    }
    proxy_items_sort(out);
}
