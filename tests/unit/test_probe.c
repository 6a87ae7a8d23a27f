/* Probes: when they run, thresholds, what a failure holds back. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/probe.h"
#include "base/arena.h"
#include "base/err.h"

static struct probe
probe_of(enum probe_kind kind, const char *json)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    struct str text = arena_printf(arena, "{\"%s\":%s}", probe_kind_member(kind), json);
    struct probe_spec spec;
    struct probe probe;

    assert_true(probe_spec_read(doc_root(doc_parse(arena, text, &err)), kind, &spec));
    probe_begin(&probe, &spec);
    return probe;
}

static void
test_defaults(void **state)
{
    struct probe probe = probe_of(PROBE_READINESS, "{}");
    struct probe_spec spec;

    (void)state;
    assert_int_equal(probe.spec.delay_ms, 0);
    assert_int_equal(probe.spec.period_ms, 10000);
    assert_int_equal(probe.spec.timeout_ms, 1000);
    assert_int_equal(probe.spec.success_threshold, 1);
    assert_int_equal(probe.spec.failure_threshold, 3);
    assert_int_equal(probe.verdict, POD_VERDICT_FAILURE);
    assert_int_equal(probe_of(PROBE_LIVENESS, "{}").verdict, POD_VERDICT_SUCCESS);
    assert_int_equal(probe_of(PROBE_STARTUP, "{}").verdict, POD_VERDICT_NONE);
    assert_false(probe_spec_read((struct val){ 0 }, PROBE_LIVENESS, &spec));
}

static void
test_when(void **state)
{
    static const struct {
        enum probe_kind kind;
        bool is_running, is_started, is_ending;
        int64_t due;
    } rows[] = {
        { PROBE_READINESS, true, true, false, 106000 },
        { PROBE_READINESS, true, false, false, INT64_MAX }, /* the startup probe comes first */
        { PROBE_READINESS, false, true, false, INT64_MAX },
        { PROBE_READINESS, true, true, true, 106000 }, /* goes on during the end */
        { PROBE_LIVENESS, true, true, true, INT64_MAX },
        { PROBE_LIVENESS, true, true, false, 106000 },
        { PROBE_STARTUP, true, false, false, 106000 },
        { PROBE_STARTUP, true, true, false, INT64_MAX }, /* it has passed */
        { PROBE_STARTUP, true, false, true, INT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct probe probe = probe_of(rows[i].kind, "{\"initialDelaySeconds\":6}");
        struct probe_look look = { .is_running = rows[i].is_running,
                                   .is_started = rows[i].is_started,
                                   .is_ending = rows[i].is_ending,
                                   .started_ms = 100000 };

        assert_int_equal(probe_due(&probe, &look), rows[i].due);
    }
}

static void
test_thresholds(void **state)
{
    struct probe probe =
        probe_of(PROBE_READINESS, "{\"successThreshold\":2,\"failureThreshold\":2}");
    struct probe_look look = { .is_running = true, .is_started = true };

    (void)state;
    assert_false(probe_take(&probe, PROBE_OK, 1000));
    assert_int_equal(probe_due(&probe, &look), 11000);
    assert_false(probe_take(&probe, PROBE_FAILED, 2000)); /* the row is broken */
    assert_false(probe_take(&probe, PROBE_OK, 3000));
    assert_true(probe_take(&probe, PROBE_OK, 4000));
    assert_int_equal(probe.verdict, POD_VERDICT_SUCCESS);
    assert_false(probe_take(&probe, PROBE_FAILED, 5000));
    assert_false(probe_take(&probe, PROBE_ERROR, 6000)); /* says nothing */
    assert_int_equal(probe.verdict, POD_VERDICT_SUCCESS);
    assert_true(probe_take(&probe, PROBE_FAILED, 7000));
    assert_int_equal(probe.verdict, POD_VERDICT_FAILURE);
    assert_int_equal(probe_due(&probe, &look), 17000); /* readiness goes on */
}

static void
test_a_failed_liveness_probe_waits_for_the_next_container(void **state)
{
    struct probe probe = probe_of(PROBE_LIVENESS, "{\"failureThreshold\":1}");
    struct probe_look look = { .is_running = true, .is_started = true, .started_ms = 5 };

    (void)state;
    assert_true(probe_take(&probe, PROBE_FAILED, 1000));
    assert_int_equal(probe_due(&probe, &look), INT64_MAX);
    probe_begin(&probe, &(struct probe_spec){ .kind = PROBE_LIVENESS });
    assert_int_equal(probe_due(&probe, &look), 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_a_failed_liveness_probe_waits_for_the_next_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
