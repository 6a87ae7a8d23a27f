/* Following references between objects.  Called by tables; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/follow.h"

#include "api/registry.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "ui/ask.h"
#include "ui/catalog.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_containers.h"
#include "ui/view_res.h"
#include "ui/view_text.h"

/* What enter opens. */
enum open_kind {
    OPEN_SELECTED, /* the pods that its selector finds */
    OPEN_ON_NODE,
    OPEN_NAMESPACE,
    OPEN_INSTANCES, /* of a CustomResourceDefinition */
    OPEN_CONTAINERS,
};
static const struct {
    const char *group, *plural;
    enum open_kind kind;
} opens[] = {
    { "apps", "deployments", OPEN_SELECTED },
    { "apps", "replicasets", OPEN_SELECTED },
    { "apps", "statefulsets", OPEN_SELECTED },
    { "apps", "daemonsets", OPEN_SELECTED },
    { "", "replicationcontrollers", OPEN_SELECTED },
    { "batch", "jobs", OPEN_SELECTED },
    { "", "services", OPEN_SELECTED },
    { "", "pods", OPEN_CONTAINERS },
    { "", "nodes", OPEN_ON_NODE },
    { "", "namespaces", OPEN_NAMESPACE },
    { "apiextensions.k8s.io", "customresourcedefinitions", OPEN_INSTANCES },
};

struct follow {
    struct view *view;
    const struct resource *resource;
    enum action action;
    char *ns, *name;
};

/* ---- opening ---- */

static void
push_table(struct view *view, const struct view_res_spec *spec)
{
    if (spec->resource == NULL) {
        ui_flash(view->ui, ROLE_WARN, "this cluster has no such kind");
        return;
    }
    ui_push(view->ui, view_res_new(view->ui, spec));
}

static const struct resource *
kind_of(struct view *view, const char *plural)
{
    return catalog_find(ui_catalog(view->ui), str_of(plural));
}

static void
push_named(struct view *view, const struct resource *resource, struct str ns, struct str name)
{
    AUTO_FREE char *selector = mem_printf("metadata.name=" STR_FMT, STR_ARG(name));
    struct view_res_spec spec = {
        .resource = resource, .ns = ns, .field_selector = str_of(selector), .of = name
    };

    push_table(view, &spec);
}

static void
push_events(struct view *view, const struct resource *resource, struct str ns, struct str name)
{
    AUTO_FREE char *selector = mem_printf("involvedObject.kind=%s,involvedObject.name=" STR_FMT,
                                          resource->kind, STR_ARG(name));
    AUTO_FREE char *of = mem_printf("%s/" STR_FMT, resource->kind, STR_ARG(name));
    struct view_res_spec spec = { .resource = kind_of(view, "events"),
                                  .ns = ns,
                                  .field_selector = str_of(selector),
                                  .of = str_of(of) };

    push_table(view, &spec);
}

/* ---- what has to be read first ---- */

/* A label selector as a query takes it: "a=b,c in (d,e),!f". */
static void
write_selector(struct val selector, struct str_builder *out)
{
    struct val labels = val_get(selector, "matchLabels");
    struct val expressions = val_get(selector, "matchExpressions");

    /* Services and ReplicationControllers have the map itself. */
    labels = val_is(labels) || val_is(expressions) ? labels : selector;
    VAL_EACH (it, labels) {
        str_putf(out, "%s" STR_FMT "=" STR_FMT, out->size == 0 ? "" : ",", STR_ARG(it.key),
                 STR_ARG(val_str(it.value)));
    }
    VAL_EACH (it, expressions) {
        struct val op = val_get(it.value, "operator");
        struct str key = val_str(val_get(it.value, "key"));
        bool is_in = val_is_str(op, "In"), is_not_in = val_is_str(op, "NotIn");
        bool is_first = true;
        str_putf(out, "%s%s" STR_FMT, out->size == 0 ? "" : ",",
                 val_is_str(op, "DoesNotExist") ? "!" : "", STR_ARG(key));
        if (!is_in && !is_not_in) {
            continue;
        }
        str_putz(out, is_in ? " in (" : " notin (");
        VAL_EACH (value, val_get(it.value, "values")) {
            str_putf(out, "%s" STR_FMT, is_first ? "" : ",", STR_ARG(val_str(value.value)));
            is_first = false;
        }
        str_putc(out, ')');
    }
}

static void
open_selected(const struct follow *follow, struct val object)
{
    AUTO_STR struct str_builder selector = { 0 };
    AUTO_FREE char *of = mem_printf("%s/%s", follow->resource->kind, follow->name);
    struct view_res_spec spec = { .resource = kind_of(follow->view, "pods"),
                                  .ns = str_of(follow->ns),
                                  .of = str_of(of) };

    write_selector(val_at(object, "spec.selector"), &selector);
    if (selector.size == 0) {
        ui_flash(follow->view->ui, ROLE_WARN, "%s selects no pods", of);
        return;
    }
    spec.label_selector = str_view(&selector);
    push_table(follow->view, &spec);
}

