/* DNS messages: questions of clients, answers of ours and of others.  Pure; the bytes are by ldns. */
#ifndef BINNACLE_AGENT_DNS_WIRE_H
#define BINNACLE_AGENT_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/dns_zone.h"
#include "base/str.h"

struct arena;
struct dns_wire;

enum {
    DNS_WIRE_MAX = 65535,
    DNS_WIRE_UDP_SIZE = 1232, /* what passes everywhere without fragments (DNS Flag Day 2020) */
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
};
/* One message of a client. NULL: what is no question at all and gets no answer. */
struct dns_wire *dns_wire_new(struct str bytes);
void dns_wire_free(struct dns_wire *wire); /* NULL allowed */
/* DNS_NOERROR, or why it is not answered. */
int dns_wire_problem(const struct dns_wire *wire);
const struct dns_question *dns_wire_question(const struct dns_wire *wire);
/* What a UDP client takes. */
size_t dns_wire_udp_max(const struct dns_wire *wire);

/* An answer that says so. In the arena. */
struct str dns_wire_refuse(const struct dns_wire *wire, int rcode, struct arena *arena);
/* An answer without records, as they do not fit: the client is to ask by TCP. */
struct str dns_wire_cut(const struct dns_wire *wire, struct arena *arena);
/* Ours, cut to max bytes (then the client is told to ask by TCP). aliased: the message of somebody else
 * about answer->alias, absent: none. */
struct str dns_wire_answer(const struct dns_wire *wire, const struct dns_answer *answer,
                           struct str aliased, size_t max, struct arena *arena);

/* The question whether there is an address of that name, of this type, for somebody else. */
struct str dns_wire_ask(struct str name, uint16_t type, uint16_t id, struct arena *arena);
/* Is it an answer to that message: same id, same question? */
bool dns_wire_is_answer(struct str question, struct str bytes);
void dns_wire_set_id(char *bytes, uint16_t id); /* of at least 12 bytes */
bool dns_wire_is_cut(struct str bytes);         /* ask again by TCP */

#endif
