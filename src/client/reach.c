/* Dialling nodes, pods and services.  Called by the API server's streams; loop thread.
 *
 * A node is its agent's port, over TLS with the API server's client certificate. Pods and services
 * are byte tunnels through the agent of the pod's node. CONTRACTS §10. Places are tried one after
 * the other (reach_place.c), TRY_MS each. */
#include "config.h" /* IWYU pragma: keep */

#include "client/reach.h"

#include <string.h>

#include "api/registry.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/reach_place.h"
#include "net/conn.h"
#include "net/http_client.h"
#include "net/tls.h"

enum { TRY_MS = 3000 };

/* One dial: place by place; to the agent first, through it afterwards. */
struct reach_dialing {
    struct reach *reach;
    reach_fn *done;
    void *ctx;
    struct reach_places places;
    size_t at; /* the place that is tried */
    /* of that try */
    struct tls_ctx *tls;
    struct conn_dial *dial;      /* while TCP connects */
    struct conn *handshake;      /* while TLS does */
    struct http_client *through; /* a tunnel is asked for */
    struct http_call *call;
    conn_dial_fn *inner; /* http_client's, while it dials */
    void *inner_ctx;
    struct conn *conn; /* what it came to */
    struct err *err;
    struct str_builder why; /* the tries that failed */
    bool is_ending;         /* end_try is under way */
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

/* ---- a try ends ---- */

static void begin_try(struct reach_dialing *d);

static void
clear_try(struct reach_dialing *d)
{
    http_client_free(STEAL(d->through));
    tls_unref(STEAL(d->tls));
}

/* The last one, or the only error that there is no second try for. */
static void
finish(struct reach_dialing *d)
{
    struct conn *conn = STEAL(d->conn);
    struct err *err = STEAL(d->err);
    if (err != NULL && err->code != ERR_CANCELLED && d->why.size > 0) {
        err_free(STEAL(err));
        (void)err_set(&err, ERR_UNAVAILABLE, STR_FMT, STR_ARG(str_view(&d->why)));
    }
    d->done(d->ctx, conn, err);
    clear_try(d);
    reach_place_done(&d->places);
    str_done(&d->why);
    mem_free(d);
}

static void
note_failure(struct reach_dialing *d)
{
    const struct reach_place *place = &d->places.at[d->at];
    str_putz(&d->why, d->why.size > 0 ? "; " : "");
    if (place->node == NULL) {
        str_putf(&d->why, "dial %s: %s", place->address, d->err->message);
    } else {
        str_putf(&d->why, "dial node '%s' at %s: %s", place->node, place->address, d->err->message);
    }
}

/* In a round of its own: never inside the client that this frees, nor inside reach_dial. */
static void
end_try(void *ctx)
{
    struct reach_dialing *d = ctx;
    d->is_ending = false;
    if (d->is_cancelled) {
        conn_close(STEAL(d->conn));
        err_clear(&d->err);
        (void)err_set(&d->err, ERR_CANCELLED, "given up");
    } else if (d->err != NULL && d->at < d->places.len) {
        note_failure(d);
        if (++d->at < d->places.len) {
            err_clear(&d->err);
            clear_try(d);
            begin_try(d);
            return;
        }
    }
    finish(d);
}

static void
end_try_later(struct reach_dialing *d, struct conn *conn, struct err *owned)
{
    d->conn = conn;
    d->err = owned;
    if (!d->is_ending) {
        d->is_ending = true;
        loop_defer(d->reach->spec.loop, end_try, d);
    }
}

/* ---- to the agent ---- */

/* The agent answered, or did not: to the caller, or to the HTTP that asks for a tunnel. Which may
 * have ended before: it waited only for this. */
static void
reached_agent(struct reach_dialing *d, struct conn *conn, struct err *owned)
{
    if (d->inner == NULL) {
        end_try_later(d, conn, owned);
        return;
    }
    conn_dial_fn *inner = STEAL(d->inner);
    inner(d->inner_ctx, conn, owned);
    if (d->call == NULL) {
        end_try_later(d, d->conn, d->err);
    }
}

/* true: there was one, and reached_agent was called or will be. */
static bool
stop_dialling(struct reach_dialing *d)
{
    if (d->dial != NULL) {
        conn_dial_cancel(d->dial);
        return true;
    }
    if (d->handshake != NULL) {
        struct err *err = NULL;
        conn_close(STEAL(d->handshake));
        (void)err_set(&err, ERR_CANCELLED, "given up");
        reached_agent(d, NULL, err);
        return true;
    }
    return false;
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
    if (owned != NULL || d->tls == NULL) {
        reached_agent(d, conn, owned);
        return;
    }
    d->handshake = tls_connect(d->reach->spec.loop, d->tls, conn, TRY_MS, shook_hands, d);
}

static void
dial_address(struct reach_dialing *d)
{
    d->dial = conn_dial(d->reach->spec.loop, d->places.at[d->at].address, TRY_MS, connected, d);
}

/* ---- through it ---- */

static void
dial_for_tunnel(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct reach_dialing *d = ctx;
    d->inner = done;
    d->inner_ctx = done_ctx;
    dial_address(d);
}

static void
tunnel_opened(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    (void)answer;
    ((struct reach_dialing *)ctx)->conn = conn;
}

static void
tunnel_over(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct reach_dialing *d = ctx;
    d->call = NULL;
    if (owned == NULL && d->conn == NULL) {
        (void)err_set(&owned, ERR_UNAVAILABLE, "the agent answered %d to a tunnel to %s",
                      answer == NULL ? 0 : answer->status, d->places.at[d->at].tunnel);
    }
    d->err = owned;
    if (!stop_dialling(d)) {
        end_try_later(d, d->conn, d->err);
    }
}

static void
ask_for_tunnel(struct reach_dialing *d)
{
    static const struct http_header headers[] = {
        { { "connection", 10 }, { "Upgrade", 7 } },
        { { "upgrade", 7 }, { "binnacle-tunnel", 15 } },
    };
    const struct reach_place *place = &d->places.at[d->at];
    struct http_client_spec spec = { .address = place->address,
                                     .authority = place->node,
                                     .dial_timeout_ms = TRY_MS,
                                     .dial = dial_for_tunnel,
                                     .dial_ctx = d };
    d->through = http_client_new(d->reach->spec.loop, &spec);
    AUTO_FREE char *path = mem_printf("/tunnel?address=%s", place->tunnel);
    struct http_call_spec call = { .method = "GET",
                                   .path = path,
                                   .headers = headers,
                                   .header_len = ARRAY_LEN(headers),
                                   .timeout_ms = TRY_MS,
                                   .done_fn = tunnel_over,
                                   .upgraded_fn = tunnel_opened,
                                   .ctx = d };
    d->call = http_client_call(d->through, &call);
}

static void
begin_try(struct reach_dialing *d)
{
    const struct reach_place *place = &d->places.at[d->at];
    struct err *err = NULL;
    if (place->node != NULL) {
        struct tls_client tls = { .ca_pem = str_of(d->reach->ca_pem),
                                  .cert_pem = str_of(d->reach->cert_pem),
                                  .key_pem = str_of(d->reach->key_pem),
                                  .server_name = place->node,
                                  .alpn = "http/1.1" };
        (void)tls_client(&tls, &d->tls, &err);
    }
    if (err != NULL) {
        end_try_later(d, NULL, err);
    } else if (place->tunnel != NULL) {
        ask_for_tunnel(d);
    } else {
        dial_address(d);
    }
}

/* ---- the interface ---- */

int
reach_find(struct reach *reach, const struct reach_target *target, struct err **err)
{
    struct reach_places places;
    int rc = reach_place_find(reach, target, &places, err);
    reach_place_done(&places);
    return rc;
}

struct reach_dialing *
reach_dial(struct reach *reach, const struct reach_target *target, reach_fn *done, void *ctx)
{
    struct reach_dialing *d = MEM_NEW(struct reach_dialing);
    *d = (struct reach_dialing){ .reach = reach, .done = done, .ctx = ctx };
    struct err *err = NULL;
    if (reach_place_find(reach, target, &d->places, &err) < 0) {
        end_try_later(d, NULL, err);
    } else {
        begin_try(d);
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
    if (!stop_dialling(d) && d->call != NULL) {
        http_call_cancel(d->call);
    }
}
