/* How a pod ends: what must not go on is cancelled, containers are stopped (main ones side by side,
 * then sidecars in reverse order with the grace that is left), then the sandbox, then volumes and
 * directories, then the object; and the sweeping of what nobody needs. Called by pod_plan; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_list.h"
#include "agent/pod_plan.h"
#include "agent/pod_plan_priv.h"
#include "agent/runtime.h"
#include "api/pod_resources.h"

enum {
    KEEP_DEAD = 1 /* dead containers of a name that are kept beside the newest, for lastState */
};

/* The grace that this end gives, as kubelet's calculateEffectiveGracePeriod: the deletion's own,
 * else an eviction's, else the spec's; never less than a second. */
int64_t
pod_plan_grace_s(const struct planner *p)
{
    int64_t spec_s = val_int(val_get(p->spec, "terminationGracePeriodSeconds"), 30);
    int64_t grace_s = val_int(val_at(p->in->pod, "metadata.deletionGracePeriodSeconds"), INT64_MAX);

    if (p->in->facts->end_grace_s >= 0 && p->in->facts->end_reason.size > 0 &&
        p->in->facts->end_grace_s < grace_s) {
        grace_s = p->in->facts->end_grace_s;
    }
    if (!val_is(p->in->pod)) {
        grace_s = 1; /* an orphan: nobody can tell any more what it wants */
    }
    if (grace_s == INT64_MAX) {
        grace_s = spec_s;
    }
    return grace_s < 1 ? 1 : grace_s;
}

/* What is left of the grace now that the end goes on since end_since_ms. */
static int64_t
grace_left_s(const struct planner *p)
{
    int64_t grace_s = pod_plan_grace_s(p), since_ms = p->in->facts->end_since_ms;
    int64_t spent_s = since_ms > 0 ? (p->in->now_ms - since_ms) / 1000 : 0;

    return spent_s >= grace_s ? 1 : spent_s > 0 ? grace_s - spent_s : grace_s;
}

static bool
is_of_end(enum pod_act_kind kind)
{
    switch (kind) {
    case POD_ACT_KILL:
    case POD_ACT_REMOVE:
    case POD_ACT_SANDBOX_STOP:
    case POD_ACT_SANDBOX_REMOVE:
    case POD_ACT_CLEANUP:
    case POD_ACT_DELETE:
        return true;
    case POD_ACT_VOLUMES:
    case POD_ACT_SANDBOX:
    case POD_ACT_IMAGE:
    case POD_ACT_START:
    case POD_ACT_LIMITS:
    case POD_ACT_MEASURE:
    case POD_ACT_RESIZE:
        break;
    }
    return false;
}

/* Cancels starts, and stops that give more time than there is now. */
static void
cancel_flights(struct planner *p)
{
    for (size_t i = 0; i < p->in->flight_len; i++) {
        const struct pod_flight *flight = &p->in->flights[i];
        int64_t end_ms = flight->since_ms + flight->act.grace_s * 1000;
        int64_t wanted_ms = p->in->now_ms + grace_left_s(p) * 1000;

        if (!is_of_end(flight->act.kind) ||
            (flight->act.kind == POD_ACT_DELETE && p->in->is_gone) ||
            (flight->act.kind == POD_ACT_KILL && end_ms > wanted_ms + 2000)) {
            pod_plan_cancel(p, flight);
        }
    }
}

static bool
is_sidecar(const struct planner *p, struct str name)
{
    return pod_resources_is_sidecar(
        pod_list_item(val_get(p->spec, pod_list_member(POD_LIST_INIT)), name));
}

static bool
stop_container(struct planner *p, const struct runtime_container *container)
{
    if (!runtime_is_running(container)) {
        return false;
    }
    (void)pod_plan_kill(p, container, grace_left_s(p), "Stopping container " STR_FMT,
                        STR_ARG(container->name));
    return true;
}

/* Stops main containers, then the last sidecar that runs; true: something still runs. */
static bool
stop_containers(struct planner *p)
{
    const struct runtime_pod *seen = p->in->seen;
    struct val inits = val_get(p->spec, "initContainers");
    bool is_running = false;

    for (size_t i = 0; i < seen->container_len; i++) {
        if (!is_sidecar(p, seen->containers[i].name)) {
            is_running = stop_container(p, &seen->containers[i]) || is_running;
        }
    }
    for (size_t n = val_len(inits); n > 0 && !is_running; n--) {
        struct str name = val_str(val_get(val_item(inits, n - 1), "name"));

        for (size_t i = 0; i < seen->container_len; i++) {
            if (str_eq(seen->containers[i].name, name)) {
                is_running = stop_container(p, &seen->containers[i]) || is_running;
            }
        }
    }
    return is_running;
}

static bool
is_finished(const struct planner *p)
{
    struct val phase = val_at(p->in->pod, "status.phase");

    return p->in->is_gone || !val_is(p->in->pod) ||
           val_is(val_at(p->in->pod, "metadata.deletionTimestamp")) ||
           val_is_str(phase, "Succeeded") || val_is_str(phase, "Failed");
}

