/* Rows: CustomResourceDefinition and APIService.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field crd_custom_resource_definition_names_fields[] = {
    ALWAYS("plural", STRING, VAL, 1),
    OPT("singular", STRING, VAL, 2),
    OPT("shortNames", STRING, LIST, 3),
    ALWAYS("kind", STRING, VAL, 4),
    OPT("listKind", STRING, VAL, 5),
    OPT("categories", STRING, LIST, 6),
};
LOCAL_TYPE(crd_custom_resource_definition_names, "apiextensions/v1.CustomResourceDefinitionNames");

static const struct field crd_external_documentation_fields[] = {
    OPT("description", STRING, VAL, 1),
    OPT("url", STRING, VAL, 2),
};
LOCAL_TYPE(crd_external_documentation, "apiextensions/v1.ExternalDocumentation");

static const struct field crd_validation_rule_fields[] = {
    ALWAYS("rule", STRING, VAL, 1),
    OPT("message", STRING, VAL, 2),
    OPT("messageExpression", STRING, VAL, 3),
    OPT("reason", STRING, PTR, 4, .go = "v1.FieldValueErrorReason"),
    OPT("fieldPath", STRING, VAL, 5),
    OPT("optionalOldSelf", BOOL, PTR, 6),
};
LOCAL_TYPE(crd_validation_rule, "apiextensions/v1.ValidationRule");

static const struct type type_crd_json_schema_props;

static const struct field crd_json_schema_props_fields[] = {
    OPT("id", STRING, VAL, 1),
    OPT("$schema", STRING, VAL, 2, .go = "v1.JSONSchemaURL"),
    OPT("$ref", STRING, PTR, 3),
    OPT("description", STRING, VAL, 4),
    OPT("type", STRING, VAL, 5),
    OPT("format", STRING, VAL, 6),
    OPT("title", STRING, VAL, 7),
    OPT("default", ANY, PTR, 8),
    OPT("maximum", DOUBLE, PTR, 9),
    OPT("exclusiveMaximum", BOOL, VAL, 10),
    OPT("minimum", DOUBLE, PTR, 11),
    OPT("exclusiveMinimum", BOOL, VAL, 12),
    OPT("maxLength", INT64, PTR, 13),
    OPT("minLength", INT64, PTR, 14),
    OPT("pattern", STRING, VAL, 15),
    OPT("maxItems", INT64, PTR, 16),
    OPT("minItems", INT64, PTR, 17),
    OPT("uniqueItems", BOOL, VAL, 18),
    OPT("multipleOf", DOUBLE, PTR, 19),
    OPT("enum", ANY, LIST, 20),
    OPT("maxProperties", INT64, PTR, 21),
    OPT("minProperties", INT64, PTR, 22),
    OPT("required", STRING, LIST, 23),
    OPT("items", SCHEMA_OR_LIST, PTR, 24, .of = &type_crd_json_schema_props),
    OPT("allOf", OBJECT, LIST, 25, .of = &type_crd_json_schema_props),
    OPT("oneOf", OBJECT, LIST, 26, .of = &type_crd_json_schema_props),
    OPT("anyOf", OBJECT, LIST, 27, .of = &type_crd_json_schema_props),
    OPT("not", OBJECT, PTR, 28, .of = &type_crd_json_schema_props),
    OPT("properties", OBJECT, MAP, 29, .of = &type_crd_json_schema_props),
    OPT("additionalProperties", SCHEMA_OR_BOOL, PTR, 30, .of = &type_crd_json_schema_props),
    OPT("patternProperties", OBJECT, MAP, 31, .of = &type_crd_json_schema_props),
    OPT("dependencies", SCHEMA_OR_STRINGS, MAP, 32, .of = &type_crd_json_schema_props,
        .go = "v1.JSONSchemaDependencies"),
    OPT("additionalItems", SCHEMA_OR_BOOL, PTR, 33, .of = &type_crd_json_schema_props),
    OPT("definitions", OBJECT, MAP, 34, .of = &type_crd_json_schema_props,
        .go = "v1.JSONSchemaDefinitions"),
    OPT("externalDocs", OBJECT, PTR, 35, .of = &type_crd_external_documentation),
    OPT("example", ANY, PTR, 36),
    OPT("nullable", BOOL, VAL, 37),
    OPT("x-kubernetes-preserve-unknown-fields", BOOL, PTR, 38),
    OPT("x-kubernetes-embedded-resource", BOOL, VAL, 39),
    OPT("x-kubernetes-int-or-string", BOOL, VAL, 40),
    OPT("x-kubernetes-list-map-keys", STRING, LIST, 41),
    OPT("x-kubernetes-list-type", STRING, PTR, 42),
    OPT("x-kubernetes-map-type", STRING, PTR, 43),
    OPT("x-kubernetes-validations", OBJECT, LIST, 44, .of = &type_crd_validation_rule,
        .patch = PATCH_MERGE, .merge_key = "rule", .list = LIST_MAP, .list_keys = "rule",
        .go = "v1.ValidationRules"),
};
LOCAL_TYPE(crd_json_schema_props, "apiextensions/v1.JSONSchemaProps");

static const struct field crd_custom_resource_validation_fields[] = {
    OPT("openAPIV3Schema", OBJECT, PTR, 1, .of = &type_crd_json_schema_props),
};
LOCAL_TYPE(crd_custom_resource_validation, "apiextensions/v1.CustomResourceValidation");

static const struct field crd_custom_resource_subresource_scale_fields[] = {
    ALWAYS("specReplicasPath", STRING, VAL, 1),
    ALWAYS("statusReplicasPath", STRING, VAL, 2),
    OPT("labelSelectorPath", STRING, PTR, 3),
};
LOCAL_TYPE(crd_custom_resource_subresource_scale,
    "apiextensions/v1.CustomResourceSubresourceScale");

EMPTY_TYPE(crd_custom_resource_subresource_status,
    "apiextensions/v1.CustomResourceSubresourceStatus");

static const struct field crd_custom_resource_subresources_fields[] = {
    OPT("status", OBJECT, PTR, 1, .of = &type_crd_custom_resource_subresource_status),
    OPT("scale", OBJECT, PTR, 2, .of = &type_crd_custom_resource_subresource_scale),
};
LOCAL_TYPE(crd_custom_resource_subresources, "apiextensions/v1.CustomResourceSubresources");

static const struct field crd_custom_resource_column_definition_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("type", STRING, VAL, 2),
    OPT("format", STRING, VAL, 3),
    OPT("description", STRING, VAL, 4),
    OPT("priority", INT32, VAL, 5),
    ALWAYS("jsonPath", STRING, VAL, 6),
};
LOCAL_TYPE(crd_custom_resource_column_definition,
    "apiextensions/v1.CustomResourceColumnDefinition");

static const struct field crd_selectable_field_fields[] = {
    ALWAYS("jsonPath", STRING, VAL, 1),
};
LOCAL_TYPE(crd_selectable_field, "apiextensions/v1.SelectableField");

static const struct field crd_custom_resource_definition_version_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("served", BOOL, VAL, 2),
    ALWAYS("storage", BOOL, VAL, 3),
    OPT("deprecated", BOOL, VAL, 7),
    OPT("deprecationWarning", STRING, PTR, 8),
    OPT("schema", OBJECT, PTR, 4, .of = &type_crd_custom_resource_validation),
    OPT("subresources", OBJECT, PTR, 5, .of = &type_crd_custom_resource_subresources),
    OPT("additionalPrinterColumns", OBJECT, LIST, 6,
        .of = &type_crd_custom_resource_column_definition),
    OPT("selectableFields", OBJECT, LIST, 9, .of = &type_crd_selectable_field),
};
LOCAL_TYPE(crd_custom_resource_definition_version,
    "apiextensions/v1.CustomResourceDefinitionVersion");

static const struct field crd_service_reference_fields[] = {
    ALWAYS("namespace", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 2),
    OPT("path", STRING, PTR, 3),
    OPT("port", INT32, PTR, 4),
};
LOCAL_TYPE(crd_service_reference, "apiextensions/v1.ServiceReference");

static const struct field crd_webhook_client_config_fields[] = {
    OPT("url", STRING, PTR, 3),
    OPT("service", OBJECT, PTR, 1, .of = &type_crd_service_reference),
    OPT("caBundle", BYTES, VAL, 2),
};
LOCAL_TYPE(crd_webhook_client_config, "apiextensions/v1.WebhookClientConfig");

static const struct field crd_webhook_conversion_fields[] = {
    OPT("clientConfig", OBJECT, PTR, 2, .of = &type_crd_webhook_client_config),
    ALWAYS("conversionReviewVersions", STRING, LIST, 3),
};
LOCAL_TYPE(crd_webhook_conversion, "apiextensions/v1.WebhookConversion");

static const struct field crd_custom_resource_conversion_fields[] = {
    ALWAYS("strategy", STRING, VAL, 1, .go = "v1.ConversionStrategyType"),
    OPT("webhook", OBJECT, PTR, 2, .of = &type_crd_webhook_conversion),
};
LOCAL_TYPE(crd_custom_resource_conversion, "apiextensions/v1.CustomResourceConversion");

static const struct field crd_custom_resource_definition_spec_fields[] = {
    ALWAYS("group", STRING, VAL, 1),
    ALWAYS("names", OBJECT, VAL, 3, .of = &type_crd_custom_resource_definition_names),
    ALWAYS("scope", STRING, VAL, 4, .go = "v1.ResourceScope"),
    ALWAYS("versions", OBJECT, LIST, 7, .of = &type_crd_custom_resource_definition_version),
    OPT("conversion", OBJECT, PTR, 9, .of = &type_crd_custom_resource_conversion),
    OPT("preserveUnknownFields", BOOL, VAL, 10),
};
LOCAL_TYPE(crd_custom_resource_definition_spec, "apiextensions/v1.CustomResourceDefinitionSpec");

static const struct field crd_custom_resource_definition_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.CustomResourceDefinitionConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
    OPT("observedGeneration", INT64, VAL, 6),
};
LOCAL_TYPE(crd_custom_resource_definition_condition,
    "apiextensions/v1.CustomResourceDefinitionCondition");

static const struct field crd_custom_resource_definition_status_fields[] = {
    ALWAYS("conditions", OBJECT, LIST, 1, .of = &type_crd_custom_resource_definition_condition,
        .list = LIST_MAP, .list_keys = "type"),
    ALWAYS("acceptedNames", OBJECT, VAL, 2, .of = &type_crd_custom_resource_definition_names),
    ALWAYS("storedVersions", STRING, LIST, 3),
    OPT("observedGeneration", INT64, VAL, 4),
};
LOCAL_TYPE(crd_custom_resource_definition_status,
    "apiextensions/v1.CustomResourceDefinitionStatus");

static const struct field crd_custom_resource_definition_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_crd_custom_resource_definition_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_crd_custom_resource_definition_status),
};
TYPE(crd_custom_resource_definition, "apiextensions/v1.CustomResourceDefinition");

static const struct field apiservice_service_reference_fields[] = {
    OPT("namespace", STRING, VAL, 1),
    OPT("name", STRING, VAL, 2),
    OPT("port", INT32, PTR, 3, .def = "443"),
};
LOCAL_TYPE(apiservice_service_reference, "apiregistration/v1.ServiceReference");

static const struct field apiservice_api_service_spec_fields[] = {
    OPT("service", OBJECT, PTR, 1, .of = &type_apiservice_service_reference),
    OPT("group", STRING, VAL, 2),
    OPT("version", STRING, VAL, 3),
    OPT("insecureSkipTLSVerify", BOOL, VAL, 4),
    OPT("caBundle", BYTES, VAL, 5),
    ALWAYS("groupPriorityMinimum", INT32, VAL, 7),
    ALWAYS("versionPriority", INT32, VAL, 8),
};
LOCAL_TYPE(apiservice_api_service_spec, "apiregistration/v1.APIServiceSpec");

static const struct field apiservice_api_service_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.APIServiceConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("message", STRING, VAL, 5),
};
LOCAL_TYPE(apiservice_api_service_condition, "apiregistration/v1.APIServiceCondition");

static const struct field apiservice_api_service_status_fields[] = {
    OPT("conditions", OBJECT, LIST, 1, .of = &type_apiservice_api_service_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(apiservice_api_service_status, "apiregistration/v1.APIServiceStatus");

static const struct field apiservice_api_service_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_apiservice_api_service_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_apiservice_api_service_status),
};
TYPE(apiservice_api_service, "apiregistration/v1.APIService");

/* ---- resources ---- */

