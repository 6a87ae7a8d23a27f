/* HTTP/2 on the client's side: all calls of a client share one session.  Called by
 * http_client_conn.c and http_call.c through struct http_client_proto; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/http2_io.h"
#include "net/http_client_priv.h"

enum {
    HTTP2_CLIENT_STREAM_WINDOW = 1 << 20,
    HTTP2_CLIENT_CONN_WINDOW = 16 << 20, /* a reader that pauses does not stop the others soon */
};

struct http2_client {
    struct http2_io io;
    struct http_client_conn *cc;
    int status;    /* of the header block that is coming in */
    bool has_more; /* a body pulled nothing: again in the next turn */
};

static void http2_client_open(struct http_client_conn *cc);
static bool http2_client_can_take(const struct http_client_conn *cc);
static void http2_client_start(struct http_client_conn *cc, struct http_call *call);
static void http2_client_input(struct http_client_conn *cc, const char *bytes, size_t size);
static void http2_client_end(struct http_client_conn *cc);
static void http2_client_pump(struct http_client_conn *cc);
static void http2_client_woken(struct http_client_conn *cc, struct http_call *call);
static void http2_client_taken(struct http_client_conn *cc, struct http_call *call, size_t size);
static void http2_client_dropped(struct http_client_conn *cc, struct http_call *call);
static void http2_client_close(struct http_client_conn *cc);
static size_t http2_client_headers(const struct http_call *call, char length[static 24],
                                   nghttp2_nv *nv);
static void http2_client_callbacks(nghttp2_session_callbacks *callbacks);
static int http2_client_on_header(nghttp2_session *session, const nghttp2_frame *frame,
                                  nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags,
                                  void *user_data);
static int http2_client_on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                                 void *user_data);
static int http2_client_on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                                const uint8_t *bytes, size_t size, void *user_data);
static int http2_client_on_close(nghttp2_session *session, int32_t id, uint32_t code,
                                 void *user_data);
static ssize_t http2_client_read_body(nghttp2_session *session, int32_t id, uint8_t *to,
                                      size_t length, uint32_t *flags, nghttp2_data_source *source,
                                      void *user_data);
static void http2_client_over(nghttp2_session *session, struct http_call *call);

const struct http_client_proto http2_client_proto = {
    .open = http2_client_open,
    .can_take = http2_client_can_take,
    .start = http2_client_start,
    .input = http2_client_input,
    .end = http2_client_end,
    .pump = http2_client_pump,
    .woken = http2_client_woken,
    .taken = http2_client_taken,
    .dropped = http2_client_dropped,
    .close = http2_client_close,
};

static void
http2_client_open(struct http_client_conn *cc)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_CLIENT_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_MAX_HEADER_BYTES },
    };
    struct http2_client *h = MEM_NEW(struct http2_client);
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int rc = nghttp2_session_callbacks_new(&callbacks) | nghttp2_option_new(&option);

    assert(rc == 0); /* as any allocation */
    http2_client_callbacks(callbacks);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    h->cc = cc;
    h->io.out = &cc->out;
    cc->session = h;
    rc = nghttp2_session_client_new2(&h->io.session, callbacks, &h->io, option);
    assert(rc == 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    rc = nghttp2_submit_settings(h->io.session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) |
         nghttp2_session_set_local_window_size(h->io.session, NGHTTP2_FLAG_NONE, 0,
                                               HTTP2_CLIENT_CONN_WINDOW);
    assert(rc == 0);
    (void)rc;
}

static bool
http2_client_can_take(const struct http_client_conn *cc)
{
    const struct http2_client *h = cc->session;

    return nghttp2_session_check_request_allowed(h->io.session) != 0;
}

