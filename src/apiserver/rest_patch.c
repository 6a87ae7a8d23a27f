/* PATCH of all kinds: what the body says, and the object that it makes of the one that is there.
 *
 * JSON, merge and strategic patches and server-side apply, with the texts of
 * apiserver/pkg/endpoints/handlers/patch.go. rest_write.c goes on with the result. Loop thread. */
#include "config.h"

#include "apiserver/rest_patch.h"

#include <string.h>

#include "api/decode.h"
#include "api/managed.h"
#include "api/object.h"
#include "api/patch.h"
#include "api/quote.h"
#include "api/schema.h"
#include "api/tree.h"
#include "apiserver/req_body.h"
#include "apiserver/req_impl.h"
#include "apiserver/rest_sub.h"
#include "apiserver/rest_write.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"

/* ---- the body ---- */

enum { SORTED_MAX = 1000 /* members of an object that an error message sorts */ };

static const struct patch_type {
    const char *media;
    enum patch_kind kind;
} patch_types[] = {
    { "application/json-patch+json", PATCH_KIND_JSON },
    { "application/merge-patch+json", PATCH_KIND_MERGE },
    { "application/strategic-merge-patch+json", PATCH_KIND_STRATEGIC },
    { "application/apply-patch+yaml", PATCH_KIND_APPLY },
};

/* The duplicates of the body are told after the apply itself has succeeded, as upstream does. */
static int
decode_apply(struct req *req, struct err **err)
{
    struct str json;
    AUTO_ERR struct err *why = NULL;
    if (doc_yaml_to_json_strict(req->arena, req->body, &json, &req->impl->duplicates, &why) == 0) {
        req->impl->body_doc = doc_parse(req->arena, json, &why);
    }
    if (req->impl->body_doc == NULL) {
        return err_set(err, ERR_BAD_REQUEST, "error decoding YAML: %s", why->message);
    }
    return 0;
}

static int
check_duplicates(struct req *req, struct err **err)
{
    struct str duplicates = req->impl->duplicates;
    if (duplicates.size == 0 || rest_write_mode(req) == DECODE_IGNORE) {
        return 0;
    }
    struct str text =
        arena_printf(req->arena, "error converting YAML to JSON: " STR_FMT, STR_ARG(duplicates));
    if (rest_write_mode(req) == DECODE_STRICT) {
        return err_set(err, ERR_BAD_REQUEST, "error strict decoding YAML: " STR_FMT, STR_ARG(text));
    }
    req_warn(req, text);
    return 0;
}

int
rest_patch_decode(struct req *req, struct err **err)
{
    struct str rest;
    struct str media = str_trim(str_cut(req->content_type, ';', &rest));
    for (size_t i = 0; i < ARRAY_LEN(patch_types); i++) {
        if (str_is(media, patch_types[i].media)) {
            req->patch_kind = patch_types[i].kind;
        }
    }
    bool is_crd = (req->resource->flags & RES_CRD) != 0;
    if (req->patch_kind == PATCH_KIND_NONE || (is_crd && req->patch_kind == PATCH_KIND_STRATEGIC)) {
        (void)err_set(err, ERR_UNSUPPORTED_MEDIA, "415: Unsupported Media Type");
        return err_details(err, NULL, "", NULL); /* go-restful answers: it routes by type */
    }
    if (req->patch_kind == PATCH_KIND_APPLY) {
        return decode_apply(req, err);
    }
    AUTO_ERR struct err *why = NULL;
    req->impl->body_doc = doc_parse(req->arena, req->body, &why);
    if (req->impl->body_doc == NULL) {
        bool is_merge = req->patch_kind == PATCH_KIND_MERGE;
        return err_set(err, ERR_BAD_REQUEST, "%s%s", is_merge ? "error decoding patch: " : "",
                       why->message);
    }
    return 0;
}

