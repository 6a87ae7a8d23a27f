/* Tokens as they come in a header: splitting, base64url, JSON. What no key has signed is never ours,
 * and what we sign ourselves always reads back. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "apiserver/authn_jwt.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct authn_jwt *jwt;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str token = str_slice((const char *)data, size);
    struct str again;
    struct val claims;
    if (jwt == NULL) {
        jwt = authn_jwt_new(NULL, 0);
    }
    if (authn_jwt_claims(token, arena, &claims) && val_type(claims) != DOC_OBJECT) {
        abort();
    }
    if (authn_jwt_is_ours(jwt, token, arena)) {
        abort();
    }
    if (base64_decode_url(base64_encode_url(token, arena), arena, &again) < 0 ||
        !str_eq(token, again)) {
        abort();
    }
    return 0;
}
