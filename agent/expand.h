/* $(NAME) references in commands, arguments and environment values.  Pure. */
#ifndef BINNACLE_AGENT_EXPAND_H
#define BINNACLE_AGENT_EXPAND_H

#include <stdbool.h>

#include "base/str.h"

struct arena;

/* Finds the value of a name; false: unknown, the reference stays as it is written. */
typedef bool expand_find_fn(const void *ctx, struct str name, struct str *ret_value);
/* "$(NAME)" becomes its value, "$$" a "$" that begins no reference; values are not looked at
 * again. */
struct str expand_text(struct arena *arena, struct str text, expand_find_fn *find, const void *ctx);

#endif
