/* Signed tokens: ES256 JWTs, the keys that sign and verify them.  Loop thread. */
#ifndef BINNACLE_APISERVER_AUTHN_JWT_H
#define BINNACLE_APISERVER_AUTHN_JWT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct authn_jwt;
struct err;

enum { AUTHN_JWT_KEYS_MAX = 8, AUTHN_JWT_SIZE_MAX = 16 << 10 };

/* EC P-256 keys in PEM, newest first: it signs, all verify. Who read them has checked them. */
struct authn_jwt *authn_jwt_new(const struct str *keys_pem, size_t len);
void authn_jwt_free(struct authn_jwt *jwt);

/* claims: one JSON object. */
int authn_jwt_sign(struct authn_jwt *jwt, struct str claims, struct arena *arena,
                   struct str *ret_token, struct err **err);
/* What the token says, before anybody has looked at its signature; false when it is no JWT. */
bool authn_jwt_claims(struct str token, struct arena *arena, struct val *ret_claims);
/* One of the keys has signed it. What was found good lately is remembered, within bounds. */
bool authn_jwt_is_ours(struct authn_jwt *jwt, struct str token, struct arena *arena);
/* The public keys as a JSON Web Key Set. */
void authn_jwt_write_keys(const struct authn_jwt *jwt, struct jw *out);

#endif
