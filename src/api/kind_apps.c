/* Rows: workloads that keep pods running.
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

static const struct field apps_rolling_update_stateful_set_strategy_fields[] = {
    OPT("partition", INT32, PTR, 1),
    FIELD("maxUnavailable", INT_OR_STRING, PTR, 2, FIELD_OMITEMPTY | FIELD_OFF),
};
LOCAL_TYPE(apps_rolling_update_stateful_set_strategy, "apps/v1.RollingUpdateStatefulSetStrategy",
    .fill = kind_work_fill_stateful_set_rolling);

static const struct field apps_stateful_set_update_strategy_fields[] = {
    OPT("type", STRING, VAL, 1, .go = "v1.StatefulSetUpdateStrategyType"),
    OPT("rollingUpdate", OBJECT, PTR, 2, .of = &type_apps_rolling_update_stateful_set_strategy),
};
LOCAL_TYPE(apps_stateful_set_update_strategy, "apps/v1.StatefulSetUpdateStrategy",
    .fill = kind_work_fill_stateful_set);

static const struct field apps_stateful_set_persistent_volume_claim_retention_policy_fields[] = {
    OPT("whenDeleted", STRING, VAL, 1, .go = "v1.PersistentVolumeClaimRetentionPolicyType",
        .def = "\"Retain\""),
    OPT("whenScaled", STRING, VAL, 2, .go = "v1.PersistentVolumeClaimRetentionPolicyType",
        .def = "\"Retain\""),
};
LOCAL_TYPE(apps_stateful_set_persistent_volume_claim_retention_policy,
    "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy");

static const struct field apps_stateful_set_ordinals_fields[] = {
    ALWAYS("start", INT32, VAL, 1),
};
LOCAL_TYPE(apps_stateful_set_ordinals, "apps/v1.StatefulSetOrdinals");

static const struct field apps_stateful_set_spec_fields[] = {
    OPT("replicas", INT32, PTR, 1, .def = "1"),
    ALWAYS("selector", OBJECT, PTR, 2, .of = &type_meta_label_selector),
    ALWAYS("template", OBJECT, VAL, 3, .of = &type_core_pod_template_spec),
    OPT("volumeClaimTemplates", OBJECT, LIST, 4, .of = &type_core_persistent_volume_claim),
    ALWAYS("serviceName", STRING, VAL, 5),
    OPT("podManagementPolicy", STRING, VAL, 6, .go = "v1.PodManagementPolicyType",
        .def = "\"OrderedReady\""),
    OPT("updateStrategy", OBJECT, VAL, 7, .of = &type_apps_stateful_set_update_strategy),
    OPT("revisionHistoryLimit", INT32, PTR, 8, .def = "10"),
    OPT("minReadySeconds", INT32, VAL, 9),
    OPT("persistentVolumeClaimRetentionPolicy", OBJECT, PTR, 10,
        .of = &type_apps_stateful_set_persistent_volume_claim_retention_policy, .def = "{}"),
    OPT("ordinals", OBJECT, PTR, 11, .of = &type_apps_stateful_set_ordinals),
};
LOCAL_TYPE(apps_stateful_set_spec, "apps/v1.StatefulSetSpec");

static const struct field apps_stateful_set_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.StatefulSetConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(apps_stateful_set_condition, "apps/v1.StatefulSetCondition");

static const struct field apps_stateful_set_status_fields[] = {
    OPT("observedGeneration", INT64, VAL, 1),
    ALWAYS("replicas", INT32, VAL, 2),
    OPT("readyReplicas", INT32, VAL, 3),
    OPT("currentReplicas", INT32, VAL, 4),
    OPT("updatedReplicas", INT32, VAL, 5),
    OPT("currentRevision", STRING, VAL, 6),
    OPT("updateRevision", STRING, VAL, 7),
    OPT("collisionCount", INT32, PTR, 9),
    OPT("conditions", OBJECT, LIST, 10, .of = &type_apps_stateful_set_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
    ALWAYS("availableReplicas", INT32, VAL, 11),
};
LOCAL_TYPE(apps_stateful_set_status, "apps/v1.StatefulSetStatus");

static const struct field apps_stateful_set_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_apps_stateful_set_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_apps_stateful_set_status),
};
TYPE(apps_stateful_set, "apps/v1.StatefulSet");

static const struct field apps_rolling_update_deployment_fields[] = {
    OPT("maxUnavailable", INT_OR_STRING, PTR, 1),
    OPT("maxSurge", INT_OR_STRING, PTR, 2),
};
LOCAL_TYPE(apps_rolling_update_deployment, "apps/v1.RollingUpdateDeployment",
    .fill = kind_work_fill_deployment_rolling);

static const struct field apps_deployment_strategy_fields[] = {
    OPT("type", STRING, VAL, 1, .go = "v1.DeploymentStrategyType", .def = "\"RollingUpdate\""),
    OPT("rollingUpdate", OBJECT, PTR, 2, .of = &type_apps_rolling_update_deployment),
};
LOCAL_TYPE(apps_deployment_strategy, "apps/v1.DeploymentStrategy",
    .fill = kind_work_fill_deployment);

static const struct field apps_deployment_spec_fields[] = {
    OPT("replicas", INT32, PTR, 1, .def = "1"),
    ALWAYS("selector", OBJECT, PTR, 2, .of = &type_meta_label_selector),
    ALWAYS("template", OBJECT, VAL, 3, .of = &type_core_pod_template_spec),
    OPT("strategy", OBJECT, VAL, 4, .of = &type_apps_deployment_strategy,
        .patch = PATCH_RETAIN_KEYS),
    OPT("minReadySeconds", INT32, VAL, 5),
    OPT("revisionHistoryLimit", INT32, PTR, 6, .def = "10"),
    OPT("paused", BOOL, VAL, 7),
    OPT("progressDeadlineSeconds", INT32, PTR, 9, .def = "600"),
};
LOCAL_TYPE(apps_deployment_spec, "apps/v1.DeploymentSpec");

static const struct field apps_deployment_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.DeploymentConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastUpdateTime", TIME, VAL, 6),
    OPT("lastTransitionTime", TIME, VAL, 7),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(apps_deployment_condition, "apps/v1.DeploymentCondition");

static const struct field apps_deployment_status_fields[] = {
    OPT("observedGeneration", INT64, VAL, 1),
    OPT("replicas", INT32, VAL, 2),
    OPT("updatedReplicas", INT32, VAL, 3),
    OPT("readyReplicas", INT32, VAL, 7),
    OPT("availableReplicas", INT32, VAL, 4),
    OPT("unavailableReplicas", INT32, VAL, 5),
    OPT("terminatingReplicas", INT32, PTR, 9),
    OPT("conditions", OBJECT, LIST, 6, .of = &type_apps_deployment_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
    OPT("collisionCount", INT32, PTR, 8),
};
LOCAL_TYPE(apps_deployment_status, "apps/v1.DeploymentStatus");

static const struct field apps_deployment_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_apps_deployment_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_apps_deployment_status),
};
TYPE(apps_deployment, "apps/v1.Deployment");

static const struct field apps_rolling_update_daemon_set_fields[] = {
    OPT("maxUnavailable", INT_OR_STRING, PTR, 1),
    OPT("maxSurge", INT_OR_STRING, PTR, 2),
};
LOCAL_TYPE(apps_rolling_update_daemon_set, "apps/v1.RollingUpdateDaemonSet",
    .fill = kind_work_fill_daemon_set_rolling);

static const struct field apps_daemon_set_update_strategy_fields[] = {
    OPT("type", STRING, VAL, 1, .go = "v1.DaemonSetUpdateStrategyType",
        .def = "\"RollingUpdate\""),
    OPT("rollingUpdate", OBJECT, PTR, 2, .of = &type_apps_rolling_update_daemon_set),
};
LOCAL_TYPE(apps_daemon_set_update_strategy, "apps/v1.DaemonSetUpdateStrategy",
    .fill = kind_work_fill_daemon_set);

static const struct field apps_daemon_set_spec_fields[] = {
    ALWAYS("selector", OBJECT, PTR, 1, .of = &type_meta_label_selector),
    ALWAYS("template", OBJECT, VAL, 2, .of = &type_core_pod_template_spec),
    OPT("updateStrategy", OBJECT, VAL, 3, .of = &type_apps_daemon_set_update_strategy),
    OPT("minReadySeconds", INT32, VAL, 4),
    OPT("revisionHistoryLimit", INT32, PTR, 6, .def = "10"),
};
LOCAL_TYPE(apps_daemon_set_spec, "apps/v1.DaemonSetSpec");

static const struct field apps_daemon_set_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.DaemonSetConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(apps_daemon_set_condition, "apps/v1.DaemonSetCondition");

static const struct field apps_daemon_set_status_fields[] = {
    ALWAYS("currentNumberScheduled", INT32, VAL, 1),
    ALWAYS("numberMisscheduled", INT32, VAL, 2),
    ALWAYS("desiredNumberScheduled", INT32, VAL, 3),
    ALWAYS("numberReady", INT32, VAL, 4),
    OPT("observedGeneration", INT64, VAL, 5),
    OPT("updatedNumberScheduled", INT32, VAL, 6),
    OPT("numberAvailable", INT32, VAL, 7),
    OPT("numberUnavailable", INT32, VAL, 8),
    OPT("collisionCount", INT32, PTR, 9),
    OPT("conditions", OBJECT, LIST, 10, .of = &type_apps_daemon_set_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(apps_daemon_set_status, "apps/v1.DaemonSetStatus");

static const struct field apps_daemon_set_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_apps_daemon_set_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_apps_daemon_set_status),
};
TYPE(apps_daemon_set, "apps/v1.DaemonSet", .fill = kind_daemon_fill);

static const struct field apps_replica_set_spec_fields[] = {
    OPT("replicas", INT32, PTR, 1, .def = "1"),
    OPT("minReadySeconds", INT32, VAL, 4),
    ALWAYS("selector", OBJECT, PTR, 2, .of = &type_meta_label_selector),
    OPT("template", OBJECT, VAL, 3, .of = &type_core_pod_template_spec),
};
LOCAL_TYPE(apps_replica_set_spec, "apps/v1.ReplicaSetSpec");

static const struct field apps_replica_set_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.ReplicaSetConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(apps_replica_set_condition, "apps/v1.ReplicaSetCondition");

static const struct field apps_replica_set_status_fields[] = {
    ALWAYS("replicas", INT32, VAL, 1),
    OPT("fullyLabeledReplicas", INT32, VAL, 2),
    OPT("readyReplicas", INT32, VAL, 4),
    OPT("availableReplicas", INT32, VAL, 5),
    OPT("terminatingReplicas", INT32, PTR, 7),
    OPT("observedGeneration", INT64, VAL, 3),
    OPT("conditions", OBJECT, LIST, 6, .of = &type_apps_replica_set_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(apps_replica_set_status, "apps/v1.ReplicaSetStatus");

static const struct field apps_replica_set_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_apps_replica_set_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_apps_replica_set_status),
};
TYPE(apps_replica_set, "apps/v1.ReplicaSet");

static const struct field apps_controller_revision_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("data", RAW, VAL, 2),
    ALWAYS("revision", INT64, VAL, 3),
};
TYPE(apps_controller_revision, "apps/v1.ControllerRevision");

static const struct field core_pod_template_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("template", OBJECT, VAL, 2, .of = &type_core_pod_template_spec),
};
TYPE(core_pod_template, "core/v1.PodTemplate");

static const struct field core_replication_controller_spec_fields[] = {
    OPT("replicas", INT32, PTR, 1, .def = "1"),
    OPT("minReadySeconds", INT32, VAL, 4),
    FIELD("selector", STRING, MAP, 2, FIELD_OMITEMPTY | FIELD_ATOMIC),
    OPT("template", OBJECT, PTR, 3, .of = &type_core_pod_template_spec),
};
LOCAL_TYPE(core_replication_controller_spec, "core/v1.ReplicationControllerSpec",
    .fill = kind_work_fill_replication_controller_spec);

static const struct field core_replication_controller_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.ReplicationControllerConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(core_replication_controller_condition, "core/v1.ReplicationControllerCondition");

static const struct field core_replication_controller_status_fields[] = {
    ALWAYS("replicas", INT32, VAL, 1),
    OPT("fullyLabeledReplicas", INT32, VAL, 2),
    OPT("readyReplicas", INT32, VAL, 4),
    OPT("availableReplicas", INT32, VAL, 5),
    OPT("observedGeneration", INT64, VAL, 3),
    OPT("conditions", OBJECT, LIST, 6, .of = &type_core_replication_controller_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(core_replication_controller_status, "core/v1.ReplicationControllerStatus");

static const struct field core_replication_controller_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_replication_controller_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_replication_controller_status),
};
TYPE(core_replication_controller, "core/v1.ReplicationController",
    .fill = kind_work_fill_replication_controller);

/* ---- resources ---- */

