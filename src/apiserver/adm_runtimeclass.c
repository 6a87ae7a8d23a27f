/* RuntimeClass: a pod's runtime must exist; its overhead, node selector and tolerations come along.
 *
 * A row of admission.c. After plugin/pkg/admission/runtimeclass of release 1.35. Loop thread. */
#include "config.h"

#include "api/object.h"
#include "apiserver/admission.h"
#include "base/arena.h"
#include "base/mem.h"

#define REJECTED "pod rejected: "

static bool
is_of_a_pod(const struct req *req)
{
    return admission_is(req, "", "pods", "") && admission_operation(req) == VERB_CREATE;
}

/* NULL: the pod names none. */
static enum step_rc
find_class(struct req *req, struct object **ret, struct err **err)
{
    struct str name = val_str(val_at(doc_root(req->now), "spec.runtimeClassName"));
    *ret = NULL;
    if (name.size == 0) {
        return STEP_NEXT;
    }
    *ret = admission_find(req, "node.k8s.io", "runtimeclasses", (struct str){ 0 }, name);
    if (*ret != NULL) {
        return STEP_NEXT;
    }
    enum step_rc rc = req_fresh(req);
    return rc != STEP_NEXT
               ? rc
               : admission_refuse(req, err, REJECTED "RuntimeClass \"" STR_FMT "\" not found",
                                  STR_ARG(name));
}

static enum step_rc
add_overhead(struct req *req, struct val root, struct edit *edit, struct err **err)
{
    struct val theirs = val_at(root, "overhead.podFixed");
    struct val ours = val_at(doc_root(req->now), "spec.overhead");
    if (!val_is(val_get(root, "overhead"))) {
        return STEP_NEXT;
    }
    if (val_is(ours) && !val_eq(ours, theirs)) {
        return admission_refuse(
            req, err, REJECTED "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    edit_set(edit, "/spec/overhead", arena_dup(req->arena, val_raw(theirs)));
    return STEP_NEXT;
}

/* A label's key as one step of an RFC 6901 pointer. */
static struct str
escaped(struct arena *arena, struct str key)
{
    AUTO_STR struct str_builder b = { 0 };
    for (size_t i = 0; i < key.size; i++) {
        const char *text = key.at[i] == '~' ? "~0" : key.at[i] == '/' ? "~1" : NULL;
        if (text != NULL) {
            str_putz(&b, text);
        } else {
            str_putc(&b, key.at[i]);
        }
    }
    return arena_dup(arena, str_view(&b));
}

static enum step_rc
add_scheduling(struct req *req, struct val root, struct edit *edit, struct err **err)
{
    struct val spec = val_get(doc_root(req->now), "spec");
    struct val selector = val_get(spec, "nodeSelector");
    struct val tolerations = val_get(spec, "tolerations");
    bool any = val_len(tolerations) > 0;
    VAL_EACH (it, val_at(root, "scheduling.nodeSelector")) {
        struct val ours = val_member(selector, it.key);
        struct str value = val_str(it.value);
        if (val_is(ours) && !str_eq(val_str(ours), value)) {
            return admission_refuse(
                req, err,
                "conflict: runtimeClass.scheduling.nodeSelector[" STR_FMT "] = " STR_FMT
                "; pod.spec.nodeSelector[" STR_FMT "] = " STR_FMT,
                STR_ARG(it.key), STR_ARG(value), STR_ARG(it.key), STR_ARG(val_str(ours)));
        }
        struct str key = escaped(req->arena, it.key);
        edit_set_str(edit, arena_printf(req->arena, "/spec/nodeSelector/" STR_FMT, STR_ARG(key)).at,
                     arena_dup(req->arena, value));
    }
    VAL_EACH (it, val_at(root, "scheduling.tolerations")) {
        struct str json = arena_dup(req->arena, val_raw(it.value));
        bool is_there = false;
        VAL_EACH (own, tolerations) {
            is_there |= val_eq(own.value, it.value);
        }
        if (is_there) {
            continue;
        }
        if (any) {
            edit_set(edit, "/spec/tolerations/-", json);
        } else {
            admission_append(edit, tolerations, "/spec/tolerations", json);
        }
        any = true;
    }
    return STEP_NEXT;
}

static enum step_rc
mutate(struct req *req, struct err **err)
{
    struct object *object;
    struct edit edit;
    if (!is_of_a_pod(req)) {
        return STEP_NEXT;
    }
    enum step_rc rc = find_class(req, &object, err);
    if (rc != STEP_NEXT || object == NULL) {
        return rc;
    }
    edit_init(&edit, req->arena);
    object_pin(object);
    rc = add_overhead(req, object_val(object), &edit, err);
    rc = rc == STEP_NEXT ? add_scheduling(req, object_val(object), &edit, err) : rc;
    object_unpin(object);
    if (rc == STEP_NEXT && admission_edit(req, &edit, err) < 0) {
        rc = STEP_FAIL;
    }
    return rc;
}

/* Nobody else may have changed it since. */
static enum step_rc
validate(struct req *req, struct err **err)
{
    struct object *object;
    if (!is_of_a_pod(req)) {
        return STEP_NEXT;
    }
    enum step_rc rc = find_class(req, &object, err);
    struct val ours = val_at(doc_root(req->now), "spec.overhead");
    if (rc != STEP_NEXT) {
        return rc;
    }
    bool has_class_overhead = false, is_same = false;
    if (object != NULL) {
        object_pin(object);
        struct val overhead = val_get(object_val(object), "overhead");
        has_class_overhead = val_is(overhead);
        is_same = val_is(ours) && val_eq(ours, val_get(overhead, "podFixed"));
        object_unpin(object);
    }
    if (has_class_overhead && !is_same) {
        return admission_refuse(
            req, err, REJECTED "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    if (!has_class_overhead && val_is(ours)) {
        return admission_refuse(
            req, err,
            REJECTED "Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
    return STEP_NEXT;
}

const struct admission_plugin adm_runtimeclass = {
    .name = "RuntimeClass",
    .verbs = VERB_CREATE,
    .mutate = mutate,
    .validate = validate,
};
