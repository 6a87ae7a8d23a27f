/* HTTP in front of the steps: a request with its body's intake, the answer's headers and body, and
 * the end of the stream. Called by net/server through struct http_handler. Loop thread. */
#include "config.h"

#include <string.h>

#include "apiserver/apiserver_impl.h"
#include "apiserver/req_body.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "net/body.h"
#include "net/http.h"
#include "net/ws.h"
#include "net/ws_body.h"

enum { HEADERS_FIXED = 4, LABELS_SIZE = 256 };

static void send(struct req *req);
static const struct req_transport transport = { .send = send };

/* Warning: 299 - "text", quoted as apimachinery/pkg/util/net does. */
static struct str
warning_text(struct req *req, struct str text)
{
    AUTO_STR struct str_builder out = { 0 };
    str_putz(&out, "299 - \"");
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '"' || c == '\\') {
            str_putc(&out, '\\');
        }
        str_putc(&out, (unsigned char)c < 0x20 ? ' ' : c);
    }
    str_putc(&out, '"');
    return arena_dup(req->arena, str_view(&out));
}

/* Label values of a metric, separated as metrics.h wants them. */
static void
put_label(char labels[LABELS_SIZE], struct str value)
{
    size_t size = strlen(labels);
    size_t room = LABELS_SIZE - 2 - size;
    if (size > 0) {
        labels[size++] = '\x1f';
    }
    value.size = value.size < room ? value.size : room;
    memcpy(labels + size, value.at == NULL ? "" : value.at, value.size);
    labels[size + value.size] = '\0';
}

static void
count(const struct req *req)
{
    char labels[LABELS_SIZE] = { 0 };
    char code[4] = { (char)('0' + req->status / 100 % 10), (char)('0' + req->status / 10 % 10),
                     (char)('0' + req->status % 10), '\0' };
    put_label(labels, req->verb == 0 ? STR("?") : str_of(verb_name(req->verb)));
    put_label(labels, req->resource != NULL ? req->plural : STR(""));
    if (req->verb != VERB_WATCH && req->verb != VERB_CONNECT) {
        metrics_observe(METRIC_REQUEST_SECONDS, labels,
                        (double)(clock_mono_us() - req->begun_us) / 1e6);
    }
    put_label(labels, str_of(code));
    metrics_add(METRIC_REQUESTS, labels, 1);
}

static bool
has_header(const struct req_impl *q, const char *name)
{
    for (size_t i = 0; i < q->header_len; i++) {
        if (str_is(str_of(q->headers[i].name), name)) {
            return true;
        }
    }
    for (size_t i = 0; i < q->passed_len; i++) {
        if (str_is(q->passed[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* As a browser watches. */
static void
send_by_websocket(struct req *req, struct body *owned)
{
    struct err *err = NULL;
    if (ws_body_answer(req->http, req->server->loop, WS_BODY_LINES, owned, &err) < 0) {
        http_respond(req->http, &(struct http_response){ .status = err_http(err) });
        err_free(err);
    }
}

/* The stream takes the body. A watch outlives its request: nothing of it is needed any more. */
static void
send(struct req *req)
{
    struct req_impl *q = req->impl;
    struct http_request *http = req->http;
    count(req);
    req_body_free(STEAL(q->intake));
    if (http == NULL || q->is_upgraded) {
        return; /* the client went away, or its connection belongs to somebody else */
    }
    struct http_header headers[HEADERS_FIXED + REQ_HEADERS_MAX + REQ_PASSED_MAX + REQ_WARNINGS_MAX];
    size_t len = 0;
    headers[len++] = (struct http_header){ STR("audit-id"), str_of(q->audit_id) };
    if (!has_header(q, "cache-control")) {
        headers[len++] = (struct http_header){ STR("cache-control"), STR("no-cache, private") };
    }
    if (q->content_type != NULL) {
        headers[len++] = (struct http_header){ STR("content-type"), str_of(q->content_type) };
    }
    for (size_t i = 0; i < q->header_len; i++) {
        headers[len++] = (struct http_header){ str_of(q->headers[i].name), q->headers[i].value };
    }
    for (size_t i = 0; i < q->passed_len; i++) {
        headers[len++] = q->passed[i];
    }
    for (size_t i = 0; i < q->warning_len; i++) {
        headers[len++] = (struct http_header){ STR("warning"), warning_text(req, q->warnings[i]) };
    }
    struct http_response response = {
        .status = req->status, .headers = headers, .header_len = len, .body = STEAL(q->body)
    };
    bool is_watch = req->verb == VERB_WATCH;
    if (is_watch && req->status == 200 && ws_is_request(http)) {
        send_by_websocket(req, STEAL(response.body));
        return;
    }
    if (is_watch) {
        http->user = NULL;
        req->http = NULL;
    }
    http_respond(http, &response);
    if (is_watch) {
        http_shed(http);
        req_unref(req);
    }
}

static bool
has_body(const struct http_request *http)
{
    return !str_is(http->method, "GET") && !str_is(http->method, "HEAD");
}

void
apiserver_http_request(void *ctx, struct http_request *http, struct intake **ret_intake)
{
    struct apiserver *server = ctx;
    struct req *req = req_new(server, &transport, NULL);
    req->http = http;
    http->user = req;
    req->content_type = arena_dup(req->arena, http_header(http, "content-type"));
    req->agent = arena_dup(req->arena, http_header(http, "user-agent"));
    req->command = arena_dup(req->arena, http_header(http, "kubectl-command"));
    struct str port;
    struct str address = str_of(http->peer->address);
    size_t colon = address.size;
    while (colon > 0 && address.at[colon - 1] != ':') {
        colon--;
    }
    port = str_slice(address.at, colon > 0 ? colon - 1 : address.size);
    req->address = arena_dup(req->arena, port);
    if (has_body(http)) {
        req->impl->intake = req_body_new(req, ret_intake);
    }
    req_start(req);
}

void
apiserver_http_closed(void *ctx, struct http_request *http)
{
    struct req *req = http->user;
    (void)ctx;
    if (req == NULL) {
        return;
    }
    http->user = NULL;
    req->http = NULL;
    if (!req->impl->is_sent) {
        req_gone(req);
    }
    req_unref(req);
}
