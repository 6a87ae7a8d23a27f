/* Views of text.  An object's text is read again when its watch says that it changed; a secret's
 * values hide themselves.  Console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_text.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/loop.h"
#include "ui/catalog.h"
#include "ui/describe.h"
#include "ui/editor.h"
#include "ui/hunt.h"
#include "ui/object_watch.h"
#include "ui/pager.h"
#include "ui/save.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { HIDE_MS = 30000, SETTLE_MS = 150 };

struct text_view {
    struct view view;
    char *title;
    enum view_text_mode mode;
    const struct resource *resource; /* NULL: static */
    char *ns, *name;
    struct pager pager;
    struct hunt hunt;
    struct pager_text text;
    struct buf *object; /* JSON as it came, NULL: not yet */
    struct buf *events;
    struct object_watch *watch; /* when to read again */
    struct loop_timer *hide;
    char *problem; /* why there is nothing, or nothing new */
    bool shows_managed, is_hidden, is_loaded;
};

static struct text_view *
text_of(struct view *view)
{
    return container_of(view, struct text_view, view);
}

/* ---- making the text ---- */

static void
write_yaml(const struct text_view *text, struct val object, struct str_builder *out)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *doc = NULL;

    edit_init(&edit, arena);
    if (!text->shows_managed && val_is(val_at(object, "metadata.managedFields"))) {
        edit_del(&edit, "/metadata/managedFields");
    }
    if (edit_apply(object.doc, &edit, &doc, &err) == 0) {
        doc_yaml_write(out, doc_root(doc));
    }
}

static void
write_text(struct text_view *text, struct val object, struct val events, struct str_builder *out)
{
    struct describe_in in = { object, events, clock_wall_ms() };

    switch (text->mode) {
    case VIEW_TEXT_DESCRIBE:
        describe_object(&in, out);
        break;
    case VIEW_TEXT_DECODED:
        if (text->is_hidden) {
            str_putz(out, "Hidden again after 30 seconds: x shows the values.\n");
        } else {
            describe_secret(object, out);
        }
        break;
    case VIEW_TEXT_YAML:
    default:
        write_yaml(text, object, out);
        break;
    }
}

static void
make_text(struct text_view *text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_STR struct str_builder out = { 0 };
    const struct doc *object = NULL, *events = NULL;
    struct val items = { 0 };

    if (text->object == NULL) {
        return;
    }
    object = doc_parse(arena, buf_str(text->object), &err);
    if (object != NULL && text->events != NULL) {
        events = doc_parse(arena, buf_str(text->events), &err);
        items = events == NULL ? items : val_get(doc_root(events), "items");
    }
    if (object == NULL) {
        return;
    }
    write_text(text, doc_root(object), items, &out);
    pager_text_set(&text->text, str_view(&out));
    mem_wipe(out.at, out.size);
    text->is_loaded = true;
    ui_dirty(text->view.ui);
}

/* ---- reading ---- */

static void
set_problem(struct text_view *text, const char *problem)
{
    mem_free(text->problem);
    text->problem = mem_strdup(problem);
    ui_dirty(text->view.ui);
}

static void
on_object(void *ctx, const struct reply *reply, struct err *owned)
{
    struct text_view *text = ctx;
    AUTO_ERR struct err *err = owned;

    set_problem(text, err == NULL ? NULL : err->message);
    if (err == NULL) {
        buf_unref(text->object);
        text->object = buf_copy(reply->bytes);
        make_text(text);
    }
}

static void
on_events(void *ctx, const struct reply *reply, struct err *owned)
{
    struct text_view *text = ctx;
    AUTO_ERR struct err *err = owned;

    if (err == NULL) {
        buf_unref(text->events);
        text->events = buf_copy(reply->bytes);
        make_text(text);
    }
}

static void
ask_events(struct text_view *text)
{
    const struct resource *events = catalog_find(ui_catalog(text->view.ui), STR("events"));
    AUTO_FREE char *selector = mem_printf("involvedObject.kind=%s,involvedObject.name=%s",
                                          text->resource->kind, text->name);
    struct call call;

    if (events == NULL) {
        return;
    }
    call = call_of(VERB_LIST, events, str_of(text->ns), (struct str){ 0 });
    call.accept = ACCEPT_RAW;
    call.field_selector = str_of(selector);
    call.limit = 500;
    (void)ask_call(&text->view.asks, ui_client(text->view.ui), &call, on_events, text);
}

