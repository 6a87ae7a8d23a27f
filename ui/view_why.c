/* Why a pod is where it is: GET …/pods/X/why as a table of nodes with the first check that refused.
 * Only binnacle's own control plane answers it.  Console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_why.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "ui/ask.h"
#include "ui/table.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { AGAIN_MS = 2000 };

struct why_view {
    struct view view;
    const struct resource *pods;
    char *ns, *name;
    struct table *table;
    struct loop_timer *again;
    char *message, *problem;
    int height;
};

static const char columns[] = "[{\"name\":\"Node\",\"type\":\"string\"},"
                              "{\"name\":\"Status\",\"type\":\"string\"},"
                              "{\"name\":\"Score\",\"type\":\"integer\"},"
                              "{\"name\":\"Check\",\"type\":\"string\"},"
                              "{\"name\":\"Detail\",\"type\":\"string\"}]";

static struct why_view *
why_of(struct view *view)
{
    return container_of(view, struct why_view, view);
}

/* ---- rows ---- */

/* "Insufficient cpu: needs 2000, has 1350" */
static void
write_reasons(struct val reasons, struct str_builder *out)
{
    VAL_EACH (it, reasons) {
        struct val need = val_get(it.value, "need");
        str_putf(out, "%s" STR_FMT, out->size == 0 ? "" : "; ",
                 STR_ARG(val_str(val_get(it.value, "message"))));
        if (val_is(need)) {
            str_putf(out, ": needs %lld, has %lld", (long long)val_int(need, 0),
                     (long long)val_int(val_get(it.value, "have"), 0));
        }
    }
}

static void
write_row(struct val node, struct jw *w)
{
    AUTO_STR struct str_builder detail = { 0 };
    bool fits = val_is_str(val_get(node, "verdict"), "yes");
    struct str check = { 0 };
    struct val score = val_get(node, "score");

    VAL_EACH (it, val_get(node, "checks")) {
        if (val_is_str(val_get(it.value, "verdict"), "no")) {
            check = val_str(val_get(it.value, "name"));
            write_reasons(val_get(it.value, "reasons"), &detail);
        }
    }
    jw_obj(w);
    jw_keyz(w, "cells");
    jw_arr(w);
    jw_str(w, val_str(val_get(node, "name")));
    jw_strz(w, fits ? "Fits" : "No");
    jw_val(w, score);
    jw_str(w, check);
    jw_str(w, str_view(&detail));
    jw_end(w);
    jw_keyz(w, "object");
    jw_obj(w);
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_kv(w, "name", val_str(val_get(node, "name")));
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

static void
read_answer(struct why_view *why, struct arena *arena, struct val root)
{
    struct str message = val_str(val_get(root, "message"));
    struct str node = val_str(val_get(root, "node"));
    bool has_scores = false;

    mem_free(why->message);
    why->message = message.size > 0 ? str_dup(message)
                   : node.size > 0  ? mem_printf("fits " STR_FMT, STR_ARG(node))
                                    : str_dup(val_str(val_get(root, "verdict")));
    table_columns(why->table, doc_root(doc_trust(arena, str_of(columns))), false);
    table_begin(why->table);
    VAL_EACH (it, val_get(root, "nodes")) {
        struct jw w;
        has_scores = has_scores || val_is(val_get(it.value, "score"));
        jw_init(&w, arena);
        write_row(it.value, &w);
        table_put(why->table, doc_root(doc_trust(arena, jw_done(&w))), clock_wall_ms());
    }
    table_end(why->table);
    why->table->hidden = 0;
    if (!has_scores) {
        table_hide(why->table, STR("SCORE")); /* only nodes that fit have one */
    }
}

static void ask_why(void *ctx);

static void
on_why(void *ctx, const struct reply *reply, struct err *owned)
{
    struct why_view *why = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = err == NULL ? doc_parse(arena, reply->bytes, &err) : NULL;

    mem_free(STEAL(why->problem));
    if (doc != NULL) {
        read_answer(why, arena, doc_root(doc));
    } else if (err->code == ERR_NOT_FOUND && strstr(err->message, why->name) == NULL) {
        why->problem = mem_strdup("only binnacle's own control plane can tell: see the events (E)");
    } else {
        why->problem = mem_strdup(err->message);
    }
    why->again = loop_timer(ui_loop(why->view.ui), clock_mono_ms() + AGAIN_MS, ask_why, why);
    ui_dirty(why->view.ui);
}

static void
ask_why(void *ctx)
{
    struct why_view *why = ctx;
    struct call call = call_of(VERB_GET, why->pods, str_of(why->ns), str_of(why->name));

    why->again = NULL;
    call.subresource = "why";
    call.accept = ACCEPT_RAW;
    (void)ask_call(&why->view.asks, ui_client(why->view.ui), &call, on_why, why);
}

/* ---- operations ---- */

static void
close_why(struct view *view)
{
    struct why_view *why = why_of(view);

    loop_timer_cancel(why->again);
    table_free(why->table);
    mem_free(why->ns);
    mem_free(why->name);
    mem_free(why->message);
    mem_free(why->problem);
    mem_free(why);
}

static void
draw_why(struct view *view, struct grid *grid, struct grid_rect rect)
{
    struct why_view *why = why_of(view);

    if (why->problem != NULL) {
        (void)grid_put_fit(grid, rect.x + 1, rect.y, rect.width - 2, str_of(why->problem),
                           ROLE_WARN);
        return;
    }
    if (why->message != NULL && rect.height > 3) {
        (void)grid_put_fit(grid, rect.x + 1, rect.y, rect.width - 2, str_of(why->message),
                           ROLE_WARN);
        rect.y += 2;
        rect.height -= 2;
    }
    why->height = rect.height - 1;
    table_draw(why->table, grid, rect, clock_wall_ms());
}

static void
title_why(struct view *view, struct view_title *ret)
{
    const struct why_view *why = why_of(view);
    size_t fit = 0, len = table_shown(why->table);

    for (size_t i = 0; i < len; i++) {
        fit += str_is(table_cell_text(table_row(why->table, i), 1), "Fits") ? 1 : 0;
    }
    (void)snprintf(ret->what, sizeof(ret->what), "Why");
    (void)snprintf(ret->where, sizeof(ret->where), "%s/%s", why->ns, why->name);
    if (len > 0) {
        (void)snprintf(ret->right, sizeof(ret->right), "%zu of %zu nodes fit", fit, len);
    }
}

static unsigned
scopes_why(struct view *view)
{
    (void)view;
    return SCOPE_BIT(SCOPE_MOVE);
}

static bool
action_why(struct view *view, enum action action)
{
    struct why_view *why = why_of(view);

    return table_move_by(why->table, action, why->height);
}

static const struct view_ops why_ops = {
    .close = close_why,
    .draw = draw_why,
    .title = title_why,
    .scopes = scopes_why,
    .action = action_why,
};

struct view *
view_why_new(struct ui *ui, const struct resource *pods, struct str ns, struct str name)
{
    struct why_view *why = MEM_NEW(struct why_view);

    view_init(&why->view, &why_ops, ui);
    why->pods = pods;
    why->ns = str_dup(ns);
    why->name = str_dup(name);
    why->table = table_new();
    ask_why(why);
    return &why->view;
}
