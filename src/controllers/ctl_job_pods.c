/* The pods of a Job: finding, creating, deleting, the pause after failures.  Pure.
 *
 * Follows manageJob, activePodsForRemoval (job_controller.go) and backoff_utils.go, release 1.35. The
 * pause counts the failed pods that are still there, so it needs no memory of its own. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_job_priv.h"

/* ---- reading ---- */

int64_t
ctl_job_pods_index(struct val pod)
{
    int64_t index;
    struct str text =
        val_str(val_member(val_at(pod, "metadata.annotations"), STR(CTL_JOB_INDEX_KEY)));
    return str_to_int(text, &index) && index >= 0 ? index : CTL_JOB_NO_INDEX;
}

static bool
has_finalizer(struct val pod)
{
    VAL_EACH (it, val_at(pod, "metadata.finalizers")) {
        if (val_is_str(it.value, CTL_JOB_FINALIZER)) {
            return true;
        }
    }
    return false;
}

static struct ctl_job_pod
classify(const struct ctl_job *job, struct object *object)
{
    struct val root = object_val(object), phase = val_at(root, "status.phase");
    bool has_succeeded = val_is_str(phase, "Succeeded"), is_deleted = object->deleted_at_ms != 0;
    int64_t index = job->is_indexed ? ctl_job_pods_index(root) : CTL_JOB_NO_INDEX;
    struct ctl_job_pod pod = {
        .object = object,
        .root = root,
        .index = index < job->completions ? index : CTL_JOB_NO_INDEX,
        .has_finalizer = has_finalizer(root),
        .has_succeeded = has_succeeded,
        .is_active = ctl_pods_is_active(object),
        .is_ready = pod_state_is_ready(root),
        .is_terminating = is_deleted && !pod_state_is_finished(root),
    };
    /* A pod that is deleted may never reach the phase Failed, so it counts as such at once. */
    pod.has_failed =
        val_is_str(phase, "Failed") || (is_deleted && !has_succeeded && !job->only_replaces_failed);
    return pod;
}

static int
by_index_and_age(const void *a, const void *b)
{
    const struct ctl_job_pod *x = a, *y = b;
    if (x->index != y->index) {
        return x->index < y->index ? -1 : 1;
    }
    int order = str_cmp(val_str(val_at(x->root, "metadata.creationTimestamp")),
                        val_str(val_at(y->root, "metadata.creationTimestamp")));
    return order != 0 ? order : str_cmp(x->object->name, y->object->name);
}

void
ctl_job_pods_read(struct ctl_job *job)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector;
    if (selector_from_object(job->in->arena, val_get(job->spec, "selector"), &selector, &err) < 0) {
        return;
    }
    struct ctl_pods mine = ctl_pods_claim(job->in, &job->owner, selector, job->out);
    job->pods = arena_array(job->in->arena, mine.len + 1, sizeof(job->pods[0]));
    for (size_t i = 0; i < mine.len; i++) {
        struct ctl_job_pod pod = classify(job, mine.at[i]);
        job->active += pod.is_active ? 1 : 0;
        job->ready += pod.is_active && pod.is_ready ? 1 : 0;
        job->terminating += pod.is_terminating ? 1 : 0;
        job->pods[job->len++] = pod;
    }
    qsort(job->pods, job->len, sizeof(job->pods[0]), by_index_and_age);
}

void
ctl_job_pods_done(struct ctl_job *job)
{
    for (size_t i = 0; i < job->len; i++) {
        object_unpin(job->pods[i].object);
    }
}

/* ---- the pause after failures ---- */

static int64_t
time_ms(struct val text)
{
    int64_t us;
    return clock_parse(val_str(text), &us) < 0 ? 0 : us / 1000;
}

/* When its last container ended; 0: one has not, or none says so. */
static int64_t
containers_end_ms(struct val pod)
{
    int64_t last = 0;
    VAL_EACH (it, val_at(pod, "status.containerStatuses")) {
        int64_t at = time_ms(val_at(it.value, "state.terminated.finishedAt"));
        if (at == 0) {
            return 0;
        }
        last = at > last ? at : last;
    }
    return last;
}

