/* Rules of annotations that mean something for pods: mirror pods, deletion cost, and the AppArmor and
 * seccomp annotations of former releases, which must agree with the fields that replaced them.
 *
 * Called by kind_pod_check.c and kind_pod_update_check.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "base/arena.h"
#include "base/mem.h"

static const char annotation_mirror[] = "kubernetes.io/config.mirror";
static const char annotation_cost[] = "controller.kubernetes.io/pod-deletion-cost";
static const char annotation_seccomp_pod[] = "seccomp.security.alpha.kubernetes.io/pod";
static const char annotation_seccomp[] = "container.seccomp.security.alpha.kubernetes.io/";
static const char annotation_app_armor[] = "container.apparmor.security.beta.kubernetes.io/";
static const char annotation_localhost[] = "localhost/";

static bool
annotation_has_prefix(struct str text, const char *prefix, struct str *ret_rest)
{
    size_t size = strlen(prefix);
    bool has = str_has_prefix(text, str_of(prefix));
    *ret_rest = has ? str_slice(text.at + size, text.size - size) : (struct str){ 0 };
    return has;
}

static bool
annotation_names_container(struct val spec, struct str name)
{
    static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(spec, lists[i])) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                return true;
            }
        }
    }
    return false;
}

static bool
annotation_is_cost(struct str text)
{
    int64_t number = 0;
    bool is_first = text.size > 0 && (text.at[0] == '-' || text.at[0] != '0' || text.size == 1);
    return is_first && str_to_int(text, &number) && number >= INT32_MIN && number <= INT32_MAX;
}

static void
annotation_check_seccomp(struct causes *out, struct val_iter it, const struct field_path *path)
{
    struct field_path at = { .up = path, .index = -1 };
    struct str rest = { 0 }, text = val_str(it.value);
    char *name = arena_dupz(out->arena, it.key);
    at.name = name;
    if (annotation_has_prefix(text, annotation_localhost, &rest)) {
        if (str_has_prefix(rest, STR("/"))) {
            causes_add_text(out, CAUSE_INVALID, &at, "", rest, "must be a relative path");
        }
        for (struct str left = rest; left.at != NULL;) {
            if (str_is(str_cut(left, '/', &left), "..")) {
                causes_add_text(out, CAUSE_INVALID, &at, "", rest, "must not contain '..'");
                break;
            }
        }
    } else if (!str_is(text, "runtime/default") && !str_is(text, "docker/default") &&
               !str_is(text, "unconfined")) {
        check_invalid(out, &at, NULL, it.value, "must be a valid seccomp profile");
    }
}

static void
annotation_check_app_armor(const struct pod_check *pod, struct val_iter it, struct str container,
                           const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path at = check_key(path, it.key);
    struct str text = val_str(it.value);
    if (!annotation_names_container(pod->spec, container)) {
        causes_add_text(out, CAUSE_INVALID, &at, "", container, "container not found");
    }
    if (text.size > 0 && !str_is(text, "runtime/default") && !str_is(text, "unconfined") &&
        !str_has_prefix(text, str_of(annotation_localhost))) {
        causes_add(out, CAUSE_INVALID, &at, "", it.value,
                   "invalid AppArmor profile name: \"" STR_FMT "\"", STR_ARG(text));
    }
}

/* ValidatePodSpecificAnnotations */
void
kind_pod_annotation_check(const struct pod_check *pod, const struct field_path *path)
{
    struct val annotations = val_get(pod->meta, "annotations");
    struct val mirror = val_member(annotations, str_of(annotation_mirror));
    struct val cost = val_member(annotations, str_of(annotation_cost));
    struct str container = { 0 };
    if (!val_is(annotations)) {
        return;
    }
    if (val_is(mirror) && !check_has(val_get(pod->spec, "nodeName"))) {
        struct field_path at = check_key(path, str_of(annotation_mirror));
        check_invalid(pod->out, &at, NULL, mirror,
                      "must set spec.nodeName if mirror pod annotation is set");
    }
    if (val_is(cost) && !annotation_is_cost(val_str(cost))) {
        struct field_path at = check_key(path, str_of(annotation_cost));
        check_invalid(pod->out, &at, NULL, cost, "must be a 32bit integer");
    }
    VAL_EACH (it, annotations) {
        if (str_is(it.key, annotation_seccomp_pod) ||
            annotation_has_prefix(it.key, annotation_seccomp, &container)) {
            annotation_check_seccomp(pod->out, it, path);
        }
    }
    VAL_EACH (it, annotations) {
        if (annotation_has_prefix(it.key, annotation_app_armor, &container)) {
            annotation_check_app_armor(pod, it, container, path);
        }
    }
}

