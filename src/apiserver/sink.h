/* The sink: commits of the store → cache, event ring, subscribers, watches.  Loop thread. */
#ifndef BINNACLE_APISERVER_SINK_H
#define BINNACLE_APISERVER_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "client/informer.h"

struct cache;
struct err;
struct loop;
struct object;
struct registry;
struct sink;
struct store;

/* Ring budget: bytes that only the ring keeps alive, and the least number of events. */
struct sink_limits {
    size_t ring_bytes; /* 0: 32 MiB */
    size_t ring_min;   /* 0: 1,024 */
};
struct sink *sink_new(struct loop *loop, struct store *store, struct registry *registry,
                      const struct sink_limits *limits);
void sink_free(struct sink *sink);
/* Lists the store into the cache, starts its watch, then done. */
void sink_start(struct sink *sink, void (*done)(void *ctx, struct err *owned), void *ctx);
struct cache *sink_cache(struct sink *sink);
uint64_t sink_rev(const struct sink *sink);

struct sink_event {
    uint64_t rev;
    struct object *old, *now; /* references held by the ring */
};
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
                                    uint64_t after_rev, void (*wake)(void *), void *ctx);
enum sink_rc sink_next(struct sink_cursor *cursor, struct sink_event *ret);
void sink_cursor_free(struct sink_cursor *cursor);

/* Local subscribers are called before the dones of the batch, in revision order. */
void *sink_subscribe(struct sink *sink, const struct resource *resource, informer_fn *fn,
                     void *ctx);
void sink_unsubscribe(struct sink *sink, void *subscription);
/* fn once when the sink has reached rev (at once, deferred, when it has). → handle to cancel. */
void *sink_wait(struct sink *sink, uint64_t rev, int64_t deadline_ms,
                void (*fn)(void *ctx, bool reached), void *ctx);
void sink_wait_cancel(struct sink *sink, void *handle);

#endif
