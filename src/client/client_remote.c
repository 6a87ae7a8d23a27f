/* The client over the network: a call becomes an HTTP request, an answer becomes a reply.  Loop
 * thread; the agent, the console, and the command line stand on it. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>

#include "api/status.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/client_remote_priv.h"
#include "client/client_reply.h"
#include "net/http_client.h"
#include "net/tls.h"

/* A little longer than the server's own deadlines, which say more. */
enum { READ_MS = 65 * 1000, WRITE_MS = 40 * 1000, WATCH_SLACK_MS = 30 * 1000 };
/* Bookmarks come every minute: a watch that hears nothing for so long is deaf. */
enum { WATCH_IDLE_MS = 150 * 1000 };
enum { ANSWER_MAX = 64 << 20, ERROR_MAX = 1 << 20, HEADERS_MAX = 16 };

static void remote_unref(struct remote *remote);

/* ---- calls ---- */

struct remote_call *
client_remote_make(struct client *client, enum remote_kind kind, void *ctx)
{
    struct remote *remote = container_of(client, struct remote, client);
    struct remote_call *call = MEM_NEW(struct remote_call);

    call->handle.client = client;
    call->kind = kind;
    call->ctx = ctx;
    call->arena = arena_new();
    call->in.max = ANSWER_MAX;
    call->next = remote->calls;
    if (call->next != NULL) {
        call->next->prev = call;
    }
    remote->calls = call;
    return call;
}

static struct remote *
remote_of(const struct remote_call *call)
{
    return container_of(call->handle.client, struct remote, client);
}

static void
call_free(struct remote_call *call)
{
    struct remote *remote = remote_of(call);

    if (call->prev != NULL) {
        call->prev->next = call->next;
    } else {
        remote->calls = call->next;
    }
    if (call->next != NULL) {
        call->next->prev = call->prev;
    }
    loop_timer_cancel(call->idle);
    err_free(call->err);
    str_done(&call->in);
    arena_free(call->arena);
    mem_free(call);
    remote_unref(remote);
}

void
client_remote_give_up(struct remote_call *call, struct err *owned)
{
    if (call->err != NULL || call->is_cancelled) {
        err_free(owned);
        return;
    }
    call->err = owned;
    if (call->http != NULL) {
        http_call_cancel(call->http);
    }
}

/* ---- the answer ---- */

static int64_t
number_of(const struct http_answer *answer, const char *name)
{
    int64_t number = 0;

    for (size_t i = 0; i < answer->header_len; i++) {
        if (str_is(answer->headers[i].name, name)) {
            return str_to_int(answer->headers[i].value, &number) ? number : 0;
        }
    }
    return 0;
}

static bool
answer_headers(void *ctx, const struct http_answer *answer)
{
    struct remote_call *call = ctx;
    int64_t retry_after_s = number_of(answer, "retry-after");

    call->status = answer->status;
    call->retry_after_s = retry_after_s > 0 && retry_after_s < 86400 ? (int)retry_after_s : 0;
    if (remote_is_refused(call)) {
        call->in.max = ERROR_MAX;
    }
    return true;
}

static size_t
answer_data(void *ctx, const void *bytes, size_t size)
{
    struct remote_call *call = ctx;
    struct err *err = NULL;

    call->heard_ms = clock_mono_ms();
    if (call->is_cancelled || call->err != NULL) {
        return size;
    }
    if (!remote_is_refused(call) && call->kind == REMOTE_WATCH) {
        return call->is_paused ? 0 : client_remote_watch_data(call, bytes, size);
    }
    if (!remote_is_refused(call) && call->kind == REMOTE_STREAM) {
        return call->is_paused ? 0 : call->data(call->ctx, bytes, size);
    }
    str_put(&call->in, str_slice(bytes, size));
    if (call->in.overflow && !remote_is_refused(call)) {
        (void)err_set(&err, ERR_TOO_LARGE, "the answer is larger than %d bytes", ANSWER_MAX);
        client_remote_give_up(call, err);
    }
    return size;
}

