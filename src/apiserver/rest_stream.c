/* pods/exec, pods/attach and pods/portforward: the client's upgrade is asked again of the node's
 * agent, which asks the runtime, and then bytes pass both ways. So SPDY/3.1 and WebSocket with the
 * protocols up to v4 are the runtime's business. Two are ours, as they are upstream's API server's:
 * v5 of exec and attach is translated to SPDY, and a tunnel of port-forward is unpacked to it.
 *
 * As pkg/registry/core/pod/rest/subresources.go, release 1.35. Loop thread. */
#include "config.h"

#include <string.h>

#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authz.h"
#include "apiserver/relay.h"
#include "apiserver/rest_connect.h"
#include "apiserver/rest_pod.h"
#include "apiserver/translate.h"
#include "base/arena.h"
#include "base/err.h"
#include "net/http.h"
#include "net/ws.h"
#include "net/ws_conn.h"

enum { HEADERS_ADDED = 4 };
enum way {
    AS_IS,
    TRANSLATED, /* the node hears SPDY */
    TUNNELLED,  /* the client's messages are SPDY's bytes */
};

static const char *const tunnel_protocols[] = { "SPDY/3.1+portforward.k8s.io", NULL };
static const char portforward[] = "portforward.k8s.io";

static enum way
way_of(const struct req *req)
{
    if (!str_is(req->sub_name, "portforward")) {
        return translate_is_wanted(req->http) ? TRANSLATED : AS_IS;
    }
    bool is_tunnel =
        ws_is_request(req->http) &&
        str_contains(http_header(req->http, "sec-websocket-protocol"), str_of(tunnel_protocols[0]));
    return is_tunnel ? TUNNELLED : AS_IS;
}

/* Whoever may only get pods/exec must not run commands by WebSockets, which are GETs: the feature
 * AuthorizePodWebsocketUpgradeCreatePermission (pkg/registry/core/pod/rest/authorize.go). */
static int
require_create(struct req *req, struct err **err)
{
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = STR("create"),
                                 .group = req->group,
                                 .version = req->version,
                                 .resource = req->plural,
                                 .subresource = req->sub_name,
                                 .ns = req->ns,
                                 .name = req->name,
                                 .is_resource = true,
                                 .path = req->path };
    struct str reason;
    if (req->right == VERB_CREATE ||
        authz_check(req->server->authz, &attrs, req->arena, &reason) == AUTHZ_ALLOW) {
        return 0;
    }
    return status_forbidden(err, req->resource, req->name, arena_dupz(req->arena, reason));
}

/* The agent's path. The query goes as it is: the agent knows the API's names, too. */
static int
find_place(struct req *req, struct relay_spec *spec, struct err **err)
{
    bool is_forward = str_is(req->sub_name, "portforward");
    struct rest_pod pod;
    if ((is_forward ? rest_pod_find_node(req, &pod, err) : rest_pod_find(req, &pod, err)) < 0) {
        return -1;
    }
    if (pod.node.size == 0) {
        return rest_pod_unbound(req, err);
    }
    struct str path =
        arena_printf(req->arena, "/%s/" STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT,
                     is_forward ? "portForward" : req->sub->name, STR_ARG(req->ns),
                     STR_ARG(req->name), is_forward ? "" : "/", STR_ARG(pod.container),
                     req->query.size > 0 ? "?" : "", STR_ARG(req->query));
    spec->target = (struct reach_target){ .kind = REACH_NODE, .name = pod.node };
    spec->path = path.at;
    return 0;
}

/* What the node is asked with: the client's own upgrade, or one to SPDY. */
static size_t
make_headers(struct req *req, enum way way, struct http_header *ret)
{
    size_t all = rest_connect_headers(req, way == AS_IS, ret), len = 0;
    if (way == AS_IS) {
        return all;
    }
    for (size_t i = 0; i < all; i++) {
        if (!str_has_prefix(ret[i].name, STR("sec-websocket-"))) {
            ret[len++] = ret[i];
        }
    }
    ret[len++] = (struct http_header){ STR("connection"), STR("Upgrade") };
    ret[len++] = (struct http_header){ STR("upgrade"), STR("SPDY/3.1") };
    ret[len++] =
        (struct http_header){ STR("x-stream-protocol-version"),
                              str_of(way == TRANSLATED ? translate_protocol : portforward) };
    return len;
}

static enum step_rc
begin(struct req *req, struct err **err)
{
    struct http_header headers[HTTP_MAX_HEADERS + HEADERS_ADDED];
    struct relay_spec spec = { .method = arena_dupz(req->arena, req->http->method),
                               .headers = headers,
                               .reads_refusals = true };
    if (require_create(req, err) < 0 || find_place(req, &spec, err) < 0) {
        return STEP_FAIL;
    }
    if (!rest_connect_is_upgrade(req)) {
        (void)err_set(err, ERR_BAD_REQUEST, "Upgrade request required");
        return STEP_FAIL;
    }
    enum way way = way_of(req);
    spec.method = way == TRANSLATED ? "POST" : spec.method;
    spec.header_len = make_headers(req, way, headers);
    (void)relay_begin(req, &spec);
    return STEP_WAIT;
}

/* What the other side said instead of 101 is what the client gets. */
static enum step_rc
pass_refusal(struct req *req, struct relay *relay)
{
    const struct relay_head *head = relay_head(relay);
    req_answer_text(req, head->status, head->refusal);
    relay_drop(relay);
    return STEP_DONE;
}

/* The node speaks SPDY; so does the client, inside of messages. */
static int
join_tunnel(struct req *req, struct relay *relay, struct err **err)
{
    struct conn *client;
    if (ws_conn_accept(req->http, req->server->loop, tunnel_protocols, &client, err) < 0) {
        relay_drop(relay);
        return -1;
    }
    req_answer_upgraded(req);
    relay_join_conn(relay, client);
    return 0;
}

static enum step_rc
answer(struct req *req, struct relay *relay, struct err **err)
{
    const struct relay_head *head = relay_head(relay);
    enum way way = way_of(req);
    if (way == TRANSLATED) {
        return translate_begin(req, relay, err) < 0 ? STEP_FAIL : STEP_DONE;
    }
    if (head->status == 0) {
        (void)relay_fail(relay, err);
        return STEP_FAIL;
    }
    if (head->status != 101) {
        return pass_refusal(req, relay);
    }
    int rc = way == TUNNELLED ? join_tunnel(req, relay, err)
                              : relay_join(relay, head->headers, head->header_len, err);
    return rc < 0 ? STEP_FAIL : STEP_DONE;
}

enum step_rc
rest_stream_step(struct req *req, struct err **err)
{
    return req->step_data != NULL ? answer(req, req->step_data, err) : begin(req, err);
}
