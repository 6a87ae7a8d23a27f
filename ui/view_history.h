/* What an object was: who changed it, when, with what, because of what; live.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_HISTORY_H
#define BINNACLE_UI_VIEW_HISTORY_H

#include "base/str.h"

struct resource;
struct ui;
struct view;

struct view *view_history_new(struct ui *ui, const struct resource *resource, struct str ns,
                              struct str name);

#endif
