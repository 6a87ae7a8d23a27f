/* Actions of a pod in flight: what all kinds share, and the kinds that are one step. Started by the
 * pod's worker for what its plan says; loop thread.
 *
 * A run waits for one thing at a time. A cancel ends what it waits for, and with it the run, either
 * at once or when that thing says so. */
#include "config.h" /* IWYU pragma: keep */

#include <stdarg.h>
#include <sys/stat.h>

#include "agent/cgroup.h"
#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/fetch.h"
#include "agent/handler.h"
#include "agent/image.h"
#include "agent/pleg.h"
#include "agent/pod_limits.h"
#include "agent/pod_list.h"
#include "agent/pod_resize.h"
#include "agent/pod_worker_priv.h"
#include "agent/volume.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/job.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"

#define LOG_MODULE "pod"
#include "base/log.h"

enum { RETRY_MS = 5000 };
enum { VOLUMES_WAIT_MS = 500, VOLUMES_WAIT_MAX_MS = 122 * 1000 };
enum { REFRESH_MS = 60 * 1000, REFRESH_SPREAD_MS = 30 * 1000 };

static void run_volumes(struct pod_run *run);
static void run_remove(struct pod_run *run);
static void run_sandbox_stop(struct pod_run *run);
static void run_sandbox_remove(struct pod_run *run);
static void run_cleanup(struct pod_run *run);
static void run_delete(struct pod_run *run);

static const struct {
    const char *name;
    void (*start)(struct pod_run *run);
    bool is_runtimes; /* it changes what the runtime has: looked at when it ends */
} kinds[] = {
    [POD_ACT_VOLUMES] = { "volumes", run_volumes, false },
    [POD_ACT_SANDBOX] = { "sandbox", pod_run_sandbox, true },
    [POD_ACT_IMAGE] = { "image", pod_run_image, false },
    [POD_ACT_START] = { "start", pod_run_container, true },
    [POD_ACT_LIMITS] = { "limits", pod_run_limits, false },
    [POD_ACT_MEASURE] = { "measure", pod_run_measure, false },
    [POD_ACT_RESIZE] = { "resize", pod_run_resize, true },
    [POD_ACT_KILL] = { "kill", pod_run_kill, true },
    [POD_ACT_REMOVE] = { "remove", run_remove, true },
    [POD_ACT_SANDBOX_STOP] = { "sandbox-stop", run_sandbox_stop, true },
    [POD_ACT_SANDBOX_REMOVE] = { "sandbox-remove", run_sandbox_remove, true },
    [POD_ACT_CLEANUP] = { "cleanup", run_cleanup, false },
    [POD_ACT_DELETE] = { "delete", run_delete, false },
};

/* ---- life ---- */

static struct pod_run *
run_new(struct pod_worker *worker, const struct pod_act *act)
{
    struct arena *arena = arena_new();
    struct pod_run *run = ARENA_NEW(arena, struct pod_run);

    run->arena = arena;
    run->worker = worker;
    run->flight.id = worker->next_run++;
    run->flight.since_ms = clock_wall_ms();
    run->flight.act = *act;
    run->flight.act.container = arena_dup(arena, act->container);
    run->flight.act.id = arena_dup(arena, act->id);
    run->flight.act.message = arena_dup(arena, act->message);
    run->sources.arena = arena;
    run->object = object_ref(worker->object);
    if (run->object != NULL) {
        object_pin(run->object);
        run->pod = object_val(run->object);
        if (worker->facts.resize_reason.size > 0) {
            run->pod = pod_resize_allocated(run->pod, arena);
        }
    }
    for (size_t i = 0; i < worker->member_len && act->container.size > 0; i++) {
        if (str_is(act->container, worker->members[i]->name)) {
            run->member = worker->members[i];
            run->container = pod_list_find(val_get(run->pod, "spec"), act->container, NULL);
        }
    }
    run->next = worker->runs;
    worker->runs = run;
    return run;
}

void
pod_run_start(struct pod_worker *worker, const struct pod_act *act)
{
    struct pod_run *run = run_new(worker, act);

    log_debug("action pod=%s kind=%s container=" STR_FMT, worker->uid, kinds[act->kind].name,
              STR_ARG(act->container));
    kinds[act->kind].start(run);
}

void
pod_run_refresh(struct pod_worker *worker)
{
    struct pod_act act = { .kind = POD_ACT_VOLUMES };
    struct pod_run *run;

    for (run = worker->runs; run != NULL; run = run->next) {
        if (run->flight.act.container.size == 0) {
            return; /* the slot is in use: later */
        }
    }
    run = run_new(worker, &act);
    run->is_refresh = true;
    run_volumes(run);
}

