/* struct client_ops over the server's own steps: authorisation, admission, validation and audit run
 * as for everybody, only HTTP and TLS are left out; objects are passed as references.
 *
 * Used by controllers, scheduler and bootstrap in `serve`, and by tests. Loop thread. */
#include "config.h"

#include "apiserver/local_client.h"

#include <string.h>

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/listing.h"
#include "apiserver/rest_watch.h"
#include "apiserver/route.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "net/body.h"

enum { GROUPS_MAX = 16 };

struct local_client {
    struct client client;
    struct apiserver *server;
    char *user;
    char *groups[GROUPS_MAX];
    size_t group_len;
    struct local_handle *handles;
    bool is_closed; /* freed when the last handle is */
};
/* One call until its done has run. */
struct local_handle {
    struct handle handle;
    struct local_client *local;
    struct local_handle *next, *prev;
    struct req *req; /* a reference */
    call_done_fn *done;
    watch_fn *event;   /* a watch */
    stream_fn *stream; /* a stream */
    void *ctx;
    enum call_accept accept;
    struct str_builder bytes; /* of a body, drained */
    struct body *body;        /* owned: being drained, streamed or watched */
    struct err *error;
    bool is_sent, is_cancelled, is_paused, is_deferred, is_over;
};

static void defer(struct local_handle *h);

/* ---- a call becomes a request ---- */

static const char *const body_types[] = {
    [BODY_JSON] = "application/json",
    [BODY_MERGE_PATCH] = "application/merge-patch+json",
    [BODY_STRATEGIC_PATCH] = "application/strategic-merge-patch+json",
    [BODY_JSON_PATCH] = "application/json-patch+json",
    [BODY_APPLY] = "application/apply-patch+yaml",
};
static const struct verb_method {
    unsigned verbs;
    const char *method;
} verb_methods[] = {
    { VERB_GET | VERB_LIST | VERB_WATCH | VERB_CONNECT, "GET" },
    { VERB_CREATE, "POST" },
    { VERB_UPDATE, "PUT" },
    { VERB_PATCH | VERB_APPLY, "PATCH" },
    { VERB_DELETE | VERB_DELETECOLLECTION, "DELETE" },
};

static const char *
method_of(enum verb verb)
{
    for (size_t i = 0; i < ARRAY_LEN(verb_methods); i++) {
        if ((verb_methods[i].verbs & verb) != 0) {
            return verb_methods[i].method;
        }
    }
    return "GET";
}

static void
set_if(struct str *to, struct arena *arena, struct str value)
{
    if (value.size > 0) {
        *to = arena_dup(arena, value);
    }
}

static void
fill_options(struct req *req, const struct call *call)
{
    struct req_options *o = &req->options;
    struct arena *arena = req->arena;
    set_if(&o->label_text, arena, call->label_selector);
    set_if(&o->field_text, arena, call->field_selector);
    set_if(&o->continue_token, arena, call->continue_token);
    set_if(&o->rv, arena, call->resource_version);
    set_if(&o->field_manager, arena, call->field_manager);
    set_if(&o->field_validation, arena, str_of(call->field_validation));
    set_if(&o->propagation, arena, str_of(call->propagation_policy));
    set_if(&o->pre_uid, arena, call->pre_uid);
    set_if(&o->pre_rv, arena, call->pre_rv);
    o->limit = call->limit > 0 ? call->limit : o->limit;
    o->bookmarks |= call->bookmarks;
    if (call->send_initial_events) {
        o->has_send_initial_events = o->send_initial_events = true;
        o->rv_match = STR("NotOlderThan");
    }
    o->has_force |= call->force;
    o->force |= call->force;
    o->dry_run |= call->dry_run;
    o->grace_s = call->grace_s >= 0 ? call->grace_s : o->grace_s;
    o->cause_rev = call->cause_rev;
}

static void
fill_resource(struct req *req, const struct call *call)
{
    req->verb = call->verb == VERB_PATCH && call->body_type == BODY_APPLY ? VERB_APPLY : call->verb;
    req->is_resource = true;
    req->group = str_of(call->resource->group);
    req->version = str_of(call->resource->version);
    req->plural = str_of(call->resource->plural);
    req->sub_name = arena_dup(req->arena, str_of(call->subresource));
    req->ns = arena_dup(req->arena, call->ns);
    /* As in a path: a new object's name stands in its body only. */
    bool is_named = call->verb != VERB_CREATE || call->subresource != NULL;
    req->name = is_named ? arena_dup(req->arena, call->name) : (struct str){ 0 };
    req->options.is_watch = call->verb == VERB_WATCH;
    req->path = call_path(call, req->arena);
    (void)str_cut(req->path, '?', &req->query);
    req->path.size -= req->query.size > 0 ? req->query.size + 1 : 0;
    req->query = arena_dup(req->arena, call->query);
}

