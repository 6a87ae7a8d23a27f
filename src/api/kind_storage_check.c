/* Rules of the storage kinds and of RuntimeClasses: pkg/apis/storage/validation and
 * pkg/apis/node/validation of release 1.35.
 *
 * Named by rows in kind_storage.c and kind_sched.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/kinds_check.h"
#include "api/quantity.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum {
    STORAGE_PARAMETERS_MAX = 512,
    STORAGE_PARAMETERS_SIZE_MAX = 256 * 1024,
    STORAGE_ERROR_MAX = 1024,
    STORAGE_NODE_ID_MAX = 256,
    STORAGE_TOKEN_MIN_S = 600,
    STORAGE_PERIOD_MIN_S = 10,
};

/* ---- classes ---- */

static void
storage_check_provisioner(struct causes *out, struct val name, const char *member)
{
    struct problems found = { 0 };
    if (!check_has(name)) {
        check_required(out, NULL, member, NULL);
        return;
    }
    char *lower = arena_dupz(out->arena, val_str(name));
    for (char *c = lower; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    }
    validate_label_key(str_of(lower), &found);
    for (size_t i = 0; i < found.len; i++) {
        causes_add_text(out, CAUSE_INVALID, NULL, member, str_of(lower), "%s", found.at[i]);
    }
}

static void
storage_check_parameters(struct causes *out, struct val parameters, bool may_be_empty)
{
    size_t size = 0;
    if (val_len(parameters) > STORAGE_PARAMETERS_MAX) {
        check_too_long(out, NULL, "parameters", STORAGE_PARAMETERS_MAX);
        return;
    }
    VAL_EACH (it, parameters) {
        if (it.key.size == 0) {
            causes_add_text(out, CAUSE_INVALID, NULL, "parameters", STR(""),
                            "field can not be empty.");
        }
        size += it.key.size + val_str(it.value).size;
    }
    if (size > STORAGE_PARAMETERS_SIZE_MAX) {
        check_too_long(out, NULL, "parameters", STORAGE_PARAMETERS_SIZE_MAX);
    }
    if (!may_be_empty && val_len(parameters) == 0) {
        check_required(out, NULL, "parameters", "must contain at least one key/value pair");
    }
}

/* ValidateTopologySelectorTerm */
static void
storage_check_term(struct causes *out, struct val term, const struct field_path *path)
{
    struct field_path list = check_at(path, "matchLabelExpressions");
    struct check_seen keys = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(term, "matchLabelExpressions")) {
        struct field_path item = check_item(&list, index++), values_at = check_at(&item, "values");
        struct val key = val_get(it.value, "key"), values = val_get(it.value, "values");
        struct check_seen seen = { .arena = out->arena };
        size_t nth = 0;
        if (val_len(values) == 0) {
            check_required(out, &values_at, NULL, NULL);
        }
        VAL_EACH (value, values) {
            struct field_path place = check_item(&values_at, nth++);
            if (check_seen_has(&seen, val_str(value.value))) {
                causes_add(out, CAUSE_DUPLICATE, &place, "", value.value, NULL);
            }
            check_seen_add(&seen, val_str(value.value));
        }
        check_label_key(out, &item, "key", key);
        if (check_seen_has(&keys, val_str(key))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "key", key, NULL);
        }
        check_seen_add(&keys, val_str(key));
    }
}

/* The same expressions, whatever their order and that of their values. */
static bool
storage_has_expression(struct val term, struct val expression)
{
    VAL_EACH (it, val_get(term, "matchLabelExpressions")) {
        struct val own = val_get(it.value, "values"), other = val_get(expression, "values");
        bool is_same = check_same(val_get(it.value, "key"), val_get(expression, "key")) &&
                       val_len(own) == val_len(other);
        VAL_EACH (value, other) {
            bool has = false;
            VAL_EACH (mine, own) {
                has = has || val_eq(mine.value, value.value);
            }
            is_same = is_same && has;
        }
        if (is_same) {
            return true;
        }
    }
    return false;
}

