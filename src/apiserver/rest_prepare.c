/* Writes, second half before the commit: system fields, checks, canonical bytes.
 *
 * "prepare" and "validate" are rest.BeforeCreate and rest.BeforeUpdate of
 * apiserver/pkg/registry/rest; "canonicalise" makes the stored form. Loop thread. */
#include "config.h"

#include "api/decode.h"
#include "api/object.h"
#include "api/schema.h"
#include "api/validate.h"
#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authn.h"
#include "apiserver/authz.h"
#include "apiserver/ident.h"
#include "apiserver/rest_cert.h"
#include "apiserver/rest_sub.h"
#include "apiserver/rest_virtual.h"
#include "apiserver/rest_write.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

/* ---- system fields ---- */

static void
make_name(struct req *req, struct val metadata, struct edit *edit)
{
    struct str base = val_str(val_get(metadata, "generateName"));
    if (val_str(val_get(metadata, "name")).size > 0 || base.size == 0) {
        return;
    }
    char suffix[IDENT_SUFFIX_SIZE + 1];
    base.size = base.size > IDENT_BASE_MAX ? IDENT_BASE_MAX : base.size;
    req->name = arena_printf(req->arena, STR_FMT STR_FMT, STR_ARG(base),
                             STR_ARG(ident_suffix(&req->server->ident, suffix)));
    req->impl->name_tries++;
    edit_set_str(edit, "/metadata/name", req->name);
}

static void
new_system_fields(struct req *req, struct edit *edit)
{
    char uid[IDENT_UUID_SIZE + 1], time[CLOCK_TEXT_SIZE];
    make_name(req, val_get(doc_root(req->now), "metadata"), edit);
    edit_set_str(edit, "/metadata/uid",
                 arena_dup(req->arena, ident_uuid(&req->server->ident, uid)));
    edit_set_str(edit, "/metadata/creationTimestamp",
                 arena_dup(req->arena, clock_text(clock_wall_ms(), time)));
    edit_del(edit, "/metadata/deletionTimestamp");
    if (req->verb == VERB_CREATE) { /* elsewhere nothing wipes it (rest.BeforeCreate) */
        edit_del(edit, "/metadata/deletionGracePeriodSeconds");
    }
    edit_del(edit, "/metadata/selfLink");
    if ((req->resource->flags & (RES_GENERATION | RES_GENERATION_ONCE)) != 0) {
        edit_set_int(edit, "/metadata/generation", 1);
    }
}

static void
keep_old(struct edit *edit, struct val old, const char *member, const char *pointer)
{
    struct val value = val_get(old, member);
    if (val_is(value)) {
        edit_set(edit, pointer, val_raw(value));
    } else {
        edit_del(edit, pointer);
    }
}

static void
old_system_fields(struct req *req, struct edit *edit)
{
    struct val old = val_get(doc_root(req->old), "metadata");
    struct val now = val_get(doc_root(req->now), "metadata");
    keep_old(edit, old, "creationTimestamp", "/metadata/creationTimestamp");
    keep_old(edit, old, "generation", "/metadata/generation");
    if (val_str(val_get(now, "uid")).size == 0) {
        keep_old(edit, old, "uid", "/metadata/uid");
    }
    if (val_is(val_get(old, "deletionTimestamp"))) {
        keep_old(edit, old, "deletionTimestamp", "/metadata/deletionTimestamp");
    }
    if (val_is(val_get(old, "deletionGracePeriodSeconds")) &&
        !val_is(val_get(now, "deletionGracePeriodSeconds"))) {
        keep_old(edit, old, "deletionGracePeriodSeconds", "/metadata/deletionGracePeriodSeconds");
    }
}

/* Anything but metadata and status counts; of some kinds annotations, too. */
static bool
is_new_generation(const struct req *req)
{
    static const char *const left_out[] = { "metadata", "status", "kind", "apiVersion" };
    struct val old = doc_root(req->old);
    struct val now = doc_root(req->now);
    for (int side = 0; side < 2; side++) {
        VAL_EACH (it, side == 0 ? now : old) {
            bool is_out = false;
            for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
                is_out |= str_is(it.key, left_out[i]);
            }
            struct val other = val_member(side == 0 ? old : now, it.key);
            if (!is_out && !val_eq(it.value, other)) {
                return true;
            }
        }
    }
    return (req->resource->flags & RES_GENERATION_NOTES) != 0 && rest_sub_strategy(req) == NULL &&
           !val_eq(val_at(now, "metadata.annotations"), val_at(old, "metadata.annotations"));
}

