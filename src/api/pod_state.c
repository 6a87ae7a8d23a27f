/* Reading pod status.  Called by columns, controllers, scheduler, agent and console; pure.
 *
 * The text follows pkg/printers/internalversion/printers.go (printPod), availability
 * pkg/api/v1/pod/util.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/pod_state.h"

#include "api/pod_resources.h"
#include "base/arena.h"
#include "base/clock.h"

struct val
pod_state_condition(struct val object, const char *type)
{
    VAL_EACH (it, val_at(object, "status.conditions")) {
        if (val_is_str(val_get(it.value, "type"), type)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

bool
pod_state_condition_is(struct val object, const char *type, const char *status)
{
    return val_is_str(val_get(pod_state_condition(object, type), "status"), status);
}

bool
pod_state_is_ready(struct val pod)
{
    return pod_state_condition_is(pod, "Ready", "True");
}

bool
pod_state_is_finished(struct val pod)
{
    struct str phase = val_str(val_at(pod, "status.phase"));
    return str_is(phase, "Succeeded") || str_is(phase, "Failed");
}

bool
pod_state_is_deleting(struct val pod)
{
    return val_is(val_at(pod, "metadata.deletionTimestamp"));
}

static int64_t
time_ms(struct val v)
{
    int64_t us;
    return clock_parse(val_str(v), &us) < 0 ? 0 : us / 1000;
}

int64_t
pod_state_ready_since_ms(struct val pod)
{
    return time_ms(val_get(pod_state_condition(pod, "Ready"), "lastTransitionTime"));
}

bool
pod_state_is_available(struct val pod, int64_t min_ready_s, int64_t now_ms)
{
    if (!pod_state_is_ready(pod)) {
        return false;
    }
    int64_t since = pod_state_ready_since_ms(pod);
    return min_ready_s == 0 || (since != 0 && since + min_ready_s * 1000 <= now_ms);
}

/* ---- texts ---- */

struct texts {
    struct arena *arena;
    struct val spec, status;
    struct pod_state_text out;
    int64_t init_restarts, init_last_restart_ms; /* of init containers that are no sidecars */
    int64_t sidecar_restarts, sidecar_last_restart_ms;
};

static struct val
by_name(struct val list, struct str name)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static void
later(int64_t *last_ms, struct val container_status)
{
    int64_t at = time_ms(val_at(container_status, "lastState.terminated.finishedAt"));
    *last_ms = at > *last_ms ? at : *last_ms;
}

/* Reason of a terminated state, with a prefix: "Init:Error", "Signal:9", "ExitCode:1". */
static struct str
terminated_text(struct texts *t, const char *prefix, struct val terminated)
{
    struct str reason = val_str(val_get(terminated, "reason"));
    int64_t signal = val_int(val_get(terminated, "signal"), 0);
    if (reason.size > 0) {
        return arena_printf(t->arena, "%s" STR_FMT, prefix, STR_ARG(reason));
    }
    if (signal != 0) {
        return arena_printf(t->arena, "%sSignal:%lld", prefix, (long long)signal);
    }
    return arena_printf(t->arena, "%sExitCode:%lld", prefix,
                        (long long)val_int(val_get(terminated, "exitCode"), 0));
}

/* True: this init container is done (or a started sidecar), look at the next one. */
static bool
init_is_done(struct texts *t, struct val container_status, struct val container, int index, int len)
{
    struct val terminated = val_at(container_status, "state.terminated");
    struct str waiting = val_str(val_at(container_status, "state.waiting.reason"));
    if (val_is(terminated) && val_int(val_get(terminated, "exitCode"), 0) == 0) {
        return true;
    }
    if (pod_resources_is_sidecar(container) &&
        val_bool(val_get(container_status, "started"), false)) {
        t->out.ready += val_bool(val_get(container_status, "ready"), false) ? 1 : 0;
        return true;
    }
    if (val_is(terminated)) {
        t->out.status = terminated_text(t, "Init:", terminated);
    } else if (waiting.size > 0 && !str_is(waiting, "PodInitializing")) {
        t->out.status = arena_printf(t->arena, "Init:" STR_FMT, STR_ARG(waiting));
    } else {
        t->out.status = arena_printf(t->arena, "Init:%d/%d", index, len);
    }
    return false;
}

