/* The kernel's table of connections: UDP flows that still go to an endpoint that is none any more.  A flow
 * lives as long as its client sends, and is not looked up in the rules again.  Blocking: for job threads. */
#ifndef BINNACLE_AGENT_CONNTRACK_H
#define BINNACLE_AGENT_CONNTRACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

struct arena;
struct err;

struct conntrack_end {
    struct ip ip; /* IPv4 */
    uint16_t port;
};
struct conntrack_service {
    struct conntrack_end at; /* 0.0.0.0: that port of any address */
    const struct conntrack_end *ends;
    size_t len; /* of ends; > 0 */
};
/* Deletes UDP flows to one of the services that are answered by none of its ends. Sorts services. */
int conntrack_clean(struct conntrack_service *services, size_t len, struct arena *arena,
                    size_t *ret_deleted, struct err **err);

#endif
