/* Random identifiers: uids, audit ids, generateName suffixes, jitter.  Loop thread. */
#ifndef BINNACLE_APISERVER_IDENT_H
#define BINNACLE_APISERVER_IDENT_H

#include <stdint.h>

#include "base/str.h"

enum { IDENT_UUID_SIZE = 36, IDENT_SUFFIX_SIZE = 5, IDENT_BASE_MAX = 58 };

struct str ident_uuid(char text[IDENT_UUID_SIZE + 1]); /* version 4 */
struct str ident_suffix(char text[IDENT_SUFFIX_SIZE + 1]);
uint64_t ident_random(uint64_t below); /* 0 … below - 1 */

#endif
