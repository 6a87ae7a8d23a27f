/* What to do next for one pod that should run: sandbox, volumes, init containers in order, sidecars,
 * containers, restarts. How it ends: pod_plan_end.c. Called by the pod's worker at any event; pure.
 *
 * The decisions are those of kuberuntime's computePodActions, but nothing is remembered between
 * two plans, and actions that go on are part of the input. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_plan.h"

#include <stdarg.h>

#include "agent/pod_list.h"
#include "agent/pod_plan_priv.h"
#include "agent/pod_restart.h"
#include "agent/pod_storage.h"
#include "agent/runtime.h"
#include "api/pod_resources.h"
#include "base/arena.h"
#include "base/clock.h"

enum { MEASURE_MS = 10 * 1000 };

static bool must_end(struct planner *p);
static void run_pod(struct planner *p);
static void replace_sandbox(struct planner *p);
static void measure(struct planner *p);
static void run_ephemeral(struct planner *p, const struct runtime_sandbox *sandbox);
static bool init_pod(struct planner *p, const struct runtime_sandbox *sandbox);
static bool keep_container(struct planner *p, const struct runtime_sandbox *sandbox,
                           struct val container, bool is_init);

void
pod_plan(const struct pod_plan_in *in, struct pod_plan *out)
{
    struct planner p = { .in = in, .out = out, .spec = val_get(in->pod, "spec") };

    *out = (struct pod_plan){ 0 };
    out->is_ending = must_end(&p);
    if (!out->is_ending) {
        run_pod(&p);
    }
    if (out->is_ending || out->is_over) {
        pod_plan_end(&p);
    }
    pod_plan_sweep(&p);
}

const struct pod_flight *
pod_plan_flight(const struct planner *p, struct str container)
{
    for (size_t i = 0; i < p->in->flight_len; i++) {
        if (str_eq(p->in->flights[i].act.container, container)) {
            return &p->in->flights[i];
        }
    }
    return NULL;
}

bool
pod_plan_is_busy(const struct planner *p, struct str container)
{
    for (size_t i = 0; i < p->out->act_len; i++) {
        if (str_eq(p->out->acts[i].container, container)) {
            return true;
        }
    }
    return pod_plan_flight(p, container) != NULL;
}

struct pod_act *
pod_plan_act(struct planner *p, enum pod_act_kind kind, struct str container)
{
    struct pod_act *act;

    if (p->out->act_len == POD_PLAN_MAX || pod_plan_is_busy(p, container)) {
        return NULL;
    }
    act = &p->out->acts[p->out->act_len++];
    *act = (struct pod_act){ .kind = kind, .container = container };
    return act;
}

void
pod_plan_again(struct planner *p, int64_t at_ms)
{
    if (p->out->again_ms == 0 || at_ms < p->out->again_ms) {
        p->out->again_ms = at_ms;
    }
}

void
pod_plan_cancel(struct planner *p, const struct pod_flight *flight)
{
    if (p->out->cancel_len < POD_PLAN_MAX) {
        p->out->cancels[p->out->cancel_len++] = flight->id;
    }
}

struct pod_act *
pod_plan_kill(struct planner *p, const struct runtime_container *container, int64_t grace_s,
              const char *format, ...)
{
    struct pod_act *act = pod_plan_act(p, POD_ACT_KILL, container->name);
    struct str_builder text = { 0 };
    va_list args;

    if (act == NULL) {
        return NULL;
    }
    va_start(args, format);
    str_vputf(&text, format, args);
    va_end(args);
    act->id = container->id;
    act->grace_s = grace_s;
    act->message = arena_dup(p->in->arena, str_view(&text));
    str_done(&text);
    return act;
}

/* ---- does it run, or end? ---- */

/* spec.activeDeadlineSeconds, counted from status.startTime. */
static bool
is_past_deadline(struct planner *p)
{
    int64_t deadline_s = val_int(val_get(p->spec, "activeDeadlineSeconds"), -1);
    int64_t start_ms = p->in->facts->start_ms, start_us;

    if (deadline_s < 0) {
        return false;
    }
    if (clock_parse(val_str(val_at(p->in->pod, "status.startTime")), &start_us) == 0) {
        start_ms = start_us / 1000;
    }
    if (p->in->now_ms - start_ms < deadline_s * 1000) {
        pod_plan_again(p, start_ms + deadline_s * 1000);
        return false;
    }
    p->out->end_reason = STR("DeadlineExceeded");
    p->out->end_message = STR("Pod was active on the node longer than the specified deadline");
    return true;
}

