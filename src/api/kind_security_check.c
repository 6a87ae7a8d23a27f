/* Rules of security contexts: ValidateSecurityContext, validatePodSpecSecurityContext and what
 * depends on the pod's system (validateOS, validateLinux, validateWindows) of release 1.35.
 *
 * Called by kind_pod_check.c and kind_container_check.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum {
    SECURITY_ID_MAX = INT32_MAX,
    SECURITY_SYSCTL_MAX = 253,
    SECURITY_PROFILE_MAX = 4095, /* PATH_MAX - 1 */
    SECURITY_GMSA_MAX_KIB = 64,
    SECURITY_WINDOWS_DOMAIN_MAX = 256,
    SECURITY_WINDOWS_USER_MAX = 104,
    SECURITY_NETBIOS_MAX = 15,
};
static const char *const security_profiles[] = { "Localhost", "RuntimeDefault", "Unconfined",
                                                 NULL };

static const char security_not_windows[] = "cannot be set for a windows pod";
static const char security_not_linux[] = "windows options cannot be set for a linux pod";

static void
security_check_id(struct causes *out, const struct field_path *path, const char *member,
                  struct val v)
{
    if (val_is(v)) {
        check_range(out, path, member, v, 0, SECURITY_ID_MAX);
    }
}

static void
security_check_seccomp(struct causes *out, struct val profile, const struct field_path *path)
{
    struct val type = val_get(profile, "type"), file = val_get(profile, "localhostProfile");
    if (!val_is(profile)) {
        return;
    }
    if (!check_has(type)) {
        check_required(out, path, "type", "type is required when seccompProfile is set");
    } else {
        check_enum_as(out, path, "type", type, security_profiles);
    }
    if (!val_is_str(type, "Localhost")) {
        if (val_is(file)) {
            check_invalid(out, path, "localhostProfile", profile,
                          "can only be set when seccomp type is Localhost");
        }
    } else if (!val_is(file)) {
        check_required(out, path, "localhostProfile", "must be set when seccomp type is Localhost");
    } else {
        check_relative_path(out, path, "localhostProfile", file);
    }
}

static void
security_check_app_armor(struct causes *out, struct val profile, const struct field_path *path)
{
    static const char required[] = "must be set when AppArmor type is Localhost";
    struct val type = val_get(profile, "type"), file = val_get(profile, "localhostProfile");
    struct str text = val_str(file);
    if (!val_is(profile)) {
        return;
    }
    if (!check_has(type)) {
        check_required(out, path, "type", "type is required when appArmorProfile is set");
    } else if (!check_is_one_of(val_str(type), security_profiles)) {
        causes_add_enum(out, path, "type", type, security_profiles);
    } else if (!val_is_str(type, "Localhost")) {
        if (val_is(file)) {
            check_invalid(out, path, "localhostProfile", file,
                          "can only be set when AppArmor type is Localhost");
        }
    } else if (!val_is(file)) {
        check_required(out, path, "localhostProfile", required);
    } else {
        if (str_trim(text).size != text.size) {
            check_invalid(out, path, "localhostProfile", file,
                          "must not be padded with whitespace");
        } else if (text.size == 0) {
            check_required(out, path, "localhostProfile", required);
        }
        if (text.size > SECURITY_PROFILE_MAX) {
            check_too_long(out, path, "localhostProfile", SECURITY_PROFILE_MAX);
        }
    }
}

/* ---- Windows ---- */