static void
run_free(struct pod_run *run)
{
    struct pod_worker *worker = run->worker;
    struct pod_run **at = &worker->runs;

    while (*at != run) {
        at = &(*at)->next;
    }
    *at = run->next;
    if (run->release != NULL) {
        run->release(run);
    }
    fetch_free(run->fetch);
    if (run->object != NULL) {
        object_unpin(run->object);
        object_unref(run->object);
    }
    arena_free(run->arena);
    pod_worker_wake(worker); /* frees it, too, when it only waited for this */
}

void
pod_run_end(struct pod_run *run)
{
    struct pod_worker *worker = run->worker;

    if (kinds[run->flight.act.kind].is_runtimes && !worker->is_freed) {
        run->is_settling = true;
        run->settled_at = pleg_look(worker->host->pleg, str_of(worker->uid));
        return;
    }
    run_free(run);
}

void
pod_run_settle(struct pod_worker *worker)
{
    struct pod_run *next;

    for (struct pod_run *run = worker->runs; run != NULL; run = next) {
        next = run->next;
        if (run->is_settling && worker->seen->generation >= run->settled_at) {
            run_free(run);
        }
    }
}

static void
cooled(void *ctx)
{
    struct pod_run *run = ctx;

    run->timer = NULL;
    pod_run_end(run);
}

void
pod_run_fail(struct pod_run *run, int64_t wait_ms)
{
    if (run->is_cancelled) {
        pod_run_end(run);
        return;
    }
    run->timer = loop_timer(run->worker->host->loop, clock_mono_ms() + wait_ms, cooled, run);
}

void
pod_run_cancel(struct pod_run *run)
{
    if (run->is_settling && run->worker->is_freed) {
        run_free(run);
        return;
    }
    if (run->is_cancelled || run->is_settling) {
        return;
    }
    run->is_cancelled = true;
    if (run->call != NULL) {
        cri_cancel(run->call);
    } else if (run->job != NULL) {
        job_cancel(run->job);
    } else if (run->api != NULL) {
        client_cancel(run->api);
    } else {
        if (run->image != NULL) {
            image_get_cancel(run->image);
        }
        handler_cancel(run->handler);
        loop_timer_cancel(run->timer);
        pod_run_end(run);
    }
}

bool
pod_run_is_cancelled(struct pod_run *run)
{
    if (run->is_cancelled) {
        pod_run_end(run);
        return true;
    }
    return false;
}

/* ---- what runs are made of ---- */

void
pod_run_call(struct pod_run *run, enum cri_method method, const ProtobufCMessage *request,
             int64_t timeout_ms, cri_done_fn *done)
{
    run->call = cri_call(run->worker->host->cri, method, request, timeout_ms, done, run);
}

static void
fetched(void *ctx)
{
    struct pod_run *run = ctx;

    run->after(run);
}

void
pod_run_fetch(struct pod_run *run, void (*next)(struct pod_run *run))
{
    run->after = next;
    run->fetch = fetch_start(run->worker->host->fetcher, run->pod, &run->sources, fetched, run);
}

static void
job_work(void *ctx, struct arena *arena, struct err **err)
{
    struct pod_run *run = ctx;

    (void)arena;
    run->work(run, err);
}

static void
job_ended(void *ctx, struct arena *arena, struct err *owned)
{
    struct pod_run *run = ctx;

    (void)arena;
    run->job = NULL;
    if (run->is_cancelled) {
        err_free(owned);
        pod_run_end(run);
        return;
    }
    run->worked(run, owned);
}

void
pod_run_job(struct pod_run *run, void (*work)(struct pod_run *run, struct err **err),
            void (*next)(struct pod_run *run, struct err *owned))
{
    run->work = work;
    run->worked = next;
    run->job = job_submit(run->worker->host->jobs, job_work, job_ended, run, NULL, 0);
}

void
pod_run_event(struct pod_run *run, enum event_type type, const char *reason, const char *format,
              ...)
{
    AUTO_STR struct str_builder note = { 0 };
    va_list args;

    va_start(args, format);
    str_vputf(&note, format, args);
    va_end(args);
    pod_worker_event(run->worker, run->flight.act.container,
                     run->member != NULL ? run->member->list : POD_LIST_MAIN, type, reason,
                     str_view(&note));
}