static void
ask_object(struct text_view *text)
{
    struct call call = call_of(VERB_GET, text->resource, str_of(text->ns), str_of(text->name));

    call.accept = ACCEPT_RAW;
    (void)ask_call(&text->view.asks, ui_client(text->view.ui), &call, on_object, text);
    if (text->mode == VIEW_TEXT_DESCRIBE) {
        ask_events(text);
    }
}

static void
on_again(void *ctx)
{
    ask_object(ctx);
}

static bool
is_read(void *ctx)
{
    const struct text_view *text = ctx;

    return text->is_loaded;
}

static void
on_gone(void *ctx)
{
    set_problem(ctx, "deleted; this is what it was");
}

/* ---- secrets ---- */

static void
on_hide(void *ctx)
{
    struct text_view *text = ctx;

    text->hide = NULL;
    text->is_hidden = true;
    make_text(text);
}

static void
show_values(struct text_view *text)
{
    loop_timer_cancel(text->hide);
    text->is_hidden = false;
    text->hide = loop_timer(ui_loop(text->view.ui), clock_mono_ms() + HIDE_MS, on_hide, text);
    make_text(text);
}

/* ---- operations ---- */

static void
close_text(struct view *view)
{
    struct text_view *text = text_of(view);

    loop_timer_cancel(text->hide);
    object_watch_free(text->watch);
    hunt_stop(&text->hunt);
    pager_done(&text->pager);
    pager_text_done(&text->text);
    buf_unref(text->object);
    buf_unref(text->events);
    mem_free(text->title);
    mem_free(text->ns);
    mem_free(text->name);
    mem_free(text->problem);
    mem_free(text);
}

static void
draw_text(struct view *view, struct grid *grid, struct grid_rect rect)
{
    struct text_view *text = text_of(view);

    if (text->is_loaded) {
        pager_draw(&text->pager, grid, rect);
    } else if (text->problem == NULL) {
        (void)grid_putz(grid, rect.x + 1, rect.y, rect.width - 1, "reading ...", ROLE_DIM);
    } else {
        (void)grid_put_fit(grid, rect.x + 1, rect.y, rect.width - 1, str_of(text->problem),
                           ROLE_ERROR);
    }
}

static void
title_text(struct view *view, struct view_title *ret)
{
    const struct text_view *text = text_of(view);
    const struct pager *pager = &text->pager;
    uint64_t end = text->text.starts.len;
    uint64_t last = pager->top + (uint64_t)pager->height;

    (void)snprintf(ret->what, sizeof(ret->what), "%s", text->title);
    if (text->resource != NULL) {
        (void)snprintf(ret->where, sizeof(ret->where), "%s%s%s", text->ns,
                       text->ns[0] == '\0' ? "" : "/", text->name);
    }
    if (text->problem != NULL) {
        (void)snprintf(ret->note, sizeof(ret->note), "%s", text->problem);
        ret->note_role = ROLE_WARN;
    } else if (pager->pattern != NULL) {
        (void)snprintf(ret->note, sizeof(ret->note), "/" STR_FMT "%s",
                       STR_ARG(pager_pattern(pager)), hunt_is_on(&text->hunt) ? " ..." : "");
    }
    if (end > 0) {
        (void)snprintf(ret->right, sizeof(ret->right), "%llu%%",
                       (unsigned long long)(last >= end ? 100 : last * 100 / end));
    }
}

static unsigned
scopes_text(struct view *view)
{
    const struct text_view *text = text_of(view);
    unsigned scopes = SCOPE_BIT(SCOPE_TEXT) | SCOPE_BIT(SCOPE_MOVE);

    if (text->resource != NULL && text->mode == VIEW_TEXT_YAML) {
        scopes |= SCOPE_BIT(SCOPE_YAML);
    }
    return text->mode == VIEW_TEXT_DECODED && text->resource != NULL
               ? scopes | SCOPE_BIT(SCOPE_SECRET)
               : scopes;
}

static bool
move_text(struct pager *pager, enum action action)
{
    if (action == ACTION_UP || action == ACTION_DOWN) {
        pager_move(pager, action == ACTION_UP ? -1 : 1);
    } else if (action == ACTION_PAGE_UP || action == ACTION_PAGE_DOWN) {
        pager_move(pager, action == ACTION_PAGE_UP ? 1 - pager->height : pager->height - 1);
    } else if (action == ACTION_TOP) {
        pager_top(pager);
    } else if (action == ACTION_BOTTOM) {
        pager->is_following = false;
        pager_bottom(pager);
    } else if (action == ACTION_LEFT || action == ACTION_RIGHT) {
        pager_scroll(pager, action == ACTION_LEFT ? -pager->width / 2 : pager->width / 2);
    } else if (action == ACTION_WRAP) {
        pager->is_wrapped = !pager->is_wrapped;
        pager->left = 0;
        pager->top_row = 0;
    } else {
        return false;
    }
    return true;
}

