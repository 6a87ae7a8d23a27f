/* Answers over HTTP/1.1: heads, bodies by length, by chunks or to the end of the connection, 100 and
 * 101.  Called by http1.c in the connection's turn, and by handlers; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http1_priv.h"

enum {
    HTTP1_DROP_MAX = 64 << 10,   /* of a body that nobody wants: more costs the connection */
    HTTP1_PIECE_MIN = 1024,      /* with less room than this the record is flushed first */
    HTTP1_CHUNK_HEAD = 8,        /* "3ff0\r\n" and the "\r\n" behind the data */
    HTTP1_CHUNK_LAST = 5,        /* "0\r\n\r\n" */
    HTTP1_PASS_SIZE = 512 << 10, /* written in one turn, then others get theirs */
};

static void http1_respond(struct http_request *request, const struct http_response *response);
static struct conn *http1_upgrade(struct http_request *request, const struct http_header *headers,
                                  size_t len);
static void http1_abort(struct http_request *request);
static void http1_frame(struct http1 *h, const struct http_response *response);
static void http1_put_headers(struct str_builder *out, const struct http_header *headers,
                              size_t len);
static bool http1_write_body(struct http1 *h);
static bool http1_write_piece(struct http1 *h, const struct iovec *iov, int len, bool is_last);
static void http1_woken(struct body *body);

const struct http_stream_ops http1_stream_ops = {
    .respond = http1_respond,
    .upgrade = http1_upgrade,
    .abort = http1_abort,
};

