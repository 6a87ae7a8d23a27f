/* Service-account tokens: their claims, and whether these still hold.  Loop thread. */
#ifndef BINNACLE_APISERVER_AUTHN_ACCOUNT_H
#define BINNACLE_APISERVER_AUTHN_ACCOUNT_H

#include "apiserver/authn.h"

/* The claims of a token whose signature is good. False: ret->why says what does not hold. */
bool authn_account_check(struct apiserver *server, struct val claims, struct str issuer,
                         const struct authn_question *question, struct authn_answer *ret);
/* The claims as JSON, members in byte order. */
struct str authn_account_claims(const struct authn_token *token, struct str issuer, struct str id,
                                struct arena *arena);

#endif
