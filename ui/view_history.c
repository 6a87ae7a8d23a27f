/* History of an object: GET …/NAME/history as a table, read again when the object changes; enter shows
 * all changes of one revision.  Only binnacle's own control plane keeps it.  Console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_history.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/history.h"
#include "ui/ask.h"
#include "ui/object_watch.h"
#include "ui/table.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_text.h"

enum { SETTLE_MS = 500, WIDE_COLUMNS = 120 /* room for the cause in words */ };

struct history_view {
    struct view view;
    const struct resource *resource;
    char *ns, *name;
    struct table *table;
    struct buf *answer;         /* as it came, NULL: not yet */
    struct object_watch *watch; /* when to read again */
    char *problem;
    bool has_older; /* than those shown */
    int height;
};

static const char columns[] = "[{\"name\":\"Rev\",\"type\":\"integer\"},"
                              "{\"name\":\"Age\",\"type\":\"date\"},"
                              "{\"name\":\"Who\",\"type\":\"string\"},"
                              "{\"name\":\"Did\",\"type\":\"string\"},"
                              "{\"name\":\"Cause\",\"type\":\"string\"},"
                              "{\"name\":\"Change\",\"type\":\"string\"},"
                              "{\"name\":\"Because of\",\"type\":\"string\",\"priority\":1}]";

static struct history_view *
history_of(struct view *view)
{
    return container_of(view, struct history_view, view);
}

/* ---- rows ---- */

