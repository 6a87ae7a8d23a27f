/* Requests asked again behind the API: see relay.h. Called by rest_log, rest_stream and rest_proxy.
 *
 * At most BUFFER bytes of an answer are held: a slow reader stops who sends. A relay outlives its
 * request while its body is read or its connections are joined; it is freed in a callback of its own,
 * never inside the client's or reach's. Loop thread. */
#include "config.h"

#include "apiserver/relay.h"

#include <assert.h>
#include <string.h>

#include "apiserver/apiserver_impl.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/conn.h"
#include "net/http_client.h"
#include "net/tls.h"

enum { BUFFER = 64 << 10, REFUSAL_MAX = 4 << 10, DIAL_MS = 15000, TLS_MS = 5000 };

struct relay {
    struct body body; /* what the reader pulls */
    struct apiserver *server;
    struct relay *next, *prev; /* all of the server */
    struct req *req;           /* while its step waits or decides; NULL afterwards */
    struct relay_head head;
    bool reads_refusals;
    struct arena *arena; /* of the target's words */
    struct reach_target target;
    struct reach_dialing *dialing;
    struct tls_ctx *tls;    /* NULL: plain */
    struct conn *handshake; /* while it is made */
    conn_dial_fn *dialled;  /* the HTTP client's, while reach dials */
    void *dialled_ctx;
    struct http_client *client;
    struct http_call *call; /* NULL once it is over */
    struct str_builder refusal;
    struct conn *conn;            /* after a 101, until it is joined or taken */
    struct conn_splice *splice;   /* while joined */
    void (*taken_cut)(void *ctx); /* while taken */
    void *taken_ctx;
    struct err *err;
    char *at; /* BUFFER bytes, from first to size; made with the first bytes */
    size_t first, size;
    bool is_resumed; /* the step was told to go on */
    bool is_wanted;  /* the reader waits: wake it */
    bool has_reader; /* a body was answered; its done comes */
    bool has_paused;
    bool is_freed; /* posted */
};

/* ---- life ---- */

static void
free_relay(void *ctx)
{
    struct relay *r = ctx;
    struct apiserver *server = r->server;
    http_client_free(r->client);
    conn_close(r->conn);
    tls_unref(r->tls);
    str_done(&r->refusal);
    err_free(r->err);
    arena_free(r->arena);
    mem_free(r->at);
    *(r->prev == NULL ? &server->relays : &r->prev->next) = r->next;
    if (r->next != NULL) {
        r->next->prev = r->prev;
    }
    mem_free(r);
    apiserver_req_over(server);
}

/* Until nobody holds it any more. */
static void
leave(struct relay *r)
{
    if (!r->is_freed && r->req == NULL && r->call == NULL && r->dialing == NULL &&
        r->handshake == NULL && !r->has_reader && r->splice == NULL) {
        r->is_freed = true;
        loop_defer(r->server->loop, free_relay, r);
    }
}

/* Cuts what is under way; its ends come. */
static void
cut(struct relay *r)
{
    if (r->call != NULL) {
        http_call_cancel(r->call);
    }
    if (r->dialing != NULL) {
        reach_cancel(r->dialing);
    }
    if (r->handshake != NULL) {
        struct err *err = NULL;
        conn_close(STEAL(r->handshake));
        (void)err_set(&err, ERR_CANCELLED, "given up");
        r->dialled(r->dialled_ctx, NULL, err);
    }
    if (r->splice != NULL) {
        conn_splice_cancel(r->splice);
    }
    if (r->taken_cut != NULL) {
        r->taken_cut(r->taken_ctx);
    }
}

void
relay_stop(struct apiserver *server)
{
    for (struct relay *r = server->relays; r != NULL; r = r->next) {
        cut(r);
    }
}

/* ---- the step waits ---- */

static void
go_on(struct relay *r)
{
    if (r->req != NULL && !r->is_resumed) {
        r->is_resumed = true;
        req_resume(r->req, NULL);
    }
}

