/* Names of a pod: its resolv.conf, host name and /etc/hosts.  Pure. */
#ifndef BINNACLE_AGENT_POD_DNS_H
#define BINNACLE_AGENT_POD_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

enum { POD_DNS_MAX_SERVERS = 3, POD_DNS_MAX_SEARCHES = 32, POD_DNS_MAX_CHARS = 2048 };
enum { POD_DNS_LIST_MAX = 64 };
struct pod_dns {
    struct str servers[POD_DNS_LIST_MAX], searches[POD_DNS_LIST_MAX], options[POD_DNS_LIST_MAX];
    size_t server_len, search_len, option_len;
    bool is_missing; /* cluster DNS was wanted and is not there: the node's is used */
    bool is_cut;     /* more than a resolver takes: the rest was left out */
};
struct pod_dns_node {
    struct str resolv_conf; /* the node's, as text */
    struct str cluster_dns; /* address, absent: there is none yet */
    const char *cluster_domain;
};
/* spec.dnsPolicy and spec.dnsConfig. Pieces point into node, pod and arena. */
void pod_dns_make(struct val pod, const struct pod_dns_node *node, struct arena *arena,
                  struct pod_dns *out);

/* The name it has inside, and the domain of its subdomain (absent: none). */
struct str pod_dns_hostname(struct val pod, struct arena *arena);
struct str pod_dns_domain(struct val pod, const char *cluster_domain, struct arena *arena);
/* /etc/hosts of its containers; node_hosts: the node's file, for pods on its network. */
struct str pod_dns_hosts(struct val pod, const char *cluster_domain, const struct str *ips,
                         size_t ip_len, struct str node_hosts, struct arena *arena);

#endif