static void
write_row(struct val item, struct arena *arena, struct jw *w)
{
    struct history_row row;
    history_row(item, arena, &row);
    bool has_command = val_str(val_get(item, "command")).size > 0;
    jw_obj(w);
    jw_keyz(w, "cells");
    jw_arr(w);
    jw_str(w, row.rev);
    jw_strz(w, "");
    jw_str(w, row.who);
    jw_str(w, has_command ? row.with : row.verb);
    jw_str(w, row.author_rev);
    jw_str(w, row.change);
    jw_str(w, row.because);
    jw_end(w);
    jw_keyz(w, "object");
    jw_obj(w);
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_kv(w, "name", row.rev);
    jw_kv(w, "uid", row.rev);
    jw_kv(w, "creationTimestamp", val_str(val_get(item, "time")));
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

static void
read_answer(struct history_view *history, struct arena *arena, struct val root)
{
    struct table *table = history->table;
    bool is_first = table->column_len == 0;
    table_columns(table, doc_root(doc_trust(arena, str_of(columns))), false);
    if (is_first) {
        (void)table_sort_by(table, STR("REV"));
        table_sort_reverse(table); /* the newest on top */
    }
    table_begin(table);
    VAL_EACH (it, val_get(root, "items")) {
        struct jw w;
        jw_init(&w, arena);
        write_row(it.value, arena, &w);
        table_put(table, doc_root(doc_trust(arena, jw_done(&w))), clock_wall_ms());
    }
    table_end(table);
    history->has_older = val_str(val_at(root, "metadata.continue")).size > 0;
}

/* ---- reading ---- */

static void
on_answer(void *ctx, const struct reply *reply, struct err *owned)
{
    struct history_view *history = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = err == NULL ? doc_parse(arena, reply->bytes, &err) : NULL;
    mem_free(STEAL(history->problem));
    if (doc != NULL) {
        buf_unref(history->answer);
        history->answer = buf_copy(reply->bytes);
        read_answer(history, arena, doc_root(doc));
    } else if (err->code == ERR_NOT_FOUND && strstr(err->message, history->name) == NULL) {
        history->problem = mem_strdup("only binnacle's own control plane keeps history");
    } else {
        history->problem = mem_strdup(err->message);
    }
    ui_dirty(history->view.ui);
}

static void
ask_history(struct history_view *history)
{
    struct call call =
        call_of(VERB_GET, history->resource, str_of(history->ns), str_of(history->name));
    call.subresource = "history";
    call.accept = ACCEPT_RAW;
    call.query = STR("limit=200");
    (void)ask_call(&history->view.asks, ui_client(history->view.ui), &call, on_answer, history);
}

static void
on_again(void *ctx)
{
    ask_history(ctx);
}

static bool
is_read(void *ctx)
{
    const struct history_view *history = ctx;
    return history->answer != NULL;
}

/* ---- operations ---- */

static void
close_history(struct view *view)
{
    struct history_view *history = history_of(view);
    object_watch_free(history->watch);
    table_free(history->table);
    buf_unref(history->answer);
    mem_free(history->ns);
    mem_free(history->name);
    mem_free(history->problem);
    mem_free(history);
}

static void
draw_history(struct view *view, struct grid *grid, struct grid_rect rect)
{
    struct history_view *history = history_of(view);
    history->height = rect.height - 1;
    history->table->is_wide = rect.width >= WIDE_COLUMNS;
    history->table->hidden = 0;
    if (history->table->is_wide) {
        table_hide(history->table, STR("CAUSE"));
    }
    if (history->answer != NULL) {
        table_draw(history->table, grid, rect, clock_wall_ms());
    } else if (history->problem == NULL) {
        (void)grid_putz(grid, rect.x + 1, rect.y, rect.width - 1, "reading ...", ROLE_DIM);
    } else {
        (void)grid_put_fit(grid, rect.x + 1, rect.y, rect.width - 2, str_of(history->problem),
                           ROLE_WARN);
    }
}

static void
title_history(struct view *view, struct view_title *ret)
{
    const struct history_view *history = history_of(view);
    (void)snprintf(ret->what, sizeof(ret->what), "History  %s", history->resource->kind);
    (void)snprintf(ret->where, sizeof(ret->where), "%s%s%s", history->ns,
                   history->ns[0] == '\0' ? "" : "/", history->name);
    if (history->answer != NULL && history->problem != NULL) {
        (void)snprintf(ret->note, sizeof(ret->note), "%s", history->problem);
        ret->note_role = ROLE_WARN;
    }
    if (history->answer != NULL) {
        (void)snprintf(ret->right, sizeof(ret->right), "%s%zu revisions",
                       history->has_older ? "last " : "", table_shown(history->table));
    }
}

static unsigned
scopes_history(struct view *view)
{
    (void)view;
    return SCOPE_BIT(SCOPE_HISTORY) | SCOPE_BIT(SCOPE_MOVE);
}

/* All that one revision changed, as a text. */
static void
open_revision(struct history_view *history)
{
    const struct table_row *row = table_current(history->table);
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_STR struct str_builder text = { 0 };
    const struct doc *doc = row == NULL ? NULL : doc_parse(arena, buf_str(history->answer), &err);
    VAL_EACH (it, doc == NULL ? (struct val){ 0 } : val_get(doc_root(doc), "items")) {
        struct history_row line;
        if (!val_is_str(val_get(it.value, "resourceVersion"), row->name)) {
            continue;
        }
        history_row(it.value, arena, &line);
        str_putf(&text, STR_FMT "  " STR_FMT "  " STR_FMT "  " STR_FMT "\n\n",
                 STR_ARG(val_str(val_get(it.value, "time"))), STR_ARG(line.who), STR_ARG(line.with),
                 STR_ARG(line.verb));
        history_details(it.value, &text);
        AUTO_FREE char *title =
            mem_printf("Revision %s  %s/%s", row->name, history->resource->singular, history->name);
        ui_push(history->view.ui, view_text_static(history->view.ui, title, str_view(&text)));
        return;
    }
}

static bool
action_history(struct view *view, enum action action)
{
    struct history_view *history = history_of(view);
    if (action == ACTION_REVISION) {
        open_revision(history);
        return true;
    }
    if (action == ACTION_REFRESH) {
        ask_history(history);
        return true;
    }
    return table_move_by(history->table, action, history->height);
}

static const struct view_ops history_ops = {
    .close = close_history,
    .draw = draw_history,
    .title = title_history,
    .scopes = scopes_history,
    .action = action_history,
};

struct view *
view_history_new(struct ui *ui, const struct resource *resource, struct str ns, struct str name)
{
    struct history_view *history = MEM_NEW(struct history_view);
    struct object_watch_spec watch = { .resource = resource,
                                       .ns = ns,
                                       .name = name,
                                       .settle_ms = SETTLE_MS,
                                       .is_read = is_read,
                                       .again = on_again,
                                       .ctx = history };
    view_init(&history->view, &history_ops, ui);
    history->view.ticks = true;
    history->resource = resource;
    history->ns = str_dup(ns);
    history->name = str_dup(name);
    history->table = table_new();
    ask_history(history);
    history->watch = object_watch_new(ui, &watch);
    return &history->view;
}
