/* HTTP/1.1 on the client's side: one call at a time on a connection, which serves again when both
 * sides keep it.  Called by http_client_conn.c and http_call.c through struct http_client_proto;
 * loop thread.  The syntax is in http1_parse.c. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/http1_parse.h"
#include "net/http_client_priv.h"

enum {
    HTTP1_CLIENT_HEAD = 8, /* room for the head of a chunk, and the "\r\n" behind it */
    HTTP1_CLIENT_LAST = 5, /* "0\r\n\r\n" */
    HTTP1_CLIENT_PIECE_MIN = 1024,
};

struct http1_client {
    struct http_client_conn *cc;
    struct http_call *call; /* the one that runs, NULL: none */
    struct str_builder in;  /* bytes that came and are not used yet */
    size_t in_at, seen;
    struct str_builder out; /* the request's head, while it leaves */
    size_t out_at;
    bool is_chunked_out;
    int64_t left_out; /* of the request's Content-Length */
    bool has_head;    /* of the final answer */
    int64_t left;     /* of the answer's Content-Length, -1: to the end of the connection */
    bool is_chunked;
    struct http1_chunks chunks;
    bool keeps;
};

static void http1_client_open(struct http_client_conn *cc);
static bool http1_client_can_take(const struct http_client_conn *cc);
static void http1_client_start(struct http_client_conn *cc, struct http_call *call);
static void http1_client_input(struct http_client_conn *cc, const char *bytes, size_t size);
static void http1_client_end(struct http_client_conn *cc);
static void http1_client_pump(struct http_client_conn *cc);
static void http1_client_woken(struct http_client_conn *cc, struct http_call *call);
static void http1_client_taken(struct http_client_conn *cc, struct http_call *call, size_t size);
static void http1_client_dropped(struct http_client_conn *cc, struct http_call *call);
static void http1_client_close(struct http_client_conn *cc);
static void http1_client_work(struct http1_client *h);
static bool http1_client_head(struct http1_client *h);
static bool http1_client_take_head(struct http1_client *h, const struct http1_head *head);
static bool http1_client_body(struct http1_client *h);
static bool http1_client_chunk(struct http1_client *h);
static void http1_client_upgraded(struct http1_client *h);
static void http1_client_over(struct http1_client *h);
static void http1_client_bad(struct http1_client *h, const char *what);
static bool http1_client_write_piece(struct http1_client *h, bool *ret_goes_on);
static void http1_client_put(struct http1_client *h, const struct iovec *iov, int len,
                             bool is_last);
static struct str http1_client_rest(const struct http1_client *h);

const struct http_client_proto http1_client_proto = {
    .open = http1_client_open,
    .can_take = http1_client_can_take,
    .start = http1_client_start,
    .input = http1_client_input,
    .end = http1_client_end,
    .pump = http1_client_pump,
    .woken = http1_client_woken,
    .taken = http1_client_taken,
    .dropped = http1_client_dropped,
    .close = http1_client_close,
};

static void
http1_client_open(struct http_client_conn *cc)
{
    struct http1_client *h = MEM_NEW(struct http1_client);

    h->cc = cc;
    cc->session = h;
}

static bool
http1_client_can_take(const struct http_client_conn *cc)
{
    return ((const struct http1_client *)cc->session)->call == NULL;
}

static void
http1_client_start(struct http_client_conn *cc, struct http_call *call)
{
    struct http1_client *h = cc->session;
    const struct http_call_spec *spec = &call->spec;
    bool has_host = http_find(spec->headers, spec->header_len, "host").at != NULL;

    h->call = call;
    h->has_head = false;
    h->keeps = true;
    h->is_chunked_out = call->body != NULL && call->body->size < 0;
    h->left_out = call->body == NULL ? 0 : call->body->size;
    str_putf(&h->out, "%s %s HTTP/1.1\r\n", spec->method, spec->path);
    if (!has_host) {
        str_putf(&h->out, "host: %s\r\n", cc->client->authority);
    }
    for (size_t i = 0; i < spec->header_len; i++) {
        str_putf(&h->out, STR_FMT ": " STR_FMT "\r\n", STR_ARG(spec->headers[i].name),
                 STR_ARG(spec->headers[i].value));
    }
    if (h->is_chunked_out) {
        str_putz(&h->out, "transfer-encoding: chunked\r\n");
    } else if (call->body != NULL || strcmp(spec->method, "POST") == 0 ||
               strcmp(spec->method, "PUT") == 0 || strcmp(spec->method, "PATCH") == 0) {
        str_putf(&h->out, "content-length: %lld\r\n", (long long)h->left_out);
    }
    str_putz(&h->out, "\r\n");
}

static void
http1_client_input(struct http_client_conn *cc, const char *bytes, size_t size)
{
    struct http1_client *h = cc->session;

    str_put(&h->in, str_slice(bytes, size));
    http1_client_work(h);
}

