/* The kernel's routes to pods of other nodes: those that carry our protocol number.  Blocking, but the
 * kernel answers at once. */
#ifndef BINNACLE_AGENT_NETLINK_H
#define BINNACLE_AGENT_NETLINK_H

#include <stddef.h>

#include "base/ip.h"

struct arena;
struct err;

enum { NETLINK_PROTOCOL = 98 /* "ip route show proto 98": the routes that are ours */ };
struct netlink_route {
    struct ip_net to; /* IPv4 */
    struct ip via;
};
/* All of ours in the main table. */
int netlink_routes(struct arena *arena, struct netlink_route **ret, size_t *ret_len,
                   struct err **err);
/* Adds or replaces; fails when `via` is on no segment of this host. */
int netlink_route_put(const struct netlink_route *route, struct err **err);
int netlink_route_del(const struct netlink_route *route, struct err **err); /* there or not */

#endif
