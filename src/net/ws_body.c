/* A body pulled into WebSocket messages: see ws_body.h. Called by rest_log, and by
 * apiserver_http for watches; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_body.h"

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/ws_channel.h"

enum {
    WS_BODY_PIECE = 16 << 10,
    WS_BODY_PIECES = 16, /* in one turn, then others get theirs */
    WS_BODY_HEARD = 4 << 10,
};

struct ws_body {
    struct loop *loop;
    struct ws *ws;
    const struct ws_channel *of; /* BYTES */
    enum ws_body_form form;
    struct str_builder line; /* LINES: its beginning */
    struct body *body;       /* owned; NULL: it is over */
    bool is_waiting;         /* for the body's wake */
    bool is_full;            /* the WebSocket tells of room */
    bool is_posted;          /* a turn is under way */
    bool is_closed;          /* freed as soon as no turn is under way */
};

static void ws_body_post(struct ws_body *w);
static void ws_body_turn(void *ctx);
static enum pull_rc ws_body_piece(struct ws_body *w);
static void ws_body_send(struct ws_body *w, struct str bytes);
static void ws_body_send_lines(struct ws_body *w, struct str bytes);
static void ws_body_drop(struct ws_body *w);
static void ws_body_woken(struct body *body);
static bool ws_body_heard(void *ctx, enum ws_kind kind, struct str message);
static void ws_body_room(void *ctx);
static void ws_body_closed(void *ctx, int code, struct err *owned);

int
ws_body_answer(struct http_request *request, struct loop *loop, enum ws_body_form form,
               struct body *owned, struct err **err)
{
    static const char *const protocols[] = { "", "binary.k8s.io", "base64.binary.k8s.io", NULL };
    struct ws_body *w = MEM_NEW(struct ws_body);
    struct ws_spec spec = { .loop = loop,
                            .max_size = WS_BODY_HEARD,
                            .message_fn = ws_body_heard,
                            .room_fn = ws_body_room,
                            .closed_fn = ws_body_closed,
                            .ctx = w };

    if (ws_accept(request, protocols, &spec, &w->ws, err) < 0) {
        mem_free(w);
        body_free(owned);
        return -1;
    }
    const char *chosen = ws_protocol(w->ws);

    w->loop = loop;
    w->form = form;
    w->line.max = SIZE_MAX; /* an object's size bounds it */
    w->of = ws_channel_find(chosen[0] == '\0' ? "binary.k8s.io" : chosen);
    w->body = owned;
    owned->wake = ws_body_woken;
    owned->stream = w;
    if (form == WS_BODY_BYTES) {
        ws_body_send(w, (struct str){ 0 });
    }
    ws_body_post(w);
    return 0;
}

static void
ws_body_post(struct ws_body *w)
{
    if (!w->is_posted && !w->is_closed) {
        w->is_posted = true;
        loop_defer(w->loop, ws_body_turn, w);
    }
}

static void
ws_body_turn(void *ctx)
{
    struct ws_body *w = ctx;
    enum pull_rc rc = PULL_MORE;

    w->is_posted = false;
    for (int i = 0; i < WS_BODY_PIECES && rc == PULL_MORE && w->body != NULL && !w->is_full; i++) {
        rc = ws_body_piece(w);
    }
    if (rc == PULL_WAIT) {
        w->is_waiting = true;
    } else if (rc == PULL_MORE && w->body != NULL && !w->is_full) {
        ws_body_post(w);
    } else if (rc == PULL_END) {
        body_free(STEAL(w->body));
        ws_close(w->ws, WS_CLOSE_NORMAL, "");
    } else if (rc == PULL_ABORT) {
        w->is_closed = true; /* cut, so that nobody takes it for the whole */
    }
    ws_body_drop(w);
}

static enum pull_rc
ws_body_piece(struct ws_body *w)
{
    struct iovec iov[BODY_IOV_MAX];
    int len = BODY_IOV_MAX;
    enum pull_rc rc = w->body->pull(w->body, iov, &len, WS_BODY_PIECE);

    for (int i = 0; i < len; i++) {
        struct str piece = str_slice(iov[i].iov_base, iov[i].iov_len);

        if (w->form == WS_BODY_LINES) {
            ws_body_send_lines(w, piece);
        } else if (piece.size > 0) {
            ws_body_send(w, piece);
        }
    }
    return rc;
}

static void
ws_body_send(struct ws_body *w, struct str bytes)
{
    w->is_full |= !ws_channel_send(w->ws, w->of, 0, bytes);
}

static void
ws_body_send_lines(struct ws_body *w, struct str bytes)
{
    struct str rest;

    for (struct str line = str_cut(bytes, '\n', &rest); rest.at != NULL;
         line = str_cut(bytes, '\n', &rest)) {
        line.size++; /* its end belongs to it */
        w->is_full |= !ws_send(w->ws, WS_TEXT, str_view(&w->line), line);
        w->line.size = 0;
        bytes = rest;
    }
    str_put(&w->line, bytes);
}

static void
ws_body_drop(struct ws_body *w)
{
    if (w->is_closed && !w->is_posted) {
        ws_free(w->ws);
        body_free(w->body);
        str_done(&w->line);
        mem_free(w);
    }
}

static void
ws_body_woken(struct body *body)
{
    struct ws_body *w = body->stream;

    if (w->is_waiting) {
        w->is_waiting = false;
        ws_body_post(w);
    }
}

static bool
ws_body_heard(void *ctx, enum ws_kind kind, struct str message)
{
    (void)ctx;
    (void)kind;
    (void)message;
    return true;
}

static void
ws_body_room(void *ctx)
{
    struct ws_body *w = ctx;

    w->is_full = false;
    ws_body_post(w);
}

static void
ws_body_closed(void *ctx, int code, struct err *owned)
{
    struct ws_body *w = ctx;

    (void)code;
    err_free(owned); /* nobody is left to be told */
    w->is_closed = true;
    ws_body_drop(w);
}
