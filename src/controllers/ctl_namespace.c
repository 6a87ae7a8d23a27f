/* Namespaces that are going: their content, their conditions, their finalizer.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/namespace/deletion (namespaced_resources_deleter.go, status_condition_utils.go),
 * release 1.35. Pods go before everything else, as their grace periods take longest. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

/* Anything that changes in a namespace on its way out. */
static void
keys_of_content(const struct keys_in *in, const struct object *old, const struct object *now,
                keys_add_fn *add, void *ctx)
{
    const struct object *object = now == NULL ? old : now;
    const struct resource *namespaces = ctl_env_resource(in->env, "", "namespaces");
    if (object->resource == namespaces) {
        add(ctx, (struct str){ 0 }, object->name);
        return;
    }
    const struct object *ns = object->ns.size == 0
                                  ? NULL
                                  : cache_get(in->cache, namespaces, (struct str){ 0 }, object->ns);
    if (ns != NULL && ns->deleted_at_ms != 0) {
        add(ctx, (struct str){ 0 }, object->ns);
    }
}

static const struct watch_spec watches[] = {
    { .plural = "*", .keys = keys_of_content },
    { .plural = NULL },
};

/* What is left: texts as conditions tell them. */
struct content {
    struct str_builder kinds, finalizers;
    size_t left;
    bool has_pods;
};

static void
note_finalizers(struct content *content, const struct object *object)
{
    object_pin(object);
    VAL_EACH (it, val_at(object_val(object), "metadata.finalizers")) {
        str_putf(&content->finalizers, "%s" STR_FMT " in 1 resource instances",
                 content->finalizers.size > 0 ? ", " : "", STR_ARG(val_str(it.value)));
    }
    object_unpin(object);
}

static void
take_kind(const struct plan_in *in, const struct resource *r, struct content *content, bool deletes,
          struct plan *out)
{
    size_t len = 0;
    CACHE_EACH (object, it, in->cache, r, in->name) {
        len++;
        if (object->deleted_at_ms != 0) {
            note_finalizers(content, object);
        } else if (deletes) {
            plan_write(out, PLAN_DELETE, object, STR("{\"propagationPolicy\":\"Background\"}"),
                       PRE_UID);
        }
    }
    if (len > 0) {
        str_putf(&content->kinds, "%s%s.%s has %zu resource instances",
                 content->kinds.size > 0 ? ", " : "", r->plural, r->group, len);
        content->left += len;
        content->has_pods =
            content->has_pods || (r->group[0] == '\0' && str_is(str_of(r->plural), "pods"));
    }
}

static bool
is_content(const struct resource *r)
{
    return resource_is_namespaced(r) && r->storage == NULL && (r->flags & RES_VIRTUAL) == 0;
}

static void
take_content(const struct plan_in *in, struct content *content, struct plan *out)
{
    const struct ctl_env *env = in->env->part;
    const struct resource *pods = ctl_resource(in, "", "pods");
    take_kind(in, pods, content, true, out);
    bool has_pods = content->has_pods;
    for (size_t i = 0; i < registry_len(env->registry); i++) {
        const struct resource *r = registry_at(env->registry, i);
        if (r != pods && is_content(r)) {
            take_kind(in, r, content, !has_pods, out);
        }
    }
}

/* ---- conditions ---- */

static struct str
status_of(const struct plan_in *in, struct val old, const struct content *content)
{
    bool has_content = content->left > 0, has_finalizers = content->finalizers.size > 0;
    struct ctl_condition now[] = {
        { .type = "NamespaceDeletionDiscoveryFailure",
          .status = "False",
          .reason = "ResourcesDiscovered",
          .message = STR("All resources successfully discovered") },
        { .type = "NamespaceDeletionGroupVersionParsingFailure",
          .status = "False",
          .reason = "ParsedGroupVersions",
          .message = STR("All legacy kube types successfully parsed") },
        { .type = "NamespaceDeletionContentFailure",
          .status = "False",
          .reason = "ContentDeleted",
          .message = STR("All content successfully deleted, may be waiting on finalization") },
        { .type = "NamespaceContentRemaining",
          .status = has_content ? "True" : "False",
          .reason = has_content ? "SomeResourcesRemain" : "ContentRemoved",
          .message = has_content ? arena_printf(in->arena, "Some resources are remaining: " STR_FMT,
                                                STR_ARG(str_view(&content->kinds)))
                                 : STR("All content successfully removed") },
        { .type = "NamespaceFinalizersRemaining",
          .status = has_finalizers ? "True" : "False",
          .reason = has_finalizers ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
          .message =
              has_finalizers
                  ? arena_printf(in->arena,
                                 "Some content in the namespace has finalizers remaining: " STR_FMT,
                                 STR_ARG(str_view(&content->finalizers)))
                  : STR("All content-preserving finalizers finished") },
    };
    struct jw w;
    jw_init(&w, in->arena);
    jw_obj(&w);
    jw_kvz(&w, "phase", "Terminating");
    jw_keyz(&w, "conditions");
    jw_arr(&w);
    for (size_t i = 0; i < ARRAY_LEN(now); i++) {
        ctl_condition_write(&now[i], ctl_condition(val_get(old, "conditions"), now[i].type),
                            in->now_ms, &w);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

/* The namespace without the finalizer of Kubernetes itself. */
static struct str
finalized(const struct object *ns, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    VAL_EACH (it, object_val(ns)) {
        jw_key(&w, it.key);
        if (!str_is(it.key, "spec")) {
            jw_val(&w, it.value);
            continue;
        }
        jw_obj(&w);
        jw_keyz(&w, "finalizers");
        jw_arr(&w);
        VAL_EACH (finalizer, val_get(it.value, "finalizers")) {
            if (!val_is_str(finalizer.value, "kubernetes")) {
                jw_val(&w, finalizer.value);
            }
        }
        jw_end(&w);
        jw_end(&w);
    }
    jw_end(&w);
    return jw_done(&w);
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *ns =
        cache_get(in->cache, ctl_resource(in, "", "namespaces"), (struct str){ 0 }, in->name);
    if (ns == NULL || ns->deleted_at_ms == 0) {
        return;
    }
    struct content content = { 0 };
    object_pin(ns);
    struct val root = object_val(ns);
    bool is_ours = val_len(val_at(root, "spec.finalizers")) > 0;
    take_content(in, &content, out);
    plan_group(out, GROUP_ALWAYS);
    if (content.left > 0) {
        ctl_status(in, ns, status_of(in, val_get(root, "status"), &content), out);
    } else if (is_ours) {
        plan_sub(out, "finalize", ns, finalized(ns, out->arena), PRE_REV);
    }
    object_unpin(ns);
    str_done(&content.kinds);
    str_done(&content.finalizers);
}

const struct reconciler ctl_namespace = {
    .name = "namespace-controller",
    .user = "system:serviceaccount:kube-system:namespace-controller",
    .watches = watches,
    .plan = plan,
};
