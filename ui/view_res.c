/* The table of any kind.  A feed brings the rows, the model keeps them; what a key does with the row
 * under the cursor is a table, too.  Console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_res.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/clock.h"
#include "base/doc.h"
#include "ui/catalog.h"
#include "ui/deed.h"
#include "ui/editor.h"
#include "ui/feed.h"
#include "ui/filter.h"
#include "ui/follow.h"
#include "ui/machine_form.h"
#include "ui/machine_remove.h"
#include "ui/save.h"
#include "ui/shell.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_history.h"
#include "ui/view_logs.h"
#include "ui/view_machine.h"
#include "ui/view_text.h"
#include "ui/view_why.h"

struct res_view {
    struct view view;
    const struct resource *resource;
    char *ns, *label_selector, *field_selector, *of;
    struct table *table;
    struct filter *filter;
    char *selector; /* of the filter's -l: the server applies it */
    struct feed *feed;
    int height;
};

static const struct view_ops res_ops;

static struct res_view *
res_of(struct view *view)
{
    return container_of(view, struct res_view, view);
}

/* ---- the feed ---- */

static bool
shows_ns(const struct res_view *res)
{
    return resource_is_namespaced(res->resource) && res->ns[0] == '\0';
}

static void
on_columns(void *ctx, struct val definitions)
{
    struct res_view *res = ctx;

    table_columns(res->table, definitions, shows_ns(res));
    if (res->field_selector[0] != '\0' && strcmp(res->resource->plural, "events") == 0) {
        table_hide(res->table, STR("OBJECT")); /* it is in the title */
    }
}

static void
on_begin(void *ctx)
{
    struct res_view *res = ctx;

    table_begin(res->table);
}

static void
on_row(void *ctx, struct val row)
{
    struct res_view *res = ctx;

    table_put(res->table, row, clock_wall_ms());
}

static void
on_gone(void *ctx, struct val row)
{
    struct res_view *res = ctx;

    table_del(res->table, row);
}

static void
on_end(void *ctx)
{
    struct res_view *res = ctx;

    table_end(res->table);
}

static void
on_changed(void *ctx)
{
    struct res_view *res = ctx;

    ui_dirty(res->view.ui);
}

static const struct feed_ops feed_ops = {
    on_columns, on_begin, on_row, on_gone, on_end, on_changed
};

/* Both selectors hold: that of where one came from, and the filter's. */
static void
start_feed(struct res_view *res)
{
    bool has_both = res->label_selector[0] != '\0' && res->selector[0] != '\0';
    AUTO_FREE char *labels =
        mem_printf("%s%s%s", res->label_selector, has_both ? "," : "", res->selector);
    struct feed_spec spec = { .resource = res->resource,
                              .ns = str_of(res->ns),
                              .label_selector = str_of(labels),
                              .field_selector = str_of(res->field_selector) };

    feed_free(res->feed);
    res->feed = feed_new(ui_client(res->view.ui), &spec, &feed_ops, res);
}

/* ---- filter ---- */

static void
set_filter(struct res_view *res, struct str text, bool is_final)
{
    struct filter *filter = filter_new(text);
    struct str selector = filter_selector(filter);

    table_set_filter(res->table, filter);
    filter_free(res->filter);
    res->filter = filter;
    /* A selector is asked for when it has been typed to its end. */
    if (is_final && !str_is(selector, res->selector)) {
        mem_free(res->selector);
        res->selector = str_dup(selector);
        start_feed(res);
    }
    ui_dirty(res->view.ui);
}

static void
typed_res(struct view *view, struct str text, bool is_final)
{
    set_filter(res_of(view), text, is_final);
}

static struct str
typed_before_res(struct view *view)
{
    return filter_text(res_of(view)->filter);
}

static bool
back_res(struct view *view)
{
    struct res_view *res = res_of(view);

    if (res->filter != NULL) {
        set_filter(res, (struct str){ 0 }, true);
        return true;
    }
    if (res->table->only_faults) {
        table_set_faults(res->table, false);
        return true;
    }
    if (res->table->marked_len > 0) {
        table_unmark(res->table);
        return true;
    }
    return false;
}

/* ---- drawing ---- */

/* "Pods", "NetworkPolicies": the plural with the kind's capitals. */
static void
plural_title(const struct resource *resource, char *text, size_t size)
{
    size_t i = 0;

    while (resource->kind[i] != '\0' &&
           (resource->kind[i] | 0x20) == (resource->plural[i] | 0x20)) {
        i++;
    }
    (void)snprintf(text, size, "%.*s%s", (int)i, resource->kind, resource->plural + i);
}

