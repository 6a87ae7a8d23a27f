/* Taints and tolerations.  Pure; kube-scheduler's TaintToleration plug-in, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/pod_fit.h"
#include "scheduler/sched_plan.h"

static struct val
taints_of(const struct sched_node *node)
{
    return val_at(object_val(node->object), "spec.taints");
}

void
sched_taint_filter(const struct sched_try *pod, const struct sched_node *node,
                   struct sched_verdict *out)
{
    struct val taint = pod_fit_untolerated(val_get(pod->spec, "tolerations"), taints_of(node),
                                           POD_FIT_NO_SCHEDULE | POD_FIT_NO_EXECUTE);
    if (val_is(taint)) {
        struct sched_reason reason = { .text = STR("node(s) had untolerated taint(s)"),
                                       .what = val_str(val_get(taint, "key")) };
        sched_verdict_add(out, &reason);
        out->is_unresolvable = true;
    }
}

/* Fewer PreferNoSchedule taints that the pod does not tolerate is better. */
void
sched_taint_score(const struct sched_try *pod, struct sched_node *const *nodes, size_t len,
                  int64_t *scores)
{
    struct val tolerations = val_get(pod->spec, "tolerations");
    for (size_t i = 0; i < len; i++) {
        scores[i] = 0;
        VAL_EACH (taint, taints_of(nodes[i])) {
            bool is_tolerated = !val_is_str(val_get(taint.value, "effect"), "PreferNoSchedule");
            VAL_EACH (it, tolerations) {
                struct str effect = val_str(val_get(it.value, "effect"));
                bool may_prefer = effect.size == 0 || str_is(effect, "PreferNoSchedule");
                is_tolerated =
                    is_tolerated || (may_prefer && pod_fit_tolerates(it.value, taint.value));
            }
            scores[i] += is_tolerated ? 0 : 1;
        }
    }
    sched_plan_normalise(scores, len, true);
}
