/* What is searched for: plain text or a regular expression, case ignored.  Console's thread. */
#ifndef BINNACLE_UI_PATTERN_H
#define BINNACLE_UI_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct pattern;

/* Extended POSIX syntax. What is none (yet, while it is typed), or would take regcomp ages, is taken
 * as plain text. NULL for an empty text. */
struct pattern *pattern_new(struct str text);
void pattern_free(struct pattern *pattern);
struct str pattern_text(const struct pattern *pattern); /* as typed; "" for NULL */
bool pattern_matches(const struct pattern *pattern, struct str in);
/* First match from byte `from` on: [*ret_from, *ret_to). */
bool pattern_find(const struct pattern *pattern, struct str in, size_t from, size_t *ret_from,
                  size_t *ret_to);

#endif
