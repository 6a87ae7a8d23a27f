/* WebSocket messages over a conn (RFC 6455): fragments, pings, the closing handshake, limits.
 * Called by rest_stream and the agent's node_api; loop thread.  Frames are in ws_frame.c, handshakes
 * in ws_hello.c. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws.h"

#include <errno.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/ws_frame.h"
#include "net/ws_priv.h"

enum {
    WS_MAX_SIZE = 1 << 20,
    WS_READ_SIZE = 16 << 10,
    WS_READS = 8,       /* buffers in one turn, then others get theirs */
    WS_MUCH = 64 << 10, /* queued: the sender waits, and nothing more is read */
    WS_CLOSE_MS = 5000, /* for the peer's answer to our close */
    WS_CODE_SIZE = 2,
};

struct ws {
    struct conn *conn; /* owned */
    char *protocol;
    struct ws_spec spec;
    bool is_client;
    /* What comes in. */
    struct str_builder in; /* read, not used yet */
    size_t in_at;
    struct ws_frame frame; /* whose payload is coming in */
    uint64_t frame_at;     /* of its payload used */
    bool has_frame;
    struct str_builder message; /* fragments so far */
    int message_kind;           /* 0: none began */
    struct str_builder control; /* payload of a control frame */
    bool is_paused;
    /* What goes out. */
    struct str_builder out;
    size_t out_at;
    bool owes_room;  /* room_fn is to be called */
    bool said_close; /* a close frame is queued or sent */
    bool has_close;  /* the peer's came */
    int code;        /* what closed_fn will get */
    struct err *err;
    struct loop_timer *timer;
    bool is_over;   /* closed_fn was called, or ws_free */
    bool is_ended;  /* nothing comes any more */
    bool again;     /* ws_resume came from inside a callback */
    bool is_posted; /* ws_turn is under way */
    bool is_inside; /* a callback of ours runs: free later */
    bool is_freed;
};

static void ws_ready(void *ctx, int ready);
static void ws_turn(void *ctx);
static void ws_post(struct ws *ws);
static void ws_settle(struct ws *ws);
static void ws_tell_room(struct ws *ws);
static bool ws_read(struct ws *ws);
static void ws_work(struct ws *ws);
static bool ws_take_head(struct ws *ws);
static bool ws_take_payload(struct ws *ws);
static void ws_end_frame(struct ws *ws);
static void ws_end_message(struct ws *ws);
static void ws_control(struct ws *ws);
static void ws_peer_closes(struct ws *ws, struct str payload);
static void ws_flush(struct ws *ws);
static void ws_queue(struct ws *ws, enum ws_opcode opcode, struct str a, struct str b);
static void ws_say_close(struct ws *ws, int code, struct str reason);
static void ws_fail(struct ws *ws, int code, const char *why);
static void ws_late(void *ctx);
static void ws_end(struct ws *ws);
static void ws_drop(struct ws *ws);

struct ws *
ws_new(struct conn *conn, bool is_client, struct str protocol, const struct ws_spec *spec)
{
    struct ws *ws = MEM_NEW(struct ws);

    ws->conn = conn;
    ws->protocol = str_dup(protocol);
    ws->is_client = is_client;
    ws->spec = *spec;
    ws->spec.max_size = spec->max_size == 0 ? WS_MAX_SIZE : spec->max_size;
    ws->message.max = ws->out.max = SIZE_MAX; /* bounded by max_size, and by WS_MUCH */
    ws->code = WS_CLOSE_ABNORMAL;
    conn_want(conn, CONN_READ, ws_ready, ws);
    return ws;
}

const char *
ws_protocol(const struct ws *ws)
{
    return ws->protocol;
}

bool
ws_send(struct ws *ws, enum ws_kind kind, struct str a, struct str b)
{
    if (ws->said_close || ws->is_over) {
        return false;
    }
    ws_queue(ws, kind == WS_TEXT ? WS_OP_TEXT : WS_OP_BINARY, a, b);
    ws_post(ws);
    ws->owes_room |= ws->out.size - ws->out_at > WS_MUCH;
    return !ws->owes_room;
}

