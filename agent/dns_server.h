/* The cluster's name server of this node: UDP and TCP on one address, which every node has for itself.
 * Loop thread.
 *
 * It answers for the cluster's zone from what the node has in memory, also while the control plane is
 * away, and asks the host's own name servers for all else. */
#ifndef BINNACLE_AGENT_DNS_SERVER_H
#define BINNACLE_AGENT_DNS_SERVER_H

#include <stddef.h>

struct dns_forward;
struct dns_server;
struct dns_zone;
struct err;
struct loop;

struct dns_server_spec {
    struct loop *loop;
    struct dns_zone *zone;       /* lives longer */
    struct dns_forward *forward; /* lives longer */
    const char *address;         /* IPv4 */
    int port;                    /* 0: any that is free, for tests */
};
int dns_server_new(const struct dns_server_spec *spec, struct dns_server **ret, struct err **err);
void dns_server_free(struct dns_server *server); /* NULL allowed */
int dns_server_port(const struct dns_server *server);
size_t dns_server_waiting(const struct dns_server *server); /* questions that others are asked */

#endif
