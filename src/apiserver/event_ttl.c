/* The end of Events: etcd gives them a lease of an hour (--event-ttl), our store has none, so the
 * server removes them itself, oldest first, a few at a time and in the store's own patience.
 *
 * After a start the age is read from the event's times. A later write starts the hour anew: the entry
 * of a revision that is no longer current is dropped when its time comes. Loop thread. */
#include "config.h"

#include "apiserver/event_ttl.h"

#include "api/object.h"
#include "api/registry.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "store/store.h"

#define LOG_MODULE "event-ttl"

enum { TTL_MS = 60 * 60 * 1000, TURN_MS = 1000, AT_ONCE = 100 };

struct entry {
    struct heap_node node; /* key: wall time of its end */
    uint64_t rev;
    char *ns, *name;
};
struct event_ttl {
    struct apiserver *server;
    const struct resource *resource; /* of the stored form */
    void *subscription;
    struct heap entries;
    struct loop_timer *timer;
    int running; /* deletes with the store */
    bool is_stopping;
    void (*on_stopped)(void *ctx);
    void *stopped_ctx;
};

static void arm(struct event_ttl *ttl);

/* ---- entries ---- */

static void
add(struct event_ttl *ttl, const struct object *object, int64_t written_ms)
{
    struct entry *entry = MEM_NEW(struct entry);
    entry->rev = object->rev;
    entry->ns = str_dup(object->ns);
    entry->name = str_dup(object->name);
    heap_add(&ttl->entries, &entry->node, written_ms + TTL_MS);
    arm(ttl);
}

static void
free_entry(struct entry *entry)
{
    mem_free(entry->ns);
    mem_free(entry->name);
    mem_free(entry);
}

/* The latest of an event's own times: nobody noted when it was written. */
static int64_t
time_of(const struct object *object)
{
    static const char *const paths[] = { "metadata.creationTimestamp", "eventTime", "lastTimestamp",
                                         "deprecatedLastTimestamp", "series.lastObservedTime" };
    int64_t latest_us = 0;
    object_pin(object);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        int64_t us = 0;
        struct str text = val_str(val_at(object_val(object), paths[i]));
        if (text.size > 0 && clock_parse(text, &us) == 0 && us > latest_us) {
            latest_us = us;
        }
    }
    object_unpin(object);
    return latest_us / 1000;
}

static void
on_event(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct event_ttl *ttl = ctx;
    (void)old;
    (void)rev;
    if (now != NULL) {
        add(ttl, now, clock_wall_ms());
    }
}

/* ---- removing ---- */

static void
stopped_when_idle(struct event_ttl *ttl)
{
    if (!ttl->is_stopping || ttl->running > 0) {
        return;
    }
    void (*done)(void *) = ttl->on_stopped;
    void *ctx = ttl->stopped_ctx;
    struct heap_node *node;
    while ((node = heap_pop(&ttl->entries)) != NULL) {
        free_entry(container_of(node, struct entry, node));
    }
    heap_done(&ttl->entries);
    mem_free(ttl);
    done(ctx);
}

static void
on_deleted(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct event_ttl *ttl = ctx;
    (void)rev;
    (void)current;
    if (rc == STORE_FAILED || rc == STORE_UNKNOWN) {
        log_warn("an old event was not removed error=%s", owned == NULL ? "" : owned->message);
    }
    err_free(owned);
    ttl->running--;
    stopped_when_idle(ttl);
}

static void
expire(struct event_ttl *ttl, const struct entry *entry)
{
    struct str ns = str_of(entry->ns);
    struct str name = str_of(entry->name);
    const struct object *object = cache_get(sink_cache(ttl->server->sink), ttl->resource, ns, name);
    if (object == NULL || object->rev != entry->rev) {
        return; /* gone, or written again since: it has another entry */
    }
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF struct buf *key = buf_copy(resource_key(ttl->resource, ns, name, arena));
    struct store_actor actor = { .user = STR("system:apiserver"), .verb = STR("expire") };
    struct store_write write = {
        .key = key, .expect_rev = entry->rev, .actor = &actor, .flags = STORE_PATIENT | STORE_NOHIST
    };
    ttl->running++;
    store_commit(ttl->server->store, &write, on_deleted, ttl);
}

static void
on_timer(void *ctx)
{
    struct event_ttl *ttl = ctx;
    int64_t now = clock_wall_ms();
    ttl->timer = NULL;
    for (int i = 0; i < AT_ONCE; i++) {
        struct heap_node *node = heap_min(&ttl->entries);
        if (node == NULL || node->key > now) {
            break;
        }
        struct entry *entry = container_of(heap_pop(&ttl->entries), struct entry, node);
        expire(ttl, entry);
        free_entry(entry);
    }
    arm(ttl);
}

/* When the next one is due, but not more than one turn a second. */
static void
arm(struct event_ttl *ttl)
{
    const struct heap_node *node = heap_min(&ttl->entries);
    if (ttl->timer != NULL || node == NULL) {
        return;
    }
    int64_t left = node->key - clock_wall_ms();
    ttl->timer = loop_timer(ttl->server->loop, clock_mono_ms() + (left > TURN_MS ? left : TURN_MS),
                            on_timer, ttl);
}

/* ---- life ---- */

struct event_ttl *
event_ttl_start(struct apiserver *server)
{
    const struct resource *row = registry_find(server->registry, STR(""), STR("v1"), STR("events"));
    if (row == NULL) {
        return NULL;
    }
    struct event_ttl *ttl = MEM_NEW(struct event_ttl);
    ttl->server = server;
    ttl->resource = row->storage != NULL ? row->storage : row;
    struct cache_iter iter =
        cache_begin(sink_cache(server->sink), ttl->resource, (struct str){ 0 });
    const struct object *object;
    while ((object = cache_next(&iter)) != NULL) {
        add(ttl, object, time_of(object));
    }
    ttl->subscription = sink_subscribe(server->sink, ttl->resource, on_event, ttl);
    return ttl;
}

void
event_ttl_stop(struct event_ttl *ttl, void (*done)(void *ctx), void *ctx)
{
    if (ttl == NULL) {
        done(ctx);
        return;
    }
    loop_timer_cancel(STEAL(ttl->timer));
    sink_unsubscribe(ttl->server->sink, ttl->subscription);
    ttl->is_stopping = true;
    ttl->on_stopped = done;
    ttl->stopped_ctx = ctx;
    stopped_when_idle(ttl);
}
