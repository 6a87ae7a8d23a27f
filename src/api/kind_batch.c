/* Rows: Job and CronJob.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field batch_pod_failure_policy_on_exit_codes_requirement_fields[] = {
    OPT("containerName", STRING, PTR, 1),
    ALWAYS("operator", STRING, VAL, 2, .go = "v1.PodFailurePolicyOnExitCodesOperator"),
    ALWAYS("values", INT32, LIST, 3, .list = LIST_SET),
};
LOCAL_TYPE(batch_pod_failure_policy_on_exit_codes_requirement,
    "batch/v1.PodFailurePolicyOnExitCodesRequirement");

static const struct field batch_pod_failure_policy_on_pod_conditions_pattern_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.PodConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus", .def = "\"True\""),
};
LOCAL_TYPE(batch_pod_failure_policy_on_pod_conditions_pattern,
    "batch/v1.PodFailurePolicyOnPodConditionsPattern");

static const struct field batch_pod_failure_policy_rule_fields[] = {
    ALWAYS("action", STRING, VAL, 1, .go = "v1.PodFailurePolicyAction"),
    OPT("onExitCodes", OBJECT, PTR, 2,
        .of = &type_batch_pod_failure_policy_on_exit_codes_requirement),
    OPT("onPodConditions", OBJECT, LIST, 3,
        .of = &type_batch_pod_failure_policy_on_pod_conditions_pattern),
};
LOCAL_TYPE(batch_pod_failure_policy_rule, "batch/v1.PodFailurePolicyRule");

static const struct field batch_pod_failure_policy_fields[] = {
    ALWAYS("rules", OBJECT, LIST, 1, .of = &type_batch_pod_failure_policy_rule),
};
LOCAL_TYPE(batch_pod_failure_policy, "batch/v1.PodFailurePolicy");

static const struct field batch_success_policy_rule_fields[] = {
    OPT("succeededIndexes", STRING, PTR, 1),
    OPT("succeededCount", INT32, PTR, 2),
};
LOCAL_TYPE(batch_success_policy_rule, "batch/v1.SuccessPolicyRule");

static const struct field batch_success_policy_fields[] = {
    ALWAYS("rules", OBJECT, LIST, 1, .of = &type_batch_success_policy_rule),
};
LOCAL_TYPE(batch_success_policy, "batch/v1.SuccessPolicy");

static const struct field batch_job_spec_fields[] = {
    OPT("parallelism", INT32, PTR, 1),
    OPT("completions", INT32, PTR, 2),
    OPT("activeDeadlineSeconds", INT64, PTR, 3),
    OPT("podFailurePolicy", OBJECT, PTR, 11, .of = &type_batch_pod_failure_policy),
    OPT("successPolicy", OBJECT, PTR, 16, .of = &type_batch_success_policy),
    OPT("backoffLimit", INT32, PTR, 7),
    OPT("backoffLimitPerIndex", INT32, PTR, 12),
    OPT("maxFailedIndexes", INT32, PTR, 13),
    OPT("selector", OBJECT, PTR, 4, .of = &type_meta_label_selector),
    OPT("manualSelector", BOOL, PTR, 5),
    ALWAYS("template", OBJECT, VAL, 6, .of = &type_core_pod_template_spec),
    OPT("ttlSecondsAfterFinished", INT32, PTR, 8),
    OPT("completionMode", STRING, PTR, 9, .go = "v1.CompletionMode"),
    OPT("suspend", BOOL, PTR, 10),
    OPT("podReplacementPolicy", STRING, PTR, 14, .go = "v1.PodReplacementPolicy"),
    OPT("managedBy", STRING, PTR, 15),
};
LOCAL_TYPE(batch_job_spec, "batch/v1.JobSpec", .fill = kind_work_fill_job_spec);

static const struct field batch_job_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.JobConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastProbeTime", TIME, VAL, 3),
    OPT("lastTransitionTime", TIME, VAL, 4),
    OPT("reason", STRING, VAL, 5),
    OPT("message", STRING, VAL, 6),
};
LOCAL_TYPE(batch_job_condition, "batch/v1.JobCondition");

static const struct field batch_uncounted_terminated_pods_fields[] = {
    OPT("succeeded", STRING, LIST, 1, .list = LIST_SET, .go = "[]types.UID"),
    OPT("failed", STRING, LIST, 2, .list = LIST_SET, .go = "[]types.UID"),
};
LOCAL_TYPE(batch_uncounted_terminated_pods, "batch/v1.UncountedTerminatedPods");

static const struct field batch_job_status_fields[] = {
    OPT("conditions", OBJECT, LIST, 1, .of = &type_batch_job_condition, .patch = PATCH_MERGE,
        .merge_key = "type"),
    OPT("startTime", TIME, PTR, 2),
    OPT("completionTime", TIME, PTR, 3),
    OPT("active", INT32, VAL, 4),
    OPT("succeeded", INT32, VAL, 5),
    OPT("failed", INT32, VAL, 6),
    OPT("terminating", INT32, PTR, 11),
    OPT("completedIndexes", STRING, VAL, 7),
    OPT("failedIndexes", STRING, PTR, 10),
    OPT("uncountedTerminatedPods", OBJECT, PTR, 8, .of = &type_batch_uncounted_terminated_pods),
    OPT("ready", INT32, PTR, 9),
};
LOCAL_TYPE(batch_job_status, "batch/v1.JobStatus");

static const struct field batch_job_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_batch_job_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_batch_job_status),
};
TYPE(batch_job, "batch/v1.Job", .fill = kind_work_fill_job);

static const struct field batch_job_template_spec_fields[] = {
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_batch_job_spec),
};
LOCAL_TYPE(batch_job_template_spec, "batch/v1.JobTemplateSpec");

static const struct field batch_cron_job_spec_fields[] = {
    ALWAYS("schedule", STRING, VAL, 1),
    OPT("timeZone", STRING, PTR, 8),
    OPT("startingDeadlineSeconds", INT64, PTR, 2),
    OPT("concurrencyPolicy", STRING, VAL, 3, .go = "v1.ConcurrencyPolicy", .def = "\"Allow\""),
    OPT("suspend", BOOL, PTR, 4, .def = "false"),
    ALWAYS("jobTemplate", OBJECT, VAL, 5, .of = &type_batch_job_template_spec),
    OPT("successfulJobsHistoryLimit", INT32, PTR, 6, .def = "3"),
    OPT("failedJobsHistoryLimit", INT32, PTR, 7, .def = "1"),
};
LOCAL_TYPE(batch_cron_job_spec, "batch/v1.CronJobSpec");

static const struct field batch_cron_job_status_fields[] = {
    OPT("active", OBJECT, LIST, 1, .of = &type_core_object_reference),
    OPT("lastScheduleTime", TIME, PTR, 4),
    OPT("lastSuccessfulTime", TIME, PTR, 5),
};
LOCAL_TYPE(batch_cron_job_status, "batch/v1.CronJobStatus");

static const struct field batch_cron_job_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_batch_cron_job_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_batch_cron_job_status),
};
TYPE(batch_cron_job, "batch/v1.CronJob");

/* ---- resources ---- */

