/* Rows: priority and fairness.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field flow_priority_level_configuration_reference_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
};
LOCAL_TYPE(flow_priority_level_configuration_reference,
    "flowcontrol/v1.PriorityLevelConfigurationReference");

static const struct field flow_flow_distinguisher_method_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.FlowDistinguisherMethodType"),
};
LOCAL_TYPE(flow_flow_distinguisher_method, "flowcontrol/v1.FlowDistinguisherMethod");

static const struct field flow_user_subject_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
};
LOCAL_TYPE(flow_user_subject, "flowcontrol/v1.UserSubject");

static const struct field flow_group_subject_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
};
LOCAL_TYPE(flow_group_subject, "flowcontrol/v1.GroupSubject");

static const struct field flow_service_account_subject_fields[] = {
    ALWAYS("namespace", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 2),
};
LOCAL_TYPE(flow_service_account_subject, "flowcontrol/v1.ServiceAccountSubject");

static const struct field flow_subject_fields[] = {
    ALWAYS("kind", STRING, VAL, 1, .go = "v1.SubjectKind"),
    OPT("user", OBJECT, PTR, 2, .of = &type_flow_user_subject),
    OPT("group", OBJECT, PTR, 3, .of = &type_flow_group_subject),
    OPT("serviceAccount", OBJECT, PTR, 4, .of = &type_flow_service_account_subject),
};
LOCAL_TYPE(flow_subject, "flowcontrol/v1.Subject");

static const struct field flow_resource_policy_rule_fields[] = {
    ALWAYS("verbs", STRING, LIST, 1, .list = LIST_SET),
    ALWAYS("apiGroups", STRING, LIST, 2, .list = LIST_SET),
    ALWAYS("resources", STRING, LIST, 3, .list = LIST_SET),
    OPT("clusterScope", BOOL, VAL, 4),
    ALWAYS("namespaces", STRING, LIST, 5, .list = LIST_SET),
};
LOCAL_TYPE(flow_resource_policy_rule, "flowcontrol/v1.ResourcePolicyRule");

static const struct field flow_non_resource_policy_rule_fields[] = {
    ALWAYS("verbs", STRING, LIST, 1, .list = LIST_SET),
    ALWAYS("nonResourceURLs", STRING, LIST, 6, .list = LIST_SET),
};
LOCAL_TYPE(flow_non_resource_policy_rule, "flowcontrol/v1.NonResourcePolicyRule");

static const struct field flow_policy_rules_with_subjects_fields[] = {
    ALWAYS("subjects", OBJECT, LIST, 1, .of = &type_flow_subject),
    OPT("resourceRules", OBJECT, LIST, 2, .of = &type_flow_resource_policy_rule),
    OPT("nonResourceRules", OBJECT, LIST, 3, .of = &type_flow_non_resource_policy_rule),
};
LOCAL_TYPE(flow_policy_rules_with_subjects, "flowcontrol/v1.PolicyRulesWithSubjects");

static const struct field flow_flow_schema_spec_fields[] = {
    ALWAYS("priorityLevelConfiguration", OBJECT, VAL, 1,
        .of = &type_flow_priority_level_configuration_reference),
    ALWAYS("matchingPrecedence", INT32, VAL, 2, .def = "1000"),
    OPT("distinguisherMethod", OBJECT, PTR, 3, .of = &type_flow_flow_distinguisher_method),
    OPT("rules", OBJECT, LIST, 4, .of = &type_flow_policy_rules_with_subjects),
};
LOCAL_TYPE(flow_flow_schema_spec, "flowcontrol/v1.FlowSchemaSpec");

static const struct field flow_flow_schema_condition_fields[] = {
    OPT("type", STRING, VAL, 1, .go = "v1.FlowSchemaConditionType"),
    OPT("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(flow_flow_schema_condition, "flowcontrol/v1.FlowSchemaCondition");

static const struct field flow_flow_schema_status_fields[] = {
    OPT("conditions", OBJECT, LIST, 1, .of = &type_flow_flow_schema_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(flow_flow_schema_status, "flowcontrol/v1.FlowSchemaStatus");

static const struct field flow_flow_schema_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_flow_flow_schema_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_flow_flow_schema_status),
};
TYPE(flow_flow_schema, "flowcontrol/v1.FlowSchema");

static const struct field flow_queuing_configuration_fields[] = {
    ALWAYS("queues", INT32, VAL, 1, .def = "64"),
    ALWAYS("handSize", INT32, VAL, 2, .def = "8"),
    ALWAYS("queueLengthLimit", INT32, VAL, 3, .def = "50"),
};
LOCAL_TYPE(flow_queuing_configuration, "flowcontrol/v1.QueuingConfiguration");

static const struct field flow_limit_response_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.LimitResponseType"),
    OPT("queuing", OBJECT, PTR, 2, .of = &type_flow_queuing_configuration),
};
LOCAL_TYPE(flow_limit_response, "flowcontrol/v1.LimitResponse");

static const struct field flow_limited_priority_level_configuration_fields[] = {
    ALWAYS("nominalConcurrencyShares", INT32, PTR, 1, .def = "30"),
    OPT("limitResponse", OBJECT, VAL, 2, .of = &type_flow_limit_response),
    OPT("lendablePercent", INT32, PTR, 3, .def = "0"),
    OPT("borrowingLimitPercent", INT32, PTR, 4),
};
LOCAL_TYPE(flow_limited_priority_level_configuration,
    "flowcontrol/v1.LimitedPriorityLevelConfiguration");

static const struct field flow_exempt_priority_level_configuration_fields[] = {
    OPT("nominalConcurrencyShares", INT32, PTR, 1, .def = "0"),
    OPT("lendablePercent", INT32, PTR, 2, .def = "0"),
};
LOCAL_TYPE(flow_exempt_priority_level_configuration,
    "flowcontrol/v1.ExemptPriorityLevelConfiguration");

static const struct field flow_priority_level_configuration_spec_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.PriorityLevelEnablement"),
    OPT("limited", OBJECT, PTR, 2, .of = &type_flow_limited_priority_level_configuration),
    OPT("exempt", OBJECT, PTR, 3, .of = &type_flow_exempt_priority_level_configuration),
};
LOCAL_TYPE(flow_priority_level_configuration_spec,
    "flowcontrol/v1.PriorityLevelConfigurationSpec");

static const struct field flow_priority_level_configuration_condition_fields[] = {
    OPT("type", STRING, VAL, 1, .go = "v1.PriorityLevelConfigurationConditionType"),
    OPT("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(flow_priority_level_configuration_condition,
    "flowcontrol/v1.PriorityLevelConfigurationCondition");

static const struct field flow_priority_level_configuration_status_fields[] = {
    OPT("conditions", OBJECT, LIST, 1, .of = &type_flow_priority_level_configuration_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(flow_priority_level_configuration_status,
    "flowcontrol/v1.PriorityLevelConfigurationStatus");

static const struct field flow_priority_level_configuration_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_flow_priority_level_configuration_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_flow_priority_level_configuration_status),
};
TYPE(flow_priority_level_configuration, "flowcontrol/v1.PriorityLevelConfiguration");

/* ---- resources ---- */

