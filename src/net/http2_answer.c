/* Answers over HTTP/2: headers, bodies as they are pulled, trailers.  Called by handlers through
 * struct http_stream_ops and by nghttp2 in the connection's turn; loop thread.  DATA goes from the
 * body's own bytes into the record with one copy. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http2_priv.h"

enum { HTTP2_LENGTH_DIGITS = 24 };

static void http2_respond(struct http_request *request, const struct http_response *response);
static struct conn *http2_upgrade(struct http_request *request, const struct http_header *headers,
                                  size_t len);
static void http2_abort(struct http_request *request);
static struct body *http2_take_body(struct http2_stream *stream,
                                    const struct http_response *response);
static ssize_t http2_read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t length,
                               uint32_t *flags, nghttp2_data_source *source, void *user_data);
static void http2_keep_trailers(struct http2_stream *stream, const struct http_response *response);
static void http2_end_body(struct http2_stream *stream, uint32_t *flags);
static void http2_send_trailers(struct http2_stream *stream);
static void http2_woken(struct body *body);
static void http2_set_ready(struct http2_stream *stream, bool is_ready);
static void http2_yield(struct http2_stream *stream);

const struct http_stream_ops http2_stream_ops = {
    .respond = http2_respond,
    .upgrade = http2_upgrade,
    .abort = http2_abort,
};

static void
http2_respond(struct http_request *request, const struct http_response *response)
{
    struct http2_stream *stream = request->stream;
    struct http2 *h = stream->h;
    nghttp2_nv nv[HTTP_MAX_HEADERS + 3];
    char status[HTTP2_LENGTH_DIGITS];
    char length[HTTP2_LENGTH_DIGITS];
    int64_t size = response->body == NULL ? 0 : response->body->size;
    size_t len = 0;

    assert(!stream->s.is_answered && response->header_len <= HTTP_MAX_HEADERS);
    stream->s.is_answered = true;
    (void)snprintf(status, sizeof(status), "%d", response->status);
    nv[len++] = http2_nv(STR(":status"), str_of(status));
    for (size_t i = 0; i < response->header_len; i++) {
        nv[len++] = http2_nv(response->headers[i].name, response->headers[i].value);
    }
    if (http_has_body(response->status) && size >= 0) {
        (void)snprintf(length, sizeof(length), "%lld", (long long)size);
        nv[len++] = http2_nv(STR("content-length"), str_of(length));
    }
    nv[len++] = http2_nv(STR("date"), server_date(h->c->server));
    struct body *body = http2_take_body(stream, response);
    nghttp2_data_provider data = { .source.ptr = stream, .read_callback = http2_read_body };

    if (body != NULL) {
        server_stream_body(&stream->s, body, http2_woken);
        http2_set_ready(stream, true);
    }
    if (nghttp2_submit_response(h->io.session, stream->id, nv, len, body == NULL ? NULL : &data) !=
        0) {
        http2_abort(request); /* a header that HTTP/2 does not allow */
    }
    server_conn_kick(h->c);
}

/* What is to be pulled after the headers; NULL: nothing. */
static struct body *
http2_take_body(struct http2_stream *stream, const struct http_response *response)
{
    struct body *body = response->body;

    if (!http_has_body(response->status) || str_is(stream->s.request.method, "HEAD")) {
        body_free(body);
        return NULL;
    }
    if (response->trailer_len > 0) {
        http2_keep_trailers(stream, response);
        return body == NULL ? body_of_buf(NULL) : body;
    }
    if (body != NULL && body->size == 0) {
        body_free(STEAL(body));
    }
    return body;
}

static struct conn *
http2_upgrade(struct http_request *request, const struct http_header *headers, size_t len)
{
    (void)request;
    (void)headers;
    (void)len;
    return NULL; /* HTTP/2 has none: clients upgrade over HTTP/1.1 */
}

