/* One pod against a snapshot: a node, or why not.  Pure; shared by the loop, `why` and what-if. */
#ifndef BINNACLE_SCHEDULER_SCHED_PLAN_H
#define BINNACLE_SCHEDULER_SCHED_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"
#include "scheduler/sched_snap.h"

struct arena;
struct object;

/* A pod on its way; values stay valid while the object is pinned (sched_plan_pod pins nothing). */
struct sched_try {
    struct arena *arena;
    const struct sched_snap *snap;
    struct object *object;
    struct val spec;
    struct sched_demand demand;
    uint64_t random; /* decides between equal nodes */
};

/* One reason of one plug-in against one node; need and have where it is about amounts. */
struct sched_reason {
    struct str text; /* upstream's words: "Insufficient cpu" */
    struct str what; /* resource, taint or port; absent if none */
    int64_t need, have;
    bool has_amounts;
};
enum { SCHED_REASONS_MAX = 8 };
struct sched_verdict {
    const char *plugin; /* the first that refused, NULL: fits */
    struct sched_reason reasons[SCHED_REASONS_MAX];
    size_t reason_len;
    bool is_unresolvable; /* no eviction would help (UnschedulableAndUnresolvable) */
};
void sched_verdict_add(struct sched_verdict *verdict, const struct sched_reason *reason);

typedef void sched_filter_fn(const struct sched_try *pod, const struct sched_node *node,
                             struct sched_verdict *out);
/* Raw scores of all fitting nodes → 0…100 each, in place. */
typedef void sched_score_fn(const struct sched_try *pod, struct sched_node *const *nodes,
                            size_t len, int64_t *scores);
struct sched_plugin {
    const char *name;
    sched_filter_fn *filter;
    sched_score_fn *score;
    int weight;
};
extern const struct sched_plugin sched_plan_plugins[];
extern const size_t sched_plan_plugin_len;

struct sched_result {
    struct sched_node *node;        /* NULL: none fits */
    struct sched_verdict *verdicts; /* one per node of the snapshot, in its order */
    int64_t *scores;                /* total of each fitting node, -1 of others */
    struct str message;             /* FailedScheduling's, when none fits */
};
/* The object must be pinned. */
struct sched_try sched_plan_try(struct object *pod, const struct sched_snap *snap, uint64_t random,
                                struct arena *arena);
struct sched_result sched_plan(const struct sched_try *pod);
/* `GET …/pods/X/why`: node × check × verdict × need/have, from the same call. */
void sched_why_write(const struct sched_try *pod, const struct sched_result *result,
                     struct jw *out);

/* sched_plugins.def names these. */
sched_filter_fn sched_node_unschedulable, sched_node_name, sched_node_affinity, sched_node_ports;
sched_filter_fn sched_taint_filter, sched_fit_filter;
sched_score_fn sched_taint_score, sched_node_affinity_score, sched_fit_least_allocated,
    sched_fit_balanced;
/* Helper of score functions: highest becomes 100 (or 0 when reversed), others in proportion. */
void sched_plan_normalise(int64_t *scores, size_t len, bool is_reversed);

#endif
