/* Rules of Jobs: ValidateJob and ValidateJobUpdate of release 1.35.
 *
 * Named by the row in kind_batch.c; pure, any thread. Status: kind_job_status_check.c. */
#include "config.h"

#include "api/kind_job_check.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    JOB_INDEXED_MAX = 100000, /* pods at a time, failed indexes, and completions without a bound */
    JOB_INDEXED_HIGH = 10000, /* with more completions than that */
    JOB_RULES_MAX = 20,
    JOB_EXIT_CODES_MAX = 255,
    JOB_MANAGED_BY_MAX = 63,
    JOB_INDEXES_MAX = 64 * 1024,
};

static bool
job_is_indexed(struct val spec)
{
    return val_is_str(val_get(spec, "completionMode"), "Indexed");
}

/* ---- the selector that is made for it ---- */

static void
job_check_label(struct val labels, const char *key, struct str expected, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), at = check_at(&spec, "template");
    struct field_path meta = check_at(&at, "metadata"), list = check_at(&meta, "labels");
    struct field_path item = check_key(&list, str_of(key));
    struct val v = val_member(labels, str_of(key));
    if (!val_is(v)) {
        causes_add(out, CAUSE_REQUIRED, &item, "", v, "must be '" STR_FMT "'", STR_ARG(expected));
    } else if (!str_eq(val_str(v), expected)) {
        causes_add(out, CAUSE_INVALID, &item, "", labels, "must be '" STR_FMT "'",
                   STR_ARG(expected));
    }
}

static void
job_check_generated(const struct check_in *in, bool has_prefixed, struct causes *out)
{
    static const char *const keys[] = { "controller-uid", "job-name",
                                        "batch.kubernetes.io/controller-uid",
                                        "batch.kubernetes.io/job-name" };
    struct field_path spec_at = check_at(NULL, "spec");
    struct val spec = val_get(in->now, "spec"), selector = val_get(spec, "selector");
    struct val labels = val_at(spec, "template.metadata.labels");
    struct str uid = val_str(val_at(in->now, "metadata.uid"));
    struct str name = val_str(val_at(in->now, "metadata.name"));
    if (val_bool(val_get(spec, "manualSelector"), false) || !val_is(selector)) {
        return;
    }
    if (uid.size == 0) {
        check_required(out, NULL, "metadata.uid", NULL);
    }
    struct jw expected;
    jw_init(&expected, out->arena);
    jw_obj(&expected);
    for (size_t i = 0; i < (has_prefixed ? 4 : 2); i++) {
        job_check_label(labels, keys[i], i % 2 == 0 ? uid : name, out);
        jw_kv(&expected, keys[i], i % 2 == 0 ? uid : name);
    }
    jw_end(&expected);
    struct doc *doc = doc_trust(out->arena, jw_done(&expected));
    if (check_selector(out->arena, selector, doc_root(doc)) == CHECK_NO_MATCH) {
        check_invalid(out, &spec_at, "selector", selector, "`selector` not auto-generated");
    }
}

/* ---- indexed jobs ---- */

static void
job_check_indexed_limits(struct val spec, const struct field_path *path, struct causes *out)
{
    struct val parallelism = val_get(spec, "parallelism");
    struct val failed = val_get(spec, "maxFailedIndexes");
    int64_t completions = val_int(val_get(spec, "completions"), 0);
    if (!val_is(val_get(spec, "completions"))) {
        check_required(out, path, "completions", "when completion mode is Indexed");
    }
    if (val_int(parallelism, 0) > JOB_INDEXED_MAX) {
        causes_add(out, CAUSE_INVALID, path, "parallelism", parallelism,
                   "must be less than or equal to %d when completion mode is Indexed",
                   JOB_INDEXED_MAX);
    }
    if (val_is(val_get(spec, "completions")) && val_int(failed, 0) > completions) {
        check_invalid(out, path, "maxFailedIndexes", failed,
                      "must be less than or equal to completions");
    }
    if (val_int(failed, 0) > JOB_INDEXED_MAX) {
        causes_add(out, CAUSE_INVALID, path, "maxFailedIndexes", failed,
                   "must be less than or equal to %d", JOB_INDEXED_MAX);
    }
    if (completions <= JOB_INDEXED_MAX || !val_is(val_get(spec, "backoffLimitPerIndex"))) {
        return;
    }
    if (!val_is(failed)) {
        causes_add(out, CAUSE_REQUIRED, path, "maxFailedIndexes", failed,
                   "must be specified when completions is above %d", JOB_INDEXED_MAX);
    }
    static const char *const members[] = { "parallelism", "maxFailedIndexes" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val v = val_get(spec, members[i]);
        if (val_int(v, 0) > JOB_INDEXED_HIGH) {
            causes_add(out, CAUSE_INVALID, path, members[i], v,
                       "must be less than or equal to %d when completions are above %d and used "
                       "with backoff limit per index",
                       JOB_INDEXED_HIGH, JOB_INDEXED_MAX);
        }
    }
}

