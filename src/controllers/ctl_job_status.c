/* The status of a Job: what is counted, what waits to be, how it ends.  Pure.
 *
 * Follows trackJobStatusAndRemoveFinalizers (job_controller.go), release 1.35. A finished pod is written
 * into uncountedTerminatedPods; once that stands there, its finalizer goes; once that is gone, it is
 * counted. Each of these is a plan of its own, brought about by the write before, so a crash between
 * any two loses and doubles nothing. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_job_priv.h"

/* ---- what the stored status says ---- */

static struct ctl_job_pod *
find_uid(const struct ctl_job *job, struct str uid)
{
    for (size_t i = 0; i < job->len; i++) {
        if (job->pods[i].has_finalizer && str_eq(job->pods[i].object->uid, uid)) {
            return &job->pods[i];
        }
    }
    return NULL;
}

/* Uids whose pods still have their finalizer stay in the list, the others are counted. */
static struct str *
read_uids(struct ctl_job *job, const char *member, int64_t *count, size_t *ret_len)
{
    struct val list = val_get(val_get(job->status, "uncountedTerminatedPods"), member);
    struct str *kept = arena_array(job->in->arena, val_len(list) + job->len + 1, sizeof(kept[0]));
    *ret_len = 0;
    VAL_EACH (it, list) {
        struct ctl_job_pod *pod = find_uid(job, val_str(it.value));
        if (pod == NULL) {
            (*count)++;
        } else {
            pod->is_recorded = true;
            kept[(*ret_len)++] = pod->object->uid;
        }
    }
    return kept;
}

static bool
may_count(const struct ctl_job *job, const struct ctl_job_pod *pod)
{
    return pod->has_finalizer && (!job->is_indexed || pod->index != CTL_JOB_NO_INDEX);
}

static void
count_indexes(struct ctl_job *job)
{
    int64_t *new = arena_array(job->in->arena, job->len + 1, sizeof(new[0]));
    size_t len = 0;
    job->indexes_before = ctl_job_index_parse(val_str(val_get(job->status, "completedIndexes")),
                                              job->completions, job->in->arena);
    for (size_t i = 0; i < job->len; i++) {
        struct ctl_job_pod *pod = &job->pods[i];
        if (!may_count(job, pod) || !pod->has_succeeded) {
            continue;
        }
        if (ctl_job_index_has(&job->indexes_before, pod->index)) {
            pod->is_recorded = true;
        } else if (len < CTL_JOB_UNCOUNTED_MAX) {
            new[len++] = pod->index;
        }
    }
    job->indexes = ctl_job_index_with(&job->indexes_before, new, len, job->in->arena);
    job->total_succeeded = ctl_job_index_total(&job->indexes);
}

void
ctl_job_status_count(struct ctl_job *job)
{
    struct str message;
    job->succeeded = val_int(val_get(job->status, "succeeded"), 0);
    job->failed = val_int(val_get(job->status, "failed"), 0);
    job->succeeded_uids = read_uids(job, "succeeded", &job->succeeded, &job->succeeded_uid_len);
    job->failed_uids = read_uids(job, "failed", &job->failed, &job->failed_uid_len);
    job->total_succeeded = job->succeeded + (int64_t)job->succeeded_uid_len;
    job->total_failed = job->failed + (int64_t)job->failed_uid_len;
    for (size_t i = 0; i < job->len; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        if (!may_count(job, pod) || pod->is_recorded) {
            continue;
        }
        bool is_failure =
            pod->has_failed && ctl_job_policy_of(job, pod, &message) != CTL_JOB_IGNORED;
        job->total_succeeded += pod->has_succeeded ? 1 : 0;
        job->total_failed += is_failure ? 1 : 0;
    }
    if (job->is_indexed) {
        count_indexes(job);
    }
}

/* ---- what is to be counted ---- */

static bool
ends_well(const struct ctl_job *job)
{
    struct str type = str_of(job->end.type);
    return str_is(type, "SuccessCriteriaMet") || str_is(type, "Complete");
}

static bool
may_let_go(const struct ctl_job *job, const struct ctl_job_pod *pod)
{
    bool is_over = job->object->deleted_at_ms != 0 || job->end.type != NULL;
    return pod->has_finalizer &&
           (is_over || pod->has_succeeded || (pod->has_failed && !pod->keeps_finalizer));
}