/* getFinishedTime */
static int64_t
end_ms(struct val pod)
{
    int64_t at = containers_end_ms(pod);
    struct val ready = pod_state_condition(pod, "Ready");
    if (at == 0 && val_is_str(val_get(ready, "status"), "False")) {
        at = time_ms(val_get(ready, "lastTransitionTime"));
    }
    if (at == 0 && val_is(val_at(pod, "metadata.deletionTimestamp"))) {
        at = time_ms(val_at(pod, "metadata.deletionTimestamp")) -
             val_int(val_at(pod, "metadata.deletionGracePeriodSeconds"), 0) * 1000;
    }
    return at > 0 ? at : time_ms(val_at(pod, "metadata.creationTimestamp"));
}

static int64_t
backoff_ms(int64_t failures)
{
    int64_t pause = CTL_JOB_BACKOFF_MS;
    for (int64_t i = 1; i < failures && pause < CTL_JOB_BACKOFF_MAX_MS; i++) {
        pause *= 2;
    }
    return pause < CTL_JOB_BACKOFF_MAX_MS ? pause : CTL_JOB_BACKOFF_MAX_MS;
}

int64_t
ctl_job_pods_backoff_until(const struct ctl_job *job)
{
    int64_t success = 0, failure = 0, failures = 0;
    for (size_t i = 0; i < job->len; i++) {
        int64_t at = job->pods[i].has_succeeded ? end_ms(job->pods[i].root) : 0;
        success = at > success ? at : success;
    }
    for (size_t i = 0; i < job->len; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        int64_t at = pod->has_failed ? end_ms(pod->root) : 0;
        if (at > success) { /* ignored ones, too */
            failure = at > failure ? at : failure;
            failures++;
        }
    }
    return failures == 0 ? 0 : failure + backoff_ms(failures);
}

int64_t
ctl_job_pods_index_backoff_until(const struct ctl_job *job, int64_t index)
{
    for (size_t i = 0; i < job->len; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        if (pod->index == index && pod->keeps_finalizer) {
            int64_t ignored;
            int64_t failures = ctl_job_policy_failures(pod, &ignored);
            return end_ms(pod->root) + backoff_ms(failures + ignored + 1);
        }
    }
    return 0;
}

/* ---- deleting ---- */

void
ctl_job_pods_let_go(struct plan *out, struct object *pod)
{
    plan_write(
        out, PLAN_PATCH, pod,
        STR("{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"" CTL_JOB_FINALIZER "\"]}}"),
        PRE_UID);
}

static void
delete_pod(struct ctl_job *job, struct ctl_job_pod *pod)
{
    plan_write(job->out, PLAN_DELETE, pod->object, (struct str){ 0 }, PRE_UID);
    plan_event_after(job->out, job->object, EVENT_NORMAL, "SuccessfulDelete", NULL,
                     "Deleted pod: " STR_FMT, STR_ARG(pod->object->name));
    pod->is_deleted_now = true;
    job->active--;
    job->ready -= pod->is_ready ? 1 : 0;
    job->terminating++;
}

void
ctl_job_pods_end(struct ctl_job *job)
{
    size_t deleted = 0;
    for (size_t i = 0; i < job->len && deleted < CTL_JOB_PODS_MAX; i++) {
        if (job->pods[i].is_active) {
            delete_pod(job, &job->pods[i]);
            deleted++;
        }
    }
}

/* Of an indexed Job: a pod without an index that counts, or another one of the same index. */
static bool
is_surplus(const struct ctl_job *job, size_t i)
{
    const struct ctl_job_pod *pod = &job->pods[i];
    if (!job->is_indexed || pod->index == CTL_JOB_NO_INDEX) {
        return job->is_indexed;
    }
    for (size_t before = i; before > 0 && job->pods[before - 1].index == pod->index; before--) {
        if (job->pods[before - 1].is_active) {
            return true;
        }
    }
    return false;
}

static struct ctl_job_pod *
find_pod(struct ctl_job *job, const struct object *object)
{
    for (size_t i = 0; i < job->len; i++) {
        if (job->pods[i].object == object) {
            return &job->pods[i];
        }
    }
    return NULL;
}

/* Deletes at least that many. A pod that is taken away by us never counts as failed: its finalizer
 * goes first. True: something was deleted. */
