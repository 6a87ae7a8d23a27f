/* The action KILL: the preStop hook, then TERM and, after the grace, KILL by the runtime. Started by
 * pod_run; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cri.pb-c.h"
#include "agent/handler.h"
#include "agent/pod_worker_priv.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"

#define LOG_MODULE "pod"
#include "base/log.h"

enum { MIN_GRACE_S = 2, SLACK_MS = 2 * 60 * 1000, RETRY_MS = 5000 };

static void
stopped(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;
    bool is_failed = owned != NULL && owned->code != ERR_NOT_FOUND && owned->code != ERR_CANCELLED;

    (void)answer;
    run->call = NULL;
    if (is_failed) {
        log_warn("container not stopped pod=%s container=" STR_FMT " err=\"%s\"", run->worker->uid,
                 STR_ARG(run->flight.act.container), owned->message);
        err_free(owned);
        pod_run_fail(run, RETRY_MS);
        return;
    }
    err_free(owned);
    pod_run_end(run);
}

/* What the hook took is no longer there for the container; two seconds always are. */
static void
stop(struct pod_run *run)
{
    Cri__StopContainerRequest request = CRI__STOP_CONTAINER_REQUEST__INIT;
    int64_t spent_s = (clock_wall_ms() - run->flight.since_ms) / 1000;
    int64_t left_s = run->flight.act.grace_s - (spent_s > 0 ? spent_s : 0);

    request.container_id = arena_dupz(run->arena, run->flight.act.id);
    request.timeout = left_s > MIN_GRACE_S ? left_s : MIN_GRACE_S;
    pod_run_call(run, CRI_STOP_CONTAINER, &request.base, request.timeout * 1000 + SLACK_MS,
                 stopped);
}

static void
grace_over(void *ctx)
{
    struct pod_run *run = ctx;

    run->timer = NULL;
    handler_cancel(STEAL(run->handler));
    stop(run);
}

static void
hooked(void *ctx, enum probe_outcome outcome, struct str text, bool is_warning)
{
    struct pod_run *run = ctx;

    (void)is_warning;
    run->handler = NULL;
    loop_timer_cancel(run->timer);
    run->timer = NULL;
    if (outcome != PROBE_OK) {
        /* What the hook wrote is not in the event: it may be a secret. */
        log_info("preStop failed pod=%s container=" STR_FMT " text=\"" STR_FMT "\"",
                 run->worker->uid, STR_ARG(run->flight.act.container), STR_ARG(text));
        pod_run_event(run, EVENT_WARNING, "FailedPreStopHook", "PreStopHook failed");
    }
    stop(run);
}

void
pod_run_kill(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct handler_in hook = { .loop = host->loop,
                               .cri = host->cri,
                               .action = val_at(run->container, "lifecycle.preStop"),
                               .container = run->container,
                               .container_id = run->flight.act.id,
                               .purpose = "lifecycle",
                               .timeout_ms = run->flight.act.grace_s * 1000 };
    struct pod_place place;

    pod_run_event(run, EVENT_NORMAL, "Killing", STR_FMT, STR_ARG(run->flight.act.message));
    if (!val_is(hook.action) || run->flight.act.grace_s <= 0) {
        stop(run);
        return;
    }
    place = pod_run_place(run);
    hook.pod_ip = place.pod_ip_len > 0 ? place.pod_ips[0] : (struct str){ 0 };
    run->timer =
        loop_timer(host->loop, clock_mono_ms() + run->flight.act.grace_s * 1000, grace_over, run);
    run->handler = handler_start(&hook, hooked, run);
}