static void
job_check_mode(struct val spec, const struct field_path *path, struct causes *out)
{
    static const char *const modes[] = { "NonIndexed", "Indexed", NULL };
    static const char *const indexed[] = { "backoffLimitPerIndex", "maxFailedIndexes" };
    struct val mode = val_get(spec, "completionMode");
    if (val_is(mode)) {
        check_enum_as(out, path, "completionMode", mode, modes);
    }
    if (job_is_indexed(spec)) {
        job_check_indexed_limits(spec, path, out);
    }
    if (val_is(mode) && !val_is_str(mode, "NonIndexed")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(indexed); i++) {
        struct val v = val_get(spec, indexed[i]);
        if (val_is(v)) {
            check_invalid(out, path, indexed[i], v, "requires indexed completion mode");
        }
    }
}

/* ---- policies ---- */

static bool
job_has_container(struct val spec, struct str name)
{
    static const char *const lists[] = { "containers", "initContainers" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(val_at(spec, "template.spec"), lists[i])) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                return true;
            }
        }
    }
    return false;
}

static void
job_check_exit_values(struct val codes, const struct field_path *path, struct causes *out)
{
    struct field_path list = check_at(path, "values");
    struct val values = val_get(codes, "values");
    bool is_in = val_is_str(val_get(codes, "operator"), "In"), is_ordered = true;
    int64_t last = INT64_MIN;
    size_t index = 0;
    if (val_len(values) == 0) {
        causes_add_json(out, CAUSE_INVALID, &list, "", val_raw(values),
                        "at least one value is required");
    } else if (val_len(values) > JOB_EXIT_CODES_MAX) {
        check_too_many(out, &list, NULL, val_len(values), JOB_EXIT_CODES_MAX);
    }
    VAL_EACH (it, values) {
        struct field_path item = check_item(&list, index);
        int64_t code = val_int(it.value, 0);
        bool is_seen = false;
        if (is_in && code == 0) {
            check_invalid(out, &item, NULL, it.value, "must not be 0 for the In operator");
        }
        for (size_t i = 0; i < index && i < JOB_EXIT_CODES_MAX; i++) {
            is_seen = is_seen || val_int(val_item(values, i), 0) == code;
        }
        if (is_seen) {
            causes_add(out, CAUSE_DUPLICATE, &item, "", it.value, NULL);
        }
        is_ordered = is_ordered && last <= code;
        last = code;
        index++;
    }
    if (!is_ordered) {
        check_invalid(out, &list, NULL, values, "must be ordered");
    }
}

/* An enum whose missing value is told with all of them. */
static void
job_check_word(struct val v, const char *const *words, const char *list,
               const struct field_path *path, struct causes *out)
{
    if (!check_has(v)) {
        causes_add(out, CAUSE_REQUIRED, path, "", v, "valid values: [%s]", list);
    } else {
        check_enum_as(out, path, NULL, v, words);
    }
}

static void
job_check_exit_codes(struct val spec, struct val codes, const struct field_path *path,
                     struct causes *out)
{
    static const char *const operators[] = { "In", "NotIn", NULL };
    struct field_path at = check_at(path, "operator");
    struct val name = val_get(codes, "containerName");
    job_check_word(val_get(codes, "operator"), operators, "\"In\" \"NotIn\"", &at, out);
    if (val_is(name) && !job_has_container(spec, val_str(name))) {
        check_invalid(out, path, "containerName", name,
                      "must be one of the container or initContainer names in the pod template");
    }
    job_check_exit_values(codes, path, out);
}

