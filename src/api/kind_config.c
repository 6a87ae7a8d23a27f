/* Rows: ConfigMap, Secret, ServiceAccount, Namespace.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/validate.h"

/* One row a line. */
/* clang-format off */

static const struct field core_service_account_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("secrets", OBJECT, LIST, 2, .of = &type_core_object_reference, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("imagePullSecrets", OBJECT, LIST, 3, .of = &type_core_local_object_reference),
    OPT("automountServiceAccountToken", BOOL, PTR, 4),
};
TYPE(core_service_account, "core/v1.ServiceAccount");

static const struct field core_namespace_spec_fields[] = {
    OPT("finalizers", STRING, LIST, 1, .go = "[]v1.FinalizerName"),
};
LOCAL_TYPE(core_namespace_spec, "core/v1.NamespaceSpec");

static const struct field core_namespace_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.NamespaceConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastTransitionTime", TIME, VAL, 4),
    OPT("reason", STRING, VAL, 5),
    OPT("message", STRING, VAL, 6),
};
LOCAL_TYPE(core_namespace_condition, "core/v1.NamespaceCondition");

static const struct field core_namespace_status_fields[] = {
    OPT("phase", STRING, VAL, 1, .def = "\"Active\"", .go = "v1.NamespacePhase"),
    OPT("conditions", OBJECT, LIST, 2, .of = &type_core_namespace_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(core_namespace_status, "core/v1.NamespaceStatus");

static const struct field core_namespace_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_namespace_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_namespace_status),
};
TYPE(core_namespace, "core/v1.Namespace", .fill = kind_namespace_fill);

static const struct field core_secret_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("immutable", BOOL, PTR, 5),
    OPT("data", BYTES, MAP, 2),
    OPT("stringData", STRING, MAP, 4),
    OPT("type", STRING, VAL, 3, .def = "\"Opaque\"", .go = "v1.SecretType"),
};
TYPE(core_secret, "core/v1.Secret", .fill = kind_config_fill_secret);

static const struct field core_config_map_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("immutable", BOOL, PTR, 4),
    OPT("data", STRING, MAP, 2),
    OPT("binaryData", BYTES, MAP, 3),
};
TYPE(core_config_map, "core/v1.ConfigMap");

/* ---- resources ---- */

static const char *const configmaps_short[] = { "cm", NULL };
const struct resource resource_configmaps = {
    .group = "",
    .version = "v1",
    .kind = "ConfigMap",
    .list_kind = "ConfigMapList",
    .plural = "configmaps",
    .singular = "configmap",
    .short_names = configmaps_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_META_AGAIN,
    .type = &type_core_config_map,
    .check_create = kind_config_check_map,
    .check_update = kind_config_update_map,
    COLUMNS_OF(configmaps),
};

static const struct selectable namespaces_fields[] = {
    { .label = "status.phase", .path = "status.phase", .index = 1 },
    { .label = "name", .path = "metadata.name" }, /* kept by upstream for old clients */
};
static const char *const namespaces_short[] = { "ns", NULL };
static const struct subresource namespaces_subs[] = {
    { .name = "finalize", .verbs = VERB_UPDATE },
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_namespaces = {
    .group = "",
    .version = "v1",
    .kind = "Namespace",
    .list_kind = "NamespaceList",
    .plural = "namespaces",
    .singular = "namespace",
    .short_names = namespaces_short,
    .verbs = VERB_ALL & ~VERB_DELETECOLLECTION,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_META_AGAIN,
    .type = &type_core_namespace,
    .prepare_create = kind_namespace_create,
    .prepare_update = kind_namespace_update,
    .prepare_delete = kind_namespace_delete,
    .check_create = kind_namespace_check,
    .check_update = kind_namespace_check_update,
    .name_problems = validate_name_label,
    .selectables = namespaces_fields,
    .selectable_len = ARRAY_LEN(namespaces_fields),
    .subresources = namespaces_subs,
    .subresource_len = ARRAY_LEN(namespaces_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(namespaces),
};

static const struct selectable secrets_fields[] = {
    { .label = "type", .path = "type", .index = 1 },
};
const struct resource resource_secrets = {
    .group = "",
    .version = "v1",
    .kind = "Secret",
    .list_kind = "SecretList",
    .plural = "secrets",
    .singular = "secret",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_SEAL | RES_META_AGAIN,
    .type = &type_core_secret,
    .check_create = kind_secret_check,
    .check_update = kind_secret_check_update,
    .warn = kind_secret_warn,
    .selectables = secrets_fields,
    .selectable_len = ARRAY_LEN(secrets_fields),
    COLUMNS_OF(secrets),
};

static const char *const serviceaccounts_short[] = { "sa", NULL };
static const struct subresource serviceaccounts_subs[] = {
    { .name = "token", .kind = "TokenRequest", .group = "authentication.k8s.io", .version = "v1",
      .verbs = VERB_CREATE },
};
const struct resource resource_serviceaccounts = {
    .group = "",
    .version = "v1",
    .kind = "ServiceAccount",
    .list_kind = "ServiceAccountList",
    .plural = "serviceaccounts",
    .singular = "serviceaccount",
    .short_names = serviceaccounts_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED | RES_META_AGAIN,
    .type = &type_core_service_account,
    .warn = kind_service_account_warn,
    .prepare_create = kind_service_account_prepare,
    .prepare_update = kind_service_account_prepare,
    .subresources = serviceaccounts_subs,
    .subresource_len = ARRAY_LEN(serviceaccounts_subs),
    COLUMNS_OF(serviceaccounts),
};

/* clang-format on */
