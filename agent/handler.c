/* Runs what a probe or a lifecycle hook says. Called by the pod's worker; loop thread. Texts are
 * those of Go's net package and kubelet's probes, because people search for them. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/handler.h"

#include <errno.h>
#include <strings.h>

#include "agent/cri.h"
#include "agent/cri.pb-c.h"
#include "agent/handler_priv.h"
#include "api/quote.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/grpc.h"
#include "net/http_client.h"
#include "net/tls.h"

enum { REDIRECTS_MAX = 10, OUTPUT_MAX = 10 << 10, EXEC_GRACE_MS = 5000 };
#define KUBE_VERSION "1.35"

static void start_http(struct handler *handler);

/* ---- ends ---- */

static void
handler_free(struct handler *handler)
{
    if (handler->client != NULL) {
        http_client_free(handler->client);
    }
    tls_unref(handler->tls);
    loop_timer_cancel(handler->timer);
    str_done(&handler->body);
    arena_free(handler->arena);
    mem_free(handler);
}

void
handler_finish(struct handler *handler, enum probe_outcome outcome, struct str text,
               bool is_warning)
{
    if (!handler->is_cancelled) {
        handler->done(handler->ctx, outcome, text, is_warning);
    }
    handler_free(handler);
}

static void
finish_later(void *ctx)
{
    struct handler *handler = ctx;

    handler->timer = NULL;
    handler_finish(handler, handler->outcome, handler->text, false);
}

void
handler_refuse(struct handler *handler, struct str text)
{
    handler->outcome = PROBE_ERROR;
    handler->text = text;
    handler->timer = loop_timer(handler->loop, 0, finish_later, handler);
}

void
handler_cancel(struct handler *handler)
{
    if (handler == NULL) {
        return;
    }
    handler->is_cancelled = true;
    if (handler->exec != NULL) {
        cri_cancel(handler->exec);
    } else if (handler->dial != NULL) {
        conn_dial_cancel(handler->dial);
    } else if (handler->http != NULL) {
        http_call_cancel(handler->http);
    } else if (handler->grpc != NULL) {
        grpc_cancel(handler->grpc);
    } else {
        handler_free(handler); /* only a timer */
    }
}

/* ---- exec ---- */

static void
exec_ended(void *ctx, const ProtobufCMessage *message, struct err *owned)
{
    struct handler *handler = ctx;
    const Cri__ExecSyncResponse *answer = (const Cri__ExecSyncResponse *)message;
    struct str text;

    handler->exec = NULL;
    if (owned != NULL) {
        bool is_late = owned->code == ERR_TIMEOUT;

        text = is_late ? arena_printf(handler->arena,
                                      "command timed out: \"" STR_FMT "\" timed out after %ds",
                                      STR_ARG(handler->command), (int)(handler->timeout_ms / 1000))
                       : arena_dup(handler->arena, str_of(owned->message));
        err_free(owned);
        handler_finish(handler, is_late ? PROBE_FAILED : PROBE_ERROR, text, false);
        return;
    }
    text = arena_printf(handler->arena, "%.*s%.*s",
                        (int)(answer->stdout.len < OUTPUT_MAX ? answer->stdout.len : OUTPUT_MAX),
                        (const char *)answer->stdout.data,
                        (int)(answer->stderr.len < OUTPUT_MAX ? answer->stderr.len : OUTPUT_MAX),
                        (const char *)answer->stderr.data);
    if (handler->is_hook && answer->exit_code != 0) {
        text = arena_printf(
            handler->arena, "command '" STR_FMT "' exited with %d: %.*s, message: " STR_FMT,
            STR_ARG(handler->command), answer->exit_code,
            (int)(answer->stderr.len < OUTPUT_MAX ? answer->stderr.len : OUTPUT_MAX),
            (const char *)answer->stderr.data, STR_ARG(quote_go(text, handler->arena)));
    }
    handler_finish(handler, answer->exit_code == 0 ? PROBE_OK : PROBE_FAILED, text, false);
}

