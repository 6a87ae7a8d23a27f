/* The queue as one plan: the pending pods by priority and age, each to its node or to a reason.
 *
 * Called by the reconcile runner, loop thread. One key stands for the whole queue, because pods
 * compete: a batch is placed on one snapshot, each placement counted before the next, as
 * kube-scheduler assumes pods. A pod that fits nowhere is told once (condition and event change only
 * with the message) and tried again when nodes or pods change. */
#include "config.h" /* IWYU pragma: keep */

#include "scheduler/scheduler.h"

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/vec.h"
#include "client/cache.h"
#include "scheduler/sched_plan.h"
#include "scheduler/sched_snap.h"

/* A plan is one callback of the loop: more than that waits for the next one. */
enum { BATCH = 64 /* placements */, TRIES = 256 };

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

/* ---- what comes of it ---- */

static void
bind(struct plan *out, struct object *pod, const struct sched_node *node)
{
    struct jw w;
    jw_init(&w, out->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Binding");
    jw_kvz(&w, "apiVersion", "v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", pod->name);
    jw_kv(&w, "namespace", pod->ns);
    jw_kv(&w, "uid", pod->uid);
    jw_end(&w);
    jw_keyz(&w, "target");
    jw_obj(&w);
    jw_kvz(&w, "kind", "Node");
    jw_kv(&w, "name", node->object->name);
    jw_end(&w);
    jw_end(&w);
    plan_write(out, PLAN_BIND, pod, jw_done(&w), 0);
    plan_event_after(out, pod, EVENT_NORMAL, "Scheduled", "Binding",
                     "Successfully assigned " STR_FMT "/" STR_FMT " to " STR_FMT, STR_ARG(pod->ns),
                     STR_ARG(pod->name), STR_ARG(node->object->name));
}

static void
write_condition(struct jw *w, const struct object *pod, struct val old, struct str message,
                int64_t now_ms)
{
    char text[CLOCK_TEXT_SIZE];
    bool was_false = val_is_str(val_get(old, "status"), "False");
    jw_obj(w);
    jw_kvz(w, "type", "PodScheduled");
    jw_keyz(w, "observedGeneration");
    jw_int(w, pod->generation);
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

/* Tells pod and people why it waits; false: they know. */
static bool
tell(struct plan *out, struct object *pod, struct str message, int64_t now_ms)
{
    struct val root = object_val(pod), old = pod_state_condition(root, "PodScheduled");
    if (str_eq(val_str(val_get(old, "message")), message)) {
        return false;
    }
    struct jw w;
    jw_init(&w, out->arena);
    jw_obj(&w);
    jw_keyz(&w, "status");
    jw_obj(&w);
    jw_keyz(&w, "conditions");
    jw_arr(&w);
    write_condition(&w, pod, old, message, now_ms);
    VAL_EACH (it, val_at(root, "status.conditions")) {
        if (!val_is_str(val_get(it.value, "type"), "PodScheduled")) {
            jw_val(&w, it.value);
        }
    }
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    plan_write(out, PLAN_PATCH_STATUS, pod, jw_done(&w), PRE_REV);
    plan_event(out, pod, EVENT_WARNING, "FailedScheduling", "Scheduling", STR_FMT,
               STR_ARG(message));
    return true;
}

/* One pod to its node, or to a reason. → placed */
static bool
try_pod(const struct plan_in *in, const struct scheduler *scheduler, struct sched_pod *waiting,
        uint64_t random, struct plan *out)
{
    struct object *pod = waiting->object;
    object_pin(pod);
    struct sched_try attempt = sched_plan_try(pod, scheduler->snap, random, in->arena);
    struct sched_result result = sched_plan(&attempt);
    if (result.node != NULL) {
        bind(out, pod, result.node);
    } else if (!tell(out, pod, result.message, in->now_ms)) {
        sched_snap_refuse(scheduler->snap, waiting);
    }
    object_unpin(pod);
    if (result.node != NULL) {
        AUTO_OBJECT struct object *kept = object_ref(pod); /* its entry makes place for another */
        sched_snap_assume(scheduler->snap, kept, result.node);
    }
    return result.node != NULL;
}

static void
plan_queue(const struct plan_in *in, struct plan *out)
{
    const struct scheduler *scheduler = in->env->part;
    struct sched_pod **waiting;
    size_t placed = 0, all, i = 0;
    sched_snap_update(scheduler->snap, in->cache);
    size_t len = sched_snap_waiting(scheduler->snap, in->arena, &waiting, &all);
    for (; i < len && i < TRIES && placed < BATCH; i++) {
        uint64_t random = in->random + i * 0x9e3779b97f4a7c15U;
        placed += try_pod(in, scheduler, waiting[i], random, out) ? 1 : 0;
    }
    if (i < len) {
        plan_again(out, in->now_ms);
    }
    plan_why(out, "%zu pods wait, %zu placed", all, placed);
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
    sched_snap_lift(scheduler->snap, pod->uid); /* it does not stand in its own way */
    object_pin(pod);
    struct sched_try attempt = sched_plan_try(pod, scheduler->snap, 0, arena);
    struct sched_result result = sched_plan(&attempt);
    sched_why_write(&attempt, &result, out);
    object_unpin(pod);
    return true;
}
