/* The signer's keys and rules, for the controller of certificate requests.  Loop thread. */
#ifndef BINNACLE_SERVE_SIGN_H
#define BINNACLE_SERVE_SIGN_H

#include "controllers/ctl_csr.h"

struct apiserver;
struct data_dir;

struct serve_sign {
    struct ctl_csr_signing signing; /* to be handed to the controllers */
    struct apiserver *api;
    const struct data_dir *dir;
};
/* api and dir outlive it. */
void serve_sign_init(struct serve_sign *sign, struct apiserver *api, const struct data_dir *dir);

#endif
