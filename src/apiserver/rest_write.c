/* Writes, first half: from a body or patch and what is there to the object that is wanted.
 *
 * "decode" runs once; the others stand in the bracket and run again after every conflict, each time
 * from the decoded body and the present state. Order and texts follow
 * apiserver/pkg/endpoints/handlers/{create,update,patch}.go. Loop thread. */
#include "config.h"

#include "apiserver/rest_write.h"

#include "api/decode.h"
#include "api/managed.h"
#include "api/object.h"
#include "api/schema.h"
#include "api/status.h"
#include "api/validate.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/encode.h"
#include "apiserver/keyqueue.h"
#include "apiserver/rest_patch.h"
#include "apiserver/rest_sub.h"
#include "apiserver/rest_virtual.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

enum { MANAGER_MAX = 128 };

/* ---- decode ---- */

enum decode_mode
rest_write_mode(const struct req *req)
{
    struct str mode = req->options.field_validation;
    return str_is(mode, "Strict")   ? DECODE_STRICT
           : str_is(mode, "Ignore") ? DECODE_IGNORE
                                    : DECODE_WARN;
}

struct decode_in
rest_write_decode_in(struct req *req, enum media media, struct str bytes)
{
    if (req->findings == NULL) {
        req->findings = ARENA_NEW(req->arena, struct findings);
        req->findings->arena = req->arena;
    }
    return (struct decode_in){ .arena = req->arena,
                               .media = media,
                               .mode = rest_write_mode(req),
                               .bytes = bytes,
                               .findings = req->findings,
                               .keeps_empty = true };
}

void
rest_write_warn(struct req *req)
{
    for (size_t i = 0; req->findings != NULL && i < req->findings->len; i++) {
        req_warn(req, req->findings->at[i]);
    }
}

/* An explicit empty list forgets all managers (isResetManagedFields); canonical JSON leaves empty
 * lists out, so the text is asked before. */
bool
rest_write_resets_managed(struct req *req, struct str json)
{
    if (!str_contains(json, STR("\"managedFields\""))) {
        return false;
    }
    AUTO_ERR struct err *err = NULL;
    const struct doc *doc = doc_parse(req->arena, json, &err);
    struct val list =
        doc == NULL ? (struct val){ 0 } : val_at(doc_root(doc), "metadata.managedFields");
    return val_type(list) == DOC_ARRAY && val_len(list) == 0;
}

static int
unsupported(struct err **err, const char *accepted)
{
    return err_set(err, ERR_UNSUPPORTED_MEDIA,
                   "the body of the request was in an unknown format - accepted media types "
                   "include: %s",
                   accepted);
}

/* POST bindings: which pod is meant stands in the body only. */
static int
name_from_body(struct req *req, struct err **err)
{
    if (req->verb != VERB_CREATE || req->sub == NULL || req->name.size > 0) {
        return 0;
    }
    req->name = val_str(val_at(doc_root(req->impl->body_doc), "metadata.name"));
    return req->name.size > 0 ? 0 : err_set(err, ERR_BAD_REQUEST, "Name parameter required.");
}

static int
decode_whole(struct req *req, struct err **err)
{
    enum media media = decode_media(req->content_type);
    if (media == MEDIA_UNKNOWN) {
        return unsupported(err, "application/json, application/yaml, "
                                "application/vnd.kubernetes.protobuf");
    }
    struct decode_in in = rest_write_decode_in(req, media, req->body);
    struct doc *doc = NULL;
    if (decode_object(&in, rest_sub_row(req), &doc, err) < 0) {
        return -1;
    }
    req->impl->body_doc = doc;
    req->impl->resets_managed = media == MEDIA_JSON && rest_write_resets_managed(req, req->body);
    rest_write_warn(req);
    return name_from_body(req, err);
}

static int check_names(struct req *req, struct edit *edit, struct err **err);

/* Names that do not fit the URL are told before it is looked whether anything is there. */
static int
check_url(struct req *req, struct err **err)
{
    struct edit unused;
    if (req->verb != VERB_UPDATE || rest_sub_row(req) != req->resource) {
        return 0;
    }
    edit_init(&unused, req->arena);
    req->now = req->impl->body_doc;
    return check_names(req, &unused, err);
}

