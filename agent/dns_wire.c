/* DNS messages. Called by dns_server and dns_forward; pure.
 *
 * What comes from clients and from other servers is parsed by ldns, or only compared. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_wire.h"

#include <stdlib.h>

#include <ldns/ldns.h>

#include "base/arena.h"
#include "base/mem.h"

enum { HEAD_SIZE = 12, CLASSIC_UDP_SIZE = 512, FLAG_ANSWER = 0x80, FLAG_CUT = 0x02 };

struct dns_wire {
    ldns_pkt *message;
    struct dns_question question;
    char *name; /* of the question */
    int problem;
};

/* ---- what clients send ---- */

static int
problem_of(const ldns_pkt *message)
{
    const ldns_rr_list *questions = ldns_pkt_question(message);

    if (ldns_pkt_get_opcode(message) != LDNS_PACKET_QUERY) {
        return DNS_NOTIMP;
    }
    if (ldns_rr_list_rr_count(questions) != 1 ||
        ldns_rr_get_class(ldns_rr_list_rr(questions, 0)) != LDNS_RR_CLASS_IN) {
        return DNS_FORMERR;
    }
    return DNS_NOERROR;
}

/* "Web.Shop.svc.cluster.local." → "web.shop.svc.cluster.local" */
static char *
read_name(const ldns_rdf *name)
{
    char *text = ldns_rdf2str(name), *ret;
    size_t size = text == NULL ? 0 : strlen(text);

    if (size > 0 && text[size - 1] == '.') {
        size--;
    }
    ret = mem_strndup(text == NULL ? "" : text, size);
    LDNS_FREE(text);
    for (char *at = ret; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    return ret;
}

struct dns_wire *
dns_wire_new(struct str bytes)
{
    ldns_pkt *message = NULL;
    struct dns_wire *wire;

    if (bytes.size < HEAD_SIZE || (bytes.at[2] & FLAG_ANSWER) != 0 ||
        ldns_wire2pkt(&message, (const uint8_t *)bytes.at, bytes.size) != LDNS_STATUS_OK) {
        return NULL;
    }
    wire = MEM_NEW(struct dns_wire);
    wire->message = message;
    wire->problem = problem_of(message);
    if (wire->problem == DNS_NOERROR) {
        const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(message), 0);

        wire->name = read_name(ldns_rr_owner(question));
        wire->question =
            (struct dns_question){ str_of(wire->name), (uint16_t)ldns_rr_get_type(question),
                                   ldns_pkt_id(message) };
    }
    return wire;
}

void
dns_wire_free(struct dns_wire *wire)
{
    if (wire != NULL) {
        ldns_pkt_free(wire->message);
        mem_free(wire->name);
        mem_free(wire);
    }
}

int
dns_wire_problem(const struct dns_wire *wire)
{
    return wire->problem;
}

const struct dns_question *
dns_wire_question(const struct dns_wire *wire)
{
    return &wire->question;
}

size_t
dns_wire_udp_max(const struct dns_wire *wire)
{
    size_t size = ldns_pkt_edns(wire->message) ? ldns_pkt_edns_udp_size(wire->message) : 0;

    return size > DNS_WIRE_UDP_SIZE  ? DNS_WIRE_UDP_SIZE
           : size < CLASSIC_UDP_SIZE ? CLASSIC_UDP_SIZE
                                     : size;
}

/* ---- what we answer ---- */

static ldns_pkt *
reply_of(const struct dns_wire *wire, int rcode)
{
    ldns_pkt *reply = ldns_pkt_new();

    if (reply == NULL) {
        abort(); /* as all of ours do without memory */
    }
    ldns_pkt_set_id(reply, ldns_pkt_id(wire->message));
    ldns_pkt_set_qr(reply, true);
    ldns_pkt_set_opcode(reply, ldns_pkt_get_opcode(wire->message));
    ldns_pkt_set_rd(reply, ldns_pkt_rd(wire->message));
    ldns_pkt_set_ra(reply, true);
    ldns_pkt_set_rcode(reply, (uint8_t)rcode);
    if (wire->problem == DNS_NOERROR) {
        (void)ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION,
                               ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(wire->message), 0)));
    }
    if (ldns_pkt_edns(wire->message)) {
        ldns_pkt_set_edns_udp_size(reply, DNS_WIRE_UDP_SIZE);
    }
    return reply;
}

static struct str
bytes_of(const ldns_pkt *reply, struct arena *arena)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct str ret = { 0 };

    if (ldns_pkt2wire(&bytes, reply, &size) == LDNS_STATUS_OK && size <= DNS_WIRE_MAX) {
        ret = arena_dup(arena, str_slice((const char *)bytes, size));
    }
    LDNS_FREE(bytes);
    return ret;
}

struct str
dns_wire_refuse(const struct dns_wire *wire, int rcode, struct arena *arena)
{
    ldns_pkt *reply = reply_of(wire, rcode);
    struct str bytes = bytes_of(reply, arena);

    ldns_pkt_free(reply);
    return bytes;
}

