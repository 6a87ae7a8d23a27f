/* Rules of ConfigMap and Namespace: validation.go and the strategies of release 1.35.
 *
 * Named by rows in kind_config.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/registry.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/doc.h"

enum { CONFIG_MAX_SIZE = 1024 * 1024 /* bytes of data, not base64 */ };

static void kind_config_check_keys(const struct check_in *in, const char *member,
                                   struct causes *out);
static size_t kind_config_size(struct val map, bool is_base64);
static void kind_namespace_check_finalizers(const struct check_in *in, bool is_indexed,
                                            struct causes *out);

/* ValidateConfigMap */
void
kind_config_check_map(struct check_in *in, struct causes *out)
{
    struct val data = val_get(in->now, "data"), binary = val_get(in->now, "binaryData");
    VAL_EACH (it, binary) {
        if (val_is(val_member(data, it.key))) {
            struct field_path path = { .name = "data", .index = -1 };
            struct field_path key = { .up = &path, .key = it.key, .index = -1 };
            causes_add_text(out, CAUSE_INVALID, &key, "", it.key,
                            "duplicate of key present in binaryData");
        }
    }
    kind_config_check_keys(in, "data", out);
    kind_config_check_keys(in, "binaryData", out);
    if (kind_config_size(data, false) + kind_config_size(binary, true) > CONFIG_MAX_SIZE) {
        causes_add(out, CAUSE_TOO_LONG, NULL, "[]", data, "may not be more than %d bytes",
                   CONFIG_MAX_SIZE);
    }
}

/* ValidateConfigMapUpdate */
void
kind_config_update_map(struct check_in *in, struct causes *out)
{
    static const char detail[] = "field is immutable when `immutable` is set";
    static const char *const members[] = { "data", "binaryData" };
    if (val_bool(val_get(in->old, "immutable"), false)) {
        struct val immutable = val_get(in->now, "immutable");
        if (!val_bool(immutable, false)) {
            causes_add(out, CAUSE_FORBIDDEN, NULL, "immutable", immutable, detail);
        }
        for (size_t i = 0; i < 2; i++) {
            struct val now = val_get(in->now, members[i]), old = val_get(in->old, members[i]);
            if (val_is(now) != val_is(old) || !val_eq(now, old)) {
                causes_add(out, CAUSE_FORBIDDEN, NULL, members[i], now, detail);
            }
        }
    }
    kind_config_check_map(in, out);
}

static void
kind_config_check_keys(const struct check_in *in, const char *member, struct causes *out)
{
    struct field_path path = { .name = member, .index = -1 };
    VAL_EACH (it, val_get(in->now, member)) {
        struct problems problems = { 0 };
        struct field_path key = { .up = &path, .key = it.key, .index = -1 };
        validate_config_key(it.key, &problems);
        for (size_t i = 0; i < problems.len; i++) {
            causes_add_text(out, CAUSE_INVALID, &key, "", it.key, "%s", problems.at[i]);
        }
    }
}

static size_t
kind_config_size(struct val map, bool is_base64)
{
    size_t size = 0;
    VAL_EACH (it, map) {
        struct str text = val_str(it.value);
        size_t padding = str_has_suffix(text, STR("=="))  ? 2
                         : str_has_suffix(text, STR("=")) ? 1
                                                          : 0;
        size += is_base64 ? text.size / 4 * 3 - padding : text.size;
    }
    return size;
}

/* stringData is only a way to write data. */
void
kind_config_fill_secret(struct fill *fill)
{
    struct val texts = fill_get(fill, "stringData");
    if (val_len(texts) == 0) {
        return;
    }
    struct jw out;
    jw_init(&out, fill->arena);
    jw_obj(&out);
    VAL_EACH (it, texts) {
        jw_key(&out, it.key);
        jw_str(&out, base64_encode(val_str(it.value), fill->arena));
    }
    jw_end(&out);
    struct doc *doc = doc_trust(fill->arena, jw_done(&out));
    fill_set(fill, "data", kinds_merged(fill->arena, doc_root(doc), fill_get(fill, "data")));
    fill_drop(fill, "stringData");
}

/* Of the secrets of a service account only their names count. */
void
kind_service_account_prepare(struct prepare *p)
{
    struct val secrets = val_get(p->now, "secrets");
    struct jw out;
    bool has_more = false;
    jw_init(&out, p->arena);
    jw_arr(&out);
    VAL_EACH (it, secrets) {
        struct val name = val_get(it.value, "name");
        jw_obj(&out);
        jw_kv(&out, "name", val_str(name));
        jw_end(&out);
        has_more |= val_len(it.value) > (val_is(name) ? 1 : 0);
    }
    jw_end(&out);
    if (has_more) {
        edit_set(p->edit, "/secrets", jw_done(&out));
    }
}

