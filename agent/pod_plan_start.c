/* The start of one container: what holds it back, then its image, then itself. Called by the pod's plan;
 * pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_list.h"
#include "agent/pod_plan.h"
#include "agent/pod_plan_priv.h"
#include "agent/pod_restart.h"
#include "agent/runtime.h"
#include "base/arena.h"

enum { PULL_ERROR_SHOWN_MS = 5000 /* then it is shown as a back-off */ };

static void
wait_for(struct planner *p, struct str container, const char *reason, struct str message)
{
    if (p->out->wait_len < POD_PLAN_MAX) {
        p->out->waits[p->out->wait_len++] = (struct pod_wait){ container, reason, message };
    }
}

/* As Go prints a duration of whole seconds. */
static struct str
go_seconds(struct arena *arena, int64_t ms)
{
    int64_t s = ms / 1000;

    return s < 60 ? arena_printf(arena, "%ds", (int)s)
                  : arena_printf(arena, "%dm%ds", (int)(s / 60), (int)(s % 60));
}

/* Does an earlier failure hold the start back? */
static bool
is_held_by_failure(struct planner *p, struct val container, const struct pod_fact *fact)
{
    int64_t retry_ms, back_off_ms;
    bool is_busy = pod_plan_is_busy(p, val_str(val_get(container, "name")));

    if (fact == NULL || fact->fail_reason.size == 0) {
        return false;
    }
    retry_ms = fact->fail_at_ms + fact->fail_wait_ms;
    back_off_ms = fact->fail_at_ms + PULL_ERROR_SHOWN_MS;
    if (!fact->fail_is_pull || p->in->now_ms < back_off_ms) {
        wait_for(p, fact->name, arena_dupz(p->in->arena, fact->fail_reason), fact->fail_message);
        if (fact->fail_is_pull && fact->fail_wait_ms > PULL_ERROR_SHOWN_MS && !is_busy) {
            pod_plan_again(p, back_off_ms);
        }
    } else {
        struct str image = val_str(val_get(container, "image"));

        wait_for(p, fact->name, "ImagePullBackOff",
                 arena_printf(
                     p->in->arena, "Back-off pulling image \"" STR_FMT "\": " STR_FMT ": " STR_FMT,
                     STR_ARG(image), STR_ARG(fact->fail_reason), STR_ARG(fact->fail_message)));
    }
    if (p->in->now_ms < retry_ms && !is_busy) {
        pod_plan_again(p, retry_ms);
        return true;
    }
    return false;
}

/* Does the crash loop's wait hold the start back? A start that is under way is shown as waiting still,
 * unless it met something newer. */
static bool
is_held_by_crashes(struct planner *p, const struct pod_fact *fact,
                   const struct runtime_container *dead, struct str hash)
{
    int64_t at_ms = dead != NULL ? pod_restart_at(dead, hash) : 0;
    struct val meta = val_get(p->in->pod, "metadata");
    bool is_early = p->in->now_ms < at_ms, has_failed;

    if (at_ms == 0) {
        return false;
    }
    has_failed = fact != NULL && fact->fail_reason.size > 0 && fact->fail_at_ms >= at_ms;
    if (!is_early && (has_failed || !pod_plan_is_busy(p, dead->name))) {
        return false;
    }
    wait_for(p, dead->name, "CrashLoopBackOff",
             arena_printf(p->in->arena,
                          "back-off " STR_FMT " restarting failed container=" STR_FMT
                          " pod=" STR_FMT "_" STR_FMT "(" STR_FMT ")",
                          STR_ARG(go_seconds(p->in->arena, dead->backoff_ms)), STR_ARG(dead->name),
                          STR_ARG(val_str(val_get(meta, "name"))),
                          STR_ARG(val_str(val_get(meta, "namespace"))),
                          STR_ARG(val_str(val_get(meta, "uid")))));
    if (is_early) {
        pod_plan_again(p, at_ms);
    }
    return is_early;
}

/* Number of the next container of that name. After the runtime has lost all of them (a wiped disk)
 * the count goes on from the API's. */
static uint32_t
next_attempt(const struct planner *p, struct str name)
{
    const struct runtime_container *last =
        runtime_container(p->in->seen, name, (struct str){ 0 }, 0);

    if (last != NULL) {
        return last->attempt + 1;
    }
    for (int list = 0; list < POD_LIST_LEN; list++) {
        struct val status = pod_list_item(
            val_get(val_get(p->in->pod, "status"), pod_list_status((enum pod_list)list)), name);
        struct val state = val_get(status, "state");

        if (val_is(val_get(state, "running")) || val_is(val_get(state, "terminated")) ||
            val_is(val_at(status, "lastState.terminated"))) {
            return (uint32_t)val_int(val_get(status, "restartCount"), 0) + 1;
        }
    }
    return 0;
}

/* The newest dead container of that name, apart from the one that comes after it: made but not started, or
 * with its postStart hook still running. */
static const struct runtime_container *
last_dead(const struct planner *p, struct str name)
{
    const struct runtime_container *dead =
        runtime_container(p->in->seen, name, (struct str){ 0 }, 0);
    const struct pod_flight *flight = pod_plan_flight(p, name);
    bool is_starting = flight != NULL && flight->act.kind == POD_ACT_START;

    if (dead != NULL &&
        (dead->state == RUNTIME_CREATED || (dead->state == RUNTIME_RUNNING && is_starting))) {
        dead = runtime_container(p->in->seen, name, (struct str){ 0 }, 1);
    }
    return dead != NULL && dead->state == RUNTIME_EXITED ? dead : NULL;
}

/* Goes on with a container that was made, by an agent that then died. */
static void
start_made(struct planner *p, const struct runtime_container *made)
{
    struct pod_act *act = pod_plan_act(p, POD_ACT_START, made->name);

    if (act != NULL) {
        act->id = made->id;
        act->attempt = made->attempt;
        act->backoff_ms = made->backoff_ms;
    }
}

void
pod_plan_start(struct planner *p, const struct runtime_sandbox *sandbox, struct val container)
{
    struct str name = val_str(val_get(container, "name"));
    const struct runtime_container *seen = runtime_container(p->in->seen, name, sandbox->id, 0);
    const struct runtime_container *dead = last_dead(p, name);
    const struct pod_fact *fact = pod_facts_of(p->in->facts, name);
    char text[RUNTIME_HASH_SIZE];
    struct str hash = runtime_hash(container, text);
    struct pod_act *act;

    if (seen != NULL && runtime_was_cancelled(seen)) {
        act = pod_plan_act(p, POD_ACT_REMOVE, name); /* its number is free again then */
        if (act != NULL) {
            act->id = seen->id;
        }
        return;
    }
    if (is_held_by_failure(p, container, fact) || is_held_by_crashes(p, fact, dead, hash) ||
        pod_plan_is_busy(p, name)) {
        return;
    }
    if (seen != NULL && seen->state == RUNTIME_CREATED && str_eq(seen->hash, hash) &&
        (fact == NULL || fact->fail_reason.size == 0)) {
        start_made(p, seen);
        return;
    }
    if (fact == NULL || fact->image_ref.size == 0) {
        (void)pod_plan_act(p, POD_ACT_IMAGE, name);
        return;
    }
    act = pod_plan_act(p, POD_ACT_START, name);
    if (act != NULL) {
        act->attempt = next_attempt(p, name);
        act->backoff_ms = dead != NULL ? pod_restart_next_backoff(dead, hash) : 0;
    }
}
