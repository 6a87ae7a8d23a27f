/* Columns of cluster-wide kinds: rights, certificates, leases, classes, storage.  Pure.
 *
 * Texts follow pkg/printers/internalversion/printers.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/cell.h"
#include "api/columns.h"
#include "api/columns_kinds.h"
#include "base/arena.h"

/* ---- rights ---- */

static void
binding_role(struct cell *cell, struct val binding)
{
    struct val ref = val_get(binding, "roleRef");
    jw_printf(cell->out, STR_FMT "/" STR_FMT, STR_ARG(val_str(val_get(ref, "kind"))),
              STR_ARG(val_str(val_get(ref, "name"))));
}

static void
binding_subjects(struct cell *cell, struct val binding, const char *kind)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_get(binding, "subjects")) {
        struct str ns = val_str(val_get(it.value, "namespace"));
        if (val_is_str(val_get(it.value, "kind"), kind)) {
            str_putf(&text, "%s" STR_FMT "%s" STR_FMT, text.size > 0 ? ", " : "", STR_ARG(ns),
                     ns.size > 0 ? "/" : "", STR_ARG(val_str(val_get(it.value, "name"))));
        }
    }
    cell_str(cell, str_view(&text));
}

static void
binding_users(struct cell *cell, struct val binding)
{
    binding_subjects(cell, binding, "User");
}

static void
binding_groups(struct cell *cell, struct val binding)
{
    binding_subjects(cell, binding, "Group");
}

static void
binding_accounts(struct cell *cell, struct val binding)
{
    binding_subjects(cell, binding, "ServiceAccount");
}

const struct column columns_rolebindings[] = {
    COLUMN_NAME,
    { .name = "Role", .type = "string", .cell = binding_role },
    COLUMN_AGE,
    { .name = "Users", .type = "string", .priority = 1, .cell = binding_users },
    { .name = "Groups", .type = "string", .priority = 1, .cell = binding_groups },
    { .name = "ServiceAccounts", .type = "string", .priority = 1, .cell = binding_accounts },
};

/* ---- certificates ---- */

static void
request_duration(struct cell *cell, struct val request)
{
    char text[32];
    struct val seconds = val_at(request, "spec.expirationSeconds");
    cell_str(cell,
             val_is(seconds) ? columns_age_text(val_int(seconds, 0) * 1000, text) : STR("<none>"));
}

static void
request_condition(struct cell *cell, struct val request)
{
    AUTO_STR struct str_builder text = { 0 };
    static const char *const types[] = { "Denied", "Approved", "Failed" };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        VAL_EACH (it, val_at(request, "status.conditions")) {
            if (val_is_str(val_get(it.value, "type"), types[i])) {
                str_putf(&text, "%s%s", text.size > 0 ? "," : "", types[i]);
            }
        }
    }
    if (text.size == 0) {
        str_putz(&text, "Pending");
    }
    if (val_str(val_at(request, "status.certificate")).size > 0) {
        str_putz(&text, ",Issued");
    }
    cell_str(cell, str_view(&text));
}

const struct column columns_certificatesigningrequests[] = {
    COLUMN_NAME,
    COLUMN_AGE,
    { .name = "SignerName", .type = "string", .path = "spec.signerName" },
    { .name = "Requestor", .type = "string", .path = "spec.username" },
    { .name = "RequestedDuration", .type = "string", .cell = request_duration },
    { .name = "Condition", .type = "string", .cell = request_condition },
};

/* ---- leases and classes ---- */

const struct column columns_leases[] = {
    COLUMN_NAME,
    { .name = "Holder", .type = "string", .path = "spec.holderIdentity" },
    COLUMN_AGE,
};

static void
class_value(struct cell *cell, struct val object)
{
    cell_int(cell, val_int(val_get(object, "value"), 0));
}

static void
class_is_default(struct cell *cell, struct val object)
{
    cell_bool(cell, val_bool(val_get(object, "globalDefault"), false));
}

const struct column columns_priorityclasses[] = {
    COLUMN_NAME,
    { .name = "Value", .type = "integer", .cell = class_value },
    { .name = "Global-Default", .type = "boolean", .cell = class_is_default },
    COLUMN_AGE,
    { .name = "PreemptionPolicy", .type = "string", .path = "preemptionPolicy" },
};

