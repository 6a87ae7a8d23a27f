/* Rows: Scale and HorizontalPodAutoscaler.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field autoscaling_cross_version_object_reference_fields[] = {
    ALWAYS("kind", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 2),
    OPT("apiVersion", STRING, VAL, 3),
};
LOCAL_TYPE(autoscaling_cross_version_object_reference,
    "autoscaling/v1.CrossVersionObjectReference", .atomic = true);

static const struct field autoscaling_horizontal_pod_autoscaler_spec_fields[] = {
    ALWAYS("scaleTargetRef", OBJECT, VAL, 1,
        .of = &type_autoscaling_cross_version_object_reference),
    OPT("minReplicas", INT32, PTR, 2, .def = "1"),
    ALWAYS("maxReplicas", INT32, VAL, 3),
    OPT("targetCPUUtilizationPercentage", INT32, PTR, 4),
};
LOCAL_TYPE(autoscaling_horizontal_pod_autoscaler_spec,
    "autoscaling/v1.HorizontalPodAutoscalerSpec");

static const struct field autoscaling_horizontal_pod_autoscaler_status_fields[] = {
    OPT("observedGeneration", INT64, PTR, 1),
    OPT("lastScaleTime", TIME, PTR, 2),
    ALWAYS("currentReplicas", INT32, VAL, 3),
    ALWAYS("desiredReplicas", INT32, VAL, 4),
    OPT("currentCPUUtilizationPercentage", INT32, PTR, 5),
};
LOCAL_TYPE(autoscaling_horizontal_pod_autoscaler_status,
    "autoscaling/v1.HorizontalPodAutoscalerStatus");

static const struct field autoscaling_horizontal_pod_autoscaler_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_autoscaling_horizontal_pod_autoscaler_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_autoscaling_horizontal_pod_autoscaler_status),
};
TYPE(autoscaling_horizontal_pod_autoscaler, "autoscaling/v1.HorizontalPodAutoscaler");

static const struct field autoscaling_scale_spec_fields[] = {
    OPT("replicas", INT32, VAL, 1),
};
LOCAL_TYPE(autoscaling_scale_spec, "autoscaling/v1.ScaleSpec");

static const struct field autoscaling_scale_status_fields[] = {
    ALWAYS("replicas", INT32, VAL, 1),
    OPT("selector", STRING, VAL, 2),
};
LOCAL_TYPE(autoscaling_scale_status, "autoscaling/v1.ScaleStatus");

static const struct field autoscaling_scale_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_autoscaling_scale_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_autoscaling_scale_status),
};
TYPE(autoscaling_scale, "autoscaling/v1.Scale");

static const struct field autoscaling2_cross_version_object_reference_fields[] = {
    ALWAYS("kind", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 2),
    OPT("apiVersion", STRING, VAL, 3),
};
LOCAL_TYPE(autoscaling2_cross_version_object_reference,
    "autoscaling/v2.CrossVersionObjectReference");

static const struct field autoscaling2_metric_target_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v2.MetricTargetType"),
    OPT("value", QUANTITY, PTR, 2),
    OPT("averageValue", QUANTITY, PTR, 3),
    OPT("averageUtilization", INT32, PTR, 4),
};
LOCAL_TYPE(autoscaling2_metric_target, "autoscaling/v2.MetricTarget");

static const struct field autoscaling2_metric_identifier_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("selector", OBJECT, PTR, 2, .of = &type_meta_label_selector),
};
LOCAL_TYPE(autoscaling2_metric_identifier, "autoscaling/v2.MetricIdentifier");

static const struct field autoscaling2_object_metric_source_fields[] = {
    ALWAYS("describedObject", OBJECT, VAL, 1,
        .of = &type_autoscaling2_cross_version_object_reference),
    ALWAYS("target", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_target),
    ALWAYS("metric", OBJECT, VAL, 3, .of = &type_autoscaling2_metric_identifier),
};
LOCAL_TYPE(autoscaling2_object_metric_source, "autoscaling/v2.ObjectMetricSource");

static const struct field autoscaling2_pods_metric_source_fields[] = {
    ALWAYS("metric", OBJECT, VAL, 1, .of = &type_autoscaling2_metric_identifier),
    ALWAYS("target", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_target),
};
LOCAL_TYPE(autoscaling2_pods_metric_source, "autoscaling/v2.PodsMetricSource");

static const struct field autoscaling2_resource_metric_source_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.ResourceName"),
    ALWAYS("target", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_target),
};
LOCAL_TYPE(autoscaling2_resource_metric_source, "autoscaling/v2.ResourceMetricSource");

static const struct field autoscaling2_container_resource_metric_source_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.ResourceName"),
    ALWAYS("target", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_target),
    ALWAYS("container", STRING, VAL, 3),
};
LOCAL_TYPE(autoscaling2_container_resource_metric_source,
    "autoscaling/v2.ContainerResourceMetricSource");

static const struct field autoscaling2_external_metric_source_fields[] = {
    ALWAYS("metric", OBJECT, VAL, 1, .of = &type_autoscaling2_metric_identifier),
    ALWAYS("target", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_target),
};
LOCAL_TYPE(autoscaling2_external_metric_source, "autoscaling/v2.ExternalMetricSource");

static const struct field autoscaling2_metric_spec_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v2.MetricSourceType"),
    OPT("object", OBJECT, PTR, 2, .of = &type_autoscaling2_object_metric_source),
    OPT("pods", OBJECT, PTR, 3, .of = &type_autoscaling2_pods_metric_source),
    OPT("resource", OBJECT, PTR, 4, .of = &type_autoscaling2_resource_metric_source),
    OPT("containerResource", OBJECT, PTR, 7,
        .of = &type_autoscaling2_container_resource_metric_source),
    OPT("external", OBJECT, PTR, 5, .of = &type_autoscaling2_external_metric_source),
};
LOCAL_TYPE(autoscaling2_metric_spec, "autoscaling/v2.MetricSpec");

static const struct field autoscaling2_hpa_scaling_policy_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v2.HPAScalingPolicyType"),
    ALWAYS("value", INT32, VAL, 2),
    ALWAYS("periodSeconds", INT32, VAL, 3),
};
LOCAL_TYPE(autoscaling2_hpa_scaling_policy, "autoscaling/v2.HPAScalingPolicy");

static const struct field autoscaling2_hpa_scaling_rules_fields[] = {
    OPT("stabilizationWindowSeconds", INT32, PTR, 3),
    OPT("selectPolicy", STRING, PTR, 1, .go = "v2.ScalingPolicySelect"),
    OPT("policies", OBJECT, LIST, 2, .of = &type_autoscaling2_hpa_scaling_policy),
    OPT("tolerance", QUANTITY, PTR, 4),
};
LOCAL_TYPE(autoscaling2_hpa_scaling_rules, "autoscaling/v2.HPAScalingRules");

static const struct field autoscaling2_horizontal_pod_autoscaler_behavior_fields[] = {
    OPT("scaleUp", OBJECT, PTR, 1, .of = &type_autoscaling2_hpa_scaling_rules),
    OPT("scaleDown", OBJECT, PTR, 2, .of = &type_autoscaling2_hpa_scaling_rules),
};
LOCAL_TYPE(autoscaling2_horizontal_pod_autoscaler_behavior,
    "autoscaling/v2.HorizontalPodAutoscalerBehavior");

static const struct field autoscaling2_horizontal_pod_autoscaler_spec_fields[] = {
    ALWAYS("scaleTargetRef", OBJECT, VAL, 1,
        .of = &type_autoscaling2_cross_version_object_reference),
    OPT("minReplicas", INT32, PTR, 2, .def = "1"),
    ALWAYS("maxReplicas", INT32, VAL, 3),
    OPT("metrics", OBJECT, LIST, 4, .of = &type_autoscaling2_metric_spec),
    OPT("behavior", OBJECT, PTR, 5, .of = &type_autoscaling2_horizontal_pod_autoscaler_behavior),
};
LOCAL_TYPE(autoscaling2_horizontal_pod_autoscaler_spec,
    "autoscaling/v2.HorizontalPodAutoscalerSpec");

static const struct field autoscaling2_metric_value_status_fields[] = {
    OPT("value", QUANTITY, PTR, 1),
    OPT("averageValue", QUANTITY, PTR, 2),
    OPT("averageUtilization", INT32, PTR, 3),
};
LOCAL_TYPE(autoscaling2_metric_value_status, "autoscaling/v2.MetricValueStatus");

static const struct field autoscaling2_object_metric_status_fields[] = {
    ALWAYS("metric", OBJECT, VAL, 1, .of = &type_autoscaling2_metric_identifier),
    ALWAYS("current", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_value_status),
    ALWAYS("describedObject", OBJECT, VAL, 3,
        .of = &type_autoscaling2_cross_version_object_reference),
};
LOCAL_TYPE(autoscaling2_object_metric_status, "autoscaling/v2.ObjectMetricStatus");

static const struct field autoscaling2_pods_metric_status_fields[] = {
    ALWAYS("metric", OBJECT, VAL, 1, .of = &type_autoscaling2_metric_identifier),
    ALWAYS("current", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_value_status),
};
LOCAL_TYPE(autoscaling2_pods_metric_status, "autoscaling/v2.PodsMetricStatus");

static const struct field autoscaling2_resource_metric_status_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.ResourceName"),
    ALWAYS("current", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_value_status),
};
LOCAL_TYPE(autoscaling2_resource_metric_status, "autoscaling/v2.ResourceMetricStatus");

static const struct field autoscaling2_container_resource_metric_status_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.ResourceName"),
    ALWAYS("current", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_value_status),
    ALWAYS("container", STRING, VAL, 3),
};
LOCAL_TYPE(autoscaling2_container_resource_metric_status,
    "autoscaling/v2.ContainerResourceMetricStatus");

static const struct field autoscaling2_external_metric_status_fields[] = {
    ALWAYS("metric", OBJECT, VAL, 1, .of = &type_autoscaling2_metric_identifier),
    ALWAYS("current", OBJECT, VAL, 2, .of = &type_autoscaling2_metric_value_status),
};
LOCAL_TYPE(autoscaling2_external_metric_status, "autoscaling/v2.ExternalMetricStatus");

static const struct field autoscaling2_metric_status_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v2.MetricSourceType"),
    OPT("object", OBJECT, PTR, 2, .of = &type_autoscaling2_object_metric_status),
    OPT("pods", OBJECT, PTR, 3, .of = &type_autoscaling2_pods_metric_status),
    OPT("resource", OBJECT, PTR, 4, .of = &type_autoscaling2_resource_metric_status),
    OPT("containerResource", OBJECT, PTR, 7,
        .of = &type_autoscaling2_container_resource_metric_status),
    OPT("external", OBJECT, PTR, 5, .of = &type_autoscaling2_external_metric_status),
};
LOCAL_TYPE(autoscaling2_metric_status, "autoscaling/v2.MetricStatus");

static const struct field autoscaling2_horizontal_pod_autoscaler_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v2.HorizontalPodAutoscalerConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(autoscaling2_horizontal_pod_autoscaler_condition,
    "autoscaling/v2.HorizontalPodAutoscalerCondition");

static const struct field autoscaling2_horizontal_pod_autoscaler_status_fields[] = {
    OPT("observedGeneration", INT64, PTR, 1),
    OPT("lastScaleTime", TIME, PTR, 2),
    OPT("currentReplicas", INT32, VAL, 3),
    ALWAYS("desiredReplicas", INT32, VAL, 4),
    ALWAYS("currentMetrics", OBJECT, LIST, 5, .of = &type_autoscaling2_metric_status),
    OPT("conditions", OBJECT, LIST, 6,
        .of = &type_autoscaling2_horizontal_pod_autoscaler_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(autoscaling2_horizontal_pod_autoscaler_status,
    "autoscaling/v2.HorizontalPodAutoscalerStatus");

static const struct field autoscaling2_horizontal_pod_autoscaler_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_autoscaling2_horizontal_pod_autoscaler_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_autoscaling2_horizontal_pod_autoscaler_status),
};
TYPE(autoscaling2_horizontal_pod_autoscaler, "autoscaling/v2.HorizontalPodAutoscaler");

/* ---- resources ---- */

