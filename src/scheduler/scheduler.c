/* The queue as one plan: the pending pods by priority and age, each to its node or to a reason.
 *
 * Called by the reconcile runner, loop thread. One key stands for the whole queue, because pods
 * compete: a batch is placed on one snapshot, each placement counted before the next, as
 * kube-scheduler assumes pods. A pod that fits nowhere is told once (condition and event change only
 * with the message) and tried again when nodes or pods change. */
#include "config.h" /* IWYU pragma: keep */

#include "scheduler/scheduler.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/vec.h"
#include "client/cache.h"
#include "scheduler/sched_plan.h"
#include "scheduler/sched_snap.h"

enum { BATCH = 64 /* placements per plan */ };

struct pending {
    struct object *pod; /* pinned */
    int64_t priority;
    struct str created;
};

/* ---- what touches the queue ---- */

static void
to_queue(const struct keys_in *in, const struct object *old, const struct object *now,
         keys_add_fn *add, void *ctx)
{
    (void)in;
    (void)old;
    (void)now;
    add(ctx, (struct str){ 0 }, STR("queue"));
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "pods", .keys = to_queue },
    { .group = "", .version = "v1", .plural = "nodes", .keys = to_queue },
    { .plural = NULL },
};

/* ---- the queue ---- */

static bool
is_ours(struct val pod)
{
    struct val spec = val_get(pod, "spec");
    struct str scheduler = val_str(val_get(spec, "schedulerName"));
    return (scheduler.size == 0 || str_is(scheduler, "default-scheduler")) &&
           val_str(val_get(spec, "nodeName")).size == 0 &&
           val_len(val_get(spec, "schedulingGates")) == 0 && !pod_state_is_finished(pod) &&
           !pod_state_is_deleting(pod);
}

static int
by_priority(const void *a, const void *b)
{
    const struct pending *x = a, *y = b;
    if (x->priority != y->priority) {
        return x->priority > y->priority ? -1 : 1;
    }
    int order = str_cmp(x->created, y->created);
    return order != 0 ? order : str_cmp(x->pod->uid, y->pod->uid);
}

/* Pods without a node, most important first; each stays pinned until release. */
static size_t
collect(const struct plan_in *in, const struct scheduler *scheduler, struct pending **ret)
{
    size_t most = cache_len(in->cache, scheduler->pods), len = 0;
    struct object **found = arena_array(in->arena, most + 1, sizeof(struct object *));
    size_t count = cache_by_index(in->cache, scheduler->pods, 1, STR(""), found, most);
    struct pending *out = arena_array(in->arena, count + 1, sizeof(struct pending));
    for (size_t i = 0; i < count; i++) {
        object_pin(found[i]);
        struct val root = object_val(found[i]);
        if (!is_ours(root)) {
            object_unpin(found[i]);
            continue;
        }
        out[len++] = (struct pending){
            .pod = found[i],
            .priority = val_int(val_at(root, "spec.priority"), 0),
            .created = val_str(val_at(root, "metadata.creationTimestamp")),
        };
    }
    qsort(out, len, sizeof(out[0]), by_priority);
    *ret = out;
    return len;
}

/* ---- what comes of it ---- */