static bool
must_end(struct planner *p)
{
    struct val phase = val_at(p->in->pod, "status.phase");

    if (p->in->is_gone || !val_is(p->in->pod) || p->in->facts->end_reason.size > 0 ||
        val_is(val_at(p->in->pod, "metadata.deletionTimestamp")) ||
        val_is_str(phase, "Succeeded") || val_is_str(phase, "Failed")) {
        return true;
    }
    return is_past_deadline(p);
}

/* ---- running ---- */

static void
run_pod(struct planner *p)
{
    bool is_host = val_bool(val_get(p->spec, "hostNetwork"), false);
    const struct runtime_sandbox *sandbox = runtime_sandbox_usable(p->in->seen, is_host);
    bool has_work = false;

    if (sandbox == NULL) {
        replace_sandbox(p);
        return;
    }
    if (!p->in->facts->has_volumes) {
        if (p->in->now_ms < p->in->facts->volumes_retry_ms) {
            pod_plan_again(p, p->in->facts->volumes_retry_ms);
        } else {
            (void)pod_plan_act(p, POD_ACT_VOLUMES, (struct str){ 0 });
        }
        return;
    }
    if (!pod_plan_limit(p)) {
        return;
    }
    measure(p);
    run_ephemeral(p, sandbox);
    if (!init_pod(p, sandbox)) {
        return;
    }
    VAL_EACH (it, val_get(p->spec, "containers")) {
        has_work = keep_container(p, sandbox, it.value, false) || has_work;
    }
    if (!has_work) {
        p->out->is_over = true;
        return;
    }
    VAL_EACH (it, val_get(p->spec, "initContainers")) {
        if (pod_resources_is_sidecar(it.value)) {
            (void)keep_container(p, sandbox, it.value, true);
        }
    }
}

/* A pod whose use of the disk is limited is measured from time to time. */
static void
measure(struct planner *p)
{
    int64_t at_ms = p->in->facts->measured_ms + MEASURE_MS;

    if (!pod_storage_is_limited(p->in->pod)) {
        return;
    }
    if (p->in->now_ms >= at_ms) {
        (void)pod_plan_act(p, POD_ACT_MEASURE, (struct str){ 0 });
    } else {
        pod_plan_again(p, at_ms);
    }
}

/* They are started once, also while the pod is not initialised yet, and never again. */
static void
run_ephemeral(struct planner *p, const struct runtime_sandbox *sandbox)
{
    VAL_EACH (it, val_get(p->spec, pod_list_member(POD_LIST_EPHEMERAL))) {
        struct str name = val_str(val_get(it.value, "name"));
        const struct runtime_container *seen =
            runtime_container(p->in->seen, name, (struct str){ 0 }, 0);

        if (seen == NULL || runtime_was_cancelled(seen) ||
            (seen->state == RUNTIME_CREATED && str_eq(seen->sandbox_id, sandbox->id))) {
            pod_plan_start(p, sandbox, it.value);
        }
    }
}

/* Has any container of the spec's main list been made, in this sandbox or (absent) in any? */
static bool
has_main(const struct planner *p, struct str sandbox_id)
{
    VAL_EACH (it, val_get(p->spec, "containers")) {
        if (runtime_container(p->in->seen, val_str(val_get(it.value, "name")), sandbox_id, 0) !=
            NULL) {
            return true;
        }
    }
    return false;
}

/* A pod whose sandbox died gets a new one only if something would run in it. */
static bool
deserves_sandbox(const struct planner *p)
{
    bool can_restart = !val_is_str(val_get(p->spec, "restartPolicy"), "Never");

    if (p->in->seen->sandbox_len == 0 || p->in->seen->container_len == 0) {
        return true;
    }
    if (!can_restart) {
        return false;
    }
    VAL_EACH (it, val_get(p->spec, "containers")) {
        const struct runtime_container *last = runtime_container(
            p->in->seen, val_str(val_get(it.value, "name")), (struct str){ 0 }, 0);
        struct str own = val_str(val_get(it.value, "restartPolicy"));
        bool on_failure =
            str_is(own, "OnFailure") ||
            (own.size == 0 && val_is_str(val_get(p->spec, "restartPolicy"), "OnFailure"));

        if (!on_failure || last == NULL || last->state != RUNTIME_EXITED || last->exit_code != 0) {
            return true;
        }
    }
    return !has_main(p, (struct str){ 0 });
}