/* The pod's addresses beside the node's facts; they live in the run. */
struct pod_place
pod_run_place(const struct pod_run *run)
{
    struct pod_place place = run->worker->host->place;
    const struct runtime_pod *seen = &run->worker->seen->pod;
    bool is_host = val_bool(val_at(run->pod, "spec.hostNetwork"), false);
    const struct runtime_sandbox *sandbox = runtime_sandbox_usable(seen, is_host);
    size_t len = sandbox != NULL && !is_host ? sandbox->ip_len : is_host ? 1 : 0;
    struct str *ips = arena_array(run->arena, len, sizeof(*ips));

    for (size_t i = 0; i < len; i++) {
        ips[i] = arena_dup(run->arena, is_host ? place.host_ip : sandbox->ips[i]);
    }
    place.pod_ips = ips;
    place.pod_ip_len = len;
    return place;
}

/* ---- volumes ---- */

struct volumes {
    struct volume_in in;
    struct pod_place place;
};

static void
volumes_work(struct pod_run *run, struct err **err)
{
    (void)volume_set_up(&((struct volumes *)run->state)->in, err);
}

static void
volumes_ended(struct pod_run *run, struct err *owned)
{
    struct pod_worker *worker = run->worker;
    int64_t now_ms = clock_wall_ms();

    /* Pods of one node do not all refresh at once. */
    worker->refresh_ms =
        now_ms + REFRESH_MS + (int64_t)(str_hash(str_of(worker->uid)) % REFRESH_SPREAD_MS);
    if (owned == NULL) {
        worker->facts.has_volumes = true;
        worker->volumes_wait_ms = 0;
    } else {
        worker->volumes_wait_ms = worker->volumes_wait_ms == 0 ? VOLUMES_WAIT_MS
                                  : worker->volumes_wait_ms < VOLUMES_WAIT_MAX_MS / 2
                                      ? worker->volumes_wait_ms * 2
                                      : VOLUMES_WAIT_MAX_MS;
        worker->facts.volumes_retry_ms = now_ms + worker->volumes_wait_ms;
        pod_run_event(run, EVENT_WARNING, "FailedMount", "%s", owned->message);
        err_free(owned);
    }
    pod_run_end(run);
}

static void
volumes_fetched(struct pod_run *run)
{
    pod_run_job(run, volumes_work, volumes_ended);
}

static void
run_volumes(struct pod_run *run)
{
    struct volumes *volumes = ARENA_NEW(run->arena, struct volumes);
    struct pod_host *host = run->worker->host;

    run->state = volumes;
    volumes->place = pod_run_place(run);
    volumes->in = (struct volume_in){ .root = host->root,
                                      .pod = run->pod,
                                      .place = &volumes->place,
                                      .sources = &run->sources,
                                      .can_mount = true,
                                      .memory_bytes = host->place.memory_bytes };
    pod_sources_of_volumes(run->pod, &run->sources);
    pod_run_fetch(run, volumes_fetched);
}

/* ---- sandboxes ---- */

/* Stops and removals: done, or tried again after a while. */
static void
removed(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;
    bool is_failed = owned != NULL && owned->code != ERR_NOT_FOUND;

    (void)answer;
    run->call = NULL;
    if (is_failed && !run->is_cancelled && run->flight.act.kind == POD_ACT_SANDBOX_STOP) {
        pod_run_event(run, EVENT_WARNING, "FailedKillPod", "error killing pod: %s", owned->message);
    }
    err_free(owned);
    if (is_failed) {
        pod_run_fail(run, RETRY_MS);
    } else {
        pod_run_end(run);
    }
}

static void
run_sandbox_stop(struct pod_run *run)
{
    Cri__StopPodSandboxRequest request = CRI__STOP_POD_SANDBOX_REQUEST__INIT;

    request.pod_sandbox_id = arena_dupz(run->arena, run->flight.act.id);
    pod_run_call(run, CRI_STOP_SANDBOX, &request.base, 0, removed);
}

/* ---- removals, with the logs ---- */

static struct str
log_dir(struct pod_run *run)
{
    const struct runtime_pod *seen = &run->worker->seen->pod;

    return arena_printf(run->arena, "%s/" STR_FMT "_" STR_FMT "_%s",
                        run->worker->host->config.log_root, STR_ARG(seen->ns), STR_ARG(seen->name),
                        run->worker->uid);
}

static void
remove_logs(struct pod_run *run, struct err **err)
{
    (void)disk_remove(run->state, err);
}

