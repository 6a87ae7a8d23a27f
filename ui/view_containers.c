/* The containers of a pod as a table: the pod is read again whenever its watch says that it changed.
 * Opened by enter on a pod; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_containers.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "ui/ask.h"
#include "ui/object_watch.h"
#include "ui/shell.h"
#include "ui/table.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_logs.h"
#include "ui/view_text.h"

enum { SETTLE_MS = 100 };

struct containers_view {
    struct view view;
    const struct resource *pods;
    char *ns, *name;
    struct table *table;
    struct object_watch *watch; /* when to read again */
    char *problem;
    int height;
};

static const char columns[] = "[{\"name\":\"Name\",\"type\":\"string\"},"
                              "{\"name\":\"State\",\"type\":\"string\"},"
                              "{\"name\":\"Ready\",\"type\":\"string\"},"
                              "{\"name\":\"Restarts\",\"type\":\"string\"},"
                              "{\"name\":\"Started\",\"type\":\"date\"},"
                              "{\"name\":\"Image\",\"type\":\"string\"},"
                              "{\"name\":\"Ports\",\"type\":\"string\"},"
                              "{\"name\":\"Kind\",\"type\":\"string\"}]";

/* Where a pod keeps its containers. */
static const struct {
    const char *specs, *statuses, *kind;
} places[] = {
    { "spec.containers", "status.containerStatuses", "main" },
    { "spec.initContainers", "status.initContainerStatuses", "init" },
    { "spec.ephemeralContainers", "status.ephemeralContainerStatuses", "debug" },
};

static struct containers_view *
containers_of(struct view *view)
{
    return container_of(view, struct containers_view, view);
}

/* ---- rows ---- */

static struct val
status_of(struct val statuses, struct str name)
{
    VAL_EACH (it, statuses) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

/* "Running", or the reason of another state. */
static struct str
state_text(struct val state)
{
    struct val waiting = val_get(state, "waiting"), ended = val_get(state, "terminated");
    struct str reason = val_str(val_get(val_is(ended) ? ended : waiting, "reason"));

    if (val_is(val_get(state, "running"))) {
        return STR("Running");
    }
    return reason.size > 0 ? reason : val_is(ended) ? STR("Terminated") : STR("Waiting");
}

static void
write_age(struct jw *w, struct val time)
{
    char text[32] = "";
    int64_t us = 0;

    if (val_is(time) && clock_parse(val_str(time), &us) == 0) {
        (void)snprintf(text, sizeof(text), "%llds",
                       (long long)((clock_wall_ms() - us / 1000) / 1000));
    }
    jw_strz(w, text);
}

static void
write_ports(struct jw *w, struct val ports)
{
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, ports) {
        str_putf(&text, "%s%lld/" STR_FMT, text.size == 0 ? "" : ",",
                 (long long)val_int(val_get(it.value, "containerPort"), 0),
                 STR_ARG(val_str(val_get(it.value, "protocol"))));
    }
    jw_str(w, str_view(&text));
}

static void
write_row(struct jw *w, const char *kind, struct val spec, struct val status)
{
    struct val state = val_get(status, "state");
    struct val started = val_at(state, "running.startedAt");

    jw_obj(w);
    jw_keyz(w, "cells");
    jw_arr(w);
    jw_str(w, val_str(val_get(spec, "name")));
    jw_str(w, state_text(state));
    jw_strz(w, val_bool(val_get(status, "ready"), false) ? "yes" : "no");
    jw_printf(w, "%lld", (long long)val_int(val_get(status, "restartCount"), 0));
    write_age(w, val_is(started) ? started : val_at(state, "terminated.startedAt"));
    jw_str(w, val_str(val_get(spec, "image")));
    write_ports(w, val_get(spec, "ports"));
    jw_strz(w, kind);
    jw_end(w);
    jw_keyz(w, "object");
    jw_obj(w);
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_kv(w, "name", val_str(val_get(spec, "name")));
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

static void
read_pod(struct containers_view *containers, struct arena *arena, struct val pod)
{
    table_columns(containers->table, doc_root(doc_trust(arena, str_of(columns))), false);
    table_begin(containers->table);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct val statuses = val_at(pod, places[i].statuses);
        VAL_EACH (it, val_at(pod, places[i].specs)) {
            struct jw w;
            jw_init(&w, arena);
            write_row(&w, places[i].kind, it.value,
                      status_of(statuses, val_str(val_get(it.value, "name"))));
            table_put(containers->table, doc_root(doc_trust(arena, jw_done(&w))), clock_wall_ms());
        }
    }
    table_end(containers->table);
}

/* ---- reading ---- */

static void
set_problem(struct containers_view *containers, const char *problem)
{
    mem_free(containers->problem);
    containers->problem = mem_strdup(problem);
    ui_dirty(containers->view.ui);
}

