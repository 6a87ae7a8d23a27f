/* Columns of workloads.  Pure.
 *
 * Texts follow pkg/printers/internalversion/printers.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/cell.h"
#include "api/columns.h"
#include "api/columns_kinds.h"
#include "api/pod_state.h"
#include "base/clock.h"

static int64_t
number(struct val object, const char *path)
{
    return val_int(val_at(object, path), 0);
}

static void
workload_containers(struct cell *cell, struct val object)
{
    cell_containers(cell, val_at(object, "spec.template.spec"), "name");
}

static void
workload_images(struct cell *cell, struct val object)
{
    cell_containers(cell, val_at(object, "spec.template.spec"), "image");
}

static void
workload_selector(struct cell *cell, struct val object)
{
    cell_selector(cell, val_at(object, "spec.selector"));
}

#define COLUMNS_WIDE                                                                               \
    { .name = "Containers", .type = "string", .priority = 1, .cell = workload_containers },        \
        { .name = "Images", .type = "string", .priority = 1, .cell = workload_images },            \
    {                                                                                              \
        .name = "Selector", .type = "string", .priority = 1, .cell = workload_selector             \
    }

/* ---- deployments, replica sets ---- */

static void
deployment_ready(struct cell *cell, struct val deployment)
{
    jw_printf(cell->out, "%lld/%lld", (long long)number(deployment, "status.readyReplicas"),
              (long long)number(deployment, "spec.replicas"));
}

static void
deployment_updated(struct cell *cell, struct val deployment)
{
    cell_int(cell, number(deployment, "status.updatedReplicas"));
}

static void
deployment_available(struct cell *cell, struct val deployment)
{
    cell_int(cell, number(deployment, "status.availableReplicas"));
}

const struct column columns_deployments[] = {
    COLUMN_NAME,
    { .name = "Ready", .type = "string", .cell = deployment_ready },
    { .name = "Up-to-date", .type = "string", .cell = deployment_updated },
    { .name = "Available", .type = "string", .cell = deployment_available },
    COLUMN_AGE,
    COLUMNS_WIDE,
};

static void
set_desired(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "spec.replicas"));
}

static void
set_current(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.replicas"));
}

static void
set_ready(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.readyReplicas"));
}

const struct column columns_replicasets[] = {
    COLUMN_NAME,
    { .name = "Desired", .type = "integer", .cell = set_desired },
    { .name = "Current", .type = "integer", .cell = set_current },
    { .name = "Ready", .type = "integer", .cell = set_ready },
    COLUMN_AGE,
    COLUMNS_WIDE,
};

/* ---- daemon sets, stateful sets ---- */

static void
daemon_desired(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.desiredNumberScheduled"));
}

static void
daemon_current(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.currentNumberScheduled"));
}

static void
daemon_ready(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.numberReady"));
}

static void
daemon_updated(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.updatedNumberScheduled"));
}

static void
daemon_available(struct cell *cell, struct val set)
{
    cell_int(cell, number(set, "status.numberAvailable"));
}

static void
daemon_nodes(struct cell *cell, struct val set)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_at(set, "spec.template.spec.nodeSelector")) {
        str_putf(&text, "%s" STR_FMT "=" STR_FMT, text.size > 0 ? "," : "", STR_ARG(it.key),
                 STR_ARG(val_str(it.value)));
    }
    cell_str_or(cell, str_view(&text), "<none>");
}

const struct column columns_daemonsets[] = {
    COLUMN_NAME,
    { .name = "Desired", .type = "integer", .cell = daemon_desired },
    { .name = "Current", .type = "integer", .cell = daemon_current },
    { .name = "Ready", .type = "integer", .cell = daemon_ready },
    { .name = "Up-to-date", .type = "integer", .cell = daemon_updated },
    { .name = "Available", .type = "integer", .cell = daemon_available },
    { .name = "Node Selector", .type = "string", .cell = daemon_nodes },
    COLUMN_AGE,
    COLUMNS_WIDE,
};

const struct column columns_statefulsets[] = {
    COLUMN_NAME,
    { .name = "Ready", .type = "string", .cell = deployment_ready },
    COLUMN_AGE,
    { .name = "Containers", .type = "string", .priority = 1, .cell = workload_containers },
    { .name = "Images", .type = "string", .priority = 1, .cell = workload_images },
};

/* ---- jobs ---- */