int
local_client_fill(struct req *req, const struct call *call, struct err **err)
{
    struct arena *arena = req->arena;
    req->body = arena_dup(arena, call->body);
    req->content_type = str_of(body_types[call->body_type]);
    if (call->resource != NULL) {
        fill_resource(req, call);
        route_resolve(req);
    } else {
        struct str query;
        struct str path = str_cut(arena_dup(arena, call->path), '?', &query);
        if (route_path(req, path, query, method_of(call->verb), err) < 0) {
            return -1;
        }
    }
    if (route_options_parse(req, err) < 0) {
        return -1;
    }
    fill_options(req, call);
    req->accept = call->accept == ACCEPT_TABLE     ? ANSWER_TABLE
                  : call->accept == ACCEPT_PARTIAL ? ANSWER_PARTIAL
                                                   : ANSWER_JSON;
    req->impl->wants_bytes = call->accept != ACCEPT_OBJECT;
    if (call->timeout_ms > 0) {
        req_deadline(req, call->timeout_ms);
    }
    return 0;
}

static void
fill_user(struct req *req, const struct local_client *local)
{
    struct arena *arena = req->arena;
    req->user.name = arena_dup(arena, str_of(local->user));
    req->user.groups = arena_array(arena, GROUPS_MAX + 1, sizeof(struct str));
    for (size_t i = 0; i < local->group_len; i++) {
        req->user.groups[req->user.group_len++] = arena_dup(arena, str_of(local->groups[i]));
    }
    req->user.groups[req->user.group_len++] = STR("system:authenticated");
    req->agent = STR("binnacle/" BINNACLE_VERSION);
    req->address = STR("local");
}

/* ---- delivery ---- */

static void
unlink_handle(struct local_handle *h)
{
    struct local_client *local = h->local;
    if (h->next != NULL) {
        h->next->prev = h->prev;
    }
    if (h->prev != NULL) {
        h->prev->next = h->next;
    } else {
        local->handles = h->next;
    }
}

static void
free_client(struct local_client *local)
{
    mem_free(local->user);
    for (size_t i = 0; i < local->group_len; i++) {
        mem_free(local->groups[i]);
    }
    mem_free(local);
}

static void
free_handle(struct local_handle *h)
{
    struct local_client *local = h->local;
    unlink_handle(h);
    body_free(h->body);
    str_done(&h->bytes);
    err_free(h->error);
    req_unref(h->req);
    mem_free(h);
    if (local->is_closed && local->handles == NULL) {
        free_client(local);
    }
}

static void
collect_items(struct req *req, struct reply *reply)
{
    struct listing *listing = req->impl->listing;
    size_t capacity = listing->root != NULL
                          ? cache_count(listing->root, listing->resource, listing->ns,
                                        (struct str){ 0 }, (struct str){ 0 })
                          : listing->len;
    struct object **items = arena_array(req->arena, capacity + 1, sizeof(struct object *));
    size_t budget = SIZE_MAX;
    struct object *object;
    while ((object = listing_next(listing, &budget)) != NULL && reply->item_len < capacity) {
        items[reply->item_len++] = object;
    }
    reply->items = items;
    reply->rev = listing->rev;
    reply->continue_token = listing->continue_token;
}

static void
call_done(struct local_handle *h)
{
    struct req *req = h->req;
    struct reply reply = { .http = req->status };
    struct err *err = STEAL(h->error);
    if (err == NULL) {
        err = STEAL(req->impl->error);
    }
    if (h->is_cancelled) {
        err_free(err);
        err = NULL;
        err_set(&err, ERR_CANCELLED, "the call was cancelled");
    }
    if (err != NULL) {
        reply.http = err_http(err);
    } else {
        if (req->impl->listing != NULL) {
            collect_items(req, &reply);
        } else if (req->result != NULL && h->accept == ACCEPT_OBJECT) {
            reply.object = req->result;
            reply.rev = req->result->rev;
        }
        reply.bytes = str_view(&h->bytes);
        if (reply.bytes.size > 0 && h->accept != ACCEPT_RAW) {
            AUTO_ERR struct err *none = NULL;
            reply.doc = doc_parse(req->arena, str_trim(reply.bytes), &none);
        }
    }
    call_done_fn *done = h->done;
    h->is_over = true;
    done(h->ctx, &reply, err);
    free_handle(h);
}

/* Pulls what is there. true: more will come, the body wakes us. */
static bool
drain(struct local_handle *h)
{
    for (;;) {
        struct iovec iov[BODY_IOV_MAX];
        int len = BODY_IOV_MAX;
        if (h->is_paused) {
            return true;
        }
        enum pull_rc rc = h->body->pull(h->body, iov, &len, 64 << 10);
        for (int i = 0; i < len; i++) {
            if (h->stream != NULL) {
                (void)h->stream(h->ctx, iov[i].iov_base, iov[i].iov_len);
            } else {
                str_put(&h->bytes, str_slice(iov[i].iov_base, iov[i].iov_len));
            }
        }
        if (rc == PULL_WAIT) {
            return true;
        }
        if (rc != PULL_MORE) {
            if (rc == PULL_ABORT) {
                err_set(&h->error, ERR_UNAVAILABLE, "the answer broke off");
            }
            return false;
        }
    }
}

