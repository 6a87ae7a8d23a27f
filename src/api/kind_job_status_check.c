/* Rules of a Job's status: validateJobStatus and ValidateJobStatusUpdate of release 1.35. Most look
 * only when what they are about changes, so that a status that broke a rule before may move on.
 *
 * Called by kind_job_check.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_job_check.h"
#include "base/arena.h"
#include "base/mem.h"

enum {
    JOB_COMPLETE = 1 << 0,
    JOB_FAILED = 1 << 1,
    JOB_FAILURE_TARGET = 1 << 2,
    JOB_SUCCESS = 1 << 3,
    JOB_FINISHED = JOB_COMPLETE | JOB_FAILED,
};
static const struct {
    const char *type;
    unsigned bit;
} job_conditions[] = {
    { "Failed", JOB_FAILED },
    { "Complete", JOB_COMPLETE },
    { "FailureTarget", JOB_FAILURE_TARGET },
    { "SuccessCriteriaMet", JOB_SUCCESS },
};

struct job_status {
    struct causes *out;
    struct field_path path;
    struct val spec, now, old;
    unsigned is, was; /* conditions that are True */
};

static unsigned
job_conditions_of(struct val status)
{
    unsigned bits = 0;
    VAL_EACH (it, val_get(status, "conditions")) {
        for (size_t i = 0; i < ARRAY_LEN(job_conditions); i++) {
            if (val_is_str(val_get(it.value, "type"), job_conditions[i].type) &&
                val_is_str(val_get(it.value, "status"), "True")) {
                bits |= job_conditions[i].bit;
            }
        }
    }
    return bits;
}

static bool
job_has_suspended(struct val status, const char *state)
{
    VAL_EACH (it, val_get(status, "conditions")) {
        if (val_is_str(val_get(it.value, "type"), "Suspended") &&
            val_is_str(val_get(it.value, "status"), state)) {
            return true;
        }
    }
    return false;
}

static bool
job_changed(const struct job_status *s, const char *member)
{
    return !check_same(val_get(s->now, member), val_get(s->old, member));
}

static bool
job_flipped(const struct job_status *s, unsigned bits)
{
    return ((s->is & bits) != 0) != ((s->was & bits) != 0);
}

static int64_t
job_count(struct val status, const char *member)
{
    return val_int(val_get(status, member), 0);
}

/* ---- indexes ---- */

/* Go's Atoi of an index below completions. */
static bool
job_index(struct str text, int64_t completions, struct arena *arena, int64_t *ret_index,
          struct str *ret_why)
{
    struct str digits =
        text.size > 1 && text.at[0] == '+' ? str_slice(text.at + 1, text.size - 1) : text;
    if (!str_to_int(digits, ret_index)) {
        *ret_why = arena_printf(
            arena, "cannot convert string to integer for index: \"" STR_FMT "\"", STR_ARG(text));
        return false;
    }
    if (*ret_index >= completions) {
        *ret_why = arena_printf(arena, "too large index: \"" STR_FMT "\"", STR_ARG(text));
        return false;
    }
    return true;
}

static bool
job_interval(struct str text, int64_t completions, struct arena *arena, int64_t *ret_first,
             int64_t *ret_last, struct str *ret_why)
{
    struct str last = { 0 }, more = { 0 };
    struct str first = str_cut(text, '-', &last);
    last = str_cut(last, '-', &more);
    if (more.at != NULL) {
        *ret_why = arena_printf(arena,
                                "the fragment \"" STR_FMT "\" violates the requirement that an "
                                "index interval can have at most two parts separated by '-'",
                                STR_ARG(text));
        return false;
    }
    if (!job_index(first, completions, arena, ret_first, ret_why)) {
        return false;
    }
    *ret_last = *ret_first;
    if (last.at == NULL) {
        return true;
    }
    if (!job_index(last, completions, arena, ret_last, ret_why)) {
        return false;
    }
    if (*ret_first >= *ret_last) {
        *ret_why = arena_printf(arena, "non-increasing order, previous: %lld, current: %lld",
                                (long long)*ret_first, (long long)*ret_last);
        return false;
    }
    return true;
}

