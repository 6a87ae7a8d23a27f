/* pods/binding (and bindings) and pods/eviction: writes of a pod that are named by what they mean.
 *
 * After pkg/registry/core/pod/storage/storage.go (BindingREST) and eviction.go, release 1.35. Both
 * write past the pod's strategy, as upstream does. Rows of rest_sub.c; loop thread. */
#include "config.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/registry.h"
#include "api/status.h"
#include "apiserver/req_impl.h"
#include "apiserver/rest_delete.h"
#include "apiserver/rest_sub.h"
#include "apiserver/rest_write.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

static int
check_name(const struct req *req, const char *kind, struct err **err)
{
    if (str_eq(val_str(val_at(doc_root(req->now), "metadata.name")), req->name)) {
        return 0;
    }
    return err_set(err, ERR_BAD_REQUEST, "name in URL does not match name in %s object", kind);
}

/* ---- conditions ---- */

static void
write_condition(struct jw *w, const char *type, struct val old, const char *reason,
                const char *message)
{
    char time[CLOCK_TEXT_SIZE];
    bool was_true = val_is_str(val_get(old, "status"), "True");
    jw_obj(w);
    jw_kvz(w, "type", type);
    jw_kvz(w, "status", "True");
    jw_keyz(w, "lastProbeTime");
    jw_null(w);
    jw_keyz(w, "lastTransitionTime");
    if (was_true) {
        jw_val(w, val_get(old, "lastTransitionTime"));
    } else {
        jw_str(w, clock_text(clock_wall_ms(), time));
    }
    jw_kvz(w, "reason", reason);
    jw_kvz(w, "message", message);
    jw_end(w);
}

/* podutil.UpdatePodCondition: in its old place, or behind the others. */
static void
set_condition(struct req *req, struct edit *edit, const char *type, const char *reason,
              const char *message)
{
    struct val conditions = val_at(doc_root(req->old), "status.conditions");
    bool is_written = false;
    struct jw w;
    jw_init(&w, req->arena);
    jw_arr(&w);
    VAL_EACH (it, conditions) {
        if (!val_is_str(val_get(it.value, "type"), type)) {
            jw_val(&w, it.value);
            continue;
        }
        write_condition(&w, type, it.value, reason, message);
        is_written = true;
    }
    if (!is_written) {
        write_condition(&w, type, (struct val){ 0 }, reason, message);
    }
    jw_end(&w);
    edit_set(edit, "/status/conditions", jw_done(&w));
}

/* ---- binding ---- */

/* validation.ValidatePodBinding, whose errors reach the client as they are: 500. */
static int
check_target(struct val target, struct err **err)
{
    struct str kind = val_str(val_get(target, "kind"));
    bool is_named = val_str(val_get(target, "name")).size > 0;
    bool is_node = kind.size == 0 || str_is(kind, "Node");
    AUTO_STR struct str_builder text = { 0 };
    if (!is_node) {
        str_putf(&text,
                 "target.kind: Unsupported value: \"" STR_FMT
                 "\": supported values: \"Node\", \"<empty>\"",
                 STR_ARG(kind));
    }
    if (!is_named) {
        str_putf(&text, "%starget.name: Required value", is_node ? "" : ", ");
    }
    if (is_node && is_named) {
        return 0;
    }
    bool is_list = !is_node && !is_named;
    return err_set(err, ERR_UNKNOWN, "%s" STR_FMT "%s", is_list ? "[" : "",
                   STR_ARG(str_view(&text)), is_list ? "]" : "");
}

static int
check_unbound(struct req *req, struct err **err)
{
    struct val spec = val_get(doc_root(req->old), "spec");
    struct str node = val_str(val_get(spec, "nodeName")), text = { 0 };
    if (req->old_object->deleted_at_ms != 0) {
        text = arena_printf(req->arena,
                            "pod " STR_FMT " is being deleted, cannot be assigned to a host",
                            STR_ARG(req->name));
    } else if (node.size > 0) {
        text =
            arena_printf(req->arena, "pod " STR_FMT " is already assigned to node \"" STR_FMT "\"",
                         STR_ARG(req->name), STR_ARG(node));
    } else if (val_len(val_get(spec, "schedulingGates")) > 0) {
        text = arena_printf(req->arena, "pod " STR_FMT " has non-empty .spec.schedulingGates",
                            STR_ARG(req->name));
    } else {
        return 0;
    }
    struct resource row = *req->resource;
    row.plural = "pods/binding";
    return status_conflict(err, &row, req->name, text.at);
}

