/* base/fault: kinds, counting of hits, refusals.  Compiled in here, because release builds have an
 * empty fault.o. */
#include "config.h" /* IWYU pragma: keep */

#ifndef BINNACLE_FAULTS
#define BINNACLE_FAULTS 1
#endif
#include "base/fault.c"

#include <sys/wait.h>

#include "base/clock.h"
#include "tests/lib/unit.h"

static int
disarm(void **state)
{
    AUTO_ERR struct err *err = NULL;

    (void)state;
    return fault_arm("store.open,store.commit.after_fsync", &err);
}

static void
arm(const char *text)
{
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(fault_arm(text, &err), 0);
}

static void
check_hit(const char *name, int rc)
{
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(FAULT(name, &err), rc);
    assert_int_equal(err != NULL, rc != 0);
}

static void
test_error(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;

    check_hit("store.open", 0);
    arm("store.open=error");
    assert_int_equal(FAULT("store.open", &err), -1);
    assert_string_equal(err->message, "fault 'store.open'");
    check_hit("store.open", -1);
    check_hit("store.commit.after_fsync", 0);
    arm("store.open");
    check_hit("store.open", 0);
}

static void
test_only_the_third_hit(void **state)
{
    (void)state;
    arm("store.open=error@3,store.commit.after_fsync=error@1");
    check_hit("store.open", 0);
    check_hit("store.open", 0);
    check_hit("store.open", -1);
    check_hit("store.open", 0);
    check_hit("store.commit.after_fsync", -1);
    check_hit("store.commit.after_fsync", 0);
}

static void
test_delay(void **state)
{
    (void)state;
    int64_t start_us = clock_mono_us();

    arm("store.open=delay:20");
    check_hit("store.open", 0);
    assert_true(clock_mono_us() - start_us >= 20000);
}

static void
test_kill(void **state)
{
    (void)state;
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct err *err = NULL;

        (void)fault_arm("store.open=kill", &err);
        (void)FAULT("store.open", &err);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "store.opne=error",   "store.open=",        "store.open=explode",
        "store.open=delay",   "store.open=delay:x", "store.open=kill:5",
        "store.open=error@0", "store.open=error@x", "=error",
        ",store.open=error",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ERR struct err *err = NULL;

        assert_int_equal(fault_arm(rows[i], &err), -1);
        assert_int_equal(err->code, ERR_BAD_REQUEST);
    }
    check_hit("store.open", 0);
    check_hit("no.such.point", -1);
}

static void
test_environment(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(unsetenv("BINNACLE_FAULTS"), 0);
    assert_int_equal(fault_arm_environment(&err), 0);
    check_hit("store.open", 0);
    assert_int_equal(setenv("BINNACLE_FAULTS", "store.open=error", 1), 0);
    assert_int_equal(fault_arm_environment(&err), 0);
    check_hit("store.open", -1);
    assert_int_equal(setenv("BINNACLE_FAULTS", "no.such.point=error", 1), 0);
    assert_int_equal(fault_arm_environment(&err), -1);
    assert_string_equal(err->message, "no fault point 'no.such.point'");
    assert_int_equal(unsetenv("BINNACLE_FAULTS"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_error, disarm),
        cmocka_unit_test_teardown(test_environment, disarm),
        cmocka_unit_test_teardown(test_only_the_third_hit, disarm),
        cmocka_unit_test_teardown(test_delay, disarm),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