bool
kind_job_check_indexes(struct str text, int64_t completions, struct arena *arena,
                       int64_t *ret_total, struct str *ret_why)
{
    int64_t last = 0;
    *ret_total = 0;
    for (struct str rest = text; text.size > 0 && rest.at != NULL;) {
        int64_t from = 0, to = 0, total = *ret_total;
        bool is_first = rest.at == text.at;
        if (!job_interval(str_cut(rest, ',', &rest), completions, arena, &from, &to, ret_why)) {
            *ret_total = 0;
            return false;
        }
        if (!is_first && last >= from) {
            *ret_why = arena_printf(arena, "non-increasing order, previous: %lld, current: %lld",
                                    (long long)last, (long long)from);
            *ret_total = 0;
            return false;
        }
        *ret_total = total + to - from + 1;
        last = to;
    }
    return true;
}

/* The first index that both texts have, -1: none. Pieces that do not parse are passed over. */
static int64_t
job_overlap(struct str completed, struct str failed, int64_t completions, struct arena *arena)
{
    struct str why = { 0 };
    for (struct str a = completed; completed.size > 0 && a.at != NULL;) {
        int64_t from = 0, to = 0;
        if (!job_interval(str_cut(a, ',', &a), completions, arena, &from, &to, &why)) {
            continue;
        }
        for (struct str b = failed; failed.size > 0 && b.at != NULL;) {
            int64_t start = 0, end = 0;
            if (job_interval(str_cut(b, ',', &b), completions, arena, &start, &end, &why) &&
                from <= end && start <= to) {
                return from > start ? from : start;
            }
        }
    }
    return -1;
}

static void
job_check_indexes(const struct job_status *s)
{
    static const char *const members[] = { "completedIndexes", "failedIndexes" };
    struct val completions = val_get(s->spec, "completions");
    bool has_backoff = val_is(val_get(s->spec, "backoffLimitPerIndex"));
    struct val completed = val_get(s->now, members[0]), failed = val_get(s->now, members[1]);
    for (size_t i = 0; i < ARRAY_LEN(members) && val_is(completions); i++) {
        struct val text = val_get(s->now, members[i]);
        struct str why = { 0 };
        int64_t total = 0;
        if (job_changed(s, members[i]) && (i == 0 || (has_backoff && val_is(text))) &&
            !kind_job_check_indexes(val_str(text), val_int(completions, 0), s->out->arena, &total,
                                    &why)) {
            causes_add(s->out, CAUSE_INVALID, &s->path, members[i], text,
                       "error parsing %s: " STR_FMT, members[i], STR_ARG(why));
        }
    }
    bool is_indexed = val_is_str(val_get(s->spec, "completionMode"), "Indexed");
    if (job_changed(s, members[0]) && check_has(completed) && !is_indexed) {
        check_invalid(s->out, &s->path, members[0], completed,
                      "cannot set non-empty completedIndexes when non-indexed completion mode");
    }
    if (job_changed(s, members[1]) && val_is(failed) && !has_backoff) {
        check_invalid(s->out, &s->path, members[1], failed,
                      "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
    }
    if ((job_changed(s, members[0]) || job_changed(s, members[1])) && val_is(completions) &&
        val_is(failed)) {
        int64_t both = job_overlap(val_str(completed), val_str(failed), val_int(completions, 0),
                                   s->out->arena);
        if (both >= 0) {
            causes_add(s->out, CAUSE_INVALID, &s->path, members[1], failed,
                       "failedIndexes and completedIndexes overlap at index: %lld",
                       (long long)both);
        }
    }
}

/* ---- parts ---- */

static void
job_check_uncounted(const struct job_status *s)
{
    static const char *const lists[] = { "succeeded", "failed" };
    struct field_path at = check_at(&s->path, "uncountedTerminatedPods");
    struct check_seen seen = { .arena = s->out->arena };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(&at, lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(val_get(s->now, "uncountedTerminatedPods"), lists[i])) {
            struct field_path item = check_item(&list, index++);
            if (!check_has(it.value)) {
                check_invalid(s->out, &item, NULL, it.value, "must not be empty");
            } else if (check_seen_has(&seen, val_str(it.value))) {
                causes_add(s->out, CAUSE_DUPLICATE, &item, "", it.value, NULL);
            } else {
                check_seen_add(&seen, val_str(it.value));
            }
        }
    }
}

