/* HTTP/2 on the server's side: an nghttp2 session per connection, one stream per request.  Called
 * by server_conn.c through struct server_proto, on the loop thread.  The answers are in
 * http2_answer.c. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http2_priv.h"

#define LOG_MODULE "net"

enum {
    HTTP2_STREAMS_MAX = 1000,
    HTTP2_STREAM_WINDOW = 256 << 10,
    HTTP2_CONN_WINDOW = 1 << 20, /* and so the most that paused intakes hold of one connection */
    HTTP2_RESETS_MAX = 500,      /* streams that a peer may reset in a burst … */
    HTTP2_RESETS_PER_S = 50,     /* … and in the long run, then GOAWAY */
};

static void http2_open(struct server_conn *c);
static void http2_input(struct server_conn *c, const char *bytes, size_t size);
static void http2_end(struct server_conn *c);
static void http2_pump(struct server_conn *c);
static void http2_drain(struct server_conn *c);
static void http2_stalled(struct server_conn *c, int64_t before_ms);
static void http2_close(struct server_conn *c);

static void http2_callbacks(nghttp2_session_callbacks *callbacks);
static int http2_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
                                  void *user_data);
static int http2_on_header(nghttp2_session *session, const nghttp2_frame *frame,
                           nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags,
                           void *user_data);
static int http2_on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame,
                               void *user_data);
static int http2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                         size_t size, void *user_data);
static int http2_on_frame_send(nghttp2_session *session, const nghttp2_frame *frame,
                               void *user_data);
static int http2_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user_data);

static void http2_asked(struct http2_stream *stream, bool has_all);
static void http2_refuse(struct http2_stream *stream);
static void http2_count_reset(struct http2 *h);
static void http2_resume_yielded(struct http2 *h);
static void http2_hold(struct http2_stream *stream, struct str bytes);
static void http2_feed_held(struct http2 *h);
static void http2_settle_idle(struct http2 *h);

const struct server_proto http2_proto = {
    .open = http2_open,
    .input = http2_input,
    .end = http2_end,
    .pump = http2_pump,
    .drain = http2_drain,
    .stalled = http2_stalled,
    .close = http2_close,
};

static void
http2_open(struct server_conn *c)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_MAX_HEADER_BYTES },
    };
    struct http2 *h = MEM_NEW(struct http2);
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int rc = nghttp2_session_callbacks_new(&callbacks) | nghttp2_option_new(&option);

    assert(rc == 0); /* as any allocation */
    http2_callbacks(callbacks);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    /* Go's clients send values as they are, and its servers take them: "User-Agent: e2e … running ". */
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
    h->c = c;
    h->io.out = &c->out;
    h->resets_ms = clock_mono_ms();
    c->session = h;
    rc = nghttp2_session_server_new2(&h->io.session, callbacks, &h->io, option);
    assert(rc == 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    rc = nghttp2_submit_settings(h->io.session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) |
         nghttp2_session_set_local_window_size(h->io.session, NGHTTP2_FLAG_NONE, 0,
                                               HTTP2_CONN_WINDOW);
    assert(rc == 0);
    (void)rc;
}

static void
http2_input(struct server_conn *c, const char *bytes, size_t size)
{
    struct http2 *h = c->session;
    ssize_t taken = nghttp2_session_mem_recv(h->io.session, (const uint8_t *)bytes, size);

    if (taken < 0) {
        log_debug("HTTP/2 session failed peer=%s error=%s", c->address,
                  nghttp2_strerror((int)taken));
        c->is_over = true;
    }
    http2_settle_idle(h);
}

static void
http2_end(struct server_conn *c)
{
    c->is_over = true;
}