/* Did the client name a revision? Then a conflict is its own to solve. */
bool
rest_patch_names_revision(struct req *req)
{
    struct val body = doc_root(req->impl->body_doc);
    if (req->patch_kind != PATCH_KIND_JSON) {
        struct str rev = val_str(val_at(body, "metadata.resourceVersion"));
        return rev.size > 0 && !str_is(rev, "0");
    }
    VAL_EACH (it, body) {
        if (val_is_str(val_get(it.value, "path"), "/metadata/resourceVersion") &&
            !val_is_str(val_get(it.value, "op"), "remove")) {
            return true;
        }
    }
    return false;
}

/* ---- the step ---- */

static int
check_applied(struct req *req, struct err **err)
{
    struct val root = doc_root(req->impl->body_doc);
    const struct resource *row = rest_sub_row(req);
    struct str version = resource_api_version(row, req->arena);
    struct str given = val_str(val_get(root, "apiVersion"));
    struct str kind = val_str(val_get(root, "kind"));
    if (str_eq(given, version) && str_is(kind, row->kind)) {
        return 0;
    }
    /* schema.GroupVersionKind's text always has the slash. */
    struct str slash = str_contains(given, STR("/")) ? STR("") : STR("/");
    return err_set(err, ERR_BAD_REQUEST, "invalid object type: " STR_FMT STR_FMT ", Kind=" STR_FMT,
                   STR_ARG(slash), STR_ARG(given), STR_ARG(kind));
}

/* What a patch changes: the object, or what a subresource with a kind of its own shows of it. */
static const struct doc *
base_of(struct req *req, struct err **err)
{
    AUTO_OBJECT struct object *view = NULL;
    if (rest_sub_view(req, req->old_object, &view, err) < 0) {
        return NULL;
    }
    struct str bytes = view == req->old_object ? (struct str){ 0 } : object_bytes(view);
    return bytes.size == 0 ? req->old : doc_parse(req->arena, arena_dup(req->arena, bytes), err);
}

static int
patched(struct req *req, struct str *ret, struct err **err)
{
    struct val patch = doc_root(req->impl->body_doc);
    const struct doc *old = req->patch_kind == PATCH_KIND_APPLY ? NULL : base_of(req, err);
    if (old == NULL && *err != NULL) {
        return -1;
    }
    switch (req->patch_kind) {
    case PATCH_KIND_JSON:
        return patch_json(req->arena, old, patch, ret, err);
    case PATCH_KIND_MERGE:
        return patch_merge(req->arena, old, patch, ret, err);
    case PATCH_KIND_STRATEGIC:
        return patch_strategic(req->arena, rest_sub_row(req)->type, old, patch, ret, err);
    case PATCH_KIND_APPLY: {
        struct doc *doc = NULL;
        struct managed_in in = rest_write_managed_in(req);
        if (check_applied(req, err) < 0) {
            return -1;
        }
        const struct doc *applied = rest_sub_applied(req, err);
        if (applied == NULL || managed_apply(&in, applied, req->options.force, &doc, err) < 0) {
            return -1;
        }
        *ret = doc_bytes(doc);
        return 0;
    }
    case PATCH_KIND_NONE:
        break;
    }
    return err_set(err, ERR_INTERNAL, "a patch of no kind");
}

/* Members that a patch names twice, as kjson.UnmarshalStrict reports them: data.x, list[0].y. */
static void
find_duplicates(struct findings *out, struct val v, struct str path, const char *before)
{
    struct map seen = { 0 };
    size_t index = 0;
    static char mark;
    VAL_EACH (it, v) {
        struct str dot = path.size > 0 ? STR(".") : STR("");
        struct str at = val_type(v) == DOC_OBJECT
                            ? arena_printf(out->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(path),
                                           STR_ARG(dot), STR_ARG(it.key))
                            : arena_printf(out->arena, STR_FMT "[%zu]", STR_ARG(path), index++);
        if (val_type(v) == DOC_OBJECT && map_put(&seen, it.key, &mark) != NULL) {
            findings_add(out, "%sduplicate field \"" STR_FMT "\"", before, STR_ARG(at));
        }
        if (val_type(it.value) == DOC_OBJECT || val_type(it.value) == DOC_ARRAY) {
            find_duplicates(out, it.value, at, before);
        }
    }
    map_done(&seen, NULL);
}

