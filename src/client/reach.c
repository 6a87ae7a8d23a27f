/* Dialling nodes, pods and services.  Called by the API server's streams; loop thread.
 *
 * A node is its agent's port, over TLS with the API server's client certificate. Pods and services
 * are byte tunnels through the agent of the pod's node. CONTRACTS §10. Nothing asks for Ready: logs
 * of a sick node are why one asks. */
#include "config.h" /* IWYU pragma: keep */

#include "client/reach.h"

#include <string.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "net/conn.h"
#include "net/http_client.h"
#include "net/tls.h"

enum { TRY_MS = 3000, AGENT_PORT = 10250 };

struct reach {
    struct reach_spec spec;
    char *cert_pem, *key_pem, *ca_pem;
    const struct resource *nodes, *pods, *slices;
};

/* One dial: to the agent first, through it afterwards. */
struct reach_dialing {
    struct reach *reach;
    reach_fn *done;
    void *ctx;
    struct tls_ctx *tls;
    struct conn_dial *dial;      /* while TCP connects */
    struct conn *handshake;      /* while TLS does */
    struct http_client *through; /* a tunnel is asked for */
    char *node, *address;        /* of the agent */
    char *tunnel;                /* "ip:port" behind it, NULL: the agent itself */
    conn_dial_fn *inner;         /* http_client's, while it dials */
    void *inner_ctx;
    struct conn *conn; /* the tunnel */
    struct err *err;
    bool is_cancelled;
};

struct reach *
reach_new(const struct reach_spec *spec)
{
    struct reach *reach = MEM_NEW(struct reach);
    reach->spec = *spec;
    reach->cert_pem = str_dup(spec->client_cert_pem);
    reach->key_pem = str_dup(spec->client_key_pem);
    reach->ca_pem = str_dup(spec->ca_pem);
    reach->nodes = registry_find(spec->registry, STR(""), STR("v1"), STR("nodes"));
    reach->pods = registry_find(spec->registry, STR(""), STR("v1"), STR("pods"));
    reach->slices =
        registry_find(spec->registry, STR("discovery.k8s.io"), STR("v1"), STR("endpointslices"));
    return reach;
}

void
reach_free(struct reach *reach)
{
    if (reach != NULL) {
        mem_free(reach->cert_pem);
        mem_wipe(reach->key_pem, strlen(reach->key_pem));
        mem_free(reach->key_pem);
        mem_free(reach->ca_pem);
        mem_free(reach);
    }
}

/* ---- where things are ---- */

static int
find_agent(struct reach_dialing *d, struct str node_name, struct err **err)
{
    struct reach *reach = d->reach;
    struct object *node = cache_get(reach->spec.cache, reach->nodes, (struct str){ 0 }, node_name);
    if (node == NULL) {
        return err_set(err, ERR_UNAVAILABLE, "there is no node '" STR_FMT "'", STR_ARG(node_name));
    }
    object_pin(node);
    struct val status = val_get(object_val(node), "status");
    struct str address = { 0 };
    VAL_EACH (it, val_get(status, "addresses")) {
        if (address.size == 0 && val_is_str(val_get(it.value, "type"), "InternalIP")) {
            address = val_str(val_get(it.value, "address"));
        }
    }
    int64_t port = val_int(val_at(status, "daemonEndpoints.kubeletEndpoint.Port"), AGENT_PORT);
    d->node = str_dup(node_name);
    d->address = mem_printf(STR_FMT ":%lld", STR_ARG(address), (long long)port);
    bool is_known = address.size > 0;
    object_unpin(node);
    return is_known ? 0
                    : err_set(err, ERR_UNAVAILABLE, "node '" STR_FMT "' has no InternalIP yet",
                              STR_ARG(node_name));
}

