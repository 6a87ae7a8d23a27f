/* The sink from the inside: sink.c and sink_cursor.c only. */
#ifndef BINNACLE_APISERVER_SINK_IMPL_H
#define BINNACLE_APISERVER_SINK_IMPL_H

#include "apiserver/sink_ring.h"
#include "base/map.h"

struct sink_subscription {
    struct sink_topic *topic;
    struct sink_subscription *next;
    informer_fn *fn; /* NULL: unsubscribed while the list was walked */
    void *ctx;
};
/* What belongs to one stored resource. */
struct sink_topic {
    const struct resource *resource; /* the row of the stored form */
    struct sink_row row;
    struct sink_cursor *cursors; /* all that live */
    struct sink_subscription *subscriptions;
    bool is_touched; /* by the batch that is being taken in */
    struct sink_topic *next_touched;
};
struct sink_waiter {
    struct sink *sink;
    struct sink_waiter *next;
    uint64_t rev;
    struct loop_timer *timer;
    void (*fn)(void *ctx, bool reached);
    void *ctx;
};
struct sink {
    struct loop *loop;
    struct store *store;
    struct registry *registry; /* referenced */
    struct cache *cache;
    struct sink_ring ring;
    struct map topics; /* "group/plural" → struct sink_topic */
    uint64_t start_rev, dead_bytes;
    struct sink_waiter *waiters;
    bool is_walking; /* subscriptions: frees are put off */
    void (*on_started)(void *ctx, struct err *owned);
    void *started_ctx;
};

/* The topic of a resource row, made when needed; of a key, NULL for what no row describes. */
struct sink_topic *sink_topic_of(struct sink *sink, const struct resource *resource);
struct sink_topic *sink_topic_of_key(struct sink *sink, struct str key, struct str *ret_ns,
                                     struct str *ret_name);
/* sink_cursor.c: the topic has new events. */
void sink_cursor_wake_all(struct sink_topic *topic);

#endif
