/* Logs of a pod's container, followed.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_LOGS_H
#define BINNACLE_UI_VIEW_LOGS_H

#include <stdbool.h>

#include "base/str.h"

struct resource;
struct ui;
struct view;

struct view_logs_spec {
    struct str container; /* "" ask when there are several */
    bool is_previous;     /* of the container before the last restart */
};
struct view *view_logs_new(struct ui *ui, const struct resource *pods, struct str ns,
                           struct str name, const struct view_logs_spec *spec);

#endif
