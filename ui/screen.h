/* The terminal: the only part that speaks curses.  Console's thread; one per process. */
#ifndef BINNACLE_UI_SCREEN_H
#define BINNACLE_UI_SCREEN_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct grid;
struct screen;
struct theme;

/* Takes the terminal of standard input and output: raw mode, alternate screen. From here on a crash
 * or a deadly signal (SEGV, BUS, FPE, ILL, ABRT, SYS, TERM, HUP, QUIT, INT) gives it back first.
 * The theme is borrowed. ERR_IO with what to do when there is no terminal or TERM is unknown. */
int screen_open(const struct theme *theme, struct screen **ret, struct err **err);
void screen_close(struct screen *screen); /* gives the terminal back; NULL allowed */
/* Cells it has now. screen_resize asks the terminal again: true when the size is another. */
void screen_size(const struct screen *screen, int *ret_width, int *ret_height);
bool screen_resize(struct screen *screen);
int screen_input(const struct screen *screen); /* a descriptor to poll and read; not to close */
bool screen_is_utf8(const struct screen *screen);
/* Brings the terminal to what the grid says: only cells that changed are written, in one go. */
void screen_draw(struct screen *screen, const struct grid *grid);
void screen_redraw(struct screen *screen); /* the next draw writes everything */
/* Gives the terminal back until screen_resume, for job control. */
void screen_suspend(struct screen *screen);
void screen_resume(struct screen *screen);
/* The same, for somebody who uses the terminal meanwhile; a crash still gives it back. */
enum screen_modes {
    SCREEN_RAW,   /* every byte passes */
    SCREEN_LINES, /* lines end as they should, what is typed is echoed; no key makes a signal */
    SCREEN_CHILD, /* as it was before us; keys that make signals are for the child */
};
void screen_lend(struct screen *screen, enum screen_modes modes);
/* Bytes of a guest, as they are. It waits for a terminal that does not read. */
void screen_write(struct screen *screen, struct str bytes);
/* Puts text into the user's clipboard (OSC 52), as far as the terminal allows; false when it is too
 * long for that (74,994 bytes in base64). */
bool screen_copy(struct screen *screen, struct str text);

#endif
