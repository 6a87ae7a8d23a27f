/* Random identifiers: uids, audit ids, generateName suffixes, jitter.  Loop thread. */
#ifndef BINNACLE_APISERVER_IDENT_H
#define BINNACLE_APISERVER_IDENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { IDENT_UUID_SIZE = 36, IDENT_SUFFIX_SIZE = 5, IDENT_BASE_MAX = 58 };

/* Random bytes in stock; zeroed is ready to use. */
struct ident {
    unsigned char pool[256];
    size_t left;
};
struct str ident_uuid(struct ident *ident, char text[IDENT_UUID_SIZE + 1]); /* version 4 */
struct str ident_suffix(struct ident *ident, char text[IDENT_SUFFIX_SIZE + 1]);
uint64_t ident_random(struct ident *ident, uint64_t below); /* 0 … below - 1 */

#endif
