/* Talk with the kernel by netlink; its routes to pods of other nodes, those that carry our protocol number.
 * Blocking, but the kernel answers at once. */
#ifndef BINNACLE_AGENT_NETLINK_H
#define BINNACLE_AGENT_NETLINK_H

#include <stddef.h>

#include "base/ip.h"

struct arena;
struct err;

struct nlmsghdr;
/* Sends a request and reads to the end of the answer; each of its messages goes to `each` (NULL: none is
 * looked at). -1 with errno. */
typedef void netlink_each_fn(void *ctx, const struct nlmsghdr *message);
int netlink_talk(int family, const struct nlmsghdr *request, netlink_each_fn *each, void *ctx);

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
/* From now on this host is reached at that IPv4 address by those who run on it: it stands on the loopback
 * interface. */
int netlink_address_put(const struct ip *ip, struct err **err);

#endif
