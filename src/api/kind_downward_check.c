/* Rules of the downward API: a field or a resource of the pod as an environment variable or a file.
 *
 * Called by kind_container_check.c and kind_volume_check.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/quantity.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

void
kind_downward_check_field(struct causes *out, struct val ref, bool is_volume,
                          const struct field_path *path)
{
    static const char *const env_paths[] = { "metadata.name",
                                             "metadata.namespace",
                                             "metadata.uid",
                                             "spec.nodeName",
                                             "spec.serviceAccountName",
                                             "status.hostIP",
                                             "status.hostIPs",
                                             "status.podIP",
                                             "status.podIPs",
                                             NULL };
    static const char *const volume_paths[] = { "metadata.annotations", "metadata.labels",
                                                "metadata.name",        "metadata.namespace",
                                                "metadata.uid",         NULL };
    struct val version = val_get(ref, "apiVersion"), field = val_get(ref, "fieldPath");
    if (!check_has(version) || !check_has(field)) {
        check_required(out, path, check_has(version) ? "fieldPath" : "apiVersion", NULL);
        return;
    }
    if (!val_is_str(version, "v1")) {
        causes_add(out, CAUSE_INVALID, path, "fieldPath", field,
                   "error converting fieldPath: unsupported pod version: " STR_FMT,
                   STR_ARG(val_str(version)));
        return;
    }
    struct str subscript = { 0 }, text = val_str(field);
    struct str name = str_cut(text, '[', &subscript);
    bool is_keyed =
        subscript.size >= 3 && subscript.at[0] == '\'' && str_has_suffix(subscript, STR("']"));
    bool is_map = str_is(name, "metadata.annotations") || str_is(name, "metadata.labels");
    if (is_keyed && is_map) {
        struct str key = str_slice(subscript.at + 1, subscript.size - 3);
        struct problems found = { 0 };
        char *lower = arena_dupz(out->arena, key);
        for (char *c = lower; str_is(name, "metadata.annotations") && *c != '\0'; c++) {
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        }
        validate_label_key(str_of(lower), &found);
        for (size_t i = 0; i < found.len; i++) {
            causes_add_text(out, CAUSE_INVALID, path, "", str_of(lower), "%s", found.at[i]);
        }
        return;
    }
    /* ConvertDownwardAPIFieldLabel knows these; spec.host is an old name of spec.nodeName. */
    bool is_known = check_is_one_of(text, env_paths) || is_map || str_is(text, "spec.host") ||
                    str_is(text, "spec.restartPolicy") || str_is(text, "spec.schedulerName") ||
                    str_is(text, "status.phase");
    if (!is_known || is_keyed) {
        causes_add(out, CAUSE_INVALID, path, "fieldPath", field,
                   "error converting fieldPath: field label not supported: " STR_FMT,
                   STR_ARG(text));
        return;
    }
    struct str meant = str_is(text, "spec.host") ? STR("spec.nodeName") : text;
    const char *const *supported = is_volume ? volume_paths : env_paths;
    if (!check_is_one_of(meant, supported)) {
        causes_add_enum(out, path, "fieldPath", field, supported);
    }
}

void
kind_downward_check_resource(struct causes *out, struct val ref, bool is_volume,
                             const struct field_path *path)
{
    static const char *const expressions[] = {
        "limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
        "requests.cpu", "requests.ephemeral-storage", "requests.memory",
        NULL,
    };
    static const char *const cpu[] = { "1", "1m", NULL };
    static const char *const bytes[] = { "1",   "1k",  "1M",  "1G",  "1T",  "1P",  "1E",
                                         "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei", NULL };
    struct val resource = val_get(ref, "resource"), divisor = val_get(ref, "divisor");
    struct str name = val_str(resource);
    bool is_pages = str_has_prefix(name, STR("limits.hugepages-")) ||
                    str_has_prefix(name, STR("requests.hugepages-"));
    if (is_volume && !check_has(val_get(ref, "containerName"))) {
        check_required(out, path, "containerName", NULL);
    } else if (name.size == 0) {
        check_required(out, path, "resource", NULL);
    } else if (!check_is_one_of(name, expressions) && !is_pages) {
        causes_add_enum(out, path, "resource", resource, expressions);
    }
    struct quantity amount = { 0 };
    (void)quantity_parse(val_str(divisor), &amount); /* absent: 0 */
    if (amount.nano == 0) {
        return;
    }
    bool is_cpu = str_has_suffix(name, STR("s.cpu")) && !is_pages;
    bool is_known = check_is_one_of(name, expressions) || is_pages;
    const char *kind = is_pages                               ? "hugepages"
                       : str_has_suffix(name, STR(".memory")) ? "memory"
                                                              : "local ephemeral storage";
    if (is_cpu && !check_is_one_of(val_str(divisor), cpu)) {
        check_invalid(out, path, "divisor", resource,
                      "only divisor's values 1m and 1 are supported with the cpu resource");
    } else if (!is_cpu && is_known && !check_is_one_of(val_str(divisor), bytes)) {
        causes_add(out, CAUSE_INVALID, path, "divisor", resource,
                   "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei "
                   "are supported with the %s resource",
                   kind);
    }
}