static void
title_res(struct view *view, struct view_title *ret)
{
    const struct res_view *res = res_of(view);
    size_t shown = table_shown(res->table), len = table_len(res->table);
    char marks[32] = "";

    plural_title(res->resource, ret->what, sizeof(ret->what));
    if (resource_is_namespaced(res->resource)) {
        (void)snprintf(ret->where, sizeof(ret->where), "%s",
                       res->ns[0] == '\0' ? "all namespaces" : res->ns);
    }
    if (feed_state(res->feed) == FEED_RETRYING) {
        (void)snprintf(ret->note, sizeof(ret->note), "%s", feed_problem(res->feed));
        ret->note_role = ROLE_ERROR;
    } else {
        (void)snprintf(ret->note, sizeof(ret->note), "%s%s%s" STR_FMT "%s", res->of,
                       res->of[0] == '\0' ? "" : "  ", res->filter == NULL ? "" : "/",
                       STR_ARG(filter_text(res->filter)),
                       res->table->only_faults ? "  only faults" : "");
        ret->note_role = ROLE_WARN;
    }
    if (res->table->marked_len > 0) {
        (void)snprintf(marks, sizeof(marks), "%zu marked  ", res->table->marked_len);
    }
    if (shown == len) {
        (void)snprintf(ret->right, sizeof(ret->right), "%s%zu", marks, len);
    } else {
        (void)snprintf(ret->right, sizeof(ret->right), "%s%zu/%zu", marks, shown, len);
    }
}

static void
draw_empty(const struct res_view *res, struct grid *grid, struct grid_rect rect)
{
    AUTO_STR struct str_builder text = { 0 };

    if (feed_state(res->feed) == FEED_LOADING) {
        str_putz(&text, "reading ...");
    } else if (feed_state(res->feed) != FEED_RETRYING) {
        str_putf(&text, "no %s", res->resource->plural);
        if (table_len(res->table) > 0) {
            str_putf(&text, " that match: %zu are hidden, esc shows them", table_len(res->table));
        } else if (res->ns[0] != '\0' && resource_is_namespaced(res->resource)) {
            str_putf(&text, " in namespace %s: 0 shows all namespaces", res->ns);
        }
    }
    if (rect.height > 1) {
        (void)grid_put_fit(grid, rect.x + 1, rect.y + 1, rect.width - 2, str_view(&text), ROLE_DIM);
    }
}

static void
draw_res(struct view *view, struct grid *grid, struct grid_rect rect)
{
    struct res_view *res = res_of(view);

    res->height = rect.height - 1;
    table_draw(res->table, grid, rect, clock_wall_ms());
    if (table_shown(res->table) == 0) {
        draw_empty(res, grid, rect);
    }
}

/* ---- actions ---- */

struct scope_kind {
    const char *group, *plural;
    enum scope scope;
};
static const struct scope_kind scope_kinds[] = {
    { "", "pods", SCOPE_POD },
    { "", "secrets", SCOPE_SECRET },
    { "", "namespaces", SCOPE_NAMESPACE },
    { "", "nodes", SCOPE_NODE },
    { "", "nodes", SCOPE_FLEET },
    { "binnacle.io", "machines", SCOPE_FLEET },
    { "binnacle.io", "machines", SCOPE_MACHINE },
    { "apps", "deployments", SCOPE_ROLLOUT },
    { "apps", "statefulsets", SCOPE_ROLLOUT },
    { "apps", "daemonsets", SCOPE_ROLLOUT },
};

static unsigned
scopes_res(struct view *view)
{
    const struct resource *resource = res_of(view)->resource;
    unsigned scopes = SCOPE_BIT(SCOPE_TABLE) | SCOPE_BIT(SCOPE_MOVE) | SCOPE_BIT(SCOPE_OBJECT);

    for (size_t i = 0; i < ARRAY_LEN(scope_kinds); i++) {
        if (strcmp(resource->group, scope_kinds[i].group) == 0 &&
            strcmp(resource->plural, scope_kinds[i].plural) == 0) {
            scopes |= SCOPE_BIT(scope_kinds[i].scope);
        }
    }
    if (resource_sub(resource, STR("scale")) != NULL) {
        scopes |= SCOPE_BIT(SCOPE_SCALABLE);
    }
    return scopes;
}

static bool
scroll_res(struct res_view *res, enum action action)
{
    if (action == ACTION_LEFT && res->table->first_column > 0) {
        res->table->first_column--;
    } else if (action == ACTION_RIGHT &&
               res->table->first_column + 2 < (int)res->table->column_len) {
        res->table->first_column++;
    }
    return action == ACTION_LEFT || action == ACTION_RIGHT;
}

