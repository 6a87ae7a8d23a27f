/* Base64 (RFC 4648, padded) as Go's encoding/base64.StdEncoding reads and writes it.  Pure. */
#ifndef BINNACLE_BASE_BASE64_H
#define BINNACLE_BASE_BASE64_H

#include <stddef.h>

#include "base/str.h"

struct arena;

/* Line breaks are skipped. -1 when it is none: *ret_bad_at is Go's "illegal base64 data at input
 * byte N". ret_bad_at may be NULL. */
int base64_decode(struct str text, struct arena *arena, struct str *ret, size_t *ret_bad_at);
struct str base64_encode(struct str bytes, struct arena *arena);
/* Does the text stand as base64_encode would write it? Then nothing has to be decoded. */
bool base64_is_canonical(struct str text);
/* The same without padding and with - and _ (RawURLEncoding), as JWTs are written. */
int base64_decode_url(struct str text, struct arena *arena, struct str *ret);
struct str base64_encode_url(struct str bytes, struct arena *arena);

#endif
