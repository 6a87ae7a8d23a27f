/* Rows: authentication and authorization reviews.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field authn_token_review_spec_fields[] = {
    OPT("token", STRING, VAL, 1),
    OPT("audiences", STRING, LIST, 2),
};
LOCAL_TYPE(authn_token_review_spec, "authentication/v1.TokenReviewSpec");

static const struct field authn_user_info_fields[] = {
    OPT("username", STRING, VAL, 1),
    OPT("uid", STRING, VAL, 2),
    OPT("groups", STRING, LIST, 3),
    OPT("extra", STRINGS, MAP, 4),
};
LOCAL_TYPE(authn_user_info, "authentication/v1.UserInfo");

static const struct field authn_token_review_status_fields[] = {
    OPT("authenticated", BOOL, VAL, 1),
    OPT("user", OBJECT, VAL, 2, .of = &type_authn_user_info),
    OPT("audiences", STRING, LIST, 4),
    OPT("error", STRING, VAL, 3),
};
LOCAL_TYPE(authn_token_review_status, "authentication/v1.TokenReviewStatus");

static const struct field authn_token_review_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_authn_token_review_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_authn_token_review_status),
};
TYPE(authn_token_review, "authentication/v1.TokenReview");

static const struct field authn_bound_object_reference_fields[] = {
    OPT("kind", STRING, VAL, 1),
    OPT("apiVersion", STRING, VAL, 2),
    OPT("name", STRING, VAL, 3),
    OPT("uid", STRING, VAL, 4, .go = "types.UID"),
};
LOCAL_TYPE(authn_bound_object_reference, "authentication/v1.BoundObjectReference");

static const struct field authn_token_request_spec_fields[] = {
    ALWAYS("audiences", STRING, LIST, 1),
    ALWAYS("expirationSeconds", INT64, PTR, 4, .def = "3600"),
    ALWAYS("boundObjectRef", OBJECT, PTR, 3, .of = &type_authn_bound_object_reference),
};
LOCAL_TYPE(authn_token_request_spec, "authentication/v1.TokenRequestSpec");

static const struct field authn_token_request_status_fields[] = {
    ALWAYS("token", STRING, VAL, 1),
    ALWAYS("expirationTimestamp", TIME, VAL, 2),
};
LOCAL_TYPE(authn_token_request_status, "authentication/v1.TokenRequestStatus");

static const struct field authn_token_request_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_authn_token_request_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_authn_token_request_status),
};
TYPE(authn_token_request, "authentication/v1.TokenRequest");

static const struct field authn_self_subject_review_status_fields[] = {
    OPT("userInfo", OBJECT, VAL, 1, .of = &type_authn_user_info),
};
LOCAL_TYPE(authn_self_subject_review_status, "authentication/v1.SelfSubjectReviewStatus");

static const struct field authn_self_subject_review_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("status", OBJECT, VAL, 2, .of = &type_authn_self_subject_review_status),
};
TYPE(authn_self_subject_review, "authentication/v1.SelfSubjectReview");

static const struct field authz_field_selector_attributes_fields[] = {
    OPT("rawSelector", STRING, VAL, 1),
    OPT("requirements", OBJECT, LIST, 2, .of = &type_meta_field_selector_requirement),
};
LOCAL_TYPE(authz_field_selector_attributes, "authorization/v1.FieldSelectorAttributes");

static const struct field authz_label_selector_attributes_fields[] = {
    OPT("rawSelector", STRING, VAL, 1),
    OPT("requirements", OBJECT, LIST, 2, .of = &type_meta_label_selector_requirement),
};
LOCAL_TYPE(authz_label_selector_attributes, "authorization/v1.LabelSelectorAttributes");

static const struct field authz_resource_attributes_fields[] = {
    OPT("namespace", STRING, VAL, 1),
    OPT("verb", STRING, VAL, 2),
    OPT("group", STRING, VAL, 3),
    OPT("version", STRING, VAL, 4),
    OPT("resource", STRING, VAL, 5),
    OPT("subresource", STRING, VAL, 6),
    OPT("name", STRING, VAL, 7),
    OPT("fieldSelector", OBJECT, PTR, 8, .of = &type_authz_field_selector_attributes),
    OPT("labelSelector", OBJECT, PTR, 9, .of = &type_authz_label_selector_attributes),
};
LOCAL_TYPE(authz_resource_attributes, "authorization/v1.ResourceAttributes");

static const struct field authz_non_resource_attributes_fields[] = {
    OPT("path", STRING, VAL, 1),
    OPT("verb", STRING, VAL, 2),
};
LOCAL_TYPE(authz_non_resource_attributes, "authorization/v1.NonResourceAttributes");

static const struct field authz_subject_access_review_spec_fields[] = {
    OPT("resourceAttributes", OBJECT, PTR, 1, .of = &type_authz_resource_attributes),
    OPT("nonResourceAttributes", OBJECT, PTR, 2, .of = &type_authz_non_resource_attributes),
    OPT("user", STRING, VAL, 3),
    OPT("groups", STRING, LIST, 4),
    OPT("extra", STRINGS, MAP, 5),
    OPT("uid", STRING, VAL, 6),
};
LOCAL_TYPE(authz_subject_access_review_spec, "authorization/v1.SubjectAccessReviewSpec");

static const struct field authz_subject_access_review_status_fields[] = {
    ALWAYS("allowed", BOOL, VAL, 1),
    OPT("denied", BOOL, VAL, 4),
    OPT("reason", STRING, VAL, 2),
    OPT("evaluationError", STRING, VAL, 3),
};
LOCAL_TYPE(authz_subject_access_review_status, "authorization/v1.SubjectAccessReviewStatus");

static const struct field authz_subject_access_review_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_authz_subject_access_review_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_authz_subject_access_review_status),
};
TYPE(authz_subject_access_review, "authorization/v1.SubjectAccessReview");

static const struct field authz_self_subject_access_review_spec_fields[] = {
    OPT("resourceAttributes", OBJECT, PTR, 1, .of = &type_authz_resource_attributes),
    OPT("nonResourceAttributes", OBJECT, PTR, 2, .of = &type_authz_non_resource_attributes),
};
LOCAL_TYPE(authz_self_subject_access_review_spec, "authorization/v1.SelfSubjectAccessReviewSpec");

static const struct field authz_self_subject_access_review_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_authz_self_subject_access_review_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_authz_subject_access_review_status),
};
TYPE(authz_self_subject_access_review, "authorization/v1.SelfSubjectAccessReview");

static const struct field authz_local_subject_access_review_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_authz_subject_access_review_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_authz_subject_access_review_status),
};
TYPE(authz_local_subject_access_review, "authorization/v1.LocalSubjectAccessReview");

static const struct field authz_self_subject_rules_review_spec_fields[] = {
    OPT("namespace", STRING, VAL, 1),
};
LOCAL_TYPE(authz_self_subject_rules_review_spec, "authorization/v1.SelfSubjectRulesReviewSpec");

static const struct field authz_resource_rule_fields[] = {
    ALWAYS("verbs", STRING, LIST, 1),
    OPT("apiGroups", STRING, LIST, 2),
    OPT("resources", STRING, LIST, 3),
    OPT("resourceNames", STRING, LIST, 4),
};
LOCAL_TYPE(authz_resource_rule, "authorization/v1.ResourceRule");

static const struct field authz_non_resource_rule_fields[] = {
    ALWAYS("verbs", STRING, LIST, 1),
    OPT("nonResourceURLs", STRING, LIST, 2),
};
LOCAL_TYPE(authz_non_resource_rule, "authorization/v1.NonResourceRule");

static const struct field authz_subject_rules_review_status_fields[] = {
    ALWAYS("resourceRules", OBJECT, LIST, 1, .of = &type_authz_resource_rule),
    ALWAYS("nonResourceRules", OBJECT, LIST, 2, .of = &type_authz_non_resource_rule),
    ALWAYS("incomplete", BOOL, VAL, 3),
    OPT("evaluationError", STRING, VAL, 4),
};
LOCAL_TYPE(authz_subject_rules_review_status, "authorization/v1.SubjectRulesReviewStatus");

static const struct field authz_self_subject_rules_review_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_authz_self_subject_rules_review_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_authz_subject_rules_review_status),
};
TYPE(authz_self_subject_rules_review, "authorization/v1.SelfSubjectRulesReview");

/* ---- resources ---- */