static void
job_check_conditions(struct val conditions, const struct field_path *path, struct causes *out)
{
    static const char *const states[] = { "False", "True", "Unknown", NULL };
    size_t index = 0;
    if (val_len(conditions) > JOB_RULES_MAX) {
        check_too_many(out, path, NULL, val_len(conditions), JOB_RULES_MAX);
    }
    VAL_EACH (it, conditions) {
        struct field_path item = check_item(path, index++), status = check_at(&item, "status");
        check_label_key(out, &item, "type", val_get(it.value, "type"));
        job_check_word(val_get(it.value, "status"), states, "\"False\" \"True\" \"Unknown\"",
                       &status, out);
    }
}

static void
job_check_failure_rule(struct val spec, struct val rule, const struct field_path *path,
                       struct causes *out)
{
    static const char *const actions[] = { "Count", "FailIndex", "FailJob", "Ignore", NULL };
    struct field_path action_at = check_at(path, "action"),
                      codes_at = check_at(path, "onExitCodes");
    struct field_path conditions_at = check_at(path, "onPodConditions");
    struct val action = val_get(rule, "action"), codes = val_get(rule, "onExitCodes");
    struct val conditions = val_get(rule, "onPodConditions");
    if (val_is_str(action, "FailIndex")) {
        if (!val_is(val_get(spec, "backoffLimitPerIndex"))) {
            check_invalid(out, &action_at, NULL, action,
                          "requires the backoffLimitPerIndex to be set");
        }
    } else {
        job_check_word(action, actions, "\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"",
                       &action_at, out);
    }
    if (val_is(codes)) {
        job_check_exit_codes(spec, codes, &codes_at, out);
    }
    job_check_conditions(conditions, &conditions_at, out);
    if (val_is(codes) == (val_len(conditions) > 0)) {
        check_invalid_whole(out, path, NULL,
                            val_is(codes)
                                ? "specifying both OnExitCodes and OnPodConditions is not supported"
                                : "specifying one of OnExitCodes and OnPodConditions is required");
    }
}

static void
job_check_success_rule(struct val spec, struct val rule, const struct field_path *path,
                       struct causes *out)
{
    struct val count = val_get(rule, "succeededCount"), indexes = val_get(rule, "succeededIndexes");
    int64_t completions = val_int(val_get(spec, "completions"), 0), total = 0;
    struct str why = { 0 };
    if (!val_is(count) && !val_is(indexes)) {
        check_required(out, path, NULL,
                       "at least one of succeededCount or succeededIndexes must be specified");
    }
    if (val_str(indexes).size > JOB_INDEXES_MAX) {
        check_too_long(out, path, "succeededIndexes", JOB_INDEXES_MAX);
    }
    if (val_is(indexes) &&
        !kind_job_check_indexes(val_str(indexes), completions, out->arena, &total, &why)) {
        causes_add(out, CAUSE_INVALID, path, "succeededIndexes", indexes,
                   "error parsing succeededIndexes: " STR_FMT, STR_ARG(why));
    }
    if (!val_is(count)) {
        return;
    }
    check_nonnegative(out, path, "succeededCount", count);
    if (val_int(count, 0) > completions) {
        causes_add(out, CAUSE_INVALID, path, "succeededCount", count,
                   "must be less than or equal to %lld (the number of specified completions)",
                   (long long)completions);
    }
    if (val_is(indexes) && val_int(count, 0) > total) {
        causes_add(out, CAUSE_INVALID, path, "succeededCount", count,
                   "must be less than or equal to %lld (the number of indexes in the specified "
                   "succeededIndexes field)",
                   (long long)total);
    }
}