const struct resource resource_controllerrevisions = {
    .group = "apps",
    .version = "v1",
    .kind = "ControllerRevision",
    .list_kind = "ControllerRevisionList",
    .plural = "controllerrevisions",
    .singular = "controllerrevision",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_META_AGAIN,
    .type = &type_apps_controller_revision,
    .check_create = kind_work_check_revision,
    .check_update = kind_work_check_revision_update,
    COLUMNS_OF(controllerrevisions),
};

static const char *const daemonsets_short[] = { "ds", NULL };
static const struct subresource daemonsets_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_daemonsets = {
    .group = "apps",
    .version = "v1",
    .kind = "DaemonSet",
    .list_kind = "DaemonSetList",
    .plural = "daemonsets",
    .singular = "daemonset",
    .short_names = daemonsets_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_apps_daemon_set,
    .check_create = kind_set_check_daemon,
    .check_update = kind_set_check_daemon_update,
    .warn = kind_work_warn,
    .prepare_create = kind_daemon_create,
    .prepare_update = kind_daemon_update,
    .subresources = daemonsets_subs,
    .subresource_len = ARRAY_LEN(daemonsets_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(daemonsets),
};

static const char *const deployments_short[] = { "deploy", NULL };
static const struct subresource deployments_subs[] = {
    { .name = "scale", .kind = "Scale", .group = "autoscaling", .version = "v1",
      .verbs = SUB_RW },
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_deployments = {
    .group = "apps",
    .version = "v1",
    .kind = "Deployment",
    .list_kind = "DeploymentList",
    .plural = "deployments",
    .singular = "deployment",
    .short_names = deployments_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION |
             RES_GENERATION_NOTES,
    .type = &type_apps_deployment,
    .check_create = kind_work_check_deployment,
    .check_update = kind_work_check_deployment_update,
    .warn = kind_work_warn,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update_labels,
    .subresources = deployments_subs,
    .subresource_len = ARRAY_LEN(deployments_subs),
    .reset_main = "status",
    .reset_status = "spec,metadata.labels",
    COLUMNS_OF(deployments),
};

static const char *const replicasets_short[] = { "rs", NULL };
static const struct subresource replicasets_subs[] = {
    { .name = "scale", .kind = "Scale", .group = "autoscaling", .version = "v1",
      .verbs = SUB_RW },
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_replicasets = {
    .group = "apps",
    .version = "v1",
    .kind = "ReplicaSet",
    .list_kind = "ReplicaSetList",
    .plural = "replicasets",
    .singular = "replicaset",
    .short_names = replicasets_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_apps_replica_set,
    .check_create = kind_work_check_replica_set,
    .check_update = kind_work_check_replica_set_update,
    .warn = kind_work_warn,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = replicasets_subs,
    .subresource_len = ARRAY_LEN(replicasets_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(replicasets),
};

static const char *const statefulsets_short[] = { "sts", NULL };
static const struct subresource statefulsets_subs[] = {
    { .name = "scale", .kind = "Scale", .group = "autoscaling", .version = "v1",
      .verbs = SUB_RW },
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_statefulsets = {
    .group = "apps",
    .version = "v1",
    .kind = "StatefulSet",
    .list_kind = "StatefulSetList",
    .plural = "statefulsets",
    .singular = "statefulset",
    .short_names = statefulsets_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_apps_stateful_set,
    .check_create = kind_set_check_stateful,
    .check_update = kind_set_check_stateful_update,
    .warn = kind_work_warn,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = statefulsets_subs,
    .subresource_len = ARRAY_LEN(statefulsets_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(statefulsets),
};

const struct resource resource_podtemplates = {
    .group = "",
    .version = "v1",
    .kind = "PodTemplate",
    .list_kind = "PodTemplateList",
    .plural = "podtemplates",
    .singular = "podtemplate",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_RETURN_DELETED,
    .type = &type_core_pod_template,
    .check_create = kind_pod_check_pod_template,
    .check_update = kind_pod_check_pod_template,
    .warn = kind_pod_template_warn,
    COLUMNS_OF(podtemplates),
};

static const char *const replicationcontrollers_short[] = { "rc", NULL };
static const struct subresource replicationcontrollers_subs[] = {
    { .name = "scale", .kind = "Scale", .group = "autoscaling", .version = "v1",
      .verbs = SUB_RW },
    { .name = "status", .verbs = SUB_RW },
};
static const struct selectable replicationcontrollers_fields[] = {
    { .label = "status.replicas", .value = kind_field_replicas },
};
const struct resource resource_replicationcontrollers = {
    .group = "",
    .version = "v1",
    .kind = "ReplicationController",
    .list_kind = "ReplicationControllerList",
    .plural = "replicationcontrollers",
    .singular = "replicationcontroller",
    .short_names = replicationcontrollers_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_ORPHAN | RES_RETURN_DELETED,
    .type = &type_core_replication_controller,
    .selectables = replicationcontrollers_fields,
    .selectable_len = ARRAY_LEN(replicationcontrollers_fields),
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = replicationcontrollers_subs,
    .subresource_len = ARRAY_LEN(replicationcontrollers_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

/* clang-format on */