/* The error of an answer ≥ 400: a Status, or whatever text a proxy sent. */
static struct err *
refusal(const struct remote_call *call)
{
    AUTO_ERR struct err *unused = NULL;
    struct doc *doc = doc_parse(call->arena, str_view(&call->in), &unused);
    struct str text = str_trim(str_view(&call->in));
    struct err *err = NULL;

    if (doc != NULL && val_is_str(val_get(doc_root(doc), "kind"), "Status")) {
        err = status_read(doc_root(doc), call->status);
    } else {
        text.size = text.size > 512 ? 512 : text.size;
        (void)err_set(&err, err_code_of("", call->status), "the server answered %d: " STR_FMT,
                      call->status, STR_ARG(text));
        err->http = call->status;
    }
    if (err->retry_after_s == 0) {
        err->retry_after_s = call->retry_after_s;
    }
    return err;
}

/* What a plain call's body says. */
static void
deliver_reply(struct remote_call *made)
{
    struct call call = { .resource = made->resource, .accept = made->accept };
    struct reply reply = { .http = made->status, .bytes = str_view(&made->in) };
    struct err *err = NULL;
    struct doc *doc;

    call.verb = made->verb;
    if (made->accept != ACCEPT_RAW && made->in.size > 0) {
        doc = doc_parse(made->arena, reply.bytes, &err);
        if (doc == NULL || client_reply_read(made->arena, &call, doc, &reply, &err) < 0) {
            client_reply_done(&reply);
            (void)err_wrap(&err, "answer of the server");
            made->done(made->ctx, NULL, err);
            return;
        }
    }
    made->done(made->ctx, &reply, NULL);
    client_reply_done(&reply);
}

/* The end of a call, of every kind. */
static void
deliver(struct remote_call *call, struct err *owned)
{
    struct err *err = owned;

    if (err == NULL && remote_is_refused(call)) {
        err = refusal(call);
    }
    if (call->kind == REMOTE_UPGRADE) {
        if (!call->is_delivered && err == NULL) {
            (void)err_set(&err, ERR_INTERNAL, "the server answered %d to an upgrade", call->status);
        }
        if (!call->is_delivered) {
            call->upgraded(call->ctx, NULL, NULL, STEAL(err));
        }
        err_free(err);
        return;
    }
    if (err == NULL && call->kind == REMOTE_WATCH && call->in.size > 0) {
        (void)err_set(&err, ERR_IO, "the stream of events ended inside one");
    }
    if (err == NULL && call->kind == REMOTE_CALL) {
        deliver_reply(call);
        return;
    }
    call->done(call->ctx, NULL, err);
}

static void
answer_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct remote_call *call = ctx;
    struct err *err = owned;

    (void)answer;
    call->http = NULL;
    if (call->is_cancelled) {
        /* Whatever came to pass meanwhile. */
        err_clear(&err);
        (void)err_set(&err, ERR_CANCELLED, "the call was cancelled");
    } else if (call->err != NULL) {
        /* Given up because of this; that HTTP was cancelled says nothing. */
        err_free(err);
        err = STEAL(call->err);
    }
    deliver(call, err);
    call_free(call);
}

/* ---- the request ---- */

