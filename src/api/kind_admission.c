/* Rows: admission webhooks and policies.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field admission_rule_fields[] = {
    OPT("apiGroups", STRING, LIST, 1),
    OPT("apiVersions", STRING, LIST, 2),
    OPT("resources", STRING, LIST, 3),
    OPT("scope", STRING, PTR, 4, .go = "v1.ScopeType", .def = "\"*\""),
};
LOCAL_TYPE(admission_rule, "admissionregistration/v1.Rule");

static const struct field admission_param_kind_fields[] = {
    OPT("apiVersion", STRING, VAL, 1),
    OPT("kind", STRING, VAL, 2),
};
LOCAL_TYPE(admission_param_kind, "admissionregistration/v1.ParamKind", .atomic = true);

static const struct field admission_rule_with_operations_fields[] = {
    OPT("operations", STRING, LIST, 1, .go = "[]v1.OperationType"),
    INLINE(2, type_admission_rule),
};
LOCAL_TYPE(admission_rule_with_operations, "admissionregistration/v1.RuleWithOperations");

static const struct field admission_named_rule_with_operations_fields[] = {
    OPT("resourceNames", STRING, LIST, 1),
    INLINE(2, type_admission_rule_with_operations),
};
LOCAL_TYPE(admission_named_rule_with_operations,
    "admissionregistration/v1.NamedRuleWithOperations", .atomic = true);

static const struct field admission_match_resources_fields[] = {
    OPT("namespaceSelector", OBJECT, PTR, 1, .of = &type_meta_label_selector, .def = "{}"),
    OPT("objectSelector", OBJECT, PTR, 2, .of = &type_meta_label_selector, .def = "{}"),
    OPT("resourceRules", OBJECT, LIST, 3, .of = &type_admission_named_rule_with_operations),
    OPT("excludeResourceRules", OBJECT, LIST, 4, .of = &type_admission_named_rule_with_operations),
    OPT("matchPolicy", STRING, PTR, 7, .go = "v1.MatchPolicyType", .def = "\"Equivalent\""),
};
LOCAL_TYPE(admission_match_resources, "admissionregistration/v1.MatchResources", .atomic = true);

static const struct field admission_validation_fields[] = {
    ALWAYS("expression", STRING, VAL, 1),
    OPT("message", STRING, VAL, 2),
    OPT("reason", STRING, PTR, 3, .go = "v1.StatusReason"),
    OPT("messageExpression", STRING, VAL, 4),
};
LOCAL_TYPE(admission_validation, "admissionregistration/v1.Validation");

static const struct field admission_audit_annotation_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    ALWAYS("valueExpression", STRING, VAL, 2),
};
LOCAL_TYPE(admission_audit_annotation, "admissionregistration/v1.AuditAnnotation");

static const struct field admission_match_condition_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("expression", STRING, VAL, 2),
};
LOCAL_TYPE(admission_match_condition, "admissionregistration/v1.MatchCondition");

static const struct field admission_variable_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("expression", STRING, VAL, 2),
};
LOCAL_TYPE(admission_variable, "admissionregistration/v1.Variable", .atomic = true);

static const struct field admission_validating_admission_policy_spec_fields[] = {
    OPT("paramKind", OBJECT, PTR, 1, .of = &type_admission_param_kind),
    OPT("matchConstraints", OBJECT, PTR, 2, .of = &type_admission_match_resources),
    OPT("validations", OBJECT, LIST, 3, .of = &type_admission_validation),
    OPT("failurePolicy", STRING, PTR, 4, .go = "v1.FailurePolicyType", .def = "\"Fail\""),
    OPT("auditAnnotations", OBJECT, LIST, 5, .of = &type_admission_audit_annotation),
    OPT("matchConditions", OBJECT, LIST, 6, .of = &type_admission_match_condition,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("variables", OBJECT, LIST, 7, .of = &type_admission_variable, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
};
LOCAL_TYPE(admission_validating_admission_policy_spec,
    "admissionregistration/v1.ValidatingAdmissionPolicySpec");

static const struct field admission_expression_warning_fields[] = {
    ALWAYS("fieldRef", STRING, VAL, 2),
    ALWAYS("warning", STRING, VAL, 3),
};
LOCAL_TYPE(admission_expression_warning, "admissionregistration/v1.ExpressionWarning");

static const struct field admission_type_checking_fields[] = {
    OPT("expressionWarnings", OBJECT, LIST, 1, .of = &type_admission_expression_warning),
};
LOCAL_TYPE(admission_type_checking, "admissionregistration/v1.TypeChecking");

static const struct field admission_validating_admission_policy_status_fields[] = {
    OPT("observedGeneration", INT64, VAL, 1),
    OPT("typeChecking", OBJECT, PTR, 2, .of = &type_admission_type_checking),
    OPT("conditions", OBJECT, LIST, 3, .of = &type_meta_condition,
        .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(admission_validating_admission_policy_status,
    "admissionregistration/v1.ValidatingAdmissionPolicyStatus");

static const struct field admission_validating_admission_policy_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_admission_validating_admission_policy_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_admission_validating_admission_policy_status),
};
TYPE(admission_validating_admission_policy, "admissionregistration/v1.ValidatingAdmissionPolicy");

static const struct field admission_param_ref_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("namespace", STRING, VAL, 2),
    OPT("selector", OBJECT, PTR, 3, .of = &type_meta_label_selector),
    OPT("parameterNotFoundAction", STRING, PTR, 4, .go = "v1.ParameterNotFoundActionType"),
};
LOCAL_TYPE(admission_param_ref, "admissionregistration/v1.ParamRef", .atomic = true);

static const struct field admission_validating_admission_policy_binding_spec_fields[] = {
    OPT("policyName", STRING, VAL, 1),
    OPT("paramRef", OBJECT, PTR, 2, .of = &type_admission_param_ref),
    OPT("matchResources", OBJECT, PTR, 3, .of = &type_admission_match_resources),
    OPT("validationActions", STRING, LIST, 4, .list = LIST_SET, .go = "[]v1.ValidationAction"),
};
LOCAL_TYPE(admission_validating_admission_policy_binding_spec,
    "admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec");

static const struct field admission_validating_admission_policy_binding_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_admission_validating_admission_policy_binding_spec),
};
TYPE(admission_validating_admission_policy_binding,
    "admissionregistration/v1.ValidatingAdmissionPolicyBinding");

static const struct field admission_service_reference_fields[] = {
    ALWAYS("namespace", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 2),
    OPT("path", STRING, PTR, 3),
    OPT("port", INT32, PTR, 4, .def = "443"),
};
LOCAL_TYPE(admission_service_reference, "admissionregistration/v1.ServiceReference");

static const struct field admission_webhook_client_config_fields[] = {
    OPT("url", STRING, PTR, 3),
    OPT("service", OBJECT, PTR, 1, .of = &type_admission_service_reference),
    OPT("caBundle", BYTES, VAL, 2),
};
LOCAL_TYPE(admission_webhook_client_config, "admissionregistration/v1.WebhookClientConfig");

static const struct field admission_validating_webhook_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("clientConfig", OBJECT, VAL, 2, .of = &type_admission_webhook_client_config),
    OPT("rules", OBJECT, LIST, 3, .of = &type_admission_rule_with_operations),
    OPT("failurePolicy", STRING, PTR, 4, .go = "v1.FailurePolicyType", .def = "\"Fail\""),
    OPT("matchPolicy", STRING, PTR, 9, .go = "v1.MatchPolicyType", .def = "\"Equivalent\""),
    OPT("namespaceSelector", OBJECT, PTR, 5, .of = &type_meta_label_selector, .def = "{}"),
    OPT("objectSelector", OBJECT, PTR, 10, .of = &type_meta_label_selector, .def = "{}"),
    ALWAYS("sideEffects", STRING, PTR, 6, .go = "v1.SideEffectClass"),
    OPT("timeoutSeconds", INT32, PTR, 7, .def = "10"),
    ALWAYS("admissionReviewVersions", STRING, LIST, 8),
    OPT("matchConditions", OBJECT, LIST, 11, .of = &type_admission_match_condition,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
};
LOCAL_TYPE(admission_validating_webhook, "admissionregistration/v1.ValidatingWebhook");

static const struct field admission_validating_webhook_configuration_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("webhooks", OBJECT, LIST, 2, .of = &type_admission_validating_webhook,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
};
TYPE(admission_validating_webhook_configuration,
    "admissionregistration/v1.ValidatingWebhookConfiguration");

static const struct field admission_mutating_webhook_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("clientConfig", OBJECT, VAL, 2, .of = &type_admission_webhook_client_config),
    OPT("rules", OBJECT, LIST, 3, .of = &type_admission_rule_with_operations),
    OPT("failurePolicy", STRING, PTR, 4, .go = "v1.FailurePolicyType", .def = "\"Fail\""),
    OPT("matchPolicy", STRING, PTR, 9, .go = "v1.MatchPolicyType", .def = "\"Equivalent\""),
    OPT("namespaceSelector", OBJECT, PTR, 5, .of = &type_meta_label_selector, .def = "{}"),
    OPT("objectSelector", OBJECT, PTR, 11, .of = &type_meta_label_selector, .def = "{}"),
    ALWAYS("sideEffects", STRING, PTR, 6, .go = "v1.SideEffectClass"),
    OPT("timeoutSeconds", INT32, PTR, 7, .def = "10"),
    ALWAYS("admissionReviewVersions", STRING, LIST, 8),
    OPT("reinvocationPolicy", STRING, PTR, 10, .go = "v1.ReinvocationPolicyType",
        .def = "\"Never\""),
    OPT("matchConditions", OBJECT, LIST, 12, .of = &type_admission_match_condition,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
};
LOCAL_TYPE(admission_mutating_webhook, "admissionregistration/v1.MutatingWebhook");

static const struct field admission_mutating_webhook_configuration_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("webhooks", OBJECT, LIST, 2, .of = &type_admission_mutating_webhook, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
};
TYPE(admission_mutating_webhook_configuration,
    "admissionregistration/v1.MutatingWebhookConfiguration");

/* ---- resources ---- */