static bool
remove_pods(struct ctl_job *job, int64_t at_least)
{
    struct ctl_pods left = { arena_array(job->in->arena, job->len + 1, sizeof(struct object *)),
                             0 };
    struct ctl_pods gone = { arena_array(job->in->arena, job->len + 1, sizeof(struct object *)),
                             0 };
    struct ctl_pods none = { 0 };
    for (size_t i = 0; i < job->len; i++) {
        if (job->pods[i].is_active) {
            struct ctl_pods *to = is_surplus(job, i) ? &gone : &left;
            to->at[to->len++] = job->pods[i].object;
        }
    }
    if ((int64_t)gone.len < at_least) {
        ctl_pods_sort_for_deletion(&left, &none, job->in->arena);
    }
    for (size_t i = 0; i < left.len && (int64_t)gone.len < at_least; i++) {
        gone.at[gone.len++] = left.at[i];
    }
    gone.len = gone.len < CTL_JOB_PODS_MAX ? gone.len : CTL_JOB_PODS_MAX;
    for (size_t i = 0; i < gone.len; i++) {
        struct ctl_job_pod *pod = find_pod(job, gone.at[i]);
        if (pod->has_finalizer) {
            ctl_job_pods_let_go(job->out, pod->object);
            pod->has_finalizer = false;
        }
    }
    plan_group(job->out, 0);
    for (size_t i = 0; i < gone.len; i++) {
        delete_pod(job, find_pod(job, gone.at[i]));
    }
    return gone.len > 0;
}

/* ---- creating ---- */

static void
write_environment(struct jw *w, struct val environment)
{
    bool is_there = false;
    jw_keyz(w, "env");
    jw_arr(w);
    VAL_EACH (it, environment) {
        is_there = is_there || val_is_str(val_get(it.value, "name"), "JOB_COMPLETION_INDEX");
        jw_val(w, it.value);
    }
    if (!is_there) {
        jw_raw(w, STR("{\"name\":\"JOB_COMPLETION_INDEX\",\"valueFrom\":{\"fieldRef\":{"
                      "\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.labels['" CTL_JOB_INDEX_KEY
                      "']\"}}}"));
    }
    jw_end(w);
}

static void
write_containers(struct jw *w, struct val containers)
{
    jw_arr(w);
    VAL_EACH (container, containers) {
        jw_obj(w);
        VAL_EACH (member, container.value) {
            if (!str_is(member.key, "env")) {
                jw_key(w, member.key);
                jw_val(w, member.value);
            }
        }
        write_environment(w, val_get(container.value, "env"));
        jw_end(w);
    }
    jw_end(w);
}

/* The template's spec for one index: its containers know it, and so does its host name. */
static struct str
indexed_spec(const struct ctl_job *job, struct val spec, int64_t index)
{
    struct jw w;
    jw_init(&w, job->out->arena);
    jw_obj(&w);
    VAL_EACH (it, spec) {
        if (str_is(it.key, "hostname")) {
            continue;
        }
        jw_key(&w, it.key);
        if (str_is(it.key, "containers") || str_is(it.key, "initContainers")) {
            write_containers(&w, it.value);
        } else {
            jw_val(&w, it.value);
        }
    }
    jw_keyz(&w, "hostname");
    jw_printf(&w, STR_FMT "-%lld", STR_ARG(job->object->name), (long long)index);
    jw_end(&w);
    return jw_done(&w);
}

struct indexed {
    const struct ctl_job *job;
    int64_t index;
};

static void
write_index(void *ctx, struct jw *w)
{
    jw_keyz(w, CTL_JOB_INDEX_KEY);
    jw_printf(w, "%lld", (long long)((struct indexed *)ctx)->index);
}

static void
write_annotations(void *ctx, struct jw *w)
{
    const struct indexed *of = ctx;
    write_index(ctx, w);
    if (!of->job->has_index_limit) {
        return;
    }
    int64_t failures = 0, ignored = 0;
    ctl_job_policy_next_failures(of->job, of->index, &failures, &ignored);
    jw_keyz(w, CTL_JOB_FAILURES);
    jw_printf(w, "%lld", (long long)failures);
    if (ignored > 0) {
        jw_keyz(w, CTL_JOB_IGNORED_FAILURES);
        jw_printf(w, "%lld", (long long)ignored);
    }
}

