/* exec and attach as a client (Kubernetes' remotecommand over WebSocket): which bytes go on which
 * channel, and what the Status at the end says.  Called by the console; loop thread.
 *
 * Offered are v5 and v4, as kubectl does: older ones cannot tell the exit code. */
#include "config.h" /* IWYU pragma: keep */

#include "client/channels.h"

#include "api/registry.h"
#include "api/status.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/client.h"
#include "net/conn.h"
#include "net/ws.h"
#include "net/ws_channel.h"

enum { CHANNEL_IN, CHANNEL_OUT, CHANNEL_ERR, CHANNEL_STATUS, CHANNEL_SIZE };

struct channels {
    struct channels_spec spec;
    struct handle *handle; /* the upgrade that is awaited */
    struct ws *ws;
    const struct ws_channel *protocol;
    bool is_freed; /* only the upgrade's end is awaited */
};

static void channels_upgraded(void *ctx, struct conn *conn, const char *protocol,
                              struct err *owned);
static bool channels_message(void *ctx, enum ws_kind kind, struct str message);
static void channels_room(void *ctx);
static void channels_closed(void *ctx, int code, struct err *owned);
static void channels_end(struct channels *channels, int exit_code, struct err *owned);
static void channels_status(struct channels *channels, struct str text);

static void
channels_query(const struct channels_spec *spec, struct str_builder *out)
{
    str_putz(out, "container=");
    call_escape(out, spec->container);
    for (size_t i = 0; spec->command != NULL && spec->command[i] != NULL; i++) {
        str_putz(out, "&command=");
        call_escape(out, str_of(spec->command[i]));
    }
    /* With a terminal there is one output only. */
    str_putf(out, "&stdin=%s&stdout=true&stderr=%s&tty=%s", spec->has_input ? "true" : "false",
             spec->is_terminal ? "false" : "true", spec->is_terminal ? "true" : "false");
}

struct channels *
channels_open(const struct channels_spec *spec)
{
    struct channels *channels = MEM_NEW(struct channels);
    AUTO_STR struct str_builder query = { 0 };
    struct call call = call_of(VERB_GET, spec->pods, spec->ns, spec->name);

    channels->spec = *spec;
    channels_query(spec, &query);
    call.subresource = spec->command != NULL ? "exec" : "attach";
    call.query = str_view(&query);
    call.accept = ACCEPT_RAW;
    channels->handle = client_upgrade(spec->client, &call, "v5.channel.k8s.io, v4.channel.k8s.io",
                                      channels_upgraded, channels);
    return channels;
}

bool
channels_write(struct channels *channels, struct str bytes)
{
    return channels->ws == NULL ||
           ws_channel_send(channels->ws, channels->protocol, CHANNEL_IN, bytes);
}

void
channels_end_input(struct channels *channels)
{
    if (channels->ws != NULL) {
        ws_channel_shut(channels->ws, channels->protocol, CHANNEL_IN);
    }
}

void
channels_resize(struct channels *channels, int width, int height)
{
    AUTO_FREE char *size = mem_printf("{\"Width\":%d,\"Height\":%d}", width, height);

    if (channels->ws != NULL) {
        (void)ws_channel_send(channels->ws, channels->protocol, CHANNEL_SIZE, str_of(size));
    }
}

void
channels_free(struct channels *channels)
{
    if (channels == NULL) {
        return;
    }
    channels->is_freed = true;
    if (channels->handle != NULL) {
        client_cancel(channels->handle); /* channels_upgraded frees */
        return;
    }
    ws_free(channels->ws);
    mem_free(channels);
}

static void
channels_upgraded(void *ctx, struct conn *conn, const char *protocol, struct err *owned)
{
    struct channels *channels = ctx;
    struct ws_spec spec = { .loop = channels->spec.loop,
                            .message_fn = channels_message,
                            .room_fn = channels_room,
                            .closed_fn = channels_closed,
                            .ctx = channels };
    struct err *err = owned;

    channels->handle = NULL;
    if (channels->is_freed) {
        err_free(err);
        conn_close(conn);
        mem_free(channels);
        return;
    }
    if (err != NULL) {
        channels_end(channels, -1, err);
        return;
    }
    channels->ws = ws_of_client(conn, protocol, &spec);
    channels->protocol = ws_channel_find(protocol);
    if (channels->protocol == NULL || !channels->protocol->has_status) {
        (void)err_set(&err, ERR_UNAVAILABLE, "the server chose protocol '%s' for the streams",
                      protocol);
        channels_end(channels, -1, err);
        return;
    }
    channels->spec.opened_fn(channels->spec.ctx);
}

static bool
channels_message(void *ctx, enum ws_kind kind, struct str message)
{
    struct channels *channels = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct ws_channel_piece piece;

    (void)kind;
    if (!ws_channel_take(channels->protocol, message, arena, &piece) || piece.half_closed) {
        return true; /* upstream's client passes over what it does not know */
    }
    if (piece.channel == CHANNEL_STATUS) {
        channels_status(channels, piece.payload);
    } else if ((piece.channel == CHANNEL_OUT || piece.channel == CHANNEL_ERR) &&
               piece.payload.size > 0) {
        channels->spec.output_fn(channels->spec.ctx, piece.channel == CHANNEL_ERR, piece.payload);
    }
    return true;
}

static void
channels_room(void *ctx)
{
    struct channels *channels = ctx;

    channels->spec.room_fn(channels->spec.ctx);
}

/* The exit code stands in a cause; -1: the failure is another one. */
static int
exit_code_of(struct val status)
{
    int64_t code = -1;

    if (!val_is_str(val_get(status, "reason"), "NonZeroExitCode")) {
        return -1;
    }
    VAL_EACH (it, val_at(status, "details.causes")) {
        if (val_is_str(val_get(it.value, "reason"), "ExitCode")) {
            (void)str_to_int(val_str(val_get(it.value, "message")), &code);
        }
    }
    return code >= 0 && code <= 255 ? (int)code : -1;
}

static void
channels_status(struct channels *channels, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *unused = NULL;
    const struct doc *doc = doc_parse(arena, text, &unused);
    struct val status = doc == NULL ? (struct val){ 0 } : doc_root(doc);
    struct err *err = NULL;

    if (val_is_str(val_get(status, "status"), "Success")) {
        channels_end(channels, 0, NULL);
    } else if (exit_code_of(status) >= 0) {
        channels_end(channels, exit_code_of(status), NULL);
    } else if (val_is_str(val_get(status, "status"), "Failure")) {
        channels_end(channels, -1, status_read(status, 500));
    } else {
        text.size = text.size > 512 ? 512 : text.size;
        (void)err_set(&err, ERR_INTERNAL, "the streams ended: " STR_FMT, STR_ARG(text));
        channels_end(channels, -1, err);
    }
}

static void
channels_closed(void *ctx, int code, struct err *owned)
{
    struct channels *channels = ctx;
    struct err *err = owned;

    if (err == NULL && code != WS_CLOSE_NORMAL) {
        (void)err_set(&err, ERR_UNAVAILABLE, "the server closed the streams with code %d", code);
    }
    channels_end(channels, err == NULL ? 0 : -1, err);
}

/* The callback may free us. */
static void
channels_end(struct channels *channels, int exit_code, struct err *owned)
{
    ws_free(STEAL(channels->ws));
    channels->spec.closed_fn(channels->spec.ctx, exit_code, owned);
}
