/* `binnacle node add TARGET`: what the word means, and the Machine that is made of it. */
#include "config.h" /* IWYU pragma: keep */

#include "client/machine_target.h"

#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

static void
test_parse(void **state)
{
    static const struct {
        const char *text, *name, *user, *host;
        int port;
    } cases[] = {
        { "n2", "n2", "", "n2", 0 },
        { "ops@n2", "n2", "ops", "n2", 0 },
        { "ops@N2.Example:2222", "n2.example-2222", "ops", "N2.Example", 2222 },
        { "10.0.0.7:22", "10.0.0.7-22", "", "10.0.0.7", 22 },
        { "fe80::1", "fe80--1", "", "fe80::1", 0 },
        { "root@[fe80::1]:2222", "fe80--1-2222", "root", "fe80::1", 2222 },
        { "[::1]", "x--1", "", "::1", 0 },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ERR struct err *err = NULL;
        struct machine_target target;
        assert_int_equal(machine_target_parse(cases[i].text, arena, &target, &err), 0);
        assert_true(str_is(target.name, cases[i].name));
        assert_true(str_is(target.user, cases[i].user));
        assert_true(str_is(target.host, cases[i].host));
        assert_int_equal(target.port, cases[i].port);
        assert_false(target.is_local);
    }
}

static void
test_refused(void **state)
{
    static const char *const bad[] = { "",     "ops@",    "n2:", "n2:x", "n2:0",     "n2:65536",
                                       "[::1", "[::1]22", "a b", "n2/x", "a\033[2J", "ops@n2:-1" };
    AUTO_ARENA struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERR struct err *err = NULL;
        struct machine_target target;
        assert_int_equal(machine_target_parse(bad[i], arena, &target, &err), -1);
        assert_non_null(err);
    }
}

static void
test_machine(void **state)
{
    AUTO_ERR struct err *err = NULL;
    AUTO_ARENA struct arena *arena = arena_new();
    struct machine_target target;
    struct machine_target_extra none = { "", "", "", false },
                                all = { "/k", "SHA256:x", "worker", true };
    (void)state;
    assert_int_equal(machine_target_parse("local", arena, &target, &err), 0);
    assert_true(target.is_local);
    assert_true(str_is(machine_target_machine(&target, &none, arena),
                       "{\"apiVersion\":\"binnacle.io/v1\",\"kind\":\"Machine\",\"metadata\":"
                       "{\"name\":\"local\"},\"spec\":{\"transport\":\"local\"}}"));
    assert_int_equal(machine_target_parse("ops@n2:2222", arena, &target, &err), 0);
    assert_true(str_is(machine_target_machine(&target, &all, arena),
                       "{\"apiVersion\":\"binnacle.io/v1\",\"kind\":\"Machine\",\"metadata\":"
                       "{\"name\":\"n2-2222\"},\"spec\":{\"transport\":\"ssh\",\"address\":\"n2\","
                       "\"user\":\"ops\",\"keyRef\":\"/k\",\"hostKey\":\"SHA256:x\",\"port\":2222,"
                       "\"nodeName\":\"worker\",\"keep\":true}}"));
    assert_true(str_is(machine_target_again(&target, &none, 3, arena),
                       "{\"spec\":{\"transport\":\"ssh\",\"address\":\"n2\",\"user\":\"ops\","
                       "\"port\":2222,\"tries\":3}}"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