static bool
storage_is_same_term(struct val a, struct val b)
{
    bool is_same = val_len(val_get(a, "matchLabelExpressions")) ==
                   val_len(val_get(b, "matchLabelExpressions"));
    VAL_EACH (it, val_get(a, "matchLabelExpressions")) {
        is_same = is_same && storage_has_expression(b, it.value);
    }
    return is_same;
}

static void
storage_check_topologies(struct causes *out, struct val terms)
{
    struct field_path list = check_at(NULL, "allowedTopologies");
    size_t index = 0;
    VAL_EACH (it, terms) {
        struct field_path item = check_item(&list, index);
        storage_check_term(out, it.value, &item);
        for (size_t i = 0; i < index; i++) {
            if (storage_is_same_term(val_item(terms, i), it.value)) {
                causes_add_text(out, CAUSE_DUPLICATE, &item, "matchLabelExpressions", STR(""),
                                NULL);
            }
        }
        index++;
    }
}

/* ValidateStorageClass */
void
kind_storage_check_class(struct check_in *in, struct causes *out)
{
    static const char *const policies[] = { "Delete", "Retain", NULL };
    static const char *const modes[] = { "Immediate", "WaitForFirstConsumer", NULL };
    struct val policy = val_get(in->now, "reclaimPolicy");
    struct val mode = val_get(in->now, "volumeBindingMode");
    storage_check_provisioner(out, val_get(in->now, "provisioner"), "provisioner");
    storage_check_parameters(out, val_get(in->now, "parameters"), true);
    if (check_has(policy)) {
        check_enum_as(out, NULL, "reclaimPolicy", policy, policies);
    }
    if (!val_is(mode)) {
        check_required(out, NULL, "volumeBindingMode", NULL);
    } else {
        check_enum_as(out, NULL, "volumeBindingMode", mode, modes);
    }
    storage_check_topologies(out, val_get(in->now, "allowedTopologies"));
}

static void
storage_forbid_changes(const struct check_in *in, const char *const *members, struct causes *out)
{
    for (size_t i = 0; members[i] != NULL; i++) {
        if (!check_same(val_get(in->now, members[i]), val_get(in->old, members[i]))) {
            struct str detail =
                arena_printf(out->arena, "updates to %s are forbidden.", members[i]);
            check_forbidden(out, NULL, members[i], detail.at);
        }
    }
}

/* ValidateStorageClassUpdate */
void
kind_storage_check_class_update(struct check_in *in, struct causes *out)
{
    static const char *const members[] = { "parameters", "provisioner", "reclaimPolicy", NULL };
    kind_storage_check_class(in, out);
    storage_forbid_changes(in, members, out);
    check_immutable(out, NULL, "volumeBindingMode", val_get(in->now, "volumeBindingMode"),
                    val_get(in->old, "volumeBindingMode"));
}

/* ValidateVolumeAttributesClass */
void
kind_storage_check_attributes(struct check_in *in, struct causes *out)
{
    storage_check_provisioner(out, val_get(in->now, "driverName"), "driverName");
    storage_check_parameters(out, val_get(in->now, "parameters"), false);
}

/* ValidateVolumeAttributesClassUpdate */
void
kind_storage_check_attributes_update(struct check_in *in, struct causes *out)
{
    static const char *const members[] = { "driverName", "parameters", NULL };
    storage_forbid_changes(in, members, out);
    kind_storage_check_attributes(in, out);
}

/* ---- attachments ---- */

static void
storage_check_error(struct causes *out, struct val error, const char *member)
{
    struct field_path status = check_at(NULL, "status"), path = check_at(&status, member);
    struct val code = val_get(error, "errorCode");
    if (val_str(val_get(error, "message")).size > STORAGE_ERROR_MAX) {
        check_too_long(out, &path, "message", STORAGE_PARAMETERS_SIZE_MAX); /* sic */
    }
    if (val_is(code)) {
        check_range(out, &path, "errorCode", code, 0, INT32_MAX);
    }
}

