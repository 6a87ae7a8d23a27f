/* The remote form of an informer: list, then watch from there, and again after whatever ends it.
 * Loop thread; informer.c makes one per resource.  What becomes of the news: informer_merge.c. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>

#include "api/object.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/client.h"
#include "client/informer_remote_priv.h"
#include "client/informer_stream.h"

#define LOG_MODULE "informer"
#include "base/log.h"

/* client-go's reflector: watches of 5 to 10 minutes, backoff from 800 ms to 30 s with jitter. */
enum { PAGE_LEN = 500, WATCH_MIN_MS = 300 * 1000, WATCH_SHORT_MS = 1000 };
enum { BACKOFF_FIRST_MS = 800, BACKOFF_MAX_MS = 30 * 1000 };

struct informer_waiter {
    struct informer_waiter *next;
    uint64_t list; /* the number of the list that it waits for */
    void (*fn)(void *);
    void *ctx;
};

static void list_done(void *ctx, const struct reply *reply, struct err *owned);
static void remote_go(struct informer_remote *remote);
static void remote_wake(void *ctx);
static void retry_later(struct informer_remote *remote);

/* Below max; spreads what many clients would do at once. xorshift64*. */
static uint64_t
jitter(struct informer_remote *remote, uint64_t max)
{
    uint64_t x = remote->seed | 1;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    remote->seed = x;
    return (x * UINT64_C(2685821657736338717) >> 16) % max;
}

static struct str
decimal(uint64_t number, char text[24])
{
    int size = snprintf(text, 24, "%llu", (unsigned long long)number);

    return str_slice(text, (size_t)size);
}

/* ---- life ---- */

static struct selector *
parse_selector(struct informer_remote *remote, struct str text, bool is_labels)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector = NULL;
    int rc;

    if (text.size == 0) {
        return NULL;
    }
    rc = is_labels ? selector_parse_labels(remote->arena, text, &selector, &err)
                   : selector_parse_fields(remote->arena, remote->resource, text, &selector, &err);
    if (rc < 0) {
        /* Asking for everything instead would be worse than what the server will answer. */
        log_error("selector not understood: text=" STR_FMT " error=%s", STR_ARG(text),
                  err->message);
    }
    return selector;
}

struct informer_remote *
informer_remote_new(struct informer_stream *stream, const struct informer_spec *spec)
{
    struct informer_remote *remote = MEM_NEW(struct informer_remote);

    remote->stream = stream;
    remote->loop = stream->of->loop;
    remote->client = stream->of->client;
    remote->resource = spec->resource;
    remote->arena = arena_new();
    remote->field_text = arena_dup(remote->arena, spec->field_selector);
    remote->label_text = arena_dup(remote->arena, spec->label_selector);
    remote->fields = parse_selector(remote, remote->field_text, false);
    remote->labels = parse_selector(remote, remote->label_text, true);
    remote->seed = (uint64_t)clock_mono_us() ^ (uint64_t)(uintptr_t)remote;
    remote->needs_list = true;
    remote->retry = loop_timer(remote->loop, 0, remote_wake, remote);
    return remote;
}

bool
informer_remote_is(const struct informer_remote *remote, const struct informer_spec *spec)
{
    return str_eq(remote->field_text, spec->field_selector) &&
           str_eq(remote->label_text, spec->label_selector);
}

/* Frees a closed one unless something still needs it: a call whose done will come, or a function
 * further up that gave a change to handlers. */
static void
remote_free(struct informer_remote *remote)
{
    if (remote->list != NULL || remote->watch != NULL || remote->holds > 0) {
        return;
    }
    cache_free(remote->fresh);
    map_done(&remote->floors, mem_free);
    arena_free(remote->arena);
    mem_free(remote);
}

void
informer_remote_hold(struct informer_remote *remote)
{
    remote->holds++;
}

void
informer_remote_release(struct informer_remote *remote)
{
    remote->holds--;
    if (remote->stream == NULL) {
        remote_free(remote);
    }
}

void
informer_remote_close(struct informer_remote *remote)
{
    remote->stream = NULL;
    loop_timer_cancel(remote->retry);
    remote->retry = NULL;
    while (remote->waiters != NULL) {
        struct informer_waiter *waiter = remote->waiters;
        remote->waiters = waiter->next;
        mem_free(waiter);
    }
    if (remote->list != NULL) {
        client_cancel(remote->list);
    }
    if (remote->watch != NULL) {
        client_cancel(remote->watch);
    }
    remote_free(remote);
}

void
informer_remote_refresh(struct informer_remote *remote, void (*fn)(void *), void *ctx)
{
    struct informer_waiter *waiter = MEM_NEW(struct informer_waiter);

    waiter->fn = fn;
    waiter->ctx = ctx;
    waiter->list = remote->list_number + 1; /* one that runs began before this call */
    waiter->next = remote->waiters;
    remote->waiters = waiter;
    remote->needs_list = true;
    if (remote->retry == NULL && remote->list == NULL) {
        remote->retry = loop_timer(remote->loop, 0, remote_wake, remote);
    }
}

void
informer_remote_refresh_cancel(struct informer_remote *remote, const void *ctx)
{
    struct informer_waiter **link = &remote->waiters;

    while (*link != NULL) {
        struct informer_waiter *waiter = *link;
        if (waiter->ctx == ctx) {
            *link = waiter->next;
            mem_free(waiter);
        } else {
            link = &waiter->next;
        }
    }
}

/* ---- list ---- */

