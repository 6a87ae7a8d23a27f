/* The question before machines are removed.  Opened by a key in the table and in the view of
 * machines; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/machine_remove.h"

#include "ui/dialog.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_machine.h"

enum { CHOICE_CLEAN, CHOICE_FORGET };
static const char *const choices[] = {
    [CHOICE_CLEAN] = "drained, and all of ours taken off",
    [CHOICE_FORGET] = "left as it is, and forgotten",
    NULL,
};

struct removal {
    struct ui *ui;
    const struct resource *machines;
    char *names[VIEW_MACHINE_MAX];
    size_t len;
};

static void
free_removal(void *ctx)
{
    struct removal *removal = ctx;

    for (size_t i = 0; i < removal->len; i++) {
        mem_free(removal->names[i]);
    }
    mem_free(removal);
}

static void
on_answer(void *ctx, struct dialog *dialog, int button)
{
    struct removal *removal = ctx;

    if (button == 1) {
        ui_push(removal->ui, view_machine_remove(removal->ui, removal->machines,
                                                 (const char *const *)removal->names, removal->len,
                                                 dialog->fields[0].choice == CHOICE_FORGET));
    }
}

void
machine_remove_ask(struct view *view, const struct resource *machines, const char *const *names,
                   size_t len)
{
    struct removal *removal = MEM_NEW(struct removal);
    struct dialog *dialog =
        dialog_new(len == 1 ? "Remove the machine" : "Remove machines", on_answer, removal);
    AUTO_STR struct str_builder text = { 0 };

    removal->ui = view->ui;
    removal->machines = machines;
    for (size_t i = 0; i < len && i < VIEW_MACHINE_MAX; i++) {
        removal->names[removal->len++] = mem_strdup(names[i]);
        str_putf(&text, "%s%s", i == 0 ? "" : "\n", names[i]);
    }
    dialog->free_ctx = free_removal;
    dialog->is_danger = true;
    dialog_set_text(dialog, STR_FMT, STR_ARG(str_view(&text)));
    (void)dialog_add_choice(dialog, "It is", choices);
    dialog_add_button(dialog, "Cancel");
    dialog_add_button(dialog, "Remove");
    dialog_focus_button(dialog, 0);
    view_ask(view, dialog);
}
