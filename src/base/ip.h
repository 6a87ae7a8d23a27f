/* IP addresses and CIDR blocks as text, read and written as Go's net and netip packages do.  Pure. */
#ifndef BINNACLE_BASE_IP_H
#define BINNACLE_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

struct ip {
    uint8_t bytes[16]; /* IPv4: the first four */
    bool is_v6;
    bool is_mapped; /* IPv4 that was written as ::ffff:a.b.c.d */
};
struct ip_net {
    struct ip ip;
    uint8_t bits; /* of an IPv4 block 0..32, mapped or not */
};

/* No zones. sloppy: leading zeros are decimal zeros, as old Go had it and Kubernetes still takes. */
bool ip_parse(struct str text, bool is_sloppy, struct ip *ret_ip);
bool ip_parse_net(struct str text, bool is_sloppy, struct ip_net *ret_net);
/* RFC 5952; a mapped address as IPv4. */
struct str ip_text(const struct ip *ip, struct arena *arena);
struct str ip_net_text(const struct ip_net *net, struct arena *arena);
struct ip_net ip_net_masked(const struct ip_net *net);
bool ip_eq(const struct ip *a, const struct ip *b);
bool ip_net_has(const struct ip_net *net, const struct ip *ip);
/* The block's address number n, 0 being the network's own; false: the block is smaller. */
bool ip_net_at(const struct ip_net *net, uint32_t n, struct ip *ret);
bool ip_is_unspecified(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);
bool ip_is_multicast(const struct ip *ip);
bool ip_is_link_local(const struct ip *ip);           /* unicast */
bool ip_is_link_local_multicast(const struct ip *ip); /* 224.0.0.0/24, ff02::/16 */

#endif
