/* The containers of a pod, live.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_CONTAINERS_H
#define BINNACLE_UI_VIEW_CONTAINERS_H

#include "base/str.h"

struct resource;
struct ui;
struct view;

struct view *view_containers_new(struct ui *ui, const struct resource *pods, struct str ns,
                                 struct str name);

#endif
