/* Informers: list, watch, re-list on 410; handlers see every change in revision order.  Loop. */
#ifndef BINNACLE_CLIENT_INFORMER_H
#define BINNACLE_CLIENT_INFORMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cache;
struct client;
struct informer;
struct informers;
struct loop;
struct object;
struct resource;

/* old NULL: added; now NULL: deleted. Both are the objects before and after. */
typedef void informer_fn(void *ctx, struct object *old, struct object *now, uint64_t rev);
/* What the server's sink offers to informers_local. fn is called once the change stands in the
 * cache; unsubscribe may be called inside it. */
struct informer_source {
    void *(*subscribe)(void *source_ctx, const struct resource *resource, informer_fn *fn,
                       void *ctx);
    void (*unsubscribe)(void *source_ctx, void *subscription);
};

/* All informers of one process part share this: one cache, and per resource one list and watch with
 * one pair of selectors. Another selector of the same resource needs informers of its own. */
struct informers *informers_new(struct loop *loop, struct client *client);
/* Inside serve: handlers on the server's sink, and its cache; owns no tree (main.c calls this with
 * what apiserver_informers gives). */
struct informers *informers_local(struct loop *loop, struct cache *cache,
                                  const struct informer_source *source, void *source_ctx);
void informers_free(struct informers *informers); /* with its handlers; not inside one */
struct cache *informers_cache(struct informers *informers);

struct informer_spec {
    const struct resource *resource;
    struct str field_selector, label_selector; /* remote only; copied */
};
/* Adds a handler; existing objects arrive as added, in key order and later, then synced(ctx) once
 * (synced may be NULL), then every change. References are the handler's during the call only. */
struct informer *informer_add(struct informers *informers, const struct informer_spec *spec,
                              informer_fn *handler, void (*synced)(void *), void *ctx);
void informer_del(struct informer *informer); /* NULL allowed; also inside a handler */
bool informer_is_synced(const struct informer *informer);
/* The answer of an own write goes into the cache at once: per object the higher revision wins. */
void informer_take(struct informers *informers, struct object *object);
/* A DELETE answered with a Status: the key is gone; that uid is ignored until its event. */
void informer_take_deleted(struct informers *informers, const struct resource *resource,
                           struct str ns, struct str name, struct str uid);
/* After TIMEOUT or UNAVAILABLE: fn(ctx) when this kind was listed afresh. */
void informer_refresh(struct informers *informers, const struct resource *resource,
                      void (*fn)(void *), void *ctx);
void informer_refresh_cancel(struct informers *informers, void *ctx); /* fn is not called */

#endif
