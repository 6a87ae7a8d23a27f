/* Streams through this node: exec, attach and port-forward go to the runtime's own streaming server on
 * loopback, tunnels to an address of the pod network. Bytes are passed on as they are. Called by
 * node_api; loop thread.
 *
 * The client's upgrade request is repeated to the one-use address that the runtime gives, its answer
 * goes back, and then both connections are joined. So WebSocket and SPDY are the runtime's business. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cri.h"
#include "agent/cri.pb-c.h"
#include "agent/node_api_priv.h"
#include "agent/runtime.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/http_client.h"

enum {
    DIAL_MS = 3000,
    UPGRADE_MS = 30 * 1000,
    WORDS_MAX = 500,
    TEXT_MAX = 16 << 10,
    PORTS_MAX = 64
};

/* One stream until it is joined, or refused. */
struct stream {
    struct node_api_request *request; /* NULL: the peer went away */
    struct arena *arena;              /* its own: it may outlive the request */
    struct loop *loop;
    struct cri_call *call;
    struct conn_dial *dial;
    struct http_client *client;
    struct http_call *http;
    struct str_builder text; /* of a refusal */
    int status;
    bool is_joined;
};

static void
stream_free(struct stream *stream)
{
    if (stream->request != NULL) {
        stream->request->closed = NULL;
    }
    if (stream->client != NULL) {
        http_client_free(stream->client);
    }
    str_done(&stream->text);
    arena_free(stream->arena);
    mem_free(stream);
}

static void
refuse(struct stream *stream, int status, struct str text)
{
    if (stream->request != NULL) {
        stream->request->closed = NULL;
        node_api_answer(stream->request, status, text);
        stream->request = NULL;
    }
    stream_free(stream);
}

/* The peer went away while something ran: that ends, and with it the stream. */
static void
peer_gone(struct node_api_request *request)
{
    struct stream *stream = request->state;

    stream->request = NULL;
    if (stream->call != NULL) {
        cri_cancel(stream->call);
    } else if (stream->dial != NULL) {
        conn_dial_cancel(stream->dial);
    } else if (stream->http != NULL) {
        http_call_cancel(stream->http);
    }
}

static struct stream *
stream_new(struct node_api_request *request)
{
    struct stream *stream = MEM_NEW(struct stream);

    stream->request = request;
    stream->arena = arena_new();
    stream->loop = request->api->spec.loop;
    request->state = stream;
    request->closed = peer_gone;
    return stream;
}

/* Both ends belong to the splice from here on. */
static void
splice_over(void *ctx)
{
    (void)ctx;
}

static bool
join(struct stream *stream, const struct http_header *headers, size_t len, struct conn *there)
{
    struct conn *here;

    if (stream->request == NULL) {
        return false;
    }
    stream->request->closed = NULL;
    here = http_upgrade(stream->request->http, headers, len);
    if (here == NULL) {
        node_api_answer(stream->request, 400, STR("an upgrade of the connection is needed\n"));
        stream->request = NULL;
        return false;
    }
    stream->request = NULL;
    (void)conn_splice(stream->loop, here, there, splice_over, NULL);
    return true;
}

/* ---- to the runtime ---- */

static bool
http_head(void *ctx, const struct http_answer *answer)
{
    ((struct stream *)ctx)->status = answer->status;
    return true;
}

static size_t
http_data(void *ctx, const void *bytes, size_t size)
{
    struct stream *stream = ctx;

    if (stream->text.size < TEXT_MAX) {
        str_put(&stream->text, str_slice(bytes, size));
    }
    return size;
}

static void
http_upgraded(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    struct stream *stream = ctx;

    stream->is_joined = join(stream, answer->headers, answer->header_len, conn);
    if (!stream->is_joined) {
        conn_close(conn);
    }
}

static void
http_ended(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct stream *stream = ctx;

    (void)answer;
    stream->http = NULL;
    if (stream->request == NULL) {
        err_free(owned);
        stream_free(stream);
        return;
    }
    if (owned != NULL) {
        struct str text = arena_dup(stream->arena, str_of(owned->message));

        err_free(owned);
        refuse(stream, 502, text);
        return;
    }
    refuse(stream, stream->status, str_view(&stream->text));
}

/* Headers of one connection are not passed on, but those that ask for the upgrade. */
static bool
is_passed_on(struct str name)
{
    static const char *const left_out[] = { "host", "content-length", "transfer-encoding",
                                            "authorization" };

    for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
        if (str_is(name, left_out[i])) {
            return false;
        }
    }
    return true;
}

