/* Views of text: help and messages, an object's YAML, its description, a secret's values.  Console's
 * thread. */
#ifndef BINNACLE_UI_VIEW_TEXT_H
#define BINNACLE_UI_VIEW_TEXT_H

#include <stdbool.h>

#include "base/str.h"
#include "ui/actions.h"

struct hunt;
struct resource;
struct ui;
struct view;

/* Text that does not change. */
struct view *view_text_static(struct ui *ui, const char *title, struct str text);

enum view_text_mode { VIEW_TEXT_YAML, VIEW_TEXT_DESCRIBE, VIEW_TEXT_DECODED };
/* An object, followed: read again when it changes. */
struct view *view_text_object(struct ui *ui, enum view_text_mode mode,
                              const struct resource *resource, struct str ns, struct str name);

/* What all views on a pager do alike: moving, wrapping, next match; false: another action. */
bool view_text_move(struct ui *ui, struct hunt *hunt, enum action action);

#endif
