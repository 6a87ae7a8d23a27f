/* The rules of metadata: apimachinery's ValidateObjectMeta and ValidateObjectMetaUpdate.
 *
 * Called by validate.c for every object and by kinds with templates; pure, any thread. */
#include "config.h"

#include "api/validate_priv.h"

#include <stdlib.h>

#include "api/registry.h"
#include "api/schema.h"
#include "base/arena.h"
#include "base/doc.h"

enum { META_ANNOTATIONS_MAX = 256 * 1024, META_MANAGER_MAX = 128, META_SUBRESOURCE_MAX = 256 };

static void meta_check_common(struct val metadata, const struct field_path *path,
                              struct causes *out);
static void meta_check_owners(struct val owners, const struct field_path *path, struct causes *out);
static void meta_check_kube_finalizers(struct val finalizers, const struct field_path *path,
                                       struct causes *out);
static void meta_check_finalizers(struct val finalizers, const struct field_path *path,
                                  struct causes *out);
static void meta_check_managed(struct val managed, const struct field_path *path,
                               struct causes *out);
static void meta_check_new_finalizers(struct val now, struct val old, const struct field_path *path,
                                      struct causes *out);

void
validate_put_problems(const struct problems *problems, const struct field_path *path,
                      const char *dotted, struct val v, struct causes *out)
{
    for (size_t i = 0; i < problems->len; i++) {
        causes_add(out, CAUSE_INVALID, path, dotted, v, "%s", problems->at[i]);
    }
}

void
validate_put_labels(struct val labels, const struct field_path *path, const char *dotted,
                    struct causes *out)
{
    VAL_EACH (it, labels) {
        struct problems key = { 0 }, value = { 0 };
        validate_label_key(it.key, &key);
        for (size_t i = 0; i < key.len; i++) {
            causes_add_text(out, CAUSE_INVALID, path, dotted, it.key, "%s", key.at[i]);
        }
        validate_label_text(val_str(it.value), &value);
        validate_put_problems(&value, path, dotted, it.value, out);
    }
}

void
validate_meta(const struct check_in *in,
              void (*name_problems)(struct str name, bool is_prefix, struct problems *out),
              struct causes *out)
{
    struct val metadata = val_get(in->now, "metadata");
    struct field_path path = { .up = in->path, .name = "metadata", .index = -1 };
    struct val base = val_get(metadata, "generateName"), name = val_get(metadata, "name");
    struct val ns = val_get(metadata, "namespace");
    struct problems problems = { 0 };
    if (val_str(base).size > 0) {
        name_problems(val_str(base), true, &problems);
        validate_put_problems(&problems, &path, "generateName", base, out);
    }
    problems = (struct problems){ 0 };
    if (val_str(name).size == 0) {
        causes_add(out, CAUSE_REQUIRED, &path, "name", name, "name or generateName is required");
    } else {
        name_problems(val_str(name), false, &problems);
        validate_put_problems(&problems, &path, "name", name, out);
    }
    problems = (struct problems){ 0 };
    if (!resource_is_namespaced(in->resource)) {
        if (val_str(ns).size > 0) {
            causes_add(out, CAUSE_FORBIDDEN, &path, "namespace", ns, "not allowed on this type");
        }
    } else if (val_str(ns).size == 0) {
        causes_add(out, CAUSE_REQUIRED, &path, "namespace", ns, NULL);
    } else {
        validate_name_label(val_str(ns), false, &problems);
        validate_put_problems(&problems, &path, "namespace", ns, out);
    }
    struct val generation = val_get(metadata, "generation");
    if (val_int(generation, 0) < 0) {
        causes_add(out, CAUSE_INVALID, &path, "generation", generation,
                   "must be greater than or equal to 0");
    }
    meta_check_common(metadata, &path, out);
    meta_check_finalizers(val_get(metadata, "finalizers"), &path, out);
    meta_check_managed(val_get(metadata, "managedFields"), &path, out);
    if ((in->resource->flags & (RES_CRD | RES_PLAIN_FINALIZERS)) == 0) {
        meta_check_kube_finalizers(val_get(metadata, "finalizers"), &path, out);
    }
}

