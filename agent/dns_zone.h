/* The cluster's zone: what the names of Services, their endpoints and pods come to, from what the node has
 * in memory.  No I/O.
 *
 * The names are those of Kubernetes' DNS specification 1.1.0; what it leaves open is as CoreDNS' kubernetes
 * plugin has it in a usual set-up (pods insecure, ttl 30). Pod names are answered from the name alone. */
#ifndef BINNACLE_AGENT_DNS_ZONE_H
#define BINNACLE_AGENT_DNS_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct backends;
struct dns_zone;

enum {
    DNS_ZONE_RECORDS_MAX = 500, /* of one answer; more are left out */
    DNS_ZONE_TTL_S = 30,
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
};
struct dns_question {
    struct str name; /* lower case, no dot at its end: "web.shop.svc.cluster.local" */
    uint16_t type;
    uint16_t id; /* who asks again, sees the records in another order */
};
/* Records as a zone file has them, "@" for the name that was asked for: "@ 30 IN A 10.43.0.10". */
struct dns_records {
    struct str *at;
    size_t len;
};
struct dns_answer {
    bool is_ours;    /* false: somebody else knows */
    bool is_unknown; /* there is no such name */
    struct dns_records answer, extra;
    struct str soa;   /* of the zone, where there is no record to give */
    struct str alias; /* the answer is an alias of this name, which somebody else knows */
};

/* domain lives longer; address: of the server, as text. */
struct dns_zone *dns_zone_new(struct backends *backends, const char *domain, const char *address);
void dns_zone_free(struct dns_zone *zone);           /* NULL allowed; before its backends */
bool dns_zone_is_ready(const struct dns_zone *zone); /* all Services are known */
/* Another number: names may have come to something else since. */
uint64_t dns_zone_age(const struct dns_zone *zone);
void dns_zone_answer(const struct dns_zone *zone, const struct dns_question *question,
                     struct arena *arena, struct dns_answer *ret);

#endif
