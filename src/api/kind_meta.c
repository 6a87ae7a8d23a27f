/* Rows: metadata, selectors, conditions, options and Status.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field meta_type_meta_fields[] = {
    OPT("kind", STRING, VAL, 1),
    OPT("apiVersion", STRING, VAL, 2),
};
TYPE(meta_type_meta, "meta/v1.TypeMeta");

static const struct field meta_owner_reference_fields[] = {
    ALWAYS("apiVersion", STRING, VAL, 5),
    ALWAYS("kind", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 3),
    ALWAYS("uid", STRING, VAL, 4, .go = "types.UID"),
    OPT("controller", BOOL, PTR, 6),
    OPT("blockOwnerDeletion", BOOL, PTR, 7),
};
LOCAL_TYPE(meta_owner_reference, "meta/v1.OwnerReference", .atomic = true);

static const struct field meta_managed_fields_entry_fields[] = {
    OPT("manager", STRING, VAL, 1),
    OPT("operation", STRING, VAL, 2, .go = "v1.ManagedFieldsOperationType"),
    OPT("apiVersion", STRING, VAL, 3),
    OPT("time", TIME, PTR, 4),
    OPT("fieldsType", STRING, VAL, 6),
    OPT("fieldsV1", FIELDS_V1, PTR, 7),
    OPT("subresource", STRING, VAL, 8),
};
LOCAL_TYPE(meta_managed_fields_entry, "meta/v1.ManagedFieldsEntry");

static const struct field meta_object_meta_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("generateName", STRING, VAL, 2),
    OPT("namespace", STRING, VAL, 3),
    OPT("selfLink", STRING, VAL, 4),
    OPT("uid", STRING, VAL, 5, .go = "types.UID"),
    OPT("resourceVersion", STRING, VAL, 6),
    OPT("generation", INT64, VAL, 7),
    FIELD("creationTimestamp", TIME, VAL, 8, FIELD_OMITEMPTY | FIELD_OMITZERO),
    OPT("deletionTimestamp", TIME, PTR, 9),
    OPT("deletionGracePeriodSeconds", INT64, PTR, 10),
    OPT("labels", STRING, MAP, 11),
    OPT("annotations", STRING, MAP, 12),
    OPT("ownerReferences", OBJECT, LIST, 13, .of = &type_meta_owner_reference,
        .patch = PATCH_MERGE, .merge_key = "uid", .list = LIST_MAP, .list_keys = "uid"),
    OPT("finalizers", STRING, LIST, 14, .patch = PATCH_MERGE, .list = LIST_SET),
    OPT("managedFields", OBJECT, LIST, 17, .of = &type_meta_managed_fields_entry),
};
TYPE(meta_object_meta, "meta/v1.ObjectMeta");

static const struct field meta_preconditions_fields[] = {
    OPT("uid", STRING, PTR, 1, .go = "types.UID"),
    OPT("resourceVersion", STRING, PTR, 2),
};
LOCAL_TYPE(meta_preconditions, "meta/v1.Preconditions");

static const struct field meta_delete_options_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("gracePeriodSeconds", INT64, PTR, 1),
    OPT("preconditions", OBJECT, PTR, 2, .of = &type_meta_preconditions),
    OPT("orphanDependents", BOOL, PTR, 3),
    OPT("propagationPolicy", STRING, PTR, 4, .go = "v1.DeletionPropagation"),
    OPT("dryRun", STRING, LIST, 5),
    OPT("ignoreStoreReadErrorWithClusterBreakingPotential", BOOL, PTR, 6),
};
TYPE(meta_delete_options, "meta/v1.DeleteOptions");

static const struct field meta_create_options_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("dryRun", STRING, LIST, 1),
    OPT("fieldManager", STRING, VAL, 3),
    OPT("fieldValidation", STRING, VAL, 4),
};
TYPE(meta_create_options, "meta/v1.CreateOptions");

static const struct field meta_patch_options_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("dryRun", STRING, LIST, 1),
    OPT("force", BOOL, PTR, 2),
    OPT("fieldManager", STRING, VAL, 3),
    OPT("fieldValidation", STRING, VAL, 4),
};
TYPE(meta_patch_options, "meta/v1.PatchOptions");

static const struct field meta_update_options_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("dryRun", STRING, LIST, 1),
    OPT("fieldManager", STRING, VAL, 2),
    OPT("fieldValidation", STRING, VAL, 3),
};
TYPE(meta_update_options, "meta/v1.UpdateOptions");

static const struct field meta_status_cause_fields[] = {
    OPT("reason", STRING, VAL, 1, .go = "v1.CauseType"),
    OPT("message", STRING, VAL, 2),
    OPT("field", STRING, VAL, 3),
};
LOCAL_TYPE(meta_status_cause, "meta/v1.StatusCause");

static const struct field meta_status_details_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("group", STRING, VAL, 2),
    OPT("kind", STRING, VAL, 3),
    OPT("uid", STRING, VAL, 6, .go = "types.UID"),
    OPT("causes", OBJECT, LIST, 4, .of = &type_meta_status_cause),
    OPT("retryAfterSeconds", INT32, VAL, 5),
};
LOCAL_TYPE(meta_status_details, "meta/v1.StatusDetails");

static const struct field meta_list_meta_fields[] = {
    OPT("selfLink", STRING, VAL, 1),
    OPT("resourceVersion", STRING, VAL, 2),
    OPT("continue", STRING, VAL, 3),
    OPT("remainingItemCount", INT64, PTR, 4),
};
TYPE(meta_list_meta, "meta/v1.ListMeta");

static const struct field meta_status_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_list_meta),
    OPT("status", STRING, VAL, 2),
    OPT("message", STRING, VAL, 3),
    OPT("reason", STRING, VAL, 4, .go = "v1.StatusReason"),
    OPT("details", OBJECT, PTR, 5, .of = &type_meta_status_details),
    OPT("code", INT32, VAL, 6),
};
TYPE(meta_status, "meta/v1.Status");

static const struct field meta_label_selector_requirement_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    ALWAYS("operator", STRING, VAL, 2, .go = "v1.LabelSelectorOperator"),
    OPT("values", STRING, LIST, 3),
};
TYPE(meta_label_selector_requirement, "meta/v1.LabelSelectorRequirement");

static const struct field meta_label_selector_fields[] = {
    OPT("matchLabels", STRING, MAP, 1),
    OPT("matchExpressions", OBJECT, LIST, 2, .of = &type_meta_label_selector_requirement),
};
TYPE(meta_label_selector, "meta/v1.LabelSelector", .atomic = true);

static const struct field meta_field_selector_requirement_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    ALWAYS("operator", STRING, VAL, 2, .go = "v1.FieldSelectorOperator"),
    OPT("values", STRING, LIST, 3),
};
TYPE(meta_field_selector_requirement, "meta/v1.FieldSelectorRequirement");

static const struct field meta_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("observedGeneration", INT64, VAL, 3),
    ALWAYS("lastTransitionTime", TIME, VAL, 4),
    ALWAYS("reason", STRING, VAL, 5),
    ALWAYS("message", STRING, VAL, 6),
};
TYPE(meta_condition, "meta/v1.Condition");

/* clang-format on */