static void
create_pod(struct ctl_job *job, int64_t index, size_t nth)
{
    enum { GENERATED_MAX = 58 };
    struct arena *arena = job->out->arena;
    struct indexed of = { job, index };
    struct str base = job->object->name;
    struct ctl_pods_new spec = { .owner = &job->owner,
                                 .template = val_get(job->spec, "template"),
                                 .ctx = &of };
    if (job->is_indexed) {
        struct str tail = arena_printf(arena, "-%lld", (long long)index);
        base.size =
            base.size + tail.size + 1 > GENERATED_MAX ? GENERATED_MAX - tail.size - 1 : base.size;
        base = arena_printf(arena, STR_FMT STR_FMT, STR_ARG(base), STR_ARG(tail));
        spec.generate = arena_printf(arena, STR_FMT "-", STR_ARG(base));
        spec.spec = indexed_spec(job, val_get(spec.template, "spec"), index);
        spec.labels = write_index;
        spec.annotations = write_annotations;
    }
    spec.name = ctl_pods_name(job->in, base, nth);
    plan_create(job->out, job->owner.pods, job->object->ns, spec.name, ctl_pods_body(&spec, arena));
    plan_event_after(job->out, job->object, EVENT_NORMAL, "SuccessfulCreate", NULL,
                     "Created pod: " STR_FMT, STR_ARG(spec.name));
    job->active++;
    job->created++;
}

/* Indexes that have, or need, no new pod. */
static struct ctl_job_index
busy_indexes(const struct ctl_job *job)
{
    int64_t *busy = arena_array(job->in->arena, job->len + 1, sizeof(busy[0]));
    size_t len = 0;
    for (size_t i = 0; i < job->len; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        bool is_busy = pod->is_active || (pod->is_terminating && job->only_replaces_failed);
        if (is_busy && pod->index != CTL_JOB_NO_INDEX) {
            busy[len++] = pod->index;
        }
    }
    return ctl_job_index_with(&job->indexes, busy, len, job->in->arena);
}

static void
create_indexed(struct ctl_job *job, int64_t wanted)
{
    struct ctl_job_index busy = busy_indexes(job);
    int64_t soonest = 0;
    size_t nth = 0, range = 0;
    for (int64_t index = 0; index < job->completions && (int64_t)nth < wanted; index++) {
        while (range < busy.len && busy.at[range].last < index) {
            range++;
        }
        if (range < busy.len && busy.at[range].first <= index) {
            index = busy.at[range].last; /* all of that range */
            continue;
        }
        if (ctl_job_index_has(&job->failed_indexes, index)) {
            continue;
        }
        int64_t until = job->has_index_limit ? ctl_job_pods_index_backoff_until(job, index) : 0;
        if (until > job->in->now_ms) {
            soonest = soonest == 0 || until < soonest ? until : soonest;
            wanted--; /* its place is kept */
            continue;
        }
        create_pod(job, index, nth++);
    }
    if (nth == 0 && soonest > 0) {
        ctl_job_again(job, soonest);
    }
}

static void
create_pods(struct ctl_job *job, int64_t wanted)
{
    int64_t until = job->has_index_limit ? 0 : ctl_job_pods_backoff_until(job);
    if (until > job->in->now_ms) {
        ctl_job_again(job, until);
        return;
    }
    wanted = wanted < CTL_JOB_PODS_MAX ? wanted : CTL_JOB_PODS_MAX;
    if (job->is_indexed) {
        create_indexed(job, wanted);
        return;
    }
    for (int64_t i = 0; i < wanted; i++) {
        create_pod(job, CTL_JOB_NO_INDEX, (size_t)i);
    }
}

void
ctl_job_pods_manage(struct ctl_job *job)
{
    job->was_managed = true;
    if (job->is_suspended) {
        (void)remove_pods(job, job->active);
        return;
    }
    int64_t wanted = job->parallelism;
    if (job->has_completions) {
        int64_t left = job->completions - job->total_succeeded;
        wanted = left < wanted ? left : wanted;
        wanted = wanted < 0 ? 0 : wanted;
    } else if (job->total_succeeded > 0) {
        wanted = job->active; /* one has succeeded: the others end by themselves */
    }
    if (remove_pods(job, job->active > wanted ? job->active - wanted : 0)) {
        return; /* deletions first: creations are another plan's */
    }
    int64_t missing = wanted - job->active - (job->only_replaces_failed ? job->terminating : 0);
    if (missing > 0) {
        create_pods(job, missing);
    }
}
