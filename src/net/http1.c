/* HTTP/1.1 on the server's side: one request after the other, pipelined ones in order.  Called by
 * server_conn.c through struct server_proto and by handlers through struct http_stream_ops, on the
 * loop thread.  The syntax is in http1_parse.c, the answers in http1_answer.c. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/http1_priv.h"

enum {
    HTTP1_HELD_MAX = 32 << 10, /* read ahead of what is being answered */
};

static void http1_open(struct server_conn *c);
static void http1_input(struct server_conn *c, const char *bytes, size_t size);
static void http1_end(struct server_conn *c);
static void http1_pump(struct server_conn *c);
static void http1_drain(struct server_conn *c);
static void http1_stalled(struct server_conn *c, int64_t before_ms);
static void http1_close(struct server_conn *c);
static void http1_work(struct http1 *h);
static bool http1_take_head(struct http1 *h);
static void http1_ask(struct http1 *h);
static struct server_stream *http1_parse(struct http1 *h, struct str head, int *ret_refuse);
static void http1_authority(struct http_request *request);
static bool http1_take_body(struct http1 *h);
static bool http1_take_chunk(struct http1 *h);
static void http1_finish(struct http1 *h);
static struct str http1_rest(const struct http1 *h);
static void http1_use(struct http1 *h, size_t size);

const struct server_proto http1_proto = {
    .open = http1_open,
    .input = http1_input,
    .end = http1_end,
    .pump = http1_pump,
    .drain = http1_drain,
    .stalled = http1_stalled,
    .close = http1_close,
};

static void
http1_open(struct server_conn *c)
{
    struct http1 *h = MEM_NEW(struct http1);

    h->c = c;
    h->keeps = true;
    c->session = h;
}

static void
http1_input(struct server_conn *c, const char *bytes, size_t size)
{
    struct http1 *h = c->session;

    str_put(&h->in, str_slice(bytes, size));
    http1_work(h);
}

/* A peer that says nothing more wants no more, unless it only waits for bytes that have an end. */
static void
http1_end(struct server_conn *c)
{
    struct http1 *h = c->session;

    h->keeps = false;
    if (h->s == NULL || !h->has_all || !h->s->is_answered || h->answer_left < 0) {
        c->is_over = true;
    }
}

static void
http1_pump(struct server_conn *c)
{
    struct http1 *h = c->session;

    h->pass_size = 0;
    do {
        http1_work(h);
        if (!http1_answer_write(h)) {
            return;
        }
        http1_finish(h);
    } while (!c->ends && !c->is_over);
}

static void
http1_drain(struct server_conn *c)
{
    struct http1 *h = c->session;

    h->keeps = false;
    c->ends |= h->s == NULL;
}

static void
http1_stalled(struct server_conn *c, int64_t before_ms)
{
    (void)c;
    (void)before_ms; /* there are no windows: a peer that does not read blocks the record */
}

static void
http1_close(struct server_conn *c)
{
    struct http1 *h = c->session;

    if (h->s != NULL) {
        server_stream_end(STEAL(h->s));
    }
    str_done(&h->in);
    str_done(&h->out);
    mem_free(h);
    c->session = NULL;
}

/* Uses up what came in, as far as it can be used now. */
static void
http1_work(struct http1 *h)
{
    struct server_conn *c = h->c;
    bool goes_on = true;

    while (goes_on && !c->is_over && !c->ends) {
        if (h->s == NULL) {
            goes_on = http1_take_head(h);
        } else {
            goes_on = !h->has_all && http1_take_body(h);
        }
    }
    if (h->in_at == h->in.size) {
        str_done(&h->in); /* an idle connection keeps no buffer */
        h->in_at = 0;
    }
    c->reads = !c->is_ended && (h->s == NULL || http1_rest(h).size < HTTP1_HELD_MAX);
}

/* The next request; false: it is not all there, or cannot be taken. */
static bool
http1_take_head(struct http1 *h)
{
    struct server_conn *c = h->c;
    struct str rest = http1_rest(h);
    int refuse = 0;

    while (rest.size >= 2 && rest.at[0] == '\r' && rest.at[1] == '\n') {
        http1_use(h, 2); /* RFC 9112 2.2: empty lines before a request are ignored */
        h->seen = 0;
        rest = http1_rest(h);
    }
    ssize_t size = http1_head_size(rest.at, rest.size, &h->seen);

    if (size == 0 && rest.size <= HTTP1_MAX_HEAD) {
        if (rest.size > 0 && c->header_ms == 0) {
            c->header_ms = clock_mono_ms();
            c->idle_ms = 0;
        }
        return false;
    }
    if (size <= 0) {
        http1_refuse(h, size < 0 ? 400 : 431);
        return false;
    }
    struct server_stream *s = http1_parse(h, str_slice(rest.at, (size_t)size), &refuse);

    h->seen = 0;
    http1_use(h, (size_t)size);
    c->header_ms = c->idle_ms = 0;
    if (refuse != 0) {
        server_stream_end(s);
        http1_refuse(h, refuse);
        return false;
    }
    h->s = s;
    http1_ask(h);
    return true;
}