static const char *const horizontalpodautoscalers_short[] = { "hpa", NULL };
static const struct subresource horizontalpodautoscalers_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_horizontalpodautoscalers_v1 = {
    .group = "autoscaling",
    .version = "v1",
    .kind = "HorizontalPodAutoscaler",
    .list_kind = "HorizontalPodAutoscalerList",
    .plural = "horizontalpodautoscalers",
    .singular = "horizontalpodautoscaler",
    .short_names = horizontalpodautoscalers_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_autoscaling_horizontal_pod_autoscaler,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .storage = &resource_horizontalpodautoscalers,
    .subresources = horizontalpodautoscalers_subs,
    .subresource_len = ARRAY_LEN(horizontalpodautoscalers_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

const struct resource resource_horizontalpodautoscalers = {
    .group = "autoscaling",
    .version = "v2",
    .kind = "HorizontalPodAutoscaler",
    .list_kind = "HorizontalPodAutoscalerList",
    .plural = "horizontalpodautoscalers",
    .singular = "horizontalpodautoscaler",
    .short_names = horizontalpodautoscalers_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_autoscaling2_horizontal_pod_autoscaler,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = horizontalpodautoscalers_subs,
    .subresource_len = ARRAY_LEN(horizontalpodautoscalers_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

/* clang-format on */
