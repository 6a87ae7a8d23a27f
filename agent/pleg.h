/* What changes in the container runtime: a relist every second, or the runtime's own events, and a
 * look at each pod that changed.  Loop thread. */
#ifndef BINNACLE_AGENT_PLEG_H
#define BINNACLE_AGENT_PLEG_H

#include <stdint.h>

#include "base/str.h"

struct cri;
struct err;
struct loop;
struct pleg;
struct runtime_snapshot;

struct pleg_spec {
    struct loop *loop;
    struct cri *cri;
    /* The pod is now like this; without sandboxes and containers: nothing of it is left. The snapshot
     * is the callee's. */
    void (*seen)(void *ctx, struct str pod_uid, struct runtime_snapshot *owned);
    /* Once: everything that was there at the start has been seen. */
    void (*synced)(void *ctx);
    /* A relist worked (NULL) or did not; every time. */
    void (*health)(void *ctx, const struct err *err);
    void *ctx;
};
struct pleg *pleg_new(const struct pleg_spec *spec);
void pleg_free(struct pleg *pleg); /* NULL allowed; not inside a callback */
/* Looks at this pod now: an action on it has ended. seen follows, even if nothing changed; the effects of the
 * action are in snapshots of the generation that is returned, and later ones. */
uint64_t pleg_look(struct pleg *pleg, struct str pod_uid);

#endif
