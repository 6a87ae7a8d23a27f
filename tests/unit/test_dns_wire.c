/* DNS messages: what clients send, what they get when it fits and when it does not, whose answer is one. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_wire.h"

#include <ldns/ldns.h>

#include "base/arena.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

static struct arena *arena;

static int
set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* As ldns prints it. */
static struct str
text_of(struct str bytes)
{
    ldns_pkt *message = NULL;
    char *text;
    struct str ret;

    assert_int_equal(ldns_wire2pkt(&message, (const uint8_t *)bytes.at, bytes.size),
                     LDNS_STATUS_OK);
    text = ldns_pkt2str(message);
    ret = arena_dup(arena, str_of(text));
    LDNS_FREE(text);
    ldns_pkt_free(message);
    return ret;
}

static void
has(struct str text, const char *part)
{
    if (!str_contains(text, str_of(part))) {
        fail_msg("no '%s' in:\n" STR_FMT, part, STR_ARG(text));
    }
}

static struct dns_wire *
asked(const char *name, uint16_t type)
{
    struct dns_wire *wire = dns_wire_new(dns_wire_ask(str_of(name), type, 0x1234, arena));

    assert_non_null(wire);
    return wire;
}

static void
test_question(void **state)
{
    struct dns_wire *wire = asked("Web.SHOP.svc.cluster.local", DNS_SRV);
    const struct dns_question *question = dns_wire_question(wire);

    (void)state;
    assert_int_equal(dns_wire_problem(wire), DNS_NOERROR);
    assert_true(str_is(question->name, "web.shop.svc.cluster.local"));
    assert_int_equal(question->type, DNS_SRV);
    assert_int_equal(question->id, 0x1234);
    assert_int_equal(dns_wire_udp_max(wire), 512); /* it did not say more */
    dns_wire_free(wire);
}

static void
test_no_question(void **state)
{
    struct str bytes = dns_wire_ask(STR("a.b"), DNS_A, 1, arena);
    char *copy = arena_dupz(arena, bytes);

    (void)state;
    assert_null(dns_wire_new((struct str){ 0 }));
    assert_null(dns_wire_new(str_slice(bytes.at, 11)));
    assert_null(dns_wire_new(str_slice(bytes.at, bytes.size - 1)));
    copy[2] = (char)(copy[2] | 0x80); /* an answer: or two servers would talk for ever */
    assert_null(dns_wire_new(str_slice(copy, bytes.size)));
}

static void
test_problems(void **state)
{
    struct str bytes = dns_wire_ask(STR("a.b"), DNS_A, 1, arena);
    char *notify = arena_dupz(arena, bytes), *chaos = arena_dupz(arena, bytes);
    struct dns_wire *wire;

    (void)state;
    notify[2] = 4 << 3;
    wire = dns_wire_new(str_slice(notify, bytes.size));
    assert_int_equal(dns_wire_problem(wire), DNS_NOTIMP);
    has(text_of(dns_wire_refuse(wire, DNS_NOTIMP, arena)), "rcode: NOTIMPL");
    dns_wire_free(wire);

    chaos[bytes.size - 1] = 3;
    wire = dns_wire_new(str_slice(chaos, bytes.size));
    assert_int_equal(dns_wire_problem(wire), DNS_FORMERR);
    has(text_of(dns_wire_refuse(wire, DNS_FORMERR, arena)), "rcode: FORMERR");
    dns_wire_free(wire);
}

static void
test_answer(void **state)
{
    struct str records[] = { STR("@ 30 IN A 10.43.0.20") };
    struct str extra[] = { STR("x.cluster.local. 30 IN A 10.43.0.21") };
    struct dns_answer answer = { .is_ours = true, .answer = { records, 1 }, .extra = { extra, 1 } };
    struct dns_wire *wire = asked("Web.svc.cluster.local", DNS_A);
    struct str text = text_of(dns_wire_answer(wire, &answer, (struct str){ 0 }, 512, arena));

    (void)state;
    has(text, "id: 4660");
    has(text, "flags: qr aa rd ra");
    has(text, "rcode: NOERROR");
    has(text, "Web.svc.cluster.local.\t30\tIN\tA\t10.43.0.20"); /* as the client wrote it */
    has(text, "x.cluster.local.\t30\tIN\tA\t10.43.0.21");
    dns_wire_free(wire);
}

