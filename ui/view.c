/* The life of views.  Called by the stack in ui.c; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view.h"

#include "ui/dialog.h"
#include "ui/editor.h"
#include "ui/shell.h"
#include "ui/ui.h"

void
view_init(struct view *view, const struct view_ops *ops, struct ui *ui)
{
    view->ops = ops;
    view->ui = ui;
}

void
view_close(struct view *view)
{
    if (view == NULL) {
        return;
    }
    shell_free(STEAL(view->shell));
    editor_free(STEAL(view->editor));
    ask_drop_all(&view->asks);
    dialog_free(view->dialog);
    view->dialog = NULL;
    view->ops->close(view);
}

void
view_ask(struct view *view, struct dialog *dialog)
{
    dialog_free(view->dialog);
    view->dialog = dialog;
    ui_dirty(view->ui);
}
