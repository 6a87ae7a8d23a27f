/* What decides over a Job beside its counts: podFailurePolicy, successPolicy, backoffLimitPerIndex.
 * Pure.
 *
 * Follows pod_failure_policy.go, success_policy.go and indexed_job_utils.go of pkg/controller/job,
 * release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "client/plan.h"
#include "controllers/ctl_job_priv.h"

/* ---- podFailurePolicy ---- */

static bool
matches_code(struct val requirement, int64_t code)
{
    bool is_in = false;
    VAL_EACH (it, val_get(requirement, "values")) {
        is_in = is_in || val_int(it.value, -1) == code;
    }
    return val_is_str(val_get(requirement, "operator"), "In") ? is_in : !is_in;
}

/* The first container that ended with such a code; absent: none. */
static struct val
find_container(struct val statuses, struct val requirement)
{
    struct str name = val_str(val_get(requirement, "containerName"));
    VAL_EACH (it, statuses) {
        struct val ended = val_at(it.value, "state.terminated");
        int64_t code = val_int(val_get(ended, "exitCode"), 0);
        bool is_meant = name.size == 0 || str_eq(val_str(val_get(it.value, "name")), name);
        if (val_is(ended) && is_meant && code != 0 && matches_code(requirement, code)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static struct val
find_condition(struct val conditions, struct val patterns)
{
    VAL_EACH (it, conditions) {
        VAL_EACH (pattern, patterns) {
            struct val status = val_get(pattern.value, "status");
            bool is_same_status = val_is(status) ? val_eq(val_get(it.value, "status"), status)
                                                 : val_is_str(val_get(it.value, "status"), "True");
            if (is_same_status &&
                val_eq(val_get(it.value, "type"), val_get(pattern.value, "type"))) {
                return it.value;
            }
        }
    }
    return (struct val){ 0 };
}

static struct str
code_message(const struct ctl_job *job, const struct ctl_job_pod *pod, struct val container,
             size_t rule)
{
    return arena_printf(job->in->arena,
                        "Container " STR_FMT " for pod " STR_FMT "/" STR_FMT
                        " failed with exit code %lld matching FailJob rule at index %zu",
                        STR_ARG(val_str(val_get(container, "name"))), STR_ARG(pod->object->ns),
                        STR_ARG(pod->object->name),
                        (long long)val_int(val_at(container, "state.terminated.exitCode"), 0),
                        rule);
}

static struct str
condition_message(const struct ctl_job *job, const struct ctl_job_pod *pod, struct val condition,
                  size_t rule)
{
    return arena_printf(job->in->arena,
                        "Pod " STR_FMT "/" STR_FMT " has condition " STR_FMT
                        " matching FailJob rule at index %zu",
                        STR_ARG(pod->object->ns), STR_ARG(pod->object->name),
                        STR_ARG(val_str(val_get(condition, "type"))), rule);
}

static enum ctl_job_verdict
verdict_of(struct val action)
{
    return val_is_str(action, "Ignore")      ? CTL_JOB_IGNORED
           : val_is_str(action, "FailIndex") ? CTL_JOB_FAILS_INDEX
           : val_is_str(action, "FailJob")   ? CTL_JOB_FAILS_JOB
                                             : CTL_JOB_COUNTS;
}

enum ctl_job_verdict
ctl_job_policy_of(const struct ctl_job *job, const struct ctl_job_pod *pod, struct str *ret_message)
{
    struct val status = val_get(pod->root, "status");
    size_t rule = 0;
    VAL_EACH (it, val_at(job->spec, "podFailurePolicy.rules")) {
        struct val codes = val_get(it.value, "onExitCodes");
        struct val conditions = val_get(it.value, "onPodConditions");
        if (val_is(codes)) {
            struct val found = find_container(val_get(status, "containerStatuses"), codes);
            if (!val_is(found)) {
                found = find_container(val_get(status, "initContainerStatuses"), codes);
            }
            if (val_is(found)) {
                *ret_message = code_message(job, pod, found, rule);
                return verdict_of(val_get(it.value, "action"));
            }
        } else if (val_is(conditions)) {
            struct val found = find_condition(val_get(status, "conditions"), conditions);
            if (val_is(found)) {
                *ret_message = condition_message(job, pod, found, rule);
                return verdict_of(val_get(it.value, "action"));
            }
        }
        rule++;
    }
    return CTL_JOB_COUNTS;
}

/* ---- successPolicy ---- */

static int64_t
common(const struct ctl_job_index *a, const struct ctl_job_index *b)
{
    int64_t total = 0;
    for (size_t i = 0, k = 0; i < a->len && k < b->len;) {
        int64_t first = a->at[i].first > b->at[k].first ? a->at[i].first : b->at[k].first;
        bool a_ends = a->at[i].last < b->at[k].last;
        int64_t last = a_ends ? a->at[i].last : b->at[k].last;
        total += last >= first ? last - first + 1 : 0;
        i += a_ends ? 1 : 0;
        k += a_ends ? 0 : 1;
    }
    return total;
}

bool
ctl_job_policy_succeeds(const struct ctl_job *job, struct str *ret_message)
{
    size_t rule = 0;
    VAL_EACH (it, val_at(job->spec, "successPolicy.rules")) {
        struct val text = val_get(it.value, "succeededIndexes");
        struct val count = val_get(it.value, "succeededCount");
        struct arena *arena = job->in->arena;
        int64_t have = ctl_job_index_total(&job->indexes), need = val_int(count, 0);
        bool is_rule = val_is(text) || val_is(count);
        if (val_is(text)) {
            struct ctl_job_index wanted =
                ctl_job_index_parse(val_str(text), job->completions, arena);
            have = common(&wanted, &job->indexes);
            need = val_is(count) ? need : ctl_job_index_total(&wanted);
        }
        if (is_rule && job->indexes.len > 0 && have >= need) {
            *ret_message = arena_printf(arena, "Matched rules at index %zu", rule);
            return true;
        }
        rule++;
    }
    return false;
}

/* ---- backoffLimitPerIndex ---- */

static int64_t
annotation(const struct ctl_job_pod *pod, const char *key)
{
    int64_t count;
    struct val annotations = val_at(pod->root, "metadata.annotations");
    return str_to_int(val_str(val_member(annotations, str_of(key))), &count) ? count : 0;
}

int64_t
ctl_job_policy_failures(const struct ctl_job_pod *pod, int64_t *ret_ignored)
{
    *ret_ignored = annotation(pod, CTL_JOB_IGNORED_FAILURES);
    return annotation(pod, CTL_JOB_FAILURES);
}

void
ctl_job_policy_next_failures(const struct ctl_job *job, int64_t index, int64_t *ret_counted,
                             int64_t *ret_ignored)
{
    struct str message;
    *ret_counted = *ret_ignored = 0;
    for (size_t i = 0; i < job->len; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        if (pod->index == index && pod->keeps_finalizer) {
            bool is_ignored = ctl_job_policy_of(job, pod, &message) == CTL_JOB_IGNORED;
            *ret_counted = ctl_job_policy_failures(pod, ret_ignored) + (is_ignored ? 0 : 1);
            *ret_ignored += is_ignored ? 1 : 0;
        }
    }
}

static bool
fails_index(const struct ctl_job *job, const struct ctl_job_pod *pod)
{
    int64_t ignored, limit = val_int(val_get(job->spec, "backoffLimitPerIndex"), 0);
    struct str message;
    enum ctl_job_verdict verdict = ctl_job_policy_of(job, pod, &message);
    return verdict == CTL_JOB_FAILS_INDEX ||
           (verdict != CTL_JOB_IGNORED && ctl_job_policy_failures(pod, &ignored) >= limit);
}

static bool
has_active_pod(const struct ctl_job *job, int64_t index)
{
    for (size_t i = 0; i < job->len; i++) {
        if (job->pods[i].index == index && job->pods[i].is_active) {
            return true;
        }
    }
    return false;
}

/* The pod of an index that failed last carries its count: it stays until its successor has it. Pods
 * are sorted by index and age, and counts only grow. */
static void
keep_last_failed(struct ctl_job *job)
{
    struct ctl_job_pod *last = NULL;
    for (size_t i = 0; i < job->len; i++) {
        struct ctl_job_pod *pod = &job->pods[i];
        bool is_settled =
            pod->index == CTL_JOB_NO_INDEX || ctl_job_index_has(&job->indexes, pod->index) ||
            ctl_job_index_has(&job->failed_indexes, pod->index) || has_active_pod(job, pod->index);
        if (!pod->has_failed || !pod->has_finalizer || is_settled) {
            continue;
        }
        if (last != NULL && last->index == pod->index) {
            last->keeps_finalizer = false;
        }
        pod->keeps_finalizer = true;
        last = pod;
    }
}

void
ctl_job_policy_indexes(struct ctl_job *job)
{
    struct arena *arena = job->in->arena;
    int64_t *failed = arena_array(arena, job->len + 1, sizeof(failed[0]));
    size_t len = 0;
    job->failed_indexes = ctl_job_index_parse(val_str(val_get(job->status, "failedIndexes")),
                                              job->completions, arena);
    /* Once the end is decided, pods that end with the Job fail no index. */
    for (size_t i = 0; i < job->len && job->end.type == NULL; i++) {
        const struct ctl_job_pod *pod = &job->pods[i];
        if (pod->index != CTL_JOB_NO_INDEX && pod->has_failed && pod->has_finalizer &&
            fails_index(job, pod)) {
            failed[len++] = pod->index;
        }
    }
    job->failed_indexes = ctl_job_index_with(&job->failed_indexes, failed, len, arena);
    keep_last_failed(job);
}