enum step_rc
rest_write_decode(struct req *req, struct err **err)
{
    if (req->verb != VERB_CREATE && req->verb != VERB_UPDATE) {
        return rest_patch_decode(req, err) < 0 ? STEP_FAIL : STEP_NEXT;
    }
    return decode_whole(req, err) < 0 || check_url(req, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

/* ---- read ---- */

enum step_rc
rest_write_read(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    if (req->verb == VERB_CREATE && req->sub == NULL) {
        req->is_create = true;
        return STEP_NEXT;
    }
    if (q->conflicts > 0) {
        enum step_rc rc = keyqueue_enter(req);
        if (rc != STEP_NEXT) {
            return rc;
        }
    }
    struct object *object = cache_get(sink_cache(req->server->sink), q->stored, req->ns, req->name);
    if (object == NULL) {
        bool may_create = req->verb == VERB_APPLY ||
                          (req->verb == VERB_UPDATE && (q->stored->flags & RES_CREATE_ON_UPDATE));
        if (may_create && req->sub == NULL) {
            req->is_create = true;
            return STEP_NEXT;
        }
        status_not_found(err, req->resource, req->name);
        return STEP_FAIL;
    }
    if (encode_view(req->resource, object, req->arena, &req->old_object, err) < 0) {
        return STEP_FAIL;
    }
    object_pin(req->old_object);
    req->old = req->old_object->doc;
    req->expect_rev = object->rev;
    return STEP_NEXT;
}

/* ---- names, revisions, defaults ---- */

int
rest_write_edit(struct req *req, struct edit *edit, struct err **err)
{
    struct doc *doc = NULL;
    if (edit->len == 0) {
        return 0;
    }
    if (edit_apply(req->now, edit, &doc, err) < 0) {
        return -1;
    }
    req->now = doc;
    return 0;
}

/* rest.WipeObjectMetaSystemFields: what only the server sets, before anybody looks. */
static void
wipe_system_fields(struct edit *edit)
{
    static const char *const fields[] = { "/metadata/creationTimestamp", "/metadata/uid",
                                          "/metadata/deletionTimestamp",
                                          "/metadata/deletionGracePeriodSeconds",
                                          "/metadata/selfLink" };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        edit_del(edit, fields[i]);
    }
}

static int
check_names(struct req *req, struct edit *edit, struct err **err)
{
    struct val metadata = val_get(doc_root(req->now), "metadata");
    struct str ns = val_str(val_get(metadata, "namespace"));
    struct str name = val_str(val_get(metadata, "name"));
    bool is_namespaced = resource_is_namespaced(req->resource);
    if (val_is(val_get(metadata, "selfLink"))) {
        edit_del(edit, "/metadata/selfLink"); /* never stored */
    }
    if (is_namespaced && ns.size == 0) {
        edit_set_str(edit, "/metadata/namespace", req->ns);
    } else if (!is_namespaced && ns.size > 0) {
        edit_del(edit, "/metadata/namespace");
    } else if (!str_eq(ns, req->ns)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "the namespace of the provided object does not match the namespace sent on "
                       "the request");
    }
    if (req->verb == VERB_CREATE && req->sub == NULL) {
        req->name = name;
        wipe_system_fields(edit);
        return 0;
    }
    if (name.size == 0) {
        return err_set(err, ERR_BAD_REQUEST,
                       "the name of the object (" STR_FMT
                       " based on URL) was undeterminable: name must be provided",
                       STR_ARG(req->name));
    }
    if (!str_eq(name, req->name)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "the name of the object (" STR_FMT
                       ") does not match the name on the URL (" STR_FMT ")",
                       STR_ARG(name), STR_ARG(req->name));
    }
    return 0;
}

static int
must_name_revision(struct req *req, struct err **err)
{
    struct resource row = { .group = req->resource->group,
                            .version = req->resource->version,
                            .kind = req->resource->plural };
    struct causes causes = { .arena = req->arena };
    const struct doc *zero = doc_parse(req->arena, STR("0"), err);
    causes_add(&causes, CAUSE_INVALID, NULL, "metadata.resourceVersion", doc_root(zero),
               "must be specified for an update");
    return causes_err(&causes, &row, req->name, err);
}

static int
bad_revision(struct str rev, struct err **err)
{
    return err_set(err, ERR_UNKNOWN, "strconv.ParseUint: parsing \"" STR_FMT "\": invalid syntax",
                   STR_ARG(rev));
}

/* What an apply looks at before anything else (applyPatcher.createNewObject). */
static int
check_applied_uid(struct req *req, struct err **err)
{
    struct str uid = val_str(val_at(doc_root(req->now), "metadata.uid"));
    if (!req->is_create || req->verb != VERB_APPLY || uid.size == 0) {
        return 0;
    }
    struct str why = arena_printf(req->arena,
                                  "uid mismatch: the provided object specified uid " STR_FMT
                                  ", and no existing object was found",
                                  STR_ARG(uid));
    return status_conflict(err, req->resource, req->name, why.at);
}