const struct resource resource_mutatingwebhookconfigurations = {
    .group = "admissionregistration.k8s.io",
    .version = "v1",
    .kind = "MutatingWebhookConfiguration",
    .list_kind = "MutatingWebhookConfigurationList",
    .plural = "mutatingwebhookconfigurations",
    .singular = "mutatingwebhookconfiguration",
    .categories = kinds_category_api_extensions,
    .verbs = VERB_ALL,
    .flags = RES_GENERATION | RES_PLAIN_FINALIZERS,
    .type = &type_admission_mutating_webhook_configuration,
};

static const struct subresource validatingadmissionpolicies_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_validatingadmissionpolicies = {
    .group = "admissionregistration.k8s.io",
    .version = "v1",
    .kind = "ValidatingAdmissionPolicy",
    .list_kind = "ValidatingAdmissionPolicyList",
    .plural = "validatingadmissionpolicies",
    .singular = "validatingadmissionpolicy",
    .categories = kinds_category_api_extensions,
    .verbs = VERB_ALL,
    .flags = RES_GENERATION | RES_PLAIN_FINALIZERS,
    .type = &type_admission_validating_admission_policy,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = validatingadmissionpolicies_subs,
    .subresource_len = ARRAY_LEN(validatingadmissionpolicies_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

const struct resource resource_validatingadmissionpolicybindings = {
    .group = "admissionregistration.k8s.io",
    .version = "v1",
    .kind = "ValidatingAdmissionPolicyBinding",
    .list_kind = "ValidatingAdmissionPolicyBindingList",
    .plural = "validatingadmissionpolicybindings",
    .singular = "validatingadmissionpolicybinding",
    .categories = kinds_category_api_extensions,
    .verbs = VERB_ALL,
    .flags = RES_GENERATION | RES_PLAIN_FINALIZERS,
    .type = &type_admission_validating_admission_policy_binding,
};

const struct resource resource_validatingwebhookconfigurations = {
    .group = "admissionregistration.k8s.io",
    .version = "v1",
    .kind = "ValidatingWebhookConfiguration",
    .list_kind = "ValidatingWebhookConfigurationList",
    .plural = "validatingwebhookconfigurations",
    .singular = "validatingwebhookconfiguration",
    .categories = kinds_category_api_extensions,
    .verbs = VERB_ALL,
    .flags = RES_GENERATION | RES_PLAIN_FINALIZERS,
    .type = &type_admission_validating_webhook_configuration,
};

/* clang-format on */
