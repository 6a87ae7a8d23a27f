/* The probes of a pod's containers: which container they are about, which are due, what their
 * verdicts come to. Called by the pod's worker around each plan; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/handler.h"
#include "agent/pod_worker_priv.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"

void
pod_worker_probe_stop(struct pod_member *member)
{
    for (int kind = 0; kind < PROBE_KIND_LEN; kind++) {
        handler_cancel(member->probing[kind]);
        member->probing[kind] = NULL;
    }
}

static void
copy_verdicts(struct pod_member *member)
{
    enum pod_verdict *to[] = { &member->fact->startup, &member->fact->liveness,
                               &member->fact->readiness };

    for (int kind = 0; kind < PROBE_KIND_LEN; kind++) {
        *to[kind] = member->has_probe[kind] ? member->probes[kind].verdict : POD_VERDICT_NONE;
    }
}

/* A container that ran before this agent began keeps what the API says of it until it is probed: no
 * pod turns unready because the agent was restarted. */
static void
adopt(struct pod_member *member, struct val pod)
{
    struct val status = pod_list_item(
        val_get(val_get(pod, "status"), pod_list_status(member->list)), str_of(member->name));
    struct str id = val_str(val_get(status, "containerID"));

    if (!str_has_suffix(id, member->fact->probed_id) || member->fact->probed_id.size == 0) {
        return;
    }
    if (member->has_probe[PROBE_STARTUP] && val_bool(val_get(status, "started"), false)) {
        member->probes[PROBE_STARTUP].verdict = POD_VERDICT_SUCCESS;
    }
    if (member->has_probe[PROBE_READINESS] && val_bool(val_get(status, "ready"), false)) {
        member->probes[PROBE_READINESS].verdict = POD_VERDICT_SUCCESS;
    }
}

static struct val
container_of_member(struct val pod, const struct pod_member *member)
{
    return pod_list_item(val_get(val_get(pod, "spec"), pod_list_member(member->list)),
                         str_of(member->name));
}

void
pod_worker_probe_sync(struct pod_worker *worker, struct val pod)
{
    for (size_t i = 0; i < worker->member_len; i++) {
        struct pod_member *member = worker->members[i];
        const struct runtime_container *newest =
            runtime_container(&worker->seen->pod, str_of(member->name), (struct str){ 0 }, 0);
        struct val container = container_of_member(pod, member);
        bool is_first = member->fact->probed_id.size == 0;

        if (newest == NULL || str_eq(newest->id, member->fact->probed_id)) {
            continue;
        }
        pod_worker_probe_stop(member);
        pod_worker_set(&member->probed_id, &member->fact->probed_id, newest->id);
        for (int kind = 0; kind < PROBE_KIND_LEN; kind++) {
            struct probe_spec spec;

            member->has_probe[kind] = probe_spec_read(container, (enum probe_kind)kind, &spec);
            if (member->has_probe[kind]) {
                probe_begin(&member->probes[kind], &spec);
            }
        }
        if (is_first && worker->host->is_starting) {
            adopt(member, pod);
        }
        copy_verdicts(member);
    }
}

/* ---- running ---- */

static void
probed(void *ctx, enum probe_outcome outcome, struct str text, bool is_warning)
{
    struct pod_member *member = *(struct pod_member **)ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    enum probe_kind kind = PROBE_STARTUP;
    struct str note;

    while (ctx != (void *)&member->probe_ctx[kind]) {
        kind++;
    }
    member->probing[kind] = NULL;
    if (outcome != PROBE_OK || is_warning) {
        note = arena_printf(arena, "%s probe %s" STR_FMT, probe_kind_name(kind),
                            is_warning                ? "warning: "
                            : outcome == PROBE_FAILED ? "failed: "
                                                      : "errored and resulted in unknown state: ",
                            STR_ARG(text));
        pod_worker_event(member->worker, str_of(member->name), member->list, EVENT_WARNING,
                         is_warning ? "ProbeWarning" : "Unhealthy", note);
    }
    if (probe_take(&member->probes[kind], outcome, member->probing_since_ms[kind])) {
        copy_verdicts(member);
    }
    pod_worker_wake(member->worker);
}

static void
run_probe(struct pod_member *member, enum probe_kind kind, const struct runtime_container *seen,
          struct val container)
{
    struct pod_worker *worker = member->worker;
    const struct runtime_sandbox *sandbox =
        worker->seen->pod.sandbox_len > 0 ? &worker->seen->pod.sandboxes[0] : NULL;
    struct handler_in in = {
        .loop = worker->host->loop,
        .cri = worker->host->cri,
        .action = val_get(container, probe_kind_member(kind)),
        .container = container,
        .container_id = seen->id,
        .purpose = "probe",
        .timeout_ms = member->probes[kind].spec.timeout_ms,
    };

    if (sandbox != NULL) {
        in.pod_ip = sandbox->ip_len > 0 ? sandbox->ips[0] : worker->host->place.host_ip;
    }
    member->probing_since_ms[kind] = clock_wall_ms();
    member->probing[kind] = handler_start(&in, probed, &member->probe_ctx[kind]);
}

static bool
has_start_flight(const struct pod_worker *worker, struct str name)
{
    for (const struct pod_run *run = worker->runs; run != NULL; run = run->next) {
        if (run->flight.act.kind == POD_ACT_START && str_eq(run->flight.act.container, name)) {
            return true;
        }
    }
    return false;
}

static int64_t
probe_member(struct pod_member *member, struct val container, bool is_ending)
{
    struct pod_worker *worker = member->worker;
    const struct runtime_container *seen =
        runtime_container(&worker->seen->pod, str_of(member->name), (struct str){ 0 }, 0);
    struct probe_look look = { .is_ending = is_ending };
    int64_t next_ms = INT64_MAX, now_ms = clock_wall_ms();

    if (seen == NULL) {
        return next_ms;
    }
    /* postStart comes before any probe. */
    look.is_running =
        seen->state == RUNTIME_RUNNING && !has_start_flight(worker, str_of(member->name));
    look.started_ms = seen->started_ms;
    look.is_started = !member->has_probe[PROBE_STARTUP] ||
                      member->probes[PROBE_STARTUP].verdict == POD_VERDICT_SUCCESS;
    for (int i = 0; i < PROBE_KIND_LEN; i++) {
        enum probe_kind kind = (enum probe_kind)i;
        int64_t due_ms;

        if (!member->has_probe[kind] || member->probing[kind] != NULL) {
            continue;
        }
        due_ms = probe_due(&member->probes[kind], &look);
        if (due_ms <= now_ms) {
            run_probe(member, kind, seen, container);
        } else if (due_ms < next_ms) {
            next_ms = due_ms;
        }
    }
    return next_ms;
}

int64_t
pod_worker_probe(struct pod_worker *worker, bool is_ending)
{
    int64_t next_ms = INT64_MAX;
    struct val pod;

    if (worker->object == NULL) {
        return next_ms;
    }
    pod = object_val(worker->object); /* the plan's caller has pinned it */
    for (size_t i = 0; i < worker->member_len; i++) {
        struct pod_member *member = worker->members[i];
        int64_t at_ms = probe_member(member, container_of_member(pod, member), is_ending);

        next_ms = at_ms < next_ms ? at_ms : next_ms;
    }
    return next_ms;
}
