/* Inside informer_remote.c and informer_merge.c: one resource's list and watch. */
#ifndef BINNACLE_CLIENT_INFORMER_REMOTE_PRIV_H
#define BINNACLE_CLIENT_INFORMER_REMOTE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"

struct arena;
struct cache;
struct client;
struct handle;
struct informer_stream;
struct informer_waiter;
struct loop;
struct loop_timer;
struct object;
struct resource;
struct selector;
struct watch_event;

struct informer_remote {
    struct informer_stream *stream; /* NULL once closed */
    struct loop *loop;
    struct client *client;
    const struct resource *resource;
    struct arena *arena; /* selectors */
    struct str field_text, label_text;
    struct selector *fields, *labels;

    uint64_t rev;      /* where the watch goes on */
    uint64_t list_rev; /* of the last finished list: older events say nothing new */
    bool needs_list;
    struct handle *list, *watch;
    uint64_t list_number; /* lists begun */
    uint64_t page_rev;    /* of the list that runs */
    struct cache *fresh;  /* what it has brought */
    int64_t watch_began_ms;
    int64_t backoff_ms;
    struct loop_timer *retry;
    struct map floors; /* uid → the revision from which news of it count: informer_merge.c */
    struct informer_waiter *waiters;
    int holds;
    uint64_t seed; /* of the jitter */
};

/* Around everything that calls handlers: one of them may close the informer. */
void informer_remote_hold(struct informer_remote *remote);
void informer_remote_release(struct informer_remote *remote);

/* ---- informer_merge.c: what is believed. Each may call handlers: hold. ---- */

/* Brings the cache to what the list in remote->fresh says, as of remote->list_rev. */
void informer_merge_list(struct informer_remote *remote);
/* A watch event with an object. */
void informer_merge_event(struct informer_remote *remote, const struct watch_event *event);
/* The cache and the next watch are at least at this revision. */
void informer_merge_rev(struct informer_remote *remote, uint64_t rev);

#endif