static void
storage_check_source(struct causes *out, struct val source)
{
    static const char both[] = "must specify exactly one of inlineVolumeSpec and "
                               "persistentVolumeName";
    struct field_path spec = check_at(NULL, "spec"), path = check_at(&spec, "source");
    struct val volume = val_get(source, "persistentVolumeName");
    bool has_inline = val_is(val_get(source, "inlineVolumeSpec"));
    if (!has_inline && !val_is(volume)) {
        check_required(out, &path, NULL, both);
    } else if (has_inline && val_is(volume)) {
        check_forbidden(out, &path, NULL, both);
    } else if (val_is(volume) && !check_has(volume)) {
        check_required(out, &path, "persistentVolumeName",
                       "must specify non empty persistentVolumeName");
    }
}

static void
storage_check_attachment(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), status = check_at(NULL, "status");
    struct val own = val_get(in->now, "spec");
    size_t size = 0;
    if (!check_has(val_get(own, "attacher"))) {
        check_required(out, &spec, "attacher", NULL);
    }
    storage_check_source(out, val_get(own, "source"));
    check_name(out, &spec, "nodeName", val_get(own, "nodeName"), validate_name_subdomain);
    VAL_EACH (it, val_at(in->now, "status.attachmentMetadata")) {
        size += it.key.size + val_str(it.value).size;
    }
    if (size > STORAGE_PARAMETERS_SIZE_MAX) {
        check_too_long(out, &status, "attachmentMetadata", STORAGE_PARAMETERS_SIZE_MAX);
    }
    storage_check_error(out, val_at(in->now, "status.attachError"), "attachError");
    storage_check_error(out, val_at(in->now, "status.detachError"), "detachError");
}

/* ValidateVolumeAttachment and …V1 */
void
kind_storage_check_attachment(struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec");
    struct val volume = val_at(in->now, "spec.source.persistentVolumeName");
    storage_check_attachment(in, out);
    kind_volume_check_driver(out, &spec, "attacher", val_at(in->now, "spec.attacher"));
    if (val_is(volume)) {
        check_name(out, &spec, "source.persistentVolumeName", volume, validate_name_subdomain);
    }
}

/* ValidateVolumeAttachmentUpdate */
void
kind_storage_check_attachment_update(struct check_in *in, struct causes *out)
{
    storage_check_attachment(in, out);
    check_immutable(out, NULL, "spec", val_get(in->now, "spec"), val_get(in->old, "spec"));
}

/* ---- CSI ---- */

static void
storage_check_tokens(struct causes *out, struct val tokens)
{
    struct field_path spec = check_at(NULL, "spec"), list = check_at(&spec, "tokenRequests");
    struct check_seen seen = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, tokens) {
        struct field_path item = check_item(&list, index++);
        struct val audience = val_get(it.value, "audience");
        struct val seconds = val_get(it.value, "expirationSeconds");
        if (check_seen_has(&seen, val_str(audience))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "audience", audience, NULL);
            continue;
        }
        check_seen_add(&seen, val_str(audience));
        if (val_is(seconds) && val_int(seconds, 0) < STORAGE_TOKEN_MIN_S) {
            check_invalid(out, &item, "expirationSeconds", seconds,
                          "may not specify a duration less than 10 minutes");
        }
        if (val_int(seconds, 0) > (int64_t)1 << 32) {
            check_invalid(out, &item, "expirationSeconds", seconds,
                          "may not specify a duration larger than 2^32 seconds");
        }
    }
}