void
ws_resume(struct ws *ws)
{
    ws->is_paused = false;
    ws->again = true;
    ws_post(ws);
}

void
ws_close(struct ws *ws, int code, const char *reason)
{
    if (!ws->said_close && !ws->is_over) {
        ws_say_close(ws, code, str_of(reason));
        ws_post(ws);
    }
}

void
ws_free(struct ws *ws)
{
    if (ws == NULL || ws->is_freed) {
        return;
    }
    ws->is_over = true;
    ws->is_freed = true;
    loop_timer_cancel(STEAL(ws->timer));
    conn_close(STEAL(ws->conn));
    ws_drop(ws);
}

static void
ws_ready(void *ctx, int ready)
{
    struct ws *ws = ctx;

    ws->is_inside = true;
    if ((ready & CONN_READ) != 0) {
        ws->is_ended = !ws_read(ws);
    }
    ws_work(ws);
    ws_settle(ws);
}

static void
ws_turn(void *ctx)
{
    struct ws *ws = ctx;

    ws->is_posted = false;
    ws->is_inside = true;
    ws_work(ws);
    ws_settle(ws);
}

static void
ws_post(struct ws *ws)
{
    if (!ws->is_posted && !ws->is_inside) {
        ws->is_posted = true;
        loop_defer(ws->spec.loop, ws_turn, ws);
    }
}

/* The end of every turn: writes, tells of room, waits. */
static void
ws_settle(struct ws *ws)
{
    if (!ws->is_over) {
        ws_flush(ws);
    }
    if (!ws->is_over && ws->owes_room && ws->out.size == 0) {
        ws_tell_room(ws);
    }
    if (!ws->is_over) {
        size_t queued = ws->out.size - ws->out_at;
        bool reads = !ws->is_paused && !ws->has_close && !ws->is_ended && queued <= WS_MUCH &&
                     ws->in.size - ws->in_at < WS_READ_SIZE;

        conn_want(ws->conn, (reads ? CONN_READ : 0) | (queued > 0 ? CONN_WRITE : 0), ws_ready, ws);
    }
    ws->is_inside = false;
    if (ws->again && !ws->is_over) {
        ws_post(ws);
    }
    ws->again = false;
    ws_drop(ws);
}

static void
ws_tell_room(struct ws *ws)
{
    ws->owes_room = false;
    if (ws->spec.room_fn != NULL) {
        ws->spec.room_fn(ws->spec.ctx);
    }
    if (!ws->is_over) {
        ws_flush(ws);
    }
}

/* false: nothing comes any more. */
static bool
ws_read(struct ws *ws)
{
    char bytes[WS_READ_SIZE];

    for (int i = 0; i < WS_READS && ws->in.size - ws->in_at < WS_READ_SIZE; i++) {
        ssize_t size = conn_read(ws->conn, bytes, sizeof(bytes));

        if (size == 0 || (size < 0 && errno != EAGAIN)) {
            return false;
        }
        if (size < 0) {
            break;
        }
        str_put(&ws->in, str_slice(bytes, (size_t)size));
        if (size < WS_READ_SIZE) {
            break;
        }
    }
    return true;
}

/* Uses up what came in. */
static void
ws_work(struct ws *ws)
{
    bool goes_on = true;

    while (goes_on && !ws->is_over && !ws->is_paused && !ws->has_close && ws->err == NULL) {
        goes_on = ws->has_frame ? ws_take_payload(ws) : ws_take_head(ws);
    }
    if (ws->in_at == ws->in.size) {
        str_done(&ws->in);
        ws->in_at = 0;
    }
    if (ws->is_ended && !ws->is_paused && !ws->is_over) {
        if (!ws->has_close && ws->err == NULL) {
            (void)err_set(&ws->err, ERR_UNAVAILABLE, "the connection ended without a close");
        }
        ws_end(ws);
    }
}

