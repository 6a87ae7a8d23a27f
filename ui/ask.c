/* Calls that outlive their owners safely: a client answers even a cancelled call, later, when the
 * view that asked is gone.  Called by views and feeds; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/ask.h"

#include "base/err.h"
#include "base/mem.h"

struct ask {
    struct ask *prev, *next;
    struct asks *asks; /* NULL: dropped, only the last callback is awaited */
    struct handle *handle;
    ask_done_fn *done;
    watch_fn *event;
    stream_fn *data;
    void *ctx;
    void (*free_ctx)(void *ctx);
};

static void
unlink_ask(struct ask *ask)
{
    if (ask->prev != NULL) {
        ask->prev->next = ask->next;
    } else {
        ask->asks->first = ask->next;
    }
    if (ask->next != NULL) {
        ask->next->prev = ask->prev;
    }
    ask->asks = NULL;
}

static void
on_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct ask *ask = ctx;
    struct ask was = *ask;

    if (ask->asks == NULL) {
        err_free(owned);
        mem_free(ask);
        return;
    }
    unlink_ask(ask);
    mem_free(ask);
    was.done(was.ctx, reply, owned);
    if (was.free_ctx != NULL) {
        was.free_ctx(was.ctx);
    }
}

static void
on_event(void *ctx, const struct watch_event *event)
{
    const struct ask *ask = ctx;

    if (ask->asks != NULL) {
        ask->event(ask->ctx, event);
    }
}

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    const struct ask *ask = ctx;

    return ask->asks == NULL ? size : ask->data(ask->ctx, bytes, size);
}

static struct ask *
ask_new(struct asks *asks, ask_done_fn *done, void *ctx)
{
    struct ask *ask = MEM_NEW(struct ask);

    ask->asks = asks;
    ask->done = done;
    ask->ctx = ctx;
    ask->next = asks->first;
    if (ask->next != NULL) {
        ask->next->prev = ask;
    }
    asks->first = ask;
    return ask;
}

struct ask *
ask_call(struct asks *asks, struct client *client, const struct call *call, ask_done_fn *done,
         void *ctx)
{
    struct ask *ask = ask_new(asks, done, ctx);

    ask->handle = client_call(client, call, on_done, ask);
    return ask;
}

struct ask *
ask_watch(struct asks *asks, struct client *client, const struct call *call, watch_fn *event,
          ask_done_fn *done, void *ctx)
{
    struct ask *ask = ask_new(asks, done, ctx);

    ask->event = event;
    ask->handle = client_watch(client, call, on_event, on_done, ask);
    return ask;
}

struct ask *
ask_stream(struct asks *asks, struct client *client, const struct call *call, stream_fn *data,
           ask_done_fn *done, void *ctx)
{
    struct ask *ask = ask_new(asks, done, ctx);

    ask->data = data;
    ask->handle = client_stream(client, call, on_data, on_done, ask);
    return ask;
}

void
ask_own(struct ask *ask, void (*free_ctx)(void *ctx))
{
    ask->free_ctx = free_ctx;
}

void
ask_drop(struct ask *ask)
{
    if (ask != NULL && ask->asks != NULL) {
        unlink_ask(ask);
        if (ask->free_ctx != NULL) {
            ask->free_ctx(ask->ctx);
        }
        client_cancel(ask->handle); /* on_done may free it, now or later */
    }
}

void
ask_drop_all(struct asks *asks)
{
    while (asks->first != NULL) {
        ask_drop(asks->first);
    }
}