/* When the Job has failed, every pod that has not succeeded has failed with it. */
static bool
counts_as_failed(const struct ctl_job *job, const struct ctl_job_pod *pod)
{
    struct str message;
    bool has_failed = pod->has_failed || (job->end.type != NULL && !ends_well(job));
    return !pod->has_succeeded && has_failed && may_count(job, pod) &&
           ctl_job_policy_of(job, pod, &message) != CTL_JOB_IGNORED;
}

/* Adds to the lists what is new. True: more is left than the lists may hold. */
static bool
record(struct ctl_job *job)
{
    for (size_t i = 0; i < job->len; i++) {
        struct ctl_job_pod *pod = &job->pods[i];
        if (!may_let_go(job, pod) || pod->is_recorded) {
            continue;
        }
        bool succeeds = pod->has_succeeded && !job->is_indexed;
        bool fails = counts_as_failed(job, pod);
        if (!succeeds && !fails) {
            continue;
        }
        if (job->succeeded_uid_len + job->failed_uid_len >= CTL_JOB_UNCOUNTED_MAX) {
            return true;
        }
        if (succeeds) {
            job->succeeded_uids[job->succeeded_uid_len++] = pod->object->uid;
        } else {
            job->failed_uids[job->failed_uid_len++] = pod->object->uid;
        }
    }
    return false;
}

/* Finalizers of pods that the stored status has, and of those that are not counted at all. */
static void
let_go(struct ctl_job *job)
{
    for (size_t i = 0; i < job->len; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        bool is_counted = (pod->has_succeeded && may_count(job, pod)) || counts_as_failed(job, pod);
        if (may_let_go(job, pod) && (pod->is_recorded || !is_counted)) {
            ctl_job_pods_let_go(job->out, pod->object);
        }
    }
}

/* ---- conditions ---- */

static void
write_condition(struct jw *w, const struct ctl_condition *c, int64_t now_ms)
{
    char now[CLOCK_TEXT_SIZE];
    jw_obj(w);
    jw_kvz(w, "type", c->type);
    jw_kvz(w, "status", c->status);
    jw_kv(w, "lastProbeTime", clock_text(now_ms, now));
    jw_kv(w, "lastTransitionTime", clock_text(now_ms, now));
    jw_kvz(w, "reason", c->reason);
    jw_kv(w, "message", c->message);
    jw_end(w);
}

/* Suspended as it should say; type NULL: it stays as it is. */
static struct ctl_condition
suspension(const struct ctl_job *job)
{
    struct val old = ctl_condition(val_get(job->status, "conditions"), "Suspended");
    bool is_said = val_is_str(val_get(old, "status"), "True");
    if (!job->was_managed || job->end.type != NULL || job->is_suspended == is_said) {
        return (struct ctl_condition){ 0 };
    }
    return (struct ctl_condition){
        .type = "Suspended",
        .status = job->is_suspended ? "True" : "False",
        .reason = job->is_suspended ? "JobSuspended" : "JobResumed",
        .message = job->is_suspended ? STR("Job suspended") : STR("Job resumed"),
    };
}

