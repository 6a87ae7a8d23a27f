/* SHA-256 as sha256sum prints it.  Pure. */
#ifndef BINNACLE_BOOTSTRAP_DIGEST_H
#define BINNACLE_BOOTSTRAP_DIGEST_H

#include "base/str.h"

struct arena;

struct str digest_hex(struct str bytes, struct arena *arena); /* 64 lower-case digits, NUL after */

#endif
