/* What a pod and its containers may use: the pod's own group, resizes of what runs. Called by the pod's
 * plan; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_list.h"
#include "agent/pod_plan.h"
#include "agent/pod_plan_priv.h"
#include "agent/pod_resize.h"
#include "agent/runtime.h"

static enum pod_resize_step
step_of(const struct planner *p, struct val container, const struct runtime_container *seen)
{
    struct pod_resize_in in = { .pod = p->in->pod,
                                .container = container,
                                .seen = seen,
                                .fact = pod_facts_of(p->in->facts, seen->name),
                                .arena = p->in->arena };

    return pod_resize_step(&in);
}

/* The more generous of two limits, of which 0 is none. */
static int64_t
wider(int64_t a, int64_t b)
{
    return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

static bool
is_resized(const struct planner *p)
{
    for (int list = 0; list < POD_LIST_EPHEMERAL; list++) {
        VAL_EACH (it, val_get(p->spec, pod_list_member((enum pod_list)list))) {
            struct str name = val_str(val_get(it.value, "name"));
            const struct runtime_container *seen =
                runtime_container(p->in->seen, name, (struct str){ 0 }, 0);

            if (seen != NULL && step_of(p, it.value, seen) != POD_RESIZE_DONE) {
                return false;
            }
        }
    }
    return true;
}

bool
pod_plan_limit(struct planner *p)
{
    const struct pod_facts *facts = p->in->facts;
    struct pod_limits wanted, wide;
    struct pod_act *act;
    bool must_wait;

    pod_limits_of_pod(p->in->pod, p->in->arena, &wanted);
    wide = wanted;
    if (facts->has_limits && pod_limits_same(&wanted, &facts->limits)) {
        return true;
    }
    if (facts->has_limits && !is_resized(p)) {
        wide.cpu_quota_us = wider(wanted.cpu_quota_us, facts->limits.cpu_quota_us);
        wide.memory_bytes = wider(wanted.memory_bytes, facts->limits.memory_bytes);
    }
    must_wait = !facts->has_limits || !pod_limits_same(&wide, &facts->limits);
    act = must_wait || is_resized(p) ? pod_plan_act(p, POD_ACT_LIMITS, (struct str){ 0 }) : NULL;
    if (act != NULL) {
        act->limits = wide;
    }
    return !must_wait;
}

void
pod_plan_resize(struct planner *p, struct val container, const struct runtime_container *seen)
{
    struct pod_act *act;

    switch (step_of(p, container, seen)) {
    case POD_RESIZE_DONE:
        break;
    case POD_RESIZE_UPDATE:
        act = pod_plan_act(p, POD_ACT_RESIZE, seen->name);
        if (act != NULL) {
            act->id = seen->id;
        }
        break;
    case POD_RESIZE_RESTART:
        (void)pod_plan_kill(p, seen, pod_plan_grace_s(p),
                            "Container " STR_FMT " resize requires restart", STR_ARG(seen->name));
        break;
    }
}