static bool
security_has_any(struct str text, const char *chars)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '\0' && strchr(chars, text.at[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool
security_has_control(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

/* A NetBIOS name or a DNS name. */
static bool
security_is_domain(struct str domain)
{
    static const char refused[] = "\\/:*?\"<>|";
    bool is_netbios = domain.size >= 1 && domain.size <= SECURITY_NETBIOS_MAX &&
                      domain.at[0] != '.' && !security_has_any(domain, refused);
    struct problems found = { 0 };
    validate_name_subdomain(domain, false, &found);
    return is_netbios || found.len == 0;
}

static void
security_check_windows_user(struct causes *out, struct val name, const struct field_path *path)
{
    static const char member[] = "runAsUserName";
    struct str rest = { 0 }, text = val_str(name);
    struct str domain = str_cut(text, '\\', &rest);
    bool has_domain = rest.at != NULL;
    struct str user = has_domain ? rest : domain;
    if (text.size == 0) {
        check_invalid(out, path, member, name, "runAsUserName cannot be an empty string");
        return;
    }
    if (security_has_control(text)) {
        check_invalid(out, path, member, name, "runAsUserName cannot contain control characters");
        return;
    }
    if (has_domain && memchr(user.at, '\\', user.size) != NULL) {
        check_invalid(out, path, member, name,
                      "runAsUserName cannot contain more than one backslash");
        return;
    }
    if (has_domain && domain.size >= SECURITY_WINDOWS_DOMAIN_MAX) {
        causes_add(out, CAUSE_INVALID, path, member, name,
                   "runAsUserName's Domain length must be under %d characters",
                   SECURITY_WINDOWS_DOMAIN_MAX);
    }
    if (has_domain && !security_is_domain(domain)) {
        check_invalid(out, path, member, name,
                      "runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
    if (user.size == 0) {
        check_invalid(out, path, member, name, "runAsUserName's User cannot be empty");
    } else if (user.size > SECURITY_WINDOWS_USER_MAX) {
        causes_add(out, CAUSE_INVALID, path, member, name,
                   "runAsUserName's User length must not be longer than %d characters",
                   SECURITY_WINDOWS_USER_MAX);
    }
    size_t plain = 0;
    while (plain < user.size && (user.at[plain] == '.' || user.at[plain] == ' ')) {
        plain++;
    }
    if (user.size > 0 && plain == user.size) {
        check_invalid(out, path, member, name,
                      "runAsUserName's User cannot contain only periods or spaces");
    }
    if (security_has_any(user, "\"/\\:;|=,+*?<>@[]")) {
        check_invalid(out, path, member, name,
                      "runAsUserName's User cannot contain the following characters: "
                      "\"/\\:;|=,+*?<>@[]");
    }
}

static void
security_check_windows(struct causes *out, struct val options, const struct field_path *path)
{
    struct val name = val_get(options, "gmsaCredentialSpecName");
    struct val spec = val_get(options, "gmsaCredentialSpec");
    struct val user = val_get(options, "runAsUserName");
    if (val_is(name)) {
        check_name(out, path, "gmsaCredentialSpecName", name, validate_name_subdomain);
    }
    if (val_is(spec) && val_str(spec).size == 0) {
        check_invalid(out, path, "gmsaCredentialSpec", spec,
                      "gmsaCredentialSpec cannot be an empty string");
    } else if (val_str(spec).size > SECURITY_GMSA_MAX_KIB * 1024) {
        causes_add(out, CAUSE_INVALID, path, "gmsaCredentialSpec", spec,
                   "gmsaCredentialSpec size must be under %d KiB", SECURITY_GMSA_MAX_KIB);
    }
    if (val_is(user)) {
        security_check_windows_user(out, user, path);
    }
}

/* ---- containers ---- */

void
kind_security_check_container(const struct pod_check *pod, struct val context,
                              const struct field_path *path)
{
    static const char *const mounts[] = { "Default", "Unmasked", NULL };
    struct causes *out = pod->out;
    struct val mount = val_get(context, "procMount");
    struct val escalation = val_get(context, "allowPrivilegeEscalation");
    struct field_path seccomp = check_at(path, "seccompProfile");
    struct field_path windows = check_at(path, "windowsOptions");
    struct field_path app_armor = check_at(path, "appArmorProfile");
    if (!val_is(context)) {
        return;
    }
    security_check_id(out, path, "runAsUser", val_get(context, "runAsUser"));
    security_check_id(out, path, "runAsGroup", val_get(context, "runAsGroup"));
    if (val_is(mount)) {
        check_enum_as(out, path, "procMount", mount, mounts);
        if (pod->uses_host_users && val_is_str(mount, "Unmasked")) {
            check_invalid(out, path, "procMount", mount,
                          "`hostUsers` must be false to use `Unmasked`");
        }
    }
    security_check_seccomp(out, val_get(context, "seccompProfile"), &seccomp);
    if (val_is(escalation) && !val_bool(escalation, true)) {
        if (val_bool(val_get(context, "privileged"), false)) {
            check_invalid(out, path, NULL, context,
                          "cannot set `allowPrivilegeEscalation` to false and `privileged` to "
                          "true");
        }
        VAL_EACH (it, val_at(context, "capabilities.add")) {
            if (val_is_str(it.value, "CAP_SYS_ADMIN")) {
                check_invalid(out, path, NULL, context,
                              "cannot set `allowPrivilegeEscalation` to false and "
                              "`capabilities.Add` CAP_SYS_ADMIN");
            }
        }
    }
    security_check_windows(out, val_get(context, "windowsOptions"), &windows);
    security_check_app_armor(out, val_get(context, "appArmorProfile"), &app_armor);
}

/* ---- sysctls ---- */

/* Segments of lower case letters, digits, '-' and '_' between dots or slashes. */
static bool
security_is_sysctl(struct str name)
{
    bool is_start = true, is_end = false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_cut = c == '.' || c == '/';
        if ((is_cut && !is_end) || (is_start && !is_plain) ||
            (!is_plain && !is_cut && c != '-' && c != '_')) {
            return false;
        }
        is_start = is_cut;
        is_end = is_plain;
    }
    return is_end && name.size <= SECURITY_SYSCTL_MAX;
}

/* The namespace that a sysctl belongs to: "hostNetwork", "hostIPC" or NULL. */
static const char *
security_sysctl_scope(struct str name, struct arena *arena)
{
    static const char *const ipc[] = {
        "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
        "kernel.shm", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg",
        NULL,
    };
    /* A first slash swaps both separators. */
    size_t first = 0;
    while (first < name.size && name.at[first] != '.' && name.at[first] != '/') {
        first++;
    }
    if (first < name.size && name.at[first] == '/') {
        char *swapped = arena_alloc(arena, name.size);
        for (size_t i = 0; i < name.size; i++) {
            char c = name.at[i];
            swapped[i] = c == '/' ? '.' : c == '.' ? '/' : c;
        }
        name = str_slice(swapped, name.size);
    }
    if (str_has_prefix(name, STR("net."))) {
        return "hostNetwork";
    }
    bool is_ipc = check_is_one_of(name, ipc) || str_has_prefix(name, STR("fs.mqueue."));
    return is_ipc ? "hostIPC" : NULL;
}

static void
security_check_sysctls(const struct pod_check *pod, struct val sysctls,
                       const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "sysctls");
    struct check_seen seen = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, sysctls) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name");
        const char *scope = security_sysctl_scope(val_str(name), out->arena);
        if (!check_has(name)) {
            check_required(out, &item, "name", NULL);
        } else if (!security_is_sysctl(val_str(name))) {
            causes_add(out, CAUSE_INVALID, &item, "name", name,
                       "must have at most %d characters and match regex "
                       "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
                       SECURITY_SYSCTL_MAX);
        } else if (check_seen_has(&seen, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        }
        if (scope != NULL && val_bool(val_get(pod->spec, scope), false)) {
            causes_add(out, CAUSE_INVALID, &item, "name", name,
                       "may not be specified when '%s' is true", scope);
        }
        check_seen_add(&seen, val_str(name));
    }
}

/* ---- pods ---- */

void
kind_security_check_pod(const struct pod_check *pod, const struct field_path *spec_path)
{
    static const struct {
        const char *member;
        const char *values[3];
    } policies[] = {
        { "supplementalGroupsPolicy", { "Merge", "Strict" } },
        { "seLinuxChangePolicy", { "Recursive" } }, /* MountOption: of a feature that is off */
    };
    static const char *const group_changes[] = { "Always", "OnRootMismatch", NULL };
    struct causes *out = pod->out;
    struct field_path path = check_at(spec_path, "securityContext");
    struct field_path groups = check_at(&path, "supplementalGroups");
    struct field_path seccomp = check_at(&path, "seccompProfile");
    struct field_path windows = check_at(&path, "windowsOptions");
    struct field_path app_armor = check_at(&path, "appArmorProfile");
    struct val context = val_get(pod->spec, "securityContext");
    struct val share = val_get(pod->spec, "shareProcessNamespace");
    struct val change = val_get(context, "fsGroupChangePolicy");
    size_t index = 0;
    security_check_id(out, &path, "fsGroup", val_get(context, "fsGroup"));
    security_check_id(out, &path, "runAsUser", val_get(context, "runAsUser"));
    security_check_id(out, &path, "runAsGroup", val_get(context, "runAsGroup"));
    VAL_EACH (it, val_get(context, "supplementalGroups")) {
        struct field_path item = check_item(&groups, index++);
        security_check_id(out, &item, NULL, it.value);
    }
    if (val_bool(share, false) && val_bool(val_get(pod->spec, "hostPID"), false)) {
        check_invalid(out, &path, "shareProcessNamespace", share,
                      "ShareProcessNamespace and HostPID cannot both be enabled");
    }
    security_check_sysctls(pod, val_get(context, "sysctls"), &path);
    if (val_is(change)) {
        check_enum_as(out, &path, "fsGroupChangePolicy", change, group_changes);
    }
    security_check_seccomp(out, val_get(context, "seccompProfile"), &seccomp);
    security_check_windows(out, val_get(context, "windowsOptions"), &windows);
    security_check_app_armor(out, val_get(context, "appArmorProfile"), &app_armor);
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct val policy = val_get(context, policies[i].member);
        if (val_is(policy)) {
            check_enum_as(out, &path, policies[i].member, policy, policies[i].values);
        }
    }
}

/* ---- the pod's system ---- */

typedef void security_visit_fn(const struct pod_check *pod, struct val container,
                               const struct field_path *path);

static void
security_visit(const struct pod_check *pod, const struct field_path *spec_path,
               security_visit_fn *visit)
{
    static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(spec_path, lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(pod->spec, lists[i])) {
            struct field_path item = check_item(&list, index++);
            visit(pod, it.value, &item);
        }
    }
}