/* "http://127.0.0.1:PORT/exec/TOKEN" */
static void
call_runtime(struct stream *stream, const char *url)
{
    struct http_request *http = stream->request->http;
    struct str rest, prefix = STR("http://"), text = arena_dup(stream->arena, str_of(url));
    struct http_header *headers = arena_array(stream->arena, http->header_len, sizeof(*headers));
    struct http_client_spec client = { .dial_timeout_ms = DIAL_MS };
    struct http_call_spec call = { .headers = headers,
                                   .timeout_ms = UPGRADE_MS,
                                   .headers_fn = http_head,
                                   .data_fn = http_data,
                                   .done_fn = http_ended,
                                   .upgraded_fn = http_upgraded,
                                   .ctx = stream };

    if (!str_has_prefix(text, prefix)) {
        refuse(stream, 500, STR("the runtime's stream has no http address\n"));
        return;
    }
    text = str_slice(text.at + prefix.size, text.size - prefix.size);
    client.address = arena_dupz(stream->arena, str_cut(text, '/', &rest));
    client.authority = client.address;
    call.method = arena_dupz(stream->arena, http->method);
    call.path = arena_printf(stream->arena, "/" STR_FMT, STR_ARG(rest)).at;
    for (size_t i = 0; i < http->header_len; i++) {
        if (is_passed_on(http->headers[i].name)) {
            headers[call.header_len++] = http->headers[i];
        }
    }
    stream->client = http_client_new(stream->loop, &client);
    stream->http = http_client_call(stream->client, &call);
}

static void
url_came(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct stream *stream = ctx;
    struct str text;

    stream->call = NULL;
    if (stream->request == NULL) {
        err_free(owned);
        stream_free(stream);
        return;
    }
    if (owned != NULL) {
        text = arena_dup(stream->arena, str_of(owned->message));
        err_free(owned);
        refuse(stream, 500, text);
        return;
    }
    /* Exec, Attach and PortForward answer alike: field 1, the address. */
    call_runtime(stream, ((const Cri__ExecResponse *)answer)->url);
}
_Static_assert(offsetof(Cri__ExecResponse, url) == offsetof(Cri__AttachResponse, url) &&
                   offsetof(Cri__ExecResponse, url) == offsetof(Cri__PortForwardResponse, url),
               "answers with an address have one layout");

/* ---- what is asked for ---- */

/* The container that runs under that name; answers and returns NULL when none does. Its name is the
 * last word of the path: a uid may stand before it. */
static const struct runtime_container *
find_container(struct node_api_request *request)
{
    const struct runtime_container *container = NULL;
    const struct runtime_pod *seen;
    struct object *object;

    if (!node_api_pod(request, &object, &seen)) {
        return NULL;
    }
    if (request->word_len >= 4) {
        container =
            runtime_container(seen, request->words[request->word_len - 1], (struct str){ 0 }, 0);
    }
    if (container == NULL || container->state != RUNTIME_RUNNING) {
        node_api_answer(request, 404,
                        arena_printf(request->http->arena,
                                     "container not found (\"" STR_FMT "\")\n",
                                     STR_ARG(request->words[request->word_len - 1])));
        return NULL;
    }
    return container;
}

/* kubelet's names of the streams; the API server's own are taken, too. */
static bool
wants(struct node_api_request *request, const char *kubelets, const char *apis)
{
    return http_query_bool(request->http->query, kubelets) ||
           http_query_bool(request->http->query, apis);
}

/* pkg/kubelet cri/streaming/remotecommand: NewOptions */
static bool
has_stream(struct stream *stream, bool wants_any)
{
    if (!wants_any) {
        refuse(stream, 400, STR("you must specify at least 1 of stdin, stdout, stderr\n"));
    }
    return wants_any;
}

void
node_api_exec(struct node_api_request *request)
{
    const struct runtime_container *container = find_container(request);
    Cri__ExecRequest exec = CRI__EXEC_REQUEST__INIT;
    struct stream *stream;
    struct str *words;

    if (container == NULL) {
        return;
    }
    stream = stream_new(request);
    words = arena_array(stream->arena, WORDS_MAX, sizeof(*words));
    exec.container_id = arena_dupz(stream->arena, container->id);
    exec.n_cmd = http_query_all(request->http->query, "command", words, WORDS_MAX, stream->arena);
    exec.n_cmd = exec.n_cmd < WORDS_MAX ? exec.n_cmd : WORDS_MAX;
    exec.cmd = arena_array(stream->arena, exec.n_cmd, sizeof(*exec.cmd));
    for (size_t i = 0; i < exec.n_cmd; i++) {
        exec.cmd[i] = arena_dupz(stream->arena, words[i]);
    }
    exec.tty = wants(request, "tty", "tty");
    exec.stdin = wants(request, "input", "stdin");
    exec.stdout = wants(request, "output", "stdout");
    exec.stderr = !exec.tty && wants(request, "error", "stderr");
    if (!has_stream(stream, exec.stdin || exec.stdout || exec.stderr)) {
        return;
    }
    stream->call = cri_call(request->api->spec.cri, CRI_EXEC, &exec.base, 0, url_came, stream);
}