struct str
dns_wire_cut(const struct dns_wire *wire, struct arena *arena)
{
    ldns_pkt *reply = reply_of(wire, DNS_NOERROR);
    struct str bytes;

    ldns_pkt_set_tc(reply, true);
    bytes = bytes_of(reply, arena);
    ldns_pkt_free(reply);
    return bytes;
}

/* "@" is the name as the client wrote it. */
static void
put_records(ldns_pkt *reply, ldns_pkt_section section, const struct str *records, size_t len,
            struct arena *arena)
{
    const ldns_rdf *owner = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(reply), 0));

    for (size_t i = 0; i < len; i++) {
        ldns_rr *record = NULL;

        if (ldns_rr_new_frm_str(&record, arena_dupz(arena, records[i]), 0, owner, NULL) ==
            LDNS_STATUS_OK) {
            (void)ldns_pkt_push_rr(reply, section, record);
        }
    }
}

static void
put_aliased(ldns_pkt *reply, struct str bytes)
{
    ldns_pkt *message = NULL;

    if (bytes.size == 0 ||
        ldns_wire2pkt(&message, (const uint8_t *)bytes.at, bytes.size) != LDNS_STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < ldns_pkt_ancount(message); i++) {
        (void)ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER,
                               ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_answer(message), i)));
    }
    ldns_pkt_free(message);
}

/* The first `len` records of the answer, and all that goes with it when it is whole. */
static struct str
try_answer(const struct dns_wire *wire, const struct dns_answer *answer, struct str aliased,
           size_t len, struct arena *arena)
{
    ldns_pkt *reply = reply_of(wire, answer->is_unknown ? DNS_NXDOMAIN : DNS_NOERROR);
    struct str bytes;

    ldns_pkt_set_aa(reply, true);
    put_records(reply, LDNS_SECTION_ANSWER, answer->answer.at, len, arena);
    if (len == answer->answer.len) {
        put_aliased(reply, aliased);
        put_records(reply, LDNS_SECTION_AUTHORITY, &answer->soa, answer->soa.size > 0 ? 1 : 0,
                    arena);
        put_records(reply, LDNS_SECTION_ADDITIONAL, answer->extra.at, answer->extra.len, arena);
    } else {
        ldns_pkt_set_tc(reply, true);
    }
    bytes = bytes_of(reply, arena);
    ldns_pkt_free(reply);
    return bytes;
}

struct str
dns_wire_answer(const struct dns_wire *wire, const struct dns_answer *answer, struct str aliased,
                size_t max, struct arena *arena)
{
    struct dns_answer bare = *answer;
    struct str bytes = try_answer(wire, answer, aliased, answer->answer.len, arena);

    bare.extra = (struct dns_records){ 0 }; /* these may be left out without a word */
    if (bytes.size == 0 || bytes.size > max) {
        bytes = try_answer(wire, &bare, aliased, answer->answer.len, arena);
    }
    for (size_t len = answer->answer.len; len > 0 && (bytes.size == 0 || bytes.size > max);) {
        len /= 2;
        bytes = try_answer(wire, &bare, aliased, len, arena);
    }
    return bytes;
}

/* ---- other servers ---- */

struct str
dns_wire_ask(struct str name, uint16_t type, uint16_t id, struct arena *arena)
{
    ldns_rdf *owner = ldns_dname_new_frm_str(arena_dupz(arena, name));
    ldns_pkt *question =
        owner == NULL ? NULL
                      : ldns_pkt_query_new(owner, (ldns_rr_type)type, LDNS_RR_CLASS_IN, LDNS_RD);
    struct str bytes = { 0 };

    if (question != NULL) {
        ldns_pkt_set_id(question, id);
        bytes = bytes_of(question, arena);
    }
    ldns_pkt_free(question); /* with the name */
    return bytes;
}

/* Where the first question ends; 0: it does not. */
static size_t
question_end(struct str bytes)
{
    size_t at = HEAD_SIZE;

    while (at < bytes.size && bytes.at[at] != 0) {
        if ((bytes.at[at] & 0xc0) != 0) {
            return 0; /* nothing stands before it that it could point to */
        }
        at += 1 + (size_t)bytes.at[at];
    }
    at += 1 + 2 + 2; /* the root's label, type, class */
    return at <= bytes.size ? at : 0;
}

bool
dns_wire_is_answer(struct str question, struct str bytes)
{
    size_t end = question_end(question);

    return end != 0 && bytes.size >= end && (bytes.at[2] & FLAG_ANSWER) != 0 &&
           memcmp(bytes.at, question.at, 2) == 0 && bytes.at[4] == 0 && bytes.at[5] == 1 &&
           memcmp(bytes.at + HEAD_SIZE, question.at + HEAD_SIZE, end - HEAD_SIZE) == 0;
}

void
dns_wire_set_id(char *bytes, uint16_t id)
{
    bytes[0] = (char)(id >> 8);
    bytes[1] = (char)(id & 0xff);
}

bool
dns_wire_is_cut(struct str bytes)
{
    return bytes.size >= HEAD_SIZE && (bytes.at[2] & FLAG_CUT) != 0;
}