static void
security_visit_windows(const struct pod_check *pod, struct val container,
                       const struct field_path *path)
{
    static const char *const members[] = {
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    };
    struct field_path at = check_at(path, "securityContext");
    struct val context = val_get(container, "securityContext");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (val_is(val_get(context, members[i]))) {
            check_forbidden(pod->out, &at, members[i], security_not_windows);
        }
    }
}

static void
security_visit_linux(const struct pod_check *pod, struct val container,
                     const struct field_path *path)
{
    if (val_is(val_at(container, "securityContext.windowsOptions"))) {
        check_forbidden(pod->out, path, "securityContext.windowsOptions", security_not_linux);
    }
}

static void
security_check_on_windows(const struct pod_check *pod, const struct field_path *spec_path)
{
    static const struct {
        const char *member;
        bool is_in_context;
    } members[] = {
        { "appArmorProfile", true },
        { "seLinuxOptions", true },
        { "hostUsers", false },
        { "hostPID", false },
        { "hostIPC", false },
        { "seccompProfile", true },
        { "fsGroup", true },
        { "fsGroupChangePolicy", true },
        { "sysctls", true },
        { "shareProcessNamespace", false },
        { "runAsUser", true },
        { "runAsGroup", true },
        { "supplementalGroups", true },
        { "supplementalGroupsPolicy", true },
        { "seLinuxChangePolicy", true },
    };
    struct field_path path = check_at(spec_path, "securityContext");
    struct val context = val_get(pod->spec, "securityContext");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        bool is_in = members[i].is_in_context;
        if (val_is(val_get(is_in ? context : pod->spec, members[i].member))) {
            check_forbidden(pod->out, is_in ? &path : spec_path, members[i].member,
                            security_not_windows);
        }
    }
    security_visit(pod, spec_path, security_visit_windows);
}

