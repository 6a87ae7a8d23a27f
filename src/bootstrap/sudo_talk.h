/* What sudo and our own commands say on stderr.  Pure. */
#ifndef BINNACLE_BOOTSTRAP_SUDO_TALK_H
#define BINNACLE_BOOTSTRAP_SUDO_TALK_H

#include <stddef.h>

#include "base/str.h"

/* The first of our words in it: sudo asks for a password ("NONCEask"), or the command has begun
 * ("NONCE begin"). *ret_used: bytes up to the end of it, 0 when there is none. */
enum sudo_talk { SUDO_TALK_NOTHING, SUDO_TALK_ASKS, SUDO_TALK_BEGUN };
enum sudo_talk sudo_talk_look(struct str said, const char *nonce, size_t *ret_used);
/* The last line, "NONCE end 0": the status, and what stands before it. -1: it is not there. */
int sudo_talk_end(struct str said, const char *nonce, int *ret_status, struct str *ret_rest);
/* Why sudo will not, in words for people; NULL: nothing of what is known. */
const char *sudo_talk_problem(struct str said);

#endif