/* The agent, or another port of its machine through it. */
static int
find_node(struct reach_dialing *d, const struct reach_target *target, struct err **err)
{
    if (find_agent(d, target->name, err) < 0) {
        return -1;
    }
    struct str host = str_of(d->address);
    while (host.size > 0 && host.at[host.size - 1] != ':') {
        host.size--;
    }
    struct str port = str_slice(host.at + host.size, strlen(host.at) - host.size);
    if (target->port.size > 0 && !str_eq(target->port, port)) {
        d->tunnel = mem_printf(STR_FMT STR_FMT, STR_ARG(host), STR_ARG(target->port));
    }
    return 0;
}

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
find_pod(struct reach_dialing *d, const struct reach_target *target, struct err **err)
{
    struct object *pod = cache_get(d->reach->spec.cache, d->reach->pods, target->ns, target->name);
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
        d->tunnel = mem_printf(STR_FMT ":%lld", STR_ARG(ip), (long long)port);
        rc = find_agent(d, val_str(val_at(root, "spec.nodeName")), err);
    }
    object_unpin(pod);
    return rc;
}

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

static bool
take_endpoint(struct reach_dialing *d, struct val slice, struct str port, bool only_ready)
{
    int64_t number = slice_port(slice, port);
    VAL_EACH (it, val_get(slice, "endpoints")) {
        struct val conditions = val_get(it.value, "conditions");
        struct str node = val_str(val_get(it.value, "nodeName"));
        bool is_fit = val_bool(val_get(conditions, only_ready ? "ready" : "serving"), only_ready);
        struct str ip = val_str(val_item(val_get(it.value, "addresses"), 0));
        AUTO_ERR struct err *err = NULL;
        if (is_fit && node.size > 0 && number > 0 && find_agent(d, node, &err) == 0) {
            d->tunnel = mem_printf(STR_FMT ":%lld", STR_ARG(ip), (long long)number);
            return true;
        }
    }
    return false;
}

/* Ready endpoints first, then serving ones. */
static int
find_service(struct reach_dialing *d, const struct reach_target *target, struct err **err)
{
    for (int pass = 0; pass < 2; pass++) {
        CACHE_EACH (slice, it, d->reach->spec.cache, d->reach->slices, target->ns) {
            if (!str_eq(labels_get(slice->labels, STR("kubernetes.io/service-name")),
                        target->name)) {
                continue;
            }
            object_pin(slice);
            bool found = take_endpoint(d, object_val(slice), target->port, pass == 0);
            object_unpin(slice);
            if (found) {
                return 0;
            }
        }
    }
    return err_set(err, ERR_UNAVAILABLE, "no endpoints available for service \"" STR_FMT "\"",
                   STR_ARG(target->name));
}

/* ---- dialling ---- */

static void
free_dialing(struct reach_dialing *d)
{
    http_client_free(d->through);
    tls_unref(d->tls);
    mem_free(d->node);
    mem_free(d->address);
    mem_free(d->tunnel);
    mem_free(d);
}

static void
finish(struct reach_dialing *d, struct conn *conn, struct err *owned)
{
    bool has_dialled = d->address != NULL;
    if (owned != NULL && has_dialled && owned->code != ERR_CANCELLED) {
        struct err *why = owned;
        owned = NULL;
        (void)err_set(&owned, ERR_UNAVAILABLE, "dial node '%s' at %s: %s", d->node, d->address,
                      why->message);
        err_free(why);
    }
    d->done(d->ctx, conn, owned);
    free_dialing(d);
}

/* The agent answered, or did not: to the caller, or to the HTTP that asks for a tunnel. */
static void
reached_agent(struct reach_dialing *d, struct conn *conn, struct err *owned)
{
    if (d->inner != NULL) {
        conn_dial_fn *inner = d->inner;
        d->inner = NULL;
        inner(d->inner_ctx, conn, owned);
        return;
    }
    finish(d, conn, owned);
}

static void
shook_hands(void *ctx, struct conn *conn, struct err *owned)
{
    struct reach_dialing *d = ctx;
    d->handshake = NULL;
    reached_agent(d, conn, owned);
}

static void
connected(void *ctx, struct conn *conn, struct err *owned)
{
    struct reach_dialing *d = ctx;
    d->dial = NULL;
    if (owned != NULL) {
        reached_agent(d, NULL, owned);
        return;
    }
    d->handshake = tls_connect(d->reach->spec.loop, d->tls, conn, TRY_MS, shook_hands, d);
}

static void
dial_agent(struct reach_dialing *d)
{
    d->dial = conn_dial(d->reach->spec.loop, d->address, TRY_MS, connected, d);
}