static void
start_exec(struct handler *handler, const struct handler_in *in, struct val exec)
{
    Cri__ExecSyncRequest request = CRI__EXEC_SYNC_REQUEST__INIT;
    struct val command = val_get(exec, "command");
    char **words = arena_array(handler->arena, val_len(command), sizeof(*words));
    struct str_builder joined = { 0 };

    VAL_EACH (it, command) {
        words[request.n_cmd++] = arena_dupz(handler->arena, val_str(it.value));
        str_putz(&joined, joined.size > 0 ? " " : "");
        str_put(&joined, val_str(it.value));
    }
    handler->command = arena_dup(handler->arena, str_view(&joined));
    str_done(&joined);
    request.cmd = words;
    request.container_id = arena_dupz(handler->arena, in->container_id);
    request.timeout = (in->timeout_ms + 999) / 1000;
    /* The runtime ends the command; we only make sure that it answers. */
    handler->exec = cri_call(in->cri, CRI_EXEC_SYNC, &request.base, in->timeout_ms + EXEC_GRACE_MS,
                             exec_ended, handler);
}

/* ---- ports ---- */

/* IntOrString: a number, or the name of a port of the container. */
static int
port_of(struct val port, struct val container)
{
    int64_t number = val_int(port, 0);
    struct str name = val_str(port);

    if (name.size > 0) {
        (void)str_to_int(name, &number); /* no number: 0 */
        VAL_EACH (it, val_get(container, "ports")) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                number = val_int(val_get(it.value, "containerPort"), 0);
            }
        }
    }
    return number > 0 && number < 65536 ? (int)number : -1;
}

struct str
handler_address(struct arena *arena, struct str host, int port)
{
    bool is_v6 = host.size > 0 && memchr(host.at, ':', host.size) != NULL;

    return arena_printf(arena, is_v6 ? "[" STR_FMT "]:%d" : STR_FMT ":%d", STR_ARG(host), port);
}

/* What Go says of a connection that could not be made. */
static struct str
dial_text(struct handler *handler, const struct err *err)
{
    if (err->code == ERR_TIMEOUT) {
        return arena_printf(handler->arena, "dial tcp " STR_FMT ": i/o timeout",
                            STR_ARG(handler->address));
    }
    if (err->sys != 0) {
        struct str why = arena_dup(handler->arena, str_of(strerror(err->sys)));
        char *first = (char *)(uintptr_t)why.at;

        first[0] = (char)(first[0] >= 'A' && first[0] <= 'Z' ? first[0] + 32 : first[0]);
        return arena_printf(handler->arena, "dial tcp " STR_FMT ": connect: " STR_FMT,
                            STR_ARG(handler->address), STR_ARG(why));
    }
    return arena_dup(handler->arena, str_of(err->message));
}

/* ---- tcpSocket ---- */

static void
dialled(void *ctx, struct conn *conn, struct err *owned)
{
    struct handler *handler = ctx;
    struct str text = { 0 };

    handler->dial = NULL;
    conn_close(conn);
    if (owned != NULL) {
        text = dial_text(handler, owned);
        err_free(owned);
        handler_finish(handler, PROBE_FAILED, text, false);
        return;
    }
    handler_finish(handler, PROBE_OK, text, false);
}

static void
start_tcp(struct handler *handler, const struct handler_in *in, struct val tcp)
{
    int port = port_of(val_get(tcp, "port"), in->container);
    struct str host = val_str(val_get(tcp, "host"));

    if (port < 0) {
        handler_refuse(handler, STR("invalid port number"));
        return;
    }
    handler->address = handler_address(handler->arena, host.size > 0 ? host : in->pod_ip, port);
    handler->dial =
        conn_dial(handler->loop, handler->address.at, handler->timeout_ms, dialled, handler);
}

/* ---- httpGet ---- */

static bool
http_headers(void *ctx, const struct http_answer *answer)
{
    struct handler *handler = ctx;

    handler->status = answer->status;
    for (size_t i = 0; i < answer->header_len; i++) {
        if (str_is(answer->headers[i].name, "location")) {
            handler->location = arena_dup(handler->arena, answer->headers[i].value);
        }
    }
    return true;
}