void
kind_security_check_os(const struct pod_check *pod, const struct field_path *spec_path)
{
    static const char *const systems[] = { "linux", "windows", NULL };
    static const char options[] = "securityContext.windowsOptions";
    struct val os = val_get(pod->spec, "os"), name = val_get(os, "name");
    if (!val_is(os)) {
        return;
    }
    if (!check_has(name)) {
        check_required(pod->out, spec_path, "os.name", NULL);
    } else if (val_is_str(name, "linux")) {
        if (val_is(val_at(pod->spec, options))) {
            check_forbidden(pod->out, spec_path, options, security_not_linux);
        }
        security_visit(pod, spec_path, security_visit_linux);
    } else if (val_is_str(name, "windows")) {
        security_check_on_windows(pod, spec_path);
    } else {
        causes_add_enum(pod->out, spec_path, "os", name, systems);
    }
}

/* validateHostUsers, with the names that upstream prints. */
static void
security_visit_devices(const struct pod_check *pod, struct val container,
                       const struct field_path *path)
{
    if (val_len(val_get(container, "volumeDevices")) > 0) {
        check_forbidden(pod->out, path, "volumeDevices", "when `hostUsers` is false");
    }
}

void
kind_security_check_host_users(const struct pod_check *pod, const struct field_path *spec_path)
{
    static const char *const members[][2] = { { "hostNetwork", "hostNetwork" },
                                              { "hostPID", "HostPID" },
                                              { "hostIPC", "HostIPC" } };
    if (pod->uses_host_users) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (val_bool(val_get(pod->spec, members[i][0]), false)) {
            check_forbidden(pod->out, spec_path, members[i][1], "when `hostUsers` is false");
        }
    }
    security_visit(pod, spec_path, security_visit_devices);
}