static void
job_check_policies(struct val spec, const struct field_path *path, struct causes *out)
{
    static const char *const only_failed[] = { "Failed", NULL };
    static const char *const replacements[] = { "Failed", "TerminatingOrFailed", NULL };
    struct val failure = val_get(spec, "podFailurePolicy"),
               success = val_get(spec, "successPolicy");
    struct val replacement = val_get(spec, "podReplacementPolicy");
    struct field_path failure_at = check_at(path, "podFailurePolicy");
    struct field_path success_at = check_at(path, "successPolicy");
    struct field_path failure_rules = check_at(&failure_at, "rules");
    struct field_path success_rules = check_at(&success_at, "rules");
    size_t index = 0;
    if (val_len(val_get(failure, "rules")) > JOB_RULES_MAX) {
        check_too_many(out, &failure_rules, NULL, val_len(val_get(failure, "rules")),
                       JOB_RULES_MAX);
    }
    VAL_EACH (it, val_get(failure, "rules")) {
        struct field_path item = check_item(&failure_rules, index++);
        job_check_failure_rule(spec, it.value, &item, out);
    }
    if (val_is(success) && !job_is_indexed(spec)) {
        check_invalid(out, &success_at, NULL, success, "requires indexed completion mode");
    } else if (val_is(success)) {
        size_t len = val_len(val_get(success, "rules"));
        if (len == 0) {
            check_required(out, &success_rules, NULL,
                           "at least one rules must be specified when the successPolicy is "
                           "specified");
        } else if (len > JOB_RULES_MAX) {
            check_too_many(out, &success_rules, NULL, len, JOB_RULES_MAX);
        }
        index = 0;
        VAL_EACH (it, val_get(success, "rules")) {
            struct field_path item = check_item(&success_rules, index++);
            job_check_success_rule(spec, it.value, &item, out);
        }
    }
    if (val_is(replacement)) {
        check_enum_as(out, path, "podReplacementPolicy", replacement,
                      val_is(failure) ? only_failed : replacements);
    }
}

/* ---- the spec ---- */

static void
job_check_restart(struct val spec, const struct field_path *path, struct causes *out)
{
    static const char *const policies[] = { "OnFailure", "Never", NULL };
    struct field_path template_at = check_at(path, "template"), at = check_at(&template_at, "spec");
    struct val restart = val_at(spec, "template.spec.restartPolicy");
    if (val_is_str(restart, "Always") || !check_has(restart)) {
        check_required(out, &at, "restartPolicy", "valid values: \"OnFailure\", \"Never\"");
    } else if (!check_is_one_of(val_str(restart), policies)) {
        causes_add_enum(out, &at, "restartPolicy", restart, policies);
    } else if (val_is(val_get(spec, "podFailurePolicy")) && !val_is_str(restart, "Never")) {
        check_invalid(out, &at, "restartPolicy", restart,
                      "only \"Never\" is supported when podFailurePolicy is specified");
    }
}

/* validateJobSpec */
void
kind_job_check_template(struct val spec, const struct field_path *path, struct causes *out)
{
    static const char *const counts[] = {
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
        NULL,
    };
    struct val managed = val_get(spec, "managedBy");
    struct field_path at = check_at(path, "template");
    check_nonnegative_all(out, path, spec, counts);
    if (val_is(val_get(spec, "maxFailedIndexes")) &&
        !val_is(val_get(spec, "backoffLimitPerIndex"))) {
        check_required(out, path, "backoffLimitPerIndex", "when maxFailedIndexes is specified");
    }
    if (val_is(managed)) {
        check_domain_path(out, path, "managedBy", managed);
    }
    if (val_str(managed).size > JOB_MANAGED_BY_MAX) {
        check_too_long(out, path, "managedBy", JOB_MANAGED_BY_MAX);
    }
    job_check_mode(spec, path, out);
    job_check_policies(spec, path, out);
    kind_pod_check_template(val_get(spec, "template"), &at, out);
    job_check_restart(spec, path, out);
}

static void
job_check_spec(struct val spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), at = check_at(&path, "template");
    struct field_path meta = check_at(&at, "metadata");
    struct val selector = val_get(spec, "selector");
    struct val labels = val_at(spec, "template.metadata.labels");
    kind_job_check_template(spec, &path, out);
    if (!val_is(selector)) {
        check_required(out, &path, "selector", NULL);
    } else {
        check_label_selector(out, &path, "selector", selector);
    }
    if (check_selector(out->arena, selector, labels) == CHECK_NO_MATCH) {
        causes_add_json(out, CAUSE_INVALID, &meta, "labels", val_raw(labels),
                        "`selector` does not match template `labels`");
    }
}