static int
check_new_revision(struct req *req, struct str rev, struct edit *edit, struct err **err)
{
    uint64_t number = 0;
    bool is_number = str_to_uint(rev, &number);
    if (req->verb != VERB_CREATE && rev.size > 0 && !is_number) {
        return bad_revision(rev, err);
    }
    req->impl->names_rev = number != 0 && req->verb == VERB_CREATE; /* the store refuses it */
    if (!req->options.dry_run || req->verb != VERB_CREATE) {
        edit_del(edit, "/metadata/resourceVersion"); /* a dry run shows it as it came */
    }
    return 0;
}

static int
check_revision(struct req *req, struct edit *edit, struct err **err)
{
    struct val metadata = val_get(doc_root(req->now), "metadata");
    struct str rev = val_str(val_get(metadata, "resourceVersion"));
    uint64_t number = 0;
    struct str uid = val_str(val_get(metadata, "uid"));
    if (req->verb == VERB_UPDATE && rest_sub_check_uid(req, uid, err) < 0) {
        return -1;
    }
    if (req->is_create) {
        return check_new_revision(req, rev, edit, err);
    }
    if (rev.size > 0 && !str_to_uint(rev, &number)) {
        return bad_revision(rev, err);
    }
    req->client_sent_rv = rest_patch_names_revision(req);
    struct str old = val_str(val_at(doc_root(req->old), "metadata.resourceVersion"));
    if (rev.size == 0 || str_is(rev, "0")) {
        if ((req->resource->flags & RES_UNCONDITIONAL_UPDATE) == 0) {
            return must_name_revision(req, err);
        }
        edit_set_str(edit, "/metadata/resourceVersion", old);
        return 0;
    }
    return str_eq(rev, old) ? 0 : status_conflict(err, req->resource, req->name, NULL);
}

enum step_rc
rest_write_default(struct req *req, struct err **err)
{
    struct edit edit;
    if (req->verb == VERB_CREATE || req->verb == VERB_UPDATE) {
        req->now = req->impl->body_doc;
    }
    edit_init(&edit, req->arena);
    if (req->sub != NULL && rest_virtual_of(req) != NULL) {
        return rest_write_fill(req, err) < 0 ? STEP_FAIL : STEP_NEXT; /* it checks them itself */
    }
    if (rest_sub_apply(req, err) < 0 || check_applied_uid(req, err) < 0 ||
        check_names(req, &edit, err) < 0 || check_revision(req, &edit, err) < 0 ||
        rest_write_edit(req, &edit, err) < 0) {
        return STEP_FAIL;
    }
    return rest_write_fill(req, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

int
rest_write_fill(struct req *req, struct err **err)
{
    const struct doc *doc = NULL;
    if (validate_default(req->arena, rest_virtual_row(req)->type, req->now, &doc, err) < 0) {
        return -1;
    }
    req->now = doc;
    return 0;
}

struct managed_in
rest_write_managed_in(struct req *req)
{
    bool is_virtual = rest_virtual_of(req) != NULL;
    struct str manager = req->options.field_manager;
    if (manager.size == 0) {
        struct str rest;
        manager = str_cut(req->agent, '/', &rest);
        manager.size = manager.size > MANAGER_MAX ? MANAGER_MAX : manager.size;
    }
    return (struct managed_in){ .arena = req->arena,
                                .resource = rest_virtual_row(req),
                                .subresource = req->sub == NULL ? NULL : req->sub->name,
                                .manager = manager,
                                .wall_ms = clock_wall_ms(),
                                .old = is_virtual ? NULL : req->old,
                                .is_create = req->is_create || is_virtual };
}

enum step_rc
rest_write_managed(struct req *req, struct err **err)
{
    struct managed_in in = rest_write_managed_in(req);
    struct doc *doc = NULL;
    if (req->patch_kind == PATCH_KIND_APPLY || rest_sub_is_raw(req)) {
        return STEP_NEXT; /* managed_apply has done it */
    }
    if (req->impl->resets_managed) {
        struct edit edit;
        edit_init(&edit, req->arena);
        edit_set(&edit, "/metadata/managedFields", STR("[{}]"));
        if (rest_write_edit(req, &edit, err) < 0) {
            return STEP_FAIL;
        }
    }
    if (managed_update(&in, req->now, &doc, err) < 0) {
        return STEP_FAIL;
    }
    req->now = doc;
    return STEP_NEXT;
}