const struct resource resource_selfsubjectreviews = {
    .group = "authentication.k8s.io",
    .version = "v1",
    .kind = "SelfSubjectReview",
    .list_kind = "SelfSubjectReviewList",
    .plural = "selfsubjectreviews",
    .singular = "selfsubjectreview",
    .verbs = VERB_CREATE,
    .flags = RES_VIRTUAL,
    .type = &type_authn_self_subject_review,
};

const struct resource resource_tokenreviews = {
    .group = "authentication.k8s.io",
    .version = "v1",
    .kind = "TokenReview",
    .list_kind = "TokenReviewList",
    .plural = "tokenreviews",
    .singular = "tokenreview",
    .verbs = VERB_CREATE,
    .flags = RES_VIRTUAL,
    .type = &type_authn_token_review,
};

const struct resource resource_localsubjectaccessreviews = {
    .group = "authorization.k8s.io",
    .version = "v1",
    .kind = "LocalSubjectAccessReview",
    .list_kind = "LocalSubjectAccessReviewList",
    .plural = "localsubjectaccessreviews",
    .singular = "localsubjectaccessreview",
    .verbs = VERB_CREATE,
    .flags = RES_NAMESPACED | RES_VIRTUAL,
    .type = &type_authz_local_subject_access_review,
};

const struct resource resource_selfsubjectaccessreviews = {
    .group = "authorization.k8s.io",
    .version = "v1",
    .kind = "SelfSubjectAccessReview",
    .list_kind = "SelfSubjectAccessReviewList",
    .plural = "selfsubjectaccessreviews",
    .singular = "selfsubjectaccessreview",
    .verbs = VERB_CREATE,
    .flags = RES_VIRTUAL,
    .type = &type_authz_self_subject_access_review,
};

const struct resource resource_selfsubjectrulesreviews = {
    .group = "authorization.k8s.io",
    .version = "v1",
    .kind = "SelfSubjectRulesReview",
    .list_kind = "SelfSubjectRulesReviewList",
    .plural = "selfsubjectrulesreviews",
    .singular = "selfsubjectrulesreview",
    .verbs = VERB_CREATE,
    .flags = RES_VIRTUAL,
    .type = &type_authz_self_subject_rules_review,
};

const struct resource resource_subjectaccessreviews = {
    .group = "authorization.k8s.io",
    .version = "v1",
    .kind = "SubjectAccessReview",
    .list_kind = "SubjectAccessReviewList",
    .plural = "subjectaccessreviews",
    .singular = "subjectaccessreview",
    .verbs = VERB_CREATE,
    .flags = RES_VIRTUAL,
    .type = &type_authz_subject_access_review,
};

/* clang-format on */
