/* Inside ui*.c: the console's state. */
#ifndef BINNACLE_UI_UI_PRIV_H
#define BINNACLE_UI_UI_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "ui/actions.h"
#include "ui/deed.h"
#include "ui/grid.h"
#include "ui/prompt.h"
#include "ui/ui.h"

struct header;
struct loop_timer;
struct view;

enum { UI_HISTORY = 20, UI_MESSAGES = 200, UI_FLASH_MS = 6000, UI_TICK_MS = 1000, UI_DEPTH = 20 };

struct ui {
    struct loop *loop;
    struct client *client;
    const struct ui_host *host;
    struct ui_sink sink;
    struct catalog *catalog;
    struct header *header;
    struct deeds deeds;
    struct actions_map actions;
    struct view *top;
    struct prompt prompt;
    char *before_prompt; /* what the filter was */
    char *ns;
    char *flash;
    enum role flash_role;
    int64_t flash_until_ms; /* of the monotonic clock */
    VEC(char *) messages;
    VEC(char *) history;
    size_t history_at; /* place of the command that is shown */
    struct grid grid;
    struct loop_timer *tick;
    bool is_dirty, is_pasting, is_header_hidden;
    bool has_guest; /* somebody else has the terminal */
    int quit;
};

/* ui_command.c */
struct str ui_suggest(void *ctx, struct str text, size_t n);
void ui_history_step(struct ui *ui, int step);
void ui_quit(struct ui *ui);

#endif