static void
job_check_host_name(const struct check_in *in, struct causes *out)
{
    struct val name = val_at(in->now, "metadata.name"), spec = val_get(in->now, "spec");
    int64_t completions = val_int(val_get(spec, "completions"), 0);
    struct problems found = { 0 };
    if (!job_is_indexed(spec) || completions <= 0) {
        return;
    }
    struct str host = arena_printf(out->arena, STR_FMT "-%lld", STR_ARG(val_str(name)),
                                   (long long)completions - 1);
    validate_name_label(host, false, &found);
    if (found.len > 0) {
        causes_add(out, CAUSE_INVALID, NULL, "metadata.name", name,
                   "will not able to create pod with invalid DNS label: " STR_FMT, STR_ARG(host));
    }
}

/* ValidateJob */
void
kind_job_check(struct check_in *in, struct causes *out)
{
    struct val labels = val_at(in->old, "spec.template.metadata.labels");
    bool has_prefixed =
        !val_is(in->old) || (val_is(val_member(labels, STR("batch.kubernetes.io/job-name"))) &&
                             val_is(val_member(labels, STR("batch.kubernetes.io/controller-uid"))));
    job_check_generated(in, has_prefixed, out);
    job_check_spec(val_get(in->now, "spec"), out);
    job_check_host_name(in, out);
}

/* ---- changes ---- */

/* What a job that is suspended and never ran may still change in its template. */
static bool
job_is_same_template(const struct check_in *in, struct arena *arena)
{
    static const char *const members[] = { "/spec/affinity/nodeAffinity", "/spec/nodeSelector",
                                           "/spec/tolerations",           "/spec/schedulingGates",
                                           "/metadata/annotations",       "/metadata/labels" };
    static const char *const dotted[] = { "spec.affinity.nodeAffinity", "spec.nodeSelector",
                                          "spec.tolerations",           "spec.schedulingGates",
                                          "metadata.annotations",       "metadata.labels" };
    struct val now = val_at(in->now, "spec.template"), old = val_at(in->old, "spec.template");
    bool is_open = val_bool(val_at(in->old, "spec.suspend"), false) &&
                   !val_is(val_at(in->old, "status.startTime"));
    struct edit edit;
    struct doc *munged = NULL;
    AUTO_ERR struct err *err = NULL;
    if (!is_open || val_eq(now, old)) {
        return val_eq(now, old);
    }
    edit_init(&edit, arena);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val v = val_at(now, dotted[i]);
        if (val_is(v)) {
            edit_set(&edit, members[i], val_raw(v));
        } else {
            edit_del(&edit, members[i]);
        }
    }
    if (!val_is(val_at(now, "spec.affinity")) && val_len(val_at(old, "spec.affinity")) == 1 &&
        val_is(val_at(old, dotted[0]))) {
        edit_del(&edit, "/spec/affinity");
    }
    return edit_apply(doc_trust(arena, val_raw(old)), &edit, &munged, &err) == 0 &&
           val_eq(doc_root(munged), now);
}

static void
job_check_changes(const struct check_in *in, struct causes *out)
{
    static const char *const frozen[] = { "completionMode", "podFailurePolicy",
                                          "backoffLimitPerIndex", "managedBy", "successPolicy" };
    struct field_path path = check_at(NULL, "spec");
    struct val now = val_get(in->now, "spec"), old = val_get(in->old, "spec");
    struct val completions = val_get(now, "completions");
    if (!job_is_indexed(now)) {
        check_immutable(out, &path, "completions", completions, val_get(old, "completions"));
    } else if (val_is(completions) && !check_same(completions, val_get(old, "completions")) &&
               !check_same(completions, val_get(now, "parallelism"))) {
        check_invalid(out, &path, "completions", completions,
                      "can only be modified in tandem with spec.parallelism");
    }
    check_immutable(out, &path, "selector", val_get(now, "selector"), val_get(old, "selector"));
    if (!job_is_same_template(in, out->arena)) {
        check_invalid(out, &path, "template", val_get(now, "template"), "field is immutable");
    }
    for (size_t i = 0; i < ARRAY_LEN(frozen); i++) {
        check_immutable(out, &path, frozen[i], val_get(now, frozen[i]), val_get(old, frozen[i]));
    }
}

/* ValidateJobUpdate, ValidateJobUpdateStatus */
void
kind_job_check_update(struct check_in *in, struct causes *out)
{
    if (in->subresource != NULL) {
        kind_job_check_status(in, out);
        return;
    }
    kind_job_check(in, out);
    job_check_spec(val_get(in->now, "spec"), out);
    job_check_changes(in, out);
}