static void
http2_client_start(struct http_client_conn *cc, struct http_call *call)
{
    struct http2_client *h = cc->session;
    nghttp2_nv nv[HTTP_MAX_HEADERS + 5];
    char length[24];
    size_t len = http2_client_headers(call, length, nv);
    nghttp2_data_provider data = { .source.ptr = NULL, .read_callback = http2_client_read_body };
    struct err *err = NULL;

    call->id = nghttp2_submit_request(h->io.session, NULL, nv, len,
                                      call->body == NULL ? NULL : &data, call);
    call->has_stream = call->id >= 0;
    if (call->id < 0) {
        (void)err_set(&err, ERR_BAD_REQUEST, "%s %s: %s", call->spec.method, call->spec.path,
                      nghttp2_strerror(call->id));
        http_call_finish(call, err);
    }
}

static void
http2_client_input(struct http_client_conn *cc, const char *bytes, size_t size)
{
    struct http2_client *h = cc->session;
    ssize_t taken = nghttp2_session_mem_recv(h->io.session, (const uint8_t *)bytes, size);
    struct err *err = NULL;

    if (taken < 0) {
        (void)err_set(&err, ERR_UNAVAILABLE, "connection to '%s' broke: %s", cc->client->authority,
                      nghttp2_strerror((int)taken));
        http_client_conn_broken(cc, err);
    }
}

static void
http2_client_end(struct http_client_conn *cc)
{
    (void)cc; /* what was asked and not answered is asked again, where that is safe */
}

static void
http2_client_pump(struct http_client_conn *cc)
{
    struct http2_client *h = cc->session;
    struct err *err = NULL;

    if (h->has_more) {
        h->has_more = false;
        for (struct http_call *call = cc->calls.first; call != NULL; call = call->next) {
            if (call->body != NULL && !call->is_waiting) {
                (void)nghttp2_session_resume_data(h->io.session, call->id);
            }
        }
    }
    if (http2_io_pass(&h->io) < 0) {
        (void)err_set(&err, ERR_UNAVAILABLE, "connection to '%s' broke", cc->client->authority);
        http_client_conn_broken(cc, err);
        return;
    }
    cc->has_more = h->io.has_more || h->has_more;
    if (nghttp2_session_want_read(h->io.session) == 0 &&
        nghttp2_session_want_write(h->io.session) == 0) {
        http_client_conn_broken(cc, NULL);
    }
}

static void
http2_client_woken(struct http_client_conn *cc, struct http_call *call)
{
    struct http2_client *h = cc->session;

    (void)nghttp2_session_resume_data(h->io.session, call->id);
}

static void
http2_client_taken(struct http_client_conn *cc, struct http_call *call, size_t size)
{
    struct http2_client *h = cc->session;

    (void)nghttp2_session_consume(h->io.session, call->id, size);
}

static void
http2_client_dropped(struct http_client_conn *cc, struct http_call *call)
{
    struct http2_client *h = cc->session;
    int32_t id = call->id;

    /* What it never took must not shrink the window of the others. */
    (void)nghttp2_session_consume_connection(h->io.session, call->held_size - call->held_at);
    if (call->has_stream) {
        call->has_stream = false;
        /* Also finds requests that still wait for the server's stream limit. */
        (void)nghttp2_session_set_stream_user_data(h->io.session, id, NULL);
        (void)nghttp2_submit_rst_stream(h->io.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    }
}

static void
http2_client_close(struct http_client_conn *cc)
{
    struct http2_client *h = cc->session;

    nghttp2_session_del(h->io.session);
    mem_free(h);
    cc->session = NULL;
}

static size_t
http2_client_headers(const struct http_call *call, char length[static 24], nghttp2_nv *nv)
{
    const struct http_client_spec *client = &call->client->spec;
    size_t len = 0;

    nv[len++] = http2_nv(STR(":method"), str_of(call->spec.method));
    nv[len++] = http2_nv(STR(":scheme"), client->tls == NULL ? STR("http") : STR("https"));
    nv[len++] = http2_nv(STR(":authority"), str_of(client->authority));
    nv[len++] = http2_nv(STR(":path"), str_of(call->spec.path));
    for (size_t i = 0; i < call->spec.header_len; i++) {
        nv[len++] = http2_nv(call->spec.headers[i].name, call->spec.headers[i].value);
    }
    if (call->body != NULL && call->body->size >= 0) {
        (void)snprintf(length, 24, "%lld", (long long)call->body->size);
        nv[len++] = http2_nv(STR("content-length"), str_of(length));
    }
    return len;
}

static void
http2_client_callbacks(nghttp2_session_callbacks *callbacks)
{
    http2_io_callbacks(callbacks);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, http2_client_on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, http2_client_on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, http2_client_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, http2_client_on_close);
}

