/* A client without a server, for tests of what stands on a client: see fake_client.h. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/fake_client.h"

#include "api/object.h"
#include "base/arena.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

static struct fake_client *
fake_of(struct client *client)
{
    return container_of(client, struct fake_client, client);
}

static struct fake_call *
call_of_handle(struct handle *handle)
{
    return container_of(handle, struct fake_call, handle);
}

static void
call_free(struct fake_call *call)
{
    struct fake_call **link = &fake_of(call->handle.client)->first;

    while (*link != call) {
        link = &(*link)->next;
    }
    *link = call->next;
    loop_timer_cancel(call->cancelled);
    mem_free(call->line);
    mem_free(call->body);
    mem_free(call->type);
    mem_free(call);
}

static void
finish(struct fake_call *call, const struct reply *reply, struct err *owned)
{
    call_done_fn *done = call->done;
    upgraded_fn *upgraded = call->upgraded;
    void *ctx = call->ctx;

    call_free(call);
    if (upgraded != NULL) {
        upgraded(ctx, NULL, NULL, owned);
    } else {
        done(ctx, reply, owned);
    }
}

static struct fake_call *
call_add(struct client *client, const struct call *call, call_done_fn *done, void *ctx)
{
    struct fake_client *fake = fake_of(client);
    struct fake_call *added = MEM_NEW(struct fake_call);
    struct fake_call **link = &fake->first;
    AUTO_ARENA struct arena *arena = arena_new();

    added->handle.client = client;
    added->line = mem_printf("%s " STR_FMT, call_method(call), STR_ARG(call_path(call, arena)));
    added->body = str_dup(call_body_text(call, arena));
    added->type = mem_strdup(call_content_type(call));
    added->resource = call->resource;
    added->cause_rev = call->cause_rev;
    added->done = done;
    added->ctx = ctx;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = added;
    fake->count++;
    return added;
}

static struct handle *
fake_do_call(struct client *client, const struct call *call, call_done_fn *done, void *ctx)
{
    return &call_add(client, call, done, ctx)->handle;
}

static struct handle *
fake_do_watch(struct client *client, const struct call *call, watch_fn *event, call_done_fn *done,
              void *ctx)
{
    struct fake_call *added = call_add(client, call, done, ctx);

    added->event = event;
    return &added->handle;
}

static struct handle *
fake_do_stream(struct client *client, const struct call *call, stream_fn *data, call_done_fn *done,
               void *ctx)
{
    struct fake_call *added = call_add(client, call, done, ctx);

    added->data = data;
    return &added->handle;
}

static struct handle *
fake_do_upgrade(struct client *client, const struct call *call, const char *protocols,
                upgraded_fn *done, void *ctx)
{
    struct fake_call *added = call_add(client, call, NULL, ctx);

    (void)protocols;
    added->upgraded = done;
    return &added->handle;
}

static void
cancelled(void *ctx)
{
    struct fake_call *call = ctx;
    struct err *err = NULL;

    call->cancelled = NULL;
    (void)err_set(&err, ERR_CANCELLED, "cancelled");
    finish(call, NULL, err);
}

static void
fake_do_cancel(struct handle *handle)
{
    struct fake_call *call = call_of_handle(handle);

    assert_null(call->cancelled);
    call->cancelled = loop_timer(handle->client->loop, 0, cancelled, call);
}

static void
fake_do_free(struct client *client)
{
    struct fake_client *fake = fake_of(client);

    assert_null(fake->first); /* whoever called has cancelled */
    mem_free(fake);
}

static const struct client_ops fake_ops = {
    .call = fake_do_call,
    .watch = fake_do_watch,
    .stream = fake_do_stream,
    .upgrade = fake_do_upgrade,
    .cancel = fake_do_cancel,
    .free = fake_do_free,
};

struct fake_client *
fake_client_new(struct loop *loop)
{
    struct fake_client *fake = MEM_NEW(struct fake_client);

    fake->client.ops = &fake_ops;
    fake->client.loop = loop;
    return fake;
}

