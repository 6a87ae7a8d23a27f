/* Go's time.Duration as text ("1h30m", "500ms"): metav1.Duration and options.  Pure. */
#ifndef BINNACLE_API_DURATION_H
#define BINNACLE_API_DURATION_H

#include <stdint.h>

#include "base/str.h"

enum { DURATION_TEXT_SIZE = 40 };

int duration_parse(struct str text, int64_t *ret_ns); /* -1: not a duration, or beyond 292 years */
struct str duration_text(int64_t ns, char text[DURATION_TEXT_SIZE]);

#endif