static void
http1_client_end(struct http_client_conn *cc)
{
    struct http1_client *h = cc->session;

    h->keeps = false;
    if (h->call != NULL && h->has_head && !h->is_chunked && h->left < 0) {
        http1_client_over(h);
    }
}

static void
http1_client_pump(struct http_client_conn *cc)
{
    struct http1_client *h = cc->session;
    bool goes_on = true;

    if (h->out.size > 0) {
        h->out_at += record_put(&cc->out, str_rest(&h->out, h->out_at));
        if (h->out_at < h->out.size) {
            return;
        }
        str_done(&h->out);
        h->out_at = 0;
    }
    while (goes_on && h->call != NULL && h->call->body != NULL && !h->call->is_waiting &&
           record_need(&cc->out, HTTP1_CLIENT_PIECE_MIN)) {
        if (!http1_client_write_piece(h, &goes_on)) {
            http1_client_bad(h, "the request's body was cut short");
            return;
        }
    }
    http1_client_work(h);
}

static void
http1_client_woken(struct http_client_conn *cc, struct http_call *call)
{
    (void)cc;
    (void)call; /* its turn pulls */
}

static void
http1_client_taken(struct http_client_conn *cc, struct http_call *call, size_t size)
{
    (void)cc;
    (void)call;
    (void)size; /* its turn goes on reading */
}

/* Given up in the middle of something: nothing else can follow on this connection. */
static void
http1_client_dropped(struct http_client_conn *cc, struct http_call *call)
{
    struct http1_client *h = cc->session;

    if (h->call == call) {
        h->call = NULL;
        http_client_conn_broken(cc, NULL);
    }
}

static void
http1_client_close(struct http_client_conn *cc)
{
    struct http1_client *h = cc->session;

    str_done(&h->in);
    str_done(&h->out);
    mem_free(h);
    cc->session = NULL;
}

static void
http1_client_work(struct http1_client *h)
{
    bool goes_on = true;

    while (goes_on && h->call != NULL && !h->cc->is_over && h->call->held == NULL) {
        goes_on = !h->has_head    ? http1_client_head(h)
                  : h->is_chunked ? http1_client_chunk(h)
                                  : http1_client_body(h);
    }
    if (h->in_at == h->in.size) {
        str_done(&h->in);
        h->in_at = 0;
    } else if (h->call == NULL && !h->cc->is_over) {
        http_client_conn_broken(h->cc, NULL); /* bytes that nobody asked for */
    }
    /* Bytes that data_fn has not taken stop the reading; the rest is read for its end. */
    h->cc->reads = !h->cc->is_over && (h->call == NULL || h->call->held == NULL);
}

/* false: it is not all there. */
static bool
http1_client_head(struct http1_client *h)
{
    struct str rest = http1_client_rest(h);
    struct http1_head head;
    ssize_t size = rest.size == 0 ? 0 : http1_head_size(rest.at, rest.size, &h->seen);

    if (size == 0 && rest.size <= HTTP1_MAX_HEAD) {
        return false;
    }
    if (size <= 0 || http1_parse_answer(h->in.at + h->in_at, (size_t)size, &head) != 0) {
        http1_client_bad(h, "the answer is no HTTP/1.1");
        return false;
    }
    h->seen = 0;
    bool goes_on = http1_client_take_head(h, &head);

    h->in_at += (size_t)size;
    if (head.status == 101 && goes_on) {
        http1_client_upgraded(h);
        return false;
    }
    if (goes_on && h->has_head && !h->is_chunked && h->left == 0) {
        http1_client_over(h);
    }
    return goes_on;
}

/* false: the call has ended inside. */
static bool
http1_client_take_head(struct http1_client *h, const struct http1_head *head)
{
    struct http_call *call = h->call;
    bool has_body = http_has_body(head->status) && strcmp(call->spec.method, "HEAD") != 0;

    for (size_t i = 0; i < head->header_len; i++) {
        if (http_call_field(call, head->headers[i].name, head->headers[i].value) < 0) {
            http1_client_bad(h, "the answer has too many headers");
            return false;
        }
    }
    if (head->status == 101 && (call->spec.upgraded_fn == NULL || call->body != NULL)) {
        http1_client_bad(h, "the server switches protocols, which was not asked for");
        return false;
    }
    h->has_head = head->status >= 200;
    h->is_chunked = has_body && head->is_chunked;
    h->left = !has_body ? 0 : head->is_chunked ? -1 : head->length;
    h->chunks = (struct http1_chunks){ 0 };
    h->keeps = head->version == 11 && !head->is_close && (h->left >= 0 || h->is_chunked);
    return http_call_block(call, head->status);
}