/* false: it is not all there, or cannot be. */
static bool
ws_take_head(struct ws *ws)
{
    struct ws_frame frame;
    struct str rest = str_rest(&ws->in, ws->in_at);
    int size = ws_frame_parse((const unsigned char *)rest.at, rest.size, &frame);

    if (size == 0) {
        return false;
    }
    bool is_control = size > 0 && frame.opcode >= WS_OP_CLOSE;
    bool is_first = size > 0 && !is_control && frame.opcode != WS_OP_MORE;

    if (size < 0 || frame.is_masked == ws->is_client ||
        (!is_control && is_first != (ws->message_kind == 0))) {
        ws_fail(ws, WS_CLOSE_PROTOCOL, "the peer broke the WebSocket protocol");
        return false;
    }
    if (!is_control && frame.size > ws->spec.max_size - ws->message.size) {
        ws_fail(ws, WS_CLOSE_TOO_BIG, "a message of the peer is too big");
        return false;
    }
    ws->in_at += (size_t)size;
    ws->frame = frame;
    ws->frame_at = 0;
    ws->has_frame = true;
    if (is_first) {
        ws->message_kind = frame.opcode;
    }
    return true;
}

static bool
ws_take_payload(struct ws *ws)
{
    bool is_control = ws->frame.opcode >= WS_OP_CLOSE;
    struct str_builder *to = is_control ? &ws->control : &ws->message;
    uint64_t missing = ws->frame.size - ws->frame_at;
    size_t there = ws->in.size - ws->in_at;
    size_t size = there < missing ? there : (size_t)missing;

    if (size > 0) {
        size_t before = to->size;

        str_put(to, str_slice(ws->in.at + ws->in_at, size));
        if (ws->frame.is_masked) {
            ws_frame_mask(to->at + before, size, ws->frame.mask, ws->frame_at);
        }
        ws->in_at += size;
        ws->frame_at += size;
    }
    if (ws->frame_at < ws->frame.size) {
        return false;
    }
    ws_end_frame(ws);
    return true;
}

static void
ws_end_frame(struct ws *ws)
{
    ws->has_frame = false;
    if (ws->frame.opcode >= WS_OP_CLOSE) {
        ws_control(ws);
    } else if (ws->frame.is_last) {
        ws_end_message(ws);
    }
}

static void
ws_end_message(struct ws *ws)
{
    enum ws_kind kind = ws->message_kind == WS_OP_TEXT ? WS_TEXT : WS_BINARY;
    struct str_builder message = ws->message;

    ws->message = (struct str_builder){ .max = SIZE_MAX };
    ws->message_kind = 0;
    if (kind == WS_TEXT && !ws_frame_is_utf8(str_view(&message))) {
        ws_fail(ws, WS_CLOSE_INVALID, "a text of the peer is not UTF-8");
    } else if (!ws->spec.message_fn(ws->spec.ctx, kind, str_view(&message))) {
        ws->is_paused = true;
    }
    str_done(&message);
}

static void
ws_control(struct ws *ws)
{
    struct str_builder payload = ws->control;

    ws->control = (struct str_builder){ 0 };
    if (ws->frame.opcode == WS_OP_PING && !ws->said_close) {
        ws_queue(ws, WS_OP_PONG, str_view(&payload), (struct str){ 0 });
    } else if (ws->frame.opcode == WS_OP_CLOSE) {
        ws_peer_closes(ws, str_view(&payload));
    }
    str_done(&payload);
}

static void
ws_peer_closes(struct ws *ws, struct str payload)
{
    int code = WS_CLOSE_NO_CODE;

    if (payload.size >= WS_CODE_SIZE) {
        code = (unsigned char)payload.at[0] << 8 | (unsigned char)payload.at[1];
    }
    if (payload.size == 1 ||
        (payload.size > 1 &&
         (!ws_frame_is_close_code(code) ||
          !ws_frame_is_utf8(str_slice(payload.at + WS_CODE_SIZE, payload.size - WS_CODE_SIZE))))) {
        ws_fail(ws, WS_CLOSE_PROTOCOL, "the peer's close is not valid");
        return;
    }
    ws->has_close = true;
    ws->code = code;
    if (!ws->said_close) {
        ws_say_close(ws, code == WS_CLOSE_NO_CODE ? WS_CLOSE_NORMAL : code, (struct str){ 0 });
    }
}

