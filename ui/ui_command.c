/* Commands of the ':' prompt, their history and completion, the question at the end.  Called by the
 * dispatcher; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>

#include "api/registry.h"
#include "ui/catalog.h"
#include "ui/dialog.h"
#include "ui/keys.h"
#include "ui/machine_form.h"
#include "ui/ui_priv.h"
#include "ui/view.h"
#include "ui/view_res.h"
#include "ui/view_text.h"

enum command_id { COMMAND_QUIT, COMMAND_QUIT_NOW, COMMAND_HELP, COMMAND_MESSAGES, COMMAND_NS };

static const struct {
    const char *word;
    enum command_id id;
} commands[] = {
    { "q", COMMAND_QUIT },  { "quit", COMMAND_QUIT },    { "exit", COMMAND_QUIT },
    { "qa", COMMAND_QUIT }, { "q!", COMMAND_QUIT_NOW },  { "help", COMMAND_HELP },
    { "h", COMMAND_HELP },  { "?", COMMAND_HELP },       { "messages", COMMAND_MESSAGES },
    { "ns", COMMAND_NS },   { "namespace", COMMAND_NS },
};

/* ---- quitting ---- */

static void
on_quit_answer(void *ctx, struct dialog *dialog, int button)
{
    struct ui *ui = ctx;

    (void)dialog;
    if (button > 0) {
        ui->quit = button;
        ui_dirty(ui);
    }
}

/* Only the control plane of this machine has to be asked about. */
void
ui_quit(struct ui *ui)
{
    struct dialog *dialog;

    if (ui->host == NULL) {
        ui->quit = 1;
        ui_dirty(ui);
        return;
    }
    dialog = dialog_new("Quit", on_quit_answer, ui);
    dialog_set_text(dialog, "The control plane runs in a process of its own.\n"
                            "Pods go on running either way.");
    dialog_add_button(dialog, "Cancel");
    dialog_add_button(dialog, "Leave it running");
    dialog_add_button(dialog, "Stop it");
    dialog_focus_button(dialog, 1);
    view_ask(ui->top, dialog);
}

/* ---- history ---- */

static void
remember(struct ui *ui, struct str text)
{
    if (ui->history.len > 0 && str_is(text, ui->history.at[ui->history.len - 1])) {
        ui->history_at = ui->history.len - 1;
        return;
    }
    if (ui->history.len == UI_HISTORY) {
        mem_free(ui->history.at[0]);
        VEC_DEL(ui->history, 0);
    }
    VEC_ADD(ui->history, str_dup(text));
    ui->history_at = ui->history.len - 1;
}

static bool run_command(struct ui *ui, struct str text);

void
ui_history_step(struct ui *ui, int step)
{
    size_t to = ui->history_at + (size_t)step;

    if (to < ui->history.len) { /* below 0 wraps to something large */
        ui->history_at = to;
        (void)run_command(ui, str_of(ui->history.at[to]));
    } else {
        ui_flash(ui, ROLE_DIM,
                 step < 0 ? "no command before this one" : "no command after this one");
    }
}

/* ---- running ---- */

static void
show_text(struct ui *ui, enum command_id id)
{
    AUTO_STR struct str_builder text = { 0 };

    if (id == COMMAND_HELP) {
        ui_write_help(ui, ui->top->ops->scopes(ui->top), &text);
    } else {
        ui_write_messages(ui, &text);
    }
    ui_push(ui, view_text_static(ui, id == COMMAND_HELP ? "Help" : "Messages", str_view(&text)));
}

/* ":ns" lists them, ":ns x" goes there with the kind that is shown. */
static bool
command_ns(struct ui *ui, struct str ns)
{
    const struct resource *resource = view_res_kind(ui->top);
    struct view_res_spec spec = { 0 };

    if (ns.size == 0) {
        spec.resource = catalog_find(ui->catalog, STR("namespaces"));
    } else {
        ui_set_ns(ui, str_is(ns, "all") || str_is(ns, "*") ? STR("") : ns);
        spec.resource = resource != NULL && resource_is_namespaced(resource)
                            ? resource
                            : catalog_find(ui->catalog, STR("pods"));
    }
    if (spec.resource == NULL) {
        return false;
    }
    spec.ns = str_of(ui->ns);
    ui_start(ui, view_res_new(ui, &spec));
    return true;
}

