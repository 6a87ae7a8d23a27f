/* Encryption at rest: AES-256-GCM, bound to the key it is stored under; keys rotate.
 *
 * Any thread, but seal_rotate: one at a time.  The key file (mode 0600) is a line that names the
 * format, then one line per key, newest first: an id of 8 hex digits and 64 of the key. */
#ifndef BINNACLE_STORE_SEAL_H
#define BINNACLE_STORE_SEAL_H

#include <stdbool.h>

#include "base/str.h"

struct buf;
struct err;
struct seal;

/* Reads the key file. An absent one is made when `create`, else it is an error that tells to bring
 * it back: pass `create` only when there is no store yet that may hold sealed values. */
int seal_open(const char *path, bool create, struct seal **ret, struct err **err);
void seal_free(struct seal *seal); /* wipes the keys; NULL allowed */
/* bound_to (the store's key) must be the same for both: a sealed value cannot be moved to another
 * key. The newest key seals; a value of a key that is not in the file is an error that names it. */
int seal_encrypt(struct seal *seal, struct str bound_to, struct str plain, struct buf **ret,
                 struct err **err);
int seal_decrypt(struct seal *seal, struct str bound_to, struct str sealed, struct buf **ret,
                 struct err **err);
bool seal_is_sealed(struct str value); /* begins as seal_encrypt writes */
/* Adds a new first key to the file; older ones still open what they sealed. */
int seal_rotate(struct seal *seal, struct err **err);

#endif
