/* Priority: a pod's number comes from its PriorityClass, and one class at most is the default.
 *
 * A row of admission.c. After plugin/pkg/admission/priority of release 1.35; that the system's own
 * classes stay is pkg/registry/scheduling/priorityclass/storage. Loop thread. */
#include "config.h"

#include "api/object.h"
#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache.h"

#define GROUP "scheduling.k8s.io"

static const char *const system_classes[] = { "system-node-critical", "system-cluster-critical" };

struct priority {
    struct str class_name; /* "" when the pod names none and no class is the default */
    int64_t value;
    struct str preemption; /* absent: the class says nothing */
};

/* In the arena of the request. */
static struct priority
read_class(struct req *req, struct object *object)
{
    object_pin(object);
    struct val root = object_val(object);
    struct priority priority = {
        .class_name = object->name,
        .value = val_int(val_get(root, "value"), 0),
        .preemption = arena_dup(req->arena, val_str(val_get(root, "preemptionPolicy"))),
    };
    object_unpin(object);
    return priority;
}

/* Of several that say so the lowest one is the default. */
static bool
find_default(struct req *req, struct priority *ret)
{
    const struct resource *row =
        registry_any_version(req->registry, STR(GROUP), STR("priorityclasses"));
    bool found = false;
    if (row == NULL) {
        return false;
    }
    CACHE_EACH (object, it, sink_cache(req->server->sink), row, ((struct str){ 0 })) {
        object_pin(object);
        bool is_default = val_bool(val_get(object_val(object), "globalDefault"), false);
        object_unpin(object);
        struct priority priority = { 0 };
        if (is_default) {
            priority = read_class(req, object);
        }
        if (is_default && (!found || priority.value < ret->value)) {
            *ret = priority;
            found = true;
        }
    }
    return found;
}

/* ---- pods ---- */

static enum step_rc
resolve(struct req *req, struct priority *ret, struct err **err)
{
    struct str name = val_str(val_at(doc_root(req->now), "spec.priorityClassName"));
    if (name.size == 0) {
        if (!find_default(req, ret)) {
            *ret = (struct priority){ .preemption = STR("PreemptLowerPriority") };
        }
        return STEP_NEXT;
    }
    struct object *object = admission_find(req, GROUP, "priorityclasses", (struct str){ 0 }, name);
    if (object != NULL) {
        *ret = read_class(req, object);
        return STEP_NEXT;
    }
    enum step_rc rc = req_fresh(req);
    return rc != STEP_NEXT
               ? rc
               : admission_refuse(req, err, "no PriorityClass with name " STR_FMT " was found",
                                  STR_ARG(name));
}

static enum step_rc
set_priority(struct req *req, struct err **err)
{
    struct val spec = val_get(doc_root(req->now), "spec");
    struct val given = val_get(spec, "priority");
    struct str policy = val_str(val_get(spec, "preemptionPolicy"));
    struct priority priority;
    struct edit edit;
    enum step_rc rc = resolve(req, &priority, err);
    if (rc != STEP_NEXT) {
        return rc;
    }
    if (val_is(given) && val_int(given, 0) != priority.value) {
        return admission_refuse(req, err,
                                "the integer value of priority (%lld) must not be provided in pod "
                                "spec; priority admission controller computed %lld from the given "
                                "PriorityClass name",
                                (long long)val_int(given, 0), (long long)priority.value);
    }
    if (policy.size > 0 && priority.preemption.size > 0 && !str_eq(policy, priority.preemption)) {
        return admission_refuse(req, err,
                                "the string value of PreemptionPolicy (" STR_FMT
                                ") must not be provided in pod spec; priority admission controller "
                                "computed " STR_FMT " from the given PriorityClass name",
                                STR_ARG(policy), STR_ARG(priority.preemption));
    }
    edit_init(&edit, req->arena);
    edit_set_int(&edit, "/spec/priority", priority.value);
    if (priority.class_name.size > 0) {
        edit_set_str(&edit, "/spec/priorityClassName", priority.class_name);
    }
    if (priority.preemption.size > 0) {
        edit_set_str(&edit, "/spec/preemptionPolicy", priority.preemption);
    }
    return admission_edit(req, &edit, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

/* A PUT that leaves out what this plug-in has set means no change. */
static enum step_rc
keep_priority(struct req *req, struct err **err)
{
    static const char *const members[] = { "priority", "preemptionPolicy" };
    struct val now = val_get(doc_root(req->now), "spec");
    struct val old = val_get(doc_root(req->old), "spec");
    struct edit edit;
    edit_init(&edit, req->arena);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val was = val_get(old, members[i]);
        if (val_is(was) && !val_is(val_get(now, members[i]))) {
            edit_set(&edit, arena_printf(req->arena, "/spec/%s", members[i]).at, val_raw(was));
        }
    }
    return admission_edit(req, &edit, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

static enum step_rc
mutate(struct req *req, struct err **err)
{
    enum verb operation = admission_operation(req);
    if (operation == VERB_DELETE || !admission_is(req, "", "pods", "")) {
        return STEP_NEXT;
    }
    return operation == VERB_CREATE ? set_priority(req, err) : keep_priority(req, err);
}

/* ---- classes ---- */

static enum step_rc
validate(struct req *req, struct err **err)
{
    struct priority other;
    if (!admission_is(req, GROUP, "priorityclasses", "")) {
        return STEP_NEXT;
    }
    if (admission_operation(req) == VERB_DELETE) {
        for (size_t i = 0; i < ARRAY_LEN(system_classes); i++) {
            if (str_is(req->name, system_classes[i])) {
                return admission_refuse(req, err,
                                        "this is a system priority class and cannot be deleted");
            }
        }
        return STEP_NEXT;
    }
    bool is_default = val_bool(val_get(doc_root(req->now), "globalDefault"), false);
    if (!is_default || !find_default(req, &other) || str_eq(other.class_name, req->name)) {
        return STEP_NEXT;
    }
    return admission_refuse(req, err,
                            "PriorityClass " STR_FMT
                            " is already marked as default. Only one default can exist",
                            STR_ARG(other.class_name));
}

const struct admission_plugin adm_priority = {
    .name = "Priority",
    .verbs = VERB_CREATE | VERB_UPDATE | VERB_DELETE,
    .mutate = mutate,
    .validate = validate,
};
