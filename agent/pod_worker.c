/* One pod on this node. Any event (API, runtime, an action's end, a probe's verdict, time) leads to
 * one plan in the same round; the plan's cancels and actions are carried out, and the status that
 * follows from it is written when it differs from the API's. Made by podset; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_worker.h"

#include "agent/fetch.h"
#include "agent/handler.h"
#include "agent/pleg.h"
#include "agent/pod_status.h"
#include "agent/pod_worker_priv.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"

#define LOG_MODULE "pod"
#include "base/log.h"

enum { STATUS_WAIT_MS = 500, STATUS_WAIT_MAX_MS = 30 * 1000 };

static void plan_now(void *ctx);

/* ---- life ---- */

static struct runtime_snapshot *
nothing_seen(struct str uid)
{
    struct arena *arena = arena_new();
    struct runtime_snapshot *snapshot = ARENA_NEW(arena, struct runtime_snapshot);

    snapshot->arena = arena;
    snapshot->pod.uid = arena_dup(arena, uid);
    return snapshot;
}

struct pod_worker *
pod_worker_new(struct pod_host *host, struct str pod_uid)
{
    struct pod_worker *worker = MEM_NEW(struct pod_worker);

    host->worker_len++;
    worker->host = host;
    worker->uid = str_dup(pod_uid);
    worker->seen = nothing_seen(pod_uid);
    worker->is_gone = true; /* until the API shows it */
    worker->facts.start_ms = clock_wall_ms();
    worker->facts.end_grace_s = -1;
    worker->next_run = 1;
    return worker;
}

static void
member_free(struct pod_member *member)
{
    char *const texts[] = { member->name,        member->image_ref,    member->image_user,
                            member->fail_reason, member->fail_message, member->probed_id,
                            member->wait_shown,  member->told_id };

    pod_worker_probe_stop(member);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        mem_free(texts[i]);
    }
    mem_free(member);
}

static void
release(struct pod_worker *worker)
{
    struct pod_host *host = worker->host;

    for (size_t i = 0; i < worker->member_len; i++) {
        member_free(worker->members[i]);
    }
    mem_free(worker->members);
    mem_free(worker->fact);
    object_unref(worker->object);
    runtime_snapshot_free(worker->seen);
    mem_free(worker->end_reason);
    mem_free(worker->end_message);
    mem_free(worker->resize_reason);
    mem_free(worker->resize_message);
    mem_free(worker->resize_error);
    mem_free(worker->uid);
    mem_free(worker);
    if (--host->worker_len == 0 && host->emptied != NULL) {
        host->emptied(host->emptied_ctx);
    }
}

/* Frees as soon as nothing refers to it any more. */
static bool
try_release(struct pod_worker *worker)
{
    if (!worker->is_freed || worker->is_planned || worker->runs != NULL ||
        worker->status_call != NULL) {
        return false;
    }
    release(worker);
    return true;
}

void
pod_worker_free(struct pod_worker *worker)
{
    struct pod_run *next;

    worker->is_freed = true;
    loop_timer_cancel(worker->timer);
    worker->timer = NULL;
    for (size_t i = 0; i < worker->member_len; i++) {
        pod_worker_probe_stop(worker->members[i]);
    }
    for (struct pod_run *run = worker->runs; run != NULL; run = next) {
        next = run->next;
        pod_run_cancel(run);
    }
    if (worker->status_call != NULL) {
        client_cancel(worker->status_call);
    }
    (void)try_release(worker);
}

bool
pod_worker_wants_room(const struct pod_worker *worker)
{
    return str_is(worker->facts.resize_reason, "Deferred");
}

struct pod_worker_asked
pod_worker_asked(const struct pod_worker *worker)
{
    return worker->is_gone ? (struct pod_worker_asked){ 0 } : worker->asked;
}

struct object *
pod_worker_object(const struct pod_worker *worker)
{
    return worker->object;
}

const struct runtime_snapshot *
pod_worker_snapshot(const struct pod_worker *worker)
{
    return worker->seen;
}

void
pod_worker_wake(struct pod_worker *worker)
{
    if (!worker->is_planned) {
        worker->is_planned = true;
        loop_defer(worker->host->loop, plan_now, worker);
    }
}

/* ---- what is known ---- */

