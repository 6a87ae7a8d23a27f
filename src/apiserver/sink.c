/* Where the store's events become objects: the cache, the ring, local subscribers, watches, and
 * those who wait for a revision. The only writer of the server's cache. Loop thread. */
#include "config.h"

#include "apiserver/sink.h"

#include <assert.h>
#include <stdio.h>

#include "api/object.h"
#include "api/registry.h"
#include "apiserver/sink_impl.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "store/store.h"

#define LOG_MODULE "sink"

struct sink *
sink_new(struct loop *loop, struct store *store, struct registry *registry,
         const struct sink_limits *limits)
{
    struct sink *sink = MEM_NEW(struct sink);
    sink->loop = loop;
    sink->store = store;
    sink->registry = registry_ref(registry);
    sink->cache = cache_new();
    sink_ring_init(&sink->ring, limits);
    return sink;
}

static void
free_topic(void *value)
{
    struct sink_topic *topic = value;
    assert(topic->cursors == NULL && topic->subscriptions == NULL);
    sink_row_done(&topic->row);
    mem_free(topic);
}

void
sink_free(struct sink *sink)
{
    if (sink == NULL) {
        return;
    }
    while (sink->waiters != NULL) {
        sink_wait_cancel(sink, sink->waiters);
    }
    sink_ring_done(&sink->ring);
    map_done(&sink->topics, free_topic);
    cache_free(sink->cache);
    registry_unref(sink->registry);
    mem_free(sink);
}

struct cache *
sink_cache(struct sink *sink)
{
    return sink->cache;
}

uint64_t
sink_rev(const struct sink *sink)
{
    return cache_rev(sink->cache);
}

uint64_t
sink_floor_rev(const struct sink *sink)
{
    return sink->store->compact_rev;
}

uint64_t
sink_dead_bytes(const struct sink *sink)
{
    return sink->dead_bytes;
}

/* ---- topics ---- */

static struct str
topic_key(struct str group, struct str plural, char text[static 512])
{
    int size = snprintf(text, 512, STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(plural));
    return str_slice(text, size < 512 ? (size_t)size : 511);
}

struct sink_topic *
sink_topic_of(struct sink *sink, const struct resource *resource)
{
    char text[512];
    const struct resource *stored = resource->storage != NULL ? resource->storage : resource;
    struct str key = topic_key(str_of(stored->group), str_of(stored->plural), text);
    struct sink_topic *topic = map_get(&sink->topics, key);
    if (topic == NULL) {
        topic = MEM_NEW(struct sink_topic);
        topic->resource = stored;
        topic->row.floor_rev = sink->start_rev;
        (void)map_put(&sink->topics, key, topic);
    }
    return topic;
}

/* "/registry/group/plural/[ns/]name" */
struct sink_topic *
sink_topic_of_key(struct sink *sink, struct str key, struct str *ret_ns, struct str *ret_name)
{
    struct str part[5];
    struct str left = key;
    if (!str_has_prefix(key, STR("/registry/"))) {
        return NULL;
    }
    left = str_slice(key.at + 1, key.size - 1);
    size_t len = str_split(left, '/', part, 5);
    if (len < 4 || len > 5) {
        return NULL;
    }
    struct str group = str_is(part[1], "core") ? STR("") : part[1];
    *ret_ns = len == 5 ? part[3] : STR("");
    *ret_name = part[len - 1];
    char text[512];
    struct sink_topic *topic = map_get(&sink->topics, topic_key(group, part[2], text));
    if (topic != NULL) {
        return topic;
    }
    const struct resource *row = registry_any_version(sink->registry, group, part[2]);
    return row == NULL ? NULL : sink_topic_of(sink, row);
}

/* ---- events ---- */

static void
call_subscribers(struct sink *sink, struct sink_topic *topic, struct object *old,
                 struct object *now, uint64_t rev)
{
    sink->is_walking = true;
    for (struct sink_subscription *s = topic->subscriptions; s != NULL; s = s->next) {
        if (s->fn != NULL) {
            s->fn(s->ctx, old, now, rev);
        }
    }
    sink->is_walking = false;
    struct sink_subscription **at = &topic->subscriptions;
    while (*at != NULL) {
        struct sink_subscription *s = *at;
        if (s->fn == NULL) {
            *at = s->next;
            mem_free(s);
        } else {
            at = &s->next;
        }
    }
}

static struct object *
publish(const struct sink_topic *topic, struct str key, struct buf *value, uint64_t rev,
        uint64_t create_rev)
{
    struct object *object = NULL;
    AUTO_ERR struct err *err = NULL;
    if (object_publish(topic->resource, buf_str(value), rev, create_rev, &object, &err) < 0) {
        log_error("stored value is no object key=" STR_FMT " error=%s", STR_ARG(key), err->message);
    }
    return object;
}

/* One event: published once, then cache, ring, tag and subscribers share it. */
static void
take_event(struct sink *sink, const struct store_event *event, struct sink_topic **touched)
{
    struct str ns, name;
    struct sink_topic *topic = sink_topic_of_key(sink, event->key, &ns, &name);
    if (topic == NULL) {
        return; /* of a kind that is no longer served */
    }
    struct object *now = NULL;
    if (event->value != NULL) {
        now = publish(topic, event->key, event->value, event->rev, event->create_rev);
        if (now == NULL) {
            return;
        }
    }
    struct object *old = now != NULL ? cache_put(sink->cache, now)
                                     : cache_del(sink->cache, topic->resource, ns, name);
    cache_set_rev(sink->cache, event->rev);
    if (old == NULL && now == NULL) {
        return;
    }
    sink->dead_bytes += old == NULL ? 0 : object_size(old);
    if (event->tag != NULL) {
        struct sink_tag *tag = event->tag;
        tag->object = now != NULL ? object_ref(now) : object_at_rev(old, event->rev);
    }
    if (!topic->is_touched) {
        topic->is_touched = true;
        topic->next_touched = *touched;
        *touched = topic;
    }
    (void)object_ref(old);
    (void)object_ref(now);
    call_subscribers(sink, topic, old, now, event->rev);
    sink_ring_push(&sink->ring, &topic->row, event->rev, old, now);
    object_unref(old);
    object_unref(now);
}