/* ValidateCSIDriver; it names one member otherwise than the API does. */
void
kind_storage_check_driver(struct check_in *in, struct causes *out)
{
    static const char *const required[][2] = { { "attachRequired", "attachedRequired" },
                                               { "podInfoOnMount", "podInfoOnMount" },
                                               { "storageCapacity", "storageCapacity" } };
    static const char *const policies[] = { "File", "None", "ReadWriteOnceWithFSType", NULL };
    static const char *const modes[] = { "Persistent", "Ephemeral", NULL };
    struct field_path path = check_at(NULL, "spec");
    struct val spec = val_get(in->now, "spec"), policy = val_get(spec, "fsGroupPolicy");
    struct val tokens = val_get(spec, "tokenRequests");
    struct val period = val_get(spec, "nodeAllocatableUpdatePeriodSeconds");
    struct val in_secrets = val_get(spec, "serviceAccountTokenInSecrets");
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        if (!val_is(val_get(spec, required[i][0]))) {
            check_required(out, &path, required[i][1], NULL);
        }
    }
    if (val_is(policy)) {
        check_enum_as(out, &path, "fsGroupPolicy", policy, policies);
    }
    storage_check_tokens(out, tokens);
    VAL_EACH (it, val_get(spec, "volumeLifecycleModes")) {
        check_enum_as(out, &path, "volumeLifecycleModes", it.value, modes);
    }
    if (!val_is(val_get(spec, "seLinuxMount"))) {
        check_required(out, &path, "seLinuxMount", NULL);
    }
    if (val_is(period) && val_int(period, 0) < STORAGE_PERIOD_MIN_S) {
        check_invalid(out, &path, "nodeAllocatableUpdatePeriodSeconds", period,
                      "must be greater than or equal to 10 seconds");
    }
    if (val_is(in_secrets) && val_len(tokens) == 0) {
        check_invalid(out, &path, "serviceAccountTokenInSecrets", in_secrets,
                      "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }
}

/* ValidateCSIDriverUpdate */
void
kind_storage_check_driver_update(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct val now = val_get(in->now, "spec"), old = val_get(in->old, "spec");
    kind_storage_check_driver(in, out);
    check_immutable(out, &path, "attachedRequired", val_get(now, "attachRequired"),
                    val_get(old, "attachRequired"));
    check_immutable(out, &path, "volumeLifecycleModes", val_get(now, "volumeLifecycleModes"),
                    val_get(old, "volumeLifecycleModes"));
}

/* ValidateCSINode */
void
kind_storage_check_node(struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), list = check_at(&spec, "drivers");
    struct check_seen names = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_at(in->now, "spec.drivers")) {
        struct field_path item = check_item(&list, index++);
        struct field_path allocatable = check_at(&item, "allocatable");
        struct val name = val_get(it.value, "name"), id = val_get(it.value, "nodeID");
        struct check_seen keys = { .arena = out->arena };
        kind_volume_check_driver(out, &item, "name", name);
        if (!check_has(id)) {
            check_required(out, &item, "nodeID", NULL);
        } else if (val_str(id).size > STORAGE_NODE_ID_MAX) {
            causes_add(out, CAUSE_INVALID, &item, "nodeID", id, "must be %d characters or less",
                       STORAGE_NODE_ID_MAX);
        }
        check_nonnegative(out, &allocatable, "count", val_at(it.value, "allocatable.count"));
        if (check_seen_has(&names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        }
        check_seen_add(&names, val_str(name));
        VAL_EACH (key, val_get(it.value, "topologyKeys")) {
            if (!check_has(key.value)) {
                check_required(out, &item, NULL, NULL);
            }
            if (check_seen_has(&keys, val_str(key.value))) {
                causes_add(out, CAUSE_DUPLICATE, &item, "", key.value, NULL);
            }
            check_seen_add(&keys, val_str(key.value));
            check_label_key(out, &item, NULL, key.value);
        }
    }
}

