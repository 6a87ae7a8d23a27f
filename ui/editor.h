/* Editing an object as YAML in the user's editor, as kubectl edit does.  Console's thread. */
#ifndef BINNACLE_UI_EDITOR_H
#define BINNACLE_UI_EDITOR_H

#include "base/str.h"

struct editor;
struct resource;
struct view;

/* Reads the object, leaves the terminal to $KUBE_EDITOR, $EDITOR or vi, and patches what was changed.
 * What is refused comes back into the editor with the reason. The view owns it. */
void editor_open(struct view *view, const struct resource *resource, struct str ns,
                 struct str name);
void editor_free(struct editor *editor); /* NULL allowed */

#endif