static size_t
http_data(void *ctx, const void *bytes, size_t size)
{
    struct handler *handler = ctx;
    size_t room = OUTPUT_MAX - handler->body.size;

    str_put(&handler->body, str_slice(bytes, size < room ? size : room));
    return size; /* the rest is not kept */
}

/* A redirect to the same host is followed; *ret_other: it leads to another one. */
static bool
follow(struct handler *handler, bool *ret_other)
{
    struct str rest, to = handler->location, host;

    *ret_other = false;
    if (handler->status < 300 || handler->status >= 400 || to.size == 0) {
        return false;
    }
    if (str_has_prefix(to, STR("http://")) || str_has_prefix(to, STR("https://"))) {
        (void)str_cut(to, '/', &rest); /* "scheme:" */
        to = str_slice(rest.at + 1, rest.size - 1);
        host = str_cut(to, '/', &rest);
        if (!str_eq(host, handler->address) && !str_eq(host, handler->host)) {
            *ret_other = true;
            return false;
        }
        to = rest.at == NULL ? STR("") : rest;
    } else if (to.at[0] == '/') {
        to = str_slice(to.at + 1, to.size - 1);
    }
    handler->path = arena_printf(handler->arena, "/" STR_FMT, STR_ARG(to));
    return ++handler->redirects <= REDIRECTS_MAX;
}

static struct str
http_error_text(struct handler *handler, const struct err *err)
{
    struct str url =
        arena_printf(handler->arena, "Get \"" STR_FMT "://" STR_FMT STR_FMT "\"",
                     STR_ARG(handler->scheme), STR_ARG(handler->address), STR_ARG(handler->path));

    if (err->code == ERR_TIMEOUT) {
        return arena_printf(handler->arena,
                            STR_FMT ": context deadline exceeded (Client.Timeout exceeded while "
                                    "awaiting headers)",
                            STR_ARG(url));
    }
    return arena_printf(handler->arena, STR_FMT ": " STR_FMT, STR_ARG(url),
                        STR_ARG(dial_text(handler, err)));
}

static void
http_ended(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct handler *handler = ctx;
    bool is_other = false;
    struct str text;

    (void)answer;
    handler->http = NULL;
    if (owned != NULL) {
        text = http_error_text(handler, owned);
        err_free(owned);
        handler_finish(handler, PROBE_FAILED, text, false);
    } else if (!handler->is_cancelled && follow(handler, &is_other)) {
        start_http(handler);
    } else if (is_other) {
        handler_finish(handler, PROBE_OK,
                       arena_printf(handler->arena,
                                    "Probe terminated redirects, Response body: " STR_FMT,
                                    STR_ARG(str_view(&handler->body))),
                       true);
    } else if (handler->is_hook || (handler->status >= 200 && handler->status < 400)) {
        handler_finish(handler, PROBE_OK, (struct str){ 0 }, false);
    } else {
        handler_finish(
            handler, PROBE_FAILED,
            arena_printf(handler->arena, "HTTP probe failed with statuscode: %d", handler->status),
            false);
    }
}

static void
start_http(struct handler *handler)
{
    int64_t left_ms = handler->end_ms - clock_mono_ms();
    struct http_call_spec spec = {
        .method = "GET",
        .path = handler->path.at,
        .headers = handler->headers,
        .header_len = handler->header_len,
        .timeout_ms = left_ms > 0 ? left_ms : 1,
        .headers_fn = http_headers,
        .data_fn = http_data,
        .done_fn = http_ended,
        .ctx = handler,
    };

    handler->location = (struct str){ 0 };
    handler->body.size = 0;
    handler->http = http_client_call(handler->client, &spec);
}

static void
add_header(struct handler *handler, const char *name, struct str value)
{
    if (handler->header_len < ARRAY_LEN(handler->headers)) {
        handler->headers[handler->header_len++] =
            (struct http_header){ str_of(name), arena_dup(handler->arena, value) };
    }
}