/* Labels and annotations of the Binding go onto the pod. */
static void
copy_map(struct req *req, struct edit *edit, struct val metadata, const char *member)
{
    VAL_EACH (it, val_get(metadata, member)) {
        AUTO_STR struct str_builder pointer = { 0 };
        str_putf(&pointer, "/metadata/%s/", member);
        for (size_t i = 0; i < it.key.size; i++) { /* a key of RFC 6901 */
            char c = it.key.at[i];
            bool is_escaped = c == '~' || c == '/';
            str_putz(&pointer, is_escaped ? "~" : "");
            str_putc(&pointer, c == '~' ? '0' : c == '/' ? '1' : c);
        }
        edit_set(edit, arena_dupz(req->arena, str_view(&pointer)), val_raw(it.value));
    }
}

static int
bind(struct req *req, struct err **err)
{
    struct val binding = doc_root(req->now), metadata = val_get(binding, "metadata");
    struct val target = val_get(binding, "target");
    struct str ns = val_str(val_get(metadata, "namespace"));
    /* A create of bindings wipes the metadata that the system sets (WipeObjectMetaSystemFields). */
    bool is_old_form = str_is(req->plural, "bindings");
    if (ns.size > 0 && !str_eq(ns, req->ns)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "the namespace of the provided object does not match the namespace sent on "
                       "the request");
    }
    if (check_name(req, "Binding", err) < 0 || check_target(target, err) < 0 ||
        (!is_old_form && rest_sub_preconditions(req, metadata, err) < 0) ||
        check_unbound(req, err) < 0) {
        return -1;
    }
    struct edit edit;
    edit_init(&edit, req->arena);
    edit_set(&edit, "/spec/nodeName", val_raw(val_get(target, "name")));
    copy_map(req, &edit, metadata, "annotations");
    copy_map(req, &edit, metadata, "labels");
    set_condition(req, &edit, "PodScheduled", NULL, NULL);
    req->now = req->old;
    return rest_write_edit(req, &edit, err);
}

const struct rest_sub rest_sub_binding = {
    .resource = "pods",
    .name = "binding",
    .row = &resource_bindings,
    .apply = bind,
    .is_raw = true,
};

/* ---- eviction ---- */

static const struct resource eviction_row = {
    .group = "policy",
    .version = "v1",
    .kind = "Eviction",
    .list_kind = "EvictionList",
    .plural = "evictions",
    .singular = "eviction",
    .flags = RES_NAMESPACED,
    .type = &type_policy_eviction,
};

/* dryRun of the query and of the options must agree when both are there. */
static int
check_dry_run(struct req *req, struct val options, struct err **err)
{
    struct val inner = val_get(options, "dryRun");
    bool is_all = val_len(inner) > 0;
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, inner) {
        is_all = is_all && val_is_str(it.value, "All");
        str_putf(&text, "%s" STR_FMT, text.size > 0 ? " " : "", STR_ARG(val_str(it.value)));
    }
    if (req->options.dry_run && val_len(inner) > 0 && !is_all) {
        return err_set(err, ERR_UNKNOWN,
                       "Non-matching dry-run options in request and content: [All] and [" STR_FMT
                       "]",
                       STR_ARG(str_view(&text)));
    }
    return 0;
}

/* A deletion of the pod with these options; who only may evict needs no right to delete. */
static int
evict(struct req *req, struct err **err)
{
    struct val options = val_get(doc_root(req->now), "deleteOptions");
    if (check_name(req, "Eviction", err) < 0 || check_dry_run(req, options, err) < 0 ||
        rest_delete_take(req, options, err) < 0) {
        return -1;
    }
    if (rest_delete_prepare(req, err) == STEP_FAIL) {
        return -1;
    }
    if (req->impl->is_delete || req->now == req->old) {
        return 0;
    }
    struct edit edit;
    edit_init(&edit, req->arena);
    set_condition(req, &edit, "DisruptionTarget", "EvictionByEvictionAPI",
                  "Eviction API: evicting");
    return rest_write_edit(req, &edit, err);
}

const struct rest_sub rest_sub_eviction = {
    .resource = "pods",
    .name = "eviction",
    .row = &eviction_row,
    .apply = evict,
    .is_raw = true,
};
