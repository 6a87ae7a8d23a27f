/* From a row to what belongs to it: pods of a deployment, its owner, its node, its events.  Console's
 * thread. */
#ifndef BINNACLE_UI_FOLLOW_H
#define BINNACLE_UI_FOLLOW_H

#include <stdbool.h>

#include "base/str.h"
#include "ui/actions.h"

struct resource;
struct view;

/* OPEN, EVENTS, OWNER, SHOW_NODE of an object; false: another action. What has to be read first
 * opens when it has come, if the view is still there. */
bool follow_row(struct view *view, const struct resource *resource, enum action action,
                struct str ns, struct str name);

#endif
