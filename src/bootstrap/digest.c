/* By its hash a file on a host is known.  Called by steps and transports; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/digest.h"

#include <openssl/sha.h>

#include "base/arena.h"

struct str
digest_hex(struct str bytes, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char *hex = arena_alloc(arena, 2 * sizeof(digest) + 1);
    (void)SHA256((const unsigned char *)bytes.at, bytes.size, digest); /* returns its argument */
    for (size_t i = 0; i < sizeof(digest); i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    return str_slice(hex, 2 * sizeof(digest));
}