static void
list_page(struct informer_remote *remote, struct str continue_token)
{
    struct call call = call_of(VERB_LIST, remote->resource, (struct str){ 0 }, (struct str){ 0 });

    call.field_selector = remote->field_text;
    call.label_selector = remote->label_text;
    call.limit = PAGE_LEN;
    call.continue_token = continue_token;
    remote->list = client_call(remote->client, &call, list_done, remote);
}

static void
list_start(struct informer_remote *remote)
{
    remote->needs_list = false;
    remote->list_number++;
    remote->page_rev = 0;
    cache_free(remote->fresh);
    remote->fresh = cache_new();
    list_page(remote, (struct str){ 0 });
}

static void
waiters_call(struct informer_remote *remote)
{
    struct informer_waiter **link = &remote->waiters;

    while (remote->stream != NULL && *link != NULL) {
        struct informer_waiter *waiter = *link;
        if (waiter->list > remote->list_number) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        waiter->fn(waiter->ctx);
        mem_free(waiter);
        link = &remote->waiters; /* the call may have changed the list */
    }
}

static void
list_finished(struct informer_remote *remote)
{
    remote->backoff_ms = 0;
    remote->list_rev = remote->page_rev;
    informer_merge_list(remote);
    if (remote->stream == NULL) {
        return;
    }
    if (!remote->stream->is_listed) {
        informer_listed(remote->stream);
    }
    waiters_call(remote);
    if (remote->stream != NULL) {
        remote_go(remote);
    }
}

/* A page came, or the list failed. */
static void
list_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct informer_remote *remote = ctx;
    AUTO_ERR struct err *err = owned;

    remote->list = NULL;
    if (remote->stream == NULL) {
        remote_free(remote);
        return;
    }
    if (err != NULL) {
        remote->needs_list = true;
        if (err->code == ERR_EXPIRED && remote->page_rev != 0) {
            /* The list was too long for one revision's life: from the start. */
            log_debug("list expired: resource=%s", remote->resource->plural);
        } else {
            log_warn("list failed: resource=%s error=%s", remote->resource->plural, err->message);
        }
        retry_later(remote);
        return;
    }
    for (size_t i = 0; i < reply->item_len; i++) {
        object_unref(cache_put(remote->fresh, reply->items[i]));
    }
    if (remote->page_rev == 0) {
        remote->page_rev = reply->rev;
    }
    if (reply->continue_token.size > 0) {
        list_page(remote, reply->continue_token);
        return;
    }
    informer_remote_hold(remote);
    list_finished(remote);
    informer_remote_release(remote);
}

/* ---- watch ---- */

static void
watch_event(void *ctx, const struct watch_event *event)
{
    struct informer_remote *remote = ctx;

    if (remote->stream == NULL) {
        return;
    }
    remote->backoff_ms = 0;
    informer_merge_rev(remote, event->rev);
    if (event->object != NULL) {
        informer_remote_hold(remote);
        informer_merge_event(remote, event);
        informer_remote_release(remote);
    }
}

static void
watch_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct informer_remote *remote = ctx;
    AUTO_ERR struct err *err = owned;
    bool was_short = clock_mono_ms() - remote->watch_began_ms < WATCH_SHORT_MS;

    (void)reply;
    remote->watch = NULL;
    if (remote->stream == NULL) {
        remote_free(remote);
        return;
    }
    if (err != NULL && (err->code == ERR_EXPIRED || err->code == ERR_GONE)) {
        log_info("watch expired, listing again: resource=%s", remote->resource->plural);
        remote->needs_list = true;
        remote_go(remote);
        return;
    }
    if (err != NULL) {
        log_info("watch ended: resource=%s error=%s", remote->resource->plural, err->message);
    }
    if (err != NULL || was_short) {
        retry_later(remote);
    } else {
        remote_go(remote);
    }
}

static void
watch_start(struct informer_remote *remote)
{
    struct call call = call_of(VERB_WATCH, remote->resource, (struct str){ 0 }, (struct str){ 0 });
    char rev[24];

    call.field_selector = remote->field_text;
    call.label_selector = remote->label_text;
    call.resource_version = decimal(remote->rev, rev);
    call.bookmarks = true;
    call.timeout_ms = WATCH_MIN_MS + (int64_t)jitter(remote, WATCH_MIN_MS);
    remote->watch_began_ms = clock_mono_ms();
    remote->watch = client_watch(remote->client, &call, watch_event, watch_done, remote);
}

/* ---- again ---- */

/* Lists or watches, whatever is missing. */
static void
remote_go(struct informer_remote *remote)
{
    if (remote->retry != NULL) {
        return; /* something failed just now */
    }
    if (remote->needs_list && remote->list == NULL) {
        list_start(remote);
    } else if (!remote->needs_list && remote->list == NULL && remote->watch == NULL) {
        watch_start(remote);
    }
}

static void
remote_wake(void *ctx)
{
    struct informer_remote *remote = ctx;

    remote->retry = NULL;
    remote_go(remote);
}

static void
retry_later(struct informer_remote *remote)
{
    int64_t delay_ms;

    remote->backoff_ms = remote->backoff_ms == 0 ? BACKOFF_FIRST_MS : remote->backoff_ms * 2;
    if (remote->backoff_ms > BACKOFF_MAX_MS) {
        remote->backoff_ms = BACKOFF_MAX_MS;
    }
    delay_ms = remote->backoff_ms + (int64_t)jitter(remote, (uint64_t)remote->backoff_ms);
    if (remote->retry == NULL) {
        remote->retry = loop_timer(remote->loop, clock_mono_ms() + delay_ms, remote_wake, remote);
    }
}