static void
job_refuse_conditions(const struct job_status *s, bool is_refused, const char *detail)
{
    if (is_refused) {
        check_invalid_whole(s->out, &s->path, "conditions", detail);
    }
}

static void
job_check_times(const struct job_status *s)
{
    bool is_complete = (s->is & JOB_COMPLETE) != 0;
    struct val start = val_get(s->now, "startTime"), end = val_get(s->now, "completionTime");
    bool is_end_new = job_flipped(s, JOB_COMPLETE) || job_changed(s, "completionTime");
    if (is_end_new && val_is(end) && !is_complete) {
        check_invalid(s->out, &s->path, "completionTime", end,
                      "cannot set completionTime when there is no Complete=True condition");
    }
    if (is_end_new && !val_is(end) && is_complete) {
        check_required(s->out, &s->path, "completionTime",
                       "completionTime is required for Complete jobs");
    }
    if ((job_changed(s, "startTime") || job_changed(s, "completionTime")) && val_is(start) &&
        val_is(end) && str_cmp(val_str(end), val_str(start)) < 0) {
        check_invalid(s->out, &s->path, "completionTime", end,
                      "must be equal to or after `startTime`");
    }
}

static void
job_check_finished(const struct job_status *s)
{
    bool is_finished = (s->is & JOB_FINISHED) != 0;
    bool is_new = job_flipped(s, JOB_FINISHED);
    struct val active = val_get(s->now, "active"), uncounted = { 0 };
    bool is_idle = val_bool(val_get(s->spec, "suspend"), false) &&
                   val_is(val_get(s->spec, "completions")) &&
                   job_count(s->spec, "completions") == 0;
    uncounted = val_get(s->now, "uncountedTerminatedPods");
    if (!is_finished) {
        return;
    }
    if ((is_new || job_changed(s, "active")) && val_int(active, 0) > 0) {
        check_invalid(s->out, &s->path, "active", active, "active>0 is invalid for finished job");
    }
    if ((is_new || job_changed(s, "startTime")) && !is_idle &&
        !val_is(val_get(s->now, "startTime"))) {
        check_required(s->out, &s->path, "startTime", "startTime is required for finished job");
    }
    if ((is_new || job_changed(s, "uncountedTerminatedPods")) &&
        val_len(val_get(uncounted, "failed")) + val_len(val_get(uncounted, "succeeded")) > 0) {
        check_invalid(s->out, &s->path, "uncountedTerminatedPods", uncounted,
                      "must be empty for finished job");
    }
}

static void
job_check_pods(const struct job_status *s)
{
    struct val terminating = val_get(s->now, "terminating"), ready = val_get(s->now, "ready");
    if ((job_flipped(s, JOB_FINISHED) || job_changed(s, "terminating")) &&
        (s->is & JOB_FINISHED) != 0 && val_int(terminating, 0) > 0) {
        check_invalid(s->out, &s->path, "terminating", terminating,
                      "terminating>0 is invalid for finished job");
    }
    if ((job_changed(s, "ready") || job_changed(s, "active")) &&
        val_int(ready, 0) > job_count(s->now, "active")) {
        check_invalid(s->out, &s->path, "ready", ready, "cannot set more ready pods than active");
    }
}

