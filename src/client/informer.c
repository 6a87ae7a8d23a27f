/* Informers: who wants to know of which resource, and the replay that brings a new handler up to
 * the present.  Loop thread; used by reconcile, the scheduler, the agent and the console.
 *
 * The local form takes changes from the server's sink and reads its cache. The remote form keeps a
 * cache by list and watch: informer_remote.c. */
#include "config.h" /* IWYU pragma: keep */

#include "client/informer.h"

#include <assert.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/informer_stream.h"

enum { REPLAY_MAX = 500 /* objects in one round of the loop */ };

enum handler_state {
    HANDLER_WAITS,   /* for the first list */
    HANDLER_REPLAYS, /* the pinned state; changes since then wait in `late` */
    HANDLER_LIVE,
    HANDLER_DEAD, /* deleted inside a dispatch */
};
/* A change that came during the replay. */
struct late {
    struct late *next;
    struct object *old, *now;
    uint64_t rev;
};
struct informer {
    struct informer_stream *stream;
    struct informer *next;
    informer_fn *handler;
    void (*synced)(void *);
    void *ctx;
    enum handler_state state;
    bool is_synced;
    struct loop_timer *timer;
    struct cache *pin;
    struct cache_iter iter;
    struct late *late, **late_last;
};
/* A refresh that is answered in the next round. */
struct informer_refresh {
    struct informers *of;
    struct informer_refresh *next;
    struct loop_timer *timer;
    void (*fn)(void *);
    void *ctx;
};

static void replay_step(void *ctx);

/* ---- the set ---- */

struct informers *
informers_new(struct loop *loop, struct client *client)
{
    struct informers *informers = MEM_NEW(struct informers);

    informers->loop = loop;
    informers->client = client;
    informers->cache = cache_new();
    return informers;
}

struct informers *
informers_local(struct loop *loop, struct cache *cache, const struct informer_source *source,
                void *source_ctx)
{
    struct informers *informers = MEM_NEW(struct informers);

    informers->loop = loop;
    informers->cache = cache;
    informers->source = source;
    informers->source_ctx = source_ctx;
    return informers;
}

struct cache *
informers_cache(struct informers *informers)
{
    return informers->cache;
}

static bool
is_local(const struct informers *informers)
{
    return informers->source != NULL;
}

static bool
is_same_resource(const struct resource *a, const struct resource *b)
{
    a = a->storage == NULL ? a : a->storage;
    b = b->storage == NULL ? b : b->storage;
    return a == b || (strcmp(a->plural, b->plural) == 0 && strcmp(a->group, b->group) == 0);
}

static struct informer_stream *
stream_find(const struct informers *informers, const struct resource *resource)
{
    struct informer_stream *stream = informers->streams;

    while (stream != NULL && !is_same_resource(stream->resource, resource)) {
        stream = stream->next;
    }
    return stream;
}

static void
source_event(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    informer_dispatch(ctx, old, now, rev);
}

static struct informer_stream *
stream_make(struct informers *informers, const struct informer_spec *spec)
{
    struct informer_stream *stream = stream_find(informers, spec->resource);

    if (stream != NULL) {
        assert(is_local(informers) || informer_remote_is(stream->remote, spec));
        return stream;
    }
    stream = MEM_NEW(struct informer_stream);
    stream->of = informers;
    stream->resource = spec->resource;
    stream->next = informers->streams;
    informers->streams = stream;
    if (is_local(informers)) {
        stream->is_listed = true;
        stream->subscription = informers->source->subscribe(informers->source_ctx, spec->resource,
                                                            source_event, stream);
    } else {
        stream->remote = informer_remote_new(stream, spec);
    }
    return stream;
}

static void
stream_free(struct informer_stream *stream)
{
    struct informers *informers = stream->of;
    struct informer_stream **link = &informers->streams;

    while (*link != stream) {
        link = &(*link)->next;
    }
    *link = stream->next;
    if (is_local(informers)) {
        informers->source->unsubscribe(informers->source_ctx, stream->subscription);
    } else {
        informer_remote_close(stream->remote);
        cache_clear(informers->cache, stream->resource);
    }
    mem_free(stream);
}