static void
http2_pump(struct server_conn *c)
{
    struct http2 *h = c->session;

    http2_feed_held(h);
    http2_resume_yielded(h);
    if (http2_io_pass(&h->io) < 0) {
        c->is_over = true;
        return;
    }
    c->has_more |= h->io.has_more || h->yielded != NULL;
    bool is_stuck = h->ready_len > 0 && !c->has_more && !record_is_blocked(&c->out);

    c->ready_ms = !is_stuck ? 0 : c->ready_ms != 0 ? c->ready_ms : clock_mono_ms();
    http2_settle_idle(h);
    if ((nghttp2_session_want_read(h->io.session) == 0 &&
         nghttp2_session_want_write(h->io.session) == 0) ||
        (h->is_draining && h->stream_len == 0)) {
        c->ends = true;
    }
}

static void
http2_drain(struct server_conn *c)
{
    struct http2 *h = c->session;

    h->is_draining = true;
    /* Streams above the last one we saw may be repeated elsewhere: the peer knows by this number. */
    (void)nghttp2_submit_goaway(h->io.session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(h->io.session),
                                NGHTTP2_NO_ERROR, NULL, 0);
}

static void
http2_stalled(struct server_conn *c, int64_t before_ms)
{
    struct http2 *h = c->session;

    for (struct http2_stream *stream = h->streams; stream != NULL; stream = stream->next) {
        if (stream->is_ready && stream->s.moved_ms <= before_ms) {
            (void)nghttp2_submit_rst_stream(h->io.session, NGHTTP2_FLAG_NONE, stream->id,
                                            NGHTTP2_CANCEL);
        }
    }
}

static void
http2_close(struct server_conn *c)
{
    struct http2 *h = c->session;

    while (h->streams != NULL) {
        http2_stream_free(h->streams);
    }
    http2_block_free(h->block);
    nghttp2_session_del(h->io.session);
    mem_free(h);
    c->session = NULL;
}

static void
http2_callbacks(nghttp2_session_callbacks *callbacks)
{
    http2_io_callbacks(callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, http2_on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, http2_on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, http2_on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, http2_on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, http2_on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, http2_on_close);
}

static int
http2_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2 *h = container_of((struct http2_io *)user_data, struct http2, io);

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    struct http2_stream *stream = (struct http2_stream *)server_stream_new(
        h->c, &http2_stream_ops, sizeof(struct http2_stream));

    stream->h = h;
    stream->id = frame->hd.stream_id;
    stream->next = h->streams;
    if (stream->next != NULL) {
        stream->next->prev = stream;
    }
    h->streams = stream;
    h->stream_len++;
    if (h->block == NULL) {
        h->block = http2_block_new();
    }
    http2_block_reset(h->block);
    h->c->header_ms = clock_mono_ms();
    h->c->idle_ms = 0;
    return nghttp2_session_set_stream_user_data(session, stream->id, stream) == 0
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int
http2_on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    struct http2 *h = container_of((struct http2_io *)user_data, struct http2, io);
    nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec v = nghttp2_rcbuf_get_buf(value);

    (void)session;
    (void)flags;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0; /* trailers: nothing here has a use for them */
    }
    return http2_block_add(h->block, str_slice((const char *)n.base, n.len),
                           str_slice((const char *)v.base, v.len)) == 0
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int
http2_on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2 *h = container_of((struct http2_io *)user_data, struct http2, io);
    struct http2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool has_all = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (stream == NULL) {
            break;
        }
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            http2_asked(stream, has_all);
        } else if (has_all) {
            stream->has_all = true;
            if (stream->held == NULL) {
                (void)server_stream_push(&stream->s, (struct str){ 0 }, true);
            }
        }
        break;
    case NGHTTP2_SETTINGS:
        if (!h->has_settings) {
            h->has_settings = true;
            h->c->header_ms = 0; /* the preface is complete */
        }
        break;
    case NGHTTP2_RST_STREAM:
        http2_count_reset(h);
        break;
    default:
        break;
    }
    return 0;
}

static int
http2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
              size_t size, void *user_data)
{
    struct http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    struct str rest = str_slice((const char *)bytes, size);
    size_t taken = size;

    (void)flags;
    (void)user_data;
    if (stream != NULL && stream->held == NULL) {
        taken = server_stream_push(&stream->s, rest, false);
    } else if (stream != NULL) {
        taken = 0;
    }
    if (taken < size) {
        http2_hold(stream, str_slice(rest.at + taken, size - taken));
    }
    return nghttp2_session_consume(session, id, taken) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* The answer is out while the request is not all there: the peer need not send the rest. */
static int
http2_on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    (void)user_data;
    if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        return 0;
    }
    struct http2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (stream != NULL && !stream->has_all) {
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
    }
    return 0;
}

