/* The form that adds machines.  Opened by a key in tables and by ":node add"; console's thread.
 *
 * It asks for no password: the steps do, when they need one. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/machine_form.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "client/machine_target.h"
#include "ui/catalog.h"
#include "ui/dialog.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_machine.h"

enum { FIELD_NAMES, FIELD_KEY, FIELD_HOST_KEY, FIELD_NODE, FIELD_LEN, FIELD_FAILURE = FIELD_LEN };
_Static_assert((int)FIELD_FAILURE < (int)DIALOG_FIELDS, "the form's fields fit into a dialog");

static const char *const labels[FIELD_LEN] = {
    [FIELD_NAMES] = "Machines",
    [FIELD_KEY] = "Private key",
    [FIELD_HOST_KEY] = "Host key",
    [FIELD_NODE] = "Node name",
};

enum { CHOICE_CLEAN, CHOICE_KEEP };
static const char *const choices[] = {
    [CHOICE_CLEAN] = "take everything back",
    [CHOICE_KEEP] = "leave it to be looked at",
    NULL,
};

/* What the form holds, also while it is opened once more. */
struct form {
    struct view *view; /* that asks: the form is its dialog */
    char *texts[FIELD_LEN];
    int choice;
};

static void open_form(struct view *view, char *const texts[FIELD_LEN], int choice,
                      const char *problem);

static struct str
trimmed(const char *text)
{
    return str_trim(str_of(text));
}

/* ---- adding ---- */

/* → machines named, -1 with *err. */
static int
parse_names(struct str names, struct arena *arena, struct machine_target *targets, struct err **err)
{
    int len = 0;

    while (names.size > 0) {
        struct str name = str_trim(str_cut(names, ' ', &names));
        if (name.size == 0) {
            continue;
        }
        if (len == VIEW_MACHINE_MAX) {
            return err_set(err, ERR_BAD_REQUEST, "at most %d machines at once", VIEW_MACHINE_MAX);
        }
        if (machine_target_parse(arena_dupz(arena, name), arena, &targets[len], err) < 0) {
            return -1;
        }
        len++;
    }
    return len > 0
               ? len
               : err_set(err, ERR_BAD_REQUEST, "which? [user@]host[:port], or local for this one");
}

static int
add(struct view *view, char *const texts[FIELD_LEN], int choice, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct ui *ui = view->ui;
    struct machine_target targets[VIEW_MACHINE_MAX];
    struct machine_target_extra extra = {
        .key_path = arena_dupz(arena, trimmed(texts[FIELD_KEY])),
        .host_key = arena_dupz(arena, trimmed(texts[FIELD_HOST_KEY])),
        .node_name = arena_dupz(arena, trimmed(texts[FIELD_NODE])),
        .keeps = choice == CHOICE_KEEP,
    };
    const struct resource *machines = catalog_find(ui_catalog(ui), STR("machines.binnacle.io"));
    int len = parse_names(trimmed(texts[FIELD_NAMES]), arena, targets, err);

    if (len < 0) {
        return -1;
    }
    if (len > 1 && (extra.node_name[0] != '\0' || extra.host_key[0] != '\0')) {
        return err_set(err, ERR_BAD_REQUEST, "a node name or host key is for one machine");
    }
    if (machines == NULL) {
        return err_set(err, ERR_BAD_REQUEST, "only binnacle's own control plane adds machines");
    }
    ui_push(ui, view_machine_add(ui, machines, targets, (size_t)len, &extra));
    return 0;
}

/* ---- the form ---- */

static void
free_form(void *ctx)
{
    struct form *form = ctx;

    for (size_t i = 0; i < FIELD_LEN; i++) {
        mem_free(form->texts[i]);
    }
    mem_free(form);
}

static void
on_form_answer(void *ctx, struct dialog *dialog, int button)
{
    struct form *form = ctx;
    AUTO_ERR struct err *err = NULL;

    if (button != 1) {
        return;
    }
    for (size_t i = 0; i < FIELD_LEN; i++) {
        mem_free(form->texts[i]);
        form->texts[i] = mem_strdup(dialog->fields[i].text);
    }
    form->choice = dialog->fields[FIELD_FAILURE].choice;
    if (add(form->view, form->texts, form->choice, &err) < 0) {
        open_form(form->view, form->texts, form->choice, err->message);
    }
}

static void
open_form(struct view *view, char *const texts[FIELD_LEN], int choice, const char *problem)
{
    struct form *form = MEM_NEW(struct form);
    struct dialog *dialog = dialog_new("Add machines", on_form_answer, form);

    form->view = view;
    dialog->free_ctx = free_form;
    dialog_set_text(dialog,
                    "[user@]host[:port], with blanks between them; local is this one.\n"
                    "The others may stay empty: the key as ssh takes it, the host key\n"
                    "is asked for, the node is called as the machine.%s%s",
                    problem == NULL ? "" : "\n", problem == NULL ? "" : problem);
    for (size_t i = 0; i < FIELD_LEN; i++) {
        struct dialog_field *field = dialog_add_text(dialog, labels[i], texts[i]);
        field->is_fresh = false;
    }
    dialog_add_choice(dialog, "If it fails", choices)->choice = choice;
    dialog_add_button(dialog, "Cancel");
    dialog_add_button(dialog, "Add");
    view_ask(view, dialog);
}

void
machine_form_open(struct view *view)
{
    char none[] = "";
    char *const texts[FIELD_LEN] = { none, none, none, none };

    open_form(view, texts, CHOICE_CLEAN, NULL);
}

void
machine_form_add(struct view *view, struct str names)
{
    char none[] = "";
    AUTO_FREE char *named = str_dup(names);
    AUTO_ERR struct err *err = NULL;
    char *const texts[FIELD_LEN] = { named, none, none, none };

    if (str_trim(names).size == 0) {
        machine_form_open(view);
    } else if (add(view, texts, CHOICE_CLEAN, &err) < 0) {
        open_form(view, texts, CHOICE_CLEAN, err->message);
    }
}