struct fake_call *
fake_client_expect(struct fake_client *fake, const char *line)
{
    AUTO_STR struct str_builder seen = { 0 };

    for (struct fake_call *call = fake->first; call != NULL; call = call->next) {
        if (str_has_prefix(str_of(call->line), str_of(line)) && call->cancelled == NULL) {
            return call;
        }
        str_putf(&seen, "\n  %s", call->line);
    }
    fail_msg("no call %s; waiting:" STR_FMT, line, STR_ARG(str_view(&seen)));
    return NULL;
}

size_t
fake_client_waiting(const struct fake_client *fake)
{
    size_t len = 0;

    for (const struct fake_call *call = fake->first; call != NULL; call = call->next) {
        len++;
    }
    return len;
}

void
fake_client_answer(struct fake_call *call, struct object *object)
{
    struct reply reply = { .http = 200, .object = object };

    reply.rev = object == NULL ? 0 : object->rev;
    finish(call, &reply, NULL);
}

void
fake_client_list(struct fake_call *call, struct object *const *items, size_t len, uint64_t rev,
                 const char *continue_token)
{
    struct reply reply = { .http = 200,
                           .items = items,
                           .item_len = len,
                           .rev = rev,
                           .continue_token = str_of(continue_token) };

    finish(call, &reply, NULL);
}

void
fake_client_refuse(struct fake_call *call, enum err_code code, const char *name)
{
    struct err *err = NULL;

    (void)err_set(&err, code, "refused by the test");
    if (name != NULL) {
        (void)err_details(&err, "", "pods", name);
    }
    finish(call, NULL, err);
}

void
fake_client_fail(struct fake_call *call, struct err *owned)
{
    finish(call, NULL, owned);
}

void
fake_client_end(struct fake_call *call)
{
    finish(call, NULL, NULL);
}

void
fake_client_event(struct fake_call *call, enum watch_type type, struct object *object, uint64_t rev)
{
    struct watch_event event = { .type = type, .rev = rev, .object = object };

    call->event(call->ctx, &event);
}

static struct doc *
parse_json(struct arena *arena, struct str json)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, json, &err);

    if (doc == NULL) {
        fail_msg("%s: " STR_FMT, err->message, STR_ARG(json));
    }
    return doc;
}

static uint64_t
rev_of(const struct doc *doc)
{
    uint64_t rev = 0;

    (void)str_to_uint(val_str(val_at(doc_root(doc), "metadata.resourceVersion")), &rev);
    return rev;
}

void
fake_client_json(struct fake_call *call, struct str json)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct reply reply = { .http = 200, .bytes = json, .doc = parse_json(arena, json) };

    reply.rev = rev_of(reply.doc);
    reply.continue_token = val_str(val_at(doc_root(reply.doc), "metadata.continue"));
    finish(call, &reply, NULL);
}

void
fake_client_event_json(struct fake_call *call, enum watch_type type, struct str json)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct watch_event event = { .type = type, .doc = parse_json(arena, json) };

    event.rev = rev_of(event.doc);
    call->event(call->ctx, &event);
}

void
fake_client_upgrade(struct fake_call *call, struct conn *conn, const char *protocol)
{
    upgraded_fn *upgraded = call->upgraded;
    void *ctx = call->ctx;

    call_free(call);
    upgraded(ctx, conn, protocol, NULL);
}

size_t
fake_client_data(struct fake_call *call, struct str bytes)
{
    return call->data(call->ctx, bytes.at, bytes.size);
}

struct object *
fake_client_object(const struct resource *resource, uint64_t rev, const char *format, ...)
{
    AUTO_STR struct str_builder json = { 0 };
    struct object *object = NULL;
    struct err *err = NULL;
    va_list args;

    va_start(args, format);
    str_vputf(&json, format, args);
    va_end(args);
    if (object_publish(resource, str_view(&json), rev, rev, &object, &err) < 0) {
        fail_msg("%s: " STR_FMT, err->message, STR_ARG(str_view(&json)));
    }
    return object;
}

void
fake_client_settle(struct loop *loop)
{
    while (loop_turn(loop, 0)) {
    }
}