static void
wake_waiters(struct sink *sink)
{
    uint64_t rev = sink_rev(sink);
    struct sink_waiter **at = &sink->waiters;
    while (*at != NULL) {
        struct sink_waiter *waiter = *at;
        if (waiter->rev > rev) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        loop_timer_cancel(waiter->timer);
        waiter->fn(waiter->ctx, true);
        mem_free(waiter);
        at = &sink->waiters; /* fn may have changed the list */
    }
}

static void
on_events(void *ctx, const struct store_event *events, size_t len)
{
    struct sink *sink = ctx;
    struct sink_topic *touched = NULL;
    for (size_t i = 0; i < len; i++) {
        take_event(sink, &events[i], &touched);
        cache_set_rev(sink->cache, events[i].rev);
    }
    while (touched != NULL) {
        struct sink_topic *topic = touched;
        touched = topic->next_touched;
        topic->is_touched = false;
        sink_cursor_wake_all(topic);
    }
    wake_waiters(sink);
}

/* ---- start ---- */

static void
started(struct sink *sink, struct err *owned)
{
    void (*fn)(void *, struct err *) = sink->on_started;
    sink->on_started = NULL;
    if (fn != NULL) {
        fn(sink->started_ctx, owned);
    }
}

static void
on_list(void *ctx, const struct store_item *items, size_t len, bool is_last, uint64_t rev,
        struct err *owned)
{
    struct sink *sink = ctx;
    if (owned != NULL) {
        started(sink, owned);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        struct str ns, name;
        struct sink_topic *topic = sink_topic_of_key(sink, items[i].key, &ns, &name);
        struct object *object = topic == NULL ? NULL
                                              : publish(topic, items[i].key, items[i].value,
                                                        items[i].rev, items[i].create_rev);
        if (object != NULL) {
            object_unref(cache_put(sink->cache, object));
            object_unref(object);
        }
    }
    if (!is_last) {
        return;
    }
    cache_set_rev(sink->cache, rev);
    sink->start_rev = rev;
    size_t iter = 0;
    struct str key;
    void *value;
    while (map_next(&sink->topics, &iter, &key, &value)) {
        ((struct sink_topic *)value)->row.floor_rev = rev;
    }
    store_watch(sink->store, rev, on_events, sink);
    started(sink, NULL);
}

void
sink_start(struct sink *sink, void (*done)(void *ctx, struct err *owned), void *ctx)
{
    sink->on_started = done;
    sink->started_ctx = ctx;
    store_list(sink->store, STR("/registry/"), 0, (struct str){ 0 }, 0, on_list, sink);
}

/* ---- subscribers and waiters ---- */

void *
sink_subscribe(struct sink *sink, const struct resource *resource, informer_fn *fn, void *ctx)
{
    struct sink_subscription *s = MEM_NEW(struct sink_subscription);
    s->topic = sink_topic_of(sink, resource);
    s->fn = fn;
    s->ctx = ctx;
    struct sink_subscription **at = &s->topic->subscriptions;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = s;
    return s;
}

void
sink_unsubscribe(struct sink *sink, void *subscription)
{
    struct sink_subscription *s = subscription;
    s->fn = NULL;
    if (sink->is_walking) {
        return; /* call_subscribers takes it out */
    }
    struct sink_subscription **at = &s->topic->subscriptions;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    mem_free(s);
}

static void
take_out_waiter(struct sink_waiter *waiter)
{
    struct sink_waiter **at = &waiter->sink->waiters;
    while (*at != waiter) {
        at = &(*at)->next;
    }
    *at = waiter->next;
}

static void
on_waiter_time(void *ctx)
{
    struct sink_waiter *waiter = ctx;
    waiter->timer = NULL;
    take_out_waiter(waiter);
    waiter->fn(waiter->ctx, waiter->rev <= sink_rev(waiter->sink));
    mem_free(waiter);
}

void *
sink_wait(struct sink *sink, uint64_t rev, int64_t deadline_ms, void (*fn)(void *ctx, bool reached),
          void *ctx)
{
    struct sink_waiter *waiter = MEM_NEW(struct sink_waiter);
    waiter->sink = sink;
    waiter->rev = rev;
    waiter->fn = fn;
    waiter->ctx = ctx;
    waiter->next = sink->waiters;
    sink->waiters = waiter;
    if (rev <= sink_rev(sink)) {
        waiter->timer = loop_timer(sink->loop, 0, on_waiter_time, waiter);
    } else if (deadline_ms != 0) {
        waiter->timer = loop_timer(sink->loop, deadline_ms, on_waiter_time, waiter);
    }
    return waiter;
}

void
sink_wait_cancel(struct sink *sink, void *handle)
{
    struct sink_waiter *waiter = handle;
    (void)sink;
    loop_timer_cancel(waiter->timer);
    take_out_waiter(waiter);
    mem_free(waiter);
}
