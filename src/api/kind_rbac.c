/* Rows: roles and bindings.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/validate.h"

/* One row a line. */
/* clang-format off */

static const struct field rbac_policy_rule_fields[] = {
    ALWAYS("verbs", STRING, LIST, 1),
    OPT("apiGroups", STRING, LIST, 2),
    OPT("resources", STRING, LIST, 3),
    OPT("resourceNames", STRING, LIST, 4),
    OPT("nonResourceURLs", STRING, LIST, 5),
};
LOCAL_TYPE(rbac_policy_rule, "rbac/v1.PolicyRule");

static const struct field rbac_subject_fields[] = {
    ALWAYS("kind", STRING, VAL, 1),
    OPT("apiGroup", STRING, VAL, 2),
    ALWAYS("name", STRING, VAL, 3),
    OPT("namespace", STRING, VAL, 4),
};
LOCAL_TYPE(rbac_subject, "rbac/v1.Subject", .atomic = true, .fill = kind_work_fill_subject);

static const struct field rbac_role_ref_fields[] = {
    ALWAYS("apiGroup", STRING, VAL, 1, .def = "\"rbac.authorization.k8s.io\""),
    ALWAYS("kind", STRING, VAL, 2),
    ALWAYS("name", STRING, VAL, 3),
};
LOCAL_TYPE(rbac_role_ref, "rbac/v1.RoleRef", .atomic = true);

static const struct field rbac_role_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("rules", OBJECT, LIST, 2, .of = &type_rbac_policy_rule),
};
TYPE(rbac_role, "rbac/v1.Role");

static const struct field rbac_role_binding_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("subjects", OBJECT, LIST, 2, .of = &type_rbac_subject),
    ALWAYS("roleRef", OBJECT, VAL, 3, .of = &type_rbac_role_ref),
};
TYPE(rbac_role_binding, "rbac/v1.RoleBinding");

static const struct field rbac_aggregation_rule_fields[] = {
    OPT("clusterRoleSelectors", OBJECT, LIST, 1, .of = &type_meta_label_selector),
};
LOCAL_TYPE(rbac_aggregation_rule, "rbac/v1.AggregationRule");

static const struct field rbac_cluster_role_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("rules", OBJECT, LIST, 2, .of = &type_rbac_policy_rule),
    OPT("aggregationRule", OBJECT, PTR, 3, .of = &type_rbac_aggregation_rule),
};
TYPE(rbac_cluster_role, "rbac/v1.ClusterRole");

static const struct field rbac_cluster_role_binding_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("subjects", OBJECT, LIST, 2, .of = &type_rbac_subject),
    ALWAYS("roleRef", OBJECT, VAL, 3, .of = &type_rbac_role_ref),
};
TYPE(rbac_cluster_role_binding, "rbac/v1.ClusterRoleBinding");

/* ---- resources ---- */

const struct resource resource_clusterrolebindings = {
    .group = "rbac.authorization.k8s.io",
    .version = "v1",
    .kind = "ClusterRoleBinding",
    .list_kind = "ClusterRoleBindingList",
    .plural = "clusterrolebindings",
    .singular = "clusterrolebinding",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE | RES_META_AGAIN,
    .type = &type_rbac_cluster_role_binding,
    .name_problems = validate_name_path_segment,
    .check_create = kind_rbac_check_binding,
    .check_update = kind_rbac_check_rebinding,
    COLUMNS_OF(rolebindings),
};

const struct resource resource_clusterroles = {
    .group = "rbac.authorization.k8s.io",
    .version = "v1",
    .kind = "ClusterRole",
    .list_kind = "ClusterRoleList",
    .plural = "clusterroles",
    .singular = "clusterrole",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE | RES_META_AGAIN,
    .type = &type_rbac_cluster_role,
    .name_problems = validate_name_path_segment,
    .check_create = kind_rbac_check_role,
    .check_update = kind_rbac_check_role,
};

const struct resource resource_rolebindings = {
    .group = "rbac.authorization.k8s.io",
    .version = "v1",
    .kind = "RoleBinding",
    .list_kind = "RoleBindingList",
    .plural = "rolebindings",
    .singular = "rolebinding",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE | RES_META_AGAIN,
    .type = &type_rbac_role_binding,
    .name_problems = validate_name_path_segment,
    .check_create = kind_rbac_check_binding,
    .check_update = kind_rbac_check_rebinding,
    COLUMNS_OF(rolebindings),
};

const struct resource resource_roles = {
    .group = "rbac.authorization.k8s.io",
    .version = "v1",
    .kind = "Role",
    .list_kind = "RoleList",
    .plural = "roles",
    .singular = "role",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE | RES_META_AGAIN,
    .type = &type_rbac_role,
    .name_problems = validate_name_path_segment,
    .check_create = kind_rbac_check_role,
    .check_update = kind_rbac_check_role,
};

/* clang-format on */
