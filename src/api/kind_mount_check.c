/* Rules of a container's volumeMounts and volumeDevices: ValidateVolumeMounts and
 * ValidateVolumeDevices of release 1.35.
 *
 * Called by kind_container_check.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

/* Does another list of the container use this name or path? */
static bool
mount_is_used(struct val list, const char *member, struct str text)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, member)), text)) {
            return true;
        }
    }
    return false;
}

static void
mount_check_propagation(struct causes *out, struct val mount, struct val container,
                        const struct field_path *list)
{
    static const char *const modes[] = { "Bidirectional", "HostToContainer", "None", NULL };
    static const char *const recursive[] = { "Disabled", "Enabled", "IfPossible", NULL };
    struct val mode = val_get(mount, "mountPropagation");
    struct val rro = val_get(mount, "recursiveReadOnly");
    if (val_is(mode)) {
        check_enum_as(out, list, "mountPropagation", mode, modes);
        if (val_is_str(mode, "Bidirectional") &&
            !val_bool(val_at(container, "securityContext.privileged"), false)) {
            check_forbidden(out, list, "mountPropagation",
                            "Bidirectional mount propagation is available only to privileged "
                            "containers");
        }
    }
    if (!val_is(rro) || val_is_str(rro, "Disabled")) {
        return;
    }
    if (!val_is_str(rro, "Enabled") && !val_is_str(rro, "IfPossible")) {
        causes_add_enum(out, list, "recursiveReadOnly", rro, recursive);
        return;
    }
    if (!val_bool(val_get(mount, "readOnly"), false)) {
        check_forbidden(out, list, "recursiveReadOnly",
                        "may only be specified when readOnly is true");
    }
    if (val_is(mode) && !val_is_str(mode, "None")) {
        check_forbidden(out, list, "recursiveReadOnly",
                        "may only be specified when mountPropagation is None or not specified");
    }
}

static void
mount_check_mounts(const struct pod_check *pod, struct val container, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "volumeMounts");
    struct val devices = val_get(container, "volumeDevices");
    struct check_seen points = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(container, "volumeMounts")) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), point = val_get(it.value, "mountPath");
        struct val sub = val_get(it.value, "subPath"), expr = val_get(it.value, "subPathExpr");
        if (!check_has(name)) {
            check_required(out, &item, "name", NULL);
        }
        if (!check_seen_has(pod->volumes, val_str(name))) {
            causes_add(out, CAUSE_NOT_FOUND, &item, "name", name, NULL);
        }
        if (!check_has(point)) {
            check_required(out, &item, "mountPath", NULL);
        }
        if (check_seen_has(&points, val_str(point))) {
            check_invalid(out, &item, "mountPath", point, "must be unique");
        }
        check_seen_add(&points, val_str(point));
        if (mount_is_used(devices, "name", val_str(name))) {
            check_invalid(out, &item, "name", name, "must not already exist in volumeDevices");
        }
        if (mount_is_used(devices, "devicePath", val_str(point))) {
            check_invalid(out, &item, "mountPath", point,
                          "must not already exist as a path in volumeDevices");
        }
        /* These name the list and not its item, upstream, too. */
        if (check_has(sub)) {
            check_relative_path(out, &list, "subPath", sub);
        }
        if (check_has(expr)) {
            if (check_has(sub)) {
                check_invalid(out, &item, "subPathExpr", expr,
                              "subPathExpr and subPath are mutually exclusive");
            }
            check_relative_path(out, &list, "subPathExpr", expr);
        }
        mount_check_propagation(out, it.value, container, &list);
    }
}

static void
mount_check_devices(const struct pod_check *pod, struct val container,
                    const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "volumeDevices");
    struct val mounts = val_get(container, "volumeMounts");
    struct check_seen names = { .arena = out->arena }, paths = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_get(container, "volumeDevices")) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), device = val_get(it.value, "devicePath");
        struct val volume = check_seen_has(pod->volumes, val_str(name))
                                ? kind_volume_check_find(pod->spec, val_str(name))
                                : (struct val){ 0 };
        bool is_block = val_is(val_get(volume, "persistentVolumeClaim")) ||
                        val_is(val_get(volume, "ephemeral"));
        if (!check_has(name)) {
            check_required(out, &item, "name", NULL);
        }
        if (check_seen_has(&names, val_str(name))) {
            check_invalid(out, &item, "name", name, "must be unique");
        }
        if (val_is(volume) && !is_block) {
            check_invalid(out, &item, "name", name,
                          "can only use volume source type of PersistentVolumeClaim or Ephemeral "
                          "for block mode");
        }
        if (!val_is(volume)) {
            causes_add(out, CAUSE_NOT_FOUND, &item, "name", name, NULL);
        }
        if (!check_has(device)) {
            check_required(out, &item, "devicePath", NULL);
        }
        if (check_seen_has(&paths, val_str(device))) {
            check_invalid(out, &item, "devicePath", device, "must be unique");
        }
        struct causes scratch = { .arena = out->arena };
        check_backsteps(&scratch, &item, "devicePath", device);
        if (scratch.len > 0) {
            check_invalid(out, &item, "devicePath", device, "can not contain backsteps ('..')");
        } else {
            check_seen_add(&paths, val_str(device));
        }
        if (mount_is_used(mounts, "name", val_str(name))) {
            check_invalid(out, &item, "name", name, "must not already exist in volumeMounts");
        }
        if (mount_is_used(mounts, "mountPath", val_str(device))) {
            check_invalid(out, &item, "devicePath", device,
                          "must not already exist as a path in volumeMounts");
        }
        if (check_has(name)) {
            check_seen_add(&names, val_str(name));
        }
    }
}

void
kind_mount_check(const struct pod_check *pod, struct val container, const struct field_path *path)
{
    mount_check_mounts(pod, container, path);
    mount_check_devices(pod, container, path);
}
