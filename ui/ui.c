/* The console without its terminal: the stack of views, the dispatcher of keys, and frames.  Called
 * by the terminal's part (ui_main.c) and by scripts; console's thread.
 *
 * A key press goes: dialog of the view on top, prompt, action by the scopes of that view, then what
 * every view can do. Everything is drawn from state, a whole frame at a time; the screen writes only
 * the cells that differ. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/ui.h"

#include "base/clock.h"
#include "base/loop.h"
#include "ui/catalog.h"
#include "ui/dialog.h"
#include "ui/header.h"
#include "ui/keys.h"
#include "ui/text.h"
#include "ui/ui_priv.h"
#include "ui/view.h"
#include "ui/view_text.h"

/* ---- life ---- */

static void
on_tick(void *ctx)
{
    struct ui *ui = ctx;

    ui->tick = loop_timer(ui->loop, clock_mono_ms() + UI_TICK_MS, on_tick, ui);
    if (ui->flash != NULL && clock_mono_ms() >= ui->flash_until_ms) {
        mem_free(STEAL(ui->flash));
        ui_dirty(ui);
    }
    if (ui->top != NULL && ui->top->ticks) {
        ui_dirty(ui);
    }
}

static void
on_catalog(void *ctx)
{
    struct ui *ui = ctx;

    ui_dirty(ui);
}

struct ui *
ui_new(const struct ui_spec *spec, const struct ui_sink *sink)
{
    struct ui *ui = MEM_NEW(struct ui);

    ui->loop = spec->loop;
    ui->client = spec->client;
    ui->host = spec->host;
    ui->sink = *sink;
    ui->ns = mem_strdup(spec->ns);
    grid_init(&ui->grid, spec->width, spec->height);
    ui->grid.is_ascii = spec->is_ascii;
    actions_init(&ui->actions);
    ui->actions.is_readonly = spec->is_readonly;
    ui->catalog = catalog_new(ui->client, on_catalog, ui);
    ui->header = header_new(ui, spec->cluster);
    ui->tick = loop_timer(ui->loop, clock_mono_ms() + UI_TICK_MS, on_tick, ui);
    ui_command(ui, STR("pods"));
    return ui;
}

static void
close_views(struct ui *ui)
{
    while (ui->top != NULL) {
        struct view *view = ui->top;
        ui->top = view->below;
        view_close(view);
    }
}

void
ui_free(struct ui *ui)
{
    if (ui == NULL) {
        return;
    }
    ui->has_guest = false; /* nothing is to be drawn any more */
    close_views(ui);
    deed_drop_all(&ui->deeds);
    loop_timer_cancel(ui->tick);
    header_free(ui->header);
    catalog_free(ui->catalog);
    for (size_t i = 0; i < ui->messages.len; i++) {
        mem_free(ui->messages.at[i]);
    }
    for (size_t i = 0; i < ui->history.len; i++) {
        mem_free(ui->history.at[i]);
    }
    VEC_DONE(ui->messages);
    VEC_DONE(ui->history);
    grid_done(&ui->grid);
    mem_free(ui->before_prompt);
    mem_free(ui->ns);
    mem_free(ui->flash);
    mem_free(ui);
}

/* ---- the stack ---- */

struct view *
ui_top(const struct ui *ui)
{
    return ui->top;
}

void
ui_push(struct ui *ui, struct view *view)
{
    struct view *at;
    int depth = 0;

    view->below = ui->top;
    ui->top = view;
    /* Each holds its watch: the oldest go when there are many. */
    for (at = view; at != NULL && depth < UI_DEPTH; at = at->below) {
        depth++;
        if (depth == UI_DEPTH) {
            view_close(STEAL(at->below));
        }
    }
    ui_dirty(ui);
}

void
ui_start(struct ui *ui, struct view *view)
{
    close_views(ui);
    ui_push(ui, view);
}