static void
count_init_restarts(struct texts *t, struct val container_status, struct val container)
{
    int64_t restarts = val_int(val_get(container_status, "restartCount"), 0);
    t->init_restarts += restarts;
    later(&t->init_last_restart_ms, container_status);
    if (pod_resources_is_sidecar(container)) {
        t->sidecar_restarts += restarts;
        later(&t->sidecar_last_restart_ms, container_status);
    }
}

/* True while the pod is initialising: then the main containers are not looked at. */
static bool
look_at_init(struct texts *t)
{
    struct val list = val_get(t->spec, "initContainers");
    int len = (int)val_len(list), index = 0;
    VAL_EACH (it, val_get(t->status, "initContainerStatuses")) {
        struct val container = by_name(list, val_str(val_get(it.value, "name")));
        count_init_restarts(t, it.value, container);
        if (!init_is_done(t, it.value, container, index, len)) {
            t->out.restarts = t->init_restarts;
            t->out.last_restart_ms = t->init_last_restart_ms;
            return true;
        }
        index++;
    }
    return false;
}

static void
look_at_main(struct texts *t, struct val pod)
{
    bool has_running = false;
    struct val list = val_get(t->status, "containerStatuses");
    t->out.restarts = t->sidecar_restarts;
    t->out.last_restart_ms = t->sidecar_last_restart_ms;
    for (size_t i = val_len(list); i-- > 0;) {
        struct val c = val_item(list, i), state = val_get(c, "state");
        struct str waiting = val_str(val_at(state, "waiting.reason"));
        t->out.restarts += val_int(val_get(c, "restartCount"), 0);
        later(&t->out.last_restart_ms, c);
        if (waiting.size > 0) {
            t->out.status = waiting;
        } else if (val_is(val_get(state, "terminated"))) {
            t->out.status = terminated_text(t, "", val_get(state, "terminated"));
        } else if (val_bool(val_get(c, "ready"), false) && val_is(val_get(state, "running"))) {
            has_running = true;
            t->out.ready++;
        }
    }
    if (str_is(t->out.status, "Completed") && has_running) {
        t->out.status = pod_state_is_ready(pod) ? STR("Running") : STR("NotReady");
    }
}

struct pod_state_text
pod_state_text(struct val pod, struct arena *arena)
{
    struct texts t = { .arena = arena,
                       .spec = val_get(pod, "spec"),
                       .status = val_get(pod, "status") };
    struct str reason = val_str(val_get(t.status, "reason"));
    struct val scheduled = pod_state_condition(pod, "PodScheduled");
    t.out.total = (int)val_len(val_get(t.spec, "containers"));
    VAL_EACH (it, val_get(t.spec, "initContainers")) {
        t.out.total += pod_resources_is_sidecar(it.value) ? 1 : 0;
    }
    t.out.status = reason.size > 0 ? reason : val_str(val_get(t.status, "phase"));
    if (val_is_str(val_get(scheduled, "reason"), "SchedulingGated")) {
        t.out.status = STR("SchedulingGated");
    }
    bool is_initialised = pod_state_condition_is(pod, "Initialized", "True");
    if (!look_at_init(&t) || is_initialised) {
        look_at_main(&t, pod);
    }
    if (pod_state_is_deleting(pod)) {
        bool is_lost = str_is(reason, "NodeLost");
        bool is_done = pod_state_is_finished(pod);
        t.out.status = is_lost ? STR("Unknown") : is_done ? t.out.status : STR("Terminating");
    }
    return t.out;
}
