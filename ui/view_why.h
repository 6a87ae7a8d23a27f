/* Why a pod is where it is: node by node, from the scheduler's own checks.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_WHY_H
#define BINNACLE_UI_VIEW_WHY_H

#include "base/str.h"

struct resource;
struct ui;
struct view;

struct view *view_why_new(struct ui *ui, const struct resource *pods, struct str ns,
                          struct str name);

#endif