void
ui_replace(struct ui *ui, struct view *view)
{
    struct view *old = ui->top;

    view->below = old->below;
    ui->top = view;
    view_close(old);
    ui_dirty(ui);
}

void
ui_pop(struct ui *ui)
{
    struct view *view = ui->top;

    if (view == NULL || view->below == NULL) {
        return;
    }
    ui->top = view->below;
    view_close(view);
    if (ui->top->ops->shown != NULL) {
        ui->top->ops->shown(ui->top);
    }
    ui_dirty(ui);
}

/* ---- for views ---- */

struct client *
ui_client(const struct ui *ui)
{
    return ui->client;
}

struct loop *
ui_loop(const struct ui *ui)
{
    return ui->loop;
}

struct catalog *
ui_catalog(const struct ui *ui)
{
    return ui->catalog;
}

const char *
ui_ns(const struct ui *ui)
{
    return ui->ns;
}

void
ui_set_ns(struct ui *ui, struct str ns)
{
    char *copy = str_dup(ns);

    mem_free(ui->ns);
    ui->ns = copy;
}

struct deeds *
ui_deeds(struct ui *ui)
{
    return &ui->deeds;
}

bool
ui_is_readonly(const struct ui *ui)
{
    return ui->actions.is_readonly;
}

int
ui_bind_keys(struct ui *ui, struct str yaml, struct err **err)
{
    return actions_bind(&ui->actions, yaml, err);
}

void
ui_dirty(struct ui *ui)
{
    if (!ui->is_dirty) {
        ui->is_dirty = true;
        if (ui->sink.wake != NULL) {
            ui->sink.wake(ui->sink.ctx);
        }
    }
}

bool
ui_is_dirty(const struct ui *ui)
{
    return ui->is_dirty;
}

