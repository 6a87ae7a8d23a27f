/* The pod's resize: may it have what it asks for, and what is told of it. Called by the pod's worker
 * around each plan; loop thread. Texts are those of kubelet's events/resize.go. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_list.h"
#include "agent/pod_resize.h"
#include "agent/pod_worker_priv.h"
#include "api/object.h"
#include "api/pod_resources.h"
#include "api/pod_state.h"
#include "base/arena.h"

struct val
pod_worker_resize(struct pod_worker *worker, struct val pod, struct arena *arena)
{
    struct pod_facts *facts = &worker->facts;
    struct str message = { 0 };
    const char *reason = NULL;
    struct pod_room room;

    if (pod_resize_grows(pod, arena)) {
        worker->host->room(worker->host->ctx, worker, &room);
        reason = pod_resize_refusal(pod, &room, arena, &message);
    }
    pod_worker_set(&worker->resize_reason, &facts->resize_reason, str_of(reason));
    pod_worker_set(&worker->resize_message, &facts->resize_message, message);
    return reason != NULL ? pod_resize_allocated(pod, arena) : pod;
}

/* What all containers ask for, as one line of JSON. */
static struct str
summary(struct val pod, struct str error, struct arena *arena)
{
    struct jw out;

    jw_init(&out, arena);
    jw_obj(&out);
    for (int list = 0; list < POD_LIST_EPHEMERAL; list++) {
        struct val containers = val_get(val_get(pod, "spec"), pod_list_member((enum pod_list)list));

        if (val_len(containers) == 0) {
            continue;
        }
        jw_keyz(&out, pod_list_member((enum pod_list)list));
        jw_arr(&out);
        VAL_EACH (it, containers) {
            struct val resources = val_get(it.value, "resources");

            jw_obj(&out);
            jw_kv(&out, "name", val_str(val_get(it.value, "name")));
            jw_keyz(&out, "resources");
            jw_raw(&out, val_is(resources) ? val_raw(resources) : STR("{}"));
            jw_end(&out);
        }
        jw_end(&out);
    }
    jw_kint(&out, "generation", val_int(val_at(pod, "metadata.generation"), 0));
    jw_kv(&out, "error", error);
    jw_end(&out);
    return jw_done(&out);
}

static void
tell(struct pod_worker *worker, enum event_type type, const char *reason, const char *what,
     struct str error, struct arena *arena)
{
    struct str note = arena_printf(arena, "Pod resize %s: " STR_FMT, what,
                                   STR_ARG(summary(object_val(worker->object), error, arena)));

    pod_worker_event(worker, (struct str){ 0 }, POD_LIST_MAIN, type, reason, note);
}

static bool
is_same(struct val a, struct val b, const char *member)
{
    return str_eq(val_str(val_get(a, member)), val_str(val_get(b, member)));
}

void
pod_worker_resize_tell(struct pod_worker *worker, struct val pod, struct val status,
                       struct arena *arena)
{
    struct val had = pod_state_condition(pod, "PodResizePending"), none = { 0 };
    struct val has = { 0 }, ran = pod_state_condition(pod, "PodResizeInProgress"), runs = none;

    VAL_EACH (it, val_get(status, "conditions")) {
        has = val_is_str(val_get(it.value, "type"), "PodResizePending") ? it.value : has;
        runs = val_is_str(val_get(it.value, "type"), "PodResizeInProgress") ? it.value : runs;
    }
    if (val_is(has) && (!is_same(has, had, "reason") || !is_same(has, had, "message"))) {
        bool is_deferred = val_is_str(val_get(has, "reason"), "Deferred");

        tell(worker, EVENT_WARNING, is_deferred ? "ResizeDeferred" : "ResizeInfeasible",
             is_deferred ? "Deferred" : "Infeasible", val_str(val_get(has, "message")), arena);
    }
    if (val_is_str(val_get(runs, "reason"), "Error") && !is_same(runs, ran, "message")) {
        tell(worker, EVENT_WARNING, "ResizeError", "error", val_str(val_get(runs, "message")),
             arena);
    } else if (val_is(runs) && !val_is(ran)) {
        tell(worker, EVENT_NORMAL, "ResizeStarted", "started", (struct str){ 0 }, arena);
    } else if (val_is(ran) && !val_is(runs)) {
        tell(worker, EVENT_NORMAL, "ResizeCompleted", "completed", (struct str){ 0 }, arena);
    }
}

void
pod_worker_ask(struct pod_worker *worker)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pod_amounts amounts = { .arena = arena };
    struct val pod;

    object_pin(worker->object);
    pod = object_val(worker->object);
    worker->asked = (struct pod_worker_asked){ 0 };
    if (!pod_state_is_finished(pod)) {
        pod_resources_of(pod_resize_allocated(pod, arena), POD_REQUESTS, &amounts);
        worker->asked.cpu_milli = pod_amounts_get(&amounts, STR("cpu"));
        worker->asked.memory_bytes = pod_amounts_get(&amounts, STR("memory"));
        worker->asked.is_counted = true;
        worker->asked.is_burstable = strcmp(pod_resources_qos(pod), "Burstable") == 0;
    }
    object_unpin(worker->object);
}
