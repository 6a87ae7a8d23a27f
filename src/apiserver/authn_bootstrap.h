/* Bootstrap tokens: Secrets of kube-system that let a new node in.  Loop thread. */
#ifndef BINNACLE_APISERVER_AUTHN_BOOTSTRAP_H
#define BINNACLE_APISERVER_AUTHN_BOOTSTRAP_H

#include "apiserver/authn.h"

/* False: it has not the form of one, or no Secret says that it is good. */
bool authn_bootstrap_check(struct apiserver *server, struct str issuer,
                           const struct authn_question *question, struct authn_answer *ret);

#endif