static void
logs_removed(struct pod_run *run, struct err *owned)
{
    Cri__RemovePodSandboxRequest request = CRI__REMOVE_POD_SANDBOX_REQUEST__INIT;

    if (owned != NULL) { /* they lie about; the pod goes all the same */
        log_warn("logs not removed err=\"%s\"", owned->message);
        err_free(owned);
    }
    request.pod_sandbox_id = arena_dupz(run->arena, run->flight.act.id);
    pod_run_call(run, CRI_REMOVE_SANDBOX, &request.base, 0, removed);
}

/* The last sandbox of a pod that is gone takes its logs along. */
static void
run_sandbox_remove(struct pod_run *run)
{
    const struct runtime_pod *seen = &run->worker->seen->pod;

    if (run->worker->is_gone && seen->sandbox_len == 1 && seen->ns.size > 0 &&
        seen->name.size > 0) {
        run->state = arena_dupz(run->arena, log_dir(run));
        pod_run_job(run, remove_logs, logs_removed);
    } else {
        logs_removed(run, NULL);
    }
}

static void
run_remove(struct pod_run *run)
{
    Cri__RemoveContainerRequest request = CRI__REMOVE_CONTAINER_REQUEST__INIT;
    const struct runtime_pod *seen = &run->worker->seen->pod;

    for (size_t i = 0; i < seen->container_len; i++) {
        AUTO_ERR struct err *err = NULL;

        if (str_eq(seen->containers[i].id, run->flight.act.id) &&
            seen->containers[i].log_path.size > 0) {
            /* One file: it may be gone already. */
            (void)disk_remove(arena_dupz(run->arena, seen->containers[i].log_path), &err);
        }
    }
    request.container_id = arena_dupz(run->arena, run->flight.act.id);
    pod_run_call(run, CRI_REMOVE_CONTAINER, &request.base, 0, removed);
}

/* ---- the end ---- */

/* What a cleaning up needs, for the job's thread. */
struct cleanup {
    struct str cgroup;
    const char *logs; /* of a pod that never had a sandbox: nothing else removes them; NULL: kept */
};

static void
clean_work(struct pod_run *run, struct err **err)
{
    const struct cleanup *cleanup = run->state;

    if (volume_clean(run->worker->host->root, str_of(run->worker->uid), err) < 0) {
        return;
    }
    if (cleanup->cgroup.size > 0) {
        cgroup_remove("/sys/fs/cgroup", cleanup->cgroup);
    }
    if (cleanup->logs != NULL) {
        (void)disk_remove(cleanup->logs, err);
    }
}

static void
cleaned(struct pod_run *run, struct err *owned)
{
    if (owned != NULL) {
        log_warn("pod not cleaned up pod=%s err=\"%s\"", run->worker->uid, owned->message);
        err_free(owned);
        pod_run_fail(run, RETRY_MS);
        return;
    }
    fetch_pool_forget(run->worker->host->fetcher, str_of(run->worker->uid));
    run->worker->facts.is_clean = true;
    run->worker->facts.has_volumes = false;
    pod_run_end(run);
}

static void
run_cleanup(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct cleanup *cleanup = ARENA_NEW(run->arena, struct cleanup);
    struct pod_config_in in = { .arena = run->arena, .pod = run->pod, .node = &host->config };

    run->state = cleanup;
    if (val_is(run->pod)) {
        cleanup->cgroup = pod_limits_cgroup(run->pod, host->config.has_systemd_cgroups, run->arena);
        if (run->worker->seen->pod.sandbox_len == 0) {
            cleanup->logs = pod_config_log_dir(&in).at;
        }
    }
    pod_run_job(run, clean_work, cleaned);
}

static void
deleted(void *ctx, const struct reply *reply, struct err *owned)
{
    struct pod_run *run = ctx;
    bool is_failed = owned != NULL && owned->code != ERR_NOT_FOUND &&
                     owned->code != ERR_CONFLICT; /* another pod of that name: ours is gone */

    (void)reply;
    run->api = NULL;
    if (is_failed && owned->code != ERR_CANCELLED) {
        log_info("pod not deleted pod=%s err=\"%s\"", run->worker->uid, owned->message);
    }
    err_free(owned);
    /* Until the watch says that it is gone, it is not deleted a second time. */
    pod_run_fail(run, is_failed ? RETRY_MS / 5 : RETRY_MS);
}

static void
run_delete(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct call call = call_of(VERB_DELETE, host->pods, run->object->ns, run->object->name);

    call.grace_s = 0;
    call.pre_uid = str_of(run->worker->uid);
    run->api = client_call(host->client, &call, deleted, run);
}
