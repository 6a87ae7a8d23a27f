/* One request from its headers to its end, of whatever HTTP version: handler, intake, body, exactly
 * once each.  Called by http1.c and http2.c, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/server_priv.h"

static void server_stream_intake_wake(struct intake *intake);
static void server_stream_intake_done(struct server_stream *s, struct err *owned);

struct server_stream *
server_stream_new(struct server_conn *c, const struct http_stream_ops *ops, size_t stream_size)
{
    struct server_stream *s = mem_new(stream_size);

    s->base.ops = ops;
    s->c = c;
    s->request.arena = arena_new();
    s->request.peer = &c->peer;
    s->request.stream = s;
    return s;
}

void
server_stream_ask(struct server_stream *s)
{
    const struct http_handler *handler = &s->c->server->handler;
    struct intake *intake = NULL;

    s->is_asked = true;
    handler->request(handler->ctx, &s->request, &intake);
    s->intake = intake;
    if (intake != NULL) {
        intake->stream = s;
        intake->wake = server_stream_intake_wake;
    }
}

size_t
server_stream_push(struct server_stream *s, struct str bytes, bool end)
{
    if (s->intake == NULL) {
        return bytes.size;
    }
    if (s->is_paused) {
        return 0;
    }
    ssize_t taken = s->intake->push(s->intake, bytes.at, bytes.size, end);

    if (taken < 0) {
        server_stream_intake_done(s, NULL); /* it wants no more; its owner knows why */
        return bytes.size;
    }
    if ((size_t)taken < bytes.size) {
        s->is_paused = true;
    } else if (end) {
        server_stream_intake_done(s, NULL);
    }
    return (size_t)taken;
}

void
server_stream_cut_intake(struct server_stream *s)
{
    struct err *err = NULL;

    if (s->intake != NULL) {
        (void)err_set(&err, ERR_CANCELLED, "the request ended before its body was complete");
        server_stream_intake_done(s, err);
    }
}

void
server_stream_body(struct server_stream *s, struct body *body, void (*wake)(struct body *))
{
    s->body = body;
    s->moved_ms = clock_mono_ms();
    body->stream = s;
    body->wake = wake;
}

enum pull_rc
server_stream_pull(struct server_stream *s, struct iovec *iov, int *io_len, size_t max_bytes)
{
    /* A wake from inside pull must count: it says that there is more after all. */
    s->is_waiting = true;
    enum pull_rc rc = s->body->pull(s->body, iov, io_len, max_bytes);
    bool was_woken = !s->is_waiting;

    s->is_waiting = rc == PULL_WAIT && !was_woken;
    if (rc == PULL_WAIT && was_woken) {
        rc = PULL_MORE;
    }
    s->moved_ms = clock_mono_ms();
    return rc;
}

void
server_stream_body_done(struct server_stream *s)
{
    struct body *body = STEAL(s->body);

    s->is_waiting = false;
    if (body != NULL) {
        body->done(body);
    }
}

void
server_stream_end(struct server_stream *s)
{
    const struct http_handler *handler = &s->c->server->handler;

    server_stream_cut_intake(s);
    server_stream_body_done(s);
    if (s->is_asked && handler->closed != NULL) {
        handler->closed(handler->ctx, &s->request);
    }
    arena_free(s->request.arena);
    mem_free(s);
}

static void
server_stream_intake_wake(struct intake *intake)
{
    struct server_stream *s = intake->stream;

    s->is_paused = false;
    server_conn_kick(s->c);
}

static void
server_stream_intake_done(struct server_stream *s, struct err *owned)
{
    struct intake *intake = STEAL(s->intake);

    s->is_paused = false;
    intake->done(intake, owned);
}
