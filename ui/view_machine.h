/* Machines on their way to be nodes: their steps live, their questions answered.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_MACHINE_H
#define BINNACLE_UI_VIEW_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct machine_target;
struct machine_target_extra;
struct resource;
struct ui;
struct view;

enum { VIEW_MACHINE_MAX = 32 };

/* One that is there; `again`: its steps are to run once more. */
struct view *view_machine_new(struct ui *ui, const struct resource *machines, struct str name,
                              bool again);
/* Adds them, or has the steps of those that are there already run again. */
struct view *view_machine_add(struct ui *ui, const struct resource *machines,
                              const struct machine_target *targets, size_t len,
                              const struct machine_target_extra *extra);

/* Takes them out: drained and cleaned, or only forgotten. */
struct view *view_machine_remove(struct ui *ui, const struct resource *machines,
                                 const char *const *names, size_t len, bool forgets);

#endif
