/* Between the files of dns_zone. */
#ifndef BINNACLE_AGENT_DNS_ZONE_PRIV_H
#define BINNACLE_AGENT_DNS_ZONE_PRIV_H

#include "agent/dns_zone.h"
#include "base/doc.h"
#include "base/ip.h"
#include "base/map.h"

struct backend;

/* An address that has a name; several may share one. */
struct dns_reverse {
    struct dns_reverse *next;
    char *name; /* before ".svc.DOMAIN" */
    char *key;  /* the Service's, "namespace/name" */
};
struct dns_zone {
    struct backends *backends;
    const char *domain, *address;
    uint64_t age;      /* changes so far */
    struct map by_ip;  /* text → struct dns_reverse */
    struct map by_key; /* of a Service → struct dns_ips */
};
/* One question being answered. */
struct dns_look {
    const struct dns_zone *zone;
    const struct dns_question *question;
    struct arena *arena;
    struct dns_answer *ret;
    struct str ns, service, endpoint, port, protocol; /* as asked; absent: any */
};
struct dns_host {
    struct ip ip;
    int64_t port;     /* 0: none */
    struct str label; /* of an endpoint */
};
struct dns_found {
    struct dns_host *hosts; /* DNS_ZONE_RECORDS_MAX fit */
    size_t len;
    struct str alias; /* of an ExternalName */
};
/* Of an endpoint: its host name, or its address with dashes. */
struct str dns_zone_find_label(struct val endpoint, struct str ip, struct arena *arena);
/* A Service is others now: as backends tell. */
void dns_zone_reverse_changed(void *ctx, struct str key);
void dns_zone_reverse_done(struct dns_zone *zone);
/* What a Service has for a question; false: nothing, there is no such name. Texts are in the arena. */
bool dns_zone_find(struct dns_look *look, const struct backend *backend, struct dns_found *ret);

#endif
