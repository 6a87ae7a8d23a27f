/* Defaults of workloads and others that depend on other fields: defaults.go of release 1.35.
 *
 * Named by rows in kind_apps.c, kind_batch.c and the like; pure, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "base/arena.h"

/* Member of the type: a rolling update has its parameters. */
static void
work_fill_rolling(struct fill *fill, const char *defaults)
{
    if (val_is_str(fill_get(fill, "type"), "RollingUpdate") && !fill_has(fill, "rollingUpdate")) {
        fill_setz(fill, "rollingUpdate", defaults);
    }
}

void
kind_work_fill_deployment(struct fill *fill)
{
    work_fill_rolling(fill, "{\"maxUnavailable\":\"25%\",\"maxSurge\":\"25%\"}");
}

void
kind_work_fill_daemon_set(struct fill *fill)
{
    work_fill_rolling(fill, "{\"maxUnavailable\":1,\"maxSurge\":0}");
}

/* Parameters that came with another type stay as they are. */
static bool
work_is_rolling(const struct fill *fill)
{
    return fill->up != NULL && val_is_str(fill_get(fill->up, "type"), "RollingUpdate");
}

static void
work_fill_missing(struct fill *fill, const char *member, const char *json)
{
    if (!fill_has(fill, member)) {
        fill_setz(fill, member, json);
    }
}

void
kind_work_fill_deployment_rolling(struct fill *fill)
{
    if (work_is_rolling(fill)) {
        work_fill_missing(fill, "maxUnavailable", "\"25%\"");
        work_fill_missing(fill, "maxSurge", "\"25%\"");
    }
}

void
kind_work_fill_daemon_set_rolling(struct fill *fill)
{
    if (work_is_rolling(fill)) {
        work_fill_missing(fill, "maxUnavailable", "1");
        work_fill_missing(fill, "maxSurge", "0");
    }
}

void
kind_work_fill_stateful_set(struct fill *fill)
{
    if (!fill_has(fill, "type")) {
        fill_setz(fill, "type", "\"RollingUpdate\"");
        work_fill_rolling(fill, "{\"partition\":0}");
    }
}

void
kind_work_fill_stateful_set_rolling(struct fill *fill)
{
    if (work_is_rolling(fill)) {
        work_fill_missing(fill, "partition", "0");
    }
}

void
kind_work_fill_job_spec(struct fill *fill)
{
    if (fill->up == NULL || fill->up->type != &type_batch_job) {
        return; /* a CronJob's template is filled when the job is made */
    }
    if (!fill_has(fill, "completions") && !fill_has(fill, "parallelism")) {
        fill_setz(fill, "completions", "1");
    }
    work_fill_missing(fill, "parallelism", "1");
    work_fill_missing(fill, "backoffLimit",
                      fill_has(fill, "backoffLimitPerIndex") ? "2147483647" : "6");
    work_fill_missing(fill, "podReplacementPolicy",
                      fill_has(fill, "podFailurePolicy") ? "\"Failed\""
                                                         : "\"TerminatingOrFailed\"");
    work_fill_missing(fill, "completionMode", "\"NonIndexed\"");
    work_fill_missing(fill, "suspend", "false");
    work_fill_missing(fill, "manualSelector", "false");
}

/* Labels of the template are the object's when it has none. */
static void
work_fill_labels(struct fill *fill)
{
    struct val labels = val_at(fill_get(fill, "spec"), "template.metadata.labels");
    struct val metadata = fill_get(fill, "metadata");
    if (val_is(labels) && val_len(val_get(metadata, "labels")) == 0) {
        fill_set(fill, "metadata",
                 kinds_with_member(fill->arena, &type_meta_object_meta, metadata, "labels",
                                   val_raw(labels)));
    }
}

void
kind_work_fill_job(struct fill *fill)
{
    work_fill_labels(fill);
}

void
kind_work_fill_replication_controller(struct fill *fill)
{
    work_fill_labels(fill);
}

void
kind_work_fill_replication_controller_spec(struct fill *fill)
{
    struct val labels = val_at(fill_get(fill, "template"), "metadata.labels");
    if (val_is(labels) && val_len(fill_get(fill, "selector")) == 0) {
        fill_set(fill, "selector", val_raw(labels));
    }
}

/* SetDefaults_Subject: accounts are core, users and groups are RBAC's. */
void
kind_work_fill_subject(struct fill *fill)
{
    struct val kind = fill_get(fill, "kind");
    if (!fill_has(fill, "apiGroup") && (val_is_str(kind, "User") || val_is_str(kind, "Group"))) {
        fill_setz(fill, "apiGroup", "\"rbac.authorization.k8s.io\"");
    }
}

void
kind_work_fill_network_policy_spec(struct fill *fill)
{
    if (val_len(fill_get(fill, "policyTypes")) == 0) {
        bool has_egress = val_len(fill_get(fill, "egress")) > 0;
        fill_setz(fill, "policyTypes", has_egress ? "[\"Ingress\",\"Egress\"]" : "[\"Ingress\"]");
    }
}

/* ExactDeviceRequest and DeviceSubRequest */
void
kind_work_fill_device_count(struct fill *fill)
{
    if (val_is_str(fill_get(fill, "allocationMode"), "ExactCount") && !fill_has(fill, "count")) {
        fill_setz(fill, "count", "1");
    }
}

/* SetDefaults_LimitRangeItem: max → default → defaultRequest ← min. */
void
kind_work_fill_limit_range_item(struct fill *fill)
{
    if (!val_is_str(fill_get(fill, "type"), "Container")) {
        return;
    }
    static const char *const from_to[][2] = {
        { "max", "default" },
        { "default", "defaultRequest" },
        { "min", "defaultRequest" },
    };
    for (size_t i = 0; i < ARRAY_LEN(from_to); i++) {
        struct val from = fill_get(fill, from_to[i][0]), to = fill_get(fill, from_to[i][1]);
        VAL_EACH (it, from) {
            if (!val_is(val_member(to, it.key))) {
                fill_set(fill, from_to[i][1], kinds_merged(fill->arena, to, from));
                break;
            }
        }
    }
}

/* SetDefaults_PersistentVolume: not the inline spec of a VolumeAttachment. */
void
kind_work_fill_persistent_volume_spec(struct fill *fill)
{
    if (fill->up != NULL && fill->up->type == &type_core_persistent_volume) {
        work_fill_missing(fill, "persistentVolumeReclaimPolicy", "\"Retain\"");
        work_fill_missing(fill, "volumeMode", "\"Filesystem\"");
    }
}