static void
write_conditions(struct ctl_job *job, const struct ctl_condition *added, size_t len, struct jw *w)
{
    struct val old = val_get(job->status, "conditions");
    if (val_len(old) == 0 && len == 0) {
        return;
    }
    jw_keyz(w, "conditions");
    jw_arr(w);
    VAL_EACH (it, old) {
        const struct ctl_condition *instead = NULL;
        for (size_t i = 0; i < len; i++) {
            if (val_is_str(val_get(it.value, "type"), added[i].type)) {
                instead = &added[i];
            }
        }
        if (instead != NULL) {
            write_condition(w, instead, job->in->now_ms);
        } else {
            jw_val(w, it.value);
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (!val_is(ctl_condition(old, added[i].type))) {
            write_condition(w, &added[i], job->in->now_ms);
        }
    }
    jw_end(w);
}

/* ---- writing ---- */

static void
write_uids(struct jw *w, const char *key, const struct str *uids, size_t len)
{
    if (len == 0) {
        return;
    }
    jw_keyz(w, key);
    jw_arr(w);
    for (size_t i = 0; i < len; i++) {
        jw_str(w, uids[i]);
    }
    jw_end(w);
}

static void
write_count(struct jw *w, const char *key, int64_t count)
{
    if (count != 0) {
        jw_kint(w, key, count);
    }
}

static void
write_times(struct ctl_job *job, bool is_complete, struct jw *w)
{
    char now[CLOCK_TEXT_SIZE];
    if (job->starts_now) {
        jw_kv(w, "startTime", clock_text(job->in->now_ms, now));
    } else {
        jw_kv(w, "startTime", val_str(val_get(job->status, "startTime")));
    }
    if (is_complete) {
        jw_kv(w, "completionTime", clock_text(job->in->now_ms, now));
    }
}

/* Was a creation refused last time? Then this plan's are not counted before they are there. */
static bool
is_refused(const struct ctl_job *job)
{
    for (size_t i = 0; i < job->in->last_len; i++) {
        if (job->in->last[i].verb == PLAN_CREATE && job->in->last[i].err != NULL) {
            return true;
        }
    }
    return false;
}

static void
write_counts(struct ctl_job *job, struct jw *w)
{
    write_count(w, "active", is_refused(job) ? job->active - job->created : job->active);
    write_count(w, "succeeded", job->is_indexed ? job->total_succeeded : job->succeeded);
    write_count(w, "failed", job->failed);
    jw_kint(w, "terminating", job->terminating);
    if (job->is_indexed) {
        jw_kv(w, "completedIndexes", ctl_job_index_text(&job->indexes, job->in->arena));
    }
    if (job->has_index_limit) {
        jw_keyz(w, "failedIndexes");
        jw_str(w, ctl_job_index_text(&job->failed_indexes, job->in->arena));
    }
    jw_keyz(w, "uncountedTerminatedPods");
    jw_obj(w);
    write_uids(w, "succeeded", job->succeeded_uids, job->succeeded_uid_len);
    write_uids(w, "failed", job->failed_uids, job->failed_uid_len);
    jw_end(w);
    jw_kint(w, "ready", job->ready);
}

static void
tell_end(struct ctl_job *job)
{
    const struct ctl_job_end *end = &job->end;
    if (str_is(str_of(end->type), "Failed")) {
        plan_event_after(job->out, job->object, EVENT_WARNING, end->reason, NULL, STR_FMT,
                         STR_ARG(end->message));
        return;
    }
    if (job->has_completions && job->succeeded > job->completions) {
        plan_event_after(job->out, job->object, EVENT_WARNING, "TooManySucceededPods", NULL,
                         "Too many succeeded pods running after completion count reached");
    }
    plan_event_after(job->out, job->object, EVENT_NORMAL, "Completed", NULL, "Job completed");
}

void
ctl_job_status_write(struct ctl_job *job)
{
    struct ctl_condition added[2], suspended = suspension(job);
    struct str type = str_of(job->end.type);
    size_t len = 0;
    bool is_cut = record(job);
    bool is_target = str_is(type, "SuccessCriteriaMet") || str_is(type, "FailureTarget");
    /* The last condition waits until all is counted and nothing of the Job runs any more. */
    bool is_over = type.size > 0 && !is_target && !is_cut && job->terminating == 0 &&
                   job->succeeded_uid_len + job->failed_uid_len == 0;
    if (is_target || is_over) {
        added[len++] = (struct ctl_condition){ .type = job->end.type,
                                               .status = "True",
                                               .reason = job->end.reason,
                                               .message = job->end.message };
    }
    if (suspended.type != NULL &&
        (job->is_suspended ||
         val_is(ctl_condition(val_get(job->status, "conditions"), "Suspended")))) {
        added[len++] = suspended;
        job->starts_now = job->starts_now || !job->is_suspended;
        plan_event(job->out, job->object, EVENT_NORMAL, job->is_suspended ? "Suspended" : "Resumed",
                   NULL, STR_FMT, STR_ARG(suspended.message));
    }
    struct jw w;
    jw_init(&w, job->out->arena);
    jw_obj(&w);
    write_conditions(job, added, len, &w);
    write_times(job, is_over && str_is(type, "Complete"), &w);
    write_counts(job, &w);
    jw_end(&w);
    plan_group(job->out, GROUP_ALWAYS);
    ctl_status(job->in, job->object, jw_done(&w), job->out);
    if (is_over) {
        tell_end(job);
    }
    plan_group(job->out, GROUP_ALWAYS);
    let_go(job);
}