void
validate_meta_update(const struct check_in *in, struct causes *out)
{
    static const char *const immutable[] = {
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    };
    struct val now = val_get(in->now, "metadata"), old = val_get(in->old, "metadata");
    struct field_path path = { .up = in->path, .name = "metadata", .index = -1 };
    if (val_is(val_get(old, "deletionTimestamp"))) {
        meta_check_new_finalizers(val_get(now, "finalizers"), val_get(old, "finalizers"), &path,
                                  out);
    }
    struct val generation = val_get(now, "generation");
    if (val_int(generation, 0) < val_int(val_get(old, "generation"), 0)) {
        causes_add(out, CAUSE_INVALID, &path, "generation", generation, "must not be decremented");
    }
    for (size_t i = 0; i < sizeof(immutable) / sizeof(immutable[0]); i++) {
        struct val v = val_get(now, immutable[i]), was = val_get(old, immutable[i]);
        if (val_is(v) != val_is(was) || !val_eq(v, was)) {
            if (i < 3) {
                causes_add(out, CAUSE_INVALID, &path, immutable[i], v, "field is immutable");
            } else {
                causes_add_json(out, CAUSE_INVALID, &path, immutable[i], val_raw(v),
                                "field is immutable");
            }
        }
    }
    meta_check_common(now, &path, out);
    meta_check_managed(val_get(now, "managedFields"), &path, out);
}

/* ---- parts ---- */

static void
meta_check_common(struct val metadata, const struct field_path *path, struct causes *out)
{
    validate_put_labels(val_get(metadata, "labels"), path, "labels", out);
    validate_put_annotations(val_get(metadata, "annotations"), path, "annotations", out);
    meta_check_owners(val_get(metadata, "ownerReferences"), path, out);
}

void
validate_put_annotations(struct val annotations, const struct field_path *path, const char *dotted,
                         struct causes *out)
{
    size_t size = 0;
    VAL_EACH (it, annotations) {
        /* A qualified name, except that the prefix may have capitals. */
        char *lower = arena_dupz(out->arena, it.key);
        for (size_t i = 0; i < it.key.size; i++) {
            lower[i] =
                (char)(lower[i] >= 'A' && lower[i] <= 'Z' ? lower[i] + ('a' - 'A') : lower[i]);
        }
        struct problems problems = { 0 };
        validate_label_key(str_slice(lower, it.key.size), &problems);
        for (size_t i = 0; i < problems.len; i++) {
            causes_add_text(out, CAUSE_INVALID, path, dotted, it.key, "%s", problems.at[i]);
        }
        size += it.key.size + val_str(it.value).size;
    }
    if (size > META_ANNOTATIONS_MAX) {
        causes_add(out, CAUSE_TOO_LONG, path, dotted, annotations, "may not be more than %d bytes",
                   META_ANNOTATIONS_MAX);
    }
}

/* schema.ParseGroupVersion: at most one slash, and something behind it. */
static bool
meta_has_no_version(struct str api_version)
{
    struct str version, more;
    (void)str_cut(api_version, '/', &version);
    (void)str_cut(version, '/', &more);
    return (version.at != NULL && version.size == 0) || more.at != NULL;
}

static void
meta_check_owners(struct val owners, const struct field_path *path, struct causes *out)
{
    static const char *const members[] = { "apiVersion", "kind", "name", "uid" };
    struct field_path own = { .up = path, .name = "ownerReferences", .index = -1 };
    struct str first = { 0 };
    VAL_EACH (it, owners) {
        struct str texts[4];
        for (size_t i = 0; i < 4; i++) {
            struct val v = val_get(it.value, members[i]);
            texts[i] = val_str(v);
            bool is_bad = texts[i].size == 0 || (i == 0 && meta_has_no_version(texts[0]));
            if (is_bad) {
                causes_add(out, CAUSE_INVALID, &own, members[i], v, "%s",
                           i == 0 ? "version must not be empty" : "must not be empty");
            }
        }
        if (str_is(texts[0], "v1") && str_is(texts[1], "Event")) {
            causes_add(out, CAUSE_INVALID, &own, "", it.value,
                       "/v1, Kind=Event is disallowed from being an owner");
        }
        if (!val_bool(val_get(it.value, "controller"), false)) {
            continue;
        }
        struct str name =
            arena_printf(out->arena, STR_FMT "/" STR_FMT, STR_ARG(texts[1]), STR_ARG(texts[2]));
        if (first.at != NULL) {
            causes_add(out, CAUSE_INVALID, &own, "", owners,
                       "Only one reference can have Controller set to true. Found \"true\" in "
                       "references for " STR_FMT " and " STR_FMT,
                       STR_ARG(first), STR_ARG(name));
        } else {
            first = name;
        }
    }
}

