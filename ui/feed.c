/* List and watch of one kind as Tables.  Called by views; console's thread.
 *
 * The server makes the cells, so every kind has columns. An answer that is no Table (an aggregated
 * server that knows none) is read as a list of objects with name and age. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/feed.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "client/client.h"
#include "ui/ask.h"

/* The first page is small, so that it is on the screen early. */
enum { FIRST_PAGE = 250, PAGE = 1000, WATCH_MS = 480 * 1000, POLL_MS = 5000 };
enum { BACKOFF_FIRST_MS = 500, BACKOFF_MAX_MS = 30000 };

struct feed {
    struct client *client;
    const struct resource *resource;
    char *ns, *label_selector, *field_selector;
    const struct feed_ops *ops;
    void *ctx;
    struct asks asks;
    struct loop_timer *retry;
    int64_t backoff_ms;
    enum feed_state state;
    char *problem;
    uint64_t rev, page_rev; /* page_rev: of the list under way */
    bool is_listing, needs_list;
};

static void feed_go(struct feed *feed);

/* ---- rows ---- */

static const char plain_columns[] = "[{\"name\":\"Name\",\"type\":\"string\",\"priority\":0},"
                                    "{\"name\":\"Age\",\"type\":\"string\",\"priority\":0}]";

static struct val
parse_own(struct arena *arena, struct str json)
{
    return doc_root(doc_trust(arena, json));
}

/* An object as a row {"cells":[name,""],"object":{…}}. */
static struct val
row_of_object(struct arena *arena, struct val object)
{
    struct jw w;

    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "cells");
    jw_arr(&w);
    jw_str(&w, val_str(val_at(object, "metadata.name")));
    jw_strz(&w, "");
    jw_end(&w);
    jw_keyz(&w, "object");
    jw_val(&w, object);
    jw_end(&w);
    return parse_own(arena, jw_done(&w));
}

/* An operation of the owner, if it has it. */
static void
tell(const struct feed *feed, void (*op)(void *ctx))
{
    if (op != NULL) {
        op(feed->ctx);
    }
}

static void
give(const struct feed *feed, void (*op)(void *ctx, struct val part), struct val part)
{
    if (op != NULL) {
        op(feed->ctx, part);
    }
}

static void
give_rows(const struct feed *feed, struct val root, void (*op)(void *ctx, struct val row))
{
    AUTO_ARENA struct arena *arena = NULL;

    if (val_is_str(val_get(root, "kind"), "Table")) {
        give(feed, feed->ops->columns, val_get(root, "columnDefinitions"));
        VAL_EACH (it, val_get(root, "rows")) {
            give(feed, op, it.value);
        }
        return;
    }
    arena = arena_new();
    give(feed, feed->ops->columns, parse_own(arena, str_of(plain_columns)));
    if (val_type(val_get(root, "items")) == DOC_ARRAY) {
        VAL_EACH (it, val_get(root, "items")) {
            give(feed, op, row_of_object(arena, it.value));
        }
    } else {
        give(feed, op, row_of_object(arena, root));
    }
}

/* ---- state ---- */

static void
set_state(struct feed *feed, enum feed_state state, const char *problem)
{
    mem_free(feed->problem);
    feed->problem = mem_strdup(problem);
    feed->state = state;
    tell(feed, feed->ops->changed);
}

static void
on_retry(void *ctx)
{
    struct feed *feed = ctx;

    feed->retry = NULL;
    feed_go(feed);
}

static void
go_later(struct feed *feed, int64_t delay_ms)
{
    if (feed->retry == NULL) {
        feed->retry = loop_timer(feed->client->loop, clock_mono_ms() + delay_ms, on_retry, feed);
    }
}

static void
fail(struct feed *feed, const struct err *err)
{
    feed->backoff_ms = feed->backoff_ms == 0 ? BACKOFF_FIRST_MS : feed->backoff_ms * 2;
    feed->backoff_ms = feed->backoff_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : feed->backoff_ms;
    set_state(feed, FEED_RETRYING, err->message);
    go_later(feed, feed->backoff_ms);
}

/* ---- watch ---- */

static struct call
call_for(const struct feed *feed, enum verb verb)
{
    struct call call = call_of(verb, feed->resource, str_of(feed->ns), (struct str){ 0 });

    call.accept = ACCEPT_TABLE;
    call.label_selector = str_of(feed->label_selector);
    call.field_selector = str_of(feed->field_selector);
    call.query = STR("includeObject=Metadata");
    return call;
}

