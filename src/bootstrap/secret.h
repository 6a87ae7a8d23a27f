/* A secret that a person typed: locked memory, never dumped, wiped when it goes.  Any thread, one
 * owner. */
#ifndef BINNACLE_BOOTSTRAP_SECRET_H
#define BINNACLE_BOOTSTRAP_SECRET_H

#include "base/str.h"

enum { SECRET_MAX = 1024 /* bytes; both forms below are in one page */ };

struct secret;

/* A copy; what is over SECRET_MAX is cut off. The caller wipes what it copied from. */
struct secret *secret_new(struct str text);
struct str secret_text(const struct secret *secret); /* NULL: absent; a NUL stands after it */
struct str secret_line(const struct secret *secret); /* the same with a line feed after it */
void secret_free(struct secret *secret);             /* NULL allowed */
void secret_cleanup(struct secret **secret);
#define AUTO_SECRET AUTO(secret_cleanup)

#endif
