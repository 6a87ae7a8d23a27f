/* DefaultTolerationSeconds: a pod bears a node that is not ready or out of reach for five minutes,
 * unless it says otherwise.
 *
 * A row of admission.c. After plugin/pkg/admission/defaulttolerationseconds. Loop thread. */
#include "config.h"

#include "apiserver/admission.h"
#include "base/arena.h"
#include "base/mem.h"

static const char *const taints[] = {
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
};

static bool
is_tolerated(struct val tolerations, const char *key)
{
    VAL_EACH (it, tolerations) {
        struct str its_key = val_str(val_get(it.value, "key"));
        struct str effect = val_str(val_get(it.value, "effect"));
        if ((its_key.size == 0 || str_is(its_key, key)) &&
            (effect.size == 0 || str_is(effect, "NoExecute"))) {
            return true;
        }
    }
    return false;
}

static enum step_rc
mutate(struct req *req, struct err **err)
{
    struct val tolerations = val_at(doc_root(req->now), "spec.tolerations");
    struct edit edit;
    bool any = val_len(tolerations) > 0;
    if (!admission_is(req, "", "pods", "")) {
        return STEP_NEXT;
    }
    edit_init(&edit, req->arena);
    for (size_t i = 0; i < ARRAY_LEN(taints); i++) {
        if (is_tolerated(tolerations, taints[i])) {
            continue;
        }
        struct str json = arena_printf(req->arena,
                                       "{\"key\":\"%s\",\"operator\":\"Exists\",\"effect\":"
                                       "\"NoExecute\",\"tolerationSeconds\":300}",
                                       taints[i]);
        if (any) {
            edit_set(&edit, "/spec/tolerations/-", json);
        } else {
            admission_append(&edit, tolerations, "/spec/tolerations", json);
        }
        any = true;
    }
    return admission_edit(req, &edit, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

const struct admission_plugin adm_toleration = {
    .name = "DefaultTolerationSeconds",
    .verbs = VERB_CREATE | VERB_UPDATE,
    .mutate = mutate,
};
