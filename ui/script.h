/* Scripted runs of the console, for tests: keys, waits, saved screens.  Console's thread.
 *
 *   key ctrl-d tab enter     keys by their names
 *   type :deploy shop        characters, one key each
 *   :wait PLACE TEXT         until TEXT stands in PLACE: title, row, bottom, screen; or is gone
 *   :resize WIDTH HEIGHT
 *   :save-screen FILE        the screen as text; FILE.roles the roles of its cells
 *   # comment */
#ifndef BINNACLE_UI_SCRIPT_H
#define BINNACLE_UI_SCRIPT_H

#include "base/str.h"

struct err;
struct script;
struct ui;

enum script_rc { SCRIPT_WAITING, SCRIPT_DONE, SCRIPT_FAILED };

struct script *script_new(struct ui *ui, struct str text);
void script_free(struct script *script); /* NULL allowed */
/* Goes on as far as it can; call it again after each turn of the loop. */
enum script_rc script_step(struct script *script, struct err **err);
/* "line 7: :wait row api", for messages about a script that waits too long. */
size_t script_line(const struct script *script); /* number of the line that it is at */
void script_where(const struct script *script, struct str_builder *out);

#endif