/* ValidateCSINodeUpdate: a driver that is there stays as it is, but for what a node can take. */
void
kind_storage_check_node_update(struct check_in *in, struct causes *out)
{
    static const char *const members[] = { "nodeID", "topologyKeys" };
    struct field_path spec = check_at(NULL, "spec");
    kind_storage_check_node(in, out);
    VAL_EACH (old, val_at(in->old, "spec.drivers")) {
        VAL_EACH (it, val_at(in->now, "spec.drivers")) {
            bool is_same = true;
            for (size_t i = 0; i < ARRAY_LEN(members); i++) {
                is_same = is_same &&
                          check_same(val_get(old.value, members[i]), val_get(it.value, members[i]));
            }
            if (!is_same && check_same(val_get(old.value, "name"), val_get(it.value, "name"))) {
                check_invalid(out, &spec, "drivers", it.value, "field is immutable");
            }
        }
    }
}

/* ValidateCSIStorageCapacity */
void
kind_storage_check_capacity(struct check_in *in, struct causes *out)
{
    struct val capacity = val_get(in->now, "capacity");
    struct quantity amount = { 0 };
    if (val_is(val_get(in->now, "nodeTopology"))) {
        check_label_selector(out, NULL, "nodeTopology", val_get(in->now, "nodeTopology"));
    }
    check_name(out, NULL, "storageClassName", val_get(in->now, "storageClassName"),
               validate_name_subdomain);
    if (val_is(capacity) && quantity_parse(val_str(capacity), &amount) == 0 && amount.nano < 0) {
        check_invalid(out, NULL, "capacity", capacity, "must be greater than or equal to 0");
    }
}

/* ValidateCSIStorageCapacityUpdate */
void
kind_storage_check_capacity_update(struct check_in *in, struct causes *out)
{
    kind_storage_check_capacity(in, out);
    check_immutable(out, NULL, "nodeTopology", val_get(in->now, "nodeTopology"),
                    val_get(in->old, "nodeTopology"));
    check_immutable_text(out, NULL, "storageClassName", val_get(in->now, "storageClassName"),
                         val_get(in->old, "storageClassName"));
}

/* ---- RuntimeClass ---- */

static bool
storage_is_same_toleration(struct val a, struct val b)
{
    static const char *const members[] = { "key", "operator", "value", "effect" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!str_eq(val_str(val_get(a, members[i])), val_str(val_get(b, members[i])))) {
            return false;
        }
    }
    return true;
}

/* ValidateRuntimeClass */
void
kind_storage_check_runtime(struct check_in *in, struct causes *out)
{
    struct field_path overhead = check_at(NULL, "overhead"), limits = check_at(&overhead, "limits");
    struct field_path scheduling = check_at(NULL, "scheduling");
    struct field_path list = check_at(&scheduling, "tolerations");
    struct val tolerations = val_at(in->now, "scheduling.tolerations");
    size_t index = 0;
    check_name(out, NULL, "handler", val_get(in->now, "handler"), validate_name_label);
    VAL_EACH (it, val_at(in->now, "overhead.podFixed")) { /* upstream checks it as limits */
        struct field_path place = check_key(&limits, it.key);
        kind_resource_check_name(out, it.key, &place);
        kind_resource_check_quantity(out, it.key, it.value, &place);
    }
    validate_put_labels(val_at(in->now, "scheduling.nodeSelector"), &scheduling, "nodeSelector",
                        out);
    kind_affinity_check_tolerations(out, tolerations, &list);
    VAL_EACH (it, tolerations) {
        struct field_path item = check_item(&list, index);
        for (size_t i = 0; i < index; i++) {
            if (storage_is_same_toleration(val_item(tolerations, i), it.value)) {
                causes_add(out, CAUSE_DUPLICATE, &item, "", it.value, NULL);
                break;
            }
        }
        index++;
    }
}

/* ValidateRuntimeClassUpdate */
void
kind_storage_check_runtime_update(struct check_in *in, struct causes *out)
{
    kind_storage_check_runtime(in, out);
    check_immutable_text(out, NULL, "handler", val_get(in->now, "handler"),
                         val_get(in->old, "handler"));
}