static void
http2_abort(struct http_request *request)
{
    struct http2_stream *stream = request->stream;

    (void)nghttp2_submit_rst_stream(stream->h->io.session, NGHTTP2_FLAG_NONE, stream->id,
                                    NGHTTP2_INTERNAL_ERROR);
    server_conn_kick(stream->h->c);
}

static ssize_t
http2_read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                nghttp2_data_source *source, void *user_data)
{
    struct http2_stream *stream = source->ptr;
    struct http2_io *io = user_data;
    struct iovec iov[BODY_IOV_MAX];
    int iov_len = BODY_IOV_MAX;

    (void)session;
    (void)id;
    (void)to;
    if (stream->s.is_waiting) {
        return NGHTTP2_ERR_DEFERRED;
    }
    size_t room = http2_io_room(io, length);

    if (room == 0) {
        return NGHTTP2_ERR_PAUSE;
    }
    enum pull_rc rc = server_stream_pull(&stream->s, iov, &iov_len, room);

    if (rc == PULL_ABORT) {
        http2_set_ready(stream, false);
        server_stream_body_done(&stream->s);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    size_t size = http2_io_place(io, iov, iov_len);

    http2_set_ready(stream, rc == PULL_MORE);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (rc == PULL_END) {
        http2_end_body(stream, flags);
    } else if (size == 0) {
        if (rc == PULL_MORE) {
            http2_yield(stream);
        }
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)size;
}

static void
http2_keep_trailers(struct http2_stream *stream, const struct http_response *response)
{
    size_t len = response->trailer_len;
    size_t size = len * sizeof(*stream->trailers);

    for (size_t i = 0; i < len; i++) {
        size += response->trailers[i].name.size + response->trailers[i].value.size;
    }
    stream->trailers = mem_new(size);
    stream->trailer_len = len;
    char *text = (char *)(stream->trailers + len);

    for (size_t i = 0; i < len; i++) {
        const struct str from[] = { response->trailers[i].name, response->trailers[i].value };
        struct str *to[] = { &stream->trailers[i].name, &stream->trailers[i].value };

        for (size_t k = 0; k < ARRAY_LEN(to); k++) {
            *to[k] = str_slice(text, from[k].size);
            text = from[k].size == 0 ? text : mempcpy(text, from[k].at, from[k].size);
        }
    }
}

/* The last bytes are placed; trailers, when there are some, end the stream in their place. */
static void
http2_end_body(struct http2_stream *stream, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    server_stream_body_done(&stream->s);
    if (stream->trailer_len > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        http2_send_trailers(stream);
    }
}

static void
http2_send_trailers(struct http2_stream *stream)
{
    nghttp2_nv nv[HTTP_MAX_HEADERS];
    size_t len = stream->trailer_len < ARRAY_LEN(nv) ? stream->trailer_len : ARRAY_LEN(nv);

    for (size_t i = 0; i < len; i++) {
        nv[i] = http2_nv(stream->trailers[i].name, stream->trailers[i].value);
    }
    (void)nghttp2_submit_trailer(stream->h->io.session, stream->id, nv, len);
}

static void
http2_woken(struct body *body)
{
    struct http2_stream *stream = body->stream;

    if (stream->s.is_waiting) {
        stream->s.is_waiting = false;
        stream->s.moved_ms = clock_mono_ms();
        http2_set_ready(stream, true);
        (void)nghttp2_session_resume_data(stream->h->io.session, stream->id);
        server_conn_kick(stream->h->c);
    }
}

static void
http2_set_ready(struct http2_stream *stream, bool is_ready)
{
    if (stream->is_ready != is_ready) {
        stream->is_ready = is_ready;
        stream->h->ready_len += is_ready ? 1 : (size_t)-1;
    }
}

/* It pulled for its two milliseconds and has nothing yet: the others first, then again. */
static void
http2_yield(struct http2_stream *stream)
{
    stream->is_yielded = true;
    stream->next_yielded = stream->h->yielded;
    stream->h->yielded = stream;
}
