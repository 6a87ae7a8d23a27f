/* A console that a script drives instead of a terminal: `binnacle console --ui-script FILE`. */
#ifndef BINNACLE_UI_UI_SCRIPT_H
#define BINNACLE_UI_UI_SCRIPT_H

struct options;
struct ui_host;

/* 0 when the script ran to its end; 1 with a message on standard error, and the screen as it was. */
int ui_script_main(const struct options *options, const struct ui_host *host);

#endif