static void
refresh_free(struct informer_refresh *refresh)
{
    struct informer_refresh **link = &refresh->of->refreshes;

    while (*link != refresh) {
        link = &(*link)->next;
    }
    *link = refresh->next;
    loop_timer_cancel(refresh->timer);
    mem_free(refresh);
}

void
informers_free(struct informers *informers)
{
    if (informers == NULL) {
        return;
    }
    while (informers->streams != NULL) {
        struct informer_stream *stream = informers->streams;
        if (stream->handlers != NULL) {
            informer_del(stream->handlers); /* the last one frees the stream */
        }
    }
    while (informers->refreshes != NULL) {
        refresh_free(informers->refreshes);
    }
    if (!is_local(informers)) {
        cache_free(informers->cache);
    }
    mem_free(informers);
}

/* ---- handlers ---- */

/* Pins the present; what it holds is given out in slices. */
static void
replay_pin(struct informer *informer)
{
    struct informer_stream *stream = informer->stream;

    informer->state = HANDLER_REPLAYS;
    informer->pin = cache_ref(stream->of->cache);
    informer->iter = cache_begin(informer->pin, stream->resource, (struct str){ 0 });
}

static void
replay_start(void *ctx)
{
    replay_pin(ctx);
    replay_step(ctx);
}

struct informer *
informer_add(struct informers *informers, const struct informer_spec *spec, informer_fn *handler,
             void (*synced)(void *), void *ctx)
{
    struct informer_stream *stream = stream_make(informers, spec);
    struct informer *informer = MEM_NEW(struct informer);
    struct informer **link = &stream->handlers;

    informer->stream = stream;
    informer->handler = handler;
    informer->synced = synced;
    informer->ctx = ctx;
    informer->late_last = &informer->late;
    while (*link != NULL) { /* handlers hear of a change in the order in which they came */
        link = &(*link)->next;
    }
    *link = informer;
    if (stream->is_listed) {
        /* Not now: a batch of changes may be on its way to the handlers. */
        informer->timer = loop_timer(informers->loop, 0, replay_start, informer);
    }
    return informer;
}

static void
late_free(struct late *late)
{
    object_unref(late->old);
    object_unref(late->now);
    mem_free(late);
}

static void
informer_free(struct informer *informer)
{
    loop_timer_cancel(informer->timer);
    cache_free(informer->pin);
    while (informer->late != NULL) {
        struct late *late = informer->late;
        informer->late = late->next;
        late_free(late);
    }
    mem_free(informer);
}

/* Frees what was deleted, and the stream when nobody is left. */
static void
stream_sweep(struct informer_stream *stream)
{
    struct informer **link = &stream->handlers;

    if (stream->dispatching > 0) {
        return;
    }
    while (*link != NULL) {
        struct informer *informer = *link;
        if (informer->state == HANDLER_DEAD) {
            *link = informer->next;
            informer_free(informer);
        } else {
            link = &informer->next;
        }
    }
    if (stream->handlers == NULL) {
        stream_free(stream);
    }
}

void
informer_del(struct informer *informer)
{
    if (informer == NULL) {
        return;
    }
    informer->state = HANDLER_DEAD;
    loop_timer_cancel(informer->timer);
    informer->timer = NULL;
    stream_sweep(informer->stream);
}

bool
informer_is_synced(const struct informer *informer)
{
    return informer->is_synced;
}

static void
give(struct informer *informer, struct object *old, struct object *now, uint64_t rev)
{
    struct late *late;

    if (informer->state == HANDLER_LIVE) {
        informer->handler(informer->ctx, old, now, rev);
        return;
    }
    if (informer->state != HANDLER_REPLAYS) {
        return;
    }
    late = MEM_NEW(struct late);
    late->old = object_ref(old);
    late->now = object_ref(now);
    late->rev = rev;
    *informer->late_last = late;
    informer->late_last = &late->next;
}

void
informer_dispatch(struct informer_stream *stream, struct object *old, struct object *now,
                  uint64_t rev)
{
    stream->dispatching++;
    for (struct informer *informer = stream->handlers; informer != NULL;
         informer = informer->next) {
        give(informer, old, now, rev);
    }
    stream->dispatching--;
    stream_sweep(stream);
}

