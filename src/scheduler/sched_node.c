/* Plug-ins about the node itself: unschedulable, name, affinity, host ports.  Pure.
 *
 * Reasons are those of kube-scheduler's plugins of the same names, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/pod_fit.h"
#include "base/mem.h"
#include "scheduler/sched_plan.h"

static void
refuse(struct sched_verdict *out, struct str text, struct str what, bool is_unresolvable)
{
    sched_verdict_add(out, &(struct sched_reason){ .text = text, .what = what });
    out->is_unresolvable = is_unresolvable;
}

void
sched_node_unschedulable(const struct sched_try *pod, const struct sched_node *node,
                         struct sched_verdict *out)
{
    if (!val_bool(val_at(object_val(node->object), "spec.unschedulable"), false)) {
        return;
    }
    /* A pod that tolerates the taint of a cordoned node may go there. */
    static const char taint[] =
        "{\"key\":\"node.kubernetes.io/unschedulable\",\"effect\":\"NoSchedule\"}";
    struct err *err = NULL;
    struct doc *doc = doc_parse(pod->arena, str_of(taint), &err);
    VAL_EACH (it, val_get(pod->spec, "tolerations")) {
        if (pod_fit_tolerates(it.value, doc_root(doc))) {
            return;
        }
    }
    refuse(out, STR("node(s) were unschedulable"), (struct str){ 0 }, true);
}

void
sched_node_name(const struct sched_try *pod, const struct sched_node *node,
                struct sched_verdict *out)
{
    struct str wanted = val_str(val_get(pod->spec, "nodeName"));
    if (wanted.size > 0 && !str_eq(wanted, node->object->name)) {
        refuse(out, STR("node(s) didn't match the requested node name"), wanted, true);
    }
}

void
sched_node_affinity(const struct sched_try *pod, const struct sched_node *node,
                    struct sched_verdict *out)
{
    if (!pod_fit_selects_node(pod->spec, node->object->labels, node->object->name)) {
        refuse(out, STR("node(s) didn't match Pod's node affinity/selector"), (struct str){ 0 },
               true);
    }
}

void
sched_node_affinity_score(const struct sched_try *pod, struct sched_node *const *nodes, size_t len,
                          int64_t *scores)
{
    struct val preferred =
        val_at(pod->spec, "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution");
    for (size_t i = 0; i < len; i++) {
        scores[i] = 0;
        VAL_EACH (it, preferred) {
            const struct object *node = nodes[i]->object;
            if (pod_fit_term_matches(val_get(it.value, "preference"), node->labels, node->name)) {
                scores[i] += val_int(val_get(it.value, "weight"), 0);
            }
        }
    }
    sched_plan_normalise(scores, len, false);
}

void
sched_node_ports(const struct sched_try *pod, const struct sched_node *node,
                 struct sched_verdict *out)
{
    for (const struct sched_pod *other = node->pods; other != NULL; other = other->next) {
        if (!other->has_ports) {
            continue;
        }
        object_pin(other->object);
        bool clashes = pod_fit_ports_clash(pod->spec, val_get(object_val(other->object), "spec"));
        object_unpin(other->object);
        if (clashes) {
            refuse(out, STR("node(s) didn't have free ports for the requested pod ports"),
                   (struct str){ 0 }, false);
            return;
        }
    }
}