/* Kills what is left in old sandboxes, stops them, then makes the volumes and the new sandbox. */
static void
replace_sandbox(struct planner *p)
{
    const struct runtime_pod *seen = p->in->seen;
    const struct pod_facts *facts = p->in->facts;
    bool is_waiting = false;
    struct pod_act *act;

    if (!deserves_sandbox(p)) {
        p->out->is_over = true;
        return;
    }
    for (size_t i = 0; i < seen->container_len; i++) {
        if (runtime_is_running(&seen->containers[i])) {
            (void)pod_plan_kill(p, &seen->containers[i], pod_plan_grace_s(p),
                                "Stopping container " STR_FMT, STR_ARG(seen->containers[i].name));
            is_waiting = true;
        }
    }
    for (size_t i = 0; i < seen->sandbox_len && !is_waiting; i++) {
        if (seen->sandboxes[i].is_ready) {
            act = pod_plan_act(p, POD_ACT_SANDBOX_STOP, (struct str){ 0 });
            if (act != NULL) {
                act->id = seen->sandboxes[i].id;
            }
            is_waiting = true;
        }
    }
    if (is_waiting) {
        return;
    }
    if (!facts->has_volumes && p->in->now_ms >= facts->volumes_retry_ms) {
        (void)pod_plan_act(p, POD_ACT_VOLUMES, (struct str){ 0 });
    } else if (!facts->has_volumes) {
        pod_plan_again(p, facts->volumes_retry_ms);
    } else if (p->in->now_ms < facts->sandbox_retry_ms) {
        pod_plan_again(p, facts->sandbox_retry_ms);
    } else {
        act = pod_plan_act(p, POD_ACT_SANDBOX, (struct str){ 0 });
        if (act != NULL) {
            act->attempt = seen->sandbox_len > 0 ? seen->sandboxes[0].attempt + 1 : 0;
        }
    }
}

/* ---- init containers ---- */

/* Is this sidecar as far as the ones after it wait for: startup probe passed, postStart done? */
static bool
is_started(const struct planner *p, struct val container, const struct runtime_container *seen)
{
    const struct pod_fact *fact = pod_facts_of(p->in->facts, seen->name);
    const struct pod_flight *flight = pod_plan_flight(p, seen->name);

    if (seen->state != RUNTIME_RUNNING || (flight != NULL && flight->act.kind == POD_ACT_START)) {
        return false;
    }
    return !val_is(val_get(container, "startupProbe")) ||
           pod_facts_verdict(fact, seen->id, fact != NULL ? fact->startup : POD_VERDICT_NONE) ==
               POD_VERDICT_SUCCESS;
}

/* One init container of a pod that is not initialised: may the next one go on? */
static bool
init_step(struct planner *p, const struct runtime_sandbox *sandbox, struct val container,
          bool is_passed)
{
    struct str name = val_str(val_get(container, "name"));
    const struct runtime_container *seen = runtime_container(p->in->seen, name, sandbox->id, 0);

    if (pod_resources_is_sidecar(container)) {
        (void)keep_container(p, sandbox, container, true);
        return seen != NULL && is_started(p, container, seen);
    }
    if (seen == NULL && is_passed) {
        return true; /* a later one ran: this one's container was removed since */
    }
    if (seen != NULL && seen->state == RUNTIME_EXITED && seen->exit_code == 0) {
        return true;
    }
    if (seen != NULL && seen->state == RUNTIME_EXITED && !runtime_was_cancelled(seen) &&
        !pod_restart_wants(p->spec, container, seen->exit_code)) {
        p->out->is_over = true;
        return false;
    }
    if (seen != NULL && seen->state == RUNTIME_UNKNOWN) {
        (void)pod_plan_kill(
            p, seen, pod_plan_grace_s(p),
            "Init container is in \"unknown\" state, try killing it before restart");
    } else if (seen == NULL || seen->state != RUNTIME_RUNNING) {
        pod_plan_start(p, sandbox, container);
    }
    return false;
}