void
http1_continue(struct http1 *h)
{
    h->is_expecting = false;
    str_putz(&h->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

void
http1_refuse(struct http1 *h, int status)
{
    struct server_conn *c = h->c;
    const char *reason = http_reason(status);

    c->header_ms = 0;
    if (h->s != NULL && h->s->is_answered) {
        /* Nothing can be added to an answer that is on its way: it is finished, then we part. */
        server_stream_cut_intake(h->s);
        h->has_all = true;
        h->keeps = false;
        return;
    }
    if (h->s != NULL) {
        server_stream_end(STEAL(h->s));
    }
    str_putf(&h->out,
             "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
             "Date: " STR_FMT "\r\nConnection: close\r\n\r\n%d %s",
             status, reason, strlen(reason) + 4, STR_ARG(server_date(c->server)), status, reason);
    h->keeps = false;
    c->ends = true;
}

bool
http1_answer_write(struct http1 *h)
{
    struct record *out = &h->c->out;

    if (h->out.size > 0) {
        h->out_at += record_put(out, str_rest(&h->out, h->out_at));
        if (h->out_at < h->out.size) {
            h->c->has_more |= !record_is_blocked(out);
            return false;
        }
        str_done(&h->out);
        h->out_at = 0;
    }
    if (h->s == NULL || !h->s->is_answered) {
        return false;
    }
    if (h->s->body != NULL && !http1_write_body(h)) {
        return false;
    }
    if (!h->has_all && h->keeps) {
        if (h->c->header_ms == 0) {
            h->c->header_ms = clock_mono_ms(); /* the rest that is dropped must come soon */
        }
        return false;
    }
    return !h->c->is_over;
}

static void
http1_respond(struct http_request *request, const struct http_response *response)
{
    struct server_stream *s = request->stream;
    struct http1 *h = s->c->session;
    struct body *body = response->body;

    assert(!s->is_answered && h->s == s);
    s->is_answered = true;
    /* A body that is not all there is dropped when it is short, else the connection ends. */
    if (!h->has_all && (h->is_expecting || h->is_chunked || h->left > HTTP1_DROP_MAX)) {
        h->keeps = false;
    }
    str_putf(&h->out, "HTTP/1.1 %d %s\r\n", response->status, http_reason(response->status));
    http1_put_headers(&h->out, response->headers, response->header_len);
    str_putf(&h->out, "Date: " STR_FMT "\r\n", STR_ARG(server_date(s->c->server)));
    http1_frame(h, response);
    str_putz(&h->out, h->keeps ? "\r\n" : "Connection: close\r\n\r\n");
    if (body != NULL && (!http_has_body(response->status) || str_is(request->method, "HEAD"))) {
        body_free(STEAL(body));
        h->answer_left = 0;
    }
    if (body != NULL) {
        server_stream_body(s, body, http1_woken);
    }
    server_conn_kick(s->c);
}

/* 101, and the conn is the handler's: what was read too far comes first, what we still had to write
 * leaves first. */
static struct conn *
http1_upgrade(struct http_request *request, const struct http_header *headers, size_t len)
{
    struct server_stream *s = request->stream;
    struct server_conn *c = s->c;
    struct http1 *h = c->session;
    AUTO_STR struct str_builder first = { 0 };

    if (!h->is_upgrade || s->is_answered || c->is_ended) {
        return NULL;
    }
    s->is_answered = true;
    record_take(&c->out, &first);
    str_put(&first, str_rest(&h->out, h->out_at));
    str_putz(&first, "HTTP/1.1 101 Switching Protocols\r\n");
    http1_put_headers(&first, headers, len);
    str_putz(&first, "\r\n");
    conn_want(c->conn, 0, NULL, NULL);
    struct conn *conn =
        conn_with(c->server->loop, STEAL(c->conn), str_rest(&h->in, h->in_at), str_view(&first));

    c->is_over = true;
    server_conn_kick(c);
    return conn;
}

static void
http1_abort(struct http_request *request)
{
    struct server_stream *s = request->stream;

    s->c->is_over = true;
    server_conn_kick(s->c);
}

/* How the end of the answer will be known. */
static void
http1_frame(struct http1 *h, const struct http_response *response)
{
    bool has_body = http_has_body(response->status);
    int64_t size = response->body == NULL ? 0 : response->body->size;

    h->answer_left = has_body ? size : 0;
    h->answer_is_chunked = has_body && size < 0 && h->s->request.version == 11;
    if (h->answer_is_chunked) {
        str_putz(&h->out, "Transfer-Encoding: chunked\r\n");
    } else if (has_body && size >= 0) {
        str_putf(&h->out, "Content-Length: %lld\r\n", (long long)size);
    } else if (has_body) {
        h->keeps = false; /* HTTP/1.0: to the end of the connection */
    }
}

/* "content-type" leaves as "Content-Type", as Go writes it. */
static void
http1_put_headers(struct str_builder *out, const struct http_header *headers, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool begins = true;

        for (size_t k = 0; k < headers[i].name.size; k++) {
            char c = headers[i].name.at[k];

            str_putc(out, begins && c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c);
            begins = c == '-';
        }
        str_putz(out, ": ");
        str_put(out, headers[i].value);
        str_putz(out, "\r\n");
    }
}

/* true: the body is over. */
static bool
http1_write_body(struct http1 *h)
{
    struct server_stream *s = h->s;

    while (!s->is_waiting) {
        struct iovec iov[BODY_IOV_MAX];
        int len = BODY_IOV_MAX;

        if (h->pass_size >= HTTP1_PASS_SIZE) {
            h->c->has_more = true;
            return false;
        }
        if (!record_need(&h->c->out, HTTP1_PIECE_MIN)) {
            return false;
        }
        size_t max = record_room(&h->c->out) - HTTP1_CHUNK_HEAD - HTTP1_CHUNK_LAST;
        enum pull_rc rc = server_stream_pull(s, iov, &len, max);

        if (rc == PULL_ABORT || !http1_write_piece(h, iov, len, rc == PULL_END)) {
            h->c->is_over = true;
            return false;
        }
        if (rc == PULL_END) {
            server_stream_body_done(s);
            return true;
        }
        if (len == 0 && rc == PULL_MORE) {
            h->c->has_more = true; /* it worked for its two milliseconds: others first */
            return false;
        }
    }
    return false;
}

/* false: the body is not as long as it said. */
static bool
http1_write_piece(struct http1 *h, const struct iovec *iov, int len, bool is_last)
{
    struct record *out = &h->c->out;
    size_t size = 0;

    for (int i = 0; i < len; i++) {
        size += iov[i].iov_len;
    }
    assert(size + HTTP1_CHUNK_HEAD + HTTP1_CHUNK_LAST <= record_room(out));
    if (!h->answer_is_chunked && h->answer_left >= 0) {
        h->answer_left -= (int64_t)size;
        if (h->answer_left < 0 || (is_last && h->answer_left > 0)) {
            return false;
        }
    }
    char head[24];

    if (h->answer_is_chunked && size > 0) {
        (void)snprintf(head, sizeof(head), "%zx\r\n", size);
        (void)record_put(out, str_of(head));
    }
    for (int i = 0; i < len; i++) {
        (void)record_put(out, str_slice(iov[i].iov_base, iov[i].iov_len));
    }
    if (h->answer_is_chunked && size > 0) {
        (void)record_put(out, STR("\r\n"));
    }
    if (h->answer_is_chunked && is_last) {
        (void)record_put(out, STR("0\r\n\r\n"));
    }
    h->pass_size += size;
    return true;
}

static void
http1_woken(struct body *body)
{
    struct server_stream *s = body->stream;

    if (s->is_waiting) {
        s->is_waiting = false;
        server_conn_kick(s->c);
    }
}