/* Goes on with the replay: a slice of what was there, then what came since. */
static void
replay_step(void *ctx)
{
    struct informer *informer = ctx;
    struct informer_stream *stream = informer->stream;
    struct object *object = NULL;

    informer->timer = NULL;
    stream->dispatching++;
    for (int i = 0; i < REPLAY_MAX && informer->state == HANDLER_REPLAYS; i++) {
        object = cache_next(&informer->iter);
        if (object == NULL) {
            break;
        }
        informer->handler(informer->ctx, NULL, object, object->rev);
    }
    while (object == NULL && informer->late != NULL && informer->state == HANDLER_REPLAYS) {
        struct late *late = informer->late;
        informer->late = late->next;
        if (informer->late == NULL) {
            informer->late_last = &informer->late;
        }
        informer->handler(informer->ctx, late->old, late->now, late->rev);
        late_free(late);
    }
    if (informer->state == HANDLER_REPLAYS && object != NULL) {
        informer->timer = loop_timer(stream->of->loop, 0, replay_step, informer);
    } else if (informer->state == HANDLER_REPLAYS) {
        informer->state = HANDLER_LIVE;
        informer->is_synced = true;
        cache_free(informer->pin);
        informer->pin = NULL;
        if (informer->synced != NULL) {
            informer->synced(informer->ctx);
        }
    }
    stream->dispatching--;
    stream_sweep(stream);
}

void
informer_listed(struct informer_stream *stream)
{
    stream->is_listed = true;
    for (struct informer *informer = stream->handlers; informer != NULL;
         informer = informer->next) {
        if (informer->state == HANDLER_WAITS) {
            replay_pin(informer);
            informer->timer = loop_timer(stream->of->loop, 0, replay_step, informer);
        }
    }
}

/* ---- own writes ---- */

void
informer_take(struct informers *informers, struct object *object)
{
    struct informer_stream *stream = stream_find(informers, object->resource);

    /* The local form: the sink had the event before the answer was given. */
    if (!is_local(informers) && stream != NULL) {
        informer_remote_take(stream->remote, object);
    }
}

void
informer_take_deleted(struct informers *informers, const struct resource *resource, struct str ns,
                      struct str name, struct str uid)
{
    struct informer_stream *stream = stream_find(informers, resource);

    if (!is_local(informers) && stream != NULL) {
        informer_remote_take_deleted(stream->remote, ns, name, uid);
    }
}

static void
refresh_now(void *ctx)
{
    struct informer_refresh *refresh = ctx;
    void (*fn)(void *) = refresh->fn;
    void *fn_ctx = refresh->ctx;

    refresh->timer = NULL;
    refresh_free(refresh);
    fn(fn_ctx);
}

void
informer_refresh(struct informers *informers, const struct resource *resource, void (*fn)(void *),
                 void *ctx)
{
    struct informer_stream *stream = stream_find(informers, resource);
    struct informer_refresh *refresh;

    if (!is_local(informers) && stream != NULL) {
        informer_remote_refresh(stream->remote, fn, ctx);
        return;
    }
    /* The server's own cache is always fresh; of what nobody watches there is nothing to list. */
    refresh = MEM_NEW(struct informer_refresh);
    refresh->of = informers;
    refresh->fn = fn;
    refresh->ctx = ctx;
    refresh->next = informers->refreshes;
    informers->refreshes = refresh;
    refresh->timer = loop_timer(informers->loop, 0, refresh_now, refresh);
}

void
informer_refresh_cancel(struct informers *informers, void *ctx)
{
    for (struct informer_refresh *refresh = informers->refreshes, *next; refresh != NULL;
         refresh = next) {
        next = refresh->next;
        if (refresh->ctx == ctx) {
            refresh_free(refresh);
        }
    }
    for (struct informer_stream *stream = informers->streams; stream != NULL;
         stream = stream->next) {
        if (stream->remote != NULL) {
            informer_remote_refresh_cancel(stream->remote, ctx);
        }
    }
}
