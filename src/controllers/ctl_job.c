/* The Job controller: a plan per Job.  Run by src/client/reconcile, loop thread.
 *
 * Follows syncJob of pkg/controller/job/job_controller.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"
#include "controllers/ctl_job_priv.h"

static void
keys_of_pod(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    static const struct ctl_owner_kind owner = { "batch", "jobs", "Job" };
    ctl_keys_of_owned(in, &owner, old, now, add, ctx);
}

static const struct watch_spec watches[] = {
    { .group = "batch", .version = "v1", .plural = "jobs" },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_pod },
    { .plural = NULL },
};

void
ctl_job_again(struct ctl_job *job, int64_t at_ms)
{
    if (job->again_at_ms == 0 || at_ms < job->again_at_ms) {
        job->again_at_ms = at_ms;
    }
}

/* ---- pods that are no Job's ---- */

/* The controller reference to a Job of this name; absent: it has none. */
static struct val
job_reference(struct val pod, struct str name)
{
    VAL_EACH (it, val_at(pod, "metadata.ownerReferences")) {
        if (val_bool(val_get(it.value, "controller"), false) &&
            val_is_str(val_get(it.value, "kind"), "Job") &&
            val_is_str(val_get(it.value, "apiVersion"), "batch/v1") &&
            str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static bool
is_held(struct val pod)
{
    VAL_EACH (it, val_at(pod, "metadata.finalizers")) {
        if (val_is_str(it.value, CTL_JOB_FINALIZER)) {
            return true;
        }
    }
    return false;
}

/* Pods of a Job that is gone, or finished, are held by nobody. job NULL: it is gone. */
static void
free_pods(const struct plan_in *in, const struct object *job, bool is_finished, struct plan *out)
{
    CACHE_EACH (pod, it, in->cache, ctl_resource(in, "", "pods"), in->ns) {
        if (pod->owner_uid.size == 0) {
            continue;
        }
        object_pin(pod);
        struct val root = object_val(pod), reference = job_reference(root, in->name);
        bool is_own = job != NULL && str_eq(val_str(val_get(reference, "uid")), job->uid);
        if (val_is(reference) && (!is_own || is_finished) && is_held(root)) {
            ctl_job_pods_let_go(out, pod);
        }
        object_unpin(pod);
    }
}

/* ---- how it ends ---- */

static bool
is_true(const struct ctl_job *job, const char *type)
{
    struct val condition = ctl_condition(val_get(job->status, "conditions"), type);
    return val_is_str(val_get(condition, "status"), "True");
}

static struct ctl_job_end
end_from(const struct ctl_job *job, const char *target, const char *type)
{
    struct val condition = ctl_condition(val_get(job->status, "conditions"), target);
    return (struct ctl_job_end){ type,
                                 arena_dupz(job->in->arena, val_str(val_get(condition, "reason"))),
                                 val_str(val_get(condition, "message")) };
}

/* Restarts of containers in place count, too, with restartPolicy OnFailure. */
static bool
is_past_restarts(const struct ctl_job *job)
{
    static const char *const lists[] = { "initContainerStatuses", "containerStatuses" };
    int64_t restarts = 0;
    if (!val_is_str(val_at(job->spec, "template.spec.restartPolicy"), "OnFailure")) {
        return false;
    }
    for (size_t i = 0; i < job->len; i++) {
        struct val status = val_get(job->pods[i].root, "status"), phase = val_get(status, "phase");
        for (size_t l = 0; l < 2 && (val_is_str(phase, "Running") || val_is_str(phase, "Pending"));
             l++) {
            VAL_EACH (it, val_get(status, lists[l])) {
                restarts += val_int(val_get(it.value, "restartCount"), 0);
            }
        }
    }
    return job->backoff_limit == 0 ? restarts > 0 : restarts >= job->backoff_limit;
}

static bool
is_past_deadline(struct ctl_job *job)
{
    struct val seconds = val_get(job->spec, "activeDeadlineSeconds");
    if (!val_is(seconds) || job->is_suspended) {
        return false;
    }
    int64_t start_ms = job->starts_now ? job->in->now_ms : job->start_ms;
    int64_t due_ms = start_ms + val_int(seconds, 0) * 1000;
    if (due_ms > job->in->now_ms) {
        ctl_job_again(job, due_ms);
        return false;
    }
    return true;
}

static bool
fails_by_policy(struct ctl_job *job)
{
    for (size_t i = 0; i < job->len; i++) {
        struct str message = { 0 };
        if (job->pods[i].has_failed &&
            ctl_job_policy_of(job, &job->pods[i], &message) == CTL_JOB_FAILS_JOB) {
            job->end = (struct ctl_job_end){ "FailureTarget", "PodFailurePolicy", message };
            return true;
        }
    }
    return false;
}

static void
look_at_indexes(struct ctl_job *job)
{
    struct str message;
    if (job->has_index_limit) {
        ctl_job_policy_indexes(job);
    }
    int64_t failed = ctl_job_index_total(&job->failed_indexes);
    struct val most = val_get(job->spec, "maxFailedIndexes");
    if (job->end.type != NULL) {
        return;
    }
    if (val_is(most) && failed > val_int(most, 0)) {
        job->end = (struct ctl_job_end){
            "FailureTarget", "MaxFailedIndexesExceeded",
            STR("Job has exceeded the specified maximal number of failed indexes")
        };
    } else if (failed > 0 && failed + ctl_job_index_total(&job->indexes) >= job->completions) {
        job->end =
            (struct ctl_job_end){ "FailureTarget", "FailedIndexes", STR("Job has failed indexes") };
    } else if (ctl_job_policy_succeeds(job, &message)) {
        job->end = (struct ctl_job_end){ "SuccessCriteriaMet", "SuccessPolicy", message };
    }
}

/* What was decided stays decided; then failures in the order that upstream looks at them. */
static void
look_at_end(struct ctl_job *job)
{
    if (is_true(job, "SuccessCriteriaMet")) {
        job->end = end_from(job, "SuccessCriteriaMet", "Complete");
    } else if (is_true(job, "FailureTarget")) {
        job->end = end_from(job, "FailureTarget", "Failed");
    } else if (fails_by_policy(job)) {
        /* decided */
    } else if (job->total_failed > job->backoff_limit || is_past_restarts(job)) {
        job->end = (struct ctl_job_end){ "FailureTarget", "BackoffLimitExceeded",
                                         STR("Job has reached the specified backoff limit") };
    } else if (is_past_deadline(job)) {
        job->end = (struct ctl_job_end){ "FailureTarget", "DeadlineExceeded",
                                         STR("Job was active longer than specified deadline") };
    }
    if (job->is_indexed) {
        look_at_indexes(job);
    }
}

/* ---- the plan ---- */

static void
work(struct ctl_job *job)
{
    look_at_end(job);
    if (job->end.type != NULL) {
        ctl_job_pods_end(job);
        if (job->active > 0) {
            job->end = (struct ctl_job_end){ 0 }; /* more than one plan may delete */
        }
        return;
    }
    if (job->object->deleted_at_ms == 0) {
        ctl_job_pods_manage(job);
    }
    int64_t enough = job->has_completions ? job->completions : 1;
    if (job->total_succeeded >= enough && job->active == 0) {
        job->end = (struct ctl_job_end){ "SuccessCriteriaMet", "CompletionsReached",
                                         STR("Reached expected number of succeeded pods") };
    }
}

static void
read_spec(struct ctl_job *job)
{
    struct val spec = job->spec, completions = val_get(spec, "completions");
    int64_t start_us = 0;
    job->is_indexed = val_is_str(val_get(spec, "completionMode"), "Indexed");
    job->is_suspended = val_bool(val_get(spec, "suspend"), false);
    job->only_replaces_failed = val_is_str(val_get(spec, "podReplacementPolicy"), "Failed") ||
                                val_is(val_get(spec, "podFailurePolicy"));
    job->has_completions = val_is(completions);
    job->has_index_limit = val_is(val_get(spec, "backoffLimitPerIndex"));
    job->parallelism = val_int(val_get(spec, "parallelism"), 1);
    job->completions = val_int(completions, 0);
    job->backoff_limit = val_int(val_get(spec, "backoffLimit"), INT32_MAX);
    if (clock_parse(val_str(val_get(job->status, "startTime")), &start_us) == 0) {
        job->start_ms = start_us / 1000;
    }
    job->starts_now = job->start_ms == 0 && !job->is_suspended;
}

static bool
is_somebody_elses(struct val spec)
{
    struct str manager = val_str(val_get(spec, "managedBy"));
    return manager.size > 0 && !str_is(manager, "kubernetes.io/job-controller");
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *object =
        cache_get(in->cache, ctl_resource(in, "batch", "jobs"), in->ns, in->name);
    if (object == NULL) {
        free_pods(in, NULL, false, out);
        return;
    }
    object_pin(object);
    struct val root = object_val(object);
    struct ctl_job job = { .in = in,
                           .out = out,
                           .object = object,
                           .root = root,
                           .spec = val_get(root, "spec"),
                           .status = val_get(root, "status"),
                           .owner = { object, "batch/v1", "Job", ctl_resource(in, "", "pods"),
                                      CTL_JOB_FINALIZER } };
    if (is_somebody_elses(job.spec)) {
        object_unpin(object);
        return;
    }
    bool is_finished = is_true(&job, "Complete") || is_true(&job, "Failed");
    free_pods(in, object, is_finished, out);
    if (!is_finished) {
        ctl_pods_tell_failures(in, &job.owner, out);
        read_spec(&job);
        ctl_job_pods_read(&job);
        ctl_job_status_count(&job);
        work(&job);
        ctl_job_status_write(&job);
        ctl_job_pods_done(&job);
        if (job.again_at_ms != 0) {
            plan_again(out, job.again_at_ms);
        }
    }
    object_unpin(object);
}

const struct reconciler ctl_job = {
    .name = "job-controller",
    .user = "system:serviceaccount:kube-system:job-controller",
    .watches = watches,
    .plan = plan,
};
