/* What a status word means: its colour and glyph.  Pure. */
#ifndef BINNACLE_UI_STATE_H
#define BINNACLE_UI_STATE_H

#include <stdbool.h>

#include "base/str.h"
#include "ui/grid.h"

enum state { STATE_NONE, STATE_OK, STATE_DONE, STATE_PENDING, STATE_WARN, STATE_ERROR };

/* Of a word as kubectl shows it in STATUS, PHASE, TYPE, READY: "Running", "Init:0/1",
 * "Ready,SchedulingDisabled", "2/3", "False"; STATE_NONE when it says nothing. */
enum state state_of(struct str word);
enum role state_role(enum state state);
/* false: nothing to show for this one. */
bool state_glyph(enum state state, enum grid_glyph *ret);
/* Should the filter for faulty rows show it? */
bool state_is_fault(enum state state);

#endif
