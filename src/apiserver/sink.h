/* The sink: commits of the store → cache, event ring, subscribers, watches.  Loop thread. */
#ifndef BINNACLE_APISERVER_SINK_H
#define BINNACLE_APISERVER_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "client/informer.h"

struct buf;
struct cache;
struct err;
struct loop;
struct object;
struct registry;
struct resource;
struct sink;
struct sink_slot;
struct store;

/* Ring budget: bytes that only the ring keeps alive, and the least number of events. */
struct sink_limits {
    size_t ring_bytes; /* 0: 32 MiB */
    size_t ring_min;   /* 0: 1,024 */
};
struct sink *sink_new(struct loop *loop, struct store *store, struct registry *registry,
                      const struct sink_limits *limits);
void sink_free(struct sink *sink); /* no cursor and no subscriber is left by then */
/* Lists the store into the cache, starts its watch, then done. */
void sink_start(struct sink *sink, void (*done)(void *ctx, struct err *owned), void *ctx);
struct cache *sink_cache(struct sink *sink);
uint64_t sink_rev(const struct sink *sink);
uint64_t sink_floor_rev(const struct sink *sink); /* of the store: 410 below it */
/* Bytes of objects that were replaced or removed since the start: what a pin may keep alive. */
uint64_t sink_dead_bytes(const struct sink *sink);

/* The tag of a store_write from this process: the sink leaves the published object in it (of a
 * delete: its last state, at the delete's revision). The writer owns the reference. */
struct sink_tag {
    struct object *object;
};

/* An event as a cursor gives it; valid until the cursor is asked again. */
struct sink_event {
    uint64_t rev;
    struct object *old, *now; /* before and after; old of a change is NULL unless asked for */
    bool was_there;           /* it existed before: MODIFIED, not ADDED */
    struct sink_slot *slot;
};
/* The old state at the event's revision, as a DELETED event shows it: made once per event. */
struct object *sink_event_gone(const struct sink_event *event);
/* Encodings of an event shared by its watchers, by an id of version and media type; sink_event_keep
 * takes the reference over. NULL when there is none yet. */
enum { SINK_ENCODINGS = 4 };
struct buf *sink_event_encoding(const struct sink_event *event, uint32_t id);
void sink_event_keep(const struct sink_event *event, uint32_t id, struct buf *encoding);

/* A cursor over events of one resource from after_rev on; fed from the store where the ring no
 * longer reaches back. wake(ctx) when there is more after sink_next said WAIT. */
struct sink_cursor;
enum sink_rc {
    SINK_EVENT,
    SINK_WAIT,
    SINK_FELL_OFF /* end the stream cleanly */,
    SINK_EXPIRED /* 410 */
};
struct sink_cursor *sink_cursor_new(struct sink *sink, const struct resource *resource,
                                    uint64_t after_rev, bool wants_old, void (*wake)(void *),
                                    void *ctx);
enum sink_rc sink_next(struct sink_cursor *cursor, struct sink_event *ret);
/* Everything of this resource up to here was given: for bookmarks. */
uint64_t sink_cursor_rev(const struct sink_cursor *cursor);
void sink_cursor_free(struct sink_cursor *cursor); /* NULL allowed */

/* Local subscribers are called before the dones of the batch, in revision order. */
void *sink_subscribe(struct sink *sink, const struct resource *resource, informer_fn *fn,
                     void *ctx);
void sink_unsubscribe(struct sink *sink, void *subscription);
/* fn once when the sink has reached rev (deferred, when it has), or at the deadline (0: none).
 * → handle to cancel; fn is not called then. */
void *sink_wait(struct sink *sink, uint64_t rev, int64_t deadline_ms,
                void (*fn)(void *ctx, bool reached), void *ctx);
void sink_wait_cancel(struct sink *sink, void *handle);

#endif
