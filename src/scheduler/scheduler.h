/* The scheduler: pending pods, in order of priority, to nodes.  Loop thread. */
#ifndef BINNACLE_SCHEDULER_SCHEDULER_H
#define BINNACLE_SCHEDULER_SCHEDULER_H

#include "base/doc.h"
#include "client/reconcile.h"

struct cache;
struct registry;
struct sched_snap;

/* The reconciler (one key, the queue); its env's part is a struct scheduler. */
extern const struct reconciler scheduler_reconciler;

struct scheduler {
    struct sched_snap *snap;
    const struct resource *pods, *nodes;
};
void scheduler_init(struct scheduler *scheduler, const struct registry *registry);
void scheduler_done(struct scheduler *scheduler);
/* Writes the `why` of a pod; false: there is no such pod. A bound pod only fits its node. */
bool scheduler_why(struct scheduler *scheduler, const struct cache *cache, struct str ns,
                   struct str name, struct jw *out);

#endif