static const char *
accept_text(enum call_accept accept, enum verb verb)
{
    static const char table[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    static const char list[] =
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
    static const char one[] =
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

    switch (accept) {
    case ACCEPT_TABLE:
        return table;
    case ACCEPT_PARTIAL:
        return verb == VERB_LIST ? list : one;
    case ACCEPT_RAW:
        return "*/*";
    case ACCEPT_OBJECT:
    default:
        return "application/json";
    }
}

static int64_t
timeout_of(enum remote_kind kind, const struct call *call)
{
    switch (kind) {
    case REMOTE_WATCH:
        return call->timeout_ms > 0 ? call->timeout_ms + WATCH_SLACK_MS : 0;
    case REMOTE_STREAM:
    case REMOTE_UPGRADE:
        return call->timeout_ms;
    case REMOTE_CALL:
    default:
        break;
    }
    if (call->timeout_ms > 0) {
        return call->timeout_ms;
    }
    return call->verb == VERB_GET || call->verb == VERB_LIST ? READ_MS : WRITE_MS;
}

static void
add_header(struct http_header *headers, size_t *len, const char *name, struct str value)
{
    if (value.size > 0) {
        assert(*len < HEADERS_MAX);
        headers[(*len)++] = (struct http_header){ str_of(name), value };
    }
}

static struct http_call *
start_http(struct remote_call *made, const struct http_call_spec *spec)
{
    struct remote *remote = remote_of(made);
    struct http_client_spec http1 = { .address = remote->address,
                                      .authority = remote->authority,
                                      .tls = remote->tls_http1,
                                      .dial = remote->dial,
                                      .dial_ctx = remote->dial_ctx };

    if (made->kind != REMOTE_UPGRADE) {
        return http_client_call(remote->http, spec);
    }
    if (remote->http1 == NULL) {
        remote->http1 = http_client_new(remote->client.loop, &http1);
    }
    return http_client_call(remote->http1, spec);
}

void
client_remote_begin(struct remote_call *made, const struct call *call,
                    const struct http_header *extra, size_t extra_len)
{
    struct remote *remote = remote_of(made);
    struct str body = call_body_text(call, made->arena);
    struct http_header headers[HEADERS_MAX];
    size_t len = 0;
    struct http_call_spec spec = {
        .method = call_method(call),
        .path = arena_printf(made->arena, "%s" STR_FMT, remote->path_prefix,
                             STR_ARG(call_path(call, made->arena)))
                    .at,
        .headers = headers,
        .body = body.size > 0 ? body_of_copy(body) : NULL,
        .timeout_ms = timeout_of(made->kind, call),
        .headers_fn = answer_headers,
        .data_fn = answer_data,
        .done_fn = answer_done,
        .ctx = made,
    };

    made->resource = call->resource;
    made->accept = call->accept;
    made->verb = call->verb;
    add_header(headers, &len, "accept",
               str_of(call->accept_text != NULL ? call->accept_text
                                                : accept_text(call->accept, call->verb)));
    if (body.size > 0) {
        add_header(headers, &len, "content-type", str_of(call_content_type(call)));
    }
    if (remote->token != NULL) {
        add_header(headers, &len, "authorization",
                   arena_printf(made->arena, "Bearer %s", remote->token));
    }
    add_header(headers, &len, "user-agent", str_of(remote->user_agent));
    add_header(headers, &len, "impersonate-user", str_of(remote->impersonate_user));
    for (size_t i = 0; i < extra_len; i++) {
        assert(len < HEADERS_MAX);
        headers[len++] = extra[i];
    }
    spec.header_len = len;
    if (made->kind == REMOTE_UPGRADE) {
        spec.upgraded_fn = client_remote_upgraded;
    }
    made->http = start_http(made, &spec);
}

/* ---- the transport's operations ---- */

static struct handle *
remote_do_call(struct client *client, const struct call *call, call_done_fn *done, void *ctx)
{
    struct remote_call *made = client_remote_make(client, REMOTE_CALL, ctx);

    made->done = done;
    client_remote_begin(made, call, NULL, 0);
    return &made->handle;
}

static void
watch_idle(void *ctx)
{
    struct remote_call *call = ctx;
    int64_t at_ms = call->heard_ms + WATCH_IDLE_MS;
    struct err *err = NULL;

    call->idle = NULL;
    if (call->is_paused) {
        at_ms = clock_mono_ms() + WATCH_IDLE_MS;
    }
    if (clock_mono_ms() < at_ms) {
        call->idle = loop_timer(call->handle.client->loop, at_ms, watch_idle, call);
        return;
    }
    (void)err_set(&err, ERR_IO, "the server has been silent for %d s", WATCH_IDLE_MS / 1000);
    client_remote_give_up(call, err);
}

static struct handle *
remote_do_watch(struct client *client, const struct call *call, watch_fn *event, call_done_fn *done,
                void *ctx)
{
    struct remote_call *made = client_remote_make(client, REMOTE_WATCH, ctx);

    made->event = event;
    made->done = done;
    client_remote_begin(made, call, NULL, 0);
    if (call->bookmarks) {
        made->heard_ms = clock_mono_ms();
        made->idle = loop_timer(client->loop, made->heard_ms + WATCH_IDLE_MS, watch_idle, made);
    }
    return &made->handle;
}

static struct handle *
remote_do_stream(struct client *client, const struct call *call, stream_fn *data,
                 call_done_fn *done, void *ctx)
{
    struct remote_call *made = client_remote_make(client, REMOTE_STREAM, ctx);

    made->data = data;
    made->done = done;
    client_remote_begin(made, call, NULL, 0);
    return &made->handle;
}

static struct remote_call *
call_of_handle(struct handle *handle)
{
    return container_of(handle, struct remote_call, handle);
}

static void
remote_do_cancel(struct handle *handle)
{
    struct remote_call *call = call_of_handle(handle);

    if (call->is_cancelled) {
        return;
    }
    call->is_cancelled = true;
    if (call->err != NULL) {
        return; /* on its way out already */
    }
    http_call_cancel(call->http);
}

static void
remote_do_pause(struct handle *handle)
{
    call_of_handle(handle)->is_paused = true;
}

static void
remote_do_resume(struct handle *handle)
{
    struct remote_call *call = call_of_handle(handle);

    call->is_paused = false;
    if (call->http != NULL) {
        http_call_resume(call->http);
    }
}

static void
remote_unref(struct remote *remote)
{
    if (!remote->is_freed || remote->calls != NULL) {
        return;
    }
    tls_unref(remote->tls);
    tls_unref(remote->tls_http1);
    mem_free(remote->address);
    mem_free(remote->authority);
    mem_free(remote->path_prefix);
    if (remote->token != NULL) {
        mem_wipe(remote->token, strlen(remote->token));
    }
    mem_free(remote->token);
    mem_free(remote->user_agent);
    mem_free(remote->impersonate_user);
    mem_free(remote);
}

static void
remote_do_free(struct client *client)
{
    struct remote *remote = container_of(client, struct remote, client);

    remote->is_freed = true;
    /* Cancels what runs; the last of those ends frees the rest. */
    http_client_free(remote->http);
    http_client_free(remote->http1);
    remote_unref(remote);
}

static const struct client_ops remote_ops = {
    .call = remote_do_call,
    .watch = remote_do_watch,
    .stream = remote_do_stream,
    .upgrade = client_remote_upgrade,
    .cancel = remote_do_cancel,
    .pause = remote_do_pause,
    .resume = remote_do_resume,
    .free = remote_do_free,
};

struct client *
client_remote_new(struct loop *loop, const struct client_remote *spec)
{
    struct remote *remote = MEM_NEW(struct remote);
    struct http_client_spec http = {
        .address = spec->address,
        .authority = spec->authority,
        .tls = spec->tls,
        .http2 = true, /* also on the Unix socket: it is our own server */
        .dial = spec->dial,
        .dial_ctx = spec->dial_ctx,
    };

    remote->client.ops = &remote_ops;
    remote->client.loop = loop;
    remote->http = http_client_new(loop, &http);
    remote->address = mem_strdup(spec->address);
    remote->authority = mem_strdup(spec->authority);
    remote->path_prefix = mem_strdup(spec->path_prefix == NULL ? "" : spec->path_prefix);
    remote->token = mem_strdup(spec->token);
    remote->user_agent = mem_strdup(spec->user_agent);
    remote->impersonate_user = mem_strdup(spec->impersonate_user);
    remote->dial = spec->dial;
    remote->dial_ctx = spec->dial_ctx;
    remote->tls = spec->tls == NULL ? NULL : tls_ref(spec->tls);
    remote->tls_http1 = spec->tls_http1 == NULL ? NULL : tls_ref(spec->tls_http1);
    return &remote->client;
}
