/* base/worker: messages in both directions, waiting on our clock, cancel, the limit. */
#include "config.h" /* IWYU pragma: keep */

#include "base/worker.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/lib/unit.h"

enum { WAIT_MS = 10000, HOUR_MS = 3600000 };

static struct loop *loop;
static struct str_builder heard;

struct session {
    struct worker *worker;
    int fd;
    atomic_bool waits;
    int dones;
    enum err_code code;
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
    str_done(&heard);
    clock_run();
    return 0;
}

static void
hear(void *message)
{
    assert_true(loop_is_here(loop));
    str_putz(&heard, message);
    mem_free(message);
}

static void
done(void *ctx, struct err *owned)
{
    AUTO_ERR struct err *err = owned;
    struct session *session = ctx;

    assert_true(loop_is_here(loop));
    session->dones++;
    session->code = err == NULL ? ERR_NONE : err->code;
    str_putz(&heard, "!");
}

static void
turn_until_done(const struct session *session)
{
    for (int i = 0; i < 1000 && session->dones == 0; i++) {
        (void)loop_turn(loop, WAIT_MS);
    }
    assert_int_equal(session->dones, 1);
}

static void
check_heard(const char *expected)
{
    assert_true(str_is(str_view(&heard), expected));
}

/* Answers each message with "<message>" until "quit" or nothing comes for an hour. */
static void
echo(struct worker *worker, void *ctx, struct err **err)
{
    struct session *session = ctx;

    assert_false(loop_is_here(loop));
    for (;;) {
        atomic_store(&session->waits, true);
        AUTO_FREE char *message = worker_receive(worker, HOUR_MS);

        if (message == NULL) {
            if (!worker_is_cancelled(worker)) {
                (void)err_set(err, ERR_TIMEOUT, "nothing to do");
            }
            return;
        }
        if (str_is(STR("quit"), message)) {
            return;
        }
        worker_post(worker, hear, mem_printf("<%s>", message));
    }
}

static const struct worker_spec echo_spec = { .body = echo, .done = done, .drop = mem_free };

static void
start(struct session *session, const struct worker_spec *spec)
{
    AUTO_ERR struct err *err = NULL;

    session->worker = worker_start(loop, spec, session, &err);
    assert_non_null(session->worker);
}

static void
test_messages(void **state)
{
    (void)state;
    struct session session = { 0 };

    start(&session, &echo_spec);
    worker_send(session.worker, mem_strdup("a"));
    worker_send(session.worker, mem_strdup("b"));
    worker_send(session.worker, mem_strdup("quit"));
    worker_send(session.worker, mem_strdup("never received"));
    turn_until_done(&session);
    assert_int_equal(session.code, ERR_NONE);
    check_heard("<a><b>!");
}

static void
test_receive_waits_on_our_clock(void **state)
{
    (void)state;
    struct session session = { 0 };

    clock_stop(0);
    start(&session, &echo_spec);
    while (!atomic_load(&session.waits)) {
        (void)loop_turn(loop, 1);
    }
    clock_warp(HOUR_MS - 1);
    assert_false(loop_turn(loop, 20) && session.dones > 0);
    clock_warp(1);
    while (session.dones == 0) {
        (void)loop_turn(loop, 50);
        clock_warp(HOUR_MS); /* it may have begun to wait only after the first jump */
    }
    assert_int_equal(session.code, ERR_TIMEOUT);
}

static void
receive_briefly(struct worker *worker, void *ctx, struct err **err)
{
    int64_t start_us = clock_mono_us();

    (void)ctx;
    (void)err;
    assert_null(worker_receive(worker, 0));
    assert_null(worker_receive(worker, 5));
    assert_true(clock_mono_us() - start_us >= 4000);
}

static void
test_receive_waits_on_the_real_clock(void **state)
{
    (void)state;
    static const struct worker_spec spec = { .body = receive_briefly, .done = done };
    struct session session = { 0 };

    start(&session, &spec);
    turn_until_done(&session);
    assert_int_equal(session.code, ERR_NONE);
}

static void
test_cancel_ends_a_wait(void **state)
{
    (void)state;
    struct session session = { 0 };

    start(&session, &echo_spec);
    worker_cancel(session.worker);
    worker_send(session.worker, mem_strdup("too late"));
    turn_until_done(&session);
    assert_int_equal(session.code, ERR_CANCELLED);
    check_heard("!");
}

static void
read_from_peer(struct worker *worker, void *ctx, struct err **err)
{
    struct session *session = ctx;
    char byte = 0;

    worker_own_fd(worker, session->fd);
    atomic_store(&session->waits, true);
    ssize_t size = read(session->fd, &byte, 1); /* nobody writes: only the cancel ends it */

    worker_disown_fd(worker, session->fd);
    if (size != 0) {
        (void)err_set(err, ERR_INTERNAL, "read %zd bytes", size);
    }
}

static void
test_cancel_ends_a_call_on_a_socket(void **state)
{
    (void)state;
    static const struct worker_spec spec = { .body = read_from_peer, .done = done };

    for (int early = 0; early < 2; early++) {
        struct session session = { 0 };
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        session.fd = fds[0];
        start(&session, &spec);
        while (early == 0 && !atomic_load(&session.waits)) {
            (void)loop_turn(loop, 1);
        }
        worker_cancel(session.worker);
        turn_until_done(&session);
        assert_int_equal(session.code, ERR_CANCELLED);
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
}

static void
test_limit(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    struct session sessions[WORKER_MAX] = { 0 };
    struct session extra = { 0 };

    for (size_t i = 0; i < WORKER_MAX; i++) {
        start(&sessions[i], &echo_spec);
    }
    assert_null(worker_start(loop, &echo_spec, &extra, &err));
    assert_int_equal(err->code, ERR_TOO_MANY);
    for (size_t i = 0; i < WORKER_MAX; i++) {
        worker_cancel(sessions[i].worker);
    }
    for (size_t i = 0; i < WORKER_MAX; i++) {
        turn_until_done(&sessions[i]);
    }
    assert_int_equal(extra.dones, 0);
    start(&extra, &echo_spec);
    worker_cancel(extra.worker);
    turn_until_done(&extra);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages, begin, end),
        cmocka_unit_test_setup_teardown(test_receive_waits_on_our_clock, begin, end),
        cmocka_unit_test_setup_teardown(test_receive_waits_on_the_real_clock, begin, end),
        cmocka_unit_test_setup_teardown(test_cancel_ends_a_wait, begin, end),
        cmocka_unit_test_setup_teardown(test_cancel_ends_a_call_on_a_socket, begin, end),
        cmocka_unit_test_setup_teardown(test_limit, begin, end),
    };

    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
