/* Texts and values as Go's %q and %v print them: in the API's messages.  Pure. */
#ifndef BINNACLE_API_QUOTE_H
#define BINNACLE_API_QUOTE_H

#include "base/doc.h"
#include "base/str.h"

struct arena;

struct str quote_go(struct str text, struct arena *arena); /* with its quotes */
/* A JSON value as Go prints it with %v: map[a:1 b:[x y]]. */
struct str quote_go_value(struct val v, struct arena *arena);

#endif