static void
ws_flush(struct ws *ws)
{
    while (ws->out_at < ws->out.size) {
        struct iovec iov = { ws->out.at + ws->out_at, ws->out.size - ws->out_at };
        ssize_t size = conn_writev(ws->conn, &iov, 1);

        if (size < 0 && errno == EAGAIN) {
            return;
        }
        if (size < 0) {
            if (ws->err == NULL) {
                (void)err_set(&ws->err, ERR_UNAVAILABLE, "the connection broke: %s",
                              strerror(errno));
            }
            ws_end(ws);
            return;
        }
        ws->out_at += (size_t)size;
    }
    str_done(&ws->out);
    ws->out_at = 0;
    if (ws->said_close && (ws->has_close || ws->err != NULL)) {
        ws_end(ws);
    }
}

static void
ws_queue(struct ws *ws, enum ws_opcode opcode, struct str a, struct str b)
{
    struct ws_frame frame = {
        .opcode = opcode, .is_last = true, .is_masked = ws->is_client, .size = a.size + b.size
    };
    unsigned char head[WS_FRAME_HEAD_MAX];

    if (frame.is_masked) {
        (void)RAND_bytes(frame.mask, sizeof(frame.mask));
    }
    str_put(&ws->out, str_slice((const char *)head, ws_frame_head(&frame, head)));
    size_t before = ws->out.size;

    str_put(&ws->out, a);
    str_put(&ws->out, b);
    if (frame.is_masked && ws->out.size > before) {
        ws_frame_mask(ws->out.at + before, ws->out.size - before, frame.mask, 0);
    }
}

static void
ws_say_close(struct ws *ws, int code, struct str reason)
{
    const char number[WS_CODE_SIZE] = { (char)(code >> 8), (char)code };
    size_t max = WS_FRAME_CONTROL_MAX - WS_CODE_SIZE;

    reason.size = reason.size < max ? reason.size : max;
    ws_queue(ws, WS_OP_CLOSE, str_slice(number, sizeof(number)), reason);
    ws->said_close = true;
    ws->timer = loop_timer(ws->spec.loop, clock_mono_ms() + WS_CLOSE_MS, ws_late, ws);
}

/* What the peer did ends it: we say so, and wait for nothing. */
static void
ws_fail(struct ws *ws, int code, const char *why)
{
    (void)err_set(&ws->err, ERR_BAD_REQUEST, "%s", why);
    ws->code = code;
    if (!ws->said_close) {
        ws_say_close(ws, code, str_of(why));
    }
}

static void
ws_late(void *ctx)
{
    struct ws *ws = ctx;

    ws->timer = NULL;
    ws->is_inside = true;
    if (ws->err == NULL) {
        (void)err_set(&ws->err, ERR_TIMEOUT, "the peer did not answer the close");
    }
    ws_end(ws);
    ws->is_inside = false;
    ws_drop(ws);
}

static void
ws_end(struct ws *ws)
{
    if (ws->is_over) {
        return;
    }
    ws->is_over = true;
    loop_timer_cancel(STEAL(ws->timer));
    conn_want(ws->conn, 0, NULL, NULL);
    conn_shut_write(ws->conn);
    ws->spec.closed_fn(ws->spec.ctx, ws->code, STEAL(ws->err));
}

/* Frees what ws_free left, as soon as nobody stands inside. */
static void
ws_drop(struct ws *ws)
{
    if (!ws->is_freed || ws->is_inside || ws->is_posted) {
        return;
    }
    str_done(&ws->in);
    str_done(&ws->message);
    str_done(&ws->control);
    str_done(&ws->out);
    err_free(ws->err);
    mem_free(ws->protocol);
    mem_free(ws);
}
