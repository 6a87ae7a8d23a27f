/* Resources: what is free, least allocated, balanced.  Pure.
 *
 * kube-scheduler's NodeResourcesFit (LeastAllocated) and NodeResourcesBalancedAllocation with
 * their defaults: cpu and memory, weight 1 each; release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "scheduler/sched_plan.h"

static void
need(const struct sched_try *pod, struct str what, int64_t wanted, int64_t free_amount,
     struct sched_verdict *out)
{
    if (wanted > 0 && wanted > free_amount) {
        struct sched_reason reason = {
            .text = arena_printf(pod->arena, "Insufficient " STR_FMT, STR_ARG(what)),
            .what = what,
            .need = wanted,
            .have = free_amount,
            .has_amounts = true,
        };
        sched_verdict_add(out, &reason);
    }
}

void
sched_fit_filter(const struct sched_try *pod, const struct sched_node *node,
                 struct sched_verdict *out)
{
    const struct sched_demand *d = &pod->demand, *t = &node->total, *u = &node->used;
    bool is_beyond =
        d->cpu_milli > t->cpu_milli || d->memory > t->memory || d->ephemeral > t->ephemeral;
    if (node->used_pods + 1 > node->total_pods) {
        struct sched_reason reason = { .text = STR("Too many pods"),
                                       .what = STR("pods"),
                                       .need = 1,
                                       .have = node->total_pods - node->used_pods,
                                       .has_amounts = true };
        sched_verdict_add(out, &reason);
    }
    need(pod, STR("cpu"), d->cpu_milli, t->cpu_milli - u->cpu_milli, out);
    need(pod, STR("memory"), d->memory, t->memory - u->memory, out);
    need(pod, STR("ephemeral-storage"), d->ephemeral, t->ephemeral - u->ephemeral, out);
    for (size_t i = 0; i < d->others.len; i++) {
        const struct pod_amount *a = &d->others.at[i];
        int64_t total = pod_amounts_get(&t->others, a->name);
        need(pod, a->name, a->value, total - pod_amounts_get(&u->others, a->name), out);
        is_beyond = is_beyond || a->value > total;
    }
    out->is_unresolvable = out->reason_len > 0 && is_beyond;
}

/* Milli-cores or bytes that a node would have taken with this pod, in parts of 100 that are free. */
static int64_t
least(int64_t taken, int64_t total)
{
    return total == 0 || taken > total ? 0 : (int64_t)((__int128)(total - taken) * 100 / total);
}

void
sched_fit_least_allocated(const struct sched_try *pod, struct sched_node *const *nodes, size_t len,
                          int64_t *scores)
{
    const struct sched_demand *d = &pod->demand;
    for (size_t i = 0; i < len; i++) {
        const struct sched_node *n = nodes[i];
        int64_t cpu = least(n->used.scored_cpu_milli + d->scored_cpu_milli, n->total.cpu_milli);
        int64_t memory = least(n->used.scored_memory + d->scored_memory, n->total.memory);
        scores[i] = (cpu + memory) / 2;
    }
}

static double
fraction(int64_t taken, int64_t total)
{
    double f = total == 0 ? 1 : (double)taken / (double)total;
    return f > 1 ? 1 : f;
}

/* With two resources the standard deviation is half their distance. */
void
sched_fit_balanced(const struct sched_try *pod, struct sched_node *const *nodes, size_t len,
                   int64_t *scores)
{
    const struct sched_demand *d = &pod->demand;
    bool asks_for_nothing = d->cpu_milli == 0 && d->memory == 0;
    for (size_t i = 0; i < len; i++) {
        const struct sched_node *n = nodes[i];
        double cpu = fraction(n->used.cpu_milli + d->cpu_milli, n->total.cpu_milli);
        double memory = fraction(n->used.memory + d->memory, n->total.memory);
        double distance = cpu > memory ? cpu - memory : memory - cpu;
        /* BestEffort pods are left out of this score. */
        scores[i] = asks_for_nothing ? 0 : (int64_t)((1 - distance / 2) * 100);
    }
}