/* The wanted headers; Host is the authority. */
static void
read_headers(struct handler *handler, const struct handler_in *in, struct val get)
{
    bool has_agent = false, has_accept = false;

    VAL_EACH (it, val_get(get, "httpHeaders")) {
        char *name = arena_dupz(handler->arena, val_str(val_get(it.value, "name")));
        struct str value = val_str(val_get(it.value, "value"));

        for (char *c = name; *c != '\0'; c++) {
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
        }
        if (strcmp(name, "host") == 0) {
            handler->host = arena_dup(handler->arena, value);
            continue;
        }
        has_agent = has_agent || strcmp(name, "user-agent") == 0;
        has_accept = has_accept || strcmp(name, "accept") == 0;
        if (value.size > 0 || strcmp(name, "accept") != 0) {
            add_header(handler, name, value);
        }
    }
    if (!has_agent) {
        add_header(handler, "user-agent",
                   arena_printf(handler->arena, "kube-%s/" KUBE_VERSION, in->purpose));
    }
    if (!has_accept) {
        add_header(handler, "accept", STR("*/*"));
    }
}

static void
begin_http(struct handler *handler, const struct handler_in *in, struct val get)
{
    int port = port_of(val_get(get, "port"), in->container);
    struct str host = val_str(val_get(get, "host")), path = val_str(val_get(get, "path"));
    bool is_tls = str_eq_nocase(val_str(val_get(get, "scheme")), STR("HTTPS"));
    struct tls_client tls = { .alpn = "http/1.1", .insecure = true };
    struct http_client_spec spec = { .dial_timeout_ms = in->timeout_ms };
    AUTO_ERR struct err *err = NULL;

    if (port < 0) {
        handler_refuse(handler, STR("invalid port number"));
        return;
    }
    handler->scheme = is_tls ? STR("https") : STR("http");
    handler->address = handler_address(handler->arena, host.size > 0 ? host : in->pod_ip, port);
    handler->path = arena_printf(handler->arena, "%s" STR_FMT,
                                 path.size > 0 && path.at[0] == '/' ? "" : "/", STR_ARG(path));
    handler->host = handler->address;
    read_headers(handler, in, get);
    if (is_tls && tls_client(&tls, &handler->tls, &err) < 0) {
        handler_refuse(handler, arena_dup(handler->arena, str_of(err->message)));
        return;
    }
    spec.address = handler->address.at;
    spec.authority = handler->host.at;
    spec.tls = handler->tls;
    handler->client = http_client_new(handler->loop, &spec);
    start_http(handler);
}

/* ---- start ---- */

struct handler *
handler_start(const struct handler_in *in, handler_fn *done, void *ctx)
{
    struct handler *handler = MEM_NEW(struct handler);
    struct val exec = val_get(in->action, "exec"), get = val_get(in->action, "httpGet");
    struct val tcp = val_get(in->action, "tcpSocket"), nap = val_get(in->action, "sleep");
    struct val grpc = val_get(in->action, "grpc");

    handler->loop = in->loop;
    handler->is_hook = strcmp(in->purpose, "lifecycle") == 0;
    handler->arena = arena_new();
    handler->done = done;
    handler->ctx = ctx;
    handler->timeout_ms = in->timeout_ms;
    handler->end_ms = clock_mono_ms() + in->timeout_ms;
    if (val_is(exec)) {
        start_exec(handler, in, exec);
    } else if (val_is(get)) {
        begin_http(handler, in, get);
    } else if (val_is(tcp)) {
        start_tcp(handler, in, tcp);
    } else if (val_is(grpc)) {
        handler_grpc(handler, in, grpc);
    } else if (val_is(nap)) {
        handler->outcome = PROBE_OK;
        handler->timer =
            loop_timer(in->loop, clock_mono_ms() + val_int(val_get(nap, "seconds"), 0) * 1000,
                       finish_later, handler);
    } else {
        handler_refuse(handler, STR("missing or unsupported handler"));
    }
    return handler;
}
