/* Questions: text, fields, buttons, or a menu; a state of the view that asks.  Console's thread. */
#ifndef BINNACLE_UI_DIALOG_H
#define BINNACLE_UI_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "ui/grid.h"

enum { DIALOG_FIELDS = 5, DIALOG_BUTTONS = 3, DIALOG_TEXT_MAX = 1025, DIALOG_MENU_MAX = 64 };

struct dialog;
/* button: which one, or the place in a menu; -1: given up. The dialog is freed afterwards; a new one
 * may be opened from here. */
typedef void dialog_fn(void *ctx, struct dialog *dialog, int button);

struct dialog_field {
    const char *label;
    const char *const *choices; /* NULL-terminated; NULL: a text */
    int choice;
    char text[DIALOG_TEXT_MAX];
    bool is_fresh; /* the first character typed replaces the text */
    bool hides;    /* a secret: marks are drawn for its characters, and it is wiped */
};
struct dialog {
    char *title;
    char *text; /* lines */
    bool is_danger;
    struct dialog_field fields[DIALOG_FIELDS];
    size_t field_len;
    const char *buttons[DIALOG_BUTTONS]; /* the first gives up */
    size_t button_len;
    char *menu[DIALOG_MENU_MAX];
    size_t menu_len;
    int focus; /* fields, then buttons; of a menu: its line */
    dialog_fn *done;
    void *ctx;
    void (*free_ctx)(void *ctx); /* NULL: ctx is not owned */
};

struct dialog *dialog_new(const char *title, dialog_fn *done, void *ctx);
void dialog_free(struct dialog *dialog); /* NULL allowed; done is not called */
void dialog_set_text(struct dialog *dialog, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Fields; the returned one may be given a text or choice. */
struct dialog_field *dialog_add_choice(struct dialog *dialog, const char *label,
                                       const char *const *choices);
struct dialog_field *dialog_add_text(struct dialog *dialog, const char *label, const char *text);
/* What is typed is not shown. */
struct dialog_field *dialog_add_secret(struct dialog *dialog, const char *label);
void dialog_add_button(struct dialog *dialog, const char *label);
void dialog_add_menu(struct dialog *dialog, struct str line);
/* Focus on a button, counted from the first button. */
void dialog_focus_button(struct dialog *dialog, int button);

/* True: it has been answered or given up, with *ret_button for done. */
bool dialog_key(struct dialog *dialog, uint32_t key, int *ret_button);
void dialog_draw(const struct dialog *dialog, struct grid *grid, struct grid_rect rect);

#endif