static const struct subresource flowschemas_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_flowschemas = {
    .group = "flowcontrol.apiserver.k8s.io",
    .version = "v1",
    .kind = "FlowSchema",
    .list_kind = "FlowSchemaList",
    .plural = "flowschemas",
    .singular = "flowschema",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_META_AGAIN,
    .type = &type_flow_flow_schema,
    .check_create = kind_flow_check_schema,
    .check_update = kind_flow_check_schema,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update_metadata,
    .subresources = flowschemas_subs,
    .subresource_len = ARRAY_LEN(flowschemas_subs),
    .reset_main = "status",
    .reset_status = "metadata,spec",
};

static const struct subresource prioritylevelconfigurations_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_prioritylevelconfigurations = {
    .group = "flowcontrol.apiserver.k8s.io",
    .version = "v1",
    .kind = "PriorityLevelConfiguration",
    .list_kind = "PriorityLevelConfigurationList",
    .plural = "prioritylevelconfigurations",
    .singular = "prioritylevelconfiguration",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_META_AGAIN,
    .type = &type_flow_priority_level_configuration,
    .check_create = kind_flow_check_level,
    .check_update = kind_flow_check_level,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update_metadata,
    .subresources = prioritylevelconfigurations_subs,
    .subresource_len = ARRAY_LEN(prioritylevelconfigurations_subs),
    .reset_main = "status",
    .reset_status = "metadata,spec",
};

/* clang-format on */
