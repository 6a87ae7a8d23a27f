/* client/workq: each key once, again when added in work, delays and backoff on the virtual clock. */
#include "config.h" /* IWYU pragma: keep */

#include "client/workq.h"

#include "base/clock.h"
#include "base/loop.h"
#include "tests/lib/unit.h"

/* Runs are written down as "key@rev "; with do_finish they finish inside fn. */
struct probe {
    struct loop *loop;
    struct workq *workq;
    struct str_builder runs;
    bool do_finish;
    int working, most;
};

static void
probe_run(void *ctx, struct str key, uint64_t cause_rev)
{
    struct probe *probe = ctx;

    str_putf(&probe->runs, STR_FMT "@%llu ", STR_ARG(key), (unsigned long long)cause_rev);
    probe->working++;
    probe->most = probe->working > probe->most ? probe->working : probe->most;
    if (probe->do_finish) {
        probe->working--;
        workq_finish(probe->workq, key);
    }
}

static void
probe_open(struct probe *probe, int parallel)
{
    clock_stop(1700000000000);
    *probe = (struct probe){ .do_finish = true, .loop = loop_new() };
    probe->workq = workq_new(probe->loop, "probe", parallel, probe_run, probe);
}

static void
probe_close(struct probe *probe)
{
    workq_free(probe->workq);
    loop_free(probe->loop);
    str_done(&probe->runs);
    clock_run();
}

/* Lets everything run that is due now, then compares and forgets what ran. */
static void
probe_expect(struct probe *probe, const char *runs)
{
    while (loop_turn(probe->loop, 0)) {
    }
    str_putc(&probe->runs, '\0');
    assert_string_equal(probe->runs.at, runs);
    probe->runs.size = 0;
}

static void
test_each_key_once_in_order(void **state)
{
    (void)state;
    struct probe probe;

    probe_open(&probe, 8);
    workq_add(probe.workq, STR("b"), 3);
    workq_add(probe.workq, STR("a"), 4);
    workq_add(probe.workq, STR("b"), 9);
    workq_add(probe.workq, STR("b"), 5);
    assert_int_equal(workq_len(probe.workq), 2);
    assert_int_equal(probe.runs.size, 0); /* never inside add */
    probe_expect(&probe, "b@9 a@4 ");
    assert_int_equal(workq_len(probe.workq), 0);
    probe_expect(&probe, "");
    probe_close(&probe);
}

static void
test_added_in_work_runs_again(void **state)
{
    (void)state;
    struct probe probe;

    probe_open(&probe, 8);
    probe.do_finish = false;
    workq_add(probe.workq, STR("a"), 1);
    probe_expect(&probe, "a@1 ");
    workq_add(probe.workq, STR("a"), 2);
    workq_add(probe.workq, STR("a"), 3);
    probe_expect(&probe, ""); /* one at a time per key */
    workq_finish(probe.workq, STR("a"));
    probe_expect(&probe, "a@3 ");
    workq_finish(probe.workq, STR("a"));
    probe_expect(&probe, "");
    assert_int_equal(workq_len(probe.workq), 0);
    probe_close(&probe);
}

static void
test_at_most_parallel(void **state)
{
    (void)state;
    struct probe probe;
    char key[2] = { 0 };

    probe_open(&probe, 3);
    probe.do_finish = false;
    for (key[0] = 'a'; key[0] <= 'e'; key[0]++) {
        workq_add(probe.workq, str_of(key), 1);
    }
    probe_expect(&probe, "a@1 b@1 c@1 ");
    workq_finish(probe.workq, STR("b"));
    probe_expect(&probe, "d@1 ");
    workq_finish(probe.workq, STR("a"));
    workq_finish(probe.workq, STR("c"));
    probe_expect(&probe, "e@1 ");
    probe_close(&probe);
}

static void
test_held_runs_nothing(void **state)
{
    (void)state;
    struct probe probe;

    probe_open(&probe, 8);
    workq_hold(probe.workq, true);
    workq_add(probe.workq, STR("a"), 1);
    probe_expect(&probe, "");
    workq_hold(probe.workq, false);
    probe_expect(&probe, "a@1 ");
    probe_close(&probe);
}

static void
test_delays(void **state)
{
    (void)state;
    struct probe probe;
    int64_t now_ms;

    probe_open(&probe, 8);
    now_ms = clock_mono_ms();
    workq_add_at(probe.workq, STR("a"), now_ms + 2000);
    workq_add_at(probe.workq, STR("b"), now_ms + 500);
    workq_add_at(probe.workq, STR("a"), now_ms + 1000); /* the earliest wins */
    workq_add_at(probe.workq, STR("a"), now_ms + 3000);
    assert_int_equal(workq_len(probe.workq), 0);
    probe_expect(&probe, "");
    clock_warp(499);
    probe_expect(&probe, "");
    clock_warp(1);
    probe_expect(&probe, "b@0 ");
    clock_warp(500);
    probe_expect(&probe, "a@0 ");
    clock_warp(10000);
    probe_expect(&probe, "");
    /* A run that comes earlier for another reason drops the delay. */
    workq_add_at(probe.workq, STR("a"), clock_mono_ms() + 1000);
    workq_add(probe.workq, STR("a"), 7);
    probe_expect(&probe, "a@7 ");
    clock_warp(5000);
    probe_expect(&probe, "");
    probe_close(&probe);
}

static void
test_backoff_doubles_until_forgotten(void **state)
{
    (void)state;
    struct probe probe;
    int64_t delay_ms = 5;

    probe_open(&probe, 8);
    for (int i = 0; i < 22; i++) {
        workq_retry(probe.workq, STR("a"));
        clock_warp(delay_ms - 1);
        probe_expect(&probe, "");
        clock_warp(1);
        probe_expect(&probe, "a@0 ");
        delay_ms = delay_ms * 2 < 1000000 ? delay_ms * 2 : 1000000;
    }
    workq_forget(probe.workq, STR("a"));
    workq_forget(probe.workq, STR("never seen"));
    workq_retry(probe.workq, STR("a"));
    clock_warp(5);
    probe_expect(&probe, "a@0 ");
    probe_close(&probe);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key_once_in_order),
        cmocka_unit_test(test_added_in_work_runs_again),
        cmocka_unit_test(test_at_most_parallel),
        cmocka_unit_test(test_held_runs_nothing),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_backoff_doubles_until_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
