/* The scheduler's snapshot: nodes with what is taken, kept up with the cache.  Loop thread. */
#ifndef BINNACLE_SCHEDULER_SCHED_SNAP_H
#define BINNACLE_SCHEDULER_SCHED_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/pod_resources.h"
#include "base/str.h"

struct arena;
struct cache;
struct object;
struct resource;
struct sched_snap;

/* cpu and memory stand apart because every pod has them; the rest goes by name. */
struct sched_demand {
    int64_t cpu_milli, memory, ephemeral;
    int64_t scored_cpu_milli, scored_memory; /* with the defaults of pods that ask for nothing */
    struct pod_amounts others;               /* extended resources and huge pages */
};
struct sched_pod {
    struct object *object; /* referenced */
    struct sched_demand demand;
    struct sched_node *node;
    struct sched_pod *next; /* on the same node */
    struct arena *arena;
    uint64_t seen; /* generation of the last update that met it */
    bool has_ports;
};
struct sched_node {
    struct object *object; /* referenced */
    struct sched_demand total, used;
    int64_t total_pods, used_pods;
    struct sched_pod *pods;
    struct arena *arena;
    uint64_t seen;
};

struct sched_snap *sched_snap_new(const struct resource *pods, const struct resource *nodes);
void sched_snap_free(struct sched_snap *snap);
/* Brings the snapshot up to the cache; costs a pointer comparison per object that did not change. */
void sched_snap_update(struct sched_snap *snap, const struct cache *cache);
/* Counts a pod as if it stood on the node, until the next update sees where it really is. */
void sched_snap_assume(struct sched_snap *snap, struct object *pod, struct sched_node *node);
size_t sched_snap_len(const struct sched_snap *snap);
struct sched_node *sched_snap_at(const struct sched_snap *snap, size_t i); /* sorted by name */
struct sched_node *sched_snap_find(const struct sched_snap *snap,
                                   struct str node_name); /* or NULL */
/* What a pod asks for, in the arena. */
struct sched_demand sched_snap_demand(struct object *pod, struct arena *arena);

#endif
