/* pods/proxy, services/proxy and nodes/proxy: the request is asked again of what the URL names, and
 * the answer is the client's, with redirections and links of pages led back through the proxy.
 *
 * As apimachinery/pkg/util/proxy (upgradeaware.go, transport.go), release 1.35, but that compression
 * is not asked for: pages are rewritten. Loop thread. */
#include "config.h"

#include <string.h>

#include "apiserver/apiserver_impl.h"
#include "apiserver/html_links.h"
#include "apiserver/proxy_target.h"
#include "apiserver/relay.h"
#include "apiserver/req_body.h"
#include "apiserver/rest_connect.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"

enum { SEGMENTS_MAX = 512, HEADERS_ADDED = 2 };

/* Headers of the answer that stay behind: of one connection, made anew, or upstream's
 * removeCORSHeaders. */
static const char *const left_out[] = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-type",
    "date",
    "audit-id",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
};

/* ---- the path ---- */

/* net/url: what EscapedPath leaves as it is. */
static bool
is_path_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.~$&+,/:;=@", c) != NULL);
}

static void
put_escaped(struct str_builder *out, struct str segment)
{
    for (size_t i = 0; i < segment.size; i++) {
        if (is_path_byte(segment.at[i])) {
            str_putc(out, segment.at[i]);
        } else {
            str_putf(out, "%%%02X", (unsigned char)segment.at[i]);
        }
    }
}

/* Go's path.Join of what follows ".../proxy/", with the slash that the URL ends with. */
static int
make_path(struct req *req, struct str *ret, struct err **err)
{
    struct str segments[SEGMENTS_MAX], decoded;
    AUTO_STR struct str_builder out = { 0 };
    if (http_percent_decode(req->sub_path, false, req->arena, &decoded) < 0) {
        return err_set(err, ERR_BAD_REQUEST, "the path is not properly percent-encoded");
    }
    size_t len = str_split(decoded, '/', segments, SEGMENTS_MAX), kept = 0;
    for (size_t i = 0; i < len; i++) {
        if (str_is(segments[i], "..")) {
            kept -= kept > 0;
        } else if (segments[i].size > 0 && !str_is(segments[i], ".")) {
            segments[kept++] = segments[i];
        }
    }
    for (size_t i = 0; i < kept; i++) {
        str_putc(&out, '/');
        put_escaped(&out, segments[i]);
    }
    if (str_has_suffix(req->path, STR("/"))) {
        str_putc(&out, '/');
    }
    *ret = arena_dup(req->arena, str_view(&out));
    return 0;
}

/* The path of the proxy itself: what redirections and links get in front. */
static struct str
prefix(struct req *req)
{
    struct str path = str_slice(req->path.at, req->path.size - req->sub_path.size);
    while (path.size > 0 && path.at[path.size - 1] == '/') {
        path.size--;
    }
    return path;
}

/* proxyRedirectsforRootPath: relative links of the root need its slash. */
static bool
redirects_to_root(struct req *req, struct str path)
{
    bool is_read = str_is(req->http->method, "GET") || str_is(req->http->method, "HEAD");
    if (path.size > 0 || !is_read) {
        return false;
    }
    req_header(req, "location",
               arena_printf(req->arena, STR_FMT "/%s" STR_FMT, STR_ARG(req->path),
                            req->query.size > 0 ? "?" : "", STR_ARG(req->query)));
    req_answer_body(req, 301, NULL, NULL);
    return true;
}

/* ---- asking ---- */

static size_t
make_headers(struct req *req, bool upgrades, struct http_header *ret)
{
    size_t all = rest_connect_headers(req, upgrades, ret), len = 0;
    for (size_t i = 0; i < all; i++) {
        if (!str_is(ret[i].name, "accept-encoding")) {
            ret[len++] = ret[i];
        }
    }
    ret[len++] = (struct http_header){ STR("x-forwarded-uri"), req->path };
    return len;
}