static struct pod_member *
member_new(struct pod_worker *worker, struct val container, enum pod_list list)
{
    struct pod_member *member = MEM_NEW(struct pod_member);

    *member = (struct pod_member){ .worker = worker, .image_uid = -1, .list = list };
    member->name = str_dup(val_str(val_get(container, "name")));
    for (int kind = 0; kind < PROBE_KIND_LEN; kind++) {
        member->probe_ctx[kind].member = member;
        member->probe_ctx[kind].kind = (enum probe_kind)kind;
    }
    return member;
}

/* Names of containers never change and none goes away, but ephemeral ones are added at the end. */
static void
read_members(struct pod_worker *worker)
{
    size_t len = 0, old = worker->member_len;
    struct val spec;

    object_pin(worker->object);
    spec = val_get(object_val(worker->object), "spec");
    for (int list = 0; list < POD_LIST_LEN; list++) {
        len += val_len(val_get(spec, pod_list_member((enum pod_list)list)));
    }
    if (len > old) {
        worker->members = mem_resize(worker->members, len * sizeof(struct pod_member *));
        worker->fact = mem_resize(worker->fact, len * sizeof(*worker->fact));
    }
    len = 0;
    for (int list = 0; list < POD_LIST_LEN; list++) {
        VAL_EACH (it, val_get(spec, pod_list_member((enum pod_list)list))) {
            if (len++ >= old) {
                struct pod_member *member = member_new(worker, it.value, (enum pod_list)list);

                worker->members[worker->member_len] = member;
                worker->fact[worker->member_len++] =
                    (struct pod_fact){ .name = str_of(member->name) };
            }
        }
    }
    for (size_t i = 0; i < worker->member_len; i++) {
        worker->members[i]->fact = &worker->fact[i];
    }
    worker->facts.containers = worker->fact;
    worker->facts.container_len = worker->member_len;
    object_unpin(worker->object);
}

void
pod_worker_update(struct pod_worker *worker, struct object *object)
{
    if (object != NULL) {
        object_unref(worker->object);
        worker->object = object_ref(object);
        worker->is_gone = false;
        read_members(worker);
        pod_worker_ask(worker);
    } else {
        worker->is_gone = true;
    }
    pod_worker_wake(worker);
}

void
pod_worker_seen(struct pod_worker *worker, struct runtime_snapshot *owned)
{
    runtime_snapshot_free(worker->seen);
    worker->seen = owned;
    pod_run_settle(worker);
    pod_worker_wake(worker);
}

void
pod_worker_set(char **place, struct str *fact, struct str text)
{
    char *old = *place; /* text may point into it */

    *place = text.size > 0 ? str_dup(text) : NULL;
    *fact = str_of(*place);
    mem_free(old);
}

void
pod_worker_fail(struct pod_member *member, const char *reason, struct str message, int64_t wait_ms,
                bool is_pull)
{
    struct pod_fact *fact = member->fact;

    pod_worker_set(&member->fail_reason, &fact->fail_reason, str_of(reason));
    pod_worker_set(&member->fail_message, &fact->fail_message, message);
    fact->fail_at_ms = clock_wall_ms();
    fact->fail_wait_ms = wait_ms;
    fact->fail_is_pull = is_pull;
}

void
pod_worker_clear_fail(struct pod_member *member)
{
    pod_worker_set(&member->fail_reason, &member->fact->fail_reason, (struct str){ 0 });
    pod_worker_set(&member->fail_message, &member->fact->fail_message, (struct str){ 0 });
    member->fact->fail_is_pull = false;
    member->fact->fail_wait_ms = 0;
}

/* ---- events ---- */

struct str
pod_worker_pod_text(const struct pod_worker *worker, struct arena *arena)
{
    const struct runtime_pod *pod = &worker->seen->pod;
    struct str ns = worker->object != NULL ? worker->object->ns : pod->ns;
    struct str name = worker->object != NULL ? worker->object->name : pod->name;

    return arena_printf(arena, STR_FMT "_" STR_FMT "(%s)", STR_ARG(name), STR_ARG(ns), worker->uid);
}

void
pod_worker_event(struct pod_worker *worker, struct str container, enum pod_list list,
                 enum event_type type, const char *reason, struct str note)
{
    struct event_regarding regarding;
    AUTO_STR struct str_builder path = { 0 };

    if (worker->object == NULL) {
        return; /* nobody to tell it about */
    }
    regarding = event_of(worker->object);
    if (container.size > 0) {
        str_putf(&path, "spec.%s{" STR_FMT "}", pod_list_member(list), STR_ARG(container));
        regarding.field_path = str_view(&path);
    }
    event_record(worker->host->recorder, &regarding, type, reason, NULL, note);
}