void
node_api_attach(struct node_api_request *request)
{
    const struct runtime_container *container = find_container(request);
    Cri__AttachRequest attach = CRI__ATTACH_REQUEST__INIT;
    struct stream *stream;

    if (container == NULL) {
        return;
    }
    stream = stream_new(request);
    attach.container_id = arena_dupz(stream->arena, container->id);
    attach.tty = wants(request, "tty", "tty");
    attach.stdin = wants(request, "input", "stdin");
    attach.stdout = wants(request, "output", "stdout");
    attach.stderr = !attach.tty && wants(request, "error", "stderr");
    if (!has_stream(stream, attach.stdin || attach.stdout || attach.stderr)) {
        return;
    }
    stream->call = cri_call(request->api->spec.cri, CRI_ATTACH, &attach.base, 0, url_came, stream);
}

/* "port=80,81" as kubelet's name of it, "ports=80&ports=81" as the API's. */
static size_t
take_ports(struct stream *stream, const char *key, int32_t *to, size_t len)
{
    struct str lists[PORTS_MAX];
    size_t list_len =
        http_query_all(stream->request->http->query, key, lists, ARRAY_LEN(lists), stream->arena);

    for (size_t i = 0; i < list_len && i < ARRAY_LEN(lists); i++) {
        while (lists[i].size > 0 && len < PORTS_MAX) {
            struct str port = str_cut(lists[i], ',', &lists[i]);
            int64_t number = 0;

            if (str_to_int(port, &number) && number > 0 && number < 65536) {
                to[len++] = (int32_t)number;
            }
        }
    }
    return len;
}

void
node_api_port_forward(struct node_api_request *request)
{
    Cri__PortForwardRequest forward = CRI__PORT_FORWARD_REQUEST__INIT;
    const struct runtime_pod *seen;
    struct stream *stream;
    struct object *object;

    if (!node_api_pod(request, &object, &seen)) {
        return;
    }
    if (seen->sandbox_len == 0 || !seen->sandboxes[0].is_ready) {
        node_api_answer(request, 404, STR("the pod has no running sandbox\n"));
        return;
    }
    stream = stream_new(request);
    forward.port = arena_array(stream->arena, PORTS_MAX, sizeof(*forward.port));
    forward.n_port = take_ports(stream, "port", forward.port, 0);
    forward.n_port = take_ports(stream, "ports", forward.port, forward.n_port);
    forward.pod_sandbox_id = arena_dupz(stream->arena, seen->sandboxes[0].id);
    stream->call =
        cri_call(request->api->spec.cri, CRI_PORT_FORWARD, &forward.base, 0, url_came, stream);
}

/* ---- tunnels ---- */

static void
dialled(void *ctx, struct conn *conn, struct err *owned)
{
    static const struct http_header headers[] = {
        { { "connection", 10 }, { "Upgrade", 7 } },
        { { "upgrade", 7 }, { "binnacle-tunnel", 15 } },
    };
    struct stream *stream = ctx;
    struct str text;

    stream->dial = NULL;
    if (owned != NULL) {
        text = arena_dup(stream->arena, str_of(owned->message));
        err_free(owned);
        refuse(stream, 502, text);
        return;
    }
    if (!join(stream, headers, ARRAY_LEN(headers), conn)) {
        conn_close(conn);
    }
    stream_free(stream);
}

void
node_api_tunnel(struct node_api_request *request)
{
    struct stream *stream = stream_new(request);
    struct str address = http_query(request->http->query, "address", stream->arena);

    if (address.size == 0 || str_has_prefix(address, STR("unix:"))) {
        refuse(stream, 400, STR("address=IP:PORT is needed\n"));
        return;
    }
    stream->dial =
        conn_dial(stream->loop, arena_dupz(stream->arena, address), DIAL_MS, dialled, stream);
}