static void
job_status(struct cell *cell, struct val job)
{
    static const struct {
        const char *condition, *text;
    } rows[] = {
        { "Complete", "Complete" },           { "Failed", "Failed" },
        { "FailureTarget", "FailureTarget" }, { "SuccessCriteriaMet", "SuccessCriteriaMet" },
        { "Suspended", "Suspended" },
    };
    bool is_deleting = val_is(val_at(job, "metadata.deletionTimestamp"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_final = i < 2;
        if (pod_state_condition_is(job, rows[i].condition, "True") && (is_final || !is_deleting)) {
            cell_str(cell, str_of(rows[i].text));
            return;
        }
    }
    cell_str(cell, is_deleting ? STR("Terminating") : STR("Running"));
}

static void
job_completions(struct cell *cell, struct val job)
{
    struct val completions = val_at(job, "spec.completions");
    long long done = (long long)number(job, "status.succeeded");
    int64_t parallelism = number(job, "spec.parallelism");
    if (val_is(completions)) {
        jw_printf(cell->out, "%lld/%lld", done, (long long)val_int(completions, 0));
    } else if (parallelism > 1) {
        jw_printf(cell->out, "%lld/1 of %lld", done, (long long)parallelism);
    } else {
        jw_printf(cell->out, "%lld/1", done);
    }
}

static void
job_duration(struct cell *cell, struct val job)
{
    int64_t start_us, end_us;
    char text[32];
    if (clock_parse(val_str(val_at(job, "status.startTime")), &start_us) < 0) {
        cell_str(cell, STR(""));
        return;
    }
    if (clock_parse(val_str(val_at(job, "status.completionTime")), &end_us) < 0) {
        end_us = cell->now_ms * 1000;
    }
    cell_str(cell, columns_age_text((end_us - start_us) / 1000, text));
}

const struct column columns_jobs[] = {
    COLUMN_NAME,
    { .name = "Status", .type = "string", .cell = job_status },
    { .name = "Completions", .type = "string", .cell = job_completions },
    { .name = "Duration", .type = "string", .cell = job_duration },
    COLUMN_AGE,
    COLUMNS_WIDE,
};

/* ---- cron jobs ---- */

static void
cron_schedule(struct cell *cell, struct val cron)
{
    cell_str(cell, val_str(val_at(cron, "spec.schedule")));
}

static void
cron_zone(struct cell *cell, struct val cron)
{
    cell_str_or(cell, val_str(val_at(cron, "spec.timeZone")), "<none>");
}

static void
cron_suspend(struct cell *cell, struct val cron)
{
    cell_str(cell, val_bool(val_at(cron, "spec.suspend"), false) ? STR("True") : STR("False"));
}

static void
cron_active(struct cell *cell, struct val cron)
{
    cell_int(cell, (int64_t)val_len(val_at(cron, "status.active")));
}

static void
cron_last(struct cell *cell, struct val cron)
{
    struct str last = val_str(val_at(cron, "status.lastScheduleTime"));
    if (last.size == 0) {
        cell_str(cell, STR("<none>"));
    } else {
        cell_age(cell, last);
    }
}

static void
cron_containers(struct cell *cell, struct val cron)
{
    cell_containers(cell, val_at(cron, "spec.jobTemplate.spec.template.spec"), "name");
}

static void
cron_images(struct cell *cell, struct val cron)
{
    cell_containers(cell, val_at(cron, "spec.jobTemplate.spec.template.spec"), "image");
}

static void
cron_selector(struct cell *cell, struct val cron)
{
    cell_selector(cell, val_at(cron, "spec.jobTemplate.spec.selector"));
}

const struct column columns_cronjobs[] = {
    COLUMN_NAME,
    { .name = "Schedule", .type = "string", .cell = cron_schedule },
    { .name = "Timezone", .type = "string", .cell = cron_zone },
    { .name = "Suspend", .type = "boolean", .cell = cron_suspend },
    { .name = "Active", .type = "integer", .cell = cron_active },
    { .name = "Last Schedule", .type = "string", .cell = cron_last },
    COLUMN_AGE,
    { .name = "Containers", .type = "string", .priority = 1, .cell = cron_containers },
    { .name = "Images", .type = "string", .priority = 1, .cell = cron_images },
    { .name = "Selector", .type = "string", .priority = 1, .cell = cron_selector },
};

/* ---- revisions ---- */

static void
revision_controller(struct cell *cell, struct val revision)
{
    VAL_EACH (it, val_at(revision, "metadata.ownerReferences")) {
        if (val_bool(val_get(it.value, "controller"), false)) {
            struct str version,
                group = str_cut(val_str(val_get(it.value, "apiVersion")), '/', &version);
            struct str kind = val_str(val_get(it.value, "kind"));
            char lower[64];
            size_t size = kind.size < sizeof(lower) ? kind.size : sizeof(lower);
            for (size_t i = 0; i < size; i++) {
                char c = kind.at[i];
                lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
            }
            jw_printf(cell->out, "%.*s%s" STR_FMT "/" STR_FMT, (int)size, lower,
                      version.at != NULL ? "." : "", STR_ARG(version.at != NULL ? group : STR("")),
                      STR_ARG(val_str(val_get(it.value, "name"))));
            return;
        }
    }
    cell_str(cell, STR("<none>"));
}

static void
revision_number(struct cell *cell, struct val revision)
{
    cell_int(cell, number(revision, "revision"));
}

const struct column columns_controllerrevisions[] = {
    COLUMN_NAME,
    { .name = "Controller", .type = "string", .cell = revision_controller },
    { .name = "Revision", .type = "string", .cell = revision_number },
    COLUMN_AGE,
};
