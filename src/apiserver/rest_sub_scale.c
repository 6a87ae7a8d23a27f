/* …/scale: autoscaling/v1 Scale as a view of whatever has spec.replicas.
 *
 * After pkg/registry/apps/deployment/storage/storage.go (ScaleREST, scaleUpdatedObjectInfo), release
 * 1.35, which is the same for every kind. Row of rest_sub.c; loop thread. */
#include "config.h"

#include "api/kinds_types.h"
#include "api/schema.h"
#include "api/selector.h"
#include "api/validate.h"
#include "apiserver/req_impl.h"
#include "apiserver/rest_sub.h"
#include "apiserver/rest_write.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

static const struct resource scale_row = {
    .group = "autoscaling",
    .version = "v1",
    .kind = "Scale",
    .list_kind = "ScaleList",
    .plural = "scales",
    .singular = "scale",
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE,
    .type = &type_autoscaling_scale,
};

/* A LabelSelector, or the plain map of a ReplicationController. */
static struct str
selector_of(struct req *req, struct val selector)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *parsed = NULL;
    bool is_object =
        val_is(val_get(selector, "matchLabels")) || val_is(val_get(selector, "matchExpressions"));
    if (!is_object) {
        parsed = selector_from_map(req->arena, selector);
    } else if (selector_from_object(req->arena, selector, &parsed, &err) < 0) {
        return (struct str){ 0 };
    }
    return selector_text(parsed, req->arena);
}

static void
view(struct req *req, struct val object, struct jw *out)
{
    static const char *const kept[] = { "name", "namespace", "uid", "creationTimestamp" };
    struct val metadata = val_get(object, "metadata");
    jw_obj(out);
    jw_kvz(out, "kind", "Scale");
    jw_kvz(out, "apiVersion", "autoscaling/v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        jw_kv(out, kept[i], val_str(val_get(metadata, kept[i])));
    }
    jw_end(out);
    jw_keyz(out, "spec");
    jw_obj(out);
    int64_t replicas = val_int(val_at(object, "spec.replicas"), 0);
    if (replicas != 0) {
        jw_kint(out, "replicas", replicas);
    }
    jw_end(out);
    jw_keyz(out, "status");
    jw_obj(out);
    jw_kint(out, "replicas", val_int(val_at(object, "status.replicas"), 0));
    jw_kv(out, "selector", selector_of(req, val_at(object, "spec.selector")));
    jw_end(out);
    jw_end(out);
}

/* The object with the Scale's replicas, and its names, uid and revision: what the bracket checks. */
static int
apply(struct req *req, struct err **err)
{
    static const struct {
        const char *member, *pointer;
    } taken[] = { { "name", "/metadata/name" },
                  { "namespace", "/metadata/namespace" },
                  { "uid", "/metadata/uid" },
                  { "resourceVersion", "/metadata/resourceVersion" } };
    struct val scale = doc_root(req->now), metadata = val_get(scale, "metadata");
    struct causes causes = { .arena = req->arena };
    struct val replicas = val_at(scale, "spec.replicas");
    if (val_int(replicas, 0) < 0) {
        causes_add(&causes, CAUSE_INVALID, NULL, "spec.replicas", replicas,
                   "must be greater than or equal to 0");
    }
    if (causes_err(&causes, &scale_row, req->name, err) < 0) {
        return -1;
    }
    struct edit edit;
    edit_init(&edit, req->arena);
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        struct str value = val_str(val_get(metadata, taken[i].member));
        if (value.size > 0) {
            edit_set_str(&edit, taken[i].pointer, value);
        } else {
            edit_del(&edit, taken[i].pointer);
        }
    }
    edit_set_int(&edit, "/spec/replicas", val_int(replicas, 0));
    req->now = req->old;
    return rest_write_edit(req, &edit, err);
}

static struct str
applied(struct req *req)
{
    struct val body = doc_root(req->impl->body_doc);
    struct val replicas = val_at(body, "spec.replicas");
    struct jw w;
    jw_init(&w, req->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", req->resource->kind);
    jw_kv(&w, "apiVersion", resource_api_version(req->resource, req->arena));
    jw_keyz(&w, "metadata");
    jw_val(&w, val_get(body, "metadata"));
    jw_keyz(&w, "spec");
    jw_obj(&w);
    if (val_is(replicas)) {
        jw_keyz(&w, "replicas");
        jw_val(&w, replicas);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

const struct rest_sub rest_sub_scale = {
    .name = "scale",
    .row = &scale_row,
    .view = view,
    .apply = apply,
    .applied = applied,
    .is_main = true,
};