static void
open_owner(const struct follow *follow, struct val object)
{
    struct val owner = { 0 };

    VAL_EACH (it, val_at(object, "metadata.ownerReferences")) {
        if (!val_is(owner) || val_bool(val_get(it.value, "controller"), false)) {
            owner = it.value;
        }
    }
    if (!val_is(owner)) {
        ui_flash(follow->view->ui, ROLE_WARN, "%s has no owner", follow->name);
        return;
    }
    push_named(follow->view,
               catalog_kind(ui_catalog(follow->view->ui), val_str(val_get(owner, "apiVersion")),
                            val_str(val_get(owner, "kind"))),
               str_of(follow->ns), val_str(val_get(owner, "name")));
}

static void
open_node(const struct follow *follow, struct val object)
{
    struct str node = val_str(val_at(object, "spec.nodeName"));

    if (node.size == 0) {
        ui_flash(follow->view->ui, ROLE_WARN, "%s has no node yet", follow->name);
        return;
    }
    push_named(follow->view, kind_of(follow->view, "nodes"), (struct str){ 0 }, node);
}

static void
on_object(void *ctx, const struct reply *reply, struct err *owned)
{
    const struct follow *follow = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = err == NULL ? doc_parse(arena, reply->bytes, &err) : NULL;

    if (doc == NULL) {
        ui_flash(follow->view->ui, ROLE_ERROR, "%s", err->message);
    } else if (ui_top(follow->view->ui) != follow->view) {
        return; /* one has gone on */
    } else if (follow->action == ACTION_OWNER) {
        open_owner(follow, doc_root(doc));
    } else if (follow->action == ACTION_SHOW_NODE) {
        open_node(follow, doc_root(doc));
    } else {
        open_selected(follow, doc_root(doc));
    }
}

static void
free_follow(void *ctx)
{
    struct follow *follow = ctx;

    mem_free(follow->ns);
    mem_free(follow->name);
    mem_free(follow);
}

static void
read_first(struct view *view, const struct resource *resource, enum action action, struct str ns,
           struct str name)
{
    struct follow *follow = MEM_NEW(struct follow);
    struct call call = call_of(VERB_GET, resource, ns, name);

    follow->view = view;
    follow->resource = resource;
    follow->action = action;
    follow->ns = str_dup(ns);
    follow->name = str_dup(name);
    call.accept = ACCEPT_RAW;
    ask_own(ask_call(&view->asks, ui_client(view->ui), &call, on_object, follow), free_follow);
}

/* ---- enter ---- */

static void
open_kind(struct view *view, const struct resource *resource, size_t row, struct str ns,
          struct str name)
{
    AUTO_FREE char *selector = mem_printf("spec.nodeName=" STR_FMT, STR_ARG(name));
    AUTO_FREE char *of = mem_printf("%s/" STR_FMT, resource->kind, STR_ARG(name));
    struct view_res_spec spec = { .resource = kind_of(view, "pods") };

    switch (opens[row].kind) {
    case OPEN_SELECTED:
        read_first(view, resource, ACTION_OPEN, ns, name);
        return;
    case OPEN_CONTAINERS:
        ui_push(view->ui, view_containers_new(view->ui, resource, ns, name));
        return;
    case OPEN_ON_NODE:
        spec.field_selector = str_of(selector);
        spec.of = str_of(of);
        break;
    case OPEN_NAMESPACE:
        spec.ns = name;
        break;
    case OPEN_INSTANCES:
    default: /* a definition's name is "plural.group" */
        spec.resource = catalog_find(ui_catalog(view->ui), name);
        break;
    }
    push_table(view, &spec);
}

bool
follow_row(struct view *view, const struct resource *resource, enum action action, struct str ns,
           struct str name)
{
    if (action == ACTION_EVENTS) {
        push_events(view, resource, ns, name);
        return true;
    }
    if (action == ACTION_OWNER || action == ACTION_SHOW_NODE) {
        read_first(view, resource, action, ns, name);
        return true;
    }
    if (action != ACTION_OPEN) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(opens); i++) {
        if (strcmp(resource->group, opens[i].group) == 0 &&
            strcmp(resource->plural, opens[i].plural) == 0) {
            open_kind(view, resource, i, ns, name);
            return true;
        }
    }
    ui_push(view->ui, view_text_object(view->ui, VIEW_TEXT_DESCRIBE, resource, ns, name));
    return true;
}
