/* A private file for another program to work on, in a directory of its own.  Console's thread. */
#ifndef BINNACLE_UI_SCRATCH_H
#define BINNACLE_UI_SCRATCH_H

#include "base/str.h"

struct err;

struct scratch {
    char *directory, *path; /* owned; NULL: none */
};

/* In memory where the machine has a place for that: it may be a secret. name: what the file is called,
 * made harmless. */
int scratch_open(struct scratch *scratch, struct str name, struct err **err);
int scratch_write(const struct scratch *scratch, struct str text, struct err **err);
int scratch_read(const struct scratch *scratch, struct str_builder *out, struct err **err);
/* Removes it, with what the other program left beside it. */
void scratch_done(struct scratch *scratch);
void scratch_keep(struct scratch *scratch); /* forgets it instead: the file stays */

#endif