static void
meta_check_finalizers(struct val finalizers, const struct field_path *path, struct causes *out)
{
    bool has_orphan = false, has_foreground = false;
    VAL_EACH (it, finalizers) {
        struct problems problems = { 0 };
        validate_label_key(val_str(it.value), &problems);
        validate_put_problems(&problems, path, "finalizers", it.value, out);
        has_orphan |= val_is_str(it.value, "orphan");
        has_foreground |= val_is_str(it.value, "foregroundDeletion");
    }
    if (has_orphan && has_foreground) {
        causes_add(out, CAUSE_INVALID, path, "finalizers", finalizers,
                   "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/* validateKubeFinalizerName: what kubernetes' own kinds ask beyond apimachinery. */
static void
meta_check_kube_finalizers(struct val finalizers, const struct field_path *path, struct causes *out)
{
    struct field_path list = { .up = path, .name = "finalizers", .index = -1 };
    struct field_path item = { .up = &list, .index = 0 };
    VAL_EACH (it, finalizers) {
        struct str name = val_str(it.value);
        bool is_standard = str_is(name, "kubernetes") || str_is(name, "orphan") ||
                           str_is(name, "foregroundDeletion");
        if (!str_contains(name, STR("/")) && !is_standard) {
            causes_add(out, CAUSE_INVALID, &item, "", it.value,
                       "name is neither a standard finalizer name nor is it fully qualified");
        }
        item.index++;
    }
}

static void
meta_check_managed(struct val managed, const struct field_path *path, struct causes *out)
{
    struct field_path own = { .up = path, .name = "managedFields", .index = -1 };
    struct field_path item = { .up = &own, .index = 0 };
    VAL_EACH (it, managed) {
        struct val operation = val_get(it.value, "operation");
        struct val type = val_get(it.value, "fieldsType");
        if (!val_is_str(operation, "Apply") && !val_is_str(operation, "Update")) {
            causes_add(out, CAUSE_INVALID, &item, "operation", operation,
                       "must be `Apply` or `Update`");
        }
        if (val_str(type).size > 0 && !val_is_str(type, "FieldsV1")) {
            causes_add(out, CAUSE_INVALID, &item, "fieldsType", type, "must be `FieldsV1`");
        }
        if (val_str(val_get(it.value, "manager")).size > META_MANAGER_MAX) {
            causes_add(out, CAUSE_TOO_LONG, &item, "manager", type, "may not be more than %d bytes",
                       META_MANAGER_MAX);
        }
        if (val_str(val_get(it.value, "subresource")).size > META_SUBRESOURCE_MAX) {
            causes_add(out, CAUSE_TOO_LONG, &item, "subresource", type,
                       "may not be more than %d bytes", META_SUBRESOURCE_MAX);
        }
        item.index++;
    }
}

static int
meta_str_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void
meta_check_new_finalizers(struct val now, struct val old, const struct field_path *path,
                          struct causes *out)
{
    struct str *extra = arena_array(out->arena, val_len(now), sizeof(*extra));
    size_t len = 0;
    VAL_EACH (it, now) {
        bool found = false;
        VAL_EACH (was, old) {
            found |= val_eq(was.value, it.value);
        }
        for (size_t i = 0; i < len && !found; i++) {
            found = str_eq(extra[i], val_str(it.value));
        }
        if (!found) {
            extra[len++] = val_str(it.value);
        }
    }
    if (len == 0) {
        return;
    }
    qsort(extra, len, sizeof(*extra), meta_str_cmp);
    AUTO_STR struct str_builder list = { 0 };
    for (size_t i = 0; i < len; i++) {
        str_putf(&list, "%s\"" STR_FMT "\"", i == 0 ? "" : ", ", STR_ARG(extra[i]));
    }
    causes_add(out, CAUSE_FORBIDDEN, path, "finalizers", now,
               "no new finalizers can be added if the object is being deleted, found new "
               "finalizers []string{" STR_FMT "}",
               STR_ARG(str_view(&list)));
}
