/* The verb CONNECT: which subresources have it, by which methods, and the step that runs them after
 * admission. Loop thread. */
#include "config.h"

#include "apiserver/rest_connect.h"

#include <string.h>

#include "api/kinds_types.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"

static const struct row {
    const struct resource *resource;
    const char *sub;
    enum step_rc (*run)(struct req *req, struct err **err);
    bool all_methods; /* also HEAD and OPTIONS */
} rows[] = {
    { &resource_pods, "exec", rest_stream_step, false },
    { &resource_pods, "attach", rest_stream_step, false },
    { &resource_pods, "portforward", rest_stream_step, false },
    { &resource_pods, "proxy", rest_proxy_step, true },
    { &resource_services, "proxy", rest_proxy_step, true },
    { &resource_nodes, "proxy", rest_proxy_step, true },
};

/* Headers that are not passed on. Credentials are ours to check, and nobody's to see. */
static const struct left_out {
    const char *name;
    bool is_prefix;
    bool asks_upgrade; /* passed on when the other side is asked for the same upgrade */
} left_out[] = {
    { "authorization", false, false },
    { "impersonate-", true, false },
    { "host", false, false }, /* is the relay's */
    { "content-length", false, false },
    { "transfer-encoding", false, false },
    { "expect", false, false },
    { "x-forwarded-for", false, false }, /* made anew */
    { "connection", false, true },
    { "upgrade", false, true },
    { "keep-alive", false, false },
    { "proxy-authenticate", false, false },
    { "proxy-authorization", false, false },
    { "proxy-connection", false, false },
    { "te", false, false },
    { "trailer", false, false },
};

static const struct row *
find(const struct resource *resource, const struct subresource *sub)
{
    for (size_t i = 0; sub != NULL && i < ARRAY_LEN(rows); i++) {
        if (rows[i].resource == resource && strcmp(rows[i].sub, sub->name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

bool
rest_connect_is(const struct resource *resource, const struct subresource *sub)
{
    return find(resource, sub) != NULL;
}

bool
rest_connect_may(const struct req *req)
{
    bool is_namespaced = resource_is_namespaced(req->resource);
    bool is_plain = req->http == NULL ||
                    !(str_is(req->http->method, "HEAD") || str_is(req->http->method, "OPTIONS"));
    if (req->name.size == 0 || (is_namespaced && req->ns.size == 0)) {
        return false;
    }
    return is_plain ? (req->sub->verbs & req->right) != 0
                    : find(req->resource, req->sub)->all_methods;
}

static bool
says_upgrade(struct req *req, struct str connection)
{
    char *text = arena_dupz(req->arena, connection);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
    return strstr(text, "upgrade") != NULL;
}

bool
rest_connect_is_upgrade(struct req *req)
{
    for (size_t i = 0; i < req->http->header_len; i++) {
        const struct http_header *header = &req->http->headers[i];
        if (str_is(header->name, "connection") && says_upgrade(req, header->value)) {
            return true;
        }
    }
    return false;
}

static bool
is_left_out(struct str name, bool upgrades)
{
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
        struct str with = str_of(left_out[i].name);
        if (left_out[i].is_prefix ? str_has_prefix(name, with) : str_eq(name, with)) {
            return !(upgrades && left_out[i].asks_upgrade);
        }
    }
    return false;
}

/* Is it of this connection only: does a Connection header name it? */
static bool
is_of_connection(const struct http_request *http, struct str name)
{
    for (size_t i = 0; i < http->header_len; i++) {
        struct str rest = http->headers[i].value;
        while (str_is(http->headers[i].name, "connection") && rest.size > 0) {
            if (str_eq_nocase(str_trim(str_cut(rest, ',', &rest)), name)) {
                return true;
            }
        }
    }
    return false;
}

/* The protocols that a browser offers, less the token among them. */
static struct str
without_token(struct req *req, struct str offered)
{
    AUTO_STR struct str_builder kept = { 0 };
    while (offered.size > 0) {
        struct str protocol = str_trim(str_cut(offered, ',', &offered));
        if (!str_has_prefix(protocol, STR("base64url.bearer.authorization.k8s.io."))) {
            str_putf(&kept, "%s" STR_FMT, kept.size > 0 ? ", " : "", STR_ARG(protocol));
        }
    }
    return arena_dup(req->arena, str_view(&kept));
}

size_t
rest_connect_headers(struct req *req, bool upgrades, struct http_header *ret)
{
    const struct http_request *http = req->http;
    struct str before = http_header(http, "x-forwarded-for");
    size_t len = 0;
    for (size_t i = 0; i < http->header_len && len < HTTP_MAX_HEADERS; i++) {
        struct http_header header = http->headers[i];
        bool is_protocol = str_is(header.name, "sec-websocket-protocol");
        if (is_left_out(header.name, upgrades) ||
            (!str_is(header.name, "upgrade") && is_of_connection(http, header.name))) {
            continue;
        }
        if (is_protocol) {
            header.value = without_token(req, header.value);
        }
        if (!is_protocol || header.value.size > 0) {
            ret[len++] = header;
        }
    }
    struct str from = http->peer->is_unix ? (struct str){ 0 } : req->address;
    if (from.size > 0 || before.size > 0) {
        const char *comma = before.size > 0 && from.size > 0 ? ", " : "";
        ret[len].name = STR("x-forwarded-for");
        ret[len++].value =
            arena_printf(req->arena, STR_FMT "%s" STR_FMT, STR_ARG(before), comma, STR_ARG(from));
    }
    return len;
}

enum step_rc
rest_connect_step(struct req *req, struct err **err)
{
    if (req->http == NULL) {
        (void)err_set(err, ERR_BAD_REQUEST, "a connection is needed for this");
        return STEP_FAIL;
    }
    return find(req->resource, req->sub)->run(req, err);
}
