/* Certificate requests: approving, signing, clearing away.  Loop thread. */
#ifndef BINNACLE_CONTROLLERS_CTL_CSR_H
#define BINNACLE_CONTROLLERS_CTL_CSR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct err;
struct reconciler;

struct ctl_csr_order {
    struct str csr_pem;
    bool is_server; /* a serving certificate of a node; else one for clients of the API */
    int64_t seconds;
};
/* What only `serve` has: the CA keys and the rules of who may what. NULL in the environment: nothing
 * is approved or signed. */
struct ctl_csr_signing {
    /* *ret_pem is the caller's. */
    int (*sign)(void *ctx, const struct ctl_csr_order *order, char **ret_pem, struct err **err);
    /* May who made the request (its spec: username, groups, extra) create
     * certificatesigningrequests/SUBRESOURCE? */
    bool (*may)(void *ctx, struct val spec, const char *subresource);
    void *ctx;
};
extern const struct reconciler ctl_csr;

#endif
