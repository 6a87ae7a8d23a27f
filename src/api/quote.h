/* Text as Go's %q prints it: in the API's messages.  Pure. */
#ifndef BINNACLE_API_QUOTE_H
#define BINNACLE_API_QUOTE_H

#include "base/str.h"

struct arena;

struct str quote_go(struct str text, struct arena *arena); /* with its quotes */

#endif
