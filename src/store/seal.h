/* Encryption at rest: AES-256-GCM, bound to the key it is stored under; keys rotate.  Any thread. */
#ifndef BINNACLE_STORE_SEAL_H
#define BINNACLE_STORE_SEAL_H

#include <stdbool.h>

#include "base/str.h"

struct buf;
struct err;
struct seal;

/* Reads the key file (mode 0600, made when absent and `create`); a file that is missing while the
 * store holds sealed values is an error that says so. */
int seal_open(const char *path, bool create, struct seal **ret, struct err **err);
void seal_free(struct seal *seal); /* wipes the keys */
int seal_encrypt(struct seal *seal, struct str bound_to, struct str plain, struct buf **ret,
                 struct err **err);
int seal_decrypt(struct seal *seal, struct str bound_to, struct str sealed, struct buf **ret,
                 struct err **err);
bool seal_is_sealed(struct str value);
/* Adds a new first key to the file; older ones still open what they sealed. */
int seal_rotate(struct seal *seal, struct err **err);

#endif