/* The patched text as json-patch writes it: what it touched is sorted, the rest as it was. */
static void
touched_text(struct jw *w, struct val v, struct val patch, int depth)
{
    if (val_type(v) != DOC_OBJECT || val_len(v) > SORTED_MAX ||
        (depth > 0 && val_type(patch) != DOC_OBJECT)) {
        jw_val(w, v);
        return;
    }
    struct str last = { 0 };
    jw_obj(w);
    for (size_t left = val_len(v); left > 0; left--) {
        struct val_iter least = { 0 };
        VAL_EACH (it, v) {
            bool is_next = last.at == NULL || str_cmp(it.key, last) > 0;
            if (is_next && (least.key.at == NULL || str_cmp(it.key, least.key) < 0)) {
                least = it;
            }
        }
        if (least.key.at == NULL) {
            break; /* the rest were duplicates */
        }
        jw_key(w, least.key);
        touched_text(w, least.value, val_member(patch, least.key), depth + 1);
        last = least.key;
    }
    jw_end(w);
}

/* The operations of a JSON patch as if they were a merge patch: {} where they have looked in. */
static struct val
touched_by(struct req *req, struct val operations)
{
    AUTO_ERR struct err *err = NULL;
    struct tree *root = tree_new(req->arena, DOC_OBJECT);
    VAL_EACH (it, operations) {
        struct str path = val_str(val_get(it.value, "path"));
        struct tree *at = root;
        (void)str_cut(path, '/', &path);
        while (path.size > 0 && str_contains(path, STR("/"))) {
            struct str key = str_cut(path, '/', &path);
            struct tree *inner = tree_get(req->arena, at, key);
            if (inner == NULL) {
                inner = tree_new(req->arena, DOC_OBJECT);
                tree_set(req->arena, at, key, inner);
            }
            at = inner;
        }
    }
    const struct doc *doc = doc_parse(req->arena, tree_json(req->arena, root), &err);
    return doc == NULL ? (struct val){ 0 } : doc_root(doc);
}

static struct str
value_of_patched(struct req *req, struct str patched)
{
    AUTO_ERR struct err *err = NULL;
    const struct doc *doc = doc_parse(req->arena, patched, &err);
    struct jw w;
    if (doc == NULL) {
        return patched;
    }
    jw_init(&w, req->arena);
    struct val patch = doc_root(req->impl->body_doc);
    touched_text(&w, doc_root(doc),
                 req->patch_kind == PATCH_KIND_JSON ? touched_by(req, patch) : patch, 0);
    return jw_done(&w);
}

/* A patched object that cannot be decoded is a 422 of the patch, whose value is the patched JSON, or
 * for a strategic patch the patch itself as Go prints a map (jsonPatcher and strategicPatchObject in
 * patch.go). */
static int
undecodable_patch(struct req *req, struct str patched, const char *why, struct err **err)
{
    struct resource none = { .group = "", .version = "", .kind = "" };
    struct causes causes = { .arena = req->arena };
    struct str value = req->patch_kind == PATCH_KIND_STRATEGIC
                           ? quote_go_value(doc_root(req->impl->body_doc), req->arena)
                           : value_of_patched(req, patched);
    causes_add_text(&causes, CAUSE_INVALID, NULL, "patch", value, "%s", why);
    return causes_err(&causes, &none, STR(""), err);
}