static void
on_deferred(void *ctx)
{
    struct local_handle *h = ctx;
    h->is_deferred = false;
    bool more = false;
    if (h->body != NULL && !h->is_cancelled && h->req->impl->error == NULL) {
        bool is_watch = h->event != NULL && h->req->verb == VERB_WATCH;
        more = h->is_paused ? true : is_watch ? rest_watch_pump(h->body, &h->error) : drain(h);
    }
    if (!more || h->is_cancelled) {
        call_done(h);
    }
}

static void
defer(struct local_handle *h)
{
    if (!h->is_deferred) {
        h->is_deferred = true;
        loop_defer(h->local->client.loop, on_deferred, h);
    }
}

static void
on_wake(struct body *body)
{
    defer(body->stream);
}

static void
send(struct req *req)
{
    struct local_handle *h = req->impl->transport_ctx;
    h->is_sent = true;
    h->body = STEAL(req->impl->body);
    if (h->body != NULL) {
        h->body->stream = h;
        h->body->wake = on_wake;
        if (h->event != NULL && req->verb == VERB_WATCH && req->impl->error == NULL) {
            rest_watch_listen(h->body, h->event, h->ctx);
        }
    }
    defer(h);
}

static const struct req_transport transport = { .send = send };

/* ---- the client's operations ---- */

static struct local_handle *
begin(struct client *client, const struct call *call, call_done_fn *done, void *ctx)
{
    struct local_client *local = container_of(client, struct local_client, client);
    struct local_handle *h = MEM_NEW(struct local_handle);
    h->handle.client = client;
    h->local = local;
    h->done = done;
    h->ctx = ctx;
    h->accept = call->accept;
    h->next = local->handles;
    if (h->next != NULL) {
        h->next->prev = h;
    }
    local->handles = h;
    h->req = req_new(local->server, &transport, h);
    fill_user(h->req, local);
    return h;
}

static struct handle *
start(struct local_handle *h, const struct call *call)
{
    if (local_client_fill(h->req, call, &h->error) < 0) {
        defer(h);
    } else {
        req_start(h->req);
    }
    return &h->handle;
}

static struct handle *
local_call(struct client *client, const struct call *call, call_done_fn *done, void *ctx)
{
    return start(begin(client, call, done, ctx), call);
}

static struct handle *
local_watch(struct client *client, const struct call *call, watch_fn *event, call_done_fn *done,
            void *ctx)
{
    struct local_handle *h = begin(client, call, done, ctx);
    h->event = event;
    return start(h, call);
}

static struct handle *
local_stream(struct client *client, const struct call *call, stream_fn *data, call_done_fn *done,
             void *ctx)
{
    struct local_handle *h = begin(client, call, done, ctx);
    h->stream = data;
    return start(h, call);
}

static void
local_cancel(struct handle *handle)
{
    struct local_handle *h = container_of(handle, struct local_handle, handle);
    if (h->is_over || h->is_cancelled) {
        return;
    }
    h->is_cancelled = true;
    if (h->is_sent) {
        defer(h);
    } else {
        req_gone(h->req);
    }
}

static void
local_pause(struct handle *handle)
{
    container_of(handle, struct local_handle, handle)->is_paused = true;
}

static void
local_resume(struct handle *handle)
{
    struct local_handle *h = container_of(handle, struct local_handle, handle);
    h->is_paused = false;
    if (h->is_sent) {
        defer(h);
    }
}

static void
local_free(struct client *client)
{
    struct local_client *local = container_of(client, struct local_client, client);
    local->is_closed = true;
    for (struct local_handle *h = local->handles; h != NULL; h = h->next) {
        local_cancel(&h->handle);
    }
    if (local->handles == NULL) {
        free_client(local);
    }
}

static const struct client_ops ops = {
    .call = local_call,
    .watch = local_watch,
    .stream = local_stream,
    .cancel = local_cancel,
    .pause = local_pause,
    .resume = local_resume,
    .free = local_free,
};

struct client *
local_client_new(struct apiserver *server, const char *user, const char *const *groups)
{
    struct local_client *local = MEM_NEW(struct local_client);
    local->client.ops = &ops;
    local->client.loop = server->loop;
    local->server = server;
    local->user = mem_strdup(user);
    for (; groups != NULL && *groups != NULL && local->group_len < GROUPS_MAX; groups++) {
        local->groups[local->group_len++] = mem_strdup(*groups);
    }
    return &local->client;
}