/* ValidatePodSpecificAnnotationUpdates */
void
kind_pod_annotation_check_update(const struct pod_check *pod, struct val old_annotations,
                                 const struct field_path *path)
{
    struct val annotations = val_get(pod->meta, "annotations");
    struct str rest = { 0 };
    VAL_EACH (it, old_annotations) {
        struct field_path at = check_key(path, it.key);
        if (val_eq(val_member(annotations, it.key), it.value)) {
            continue;
        }
        if (annotation_has_prefix(it.key, annotation_app_armor, &rest)) {
            check_forbidden(pod->out, &at, NULL, "may not remove or update AppArmor annotations");
        } else if (str_is(it.key, annotation_mirror)) {
            check_forbidden(pod->out, &at, NULL, "may not remove or update mirror pod annotation");
        }
    }
    VAL_EACH (it, annotations) {
        struct field_path at = check_key(path, it.key);
        if (val_is(val_member(old_annotations, it.key))) {
            continue;
        }
        if (annotation_has_prefix(it.key, annotation_app_armor, &rest)) {
            check_forbidden(pod->out, &at, NULL, "may not add AppArmor annotations");
        } else if (str_is(it.key, annotation_mirror)) {
            check_forbidden(pod->out, &at, NULL, "may not add mirror pod annotation");
        }
    }
    kind_pod_annotation_check(pod, path);
}

/* ---- annotations and fields ---- */

struct annotation_match {
    const char *field;    /* "seccompProfile" */
    const char *words[2]; /* "seccomp type in …", "seccomp profile in …" */
    bool is_docker_default;
};
static const struct annotation_match annotation_seccomp_match = {
    .field = "seccompProfile",
    .words = { "seccomp type in annotation and field must match",
               "seccomp profile in annotation and field must match" },
    .is_docker_default = true,
};
static const struct annotation_match annotation_app_armor_match = {
    .field = "appArmorProfile",
    .words = { "apparmor type in annotation and field must match",
               "apparmor profile in annotation and field must match" },
};

static void
annotation_check_match(struct causes *out, const struct annotation_match *match,
                       struct val annotation, struct val profile, const struct field_path *path)
{
    struct field_path context = check_at(path, "securityContext");
    struct field_path at = check_at(&context, match->field);
    struct str rest = { 0 }, text = val_str(annotation);
    struct val type = val_get(profile, "type"), file = val_get(profile, "localhostProfile");
    bool is_wrong = false;
    if (!val_is(annotation) || !val_is(profile)) {
        return;
    }
    if (val_is_str(type, "Unconfined")) {
        is_wrong = !str_is(text, "unconfined");
    } else if (val_is_str(type, "RuntimeDefault")) {
        is_wrong = !str_is(text, "runtime/default") &&
                   !(match->is_docker_default && str_is(text, "docker/default"));
    } else if (val_is_str(type, "Localhost")) {
        is_wrong = !annotation_has_prefix(text, annotation_localhost, &rest);
        if (!is_wrong && (!val_is(file) || !str_eq(rest, val_str(file)))) {
            check_forbidden(out, &at, "localhostProfile", match->words[1]);
        }
    }
    if (is_wrong) {
        check_forbidden(out, &at, "type", match->words[0]);
    }
}

static void
annotation_check_containers(const struct pod_check *pod, const struct annotation_match *match,
                            const char *prefix, struct val pod_profile,
                            const struct field_path *spec_path)
{
    static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
    struct val annotations = val_get(pod->meta, "annotations");
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(spec_path, lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(pod->spec, lists[i])) {
            struct field_path item = check_item(&list, index++);
            struct val own = val_get(val_get(it.value, "securityContext"), match->field);
            struct str key = arena_printf(pod->out->arena, "%s" STR_FMT, prefix,
                                          STR_ARG(val_str(val_get(it.value, "name"))));
            annotation_check_match(pod->out, match, val_member(annotations, key),
                                   val_is(own) ? own : pod_profile, &item);
        }
    }
}

/* validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate */
void
kind_pod_annotation_check_fields(const struct pod_check *pod, const struct field_path *spec_path)
{
    struct val annotations = val_get(pod->meta, "annotations"), none = { 0 };
    struct val context = val_get(pod->spec, "securityContext");
    if (!val_is(annotations)) {
        return;
    }
    annotation_check_match(pod->out, &annotation_seccomp_match,
                           val_member(annotations, str_of(annotation_seccomp_pod)),
                           val_get(context, "seccompProfile"), spec_path);
    annotation_check_containers(pod, &annotation_seccomp_match, annotation_seccomp, none,
                                spec_path);
    if (!val_is_str(val_at(pod->spec, "os.name"), "windows")) {
        annotation_check_containers(pod, &annotation_app_armor_match, annotation_app_armor,
                                    val_get(context, "appArmorProfile"), spec_path);
    }
}