static const char *const customresourcedefinitions_short[] = { "crd", "crds", NULL };
static const struct subresource customresourcedefinitions_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_customresourcedefinitions = {
    .group = "apiextensions.k8s.io",
    .version = "v1",
    .kind = "CustomResourceDefinition",
    .list_kind = "CustomResourceDefinitionList",
    .plural = "customresourcedefinitions",
    .singular = "customresourcedefinition",
    .short_names = customresourcedefinitions_short,
    .categories = kinds_category_api_extensions,
    .verbs = VERB_ALL,
    .flags = RES_GENERATION | RES_PLAIN_FINALIZERS,
    .type = &type_crd_custom_resource_definition,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = customresourcedefinitions_subs,
    .subresource_len = ARRAY_LEN(customresourcedefinitions_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

static const struct subresource apiservices_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_apiservices = {
    .group = "apiregistration.k8s.io",
    .version = "v1",
    .kind = "APIService",
    .list_kind = "APIServiceList",
    .plural = "apiservices",
    .singular = "apiservice",
    .categories = kinds_category_api_extensions,
    .verbs = VERB_ALL,
    .flags = RES_PLAIN_FINALIZERS,
    .type = &type_apiservice_api_service,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = apiservices_subs,
    .subresource_len = ARRAY_LEN(apiservices_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

/* clang-format on */
