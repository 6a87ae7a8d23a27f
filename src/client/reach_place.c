/* Where nodes, pods and services are, as the cache says: see reach_place.h. Called by reach.c; loop
 * thread. Nothing asks for Ready: logs of a sick node are why one asks. */
#include "config.h" /* IWYU pragma: keep */

#include "client/reach_place.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

enum { AGENT_PORT = 10250 };

void
reach_place_done(struct reach_places *places)
{
    for (size_t i = 0; i < places->len; i++) {
        mem_free(places->at[i].node);
        mem_free(places->at[i].address);
        mem_free(places->at[i].tunnel);
    }
    *places = (struct reach_places){ 0 };
}

static char *
join(struct str ip, struct str port)
{
    bool is_v6 = str_contains(ip, STR(":"));
    return mem_printf(is_v6 ? "[" STR_FMT "]:" STR_FMT : STR_FMT ":" STR_FMT, STR_ARG(ip),
                      STR_ARG(port));
}

static char *
join_number(struct str ip, int64_t port)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)port);
    return join(ip, str_of(text));
}

/* ---- nodes ---- */

struct agent {
    struct str ip; /* in the node's document, which is pinned */
    int64_t port;
};

static int
read_agent(struct object *node, struct agent *ret, struct err **err)
{
    struct val status = val_get(object_val(node), "status");
    struct agent agent = { .port = val_int(val_at(status, "daemonEndpoints.kubeletEndpoint.Port"),
                                           AGENT_PORT) };
    VAL_EACH (it, val_get(status, "addresses")) {
        if (agent.ip.size == 0 && val_is_str(val_get(it.value, "type"), "InternalIP")) {
            agent.ip = val_str(val_get(it.value, "address"));
        }
    }
    *ret = agent;
    return agent.ip.size > 0
               ? 0
               : err_set(err, ERR_UNAVAILABLE, "node '" STR_FMT "' has no InternalIP yet",
                         STR_ARG(node->name));
}

/* By the node's agent: tunnel is owned from here on. */
static int
add_by_node(struct reach *reach, struct str name, char *tunnel, struct reach_places *places,
            struct err **err)
{
    struct object *node = cache_get(reach->spec.cache, reach->nodes, (struct str){ 0 }, name);
    struct agent agent;
    int rc = -1;
    if (node == NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "there is no node '" STR_FMT "'", STR_ARG(name));
    } else {
        object_pin(node);
        rc = read_agent(node, &agent, err);
        if (rc == 0) {
            places->at[places->len++] = (struct reach_place){
                .node = str_dup(name),
                .address = join_number(agent.ip, agent.port),
                .tunnel = STEAL(tunnel),
            };
        }
        object_unpin(node);
    }
    mem_free(tunnel);
    return rc;
}

/* The agent, or another port of its machine through it. */
static int
find_node(struct reach *reach, const struct reach_target *target, struct reach_places *places,
          struct err **err)
{
    if (add_by_node(reach, target->name, NULL, places, err) < 0) {
        return -1;
    }
    struct reach_place *place = &places->at[0];
    struct str host = str_of(place->address);
    while (host.size > 0 && host.at[host.size - 1] != ':') {
        host.size--;
    }
    if (target->port.size > 0 && !str_is(target->port, host.at + host.size)) {
        place->tunnel = mem_printf(STR_FMT STR_FMT, STR_ARG(host), STR_ARG(target->port));
    }
    return 0;
}

/* ---- pods ---- */

/* A number, or the name of a container's port. */
static int64_t
pod_port(struct val pod, struct str port)
{
    int64_t number;
    if (str_to_int(port, &number)) {
        return number;
    }
    VAL_EACH (container, val_at(pod, "spec.containers")) {
        VAL_EACH (it, val_get(container.value, "ports")) {
            if (str_eq(val_str(val_get(it.value, "name")), port)) {
                return val_int(val_get(it.value, "containerPort"), 0);
            }
        }
    }
    return 0;
}

static int
find_pod(struct reach *reach, const struct reach_target *target, struct reach_places *places,
         struct err **err)
{
    struct object *pod = cache_get(reach->spec.cache, reach->pods, target->ns, target->name);
    if (pod == NULL) {
        return err_set(err, ERR_NOT_FOUND, "pods \"" STR_FMT "\" not found", STR_ARG(target->name));
    }
    object_pin(pod);
    struct val root = object_val(pod);
    struct str ip = val_str(val_at(root, "status.podIP"));
    int64_t port = pod_port(root, target->port);
    int rc = -1;
    if (ip.size == 0 || port <= 0) {
        (void)err_set(err, ERR_UNAVAILABLE, "pod '" STR_FMT "' has no %s yet",
                      STR_ARG(target->name), ip.size == 0 ? "address" : "such port");
    } else {
        rc = add_by_node(reach, val_str(val_at(root, "spec.nodeName")), join_number(ip, port),
                         places, err);
    }
    object_unpin(pod);
    return rc;
}

