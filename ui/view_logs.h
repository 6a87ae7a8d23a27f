/* Logs of a pod's container, followed.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_LOGS_H
#define BINNACLE_UI_VIEW_LOGS_H

#include <stdbool.h>

#include "base/str.h"

struct resource;
struct ui;
struct view;

struct view *view_logs_new(struct ui *ui, const struct resource *pods, struct str ns,
                           struct str name, bool is_previous);

#endif