const struct column columns_runtimeclasses[] = {
    COLUMN_NAME,
    { .name = "Handler", .type = "string", .path = "handler" },
    COLUMN_AGE,
};

/* ---- storage ---- */

static void
storage_name(struct cell *cell, struct val object)
{
    struct val annotations = val_at(object, "metadata.annotations");
    bool is_default =
        val_is_str(val_get(annotations, "storageclass.kubernetes.io/is-default-class"), "true");
    jw_printf(cell->out, STR_FMT "%s", STR_ARG(val_str(val_at(object, "metadata.name"))),
              is_default ? " (default)" : "");
}

static void
storage_reclaim(struct cell *cell, struct val object)
{
    cell_str_or(cell, val_str(val_get(object, "reclaimPolicy")), "Delete");
}

static void
storage_mode(struct cell *cell, struct val object)
{
    cell_str_or(cell, val_str(val_get(object, "volumeBindingMode")), "Immediate");
}

static void
storage_expansion(struct cell *cell, struct val object)
{
    cell_bool(cell, val_bool(val_get(object, "allowVolumeExpansion"), false));
}

const struct column columns_storageclasses[] = {
    { .name = "Name", .type = "string", .format = "name", .cell = storage_name },
    { .name = "Provisioner", .type = "string", .path = "provisioner" },
    { .name = "ReclaimPolicy", .type = "string", .cell = storage_reclaim },
    { .name = "VolumeBindingMode", .type = "string", .cell = storage_mode },
    { .name = "AllowVolumeExpansion", .type = "string", .cell = storage_expansion },
    COLUMN_AGE,
};

static void
driver_attach(struct cell *cell, struct val driver)
{
    cell_bool(cell, val_bool(val_at(driver, "spec.attachRequired"), true));
}

static void
driver_info(struct cell *cell, struct val driver)
{
    cell_bool(cell, val_bool(val_at(driver, "spec.podInfoOnMount"), false));
}

static void
driver_capacity(struct cell *cell, struct val driver)
{
    cell_bool(cell, val_bool(val_at(driver, "spec.storageCapacity"), false));
}

static void
driver_tokens(struct cell *cell, struct val driver)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_at(driver, "spec.tokenRequests")) {
        str_putf(&text, "%s" STR_FMT, text.size > 0 ? "," : "",
                 STR_ARG(val_str(val_get(it.value, "audience"))));
    }
    cell_str_or(cell, str_view(&text), "<unset>");
}

static void
driver_republish(struct cell *cell, struct val driver)
{
    cell_bool(cell, val_bool(val_at(driver, "spec.requiresRepublish"), false));
}

static void
driver_modes(struct cell *cell, struct val driver)
{
    cell_joined(cell, val_at(driver, "spec.volumeLifecycleModes"), "<none>");
}

const struct column columns_csidrivers[] = {
    COLUMN_NAME,
    { .name = "AttachRequired", .type = "boolean", .cell = driver_attach },
    { .name = "PodInfoOnMount", .type = "boolean", .cell = driver_info },
    { .name = "StorageCapacity", .type = "boolean", .cell = driver_capacity },
    { .name = "TokenRequests", .type = "string", .cell = driver_tokens },
    { .name = "RequiresRepublish", .type = "boolean", .cell = driver_republish },
    { .name = "Modes", .type = "string", .cell = driver_modes },
    COLUMN_AGE,
};

static void
node_drivers(struct cell *cell, struct val node)
{
    cell_int(cell, (int64_t)val_len(val_at(node, "spec.drivers")));
}

const struct column columns_csinodes[] = {
    COLUMN_NAME,
    { .name = "Drivers", .type = "integer", .cell = node_drivers },
    COLUMN_AGE,
};

static void
attachment_is_done(struct cell *cell, struct val attachment)
{
    cell_bool(cell, val_bool(val_at(attachment, "status.attached"), false));
}

const struct column columns_volumeattachments[] = {
    COLUMN_NAME,
    { .name = "Attacher", .type = "string", .format = "name", .path = "spec.attacher" },
    { .name = "PV", .type = "string", .path = "spec.source.persistentVolumeName" },
    { .name = "Node", .type = "string", .path = "spec.nodeName" },
    { .name = "Attached", .type = "boolean", .cell = attachment_is_done },
    COLUMN_AGE,
};