static int
http2_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user_data)
{
    struct http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

    (void)code;
    (void)user_data;
    if (stream != NULL) {
        /* What was never taken must not shrink the window of the others. */
        (void)nghttp2_session_consume_connection(session, stream->held_size - stream->held_at);
        http2_stream_free(stream);
    }
    return 0;
}

/* All headers are there. */
static void
http2_asked(struct http2_stream *stream, bool has_all)
{
    struct http2 *h = stream->h;

    h->c->header_ms = 0;
    stream->has_all = has_all;
    stream->refuse = http2_block_take(h->block, &stream->s.request);
    if (stream->refuse != 0) {
        http2_refuse(stream);
        return;
    }
    server_stream_ask(&stream->s);
    if (has_all) {
        (void)server_stream_push(&stream->s, (struct str){ 0 }, true);
    }
}

static void
http2_refuse(struct http2_stream *stream)
{
    AUTO_FREE char *text = mem_printf("%d %s", stream->refuse, http_reason(stream->refuse));
    const struct http_header type = { STR("content-type"), STR("text/plain; charset=utf-8") };

    http_respond(&stream->s.request, &(struct http_response){ .status = stream->refuse,
                                                              .headers = &type,
                                                              .header_len = 1,
                                                              .body = body_of_copy(str_of(text)) });
}

/* "Rapid reset" (CVE-2023-44487): asking and giving up costs the peer nothing and us a request. */
static void
http2_count_reset(struct http2 *h)
{
    int64_t now_ms = clock_mono_ms();
    double left = h->resets - (double)(now_ms - h->resets_ms) * HTTP2_RESETS_PER_S / 1000;

    h->resets = (left < 0 ? 0 : left) + 1;
    h->resets_ms = now_ms;
    if (h->resets > HTTP2_RESETS_MAX) {
        log_debug("too many streams were reset peer=%s", h->c->address);
        (void)nghttp2_session_terminate_session(h->io.session, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

static void
http2_resume_yielded(struct http2 *h)
{
    struct http2_stream *stream = STEAL(h->yielded);

    for (; stream != NULL; stream = stream->next_yielded) {
        stream->is_yielded = false;
        (void)nghttp2_session_resume_data(h->io.session, stream->id);
    }
}

/* Bounded by the windows: what is held is not consumed, so the peer may send no more of it. */
static void
http2_hold(struct http2_stream *stream, struct str bytes)
{
    struct http2 *h = stream->h;

    if (stream->held == NULL) {
        stream->next_held = h->held;
        h->held = stream;
    }
    stream->held = mem_resize(stream->held, stream->held_size + bytes.size);
    memcpy(stream->held + stream->held_size, bytes.at, bytes.size);
    stream->held_size += bytes.size;
}

static void
http2_feed_held(struct http2 *h)
{
    struct http2_stream **link = &h->held;

    while (*link != NULL) {
        struct http2_stream *stream = *link;
        struct str rest =
            str_slice(stream->held + stream->held_at, stream->held_size - stream->held_at);
        size_t taken = server_stream_push(&stream->s, rest, stream->has_all);

        stream->held_at += taken;
        (void)nghttp2_session_consume(h->io.session, stream->id, taken);
        if (taken < rest.size) {
            link = &stream->next_held;
            continue;
        }
        mem_free(STEAL(stream->held));
        stream->held_at = stream->held_size = 0;
        *link = stream->next_held;
    }
}

static void
http2_settle_idle(struct http2 *h)
{
    if (h->stream_len > 0) {
        h->c->idle_ms = 0;
    } else if (h->c->idle_ms == 0 && h->has_settings) {
        h->c->idle_ms = clock_mono_ms();
        http2_block_free(STEAL(h->block));
    }
}
