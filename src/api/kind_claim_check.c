/* Rules of what a persistent volume claim asks for, as a pod's ephemeral volume has it:
 * ValidatePersistentVolumeClaimSpec of release 1.35.
 *
 * Called by kind_volume_check.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/quantity.h"
#include "api/validate_priv.h"
#include "base/mem.h"

static const char *const claim_modes[] = { "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce",
                                           "ReadWriteOncePod", NULL };

static void
claim_check_access(struct causes *out, struct val modes, const struct field_path *path)
{
    bool is_once_pod = false, is_other = false;
    if (val_len(modes) == 0) {
        check_required(out, path, "accessModes", "at least 1 access mode is required");
    }
    VAL_EACH (it, modes) {
        bool is_known = check_is_one_of(val_str(it.value), claim_modes);
        check_enum_as(out, path, "accessModes", it.value, claim_modes);
        is_once_pod = is_once_pod || val_is_str(it.value, "ReadWriteOncePod");
        is_other = is_other || (is_known && !val_is_str(it.value, "ReadWriteOncePod"));
    }
    if (is_once_pod && is_other) {
        check_forbidden(out, path, "accessModes",
                        "may not use ReadWriteOncePod with other access modes");
    }
}

static void
claim_check_source(struct causes *out, struct val source, const struct field_path *path)
{
    static const char *const required[] = { "name", "kind" };
    struct val group = val_get(source, "apiGroup"), kind = val_get(source, "kind");
    struct val ns = val_get(source, "namespace");
    for (size_t i = 0; i < ARRAY_LEN(required) && val_is(source); i++) {
        if (!check_has(val_get(source, required[i]))) {
            check_required(out, path, required[i], NULL);
        }
    }
    if (val_is(source) && !check_has(group) && !val_is_str(kind, "PersistentVolumeClaim")) {
        check_invalid(out, path, NULL, kind,
                      "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    } else if (check_has(group)) {
        check_name(out, path, "apiGroup", group, validate_name_subdomain);
    }
    if (check_has(ns)) {
        check_name(out, path, "namespace", ns, validate_name_label);
    }
}

static void
claim_check_sources(struct causes *out, struct val spec, const struct field_path *path)
{
    static const char *const same[] = { "apiGroup", "kind", "name" };
    struct val source = val_get(spec, "dataSource"), ref = val_get(spec, "dataSourceRef");
    struct field_path source_at = check_at(path, "dataSource");
    struct field_path ref_at = check_at(path, "dataSourceRef");
    struct str shown = field_path_text(&source_at, out->arena);
    claim_check_source(out, source, &source_at);
    claim_check_source(out, ref, &ref_at);
    if (!val_is(source) || !val_is(ref)) {
        return;
    }
    if (check_has(val_get(ref, "namespace"))) {
        causes_add_text(out, CAUSE_INVALID, path, "", shown,
                        "may not be specified when dataSourceRef.namespace is specified");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        if (!check_same(val_get(source, same[i]), val_get(ref, same[i]))) {
            causes_add_text(out, CAUSE_INVALID, path, "", shown, "must match dataSourceRef");
            return;
        }
    }
}

void
kind_claim_check_spec(struct causes *out, struct val spec, const struct field_path *path)
{
    static const char *const modes[] = { "Block", "Filesystem", NULL };
    static const char *const classes[] = { "storageClassName", "volumeAttributesClassName" };
    struct val storage = val_at(spec, "resources.requests.storage");
    struct field_path resources = check_at(path, "resources");
    struct field_path storage_at = check_key(&resources, STR("storage"));
    struct quantity size = { 0 };
    claim_check_access(out, val_get(spec, "accessModes"), path);
    if (val_is(val_get(spec, "selector"))) {
        check_label_selector(out, path, "selector", val_get(spec, "selector"));
    }
    if (!val_is(storage)) {
        check_required(out, &storage_at, NULL, NULL);
    } else if (quantity_parse(val_str(storage), &size) != 0 || size.nano <= 0) {
        check_invalid(out, &storage_at, NULL, storage, "must be greater than zero");
    }
    if (check_has(val_get(spec, classes[0]))) {
        check_name(out, path, classes[0], val_get(spec, classes[0]), validate_name_subdomain);
    }
    if (val_is(val_get(spec, "volumeMode"))) {
        check_enum_as(out, path, "volumeMode", val_get(spec, "volumeMode"), modes);
    }
    claim_check_sources(out, spec, path);
    if (check_has(val_get(spec, classes[1]))) {
        check_name(out, path, classes[1], val_get(spec, classes[1]), validate_name_subdomain);
    }
}
