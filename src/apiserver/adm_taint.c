/* TaintNodesByCondition: a new node takes no pods before it has said that it is ready.
 *
 * A row of admission.c. After plugin/pkg/admission/nodetaint. Loop thread. */
#include "config.h"

#include "apiserver/admission.h"

#define NOT_READY "node.kubernetes.io/not-ready"

static enum step_rc
mutate(struct req *req, struct err **err)
{
    struct val taints = val_at(doc_root(req->now), "spec.taints");
    struct edit edit;
    if (!admission_is(req, "", "nodes", "")) {
        return STEP_NEXT;
    }
    VAL_EACH (it, taints) {
        if (val_is_str(val_get(it.value, "key"), NOT_READY) &&
            val_is_str(val_get(it.value, "effect"), "NoSchedule")) {
            return STEP_NEXT;
        }
    }
    edit_init(&edit, req->arena);
    admission_append(&edit, taints, "/spec/taints",
                     STR("{\"key\":\"" NOT_READY "\",\"effect\":\"NoSchedule\"}"));
    return admission_edit(req, &edit, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

const struct admission_plugin adm_taint = {
    .name = "TaintNodesByCondition",
    .verbs = VERB_CREATE,
    .mutate = mutate,
};