static const char *const cronjobs_short[] = { "cj", NULL };
static const struct subresource cronjobs_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_cronjobs = {
    .group = "batch",
    .version = "v1",
    .kind = "CronJob",
    .list_kind = "CronJobList",
    .plural = "cronjobs",
    .singular = "cronjob",
    .short_names = cronjobs_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_batch_cron_job,
    .check_create = kind_cron_check,
    .check_update = kind_cron_check_update,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = cronjobs_subs,
    .subresource_len = ARRAY_LEN(cronjobs_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(cronjobs),
};

static const struct subresource jobs_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
static const struct selectable jobs_fields[] = {
    { .label = "status.successful", .value = kind_field_succeeded },
};
const struct resource resource_jobs = {
    .group = "batch",
    .version = "v1",
    .kind = "Job",
    .list_kind = "JobList",
    .plural = "jobs",
    .singular = "job",
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_ORPHAN |
             RES_META_AGAIN,
    .type = &type_batch_job,
    .check_create = kind_job_check,
    .check_update = kind_job_check_update,
    .warn = kind_job_warn,
    .orphan_warning = "child pods are preserved by default when jobs are deleted; set "
                      "propagationPolicy=Background to remove them or set propagationPolicy=Orphan "
                      "to suppress this warning",
    .selectables = jobs_fields,
    .selectable_len = ARRAY_LEN(jobs_fields),
    .prepare_create = kind_job_create,
    .prepare_update = kinds_prepare_update,
    .subresources = jobs_subs,
    .subresource_len = ARRAY_LEN(jobs_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(jobs),
};

/* clang-format on */