static enum step_rc
begin(struct req *req, struct err **err)
{
    struct http_header headers[HTTP_MAX_HEADERS + HEADERS_ADDED];
    struct proxy_target target;
    struct str path;
    if (proxy_target_find(req, &target, err) < 0 || make_path(req, &path, err) < 0) {
        return STEP_FAIL;
    }
    if (redirects_to_root(req, path)) {
        return STEP_DONE;
    }
    if (req->server->reach == NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "nodes cannot be reached yet");
        return STEP_FAIL;
    }
    struct relay_spec spec = { .target = target.place,
                               .is_tls = target.is_tls,
                               .method = arena_dupz(req->arena, req->http->method),
                               .authority = req->http->authority,
                               .headers = headers,
                               .body = req_body_pass(req) };
    spec.path = arena_printf(req->arena, "%s" STR_FMT "%s" STR_FMT, path.size == 0 ? "/" : "",
                             STR_ARG(path), req->query.size > 0 ? "?" : "", STR_ARG(req->query))
                    .at;
    spec.header_len = make_headers(req, rest_connect_is_upgrade(req), headers);
    (void)relay_begin(req, &spec);
    return STEP_WAIT;
}

/* ---- answering ---- */

static bool
is_left_out(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
        if (str_is(name, left_out[i])) {
            return true;
        }
    }
    return false;
}

static struct str
find_header(const struct relay_head *head, const char *name)
{
    for (size_t i = 0; i < head->header_len; i++) {
        if (str_is(head->headers[i].name, name)) {
            return head->headers[i].value;
        }
    }
    return (struct str){ 0 };
}

static void
pass_headers(struct req *req, const struct relay_head *head, const struct html_links_place *place)
{
    struct http_header *passed = arena_array(req->arena, head->header_len, sizeof(*passed));
    size_t len = 0;
    for (size_t i = 0; i < head->header_len; i++) {
        struct http_header header = head->headers[i];
        AUTO_STR struct str_builder url = { 0 };
        if (is_left_out(header.name)) {
            continue;
        }
        if (str_is(header.name, "location") && html_links_url(place, header.value, &url)) {
            header.value = arena_dup(req->arena, str_view(&url));
        }
        passed[len++] = header;
    }
    req_pass_headers(req, passed, len);
}

static void
pass_body(struct req *req, struct relay *relay, const struct html_links_place *place)
{
    const struct relay_head *head = relay_head(relay);
    struct str type = find_header(head, "content-type"), rest;
    int64_t size = -1;
    (void)str_to_int(find_header(head, "content-length"), &size);
    bool is_page = str_is(str_trim(str_cut(type, ';', &rest)), "text/html") &&
                   find_header(head, "content-encoding").size == 0 &&
                   find_header(head, "location").size == 0 && !str_is(req->http->method, "HEAD");
    const char *content_type = type.size > 0 ? arena_dupz(req->arena, type) : NULL;
    int status = head->status;
    if (is_page) {
        req_answer_body(req, status, content_type, html_links_body(relay_body(relay, -1), place));
    } else {
        relay_answer(relay, content_type, size);
    }
}

static enum step_rc
answer(struct req *req, struct relay *relay, struct err **err)
{
    const struct relay_head *head = relay_head(relay);
    AUTO_ERR struct err *why = NULL;
    struct html_links_place place = { .prefix = prefix(req), .here = req->http->authority };
    struct proxy_target target;
    if (head->status == 0) {
        (void)relay_fail(relay, &why);
        (void)err_set(err, ERR_UNAVAILABLE, "error trying to reach service: %s", why->message);
        return STEP_FAIL;
    }
    if (head->status == 101) {
        return relay_join(relay, head->headers, head->header_len, err) < 0 ? STEP_FAIL : STEP_DONE;
    }
    if (proxy_target_find(req, &target, &why) == 0) {
        place.there = target.authority; /* of a pod that is still there */
    }
    pass_headers(req, head, &place);
    pass_body(req, relay, &place);
    return STEP_DONE;
}

enum step_rc
rest_proxy_step(struct req *req, struct err **err)
{
    return req->step_data != NULL ? answer(req, req->step_data, err) : begin(req, err);
}