/* A container that begins to wait is told of once, and again when it waits for the next try. */
static void
tell_waits(struct pod_worker *worker, const struct pod_plan *plan, struct arena *arena)
{
    for (size_t i = 0; i < plan->wait_len; i++) {
        const struct pod_wait *wait = &plan->waits[i];
        struct pod_member *member = NULL;
        struct str note;
        bool is_crash = str_is(str_of(wait->reason), "CrashLoopBackOff");

        for (size_t j = 0; j < worker->member_len; j++) {
            if (str_is(wait->container, worker->members[j]->name)) {
                member = worker->members[j];
            }
        }
        if (member == NULL || (!is_crash && !str_is(str_of(wait->reason), "ImagePullBackOff")) ||
            (member->wait_shown != NULL && str_is(wait->message, member->wait_shown))) {
            continue;
        }
        mem_free(member->wait_shown);
        member->wait_shown = str_dup(wait->message);
        note = is_crash
                   ? arena_printf(arena, "Back-off restarting failed container %s in pod " STR_FMT,
                                  member->name, STR_ARG(pod_worker_pod_text(worker, arena)))
                   : str_cut(wait->message, '\n', &(struct str){ 0 });
        if (!is_crash) { /* without the error behind it */
            const char *end = memmem(note.at, note.size, "\": ", 3);
            note.size = end != NULL ? (size_t)(end - note.at) + 1 : note.size;
        }
        pod_worker_event(worker, wait->container, member->list,
                         is_crash ? EVENT_WARNING : EVENT_NORMAL, "BackOff", note);
        if (!is_crash) {
            pod_worker_event(worker, wait->container, member->list, EVENT_WARNING, "Failed",
                             STR("Error: ImagePullBackOff"));
        }
    }
}

/* ---- status ---- */

static void
status_written(void *ctx, const struct reply *reply, struct err *owned)
{
    struct pod_worker *worker = ctx;

    worker->status_call = NULL;
    if (owned == NULL && reply->object != NULL && !worker->is_freed) {
        worker->status_wait_ms = 0;
        if (worker->object == NULL || reply->object->rev > worker->object->rev) {
            object_unref(worker->object);
            worker->object = object_ref(reply->object);
        }
    } else if (owned != NULL && owned->code != ERR_CANCELLED) {
        log_info("status not written pod=" STR_FMT "/" STR_FMT " err=\"%s\"",
                 STR_ARG(worker->object->ns), STR_ARG(worker->object->name), owned->message);
        worker->status_wait_ms = worker->status_wait_ms == 0 ? STATUS_WAIT_MS
                                 : worker->status_wait_ms < STATUS_WAIT_MAX_MS / 2
                                     ? worker->status_wait_ms * 2
                                     : STATUS_WAIT_MAX_MS;
        worker->status_retry_ms = clock_wall_ms() + worker->status_wait_ms;
    }
    err_free(owned);
    if (!try_release(worker) && !worker->is_freed) {
        pod_worker_wake(worker);
    }
}

static void
send_status(struct pod_worker *worker, struct val pod, struct val mine, struct arena *arena)
{
    struct call call =
        call_of(VERB_PATCH, worker->host->pods, worker->object->ns, worker->object->name);
    struct jw patch;

    jw_init(&patch, arena);
    pod_status_patch(pod, mine, &patch);
    call.subresource = "status";
    call.body_type = BODY_STRATEGIC_PATCH;
    call.body = jw_done(&patch);
    worker->status_call = client_call(worker->host->client, &call, status_written, worker);
}

static void
sync_status(struct pod_worker *worker, const struct pod_plan_in *in, const struct pod_plan *plan)
{
    struct pod_status_in status = { .of = in,
                                    .plan = plan,
                                    .host_ip = worker->host->place.host_ip,
                                    .runtime_name = str_of(worker->host->runtime_name) };
    struct doc *mine;
    struct jw out;

    if (worker->is_gone || worker->object == NULL) {
        return;
    }
    jw_init(&out, in->arena);
    pod_status_write(&status, &out);
    mine = doc_trust(in->arena, jw_done(&out));
    worker->facts.is_status_written =
        !pod_status_differs(doc_root(mine), val_get(in->pod, "status"));
    if (!worker->facts.is_status_written && worker->status_call == NULL &&
        in->now_ms >= worker->status_retry_ms) {
        pod_worker_resize_tell(worker, in->pod, doc_root(mine), in->arena);
        send_status(worker, in->pod, doc_root(mine), in->arena);
    }
}

