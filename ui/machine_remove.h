/* Removing machines: the question before it.  Console's thread. */
#ifndef BINNACLE_UI_MACHINE_REMOVE_H
#define BINNACLE_UI_MACHINE_REMOVE_H

#include <stddef.h>

struct resource;
struct view;

/* Asks, then shows how they go. At most VIEW_MACHINE_MAX names; copied. */
void machine_remove_ask(struct view *view, const struct resource *machines,
                        const char *const *names, size_t len);

#endif