/* ---- host processes of Windows ---- */

void
kind_security_check_host_process(const struct pod_check *pod, const struct field_path *spec_path)
{
    static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
    static const char member[] = "securityContext.windowsOptions.hostProcess";
    struct causes *out = pod->out;
    struct val own = val_at(pod->spec, member);
    struct val network = val_get(pod->spec, "hostNetwork");
    size_t len = 0, host_len = 0;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(spec_path, lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(pod->spec, lists[i])) {
            struct field_path item = check_item(&list, index++);
            struct val its = val_at(it.value, member);
            len++;
            if (val_is(own) && val_is(its) && val_bool(own, false) != val_bool(its, false)) {
                causes_add(out, CAUSE_INVALID, &item, member, its,
                           "pod hostProcess value must be identical if both are specified, was %s",
                           val_bool(own, false) ? "true" : "false");
            }
            host_len += val_bool(val_is(its) ? its : own, false) ? 1 : 0;
        }
    }
    if (host_len > 0 && host_len != len) {
        causes_add_text(out, CAUSE_INVALID, spec_path, "", STR(""),
                        "If pod contains any hostProcess containers then all containers must be "
                        "HostProcess containers");
    }
    if (host_len > 0 && !val_bool(network, false)) {
        causes_add_json(out, CAUSE_INVALID, spec_path, "hostNetwork", STR("false"),
                        "hostNetwork must be true if pod contains any hostProcess containers");
    }
}