bool
view_text_move(struct ui *ui, struct hunt *hunt, enum action action)
{
    bool is_next = action == ACTION_NEXT || action == ACTION_PREVIOUS;

    if (is_next && hunt->pager->pattern == NULL) {
        ui_flash(ui, ROLE_DIM, "nothing is searched for: / asks");
    } else if (is_next) {
        hunt_step(hunt, action == ACTION_NEXT ? 1 : -1);
    } else if (move_text(hunt->pager, action)) {
        hunt_stop(hunt); /* one looks elsewhere */
    } else {
        return false;
    }
    return true;
}

static bool
action_text(struct view *view, enum action action)
{
    struct text_view *text = text_of(view);

    if (view_text_move(view->ui, &text->hunt, action)) {
        return true;
    }
    if (action == ACTION_COPY_TEXT) {
        ui_copy(view->ui, str_slice(text->text.text, text->text.size), "the text");
    } else if (action == ACTION_SAVE_TEXT) {
        save_text(view->ui, text->name == NULL ? text->title : text->name,
                  text->mode == VIEW_TEXT_YAML && text->resource != NULL ? "yaml" : "txt",
                  str_slice(text->text.text, text->text.size));
    } else if (action == ACTION_MANAGED) {
        text->shows_managed = !text->shows_managed;
        make_text(text);
    } else if (action == ACTION_EDIT_YAML) {
        editor_open(view, text->resource, str_of(text->ns), str_of(text->name));
    } else if (action == ACTION_DECODE) {
        show_values(text);
    } else if (action == ACTION_REFRESH && text->resource != NULL) {
        ask_object(text);
    } else {
        return false;
    }
    return true;
}

static void
typed_text(struct view *view, struct str typed, bool is_final)
{
    hunt_text(&text_of(view)->hunt, typed, is_final);
}

static bool
back_text(struct view *view)
{
    struct text_view *text = text_of(view);

    if (text->pager.pattern == NULL) {
        return false;
    }
    hunt_text(&text->hunt, (struct str){ 0 }, true);
    return true;
}

static const struct view_ops text_ops = {
    .close = close_text,
    .draw = draw_text,
    .title = title_text,
    .scopes = scopes_text,
    .action = action_text,
    .typed = typed_text,
    .back = back_text,
};

static struct text_view *
text_new(struct ui *ui, const char *title)
{
    struct text_view *text = MEM_NEW(struct text_view);

    view_init(&text->view, &text_ops, ui);
    text->title = mem_strdup(title);
    pager_init(&text->pager, &pager_text_source, &text->text);
    hunt_init(&text->hunt, ui, &text->pager);
    return text;
}

struct view *
view_text_static(struct ui *ui, const char *title, struct str content)
{
    struct text_view *text = text_new(ui, title);

    text->pager.syntax = PAGER_HELP;
    text->is_loaded = true;
    pager_text_set(&text->text, content);
    return &text->view;
}

struct view *
view_text_object(struct ui *ui, enum view_text_mode mode, const struct resource *resource,
                 struct str ns, struct str name)
{
    static const char *const titles[] = { "YAML", "Describe", "Values" };
    struct text_view *text = text_new(ui, titles[mode]);
    struct object_watch_spec watch = { .resource = resource,
                                       .ns = ns,
                                       .name = name,
                                       .settle_ms = SETTLE_MS,
                                       .is_read = is_read,
                                       .again = on_again,
                                       .gone = on_gone,
                                       .ctx = text };

    mem_free(text->title);
    text->title = mem_printf("%s  %s", titles[mode], resource->kind);
    text->mode = mode;
    text->resource = resource;
    text->ns = str_dup(ns);
    text->name = str_dup(name);
    text->pager.syntax = mode == VIEW_TEXT_DESCRIBE ? PAGER_DESCRIBE : PAGER_YAML;
    text->pager.is_wrapped = mode == VIEW_TEXT_DESCRIBE;
    ask_object(text);
    text->watch = object_watch_new(ui, &watch);
    if (mode == VIEW_TEXT_DECODED) {
        show_values(text);
    }
    return &text->view;
}
