/* The part of the nft table `binnacle` that all services share: hooks, lookups, marks. Called by
 * proxy_nft; pure.
 *
 * 0x4000 in the packet mark means, as in kube-proxy: masquerade. Destinations are translated once a
 * connection, in the nat hooks; what nobody answers is refused in the filter hooks. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy_nft_priv.h"

#include "base/str.h"

#define TABLE PROXY_NFT_TABLE
#define BY_IP "ip daddr . meta l4proto . th dport vmap @"
#define BY_NODE_PORT "fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @"
#define IP_MAP " { type ipv4_addr . inet_proto . inet_service : verdict; }\n"
#define PORT_MAP " { type inet_proto . inet_service : verdict; }\n"

static const char maps[] = "add table " TABLE "\n"
                           "delete table " TABLE "\n"
                           "table " TABLE " {\n"
                           "\tmap service-ips" IP_MAP "\tmap service-nodeports" PORT_MAP
                           "\tmap outside-ips" IP_MAP "\tmap outside-nodeports" PORT_MAP
                           "\tmap no-endpoint-ips" IP_MAP "\tmap no-endpoint-nodeports" PORT_MAP
                           "\tmap firewall-ips" IP_MAP "\tset cluster-ips { type ipv4_addr; }\n"
                           "\tset hairpins { type ipv4_addr . ipv4_addr; }\n"
                           "\tset pod-networks { type ipv4_addr; flags interval; }\n"
                           "\tchain mark-for-masquerade { meta mark set meta mark or 0x4000; }\n";

static const char chains[] =
    "\tchain services {\n"
    "\t\t" BY_IP "service-ips\n"
    "\t\t" BY_NODE_PORT "service-nodeports\n"
    "\t}\n"
    "\tchain refuse { reject; }\n"
    "\tchain unanswered {\n"
    "\t\t" BY_IP "no-endpoint-ips\n"
    "\t\t" BY_NODE_PORT "no-endpoint-nodeports\n"
    "\t\tip daddr @cluster-ips goto refuse\n"
    "\t}\n"
    "\tchain firewall { " BY_IP "firewall-ips; }\n"
    "\tchain raw-prerouting {\n"
    "\t\ttype filter hook prerouting priority -110; ct state new jump firewall;\n"
    "\t}\n"
    "\tchain raw-output {\n"
    "\t\ttype filter hook output priority -110; ct state new jump firewall;\n"
    "\t}\n"
    "\tchain input {\n"
    "\t\ttype filter hook input priority filter; ct state new jump unanswered;\n"
    "\t}\n"
    "\tchain forward {\n"
    "\t\ttype filter hook forward priority filter; ct state new jump unanswered;\n"
    "\t}\n"
    "\tchain output {\n"
    "\t\ttype filter hook output priority filter; ct state new jump unanswered;\n"
    "\t}\n"
    "\tchain nat-prerouting {\n"
    "\t\ttype nat hook prerouting priority dstnat; jump outside; jump services;\n"
    "\t}\n"
    "\tchain nat-output {\n"
    "\t\ttype nat hook output priority -100; jump services;\n"
    "\t}\n"
    "\tchain nat-postrouting {\n"
    "\t\ttype nat hook postrouting priority srcnat;\n"
    "\t\tct status dnat ip saddr . ip daddr @hairpins masquerade fully-random\n"
    "\t\tmeta mark & 0x4000 != 0 meta mark set meta mark & 0xffffbfff masquerade fully-random\n";

void
proxy_nft_base(const char *pod_cidr, struct str_builder *out)
{
    str_putz(out, maps);
    str_putz(out, "\tchain mark-unless-pod {\n");
    if (pod_cidr != NULL) {
        str_putf(out, "\t\tip saddr != %s goto mark-for-masquerade\n", pod_cidr);
    }
    str_putz(out, "\t}\n\tchain outside {\n");
    if (pod_cidr != NULL) {
        str_putf(out, "\t\tip saddr %s return\n", pod_cidr);
    }
    str_putz(out, "\t\tfib saddr type local return\n"
                  "\t\t" BY_IP "outside-ips\n"
                  "\t\t" BY_NODE_PORT "outside-nodeports\n\t}\n");
    str_putz(out, chains);
    if (pod_cidr != NULL) { /* what leaves the pod network gets the node's address */
        str_putf(out,
                 "\t\tip saddr %s ip daddr != %s ip daddr != 224.0.0.0/4 ip daddr != @pod-networks"
                 " masquerade\n",
                 pod_cidr, pod_cidr);
    }
    str_putz(out, "\t}\n}\n");
}