static void
test_nothing(void **state)
{
    struct dns_answer answer = {
        .is_ours = true,
        .is_unknown = true,
        .soa = STR("cluster.local. 30 IN SOA ns.dns.cluster.local. h.cluster.local. 1 2 3 4 30")
    };
    struct dns_wire *wire = asked("none.cluster.local", DNS_A);
    struct str text = text_of(dns_wire_answer(wire, &answer, (struct str){ 0 }, 512, arena));

    (void)state;
    has(text, "rcode: NXDOMAIN");
    has(text, "AUTHORITY: 1");
    has(text, "cluster.local.\t30\tIN\tSOA\t");
    dns_wire_free(wire);
}

/* What is too long loses what may be lost, and then says that it is cut. */
static void
test_too_long(void **state)
{
    enum { MANY = 60 };
    struct str records[MANY], extra[MANY];
    struct dns_answer answer = { .is_ours = true, .extra = { extra, MANY } };
    struct dns_wire *wire = asked("web.svc.cluster.local", DNS_A);
    struct str bytes, text;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        records[i] = arena_printf(arena, "@ 30 IN A 10.42.0.%d", i);
        extra[i] = arena_printf(arena, "x%d.cluster.local. 30 IN A 10.42.0.%d", i, i);
    }
    answer.answer = (struct dns_records){ records, 10 };
    bytes = dns_wire_answer(wire, &answer, (struct str){ 0 }, 512, arena);
    text = text_of(bytes);
    assert_true(bytes.size <= 512);
    has(text, "ANSWER: 10, AUTHORITY: 0, ADDITIONAL: 0");
    has(text, "flags: qr aa rd ra ;");

    answer.answer.len = MANY;
    bytes = dns_wire_answer(wire, &answer, (struct str){ 0 }, 512, arena);
    assert_true(bytes.size <= 512);
    assert_true(dns_wire_is_cut(bytes));
    has(text_of(bytes), "ANSWER: 15,"); /* some are better than none */

    bytes = dns_wire_answer(wire, &answer, (struct str){ 0 }, DNS_WIRE_MAX, arena);
    assert_false(dns_wire_is_cut(bytes));
    has(text_of(bytes), "ANSWER: 60, AUTHORITY: 0, ADDITIONAL: 60");
    assert_true(dns_wire_is_cut(dns_wire_cut(wire, arena)));
    dns_wire_free(wire);
}

static void
test_alias(void **state)
{
    struct str records[] = { STR("@ 30 IN CNAME db.example.com.") };
    struct str addresses[] = { STR("@ 300 IN A 192.0.2.7") };
    struct dns_answer answer = { .is_ours = true, .answer = { records, 1 } };
    struct dns_answer other = { .is_ours = true, .answer = { addresses, 1 } };
    struct dns_wire *wire = asked("outside.shop.svc.cluster.local", DNS_A);
    struct dns_wire *upstream = asked("db.example.com", DNS_A);
    struct str bytes = dns_wire_answer(upstream, &other, (struct str){ 0 }, 512, arena);
    struct str text = text_of(dns_wire_answer(wire, &answer, bytes, 512, arena));

    (void)state;
    has(text, "outside.shop.svc.cluster.local.\t30\tIN\tCNAME\tdb.example.com.");
    has(text, "db.example.com.\t300\tIN\tA\t192.0.2.7");
    text = text_of(dns_wire_answer(wire, &answer, STR("\1\2 rubbish"), 512, arena));
    has(text, "ANSWER: 1,");
    dns_wire_free(wire);
    dns_wire_free(upstream);
}

static void
test_whose_answer(void **state)
{
    struct str question = dns_wire_ask(STR("db.example.com"), DNS_A, 77, arena);
    struct str other = dns_wire_ask(STR("db.example.org"), DNS_A, 77, arena);
    char *answer = arena_dupz(arena, question), *forged = arena_dupz(arena, other);

    (void)state;
    assert_false(dns_wire_is_answer(question, question)); /* itself is none */
    answer[2] = forged[2] = (char)(answer[2] | 0x80);
    assert_true(dns_wire_is_answer(question, str_slice(answer, question.size)));
    assert_false(dns_wire_is_answer(question, str_slice(forged, other.size)));
    assert_false(dns_wire_is_answer(question, str_slice(answer, question.size - 1)));
    dns_wire_set_id(answer, 78);
    assert_false(dns_wire_is_answer(question, str_slice(answer, question.size)));
    assert_false(dns_wire_is_answer(question, (struct str){ 0 }));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question), cmocka_unit_test(test_no_question),
        cmocka_unit_test(test_problems), cmocka_unit_test(test_answer),
        cmocka_unit_test(test_nothing),  cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_alias),    cmocka_unit_test(test_whose_answer),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
