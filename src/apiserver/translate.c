/* Channels of a WebSocket and streams of SPDY, one to one: see translate.h. Called by rest_stream.
 *
 * As apiserver/pkg/util/proxy/streamtranslator.go, release 1.35, but that the runtime's status goes
 * to the client word by word. Slow sides stop the other one. Loop thread. */
#include "config.h"

#include "apiserver/translate.h"

#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/relay.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/spdy.h"
#include "net/ws_channel.h"

enum { STATUS_MAX = 64 << 10 };
enum channel { STDIN, STDOUT, STDERR, STATUS, RESIZE, CHANNELS };

/* The order in which upstream's client opens them; the runtime waits for as many as it wants. */
static const struct {
    enum channel channel;
    const char *type;
} order[] = {
    { STATUS, "error" },  { STDIN, "stdin" },   { STDOUT, "stdout" },
    { STDERR, "stderr" }, { RESIZE, "resize" },
};

const char translate_protocol[] = "v4.channel.k8s.io";
static const char v5[] = "v5.channel.k8s.io";

struct translate {
    struct loop *loop;
    struct relay *relay; /* ours until relay_over */
    struct ws *ws;
    struct spdy *spdy;         /* NULL: there is none, or it is over */
    unsigned stream[CHANNELS]; /* 0: not asked for */
    bool has_ended[CHANNELS];
    struct str_builder status; /* what came on the error stream */
    struct arena *arena;       /* of one message */
};

bool
translate_is_wanted(const struct http_request *request)
{
    bool offers = false;
    for (size_t i = 0; i < request->header_len && !offers; i++) {
        struct str rest = request->headers[i].value;
        while (str_is(request->headers[i].name, "sec-websocket-protocol") && rest.size > 0) {
            offers |= str_is(str_trim(str_cut(rest, ',', &rest)), v5);
        }
    }
    return offers && ws_is_request(request);
}

/* ---- the end ---- */

static void
over(struct translate *t)
{
    spdy_free(STEAL(t->spdy));
    ws_free(t->ws);
    relay_over(t->relay);
    str_done(&t->status);
    arena_free(t->arena);
    mem_free(t);
}

static void
cut(void *ctx)
{
    over(ctx);
}

/* Status last, then a proper close: on_closed follows. */
static void
finish(struct translate *t, struct str status)
{
    spdy_free(STEAL(t->spdy));
    (void)ws_channel_send(t->ws, ws_channel_find(v5), STATUS, status);
    ws_close(t->ws, WS_CLOSE_NORMAL, "");
}

static void
finish_with(struct translate *t, const char *why)
{
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    (void)err_set(&err, ERR_INTERNAL, "Internal error occurred: %s", why);
    jw_init(&w, t->arena);
    status_write(err, &w);
    finish(t, jw_done(&w));
}

/* ---- from the node ---- */

static enum channel
channel_of(const struct translate *t, unsigned stream)
{
    enum channel channel = STDIN;
    while (channel < RESIZE && t->stream[channel] != stream) {
        channel++;
    }
    return channel;
}

static bool
on_data(void *ctx, unsigned stream, struct str bytes)
{
    struct translate *t = ctx;
    enum channel channel = channel_of(t, stream);
    if (channel == STATUS) {
        str_put(&t->status, bytes);
    }
    return (channel != STDOUT && channel != STDERR) ||
           ws_channel_send(t->ws, ws_channel_find(v5), (uint8_t)channel, bytes);
}

static void
on_ended(void *ctx, unsigned stream)
{
    struct translate *t = ctx;
    t->has_ended[channel_of(t, stream)] = true;
    for (enum channel i = STDOUT; i <= STATUS; i++) {
        if (t->stream[i] != 0 && !t->has_ended[i]) {
            return;
        }
    }
    finish(t, t->status.size > 0 ? str_view(&t->status)
                                 : STR("{\"metadata\":{},\"status\":\"Success\"}"));
}

