/* What every view is: operations, and what they share.  Console's thread.
 *
 * A view draws from its state into the grid and never waits: calls belong to its asks, a question is
 * a dialog that it holds. The dispatcher gives a key first to the dialog, then to the prompt, then
 * looks for an action in the scopes that the view says. */
#ifndef BINNACLE_UI_VIEW_H
#define BINNACLE_UI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "ui/actions.h"
#include "ui/ask.h"
#include "ui/grid.h"

struct dialog;
struct editor;
struct shell;
struct ui;
struct view;

/* The title line: Pods  shop  /run            4/318  NAME ↑ */
struct view_title {
    char what[96], where[96], note[160], right[96];
    enum role note_role;
};
struct view_ops {
    void (*close)(
        struct view *view); /* frees it, but for asks and dialog, which are gone by then */
    void (*draw)(struct view *view, struct grid *grid, struct grid_rect rect);
    void (*title)(struct view *view, struct view_title *ret);
    unsigned (*scopes)(struct view *view); /* bits of enum scope */
    /* True: done. What is not known is false: the dispatcher may know it. */
    bool (*action)(struct view *view, enum action action);
    /* Text of the filter or search prompt, while typed and at its end; NULL: no such prompt. */
    void (*typed)(struct view *view, struct str text, bool is_final);
    struct str (*typed_before)(struct view *view); /* what that prompt opens with; NULL: "" */
    bool (*back)(struct view *view);  /* esc: true when there was something to clear; NULL: none */
    void (*shown)(struct view *view); /* it is on top again; NULL: nothing to do */
};
struct view {
    const struct view_ops *ops;
    struct ui *ui;
    struct view *below;
    struct dialog *dialog; /* the question it asks, NULL: none */
    struct asks asks;
    struct shell *shell; /* a session that it opened, NULL: none */
    struct editor *editor;
    bool ticks; /* it shows ages: drawn once a second */
};

void view_init(struct view *view, const struct view_ops *ops, struct ui *ui);
void view_close(struct view *view); /* NULL allowed */
/* Opens a question, closing the one that stood there. */
void view_ask(struct view *view, struct dialog *dialog);

#endif
