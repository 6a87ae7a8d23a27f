/* Adding machines: the form, and what is typed into it.  Console's thread. */
#ifndef BINNACLE_UI_MACHINE_FORM_H
#define BINNACLE_UI_MACHINE_FORM_H

#include "base/str.h"

struct view;

/* Asks which machines, and adds them. */
void machine_form_open(struct view *view);
/* Adds what is named: "[user@]host[:port] …" or "local"; nothing named: asks. */
void machine_form_add(struct view *view, struct str names);

#endif