static void
on_node_room(void *ctx)
{
    ws_resume(((struct translate *)ctx)->ws);
}

static void
on_node_closed(void *ctx, struct err *owned)
{
    struct translate *t = ctx;
    if (t->status.size > 0) {
        finish(t, str_view(&t->status));
    } else {
        finish_with(t, owned != NULL ? owned->message : "the node ended the connection");
    }
    err_free(owned);
}

/* ---- from the client ---- */

static bool
on_message(void *ctx, enum ws_kind kind, struct str message)
{
    struct translate *t = ctx;
    struct ws_channel_piece piece;
    (void)kind;
    if (t->spdy == NULL || !ws_channel_take(ws_channel_find(v5), message, t->arena, &piece) ||
        (piece.channel != STDIN && piece.channel != RESIZE) || t->stream[piece.channel] == 0) {
        return true; /* it has nothing to say there */
    }
    if (piece.half_closed) {
        spdy_shut(t->spdy, t->stream[piece.channel]);
        return true;
    }
    return spdy_send(t->spdy, t->stream[piece.channel], piece.payload);
}

static void
on_client_room(void *ctx)
{
    struct translate *t = ctx;
    if (t->spdy != NULL) {
        spdy_resume(t->spdy);
    }
}

static void
on_client_closed(void *ctx, int code, struct err *owned)
{
    (void)code;
    err_free(owned); /* nobody is left to be told */
    over(ctx);
}

/* ---- the beginning ---- */

static bool
is_asked_for(struct req *req, enum channel channel)
{
    bool is_tty = http_query_bool(req->query, "tty");
    switch (channel) {
    case STDIN:
        return http_query_bool(req->query, "stdin");
    case STDOUT:
        return http_query_bool(req->query, "stdout");
    case STDERR:
        return http_query_bool(req->query, "stderr") && !is_tty;
    case RESIZE:
        return is_tty;
    case STATUS:
    case CHANNELS:
        break;
    }
    return true;
}

static void
open_streams(struct translate *t, struct req *req, struct conn *node)
{
    struct spdy_spec spec = { .loop = t->loop,
                              .data_fn = on_data,
                              .ended_fn = on_ended,
                              .room_fn = on_node_room,
                              .closed_fn = on_node_closed,
                              .ctx = t };
    t->spdy = spdy_new(node, &spec);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct http_header type = { STR("streamtype"), str_of(order[i].type) };
        if (is_asked_for(req, order[i].channel)) {
            t->stream[order[i].channel] = spdy_open(t->spdy, &type, 1);
        }
    }
}

static const char *
why_not(struct req *req, struct relay *relay)
{
    const struct relay_head *head = relay_head(relay);
    AUTO_ERR struct err *err = NULL;
    if (head->status == 0) {
        relay_why(relay, &err);
        return arena_dupz(req->arena, str_of(err->message));
    }
    return arena_printf(req->arena, "unable to upgrade connection: " STR_FMT,
                        STR_ARG(str_trim(head->refusal)))
        .at;
}

int
translate_begin(struct req *req, struct relay *relay, struct err **err)
{
    static const char *const protocols[] = { v5, NULL };
    struct translate *t = MEM_NEW(struct translate);
    struct ws_spec spec = { .loop = req->server->loop,
                            .message_fn = on_message,
                            .room_fn = on_client_room,
                            .closed_fn = on_client_closed,
                            .ctx = t };
    if (ws_accept(req->http, protocols, &spec, &t->ws, err) < 0) {
        relay_drop(relay);
        mem_free(t);
        return -1;
    }
    const char *why = relay_head(relay)->status == 101 ? NULL : why_not(req, relay);
    req_answer_upgraded(req);
    t->loop = req->server->loop;
    t->arena = arena_new();
    t->status.max = STATUS_MAX;
    t->relay = relay;
    struct conn *node = relay_take(relay, cut, t);
    if (node == NULL) {
        finish_with(t, why);
    } else {
        open_streams(t, req, node);
    }
    return 0;
}