/* ---- services ---- */

/* The port of a slice: by name (that of a Service's only port may be empty), or the only one by
 * number. */
static int64_t
slice_port(struct val slice, struct str port)
{
    int64_t number;
    struct val ports = val_get(slice, "ports");
    VAL_EACH (it, ports) {
        bool is_it = str_eq(val_str(val_get(it.value, "name")), port) ||
                     (str_to_int(port, &number) && val_len(ports) == 1);
        if (is_it) {
            return val_int(val_get(it.value, "port"), 0);
        }
    }
    return 0;
}

/* Endpoints of a service that are ready, or those that only serve. */
struct endpoints {
    struct reach *reach;
    const struct reach_target *target;
    struct reach_places *places;
    bool wants_ready;
    size_t from, to; /* of them: these are added */
    size_t seen;
};

static bool
is_one(const struct endpoints *e, struct val endpoint)
{
    struct val conditions = val_get(endpoint, "conditions");
    bool is_ready = val_bool(val_get(conditions, "ready"), true); /* absent: ready */
    bool serves = val_bool(val_get(conditions, "serving"), is_ready);
    return e->wants_ready ? is_ready : serves && !is_ready;
}

/* By the agent of its node. Who has none is dialled from here, and then through any agent. */
static void
add_endpoint(struct endpoints *e, struct val endpoint, int64_t port)
{
    struct reach_places *places = e->places;
    struct str ip = val_str(val_item(val_get(endpoint, "addresses"), 0));
    struct str node = val_str(val_get(endpoint, "nodeName"));
    AUTO_ERR struct err *unfit = NULL; /* the next one, then */
    if (node.size > 0) {
        (void)add_by_node(e->reach, node, join_number(ip, port), places, &unfit);
        return;
    }
    places->at[places->len++] = (struct reach_place){ .address = join_number(ip, port) };
    CACHE_EACH (other, it, e->reach->spec.cache, e->reach->nodes, (struct str){ 0 }) {
        if (places->len < REACH_PLACES_MAX) {
            err_clear(&unfit);
            (void)add_by_node(e->reach, other->name, join_number(ip, port), places, &unfit);
        }
    }
}

static void
take_slice(struct endpoints *e, struct val slice)
{
    int64_t port = slice_port(slice, e->target->port);
    VAL_EACH (it, val_get(slice, "endpoints")) {
        if (port <= 0 || !is_one(e, it.value)) {
            continue;
        }
        if (e->seen >= e->from && e->seen < e->to && e->places->len < REACH_PLACES_MAX) {
            add_endpoint(e, it.value, port);
        }
        e->seen++;
    }
}

/* → how many there are. */
static size_t
walk(struct endpoints *e, size_t from, size_t to)
{
    e->from = from;
    e->to = to;
    e->seen = 0;
    CACHE_EACH (slice, it, e->reach->spec.cache, e->reach->slices, e->target->ns) {
        if (str_eq(labels_get(slice->labels, STR("kubernetes.io/service-name")), e->target->name)) {
            object_pin(slice);
            take_slice(e, object_val(slice));
            object_unpin(slice);
        }
    }
    return e->seen;
}

/* From the one whose turn it is, round to the one before it. */
static int
find_service(struct reach *reach, const struct reach_target *target, struct reach_places *places,
             struct err **err)
{
    for (int pass = 0; pass < 2; pass++) {
        struct endpoints e = {
            .reach = reach, .target = target, .places = places, .wants_ready = pass == 0
        };
        size_t len = walk(&e, 0, 0), first = len == 0 ? 0 : reach->turn % len;
        (void)walk(&e, first, len);
        (void)walk(&e, 0, first);
    }
    reach->turn++;
    return places->len > 0
               ? 0
               : err_set(err, ERR_UNAVAILABLE, "no endpoints available for service \"" STR_FMT "\"",
                         STR_ARG(target->name));
}

int
reach_place_find(struct reach *reach, const struct reach_target *target, struct reach_places *ret,
                 struct err **err)
{
    struct reach_places places = { 0 };
    int rc = -1;
    switch (target->kind) {
    case REACH_NODE:
        rc = find_node(reach, target, &places, err);
        break;
    case REACH_POD:
        rc = find_pod(reach, target, &places, err);
        break;
    case REACH_SERVICE:
        rc = find_service(reach, target, &places, err);
        break;
    }
    *ret = places;
    return rc;
}