static int
http2_client_on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                       nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    struct http2_client *h = container_of((struct http2_io *)user_data, struct http2_client, io);
    struct http_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec v = nghttp2_rcbuf_get_buf(value);
    struct str text = str_slice((const char *)v.base, v.len);
    int64_t status = 0;

    (void)flags;
    if (call == NULL || n.len == 0) {
        return 0;
    }
    if (n.base[0] == ':') {
        h->status = str_to_int(text, &status) ? (int)status : 0; /* the only one, nghttp2 checks */
        return 0;
    }
    return http_call_field(call, str_slice((const char *)n.base, n.len), text) == 0
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int
http2_client_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2_client *h = container_of((struct http2_io *)user_data, struct http2_client, io);
    struct http_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (frame->hd.type == NGHTTP2_GOAWAY) {
        h->cc->is_draining = true; /* streams above its last one are closed as refused */
    }
    if (call == NULL || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.type == NGHTTP2_HEADERS && !http_call_block(call, h->status))) {
        return 0;
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && call->has_headers) {
        http2_client_over(session, call);
    }
    return 0;
}

static int
http2_client_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                     size_t size, void *user_data)
{
    struct http_call *call = nghttp2_session_get_stream_user_data(session, id);
    size_t taken = size;

    (void)flags;
    (void)user_data;
    if (call != NULL) {
        taken = http_call_data(call, str_slice((const char *)bytes, size));
        if (call->state == HTTP_CALL_ENDED) {
            taken = size; /* cancelled from inside: nobody will take the rest */
        }
    }
    return nghttp2_session_consume(session, id, taken) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* Only streams that ended before their END_STREAM still have a call. */
static int
http2_client_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user_data)
{
    struct http_call *call = nghttp2_session_get_stream_user_data(session, id);
    struct err *err = NULL;

    (void)user_data;
    if (call == NULL) {
        return 0;
    }
    call->has_stream = false;
    if (code == NGHTTP2_REFUSED_STREAM) {
        http_call_requeue(call, true);
        return 0;
    }
    (void)err_set(&err, ERR_UNAVAILABLE, "%s %s: the server ended the stream: %s",
                  call->spec.method, call->spec.path, nghttp2_http2_strerror(code));
    http_call_finish(call, err);
    return 0;
}

static ssize_t
http2_client_read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t length,
                       uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct http_call *call = nghttp2_session_get_stream_user_data(session, id);
    struct http2_io *io = user_data;
    struct iovec iov[BODY_IOV_MAX];
    int iov_len = BODY_IOV_MAX;

    (void)to;
    (void)source;
    if (call == NULL || call->body == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* given up: its RST_STREAM is on its way */
    }
    if (call->is_waiting) {
        return NGHTTP2_ERR_DEFERRED;
    }
    size_t room = http2_io_room(io, length);

    if (room == 0) {
        return NGHTTP2_ERR_PAUSE;
    }
    enum pull_rc rc = http_call_pull(call, iov, &iov_len, room);

    if (rc == PULL_ABORT) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    size_t size = http2_io_place(io, iov, iov_len);

    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (rc == PULL_END) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        http_call_body_done(call);
    } else if (size == 0) {
        container_of(io, struct http2_client, io)->has_more |= rc == PULL_MORE;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)size;
}

/* The answer is complete. A request that is not all sent is not wanted any more. */
static void
http2_client_over(nghttp2_session *session, struct http_call *call)
{
    call->has_stream = false;
    (void)nghttp2_session_set_stream_user_data(session, call->id, NULL);
    if (call->body != NULL) {
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_NO_ERROR);
    }
    http_call_complete(call);
}