/* What strict decoding says against the patch and its result, duplicates of the patch first. */
static const char *
strict_text(struct req *req, const struct findings *duplicates, const char *why)
{
    static const char prefix[] = "strict decoding error: ";
    if (duplicates->len == 0) {
        return why;
    }
    bool is_strict = why != NULL && strncmp(why, prefix, sizeof(prefix) - 1) == 0;
    if (why != NULL && !is_strict) {
        return why; /* it could not be decoded at all: that trumps */
    }
    AUTO_STR struct str_builder text = { 0 };
    str_putz(&text, prefix);
    for (size_t i = 0; i < duplicates->len; i++) {
        str_putz(&text, i > 0 ? ", " : "");
        str_put(&text, duplicates->at[i]);
    }
    if (is_strict) {
        str_putf(&text, ", %s", why + sizeof(prefix) - 1);
    }
    return arena_dup(req->arena, str_view(&text)).at;
}

/* decode_object's message without "X in version Y cannot be handled as a X: ". */
static const char *
after_prefix(const char *message)
{
    const char *why = strstr(message, " cannot be handled as a ");
    why = why == NULL ? NULL : strstr(why, ": ");
    return why == NULL ? message : why + 2;
}

static int
decode_patched(struct req *req, struct str bytes, struct doc **ret, struct err **err)
{
    AUTO_ERR struct err *error = NULL;
    struct decode_in in = rest_write_decode_in(req, MEDIA_JSON, bytes);
    struct findings duplicates = { .arena = req->arena };
    const char *why = NULL;
    in.is_unstructured = req->patch_kind == PATCH_KIND_STRATEGIC;
    if (in.mode != DECODE_IGNORE) {
        find_duplicates(&duplicates, doc_root(req->impl->body_doc), STR(""),
                        req->patch_kind == PATCH_KIND_JSON ? "json patch " : "");
    }
    if (decode_object(&in, rest_sub_row(req), ret, &error) < 0) {
        why = after_prefix(error->message);
    }
    for (size_t i = 0; i < duplicates.len && in.mode == DECODE_WARN; i++) {
        req_warn(req, duplicates.at[i]);
    }
    if (in.mode == DECODE_STRICT) {
        why = strict_text(req, &duplicates, why);
    }
    rest_write_warn(req);
    return why == NULL ? 0 : undecodable_patch(req, bytes, why, err);
}

/* The merged object of an apply is no object of its kind: a plain error (structuredmerge.go). */
static int
unconvertible(struct req *req, const char *why, struct err **err)
{
    struct val metadata = val_get(doc_root(req->impl->body_doc), "metadata");
    const struct resource *row = req->resource;
    return err_set(err, ERR_UNKNOWN,
                   "failed to convert new object (" STR_FMT "/" STR_FMT
                   "; %s/%s, Kind=%s) to proper version: unable to convert unstructured object to "
                   "%s/%s, Kind=%s: %s",
                   STR_ARG(val_str(val_get(metadata, "namespace"))),
                   STR_ARG(val_str(val_get(metadata, "name"))), row->group, row->version, row->kind,
                   row->group, row->version, row->kind, why);
}

static int
decode_applied(struct req *req, struct str bytes, struct doc **ret, struct err **err)
{
    struct decode_in in = rest_write_decode_in(req, MEDIA_JSON, bytes);
    AUTO_ERR struct err *error = NULL;
    if (decode_object(&in, req->resource, ret, &error) < 0) {
        return unconvertible(req, after_prefix(error->message), err);
    }
    if (check_duplicates(req, err) < 0) {
        return -1;
    }
    rest_write_warn(req);
    return 0;
}

enum step_rc
rest_patch_step(struct req *req, struct err **err)
{
    struct str bytes;
    struct doc *doc = NULL;
    if (patched(req, &bytes, err) < 0) {
        return STEP_FAIL;
    }
    int rc = req->patch_kind == PATCH_KIND_APPLY ? decode_applied(req, bytes, &doc, err)
                                                 : decode_patched(req, bytes, &doc, err);
    if (rc < 0) {
        return STEP_FAIL;
    }
    req->impl->resets_managed = rest_write_resets_managed(req, bytes);
    req->now = doc;
    return STEP_NEXT;
}