static void
dial_for_tunnel(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct reach_dialing *d = ctx;
    d->inner = done;
    d->inner_ctx = done_ctx;
    dial_agent(d);
}

static void
tunnel_opened(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    (void)answer;
    ((struct reach_dialing *)ctx)->conn = conn;
}

static void
finish_later(void *ctx)
{
    struct reach_dialing *d = ctx;
    finish(d, d->conn, d->err);
}

static void
tunnel_over(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct reach_dialing *d = ctx;
    if (owned == NULL && d->conn == NULL) {
        (void)err_set(&owned, ERR_UNAVAILABLE, "the agent answered %d to a tunnel",
                      answer == NULL ? 0 : answer->status);
    }
    d->err = owned;
    loop_defer(d->reach->spec.loop, finish_later, d); /* not inside the client that this frees */
}

static void
ask_for_tunnel(struct reach_dialing *d)
{
    static const struct http_header headers[] = {
        { { "connection", 10 }, { "Upgrade", 7 } },
        { { "upgrade", 7 }, { "binnacle-tunnel", 15 } },
    };
    struct http_client_spec spec = { .address = d->address,
                                     .authority = d->node,
                                     .dial_timeout_ms = TRY_MS,
                                     .dial = dial_for_tunnel,
                                     .dial_ctx = d };
    d->through = http_client_new(d->reach->spec.loop, &spec);
    AUTO_FREE char *path = mem_printf("/tunnel?address=%s", d->tunnel);
    struct http_call_spec call = { .method = "GET",
                                   .path = path,
                                   .headers = headers,
                                   .header_len = ARRAY_LEN(headers),
                                   .timeout_ms = TRY_MS,
                                   .done_fn = tunnel_over,
                                   .upgraded_fn = tunnel_opened,
                                   .ctx = d };
    (void)http_client_call(d->through, &call);
}

static int
find_target(struct reach_dialing *d, const struct reach_target *target, struct err **err)
{
    switch (target->kind) {
    case REACH_NODE:
        return find_node(d, target, err);
    case REACH_POD:
        return find_pod(d, target, err);
    case REACH_SERVICE:
        break;
    }
    return find_service(d, target, err);
}

int
reach_find(struct reach *reach, const struct reach_target *target, struct err **err)
{
    struct reach_dialing *d = MEM_NEW(struct reach_dialing);
    d->reach = reach;
    int rc = find_target(d, target, err);
    free_dialing(d);
    return rc;
}

struct reach_dialing *
reach_dial(struct reach *reach, const struct reach_target *target, reach_fn *done, void *ctx)
{
    struct reach_dialing *d = MEM_NEW(struct reach_dialing);
    *d = (struct reach_dialing){ .reach = reach, .done = done, .ctx = ctx };
    struct err *err = NULL;
    if (find_target(d, target, &err) == 0) {
        struct tls_client tls = { .ca_pem = str_of(reach->ca_pem),
                                  .cert_pem = str_of(reach->cert_pem),
                                  .key_pem = str_of(reach->key_pem),
                                  .server_name = d->node,
                                  .alpn = "http/1.1" };
        (void)tls_client(&tls, &d->tls, &err);
    }
    if (err != NULL) {
        d->err = err;
        loop_defer(reach->spec.loop, finish_later, d);
    } else if (d->tunnel != NULL) {
        ask_for_tunnel(d);
    } else {
        dial_agent(d);
    }
    return d;
}

void
reach_cancel(struct reach_dialing *dialing)
{
    struct reach_dialing *d = dialing;
    if (d->is_cancelled) {
        return;
    }
    d->is_cancelled = true;
    if (d->dial != NULL) {
        conn_dial_cancel(d->dial); /* its done comes, and with it ours */
    } else if (d->handshake != NULL) {
        struct err *err = NULL;
        conn_close(d->handshake);
        d->handshake = NULL;
        (void)err_set(&err, ERR_CANCELLED, "given up");
        d->err = err;
        if (d->inner == NULL) {
            loop_defer(d->reach->spec.loop, finish_later, d);
        } else {
            reached_agent(d, NULL, STEAL(d->err));
        }
    }
}
