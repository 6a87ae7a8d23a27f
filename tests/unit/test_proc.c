/* base/proc: input, output, status, bounds, line mode, deadline, the whole group, failure to start. */
#include "config.h" /* IWYU pragma: keep */

#include "base/proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

enum { WAIT_MS = 10000 };

static struct loop *loop;

struct run {
    int dones;
    int status;
    bool timed_out;
    enum err_code code;
    struct str_builder out, err, lines;
    char *message;
    struct proc *kill; /* by the first line, with SIGTERM */
    int lines_len;
};

static int
begin(void **state)
{
    (void)state;
    loop = loop_new();
    return 0;
}

static int
end(void **state)
{
    (void)state;
    loop_free(loop);
    clock_run();
    return 0;
}

static void
done(void *ctx, const struct proc_result *result, struct err *owned)
{
    AUTO_ERR struct err *err = owned;
    struct run *run = ctx;

    run->dones++;
    run->status = result->status;
    run->timed_out = result->timed_out;
    run->code = err == NULL ? ERR_NONE : err->code;
    run->message = err == NULL ? NULL : mem_strdup(err->message);
    str_put(&run->out, result->out);
    str_put(&run->err, result->err);
}

static void
take_line(void *ctx, bool is_stderr, struct str line)
{
    struct run *run = ctx;

    run->lines_len++;
    if (line.size < 100) {
        str_putf(&run->lines, "%c" STR_FMT "|", is_stderr ? 'e' : 'o', STR_ARG(line));
    } else {
        str_putf(&run->lines, "%c%zu|", is_stderr ? 'e' : 'o', line.size);
    }
    if (run->kill != NULL) {
        proc_kill(run->kill, SIGTERM);
    }
}

static void
run_done(struct run *run)
{
    str_done(&run->out);
    str_done(&run->err);
    str_done(&run->lines);
    mem_free(run->message);
}

static void
turn_until_done(const struct run *run)
{
    for (int i = 0; i < 100000 && run->dones == 0; i++) {
        (void)loop_turn(loop, WAIT_MS);
    }
    assert_int_equal(run->dones, 1);
}

#define SHELL(script) ((const char *const[]){ "sh", "-c", (script), NULL })

static void
test_feed_and_capture(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = {
        .argv = SHELL("cat; echo \"$LANG ${USER-unset}\" >&2; exit 3"),
        .input = STR("hello"),
    };
    struct proc *proc = proc_start(loop, &spec, done, &run);

    assert_true(proc_pid(proc) > 0);
    assert_int_equal(getpgid(proc_pid(proc)), proc_pid(proc));
    assert_int_equal(run.dones, 0);
    turn_until_done(&run);
    assert_int_equal(run.status, 3);
    assert_int_equal(run.code, ERR_NONE);
    assert_false(run.timed_out);
    assert_true(str_is(str_view(&run.out), "hello"));
    assert_true(str_is(str_view(&run.err), "C.UTF-8 unset\n"));
}

static void
test_environment_and_input_that_is_not_read(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    AUTO_FREE char *input = mem_new(1024 * 1024);
    const char *const env[] = { "PATH=/usr/bin:/bin", "NAME=x y", NULL };
    struct proc_spec spec = {
        .argv = SHELL("echo \"$NAME\""),
        .env = env,
        .input = { input, 1024 * 1024 },
    };

    (void)proc_start(loop, &spec, done, &run);
    turn_until_done(&run);
    assert_int_equal(run.status, 0);
    assert_true(str_is(str_view(&run.out), "x y\n"));
}

static void
test_output_is_bounded(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = {
        .argv = SHELL("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2"),
        .output_max = 1000,
    };

    (void)proc_start(loop, &spec, done, &run);
    turn_until_done(&run);
    assert_int_equal(run.status, 0); /* it was read to its end */
    assert_int_equal(str_view(&run.out).size, 1000);
    assert_true(str_is(str_view(&run.err), "end\n"));
}

static void
test_lines(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = {
        .argv =
            SHELL("echo a; echo; printf b; head -c 65537 /dev/zero | tr '\\0' x; printf '\\nlast'"),
        .line = take_line,
    };

    (void)proc_start(loop, &spec, done, &run);
    turn_until_done(&run);
    assert_true(str_is(str_view(&run.lines), "oa|o|o65536|oxx|olast|"));
    assert_int_equal(str_view(&run.out).size, 0);
}

