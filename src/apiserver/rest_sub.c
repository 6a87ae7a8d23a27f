/* Subresources. Most are a part of their object: status, finalize, resize go through the same
 * bracket as the object itself, and its row says what they may change. The others take a kind of
 * their own, which the table's rows turn into a write of the object.
 *
 * Called by route, discovery and the steps of reads and writes. Loop thread. */
#include "config.h"

#include "apiserver/rest_sub.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/status.h"
#include "apiserver/req_impl.h"
#include "apiserver/rest_connect.h"
#include "apiserver/rest_log.h"
#include "apiserver/rest_virtual.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

/* Parts of their object. */
static const char *const parts[] = { "status", "finalize", "approval", "ephemeralcontainers",
                                     "resize" };

static const struct rest_sub *const rows[] = {
    &rest_sub_scale,
    &rest_sub_binding,
    &rest_sub_eviction,
};

bool
rest_sub_has_resource(const struct resource *resource)
{
    bool is_stored = (resource->flags & RES_VIRTUAL) == 0 || resource == &resource_bindings;
    return is_stored || rest_virtual_find(resource, NULL) != NULL;
}

const struct rest_sub *
rest_sub_find(const struct resource *resource, const struct subresource *sub)
{
    for (size_t i = 0; sub != NULL && i < ARRAY_LEN(rows); i++) {
        bool is_of = rows[i]->resource == NULL || strcmp(rows[i]->resource, resource->plural) == 0;
        if (is_of && strcmp(rows[i]->name, sub->name) == 0) {
            return rows[i];
        }
    }
    return NULL;
}

bool
rest_sub_is_served(const struct resource *resource, const struct subresource *sub)
{
    if (rest_sub_find(resource, sub) != NULL || rest_virtual_find(resource, sub) != NULL ||
        rest_log_is(resource, sub) || rest_connect_is(resource, sub)) {
        return true;
    }
    for (size_t i = 0; sub->kind == NULL && i < ARRAY_LEN(parts); i++) {
        if (strcmp(sub->name, parts[i]) == 0) {
            return true;
        }
    }
    return false;
}

const struct resource *
rest_sub_row(const struct req *req)
{
    const struct rest_sub *sub = req->impl->rest_sub;
    return sub != NULL ? sub->row : rest_virtual_row(req);
}

const char *
rest_sub_strategy(const struct req *req)
{
    bool is_main =
        req->sub == NULL || (req->impl->rest_sub != NULL && req->impl->rest_sub->is_main);
    return is_main ? NULL : req->sub->name;
}

bool
rest_sub_is_raw(const struct req *req)
{
    return req->impl->rest_sub != NULL && req->impl->rest_sub->is_raw;
}

int
rest_sub_apply(struct req *req, struct err **err)
{
    const struct rest_sub *sub = req->impl->rest_sub;
    bool is_done = sub == NULL || req->patch_kind == PATCH_KIND_APPLY; /* on the object already */
    return is_done ? 0 : sub->apply(req, err);
}

const struct doc *
rest_sub_applied(struct req *req, struct err **err)
{
    const struct rest_sub *sub = req->impl->rest_sub;
    return sub == NULL ? req->impl->body_doc : doc_parse(req->arena, sub->applied(req), err);
}

int
rest_sub_view(struct req *req, struct object *object, struct object **ret, struct err **err)
{
    const struct rest_sub *sub = req->impl->rest_sub;
    if (sub == NULL || sub->view == NULL) {
        *ret = object_ref(object);
        return 0;
    }
    struct jw w;
    jw_init(&w, req->arena);
    object_pin(object);
    sub->view(req, object_val(object), &w);
    object_unpin(object);
    return object_publish(sub->row, jw_done(&w), object->rev, object->create_rev, ret, err);
}

int
rest_sub_answer(struct req *req, int status, struct object *object, struct err **err)
{
    const struct rest_sub *sub = req->impl->rest_sub;
    if (sub != NULL && sub->view == NULL) {
        req_answer_json(req, 201,
                        STR("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                            "\"status\":\"Success\",\"code\":201}"));
        return 0;
    }
    AUTO_OBJECT struct object *view = NULL;
    if (rest_sub_view(req, object, &view, err) < 0) {
        return -1;
    }
    req_answer_object(req, status, view);
    return 0;
}

static int
failed(struct req *req, const char *what, struct str wanted, struct str have, struct err **err)
{
    /* apiserver/pkg/storage/interfaces.go: Preconditions.Check; upstream's keys have no group. */
    struct str slash = req->ns.size > 0 ? STR("/") : STR("");
    struct str detail = arena_printf(
        req->arena,
        "StorageError: invalid object, Code: 4, Key: /registry/%s/" STR_FMT STR_FMT STR_FMT
        ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: %s in precondition: " STR_FMT
        ", %s in object meta: " STR_FMT,
        req->resource->plural, STR_ARG(req->ns), STR_ARG(slash), STR_ARG(req->name), what,
        STR_ARG(wanted), what, STR_ARG(have));
    return status_conflict(err, req->resource, req->name, detail.at);
}

int
rest_sub_check_uid(struct req *req, struct str uid, struct err **err)
{
    struct str have = req->old_object == NULL ? (struct str){ 0 } : req->old_object->uid;
    return uid.size == 0 || str_eq(uid, have) ? 0 : failed(req, "UID", uid, have, err);
}

int
rest_sub_preconditions(struct req *req, struct val metadata, struct err **err)
{
    struct str rev = val_str(val_get(metadata, "resourceVersion"));
    struct str have = val_str(val_at(doc_root(req->old), "metadata.resourceVersion"));
    if (rest_sub_check_uid(req, val_str(val_get(metadata, "uid")), err) < 0) {
        return -1;
    }
    if (rev.size > 0 && !str_eq(rev, have)) {
        return failed(req, "ResourceVersion", rev, have, err);
    }
    return 0;
}