/* ---- the plan, carried out ---- */

static void
take_end(struct pod_worker *worker, const struct pod_plan *plan)
{
    if (plan->end_reason.size > 0 && worker->end_reason == NULL) {
        pod_worker_set(&worker->end_reason, &worker->facts.end_reason, plan->end_reason);
        pod_worker_set(&worker->end_message, &worker->facts.end_message, plan->end_message);
        pod_worker_event(worker, (struct str){ 0 }, POD_LIST_MAIN, EVENT_NORMAL, "DeadlineExceeded",
                         plan->end_message);
    }
    if (plan->is_ending && worker->facts.end_since_ms == 0) {
        worker->facts.end_since_ms = clock_wall_ms();
    }
}

static void
cancel_runs(struct pod_worker *worker, const struct pod_plan *plan)
{
    for (size_t i = 0; i < plan->cancel_len; i++) {
        for (struct pod_run *run = worker->runs; run != NULL; run = run->next) {
            if (run->flight.id == plan->cancels[i]) {
                pod_run_cancel(run);
                break;
            }
        }
    }
}

static void
carry_out(struct pod_worker *worker, const struct pod_plan *plan)
{
    for (size_t i = 0; i < plan->act_len; i++) {
        pod_run_start(worker, &plan->acts[i]);
    }
    if (worker->facts.has_volumes && !plan->is_ending && clock_wall_ms() >= worker->refresh_ms) {
        pod_run_refresh(worker);
    }
}

static void
time_came(void *ctx)
{
    struct pod_worker *worker = ctx;

    worker->timer = NULL;
    pod_worker_wake(worker);
}

/* When to look again at the latest. */
static void
set_timer(struct pod_worker *worker, const struct pod_plan *plan, int64_t probe_ms)
{
    int64_t at_ms = probe_ms, now_ms = clock_wall_ms();
    const int64_t others[] = {
        plan->again_ms,
        worker->facts.is_status_written ? 0 : worker->status_retry_ms,
        worker->facts.has_volumes && !plan->is_ending ? worker->refresh_ms : 0,
    };

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (others[i] > now_ms && others[i] < at_ms) {
            at_ms = others[i];
        }
    }
    loop_timer_cancel(worker->timer);
    worker->timer = NULL;
    if (at_ms < INT64_MAX) {
        worker->timer =
            loop_timer(worker->host->loop, clock_mono_ms() + (at_ms - now_ms), time_came, worker);
    }
}

static void
plan_once(struct pod_worker *worker, struct arena *arena)
{
    struct pod_plan *plan = ARENA_NEW(arena, struct pod_plan);
    struct pod_flight flights[POD_PLAN_MAX];
    struct pod_plan_in in = { .is_gone = worker->is_gone,
                              .seen = &worker->seen->pod,
                              .facts = &worker->facts,
                              .flights = flights,
                              .now_ms = clock_wall_ms(),
                              .arena = arena };
    int64_t probe_ms;

    if (worker->object != NULL) {
        pod_worker_admit(worker, object_val(worker->object), arena);
        in.pod = pod_worker_resize(worker, object_val(worker->object), arena);
    }
    for (struct pod_run *run = worker->runs; run != NULL && in.flight_len < POD_PLAN_MAX;
         run = run->next) {
        flights[in.flight_len++] = run->flight;
    }
    pod_worker_probe_sync(worker, in.pod);
    pod_plan(&in, plan);
    take_end(worker, plan);
    sync_status(worker, &in, plan);
    tell_waits(worker, plan, arena);
    if (plan->is_done) {
        worker->host->forgotten(worker->host->ctx, str_of(worker->uid));
        pod_worker_free(worker);
        return;
    }
    cancel_runs(worker, plan);
    carry_out(worker, plan);
    probe_ms = pod_worker_probe(worker, plan->is_ending);
    set_timer(worker, plan, probe_ms);
}

static void
plan_now(void *ctx)
{
    struct pod_worker *worker = ctx;
    AUTO_ARENA struct arena *arena = NULL;
    struct object *object;

    worker->is_planned = false;
    if (worker->is_freed) {
        (void)try_release(worker);
        return;
    }
    if (!worker->host->is_open) {
        return; /* podset wakes all when both sides are known */
    }
    arena = arena_new();
    object = object_ref(worker->object);
    if (object != NULL) {
        object_pin(object);
    }
    plan_once(worker, arena);
    if (object != NULL) {
        object_unpin(object);
        object_unref(object);
    }
}