static void
test_cannot_be_started(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = { .argv = (const char *const[]){ "no-such-program", NULL } };
    struct proc *proc = proc_start(loop, &spec, done, &run);

    proc_kill(proc, SIGKILL); /* nothing there: nothing happens, least of all to our own group */
    assert_int_equal(run.dones, 0);
    turn_until_done(&run);
    assert_int_equal(run.code, ERR_IO);
    assert_string_equal(run.message, "start 'no-such-program': No such file or directory");
}

/* line is "oPID|". */
static void
check_ends(struct str line)
{
    int64_t pid = 0;

    assert_true(str_has_prefix(line, STR("o")) && str_has_suffix(line, STR("|")));
    assert_true(str_to_int(str_slice(line.at + 1, line.size - 2), &pid) && pid > 1);
    AUTO_FD int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    struct pollfd ended = { .fd = fd, .events = POLLIN };

    if (fd < 0) {
        assert_int_equal(errno, ESRCH); /* ended and reaped by whoever adopts orphans here */
    } else {
        assert_int_equal(poll(&ended, 1, WAIT_MS), 1);
    }
}

static void
test_deadline_ends_the_whole_group(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = {
        .argv = SHELL("trap '' TERM; sleep 1000 & echo $!; wait; wait; sleep 1000"),
        .timeout_ms = 60000,
        .line = take_line,
    };

    clock_stop(0);
    (void)proc_start(loop, &spec, done, &run);
    while (run.lines_len == 0) {
        (void)loop_turn(loop, WAIT_MS);
    }
    clock_warp(60000); /* SIGTERM, which it and its child ignore */
    while (loop_turn(loop, 0)) {
    }
    assert_int_equal(run.dones, 0);
    clock_warp(2000);
    turn_until_done(&run);
    assert_true(run.timed_out);
    assert_int_equal(run.status, 128 + SIGKILL);
    check_ends(str_view(&run.lines));
}

static void
test_kill(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = { .argv = SHELL("echo up; sleep 1000; echo no"), .line = take_line };

    run.kill = proc_start(loop, &spec, done, &run);
    turn_until_done(&run);
    assert_int_equal(run.status, 128 + SIGTERM);
    assert_false(run.timed_out);
    assert_true(str_is(str_view(&run.lines), "oup|"));
}

/* In front of the person: our group, our environment, our input and output. */
static void
test_foreground(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = { .argv =
                                  SHELL("[ \"$TEST_FOREGROUND\" = yes ] && kill -STOP $$; exit 4"),
                              .is_foreground = true };

    assert_int_equal(setenv("TEST_FOREGROUND", "yes", 1), 0);
    struct proc *proc = proc_start(loop, &spec, done, &run);

    assert_int_equal(getpgid(proc_pid(proc)), getpgrp());
    proc_kill(proc, SIGCONT); /* it alone: we go on, too */
    while (run.dones == 0) {
        proc_kill(proc, SIGCONT);
        (void)loop_turn(loop, 10);
    }
    assert_int_equal(run.status, 4);

    AUTO(run_done) struct run none = { 0 };
    struct proc_spec wrong = { .argv = (const char *const[]){ "/no/such", NULL },
                               .is_foreground = true };

    (void)proc_start(loop, &wrong, done, &none);
    turn_until_done(&none);
    assert_string_equal(none.message, "start '/no/such': No such file or directory");
}

static void
test_daemon_left_behind_does_not_hold_us(void **state)
{
    (void)state;
    AUTO(run_done) struct run run = { 0 };
    struct proc_spec spec = { .argv = SHELL("sleep 1000 & echo $!") };

    clock_stop(0);
    (void)proc_start(loop, &spec, done, &run);
    for (int i = 0; i < 100000 && run.dones == 0; i++) {
        (void)loop_turn(loop, 5);
        clock_warp(100);
    }
    assert_int_equal(run.dones, 1);
    assert_int_equal(run.status, 0);
    int64_t pid = 0;

    assert_true(str_to_int(str_trim(str_view(&run.out)), &pid) && pid > 1);
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0); /* it was left alone */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_feed_and_capture, begin, end),
        cmocka_unit_test_setup_teardown(test_environment_and_input_that_is_not_read, begin, end),
        cmocka_unit_test_setup_teardown(test_output_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(test_lines, begin, end),
        cmocka_unit_test_setup_teardown(test_cannot_be_started, begin, end),
        cmocka_unit_test_setup_teardown(test_deadline_ends_the_whole_group, begin, end),
        cmocka_unit_test_setup_teardown(test_kill, begin, end),
        cmocka_unit_test_setup_teardown(test_foreground, begin, end),
        cmocka_unit_test_setup_teardown(test_daemon_left_behind_does_not_hold_us, begin, end),
    };

    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