static void
bind(struct plan *out, const struct pending *p, const struct sched_node *node)
{
    struct jw w;
    jw_init(&w, out->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Binding");
    jw_kvz(&w, "apiVersion", "v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", p->pod->name);
    jw_kv(&w, "namespace", p->pod->ns);
    jw_kv(&w, "uid", p->pod->uid);
    jw_end(&w);
    jw_keyz(&w, "target");
    jw_obj(&w);
    jw_kvz(&w, "kind", "Node");
    jw_kv(&w, "name", node->object->name);
    jw_end(&w);
    jw_end(&w);
    plan_write(out, PLAN_BIND, p->pod, jw_done(&w), 0);
    plan_event_after(out, p->pod, EVENT_NORMAL, "Scheduled", "Binding",
                     "Successfully assigned " STR_FMT "/" STR_FMT " to " STR_FMT,
                     STR_ARG(p->pod->ns), STR_ARG(p->pod->name), STR_ARG(node->object->name));
}

static void
write_condition(struct jw *w, const struct pending *p, struct val old, struct str message,
                int64_t now_ms)
{
    char text[CLOCK_TEXT_SIZE];
    bool was_false = val_is_str(val_get(old, "status"), "False");
    jw_obj(w);
    jw_kvz(w, "type", "PodScheduled");
    jw_keyz(w, "observedGeneration");
    jw_int(w, p->pod->generation);
    jw_kvz(w, "status", "False");
    jw_keyz(w, "lastProbeTime");
    jw_null(w);
    jw_keyz(w, "lastTransitionTime");
    if (was_false) {
        jw_val(w, val_get(old, "lastTransitionTime"));
    } else {
        jw_str(w, clock_text(now_ms, text));
    }
    jw_kvz(w, "reason", "Unschedulable");
    jw_kv(w, "message", message);
    jw_end(w);
}

/* Tells pod and people why it waits, when that changed. */
static void
tell(struct plan *out, const struct pending *p, struct str message, int64_t now_ms)
{
    struct val root = object_val(p->pod), old = pod_state_condition(root, "PodScheduled");
    if (str_eq(val_str(val_get(old, "message")), message)) {
        return;
    }
    struct jw w;
    jw_init(&w, out->arena);
    jw_obj(&w);
    jw_keyz(&w, "status");
    jw_obj(&w);
    jw_keyz(&w, "conditions");
    jw_arr(&w);
    write_condition(&w, p, old, message, now_ms);
    VAL_EACH (it, val_at(root, "status.conditions")) {
        if (!val_is_str(val_get(it.value, "type"), "PodScheduled")) {
            jw_val(&w, it.value);
        }
    }
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    plan_write(out, PLAN_PATCH_STATUS, p->pod, jw_done(&w), PRE_REV);
    plan_event(out, p->pod, EVENT_WARNING, "FailedScheduling", "Scheduling", STR_FMT,
               STR_ARG(message));
}

static void
plan_queue(const struct plan_in *in, struct plan *out)
{
    const struct scheduler *scheduler = in->env->part;
    struct pending *pending;
    size_t placed = 0, len = collect(in, scheduler, &pending), i = 0;
    sched_snap_update(scheduler->snap, in->cache);
    for (; i < len && placed < BATCH; i++) {
        struct sched_try pod = sched_plan_try(pending[i].pod, scheduler->snap,
                                              in->random + i * 0x9e3779b97f4a7c15U, in->arena);
        struct sched_result result = sched_plan(&pod);
        if (result.node == NULL) {
            tell(out, &pending[i], result.message, in->now_ms);
            continue;
        }
        bind(out, &pending[i], result.node);
        sched_snap_assume(scheduler->snap, pending[i].pod, result.node);
        placed++;
    }
    if (i < len) {
        plan_again(out, in->now_ms);
    }
    plan_why(out, "%zu pods wait, %zu placed", len, placed);
    for (size_t p = 0; p < len; p++) {
        object_unpin(pending[p].pod);
    }
}

const struct reconciler scheduler_reconciler = {
    .name = "kube-scheduler",
    .component = "default-scheduler",
    .user = "system:kube-scheduler",
    .watches = watches,
    .plan = plan_queue,
    .parallel = 1,
};

/* ---- life, why ---- */

void
scheduler_init(struct scheduler *scheduler, const struct registry *registry)
{
    scheduler->pods = registry_find(registry, STR(""), STR("v1"), STR("pods"));
    scheduler->nodes = registry_find(registry, STR(""), STR("v1"), STR("nodes"));
    scheduler->snap = sched_snap_new(scheduler->pods, scheduler->nodes);
}

void
scheduler_done(struct scheduler *scheduler)
{
    sched_snap_free(scheduler->snap);
    scheduler->snap = NULL;
}

bool
scheduler_why(struct scheduler *scheduler, const struct cache *cache, struct str ns,
              struct str name, struct jw *out)
{
    struct object *pod = cache_get(cache, scheduler->pods, ns, name);
    if (pod == NULL) {
        return false;
    }
    AUTO_ARENA struct arena *arena = arena_new();
    sched_snap_update(scheduler->snap, cache);
    object_pin(pod);
    struct sched_try attempt = sched_plan_try(pod, scheduler->snap, 0, arena);
    struct sched_result result = sched_plan(&attempt);
    sched_why_write(&attempt, &result, out);
    object_unpin(pod);
    return true;
}
