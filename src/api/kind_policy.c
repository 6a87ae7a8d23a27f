/* Rows: Eviction, PodDisruptionBudget, LimitRange, ResourceQuota.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field core_limit_range_item_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.LimitType"),
    FIELD("max", QUANTITY, MAP, 2, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("min", QUANTITY, MAP, 3, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("default", QUANTITY, MAP, 4, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("defaultRequest", QUANTITY, MAP, 5, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("maxLimitRequestRatio", QUANTITY, MAP, 6, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
};
LOCAL_TYPE(core_limit_range_item, "core/v1.LimitRangeItem",
    .fill = kind_work_fill_limit_range_item);

static const struct field core_limit_range_spec_fields[] = {
    ALWAYS("limits", OBJECT, LIST, 1, .of = &type_core_limit_range_item),
};
LOCAL_TYPE(core_limit_range_spec, "core/v1.LimitRangeSpec");

static const struct field core_limit_range_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_limit_range_spec),
};
TYPE(core_limit_range, "core/v1.LimitRange");

static const struct field core_scoped_resource_selector_requirement_fields[] = {
    ALWAYS("scopeName", STRING, VAL, 1, .go = "v1.ResourceQuotaScope"),
    ALWAYS("operator", STRING, VAL, 2, .go = "v1.ScopeSelectorOperator"),
    OPT("values", STRING, LIST, 3),
};
LOCAL_TYPE(core_scoped_resource_selector_requirement, "core/v1.ScopedResourceSelectorRequirement");

static const struct field core_scope_selector_fields[] = {
    OPT("matchExpressions", OBJECT, LIST, 1,
        .of = &type_core_scoped_resource_selector_requirement),
};
LOCAL_TYPE(core_scope_selector, "core/v1.ScopeSelector", .atomic = true);

static const struct field core_resource_quota_spec_fields[] = {
    FIELD("hard", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("scopes", STRING, LIST, 2, .go = "[]v1.ResourceQuotaScope"),
    OPT("scopeSelector", OBJECT, PTR, 3, .of = &type_core_scope_selector),
};
LOCAL_TYPE(core_resource_quota_spec, "core/v1.ResourceQuotaSpec");

static const struct field core_resource_quota_status_fields[] = {
    FIELD("hard", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("used", QUANTITY, MAP, 2, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
};
LOCAL_TYPE(core_resource_quota_status, "core/v1.ResourceQuotaStatus");

static const struct field core_resource_quota_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_resource_quota_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_resource_quota_status),
};
TYPE(core_resource_quota, "core/v1.ResourceQuota");

static const struct field policy_pod_disruption_budget_spec_fields[] = {
    OPT("minAvailable", INT_OR_STRING, PTR, 1),
    OPT("selector", OBJECT, PTR, 2, .of = &type_meta_label_selector, .patch = PATCH_REPLACE),
    OPT("maxUnavailable", INT_OR_STRING, PTR, 3),
    OPT("unhealthyPodEvictionPolicy", STRING, PTR, 4, .go = "v1.UnhealthyPodEvictionPolicyType"),
};
LOCAL_TYPE(policy_pod_disruption_budget_spec, "policy/v1.PodDisruptionBudgetSpec");

static const struct field policy_pod_disruption_budget_status_fields[] = {
    OPT("observedGeneration", INT64, VAL, 1),
    OPT("disruptedPods", TIME, MAP, 2),
    ALWAYS("disruptionsAllowed", INT32, VAL, 3),
    ALWAYS("currentHealthy", INT32, VAL, 4),
    ALWAYS("desiredHealthy", INT32, VAL, 5),
    ALWAYS("expectedPods", INT32, VAL, 6),
    OPT("conditions", OBJECT, LIST, 7, .of = &type_meta_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(policy_pod_disruption_budget_status, "policy/v1.PodDisruptionBudgetStatus");

static const struct field policy_pod_disruption_budget_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_policy_pod_disruption_budget_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_policy_pod_disruption_budget_status),
};
TYPE(policy_pod_disruption_budget, "policy/v1.PodDisruptionBudget");

static const struct field policy_eviction_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("deleteOptions", OBJECT, PTR, 2, .of = &type_meta_delete_options),
};
TYPE(policy_eviction, "policy/v1.Eviction");

/* ---- resources ---- */

static const char *const poddisruptionbudgets_short[] = { "pdb", NULL };
static const struct subresource poddisruptionbudgets_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_poddisruptionbudgets = {
    .group = "policy",
    .version = "v1",
    .kind = "PodDisruptionBudget",
    .list_kind = "PodDisruptionBudgetList",
    .plural = "poddisruptionbudgets",
    .singular = "poddisruptionbudget",
    .short_names = poddisruptionbudgets_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_GENERATION,
    .type = &type_policy_pod_disruption_budget,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = poddisruptionbudgets_subs,
    .subresource_len = ARRAY_LEN(poddisruptionbudgets_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

static const char *const limitranges_short[] = { "limits", NULL };
const struct resource resource_limitranges = {
    .group = "",
    .version = "v1",
    .kind = "LimitRange",
    .list_kind = "LimitRangeList",
    .plural = "limitranges",
    .singular = "limitrange",
    .short_names = limitranges_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE,
    .type = &type_core_limit_range,
};

static const char *const resourcequotas_short[] = { "quota", NULL };
static const struct subresource resourcequotas_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_resourcequotas = {
    .group = "",
    .version = "v1",
    .kind = "ResourceQuota",
    .list_kind = "ResourceQuotaList",
    .plural = "resourcequotas",
    .singular = "resourcequota",
    .short_names = resourcequotas_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED,
    .type = &type_core_resource_quota,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = resourcequotas_subs,
    .subresource_len = ARRAY_LEN(resourcequotas_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

/* clang-format on */