static bool
sort_res(struct res_view *res, enum action action)
{
    static const struct {
        enum action action;
        const char *columns[3]; /* the first that is there */
    } sorts[] = {
        { ACTION_SORT_NAME, { "NAME", "OBJECT" } },
        { ACTION_SORT_AGE, { "AGE", "LAST SEEN" } },
        { ACTION_SORT_STATUS, { "STATUS", "TYPE", "READY" } },
        { ACTION_SORT_NAMESPACE, { "NAMESPACE" } },
    };

    for (size_t i = 0; i < ARRAY_LEN(sorts); i++) {
        if (sorts[i].action != action) {
            continue;
        }
        for (size_t k = 0; k < 3 && sorts[i].columns[k] != NULL; k++) {
            if (table_sort_by(res->table, str_of(sorts[i].columns[k]))) {
                break;
            }
        }
        return true;
    }
    if (action == ACTION_SORT_LEFT || action == ACTION_SORT_RIGHT) {
        table_sort_next(res->table, action == ACTION_SORT_LEFT ? -1 : 1);
    } else if (action == ACTION_SORT_REVERSE) {
        table_sort_reverse(res->table);
    } else {
        return false;
    }
    return true;
}

static void
reopen(struct res_view *res, struct str ns)
{
    struct view_res_spec spec = { .resource = res->resource,
                                  .ns = ns,
                                  .filter = filter_text(res->filter),
                                  .label_selector = str_of(res->label_selector),
                                  .field_selector = str_of(res->field_selector),
                                  .of = str_of(res->of) };

    ui_set_ns(res->view.ui, ns);
    ui_replace(res->view.ui, view_res_new(res->view.ui, &spec));
}

static void
copy_names(struct res_view *res)
{
    enum { MOST = 1000 };
    AUTO_FREE const struct table_row **rows = mem_new_array(MOST, sizeof(*rows));
    size_t len = table_chosen(res->table, rows, MOST);
    AUTO_STR struct str_builder names = { 0 };

    for (size_t i = 0; i < len; i++) {
        str_putf(&names, "%s%s", i == 0 ? "" : "\n", rows[i]->name);
    }
    if (len > 0) {
        ui_copy(res->view.ui, str_view(&names), len == 1 ? rows[0]->name : "the names");
    }
}

static void
save_rows(struct res_view *res)
{
    AUTO_STR struct str_builder csv = { 0 };

    table_write_csv(res->table, clock_wall_ms(), &csv);
    save_text(res->view.ui, res->resource->plural, "csv", str_view(&csv));
}

/* What changes only how the table looks. */
static bool
look_res(struct res_view *res, enum action action)
{
    struct table *table = res->table;

    if (action == ACTION_CLEAR_FILTER) {
        set_filter(res, (struct str){ 0 }, true);
    } else if (action == ACTION_FAULTS) {
        table_set_faults(table, !table->only_faults);
    } else if (action == ACTION_WIDE) {
        table->is_wide = !table->is_wide;
    } else if (action == ACTION_MARK) {
        table_mark(table);
        table_move(table, 1, res->height);
    } else if (action == ACTION_MARK_RANGE) {
        table_mark_range(table);
    } else if (action == ACTION_CLEAR_MARKS) {
        table_unmark(table);
    } else if (action == ACTION_SAVE) {
        save_rows(res);
    } else if (action == ACTION_COPY) {
        copy_names(res);
    } else if (action == ACTION_REFRESH) {
        feed_restart(res->feed);
    } else if (action == ACTION_ALL_NAMESPACES) {
        if (resource_is_namespaced(res->resource) && res->ns[0] != '\0') {
            reopen(res, (struct str){ 0 });
        }
    } else {
        return false;
    }
    return true;
}

static void
remove_machines(struct res_view *res)
{
    const struct table_row *rows[VIEW_MACHINE_MAX];
    const char *names[VIEW_MACHINE_MAX];
    size_t len = table_chosen(res->table, rows, VIEW_MACHINE_MAX);

    for (size_t i = 0; i < len; i++) {
        names[i] = rows[i]->name;
    }
    if (len > 0) {
        machine_remove_ask(&res->view, res->resource, names, len);
    }
}

static bool
change_res(struct res_view *res, enum action action)
{
    struct view *view = &res->view;

    if (action == ACTION_DELETE || action == ACTION_DELETE_NOW) {
        deed_delete(view, res->resource, res->table, action == ACTION_DELETE_NOW);
    } else if (action == ACTION_SCALE) {
        deed_scale(view, res->resource, res->table);
    } else if (action == ACTION_RESTART) {
        deed_restart(view, res->resource, res->table);
    } else if (action == ACTION_CORDON || action == ACTION_UNCORDON) {
        deed_cordon(view, res->resource, res->table, action == ACTION_CORDON);
    } else if (action == ACTION_MACHINE_REMOVE) {
        remove_machines(res);
    } else if (action == ACTION_ADD_MACHINE) {
        machine_form_open(view);
    } else {
        return false;
    }
    return true;
}