static bool
http1_client_body(struct http1_client *h)
{
    struct str rest = http1_client_rest(h);
    size_t size = h->left >= 0 && (int64_t)rest.size > h->left ? (size_t)h->left : rest.size;

    if (size == 0) {
        return false;
    }
    h->left -= h->left >= 0 ? (int64_t)size : 0;
    (void)http_call_data(h->call, str_slice(rest.at, size));
    h->in_at += size;
    if (h->call != NULL && h->left == 0) {
        http1_client_over(h);
    }
    return h->call != NULL;
}

static bool
http1_client_chunk(struct http1_client *h)
{
    struct str rest = http1_client_rest(h);
    struct str data = { 0 };
    size_t used = 0;
    enum http1_chunk_rc rc = http1_chunk_next(&h->chunks, rest.at, rest.size, &used, &data);

    h->in_at += used;
    switch (rc) {
    case HTTP1_CHUNK_DATA:
        http1_chunk_taken(&h->chunks, data.size);
        (void)http_call_data(h->call, data);
        h->in_at += data.size;
        return true;
    case HTTP1_CHUNK_END:
        http1_client_over(h);
        return false;
    case HTTP1_CHUNK_BAD:
        http1_client_bad(h, "the answer's chunks are broken");
        return false;
    case HTTP1_CHUNK_MORE:
    default:
        return false;
    }
}

static void
http1_client_upgraded(struct http1_client *h)
{
    struct http_client_conn *cc = h->cc;
    struct http_call *call = STEAL(h->call);

    conn_want(cc->conn, 0, NULL, NULL);
    struct conn *conn =
        conn_with(cc->client->loop, STEAL(cc->conn), http1_client_rest(h), (struct str){ 0 });

    h->in_at = h->in.size;
    http_client_conn_broken(cc, NULL);
    call->spec.upgraded_fn(call->spec.ctx, &call->answer, conn);
    http_call_finish(call, NULL);
}

static void
http1_client_over(struct http1_client *h)
{
    struct http_call *call = STEAL(h->call);

    if (!h->keeps || call->body != NULL || h->out.size > 0) {
        http_client_conn_broken(h->cc, NULL);
    }
    http_call_complete(call);
}

static void
http1_client_bad(struct http1_client *h, const char *what)
{
    struct http_call *call = STEAL(h->call);
    struct err *err = NULL;

    (void)err_set(&err, ERR_UNAVAILABLE, "%s %s: %s", call->spec.method, call->spec.path, what);
    http_call_finish(call, err);
    http_client_conn_broken(h->cc, NULL);
}

/* One pull into the record. false: the body was cut, or is not as long as it said. */
static bool
http1_client_write_piece(struct http1_client *h, bool *ret_goes_on)
{
    struct http_call *call = h->call;
    struct iovec iov[BODY_IOV_MAX];
    int len = BODY_IOV_MAX;
    size_t max = record_room(&h->cc->out) - HTTP1_CLIENT_HEAD - HTTP1_CLIENT_LAST;
    enum pull_rc rc = http_call_pull(call, iov, &len, max);
    size_t size = 0;

    if (rc == PULL_ABORT) {
        return false;
    }
    for (int i = 0; i < len; i++) {
        size += iov[i].iov_len;
    }
    assert(size <= max);
    if (!h->is_chunked_out) {
        h->left_out -= (int64_t)size;
        if (h->left_out < 0 || (rc == PULL_END && h->left_out > 0)) {
            return false;
        }
    }
    http1_client_put(h, iov, len, rc == PULL_END);
    if (rc == PULL_END) {
        http_call_body_done(call);
    } else if (rc == PULL_MORE && size == 0) {
        h->cc->has_more = true; /* it worked for its two milliseconds: others first */
        *ret_goes_on = false;
    }
    return true;
}

/* There is room for it. */
static void
http1_client_put(struct http1_client *h, const struct iovec *iov, int len, bool is_last)
{
    struct record *out = &h->cc->out;
    size_t size = 0;
    char head[24];

    for (int i = 0; i < len; i++) {
        size += iov[i].iov_len;
    }
    bool has_frame = h->is_chunked_out && size > 0;

    (void)snprintf(head, sizeof(head), "%zx\r\n", size);
    (void)record_put(out, has_frame ? str_of(head) : (struct str){ 0 });
    for (int i = 0; i < len; i++) {
        (void)record_put(out, str_slice(iov[i].iov_base, iov[i].iov_len));
    }
    (void)record_put(out, has_frame ? STR("\r\n") : (struct str){ 0 });
    (void)record_put(out, h->is_chunked_out && is_last ? STR("0\r\n\r\n") : (struct str){ 0 });
}

static struct str
http1_client_rest(const struct http1_client *h)
{
    return str_rest(&h->in, h->in_at);
}