/* The client hung up, or the server stops. The step is not called again. */
static void
given_up(struct req *req)
{
    struct relay *r = req->step_data;
    go_on(r);
    r->req = NULL;
    cut(r);
    leave(r);
}

/* ---- what comes back ---- */

static void
keep_head(struct relay *r, const struct http_answer *answer)
{
    struct arena *arena = r->req->arena;
    struct http_header *headers = arena_array(arena, answer->header_len, sizeof(*headers));
    for (size_t i = 0; i < answer->header_len; i++) {
        headers[i].name = arena_dup(arena, answer->headers[i].name);
        headers[i].value = arena_dup(arena, answer->headers[i].value);
    }
    r->head.status = answer->status;
    r->head.headers = headers;
    r->head.header_len = answer->header_len;
}

static bool
is_refusal(const struct relay *r)
{
    return r->reads_refusals && r->head.status / 100 != 2;
}

static bool
on_head(void *ctx, const struct http_answer *answer)
{
    struct relay *r = ctx;
    if (r->req == NULL) {
        return false;
    }
    keep_head(r, answer);
    if (!is_refusal(r)) {
        go_on(r);
    }
    return true;
}

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    struct relay *r = ctx;
    if (is_refusal(r)) {
        size_t room = r->refusal.size < REFUSAL_MAX ? REFUSAL_MAX - r->refusal.size : 0;
        str_put(&r->refusal, str_slice(bytes, size < room ? size : room));
        return size;
    }
    if (r->at == NULL) {
        r->at = mem_new_raw(BUFFER);
    }
    if (r->first == r->size) {
        r->first = r->size = 0;
    }
    size_t room = BUFFER - r->size, take = size < room ? size : room;
    memcpy(r->at + r->size, bytes, take);
    r->size += take;
    r->has_paused = take < size;
    if (take > 0 && r->is_wanted) {
        r->is_wanted = false;
        r->body.wake(&r->body);
    }
    return take;
}

static void
on_upgraded(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    struct relay *r = ctx;
    if (r->req != NULL) {
        keep_head(r, answer);
    }
    r->conn = conn;
}

static void
on_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct relay *r = ctx;
    (void)answer;
    r->call = NULL;
    r->err = owned;
    if (owned != NULL && !r->is_resumed) {
        r->head.status = 0;
    }
    r->head.refusal = str_view(&r->refusal);
    go_on(r);
    if (r->is_wanted) {
        r->is_wanted = false;
        r->body.wake(&r->body);
    }
    leave(r);
}

/* ---- getting there ---- */

static void
shook_hands(void *ctx, struct conn *conn, struct err *owned)
{
    struct relay *r = ctx;
    r->handshake = NULL;
    r->dialled(r->dialled_ctx, conn, owned);
    leave(r);
}

static void
reached(void *ctx, struct conn *conn, struct err *owned)
{
    struct relay *r = ctx;
    r->dialing = NULL;
    if (conn != NULL && r->tls != NULL) {
        r->handshake = tls_connect(r->server->loop, r->tls, conn, TLS_MS, shook_hands, r);
        return;
    }
    r->dialled(r->dialled_ctx, conn, owned);
    leave(r);
}

static void
dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct relay *r = ctx;
    r->dialled = done;
    r->dialled_ctx = done_ctx;
    r->dialing = reach_dial(r->server->reach, &r->target, reached, r);
}