/* What the kind itself does: its row's prepare_create or prepare_update. */
static int
prepare_kind(struct req *req, struct err **err)
{
    const struct resource *row = req->resource;
    void (*prepare)(struct prepare *) =
        req->is_create ? (row->prepare_create != NULL ? row->prepare_create : kinds_prepare_create)
                       : (row->prepare_update != NULL ? row->prepare_update : kinds_prepare_update);
    struct edit edit;
    edit_init(&edit, req->arena);
    struct prepare p = { .arena = req->arena,
                         .resource = row,
                         .subresource = rest_sub_strategy(req),
                         .now = doc_root(req->now),
                         .edit = &edit,
                         .user = arena_dupz(req->arena, req->user.name),
                         .wall_ms = clock_wall_ms() };
    p.old = req->is_create ? (struct val){ 0 } : doc_root(req->old);
    if ((row->flags & RES_RECORDS_USER) != 0) {
        struct jw w;
        jw_init(&w, req->arena);
        authn_write_user(&req->user, &w);
        p.user_info = doc_root(doc_trust(req->arena, jw_done(&w)));
    }
    prepare(&p);
    return rest_write_edit(req, &edit, err);
}

static int
count_generation(struct req *req, struct err **err)
{
    struct edit edit;
    if (req->is_create || (req->resource->flags & RES_GENERATION) == 0 || !is_new_generation(req)) {
        return 0;
    }
    edit_init(&edit, req->arena);
    edit_set_int(&edit, "/metadata/generation", req->old_object->generation + 1);
    return rest_write_edit(req, &edit, err);
}

/* A PUT or apply that creates needs the right to create, too (withAuthorization in rest.go). */
static int
may_create(struct req *req, struct err **err)
{
    if (req->verb == VERB_CREATE) {
        return 0;
    }
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = STR("create"),
                                 .group = req->group,
                                 .version = req->version,
                                 .resource = req->plural,
                                 .ns = req->ns,
                                 .name = req->name,
                                 .is_resource = true };
    return authz_require(req, &attrs, err);
}

enum step_rc
rest_prepare_step(struct req *req, struct err **err)
{
    struct edit edit;
    if (rest_virtual_of(req) != NULL || rest_sub_is_raw(req)) {
        return STEP_NEXT;
    }
    edit_init(&edit, req->arena);
    if (req->is_create) {
        if (may_create(req, err) < 0) {
            return STEP_FAIL;
        }
        new_system_fields(req, &edit);
    } else {
        old_system_fields(req, &edit);
    }
    if (rest_write_edit(req, &edit, err) < 0 || prepare_kind(req, err) < 0 ||
        count_generation(req, err) < 0) {
        return STEP_FAIL;
    }
    return STEP_NEXT;
}

/* ---- checks ---- */

static void
add_warning(void *ctx, struct str text)
{
    req_warn(ctx, text);
}

enum step_rc
rest_prepare_validate(struct req *req, struct err **err)
{
    struct causes causes = { .arena = req->arena };
    struct val now = doc_root(req->now);
    if (rest_sub_is_raw(req)) {
        return STEP_NEXT;
    }
    struct val old = req->is_create ? (struct val){ 0 } : doc_root(req->old);
    const struct rest_virtual *row = rest_virtual_of(req);
    if (row != NULL) {
        return row->check != NULL && row->check(req, err) < 0 ? STEP_FAIL : STEP_NEXT;
    }
    rest_cert_check(req, &causes);
    validate_object(req->resource, rest_sub_strategy(req), now, old, &causes);
    if (causes_err(&causes, req->resource, req->name, err) < 0) {
        return STEP_FAIL;
    }
    if (req->resource->warn != NULL && rest_sub_strategy(req) == NULL) {
        struct warn to = { .arena = req->arena, .add = add_warning, .ctx = req };
        req->resource->warn(&to, now, old);
    }
    return STEP_NEXT;
}

/* ---- the stored form ---- */

/* As Go would write it, of the version asked for; req->now keeps the resourceVersion. */
static int
canonical(struct req *req, struct err **err)
{
    struct decode_in in = { .arena = req->arena,
                            .media = MEDIA_JSON,
                            .mode = DECODE_IGNORE,
                            .bytes = doc_bytes(req->now) };
    struct doc *doc = NULL;
    if (decode_object(&in, req->resource, &doc, err) < 0) {
        return -1;
    }
    req->now = doc;
    return 0;
}

enum step_rc
rest_prepare_canonicalise(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    if (q->is_delete || req->now == req->old || rest_virtual_of(req) != NULL) {
        return STEP_NEXT;
    }
    if (canonical(req, err) < 0) {
        return STEP_FAIL;
    }
    struct edit edit;
    struct doc *stored = NULL;
    edit_init(&edit, req->arena);
    edit_del(&edit, "/metadata/resourceVersion");
    if (edit_apply(req->now, &edit, &stored, err) < 0) {
        return STEP_FAIL;
    }
    if (req->resource->to_storage != NULL &&
        req->resource->to_storage(req->arena, stored, &stored, err) < 0) {
        return STEP_FAIL;
    }
    buf_unref(q->value);
    q->value = buf_copy(doc_bytes(stored));
    return STEP_NEXT;
}