/* Init containers one by one; true when the main ones may run. */
static bool
init_pod(struct planner *p, const struct runtime_sandbox *sandbox)
{
    struct val list = val_get(p->spec, "initContainers");
    size_t len = val_len(list), made = 0; /* made: 1 + the last one that there is a container of */

    if (has_main(p, sandbox->id)) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        struct str name = val_str(val_get(val_item(list, i), "name"));

        if (runtime_container(p->in->seen, name, sandbox->id, 0) != NULL) {
            made = i + 1;
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (!init_step(p, sandbox, val_item(list, i), i + 1 < made)) {
            return false;
        }
    }
    return true;
}

/* ---- one container ---- */

/* Grace of a kill for a failed probe: the probe's own, or the pod's. */
static int64_t
probe_grace_s(const struct planner *p, struct val container, const char *probe)
{
    return val_int(val_get(val_get(container, probe), "terminationGracePeriodSeconds"),
                   pod_plan_grace_s(p));
}

/* Does a running container have to go? Kills it then. */
static bool
judge_running(struct planner *p, struct val container, const struct runtime_container *seen,
              bool is_init)
{
    const struct pod_fact *fact = pod_facts_of(p->in->facts, seen->name);
    const char *what = is_init ? "Init container" : "Container";
    const char *then =
        !is_init && pod_restart_wants_after_kill(p->spec, container) ? ", will be restarted" : "";
    char text[RUNTIME_HASH_SIZE];
    struct pod_act *act = NULL;

    if (seen->hash.size > 0 && !str_eq(seen->hash, runtime_hash(container, text))) {
        (void)pod_plan_kill(p, seen, pod_plan_grace_s(p), "%s " STR_FMT " definition changed%s",
                            what, STR_ARG(seen->name), is_init ? "" : ", will be restarted");
        return true;
    }
    if (fact == NULL) {
        return false;
    }
    if (pod_facts_verdict(fact, seen->id, fact->liveness) == POD_VERDICT_FAILURE) {
        act = pod_plan_kill(p, seen, probe_grace_s(p, container, "livenessProbe"),
                            "%s " STR_FMT " failed liveness probe%s", what, STR_ARG(seen->name),
                            then);
        if (act != NULL) {
            act->reason = "LivenessProbe";
        }
        return true;
    }
    if (pod_facts_verdict(fact, seen->id, fact->startup) == POD_VERDICT_FAILURE) {
        act =
            pod_plan_kill(p, seen, probe_grace_s(p, container, "startupProbe"),
                          "%s " STR_FMT " failed startup probe%s", what, STR_ARG(seen->name), then);
        if (act != NULL) {
            act->reason = "StartupProbe";
        }
        return true;
    }
    return false;
}

/* Keeps a main container or a sidecar running; false: it has run and stays dead. */
static bool
keep_container(struct planner *p, const struct runtime_sandbox *sandbox, struct val container,
               bool is_init)
{
    struct str name = val_str(val_get(container, "name"));
    const struct runtime_container *seen = runtime_container(p->in->seen, name, sandbox->id, 0);
    const struct pod_flight *flight = pod_plan_flight(p, name);

    if (flight != NULL) { /* it may be dead already, with its postStart hook still running */
        if (flight->act.kind == POD_ACT_START || flight->act.kind == POD_ACT_IMAGE) {
            pod_plan_start(p, sandbox, container);
        }
        return true;
    }
    if (seen == NULL || seen->state == RUNTIME_CREATED || runtime_was_cancelled(seen)) {
        pod_plan_start(p, sandbox, container);
        return true;
    }
    if (seen->state == RUNTIME_RUNNING) {
        if (!judge_running(p, container, seen, is_init)) {
            pod_plan_resize(p, container, seen);
        }
        return true;
    }
    if (seen->state == RUNTIME_UNKNOWN) {
        (void)pod_plan_kill(p, seen, pod_plan_grace_s(p),
                            "%s is in \"unknown\" state, try killing it before restart",
                            is_init ? "Init container" : "Container");
        return true;
    }
    if (!is_init && !pod_restart_wants(p->spec, container, seen->exit_code)) {
        return false;
    }
    pod_plan_start(p, sandbox, container);
    return true;
}
