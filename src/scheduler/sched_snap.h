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
    struct sched_node *node; /* NULL: it takes nothing */
    struct sched_pod *next;  /* on the same node */
    struct arena *arena;     /* NULL without a node */
    uint64_t seen;           /* generation of the last update that met it */
    bool has_ports;
    bool is_assumed; /* there by sched_snap_assume: the next update looks again */
    bool is_astray;  /* it names a node that is not there: looked at each time */
    /* Of those that wait to be placed by this scheduler. */
    bool is_waiting;
    int64_t priority;
    struct str created; /* of the object's bytes */
    uint64_t
        refused_at; /* version of the snapshot where it fitted nowhere and was told so; 0: none */
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
/* What the pod takes is free, until the next update. */
void sched_snap_lift(struct sched_snap *snap, struct str pod_uid);
size_t sched_snap_len(const struct sched_snap *snap);
struct sched_node *sched_snap_at(const struct sched_snap *snap, size_t i); /* sorted by name */
struct sched_node *sched_snap_find(const struct sched_snap *snap,
                                   struct str node_name); /* or NULL */
/* Pods that wait, most important first, then oldest; those that were refused on this very snapshot
 * are left out. ret_all: how many wait at all. */
size_t sched_snap_waiting(const struct sched_snap *snap, struct arena *arena,
                          struct sched_pod ***ret, size_t *ret_all);
/* It fits nowhere, which was told: it need not be tried before something changes for the better. */
void sched_snap_refuse(const struct sched_snap *snap, struct sched_pod *pod);
/* What a pod asks for, in the arena. */
struct sched_demand sched_snap_demand(struct object *pod, struct arena *arena);

#endif
