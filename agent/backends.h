/* Services and their EndpointSlices, brought together by name: what the service proxy and the cluster's DNS
 * know.  Loop thread. */
#ifndef BINNACLE_AGENT_BACKENDS_H
#define BINNACLE_AGENT_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct backends;
struct informers;
struct object;
struct registry;

/* A Service, its slices, or both: whichever came first. */
struct backend {
    char *key;              /* "namespace/name" */
    struct object *service; /* NULL: none */
    struct object **slices;
    size_t slice_len, slice_capacity;
};

struct backends *backends_new(void);
void backends_free(struct backends *backends); /* NULL allowed */
/* From now on it follows the API. */
void backends_follow(struct backends *backends, struct informers *informers,
                     const struct registry *registry);
/* changed: of this Service something is others now, or it is gone; synced: all were listed, once. */
typedef void backends_changed_fn(void *ctx, struct str key);
void backends_listen(struct backends *backends, backends_changed_fn *changed,
                     void (*synced)(void *ctx), void *ctx);
bool backends_is_synced(const struct backends *backends);
/* Borrowed until the next change; NULL: there is none. */
const struct backend *backends_at(const struct backends *backends, struct str key);
/* Walk: begin with *iter = 0; NULL at the end. */
const struct backend *backends_next(const struct backends *backends, size_t *iter);

/* A change, for what follows the API and for tests: old NULL: new; now NULL: gone. */
void backends_service(struct backends *backends, struct object *old, struct object *now);
void backends_slice(struct backends *backends, struct object *old, struct object *now);

#endif
