/* Questions for other name servers: those of the host's resolv.conf.  Loop thread. */
#ifndef BINNACLE_AGENT_DNS_FORWARD_H
#define BINNACLE_AGENT_DNS_FORWARD_H

#include <stdbool.h>

#include "base/str.h"

struct dns_ask;
struct dns_forward;
struct loop;

struct dns_forward_spec {
    struct loop *loop;
    const char *resolv_conf; /* path; read again when it changed */
    const char *own_address; /* never asked: it is us */
    int port;                /* 53 */
};
struct dns_forward *dns_forward_new(const struct dns_forward_spec *spec);
void dns_forward_free(struct dns_forward *forward); /* after its questions; NULL allowed */
/* The answer with the question's own id (until the call returns); absent: nobody answered. Exactly once,
 * never inside dns_forward_ask. */
typedef void dns_forward_fn(void *ctx, struct str answer);
struct dns_ask *dns_forward_ask(struct dns_forward *forward, struct str question, bool is_tcp,
                                dns_forward_fn *done, void *ctx);
void dns_forward_cancel(struct dns_ask *ask); /* done is not called; NULL allowed */

#endif