static void
http1_ask(struct http1 *h)
{
    struct server_stream *s = h->s;

    server_stream_ask(s);
    if (h->has_all) {
        (void)server_stream_push(s, (struct str){ 0 }, true);
    } else if (h->is_expecting && s->intake != NULL && !s->is_answered) {
        http1_continue(h);
    }
}

/* A head becomes a request. *ret_refuse: the status to refuse it with. */
static struct server_stream *
http1_parse(struct http1 *h, struct str text, int *ret_refuse)
{
    struct server_stream *s =
        server_stream_new(h->c, &http1_stream_ops, sizeof(struct server_stream));
    struct http_request *request = &s->request;
    struct http1_head head;

    *ret_refuse = http1_parse_request(arena_dupz(request->arena, text), text.size, &head);
    if (*ret_refuse != 0) {
        return s;
    }
    struct http_header *headers = arena_alloc(request->arena, head.header_len * sizeof(*headers));

    memcpy(headers, head.headers, head.header_len * sizeof(*headers));
    request->headers = headers;
    request->header_len = head.header_len;
    request->method = head.method;
    request->target = head.target;
    request->version = head.version;
    http1_authority(request);
    if (!http_split_target(request)) {
        *ret_refuse = 400;
    }
    h->keeps = h->keeps && head.version == 11 && !head.is_close;
    h->is_chunked = head.is_chunked;
    h->left = head.length > 0 ? head.length : 0;
    h->chunks = (struct http1_chunks){ 0 };
    h->has_all = !h->is_chunked && h->left == 0;
    h->is_expecting = head.is_expecting && head.version == 11;
    h->is_upgrade = head.is_upgrade && head.version == 11 && h->has_all;
    h->answer_left = 0;
    h->answer_is_chunked = false;
    return s;
}

/* "http://host/path", which RFC 9112 3.2.2 wants understood, overrides Host. */
static void
http1_authority(struct http_request *request)
{
    struct str target = request->target;

    request->authority = http_header(request, "host");
    if (str_has_prefix(target, STR("http://")) || str_has_prefix(target, STR("https://"))) {
        size_t at = target.at[4] == 's' ? 8 : 7;
        const char *slash = memchr(target.at + at, '/', target.size - at);
        size_t end = slash == NULL ? target.size : (size_t)(slash - target.at);

        request->authority = str_slice(target.at + at, end - at);
        request->target = slash == NULL ? STR("/") : str_slice(slash, target.size - end);
    }
}

/* Bytes of the request's body; false: no more can be done now. */
static bool
http1_take_body(struct http1 *h)
{
    if (h->is_chunked) {
        return http1_take_chunk(h);
    }
    struct str rest = http1_rest(h);
    size_t size = (int64_t)rest.size < h->left ? rest.size : (size_t)h->left;
    bool is_last = (int64_t)size == h->left;

    if (size == 0) {
        return false;
    }
    h->has_all = is_last; /* an answer from inside push must know */
    size_t taken = server_stream_push(h->s, str_slice(rest.at, size), is_last);

    http1_use(h, taken);
    h->left -= (int64_t)taken;
    h->has_all = h->left == 0;
    h->c->header_ms = h->has_all ? 0 : h->c->header_ms;
    return taken == size;
}

static bool
http1_take_chunk(struct http1 *h)
{
    struct str rest = http1_rest(h);
    struct str data = { 0 };
    size_t used = 0;
    size_t taken = 0;
    enum http1_chunk_rc rc = http1_chunk_next(&h->chunks, rest.at, rest.size, &used, &data);

    http1_use(h, used);
    switch (rc) {
    case HTTP1_CHUNK_DATA:
        taken = server_stream_push(h->s, data, false);
        http1_use(h, taken);
        http1_chunk_taken(&h->chunks, taken);
        return taken == data.size;
    case HTTP1_CHUNK_END:
        h->has_all = true; /* an answer from inside push must know */
        h->c->header_ms = 0;
        (void)server_stream_push(h->s, (struct str){ 0 }, true);
        return true;
    case HTTP1_CHUNK_BAD:
        http1_refuse(h, 400);
        return false;
    case HTTP1_CHUNK_MORE:
    default:
        return false;
    }
}

/* The answer is written, and so is the request over, but for a little that is still to be read. */
static void
http1_finish(struct http1 *h)
{
    struct server_conn *c = h->c;

    server_stream_end(STEAL(h->s));
    h->is_upgrade = false;
    if (!h->keeps) {
        c->ends = true;
        return;
    }
    c->idle_ms = clock_mono_ms();
}

static struct str
http1_rest(const struct http1 *h)
{
    return str_rest(&h->in, h->in_at);
}

static void
http1_use(struct http1 *h, size_t size)
{
    h->in_at += size;
    if (h->in_at == h->in.size) {
        h->in.size = h->in_at = 0;
    } else if (h->in_at >= HTTP1_HELD_MAX) {
        memmove(h->in.at, h->in.at + h->in_at, h->in.size - h->in_at);
        h->in.size -= h->in_at;
        h->in_at = 0;
    }
}
