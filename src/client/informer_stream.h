/* Inside informer*.c: one resource's stream of changes and what feeds it. */
#ifndef BINNACLE_CLIENT_INFORMER_STREAM_H
#define BINNACLE_CLIENT_INFORMER_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "client/informer.h"

struct informer_remote;

/* One resource: its handlers, and the sink's subscription or the list and watch that feed it. */
struct informer_stream {
    struct informers *of;
    struct informer_stream *next;
    const struct resource *resource;
    struct informer *handlers;
    bool is_listed; /* the cache holds what the first list brought */
    int dispatching;
    void *subscription;             /* local form */
    struct informer_remote *remote; /* remote form */
};
struct informers {
    struct loop *loop;
    struct client *client; /* NULL: the local form */
    struct cache *cache;
    const struct informer_source *source;
    void *source_ctx;
    struct informer_stream *streams;
    struct informer_refresh *refreshes; /* calls owed that need no list */
};

/* Gives a change that stands in the cache already to the handlers that are past their replay. */
void informer_dispatch(struct informer_stream *stream, struct object *old, struct object *now,
                       uint64_t rev);
void informer_listed(struct informer_stream *stream); /* the first list is in the cache */

/* ---- informer_remote.c ---- */

struct informer_remote *informer_remote_new(struct informer_stream *stream,
                                            const struct informer_spec *spec);
bool informer_remote_is(const struct informer_remote *remote, const struct informer_spec *spec);
/* Stops list and watch; frees once their callbacks have come. */
void informer_remote_close(struct informer_remote *remote);
void informer_remote_take(struct informer_remote *remote, struct object *object);
void informer_remote_take_deleted(struct informer_remote *remote, struct str ns, struct str name,
                                  struct str uid);
void informer_remote_refresh(struct informer_remote *remote, void (*fn)(void *), void *ctx);
void informer_remote_refresh_cancel(struct informer_remote *remote, const void *ctx);

#endif
