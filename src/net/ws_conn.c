/* A WebSocket in the shape of a conn: see ws_conn.h. Called by rest_stream; loop thread.  Readiness
 * is delivered by deferred calls, level-triggered. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_conn.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/ws.h"

enum {
    WS_CONN_MUCH = 64 << 10,  /* read ahead */
    WS_CONN_PIECE = 32 << 10, /* of a message that we send */
};

struct ws_conn {
    struct conn conn;
    struct loop *loop;
    struct ws *ws;
    struct str_builder in;
    size_t in_at;
    int wanted;
    conn_ready_fn *fn;
    void *ctx;
    bool is_paused; /* too much was read ahead */
    bool is_full;   /* the WebSocket tells of room */
    bool is_over;   /* nothing goes in or out any more */
    bool is_broken; /* … and that was no proper end */
    bool is_shut;   /* we said all */
    bool is_posted; /* ws_conn_fire is under way */
    bool is_closed;
};

static ssize_t ws_conn_readv(struct conn *conn, const struct iovec *iov, int len);
static ssize_t ws_conn_writev(struct conn *conn, const struct iovec *iov, int len);
static void ws_conn_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx);
static void ws_conn_shut_write(struct conn *conn);
static void ws_conn_close(struct conn *conn);
static bool ws_conn_heard(void *ctx, enum ws_kind kind, struct str message);
static void ws_conn_room(void *ctx);
static void ws_conn_over(void *ctx, int code, struct err *owned);
static int ws_conn_ready(const struct ws_conn *w);
static void ws_conn_post(struct ws_conn *w);
static void ws_conn_fire(void *ctx);

static const struct conn_ops ws_conn_ops = {
    .readv = ws_conn_readv,
    .writev = ws_conn_writev,
    .want = ws_conn_want,
    .shut_write = ws_conn_shut_write,
    .close = ws_conn_close,
};

int
ws_conn_accept(struct http_request *request, struct loop *loop, const char *const *protocols,
               struct conn **ret, struct err **err)
{
    struct ws_conn *w = MEM_NEW(struct ws_conn);
    struct ws_spec spec = { .loop = loop,
                            .message_fn = ws_conn_heard,
                            .room_fn = ws_conn_room,
                            .closed_fn = ws_conn_over,
                            .ctx = w };

    if (ws_accept(request, protocols, &spec, &w->ws, err) < 0) {
        mem_free(w);
        return -1;
    }
    w->conn.ops = &ws_conn_ops;
    w->loop = loop;
    *ret = &w->conn;
    return 0;
}

static ssize_t
ws_conn_readv(struct conn *conn, const struct iovec *iov, int len)
{
    struct ws_conn *w = container_of(conn, struct ws_conn, conn);
    size_t total = 0;

    for (int i = 0; i < len; i++) {
        struct str rest = str_rest(&w->in, w->in_at);
        size_t size = rest.size < iov[i].iov_len ? rest.size : iov[i].iov_len;

        if (size > 0) {
            memcpy(iov[i].iov_base, rest.at, size);
        }
        w->in_at += size;
        total += size;
    }
    if (w->in_at == w->in.size) {
        str_done(&w->in);
        w->in_at = 0;
        if (w->is_paused) {
            w->is_paused = false;
            ws_resume(w->ws);
        }
    }
    if (total > 0 || (w->is_over && !w->is_broken)) {
        return (ssize_t)total;
    }
    errno = w->is_over ? ECONNRESET : EAGAIN;
    return -1;
}

static ssize_t
ws_conn_writev(struct conn *conn, const struct iovec *iov, int len)
{
    struct ws_conn *w = container_of(conn, struct ws_conn, conn);
    size_t total = 0;

    if (w->is_over || w->is_shut) {
        errno = EPIPE;
        return -1;
    }
    for (int i = 0; i < len && !w->is_full; i++) {
        size_t size = iov[i].iov_len < WS_CONN_PIECE ? iov[i].iov_len : WS_CONN_PIECE;

        if (size > 0) {
            w->is_full =
                !ws_send(w->ws, WS_BINARY, str_slice(iov[i].iov_base, size), (struct str){ 0 });
        }
        total += size;
        if (size < iov[i].iov_len) {
            break;
        }
    }
    if (total > 0) {
        return (ssize_t)total;
    }
    errno = EAGAIN;
    return -1;
}

static void
ws_conn_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx)
{
    struct ws_conn *w = container_of(conn, struct ws_conn, conn);

    w->wanted = ready;
    w->fn = fn;
    w->ctx = ctx;
    ws_conn_post(w);
}

static void
ws_conn_shut_write(struct conn *conn)
{
    struct ws_conn *w = container_of(conn, struct ws_conn, conn);

    w->is_shut = true;
    ws_close(w->ws, WS_CLOSE_NORMAL, "");
}

static void
ws_conn_close(struct conn *conn)
{
    struct ws_conn *w = container_of(conn, struct ws_conn, conn);

    ws_free(STEAL(w->ws));
    str_done(&w->in);
    w->is_closed = true;
    if (!w->is_posted) {
        mem_free(w);
    }
}

static bool
ws_conn_heard(void *ctx, enum ws_kind kind, struct str message)
{
    struct ws_conn *w = ctx;

    (void)kind;
    str_put(&w->in, message);
    w->is_paused = w->in.size - w->in_at > WS_CONN_MUCH;
    ws_conn_post(w);
    return !w->is_paused;
}

static void
ws_conn_room(void *ctx)
{
    struct ws_conn *w = ctx;

    w->is_full = false;
    ws_conn_post(w);
}

static void
ws_conn_over(void *ctx, int code, struct err *owned)
{
    struct ws_conn *w = ctx;

    (void)code;
    w->is_broken = owned != NULL;
    w->is_over = true;
    err_free(owned); /* errno is all that a conn can say */
    ws_conn_post(w);
}

static int
ws_conn_ready(const struct ws_conn *w)
{
    int ready = (w->in.size > w->in_at || w->is_over ? CONN_READ : 0) |
                (!w->is_full || w->is_over || w->is_shut ? CONN_WRITE : 0);

    return w->is_closed ? 0 : ready & w->wanted;
}

static void
ws_conn_post(struct ws_conn *w)
{
    if (!w->is_posted && ws_conn_ready(w) != 0) {
        w->is_posted = true;
        loop_defer(w->loop, ws_conn_fire, w);
    }
}

static void
ws_conn_fire(void *ctx)
{
    struct ws_conn *w = ctx;
    int ready = ws_conn_ready(w);

    if (ready != 0) {
        w->fn(w->ctx, ready);
    }
    if (w->is_closed) {
        mem_free(w);
        return;
    }
    w->is_posted = false;
    ws_conn_post(w);
}