/* ---- Namespace ---- */

static const char namespace_label[] = "kubernetes.io/metadata.name";

/* SetDefaults_Namespace: a label with the name. */
void
kind_namespace_fill(struct fill *fill)
{
    struct val metadata = fill_get(fill, "metadata");
    struct val name = val_get(metadata, "name"), labels = val_get(metadata, "labels");
    if (val_str(name).size == 0 || val_eq(val_get(labels, namespace_label), name)) {
        return;
    }
    struct str with = kinds_with_key(fill->arena, labels, namespace_label, val_raw(name));
    fill_set(fill, "metadata",
             kinds_with_member(fill->arena, &type_meta_object_meta, metadata, "labels", with));
}

void
kind_namespace_create(struct prepare *p)
{
    bool has_finalizer = false;
    struct val finalizers = val_at(p->now, "spec.finalizers");
    VAL_EACH (it, finalizers) {
        has_finalizer |= val_is_str(it.value, "kubernetes");
    }
    if (!has_finalizer) {
        edit_set(p->edit, val_len(finalizers) > 0 ? "/spec/finalizers/-" : "/spec/finalizers",
                 val_len(finalizers) > 0 ? STR("\"kubernetes\"") : STR("[\"kubernetes\"]"));
    }
    edit_set(p->edit, "/status", STR("{\"phase\":\"Active\"}"));
    struct val name = val_at(p->now, "metadata.name");
    if (val_str(name).size > 0) { /* one that was generated, too */
        edit_set(p->edit, "/metadata/labels/kubernetes.io~1metadata.name", val_raw(name));
    }
}

void
kind_namespace_update(struct prepare *p)
{
    bool is_status = p->subresource != NULL && strcmp(p->subresource, "status") == 0;
    bool is_finalize = p->subresource != NULL && strcmp(p->subresource, "finalize") == 0;
    if (!is_status) {
        kinds_prepare_keep(p, "status");
    }
    if (!is_finalize) {
        kinds_prepare_keep(p, "spec"); /* finalizers are all that a spec has */
    }
}

/* The first DELETE only marks it; it goes when spec.finalizers is empty, too (REST.Delete of
 * kubernetes/pkg/registry/core/namespace/storage). */
bool
kind_namespace_delete(struct prepare *p)
{
    if (!val_is_str(val_at(p->now, "status.phase"), "Terminating")) {
        edit_set(p->edit, "/status/phase", STR("\"Terminating\""));
    }
    return !val_is(val_at(p->now, "metadata.deletionTimestamp")) ||
           val_len(val_at(p->now, "spec.finalizers")) > 0;
}

void
kind_namespace_check(struct check_in *in, struct causes *out)
{
    kind_namespace_check_finalizers(in, false, out);
}

void
kind_namespace_check_update(struct check_in *in, struct causes *out)
{
    if (in->subresource == NULL) {
        kind_namespace_check_finalizers(in, false, out);
    } else if (strcmp(in->subresource, "finalize") == 0) {
        kind_namespace_check_finalizers(in, true, out);
    } else {
        struct val phase = val_at(in->now, "status.phase");
        bool is_deleted = val_is(val_at(in->now, "metadata.deletionTimestamp"));
        if (!is_deleted && !val_is_str(phase, "Active")) {
            causes_add(out, CAUSE_INVALID, NULL, "status.Phase", phase,
                       "may only be 'Active' if `deletionTimestamp` is empty");
        } else if (is_deleted && !val_is_str(phase, "Terminating")) {
            causes_add(out, CAUSE_INVALID, NULL, "status.Phase", phase,
                       "may only be 'Terminating' if `deletionTimestamp` is not empty");
        }
    }
}

/* validateFinalizerName of each; only the finalize subresource names the index. */
static void
kind_namespace_check_finalizers(const struct check_in *in, bool is_indexed, struct causes *out)
{
    struct field_path spec = { .name = "spec", .index = -1 };
    struct field_path path = { .up = &spec, .name = "finalizers", .index = -1 };
    struct field_path item = { .up = &path, .index = 0 };
    VAL_EACH (it, val_at(in->now, "spec.finalizers")) {
        const struct field_path *at = is_indexed ? &item : &path;
        struct problems problems = { 0 };
        struct str name = val_str(it.value);
        validate_label_key(name, &problems);
        validate_put_problems(&problems, at, "", it.value, out);
        bool is_standard = str_is(name, "kubernetes") || str_is(name, "orphan") ||
                           str_is(name, "foregroundDeletion");
        if (!str_contains(name, STR("/")) && !is_standard) {
            causes_add(out, CAUSE_INVALID, at, "", it.value,
                       "name is neither a standard finalizer name nor is it fully qualified");
        }
        item.index++;
    }
}
