/* IP addresses and blocks as text. */
#include "config.h"

#include "tests/lib/unit.h"

#include "base/arena.h"
#include "base/ip.h"

static void
test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sloppy, *strict; /* NULL: refused */
    } rows[] = {
        { "10.0.0.1", "10.0.0.1", "10.0.0.1" },
        { "010.0.0.001", "10.0.0.1", NULL },
        { "256.0.0.1", NULL, NULL },
        { "1.2.3", NULL, NULL },
        { "1.2.3.4.5", NULL, NULL },
        { "1.2.3.4 ", NULL, NULL },
        { "", NULL, NULL },
        { "::", "::", "::" },
        { "::1", "::1", "::1" },
        { "1::", "1::", "1::" },
        { "2001:DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::1" },
        { "1:0:0:2:0:0:0:3", "1:0:0:2::3", "1:0:0:2::3" },
        { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
        { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0" },
        { "1:2:3:4:5:6:7:8::", NULL, NULL },
        { "1:2:3:4:5:6:7:8:9", NULL, NULL },
        { "1:2:3:4:5:6:7", NULL, NULL },
        { "1::2::3", NULL, NULL },
        { ":1::2", NULL, NULL },
        { "1:2:", NULL, NULL },
        { ":", NULL, NULL },
        { "::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4" },
        { "::ffff:01.2.3.4", "1.2.3.4", NULL },
        { "64:ff9b::1.2.3.4", "64:ff9b::102:304", "64:ff9b::102:304" },
        { "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304", "1:2:3:4:5:6:102:304" },
        { "1:2:3:4:5:6:7:1.2.3.4", NULL, NULL },
        { "00001::", "1::", NULL },
        { "12345::", NULL, NULL },
        { "fe80::1%eth0", NULL, NULL },
        { "g::", NULL, NULL },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int k = 0; k < 2; k++) {
            const char *expected = k == 0 ? rows[i].sloppy : rows[i].strict;
            struct ip ip;
            bool is_ip = ip_parse(str_of(rows[i].text), k == 0, &ip);
            assert_int_equal(is_ip, expected != NULL);
            if (is_ip) {
                assert_true(str_is(ip_text(&ip, arena), expected));
            }
        }
    }
}

static void
test_blocks(void **state)
{
    (void)state;
    static const struct {
        const char *text, *masked;
    } rows[] = {
        { "10.1.2.3/8", "10.0.0.0/8" },
        { "10.1.2.3/32", "10.1.2.3/32" },
        { "10.1.2.3/0", "0.0.0.0/0" },
        { "10.1.2.3/33", NULL },
        { "10.1.2.3", NULL },
        { "10.1.2.3/", NULL },
        { "10.1.2.3/+8", NULL },
        { "10.1.2.3/8/8", NULL },
        { "2001:db8::ff/64", "2001:db8::/64" },
        { "2001:db8::ff/129", NULL },
        { "2001:db8::ff/127", "2001:db8::fe/127" },
        { "::ffff:10.1.2.3/104", "10.0.0.0/8" },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    struct ip_net net, masked;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool is_net = ip_parse_net(str_of(rows[i].text), false, &net);
        assert_int_equal(is_net, rows[i].masked != NULL);
        if (is_net) {
            masked = ip_net_masked(&net);
            assert_true(str_is(ip_net_text(&masked, arena), rows[i].masked));
        }
    }
    assert_true(ip_parse_net(STR("10.0.0.0/08"), true, &net));
    assert_false(ip_parse_net(STR("10.0.0.0/08"), false, &net));
}

static void
test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_in_ten, is_none, is_loop, is_link, is_multicast;
    } rows[] = {
        { "10.200.0.1", true, false, false, false, false },
        { "0.0.0.0", false, true, false, false, false },
        { "::", false, true, false, false, false },
        { "127.1.2.3", false, false, true, false, false },
        { "::1", false, false, true, false, false },
        { "169.254.1.1", false, false, false, true, false },
        { "fe80::1", false, false, false, true, false },
        { "224.0.0.7", false, false, false, false, true },
        { "ff02::1", false, false, false, false, true },
        { "a00::1", false, false, false, false, false },
    };
    struct ip_net ten;
    assert_true(ip_parse_net(STR("10.0.0.0/8"), false, &ten));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip ip;
        assert_true(ip_parse(str_of(rows[i].text), false, &ip));
        assert_int_equal(ip_net_has(&ten, &ip), rows[i].is_in_ten);
        assert_int_equal(ip_is_unspecified(&ip), rows[i].is_none);
        assert_int_equal(ip_is_loopback(&ip), rows[i].is_loop);
        assert_int_equal(ip_is_link_local(&ip), rows[i].is_link);
        assert_int_equal(ip_is_link_local_multicast(&ip), rows[i].is_multicast);
        assert_int_equal(ip_is_multicast(&ip), rows[i].is_multicast);
        assert_true(ip_eq(&ip, &ip));
    }
}

static void
test_numbers(void **state)
{
    static const struct {
        const char *net;
        uint32_t n;
        const char *wanted; /* NULL: the block is smaller */
    } cases[] = {
        { "10.43.0.0/16", 10, "10.43.0.10" },       { "10.43.7.9/16", 256, "10.43.1.0" },
        { "10.43.0.0/16", 65535, "10.43.255.255" }, { "10.43.0.0/16", 65536, NULL },
        { "192.0.2.8/30", 3, "192.0.2.11" },        { "192.0.2.8/30", 10, NULL },
        { "255.255.255.0/24", 256, NULL },          { "fd00::/64", 65536, "fd00::1:0" },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ip_net net;
        struct ip ip;
        assert_true(ip_parse_net(str_of(cases[i].net), false, &net));
        assert_int_equal(ip_net_at(&net, cases[i].n, &ip), cases[i].wanted != NULL);
        if (cases[i].wanted != NULL) {
            assert_true(str_is(ip_text(&ip, arena), cases[i].wanted));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
