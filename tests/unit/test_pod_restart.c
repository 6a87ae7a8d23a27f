/* Restart policies and rules, and the wait of a crash loop. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/pod_restart.h"
#include "agent/runtime.h"
#include "base/arena.h"
#include "base/err.h"

static void
test_policies(void **state)
{
    static const struct {
        const char *pod, *container;
        int32_t exit_code;
        bool wants;
    } rows[] = {
        { "Always", NULL, 0, true },
        { "OnFailure", NULL, 0, false },
        { "OnFailure", NULL, 1, true },
        { "Never", NULL, 1, false },
        { "Never", "\"restartPolicy\":\"Always\"", 0, true },
        { "Always", "\"restartPolicy\":\"Never\"", 1, false },
        { "Never",
          "\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\","
          "\"exitCodes\":{\"operator\":\"In\",\"values\":[42]}}]",
          42, true },
        { "Never",
          "\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\","
          "\"exitCodes\":{\"operator\":\"In\",\"values\":[42]}}]",
          43, false },
        { "Never",
          "\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\","
          "\"exitCodes\":{\"operator\":\"NotIn\",\"values\":[0]}}]",
          1, true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct err *err = NULL;
        struct str spec = arena_printf(arena, "{\"restartPolicy\":\"%s\"}", rows[i].pod);
        struct str container =
            arena_printf(arena, "{%s}", rows[i].container != NULL ? rows[i].container : "");

        assert_int_equal(pod_restart_wants(doc_root(doc_parse(arena, spec, &err)),
                                           doc_root(doc_parse(arena, container, &err)),
                                           rows[i].exit_code),
                         rows[i].wants);
        assert_null(err);
    }
}

static void
test_wait_doubles_up_to_five_minutes(void **state)
{
    static const int64_t wanted_s[] = { 10, 20, 40, 80, 160, 300, 300 };
    struct runtime_container dead = { .hash = STR("h"), .finished_ms = 1000 };

    (void)state;
    assert_int_equal(pod_restart_at(&dead, STR("h")), 0); /* the first restart is immediate */
    for (size_t i = 0; i < ARRAY_LEN(wanted_s); i++) {
        dead.backoff_ms = pod_restart_next_backoff(&dead, STR("h"));
        assert_int_equal(dead.backoff_ms, wanted_s[i] * 1000);
        assert_int_equal(pod_restart_at(&dead, STR("h")), 1000 + dead.backoff_ms);
    }
}

static void
test_wait_is_forgotten(void **state)
{
    struct runtime_container dead = {
        .hash = STR("h"), .backoff_ms = 80000, .created_ms = 1000, .finished_ms = 601001
    };

    (void)state;
    assert_int_equal(pod_restart_at(&dead, STR("h")), 0);
    assert_int_equal(pod_restart_next_backoff(&dead, STR("h")), POD_RESTART_FIRST_MS);
    dead.finished_ms = 601000; /* exactly ten minutes are not more than ten minutes */
    assert_int_equal(pod_restart_at(&dead, STR("h")), 681000);
    assert_int_equal(pod_restart_at(&dead, STR("other image")), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_wait_doubles_up_to_five_minutes),
        cmocka_unit_test(test_wait_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