/* Another view of the row under the cursor. */
static bool
open_res(struct res_view *res, enum action action)
{
    const struct table_row *row = table_current(res->table);
    struct ui *ui = res->view.ui;
    struct str ns, name;

    if (row == NULL) {
        return (actions_row(action)->flags & ACTIONS_NEEDS_ROW) != 0;
    }
    ns = str_of(row->ns);
    name = str_of(row->name);
    if (action == ACTION_DESCRIBE) {
        ui_push(ui, view_text_object(ui, VIEW_TEXT_DESCRIBE, res->resource, ns, name));
    } else if (action == ACTION_YAML) {
        ui_push(ui, view_text_object(ui, VIEW_TEXT_YAML, res->resource, ns, name));
    } else if (action == ACTION_EDIT) {
        editor_open(&res->view, res->resource, ns, name);
    } else if (action == ACTION_DECODE) {
        ui_push(ui, view_text_object(ui, VIEW_TEXT_DECODED, res->resource, ns, name));
    } else if (action == ACTION_LOGS || action == ACTION_PREVIOUS_LOGS) {
        ui_push(ui, view_logs_new(ui, res->resource, ns, name,
                                  &(struct view_logs_spec){
                                      .is_previous = action == ACTION_PREVIOUS_LOGS,
                                  }));
    } else if (action == ACTION_SHELL || action == ACTION_ATTACH) {
        shell_open(&res->view, res->resource, ns, name,
                   &(struct shell_spec){ .is_attach = action == ACTION_ATTACH });
    } else if (action == ACTION_WHY) {
        ui_push(ui, view_why_new(ui, res->resource, ns, name));
    } else if (action == ACTION_MACHINE_OPEN || action == ACTION_MACHINE_AGAIN) {
        ui_push(ui, view_machine_new(ui, res->resource, name, action == ACTION_MACHINE_AGAIN));
    } else if (action == ACTION_HISTORY) {
        ui_push(ui, view_history_new(ui, res->resource, ns, name));
    } else if (action == ACTION_WARP) {
        if (shows_ns(res)) {
            reopen(res, ns);
        }
    } else if (action == ACTION_COPY_NAMESPACE) {
        ui_copy(ui, ns, "the namespace");
    } else if (action == ACTION_USE) {
        ui_set_ns(ui, name);
        ui_command(ui, STR("pods"));
    } else {
        return follow_row(&res->view, res->resource, action, ns, name);
    }
    return true;
}

static bool
action_res(struct view *view, enum action action)
{
    struct res_view *res = res_of(view);

    return table_move_by(res->table, action, res->height) || scroll_res(res, action) ||
           sort_res(res, action) || look_res(res, action) || change_res(res, action) ||
           open_res(res, action);
}

/* ---- life ---- */

static void
close_res(struct view *view)
{
    struct res_view *res = res_of(view);

    feed_free(res->feed);
    table_free(res->table);
    filter_free(res->filter);
    mem_free(res->ns);
    mem_free(res->label_selector);
    mem_free(res->field_selector);
    mem_free(res->selector);
    mem_free(res->of);
    mem_free(res);
}

static const struct view_ops res_ops = {
    .close = close_res,
    .draw = draw_res,
    .title = title_res,
    .scopes = scopes_res,
    .action = action_res,
    .typed = typed_res,
    .typed_before = typed_before_res,
    .back = back_res,
};

struct view *
view_res_new(struct ui *ui, const struct view_res_spec *spec)
{
    struct res_view *res = MEM_NEW(struct res_view);

    view_init(&res->view, &res_ops, ui);
    res->view.ticks = true;
    res->resource = spec->resource;
    res->ns = str_dup(resource_is_namespaced(spec->resource) ? spec->ns : (struct str){ 0 });
    res->label_selector = str_dup(spec->label_selector);
    res->field_selector = str_dup(spec->field_selector);
    res->of = str_dup(spec->of);
    res->table = table_new();
    res->filter = filter_new(spec->filter);
    res->selector = str_dup(filter_selector(res->filter));
    table_set_filter(res->table, res->filter);
    res->height = 1;
    start_feed(res);
    return &res->view;
}

const struct resource *
view_res_kind(struct view *view)
{
    return view != NULL && view->ops == &res_ops ? res_of(view)->resource : NULL;
}