void
pod_plan_end(struct planner *p)
{
    const struct runtime_pod *seen = p->in->seen;
    struct pod_act *act;

    cancel_flights(p);
    if (stop_containers(p) || p->in->flight_len > 0) {
        return;
    }
    if (!is_finished(p)) {
        return; /* the phase is written first */
    }
    for (size_t i = 0; i < seen->sandbox_len; i++) {
        if (seen->sandboxes[i].is_ready) {
            act = pod_plan_act(p, POD_ACT_SANDBOX_STOP, (struct str){ 0 });
            if (act != NULL) {
                act->id = seen->sandboxes[i].id;
            }
            return;
        }
    }
    if (!p->in->facts->is_clean) {
        (void)pod_plan_act(p, POD_ACT_CLEANUP, (struct str){ 0 });
        return;
    }
    if (!p->in->is_gone && val_is(val_at(p->in->pod, "metadata.deletionTimestamp")) &&
        p->in->facts->is_status_written) {
        (void)pod_plan_act(p, POD_ACT_DELETE, (struct str){ 0 });
    }
}

/* ---- sweeping ---- */

static bool
sandbox_is_empty(const struct runtime_pod *seen, struct str sandbox_id)
{
    for (size_t i = 0; i < seen->container_len; i++) {
        if (str_eq(seen->containers[i].sandbox_id, sandbox_id)) {
            return false;
        }
    }
    return true;
}

static void
sweep_containers(struct planner *p, bool is_gone)
{
    const struct runtime_pod *seen = p->in->seen;

    for (size_t i = 0; i < seen->container_len; i++) {
        const struct runtime_container *it = &seen->containers[i];
        size_t newer = 0;
        struct pod_act *act;

        for (size_t j = 0; j < i; j++) {
            newer += str_eq(seen->containers[j].name, it->name) ? 1 : 0;
        }
        if (runtime_is_running(it) || (!is_gone && newer <= KEEP_DEAD)) {
            continue;
        }
        act = pod_plan_act(p, POD_ACT_REMOVE, it->name);
        if (act != NULL) {
            act->id = it->id;
        }
    }
}

void
pod_plan_sweep(struct planner *p)
{
    const struct runtime_pod *seen = p->in->seen;
    bool is_gone = p->in->is_gone && p->in->facts->is_clean;

    sweep_containers(p, is_gone);
    for (size_t i = 0; i < seen->sandbox_len; i++) {
        struct pod_act *act;

        if (seen->sandboxes[i].is_ready || (!is_gone && i == 0) ||
            !sandbox_is_empty(seen, seen->sandboxes[i].id)) {
            continue;
        }
        act = pod_plan_act(p, POD_ACT_SANDBOX_REMOVE, (struct str){ 0 });
        if (act != NULL) {
            act->id = seen->sandboxes[i].id;
        }
    }
    p->out->is_done =
        is_gone && seen->sandbox_len == 0 && seen->container_len == 0 && p->in->flight_len == 0;
}

/* ---- text ---- */

static const char *const act_names[] = {
    [POD_ACT_VOLUMES] = "volumes",
    [POD_ACT_SANDBOX] = "sandbox",
    [POD_ACT_IMAGE] = "image",
    [POD_ACT_START] = "start",
    [POD_ACT_LIMITS] = "limits",
    [POD_ACT_MEASURE] = "measure",
    [POD_ACT_RESIZE] = "resize",
    [POD_ACT_KILL] = "kill",
    [POD_ACT_REMOVE] = "remove",
    [POD_ACT_SANDBOX_STOP] = "sandbox-stop",
    [POD_ACT_SANDBOX_REMOVE] = "sandbox-remove",
    [POD_ACT_CLEANUP] = "cleanup",
    [POD_ACT_DELETE] = "delete",
};

static void
act_text(const struct pod_act *act, struct str_builder *out)
{
    str_putz(out, act_names[act->kind]);
    if (act->container.size > 0) {
        str_putf(out, " " STR_FMT, STR_ARG(act->container));
    }
    if (act->id.size > 0) {
        str_putf(out, " id=" STR_FMT, STR_ARG(act->id));
    }
    if (act->kind == POD_ACT_SANDBOX || act->kind == POD_ACT_START) {
        str_putf(out, " attempt=%u", act->attempt);
    }
    if (act->backoff_ms > 0) {
        str_putf(out, " backoff=%lld", (long long)act->backoff_ms);
    }
    if (act->kind == POD_ACT_KILL) {
        str_putf(out, " grace=%lld%s%s: " STR_FMT, (long long)act->grace_s,
                 act->reason != NULL ? " " : "", act->reason != NULL ? act->reason : "",
                 STR_ARG(act->message));
    }
    if (act->kind == POD_ACT_LIMITS) {
        str_putf(out, " shares=%lld quota=%lld memory=%lld", (long long)act->limits.cpu_shares,
                 (long long)act->limits.cpu_quota_us, (long long)act->limits.memory_bytes);
    }
    str_putc(out, '\n');
}

void
pod_plan_text(const struct pod_plan *plan, struct str_builder *out)
{
    for (size_t i = 0; i < plan->cancel_len; i++) {
        str_putf(out, "cancel %llu\n", (unsigned long long)plan->cancels[i]);
    }
    for (size_t i = 0; i < plan->act_len; i++) {
        act_text(&plan->acts[i], out);
    }
    for (size_t i = 0; i < plan->wait_len; i++) {
        str_putf(out, "wait " STR_FMT " %s: " STR_FMT "\n", STR_ARG(plan->waits[i].container),
                 plan->waits[i].reason, STR_ARG(plan->waits[i].message));
    }
    if (plan->end_reason.size > 0) {
        str_putf(out, "end " STR_FMT "\n", STR_ARG(plan->end_reason));
    }
    if (plan->again_ms > 0) {
        str_putf(out, "again %lld\n", (long long)plan->again_ms);
    }
    if (plan->is_over) {
        str_putz(out, "over\n");
    }
    if (plan->is_done) {
        str_putz(out, "done\n");
    }
}