void
ui_flash(struct ui *ui, enum role role, const char *format, ...)
{
    AUTO_STR struct str_builder clean = { .max = 1024 };
    AUTO_FREE char *text = NULL;
    char time[CLOCK_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    text = mem_vprintf(format, args);
    va_end(args);
    text_clean(&clean, str_of(text), false);
    mem_free(ui->flash);
    ui->flash = str_steal(&clean);
    ui->flash_role = role;
    ui->flash_until_ms = clock_mono_ms() + UI_FLASH_MS;
    if (ui->messages.len == UI_MESSAGES) {
        mem_free(ui->messages.at[0]);
        VEC_DEL(ui->messages, 0);
    }
    VEC_ADD(ui->messages,
            mem_printf(STR_FMT "  %s", STR_ARG(clock_text(clock_wall_ms(), time)), ui->flash));
    ui_dirty(ui);
}

struct str
ui_last_flash(const struct ui *ui)
{
    return str_of(ui->flash);
}

void
ui_write_messages(const struct ui *ui, struct str_builder *out)
{
    for (size_t i = ui->messages.len; i > 0; i--) {
        str_putz(out, ui->messages.at[i - 1]);
        str_putc(out, '\n');
    }
    if (ui->messages.len == 0) {
        str_putz(out, "No messages yet.\n");
    }
}

void
ui_copy(struct ui *ui, struct str text, const char *what)
{
    if (ui->sink.copy != NULL && ui->sink.copy(ui->sink.ctx, text)) {
        ui_flash(ui, ROLE_OK, "copied %s", what);
    } else {
        ui_flash(ui, ROLE_WARN, "cannot copy %s: too long for the terminal", what);
    }
}

bool
ui_lend(struct ui *ui, const struct ui_guest *guest)
{
    if (ui->sink.lend == NULL || ui->has_guest) {
        return false;
    }
    ui->has_guest = true;
    ui->sink.lend(ui->sink.ctx, guest);
    return true;
}

void
ui_take_back(struct ui *ui)
{
    if (ui->has_guest) {
        ui->has_guest = false;
        ui->sink.lend(ui->sink.ctx, NULL);
    }
}

void
ui_guest_write(struct ui *ui, struct str bytes)
{
    if (ui->has_guest) {
        ui->sink.write(ui->sink.ctx, bytes);
    }
}

void
ui_guest_more(struct ui *ui)
{
    if (ui->has_guest) {
        ui->sink.more(ui->sink.ctx);
    }
}

int
ui_wants_to_quit(const struct ui *ui)
{
    return ui->quit;
}

/* ---- keys ---- */

static void
open_prompt(struct ui *ui, char kind)
{
    struct view *top = ui->top;
    struct str before = { 0 };

    if (kind == '/' && top->ops->typed_before != NULL) {
        before = top->ops->typed_before(top);
    }
    mem_free(ui->before_prompt);
    ui->before_prompt = str_dup(before);
    prompt_open(&ui->prompt, kind, before, kind == ':' ? ui_suggest : NULL, ui);
    if (kind == ':' && !catalog_is_known(ui->catalog)) {
        catalog_refresh(ui->catalog);
    }
}

static void
prompt_result(struct ui *ui, enum prompt_result result)
{
    struct view *top = ui->top;
    AUTO_FREE char *text = str_dup(prompt_text(&ui->prompt));

    if (ui->prompt.kind == ':') {
        if (result == PROMPT_DONE) {
            ui_command(ui, str_of(text));
        }
        return;
    }
    if (result == PROMPT_CANCELLED) {
        top->ops->typed(top, str_of(ui->before_prompt), true);
    } else if (result != PROMPT_IGNORED) {
        top->ops->typed(top, str_of(text), result == PROMPT_DONE);
    }
}

static void
dialog_result(struct ui *ui, uint32_t key)
{
    struct view *top = ui->top;
    struct dialog *dialog = top->dialog;
    int button = -1;

    if (!dialog_key(dialog, key, &button)) {
        return;
    }
    top->dialog = NULL;
    dialog->done(dialog->ctx, dialog, button);
    dialog_free(dialog);
}

static void
go_back(struct ui *ui)
{
    struct view *top = ui->top;

    if (top->ops->back == NULL || !top->ops->back(top)) {
        ui_pop(ui);
    }
}

static void
push_static(struct ui *ui, enum action action)
{
    AUTO_STR struct str_builder text = { 0 };

    if (action == ACTION_HELP) {
        ui_write_help(ui, ui->top->ops->scopes(ui->top), &text);
    } else {
        ui_write_messages(ui, &text);
    }
    ui_push(ui, view_text_static(ui, action == ACTION_HELP ? "Help" : "Messages", str_view(&text)));
}

/* What works whatever is shown, unless the view took it. */
static void
do_everywhere(struct ui *ui, enum action action)
{
    switch ((int)action) {
    case ACTION_HELP:
    case ACTION_MESSAGES:
        push_static(ui, action);
        break;
    case ACTION_COMMAND:
        open_prompt(ui, ':');
        break;
    case ACTION_FILTER:
    case ACTION_SEARCH:
        if (ui->top->ops->typed != NULL) {
            open_prompt(ui, '/');
        }
        break;
    case ACTION_BACK:
        go_back(ui);
        break;
    case ACTION_QUIT:
        ui_quit(ui);
        break;
    case ACTION_HEADER:
        ui->is_header_hidden = !ui->is_header_hidden;
        break;
    case ACTION_REDRAW:
        if (ui->sink.redraw != NULL) {
            ui->sink.redraw(ui->sink.ctx);
        }
        break;
    case ACTION_REFRESH:
        catalog_refresh(ui->catalog);
        header_refresh(ui->header);
        break;
    case ACTION_LAST:
    case ACTION_OLDER:
        ui_history_step(ui, -1);
        break;
    case ACTION_NEWER:
        ui_history_step(ui, 1);
        break;
    default:
        break;
    }
}

/* Escape and a key, typed faster than one can tell from alt. */
static void
press_apart(struct ui *ui, uint32_t key)
{
    ui_key(ui, KEYS_ESC);
    ui_key(ui, key & ~(uint32_t)KEYS_ALT);
}

static void
key_to_dialog(struct ui *ui, uint32_t key)
{
    if ((key & KEYS_ALT) != 0) {
        press_apart(ui, key);
    } else {
        dialog_result(ui, key);
    }
}

void
ui_key(struct ui *ui, uint32_t key)
{
    bool takes_text = ui->top->dialog != NULL || ui->prompt.is_open;
    enum action action;

    ui_dirty(ui);
    if (key == KEYS_PASTE_BEGIN || key == KEYS_PASTE_END) {
        ui->is_pasting = key == KEYS_PASTE_BEGIN;
        return;
    }
    /* What is pasted is text, never a command. */
    if (ui->is_pasting && (!takes_text || key < ' ' || key >= 0x110000)) {
        return;
    }
    if (ui->top->dialog != NULL) {
        key_to_dialog(ui, key);
        return;
    }
    if (ui->prompt.is_open) {
        prompt_result(ui, prompt_key(&ui->prompt, key));
        return;
    }
    action =
        actions_find(&ui->actions, key, ui->top->ops->scopes(ui->top) | SCOPE_BIT(SCOPE_GLOBAL));
    if (action == ACTION_NONE && (key & KEYS_ALT) != 0) {
        press_apart(ui, key);
        return;
    }
    if (action != ACTION_NONE && !ui->top->ops->action(ui->top, action)) {
        do_everywhere(ui, action);
    } else if (action == ACTION_REFRESH) {
        do_everywhere(ui, action); /* the view has read anew; the rest, too */
    }
}

/* ---- frames ---- */

void
ui_resize(struct ui *ui, int width, int height)
{
    bool is_ascii = ui->grid.is_ascii;

    grid_done(&ui->grid);
    grid_init(&ui->grid, width, height);
    ui->grid.is_ascii = is_ascii;
    ui_dirty(ui);
}

static void
draw_bottom(struct ui *ui, struct grid_rect line)
{
    struct view *top = ui->top;

    if (ui->prompt.is_open) {
        prompt_draw(&ui->prompt, &ui->grid, line);
    } else if (ui->flash != NULL) {
        (void)grid_put_fit(&ui->grid, line.x + 1, line.y, line.width - 2, str_of(ui->flash),
                           ui->flash_role);
    } else {
        header_draw_hints(&ui->actions, top->ops->scopes(top) | SCOPE_BIT(SCOPE_GLOBAL), &ui->grid,
                          line);
    }
}

/* Small terminals lose the status line first, then the title. */
const struct grid *
ui_frame(struct ui *ui)
{
    enum { WITH_STATUS = 8, WITH_TITLE = 5, WITH_BOTTOM = 2 };
    struct grid *grid = &ui->grid;
    struct view *top = ui->top;
    struct grid_rect rest = { 0, 0, grid->width, grid->height }, line = { 0, 0, grid->width, 1 };
    struct view_title title = { .note_role = ROLE_DIM };

    ui->is_dirty = false;
    grid_clear(grid);
    if (grid->height >= WITH_STATUS && !ui->is_header_hidden) {
        header_draw_status(ui->header, grid, (struct grid_rect){ 0, rest.y++, grid->width, 1 });
    }
    line.y = rest.y;
    rest.y += grid->height >= WITH_TITLE ? 1 : 0;
    rest.height = grid->height - rest.y - (grid->height >= WITH_BOTTOM ? 1 : 0);
    top->ops->draw(top, grid, rest);
    if (grid->height >= WITH_TITLE) {
        top->ops->title(top, &title); /* it says what part was drawn */
        header_draw_title(&title, grid, line);
    }
    if (grid->height >= WITH_BOTTOM) {
        draw_bottom(ui, (struct grid_rect){ 0, grid->height - 1, grid->width, 1 });
    }
    if (top->dialog != NULL) {
        dialog_draw(top->dialog, grid, rest);
    }
    return grid;
}