/* ":kind [namespace] [/filter] [-l selector] [-f fuzzy] [a=b,c=d]" */
static bool
command_kind(struct ui *ui, struct str word, struct str rest)
{
    struct view_res_spec spec = { .resource = catalog_find(ui->catalog, word) };
    AUTO_STR struct str_builder filter = { 0 };

    if (spec.resource == NULL) {
        ui_flash(ui, ROLE_ERROR, "no kind is called '" STR_FMT "'", STR_ARG(word));
        return false;
    }
    while (rest.size > 0) {
        struct str all = rest;
        struct str next = str_cut(rest, ' ', &rest);
        if (next.size == 0) {
            continue;
        }
        if (next.at[0] == '/' || next.at[0] == '-') {
            /* The rest is a filter. */
            str_put(&filter, next.at[0] == '/' ? str_slice(all.at + 1, all.size - 1) : all);
            break;
        }
        if (str_contains(next, STR("="))) {
            str_putf(&filter, "-l " STR_FMT, STR_ARG(all));
            break;
        }
        ui_set_ns(ui, str_is(next, "all") ? STR("") : next);
    }
    spec.ns = str_of(ui->ns);
    spec.filter = str_view(&filter);
    ui_start(ui, view_res_new(ui, &spec));
    return true;
}

/* ":node add [[user@]host …]" */
static bool
is_adding(struct str word, struct str rest, struct str *ret_names)
{
    static const char *const words[] = { "node", "nodes", "no", "machine", "machines" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_is(word, words[i])) {
            return str_is(str_cut(rest, ' ', ret_names), "add");
        }
    }
    return false;
}

static bool
run_command(struct ui *ui, struct str text)
{
    struct str rest = { 0 }, names = { 0 };
    struct str word = str_cut(text, ' ', &rest);

    rest = str_trim(rest);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!str_is(word, commands[i].word)) {
            continue;
        }
        switch (commands[i].id) {
        case COMMAND_QUIT:
            ui_quit(ui);
            return false;
        case COMMAND_QUIT_NOW:
            ui->quit = 1;
            return false;
        case COMMAND_NS:
            return command_ns(ui, rest);
        case COMMAND_HELP:
        case COMMAND_MESSAGES:
        default:
            show_text(ui, commands[i].id);
            return false;
        }
    }
    if (is_adding(word, rest, &names)) {
        if (ui_is_readonly(ui)) {
            ui_flash(ui, ROLE_ERROR, "this console only reads");
        } else {
            machine_form_add(ui->top, names);
        }
        return false;
    }
    return command_kind(ui, word, rest);
}

void
ui_command(struct ui *ui, struct str text)
{
    text = str_trim(text);
    if (text.size > 0 && run_command(ui, text)) {
        remember(ui, text);
    }
}

/* Kinds by their plurals; the first word only. */
struct str
ui_suggest(void *ctx, struct str text, size_t n)
{
    const struct ui *ui = ctx;

    return str_contains(text, STR(" ")) ? (struct str){ 0 }
                                        : catalog_complete(ui->catalog, text, n);
}

/* ---- help ---- */

static void
write_scope(const struct ui *ui, enum scope scope, struct str_builder *out)
{
    bool has_head = false;

    for (int i = ACTION_NONE + 1; i < ACTION_LEN; i++) {
        const struct actions_row *row = actions_row((enum action)i);
        char keys[128];
        struct str text = actions_keys_text(&ui->actions, (enum action)i, keys);
        bool is_off = ui->actions.is_readonly && (row->flags & ACTIONS_DANGER) != 0;
        if (row->scope != scope || text.size == 0 || is_off) {
            continue;
        }
        if (!has_head) {
            str_putf(out, "%s\n", actions_scope_name(scope));
        }
        has_head = true;
        str_putf(out, "  %-22.*s%s\n", (int)text.size, text.at, row->help);
    }
    if (has_head) {
        str_putc(out, '\n');
    }
}

void
ui_write_help(const struct ui *ui, unsigned scopes, struct str_builder *out)
{
    scopes |= SCOPE_BIT(SCOPE_GLOBAL);
    for (int scope = 0; scope < SCOPE_LEN; scope++) {
        if ((scopes & SCOPE_BIT(scope)) != 0) {
            write_scope(ui, (enum scope)scope, out);
        }
    }
    str_putz(out,
             "Commands\n"
             "  :KIND [NAMESPACE]     any kind, by plural, singular or short name: :deploy shop\n"
             "  :KIND /FILTER         with a filter: :po /web   :po -l app=web\n"
             "  :ns [NAMESPACE]       namespaces, or go to one; :ns all\n"
             "  :node add [USER@]HOST make machines nodes; without a name a form asks\n"
             "  :messages             what was said at the bottom\n"
             "  :q                    quit\n");
}