static void
on_event(void *ctx, const struct watch_event *event)
{
    struct feed *feed = ctx;

    feed->backoff_ms = 0;
    if (event->rev > feed->rev) {
        feed->rev = event->rev;
    }
    if (event->type != WATCH_BOOKMARK && event->doc != NULL) {
        give_rows(feed, doc_root(event->doc),
                  event->type == WATCH_DELETED ? feed->ops->gone : feed->ops->row);
    }
    tell(feed, feed->ops->changed);
}

static void
on_watch_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct feed *feed = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    if (err == NULL) {
        go_later(feed, 0);
        return;
    }
    /* What is too old, or was never understood, is listed again. */
    feed->needs_list = err->code != ERR_IO && err->code != ERR_UNAVAILABLE;
    if (err->code == ERR_EXPIRED || err->code == ERR_GONE) {
        feed_go(feed);
        return;
    }
    fail(feed, err);
}

static void
start_watch(struct feed *feed)
{
    struct call call = call_for(feed, VERB_WATCH);
    char rev[24];

    (void)snprintf(rev, sizeof(rev), "%llu", (unsigned long long)feed->rev);
    call.resource_version = str_of(rev);
    call.bookmarks = true;
    call.timeout_ms = WATCH_MS;
    (void)ask_watch(&feed->asks, feed->client, &call, on_event, on_watch_done, feed);
    set_state(feed, FEED_LIVE, "");
}

/* ---- list ---- */

static void on_page(void *ctx, const struct reply *reply, struct err *owned);

static void
ask_page(struct feed *feed, struct str continue_token)
{
    struct call call = call_for(feed, VERB_LIST);

    call.limit = continue_token.size == 0 ? FIRST_PAGE : PAGE;
    call.continue_token = continue_token;
    (void)ask_call(&feed->asks, feed->client, &call, on_page, feed);
}

static void
end_list(struct feed *feed)
{
    feed->is_listing = false;
    feed->needs_list = false;
    feed->backoff_ms = 0;
    feed->rev = feed->page_rev;
    tell(feed, feed->ops->end);
    if ((feed->resource->verbs & VERB_WATCH) != 0) {
        start_watch(feed);
        return;
    }
    feed->needs_list = true;
    set_state(feed, FEED_POLLING, "");
    go_later(feed, POLL_MS);
}

static void
on_page(void *ctx, const struct reply *reply, struct err *owned)
{
    struct feed *feed = ctx;
    AUTO_ERR struct err *err = owned;

    if (err != NULL) {
        feed->is_listing = false;
        feed->needs_list = true;
        fail(feed, err);
        return;
    }
    if (feed->page_rev == 0) {
        feed->page_rev = reply->rev;
        tell(feed, feed->ops->begin);
    }
    give_rows(feed, doc_root(reply->doc), feed->ops->row);
    if (reply->continue_token.size > 0) {
        ask_page(feed, reply->continue_token);
        tell(feed, feed->ops->changed);
        return;
    }
    end_list(feed);
}

/* Lists or watches, whichever is due. */
static void
feed_go(struct feed *feed)
{
    if (feed->retry != NULL || feed->is_listing) {
        return;
    }
    ask_drop_all(&feed->asks);
    if (!feed->needs_list) {
        start_watch(feed);
        return;
    }
    feed->is_listing = true;
    feed->page_rev = 0;
    ask_page(feed, (struct str){ 0 });
}

/* ---- life ---- */

struct feed *
feed_new(struct client *client, const struct feed_spec *spec, const struct feed_ops *ops, void *ctx)
{
    struct feed *feed = MEM_NEW(struct feed);

    feed->client = client;
    feed->resource = spec->resource;
    feed->ns = str_dup(spec->ns);
    feed->label_selector = str_dup(spec->label_selector);
    feed->field_selector = str_dup(spec->field_selector);
    feed->ops = ops;
    feed->ctx = ctx;
    feed->problem = mem_strdup("");
    feed->needs_list = true;
    feed_go(feed);
    return feed;
}

void
feed_free(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    ask_drop_all(&feed->asks);
    loop_timer_cancel(feed->retry);
    mem_free(feed->ns);
    mem_free(feed->label_selector);
    mem_free(feed->field_selector);
    mem_free(feed->problem);
    mem_free(feed);
}

void
feed_restart(struct feed *feed)
{
    loop_timer_cancel(feed->retry);
    feed->retry = NULL;
    feed->is_listing = false;
    feed->needs_list = true;
    feed_go(feed);
}

enum feed_state
feed_state(const struct feed *feed)
{
    return feed->state;
}

const char *
feed_problem(const struct feed *feed)
{
    return feed->problem;
}

uint64_t
feed_rev(const struct feed *feed)
{
    return feed->rev;
}
