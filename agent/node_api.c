/* What the control plane asks this node: who may ask, and one table of paths. Called by the HTTP
 * server; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/node_api.h"

#include "agent/images.h"
#include "agent/node_api_priv.h"
#include "agent/podset.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/server.h"
#include "net/tls.h"

static void answer_health(struct node_api_request *request);
static void answer_pods(struct node_api_request *request);

static const struct {
    const char *word;
    void (*answer)(struct node_api_request *request);
} paths[] = {
    { "healthz", answer_health },       { "pods", answer_pods },
    { "containerLogs", node_api_logs }, { "exec", node_api_exec },
    { "attach", node_api_attach },      { "portForward", node_api_port_forward },
    { "tunnel", node_api_tunnel },
};

/* ---- answers ---- */

static void
answer(struct node_api_request *request, int status, const char *type, struct str text)
{
    struct http_header headers[] = { { STR("content-type"), str_of(type) } };
    struct http_response response = {
        .status = status, .headers = headers, .header_len = 1, .body = body_of_copy(text)
    };

    http_respond(request->http, &response);
}

void
node_api_answer(struct node_api_request *request, int status, struct str text)
{
    answer(request, status, "text/plain; charset=utf-8", text);
}

void
node_api_answer_json(struct node_api_request *request, struct str json)
{
    answer(request, 200, "application/json", json);
}

static void
answer_health(struct node_api_request *request)
{
    node_api_answer(request, 200, STR("ok"));
}

static void
answer_pods(struct node_api_request *request)
{
    struct jw out;

    jw_init(&out, request->http->arena);
    podset_write(request->api->spec.podset, &out);
    node_api_answer_json(request, jw_done(&out));
}

bool
node_api_pod(struct node_api_request *request, struct object **ret_object,
             const struct runtime_pod **ret_seen)
{
    struct arena *arena = request->http->arena;

    if (request->word_len >= 3 && podset_find(request->api->spec.podset, request->words[1],
                                              request->words[2], ret_object, ret_seen)) {
        return true;
    }
    node_api_answer(request, 404,
                    arena_printf(arena, "pod \"" STR_FMT "\" does not exist",
                                 STR_ARG(request->words[request->word_len >= 3 ? 2 : 0])));
    return false;
}

/* ---- requests ---- */

static bool
may_ask(const struct http_peer *peer)
{
    const struct tls_peer *tls = peer->tls;

    if (tls == NULL) {
        return false;
    }
    for (size_t i = 0; i < tls->organisation_len; i++) {
        if (str_is(tls->organisations[i], "system:masters")) {
            return true;
        }
    }
    return str_is(tls->common_name, "kube-apiserver-kubelet-client");
}

static void
split_path(struct node_api_request *request)
{
    struct str rest = request->http->path;

    while (rest.size > 0 && request->word_len < NODE_API_WORDS) {
        struct str word = str_cut(rest, '/', &rest);

        if (word.size > 0 && http_percent_decode(word, false, request->http->arena,
                                                 &request->words[request->word_len]) == 0) {
            request->word_len++;
        }
    }
}

static void
upload_closed(struct node_api_request *request)
{
    if (request->upload != NULL) {
        images_gone(request->upload);
    }
}

static void
asked(void *ctx, struct http_request *http, struct intake **ret_intake)
{
    struct node_api *api = ctx;
    struct node_api_request *request = ARENA_NEW(http->arena, struct node_api_request);

    request->api = api;
    request->http = http;
    http->user = request;
    split_path(request);
    if (!may_ask(http->peer)) {
        bool is_known = http->peer->tls != NULL;

        node_api_answer(request, is_known ? 403 : 401,
                        is_known ? STR("Forbidden\n") : STR("Unauthorized"));
        return;
    }
    if (str_is(request->words[0], "images") && str_is(http->method, "POST") &&
        api->spec.images != NULL) {
        request->closed = upload_closed;
        *ret_intake = images_take(api->spec.images, http, &request->upload);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (str_is(request->words[0], paths[i].word)) {
            paths[i].answer(request);
            return;
        }
    }
    node_api_answer(request, 404, STR("404 page not found\n"));
}

static void
closed(void *ctx, struct http_request *http)
{
    struct node_api_request *request = http->user;

    (void)ctx;
    if (request != NULL && request->closed != NULL) {
        request->closed(request);
    }
}

/* ---- life ---- */

int
node_api_new(const struct node_api_spec *spec, struct node_api **ret, int *ret_port,
             struct err **err)
{
    struct node_api *api = MEM_NEW(struct node_api);
    struct http_handler handler = { .request = asked, .closed = closed, .ctx = api };
    struct server_limits limits = { 0 };

    api->spec = *spec;
    if (tls_server(spec->cert_pem, spec->key_pem, spec->client_ca_pem, &api->tls, err) < 0) {
        mem_free(api);
        return -1;
    }
    api->server = server_new(spec->loop, &handler, &limits);
    if (server_listen_tcp(api->server, spec->listen, api->tls, ret_port, err) < 0) {
        node_api_free(api);
        return -1;
    }
    *ret = api;
    return 0;
}

static void
server_gone(void *ctx)
{
    struct node_api *api = ctx;

    tls_unref(api->tls);
    mem_free(api);
}

void
node_api_free(struct node_api *api)
{
    if (api != NULL) {
        server_close(api->server, 0, server_gone, api);
    }
}