static void
on_pod(void *ctx, const struct reply *reply, struct err *owned)
{
    struct containers_view *containers = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = err == NULL ? doc_parse(arena, reply->bytes, &err) : NULL;

    if (doc != NULL) {
        read_pod(containers, arena, doc_root(doc));
    }
    set_problem(containers, doc == NULL ? err->message : NULL);
}

static void
ask_pod(struct containers_view *containers)
{
    struct call call =
        call_of(VERB_GET, containers->pods, str_of(containers->ns), str_of(containers->name));

    call.accept = ACCEPT_RAW;
    (void)ask_call(&containers->view.asks, ui_client(containers->view.ui), &call, on_pod,
                   containers);
}

static void
on_again(void *ctx)
{
    ask_pod(ctx);
}

static bool
is_read(void *ctx)
{
    const struct containers_view *containers = ctx;

    return containers->table->column_len > 0;
}

static void
on_gone(void *ctx)
{
    set_problem(ctx, "the pod is gone");
}

/* ---- operations ---- */

static void
close_containers(struct view *view)
{
    struct containers_view *containers = containers_of(view);

    object_watch_free(containers->watch);
    table_free(containers->table);
    mem_free(containers->ns);
    mem_free(containers->name);
    mem_free(containers->problem);
    mem_free(containers);
}

static void
draw_containers(struct view *view, struct grid *grid, struct grid_rect rect)
{
    struct containers_view *containers = containers_of(view);

    containers->height = rect.height - 1;
    table_draw(containers->table, grid, rect, clock_wall_ms());
    if (containers->table->column_len == 0 && containers->problem == NULL) {
        (void)grid_putz(grid, rect.x + 1, rect.y, rect.width - 1, "reading ...", ROLE_DIM);
    }
}

static void
title_containers(struct view *view, struct view_title *ret)
{
    struct containers_view *containers = containers_of(view);

    (void)snprintf(ret->what, sizeof(ret->what), "Containers");
    (void)snprintf(ret->where, sizeof(ret->where), "%s/%s", containers->ns, containers->name);
    if (containers->problem != NULL) {
        (void)snprintf(ret->note, sizeof(ret->note), "%s", containers->problem);
        ret->note_role = ROLE_WARN;
    }
    (void)snprintf(ret->right, sizeof(ret->right), "%zu", table_shown(containers->table));
}

static unsigned
scopes_containers(struct view *view)
{
    (void)view;
    return SCOPE_BIT(SCOPE_CONTAINER) | SCOPE_BIT(SCOPE_MOVE);
}

static bool
action_containers(struct view *view, enum action action)
{
    struct containers_view *containers = containers_of(view);
    const struct table_row *row = table_current(containers->table);
    struct str ns = str_of(containers->ns), name = str_of(containers->name);

    if (table_move_by(containers->table, action, containers->height)) {
        return true;
    }
    if (action == ACTION_CONTAINER_LOGS || action == ACTION_CONTAINER_PREVIOUS) {
        if (row != NULL) {
            ui_push(view->ui, view_logs_new(view->ui, containers->pods, ns, name,
                                            &(struct view_logs_spec){
                                                .container = str_of(row->name),
                                                .is_previous = action == ACTION_CONTAINER_PREVIOUS,
                                            }));
        }
    } else if (action == ACTION_CONTAINER_SHELL || action == ACTION_CONTAINER_ATTACH) {
        if (row != NULL) {
            shell_open(view, containers->pods, ns, name,
                       &(struct shell_spec){
                           .container = str_of(row->name),
                           .is_attach = action == ACTION_CONTAINER_ATTACH,
                       });
        }
    } else if (action == ACTION_CONTAINER_POD) {
        ui_push(view->ui,
                view_text_object(view->ui, VIEW_TEXT_DESCRIBE, containers->pods, ns, name));
    } else if (action == ACTION_REFRESH) {
        ask_pod(containers);
    } else {
        return false;
    }
    return true;
}

static const struct view_ops containers_ops = {
    .close = close_containers,
    .draw = draw_containers,
    .title = title_containers,
    .scopes = scopes_containers,
    .action = action_containers,
};

struct view *
view_containers_new(struct ui *ui, const struct resource *pods, struct str ns, struct str name)
{
    struct containers_view *containers = MEM_NEW(struct containers_view);
    struct object_watch_spec watch = { .resource = pods,
                                       .ns = ns,
                                       .name = name,
                                       .settle_ms = SETTLE_MS,
                                       .is_read = is_read,
                                       .again = on_again,
                                       .gone = on_gone,
                                       .ctx = containers };

    view_init(&containers->view, &containers_ops, ui);
    containers->view.ticks = true;
    containers->pods = pods;
    containers->ns = str_dup(ns);
    containers->name = str_dup(name);
    containers->table = table_new();
    ask_pod(containers);
    containers->watch = object_watch_new(ui, &watch);
    return &containers->view;
}
