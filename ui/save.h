/* Saving what is on the screen as a file of the user's.  Console's thread. */
#ifndef BINNACLE_UI_SAVE_H
#define BINNACLE_UI_SAVE_H

#include "base/str.h"

struct ui;

/* Writes NAME-TIME.EXT (mode 0600, never over another) into the working directory, and says so. */
void save_text(struct ui *ui, const char *name, const char *extension, struct str text);

/* What may stand in a file name stays, the rest becomes '-'. */
void save_tame(char *name);
int save_write(int fd, struct str text); /* all of it; -1 with errno */

#endif
