/* What a container may use, in the kernel's units.  Pure. */
#ifndef BINNACLE_AGENT_POD_LIMITS_H
#define BINNACLE_AGENT_POD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

enum { POD_LIMITS_PERIOD_US = 100000 };
struct pod_limits {
    int64_t cpu_shares, cpu_quota_us; /* quota 0: none */
    int64_t memory_bytes;             /* 0: no limit */
    int64_t oom_score_adj;
};
int64_t pod_limits_shares(int64_t cpu_milli);
int64_t pod_limits_quota(int64_t cpu_milli); /* 0 gives 0 */
/* node_memory_bytes: of the machine. */
void pod_limits_of(struct val pod, struct val container, int64_t node_memory_bytes,
                   struct pod_limits *ret);
bool pod_limits_same(const struct pod_limits *a,
                     const struct pod_limits *b); /* but for the score */
/* Of the pod as a whole: what its containers may use together. */
void pod_limits_of_pod(struct val pod, struct arena *arena, struct pod_limits *ret);
/* The cgroup its containers stand in: "/kubepods/burstable/podUID", or the slice of that name. */
struct str pod_limits_cgroup(struct val pod, bool is_systemd, struct arena *arena);

#endif