struct relay *
relay_begin(struct req *req, const struct relay_spec *spec)
{
    struct relay *r = MEM_NEW(struct relay);
    struct apiserver *server = req->server;
    r->server = server;
    r->next = server->relays;
    if (r->next != NULL) {
        r->next->prev = r;
    }
    server->relays = r;
    r->req = req;
    r->reads_refusals = spec->reads_refusals;
    r->arena = arena_new();
    r->target = (struct reach_target){ .kind = spec->target.kind,
                                       .ns = arena_dup(r->arena, spec->target.ns),
                                       .name = arena_dup(r->arena, spec->target.name),
                                       .port = arena_dup(r->arena, spec->target.port) };
    char *authority =
        arena_dupz(req->arena, spec->authority.size > 0 ? spec->authority : spec->target.name);
    struct http_client_spec client = { .address = authority,
                                       .authority = authority,
                                       .dial_timeout_ms = DIAL_MS,
                                       .dial = dial,
                                       .dial_ctx = r };
    struct http_call_spec call = { .method = spec->method,
                                   .path = spec->path,
                                   .headers = spec->headers,
                                   .header_len = spec->header_len,
                                   .body = spec->body,
                                   .headers_fn = on_head,
                                   .data_fn = on_data,
                                   .done_fn = on_done,
                                   .upgraded_fn = on_upgraded,
                                   .ctx = r };
    if (spec->is_tls) {
        struct tls_client tls = { .alpn = "http/1.1", .insecure = true };
        (void)tls_client(&tls, &r->tls, &r->err);
    }
    r->client = http_client_new(server->loop, &client);
    r->call = http_client_call(r->client, &call);
    req->step_data = r;
    req_on_cancel(req, given_up);
    return r;
}

const struct relay_head *
relay_head(const struct relay *relay)
{
    return &relay->head;
}

/* ---- the reader ---- */

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct relay *r = container_of(body, struct relay, body);
    size_t have = r->size - r->first, give = have < max_bytes ? have : max_bytes;
    *io_len = 0;
    if (give > 0) {
        iov[0] = (struct iovec){ r->at + r->first, give };
        *io_len = 1;
        r->first += give;
        if (r->has_paused && r->call != NULL && r->first == r->size) {
            r->has_paused = false;
            http_call_resume(r->call); /* fills the buffer from its start in a later round */
        }
        return PULL_MORE;
    }
    if (r->call == NULL) {
        return r->err == NULL ? PULL_END : PULL_ABORT;
    }
    r->is_wanted = true;
    return PULL_WAIT;
}

static void
reader_gone(struct body *body)
{
    struct relay *r = container_of(body, struct relay, body);
    r->has_reader = r->is_wanted = false;
    cut(r);
    leave(r);
}

/* ---- ends ---- */

void
relay_why(struct relay *relay, struct err **err)
{
    if (relay->err == NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "the answer ended before it began");
    } else {
        err_move(err, &relay->err);
    }
}

int
relay_fail(struct relay *relay, struct err **err)
{
    relay_why(relay, err);
    relay_drop(relay);
    return -1;
}

void
relay_drop(struct relay *relay)
{
    relay->req = NULL;
    cut(relay);
    leave(relay);
}

struct body *
relay_body(struct relay *relay, int64_t size)
{
    relay->req = NULL;
    relay->body = (struct body){ .pull = pull, .done = reader_gone, .size = size };
    relay->has_reader = true;
    return &relay->body;
}

void
relay_answer(struct relay *relay, const char *content_type, int64_t size)
{
    struct req *req = relay->req;
    req_answer_body(req, relay->head.status, content_type, relay_body(relay, size));
}

struct conn *
relay_take(struct relay *relay, void (*taken_cut)(void *ctx), void *ctx)
{
    relay->req = NULL;
    relay->taken_cut = taken_cut;
    relay->taken_ctx = ctx;
    return STEAL(relay->conn);
}

void
relay_over(struct relay *relay)
{
    relay->taken_cut = NULL;
    leave(relay);
}

static void
parted(void *ctx)
{
    struct relay *r = ctx;
    r->splice = NULL;
    leave(r);
}

void
relay_join_conn(struct relay *relay, struct conn *client)
{
    relay->req = NULL;
    relay->splice = conn_splice(relay->server->loop, client, STEAL(relay->conn), parted, relay);
}

int
relay_join(struct relay *relay, const struct http_header *headers, size_t len, struct err **err)
{
    struct req *req = relay->req;
    struct conn *client = http_upgrade(req->http, headers, len);
    if (client == NULL) {
        relay_drop(relay);
        return err_set(err, ERR_BAD_REQUEST, "this connection cannot be upgraded");
    }
    req_answer_upgraded(req);
    relay_join_conn(relay, client);
    return 0;
}
