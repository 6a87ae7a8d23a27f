/* Which endpoints of a Service's port take its traffic on this node. Called by proxy_plan; pure.
 *
 * Follows pkg/proxy/endpointslicecache.go and pkg/proxy/topology.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy_endpoints.h"

#include <stdlib.h>

#include "agent/proxy_plan.h"
#include "base/arena.h"
#include "base/ip.h"

typedef bool endpoint_test(const struct proxy_endpoint *e);

/* ---- out of the slices ---- */

/* The number that the slice has for the service's port: by name, as named target ports differ from
 * slice to slice. 0: none. */
static int64_t
number_of(struct val slice, struct val port)
{
    struct str name = val_str(val_get(port, "name"));
    struct str protocol = val_str(val_get(port, "protocol"));

    VAL_EACH (it, val_get(slice, "ports")) {
        struct val has = val_get(it.value, "name");

        if (val_type(has) == DOC_STRING && str_eq(val_str(has), name) &&
            str_eq(val_str(val_get(it.value, "protocol")), protocol)) {
            return val_int(val_get(it.value, "port"), 0);
        }
    }
    return 0;
}

static bool
read_endpoint(struct val v, int64_t port, const struct proxy_node *node, struct proxy_endpoint *ret)
{
    struct val conditions = val_get(v, "conditions");
    struct ip ip;

    *ret = (struct proxy_endpoint){
        .address = val_str(val_item(val_get(v, "addresses"), 0)),
        .port = port,
        .hints = val_get(v, "hints"),
        .is_ready = val_bool(val_get(conditions, "ready"), true),
        .is_serving = val_bool(val_get(conditions, "serving"), true),
        .is_terminating = val_bool(val_get(conditions, "terminating"), false),
        .is_local = node->name.size > 0 && str_eq(val_str(val_get(v, "nodeName")), node->name),
    };
    return ip_parse(ret->address, false, &ip) && !ip.is_v6; /* it becomes a word of nft's input */
}

static int
by_address(const void *a, const void *b)
{
    const struct proxy_endpoint *x = a, *y = b;
    int order = str_cmp(x->address, y->address);

    return order != 0 ? order : (x->port > y->port) - (x->port < y->port);
}

static struct proxy_pool
read_slices(const struct val *slices, size_t slice_len, struct val port,
            const struct proxy_node *node, struct arena *arena)
{
    struct proxy_pool all = { 0 };
    size_t max = 0, kept = 0;

    for (size_t i = 0; i < slice_len; i++) {
        max += val_len(val_get(slices[i], "endpoints"));
    }
    all.at = arena_array(arena, max + 1, sizeof(*all.at));
    for (size_t i = 0; i < slice_len; i++) {
        int64_t number = number_of(slices[i], port);

        if (number < 1 || number > 65535 ||
            !val_is_str(val_get(slices[i], "addressType"), "IPv4")) {
            continue;
        }
        VAL_EACH (it, val_get(slices[i], "endpoints")) {
            all.len += read_endpoint(it.value, number, node, &all.at[all.len]) ? 1 : 0;
        }
    }
    qsort(all.at, all.len, sizeof(*all.at), by_address);
    for (size_t i = 0; i < all.len; i++) { /* while it moves from slice to slice, it is in two */
        if (kept == 0 || by_address(&all.at[kept - 1], &all.at[i]) != 0) {
            all.at[kept++] = all.at[i];
        }
    }
    all.len = kept;
    return all;
}

/* ---- choice ---- */

static bool
is_ready(const struct proxy_endpoint *e)
{
    return e->is_ready;
}

static bool
is_serving(const struct proxy_endpoint *e)
{
    return e->is_serving;
}

static bool
is_ending(const struct proxy_endpoint *e)
{
    return e->is_serving && e->is_terminating;
}

static bool
is_ready_here(const struct proxy_endpoint *e)
{
    return e->is_ready && e->is_local;
}

static bool
is_ending_here(const struct proxy_endpoint *e)
{
    return is_ending(e) && e->is_local;
}

static struct proxy_pool
pick(struct proxy_pool all, endpoint_test *test, struct arena *arena)
{
    struct proxy_pool some = { .at = arena_array(arena, all.len + 1, sizeof(*some.at)) };

    for (size_t i = 0; i < all.len && some.len < PROXY_PLAN_ENDPOINTS_MAX; i++) {
        if (test(&all.at[i])) {
            some.at[some.len++] = all.at[i];
        }
    }
    return some;
}

static bool
has_hint(const struct proxy_endpoint *e, const char *list, struct str name)
{
    VAL_EACH (it, val_get(e->hints, list)) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return true;
        }
    }
    return false;
}

/* Hints count when every ready endpoint has some, and one of them is for us. */
static bool
narrow(struct proxy_pool *pool, const char *list, struct str name)
{
    size_t kept = 0;
    bool has_ours = false;

    for (size_t i = 0; i < pool->len; i++) {
        if (val_len(val_get(pool->at[i].hints, list)) == 0) {
            return false;
        }
        has_ours = has_ours || has_hint(&pool->at[i], list, name);
    }
    if (!has_ours || name.size == 0) {
        return false;
    }
    for (size_t i = 0; i < pool->len; i++) {
        if (has_hint(&pool->at[i], list, name)) {
            pool->at[kept++] = pool->at[i];
        }
    }
    pool->len = kept;
    return true;
}

void
proxy_endpoints(const struct val *slices, size_t slice_len, struct val port,
                const struct proxy_policy *policy, const struct proxy_node *node,
                struct arena *arena, struct proxy_endpoints *ret)
{
    struct proxy_pool all = read_slices(slices, slice_len, port, node, arena);
    bool uses_cluster = !policy->is_internal_local || policy->is_external;
    bool uses_local =
        policy->is_internal_local || (policy->is_external && policy->is_external_local);

    *ret = (struct proxy_endpoints){ 0 };
    if (uses_cluster) {
        ret->cluster = pick(all, is_ready, arena);
        if (ret->cluster.len == 0) {
            ret->cluster = pick(all, is_ending, arena);
        } else if (!narrow(&ret->cluster, "forNodes", node->name)) {
            (void)narrow(&ret->cluster, "forZones", node->zone); /* then it stays as it is */
        }
    }
    if (uses_local) {
        ret->local = pick(all, is_ready_here, arena);
        if (ret->local.len == 0) {
            ret->local = pick(all, is_ending_here, arena);
        }
    }
    ret->serving = pick(all, is_serving, arena);
    for (size_t i = 0; i < all.len && !ret->has_any; i++) {
        ret->has_any = is_ready(&all.at[i]) || is_ending(&all.at[i]);
    }
}