static void
job_check_conditions(const struct job_status *s)
{
    unsigned is = s->is;
    bool is_success = (is & JOB_SUCCESS) != 0, is_failed = (is & JOB_FAILED) != 0;
    bool is_complete = (is & JOB_COMPLETE) != 0, is_target = (is & JOB_FAILURE_TARGET) != 0;
    job_refuse_conditions(s, is_success && is_failed,
                          "cannot set SuccessCriteriaMet=True and Failed=true conditions");
    job_refuse_conditions(s, is_success && is_target,
                          "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
    job_refuse_conditions(s,
                          val_is(val_get(s->spec, "successPolicy")) && !is_success && is_complete,
                          "cannot set Complete=True for Job with SuccessPolicy unless "
                          "SuccessCriteriaMet=True");
}

static void
job_check_transitions(const struct job_status *s)
{
    static const char *const counters[] = { "failed", "succeeded" };
    bool is_indexed = val_is_str(val_get(s->spec, "completionMode"), "Indexed");
    bool is_elastic =
        is_indexed && check_same(val_get(s->spec, "completions"), val_get(s->spec, "parallelism"));
    for (size_t i = 0; i < 3; i++) {
        if ((s->was & job_conditions[i].bit) != 0 && (s->is & job_conditions[i].bit) == 0) {
            struct str detail =
                arena_printf(s->out->arena, "cannot disable the terminal %s=True condition",
                             job_conditions[i].type);
            job_refuse_conditions(s, true, detail.at);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
        struct val v = val_get(s->now, counters[i]);
        if (val_int(v, 0) < job_count(s->old, counters[i]) && (i == 0 || !is_elastic)) {
            struct str shown = val_is(v) ? val_raw(v) : STR("0");
            causes_add_json(s->out, CAUSE_INVALID, &s->path, counters[i], shown,
                            "cannot decrease the %s counter", counters[i]);
        }
    }
    struct val end = val_get(s->now, "completionTime");
    if (val_is(end) && val_is(val_get(s->old, "completionTime")) &&
        job_changed(s, "completionTime")) {
        check_invalid(s->out, &s->path, "completionTime", end, "field is immutable");
    }
    bool is_resuming = job_has_suspended(s->old, "True") && job_has_suspended(s->now, "False");
    if (job_changed(s, "startTime") && !is_resuming && val_is(val_get(s->old, "startTime")) &&
        !val_bool(val_get(s->spec, "suspend"), false)) {
        check_required(s->out, &s->path, "startTime",
                       "startTime cannot be removed for unsuspended job");
    }
    job_refuse_conditions(s, (s->was & JOB_SUCCESS) != 0 && (s->is & JOB_SUCCESS) == 0,
                          "cannot disable the SuccessCriteriaMet=True condition");
    job_refuse_conditions(s,
                          (s->was & JOB_COMPLETE) != 0 && (s->was & JOB_SUCCESS) == 0 &&
                              (s->is & JOB_SUCCESS) != 0,
                          "cannot set SuccessCriteriaMet=True for Job already has Complete=true "
                          "conditions");
}

void
kind_job_check_status(const struct check_in *in, struct causes *out)
{
    static const char *const counts[] = { "active", "succeeded",   "failed",
                                          "ready",  "terminating", NULL };
    struct job_status s = {
        .out = out,
        .path = check_at(NULL, "status"),
        .spec = val_get(in->now, "spec"),
        .now = val_get(in->now, "status"),
        .old = val_get(in->old, "status"),
    };
    s.is = job_conditions_of(s.now);
    s.was = job_conditions_of(s.old);
    check_nonnegative_all(out, &s.path, s.now, counts);
    job_check_uncounted(&s);
    job_refuse_conditions(&s,
                          (s.is & JOB_FINISHED) == JOB_FINISHED &&
                              (job_flipped(&s, JOB_COMPLETE) || job_flipped(&s, JOB_FAILED)),
                          "cannot set Complete=True and Failed=true conditions");
    job_refuse_conditions(
        &s,
        (s.is & JOB_COMPLETE) != 0 && (s.is & JOB_FAILURE_TARGET) != 0 &&
            (job_flipped(&s, JOB_COMPLETE) || job_flipped(&s, JOB_FAILURE_TARGET)),
        "cannot set Complete=True and FailureTarget=true conditions");
    job_check_times(&s);
    job_refuse_conditions(&s,
                          (s.is & JOB_FAILED) != 0 && (s.is & JOB_FAILURE_TARGET) == 0 &&
                              (job_flipped(&s, JOB_FAILED) || job_changed(&s, "failedIndexes")),
                          "cannot set Failed=True condition without the FailureTarget=true "
                          "condition");
    job_refuse_conditions(&s,
                          (s.is & JOB_COMPLETE) != 0 && (s.is & JOB_SUCCESS) == 0 &&
                              (job_flipped(&s, JOB_COMPLETE) || job_flipped(&s, JOB_SUCCESS)),
                          "cannot set Complete=True condition without the "
                          "SuccessCriteriaMet=true condition");
    job_check_finished(&s);
    job_check_indexes(&s);
    job_check_pods(&s);
    job_check_conditions(&s);
    job_check_transitions(&s);
}
