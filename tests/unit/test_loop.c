/* base/loop: posting across threads, timers on a stopped clock, deferred calls, idle hooks. */
#include "config.h" /* IWYU pragma: keep */

#include "base/loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/lib/unit.h"

enum { POSTERS = 3, POSTS_EACH = 20000, WAIT_MS = 10000 };

static struct loop *loop;
static struct str_builder seen; /* one letter per call */

static int
begin(void **state)
{
    (void)state;
    loop = loop_new();
    str_done(&seen);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    loop_free(loop);
    str_done(&seen);
    clock_run();
    return 0;
}

/* A literal as context: callbacks only read it. */
static void *
text(const char *literal)
{
    return (void *)(uintptr_t)literal;
}

static void
note(void *letter)
{
    str_putz(&seen, letter);
}

static void
turn_all(void)
{
    while (loop_turn(loop, 0)) {
    }
}

static void
check_seen(const char *expected)
{
    AUTO_FREE char *letters = str_dup(str_view(&seen));

    assert_string_equal(letters, expected);
}

static void
post_b_then_note_a(void *ctx)
{
    (void)ctx;
    loop_post(loop, note, text("b"));
    str_putz(&seen, "a");
}

static void
test_posts_keep_their_order(void **state)
{
    (void)state;
    loop_post(loop, post_b_then_note_a, NULL);
    loop_post(loop, note, text("1"));
    check_seen("");
    assert_true(loop_turn(loop, 0));
    turn_all();
    check_seen("a1b");
    assert_false(loop_turn(loop, 0));
    assert_true(loop_is_here(loop));
}

struct poster {
    int id;
    int next; /* the next number that is expected from it */
};
struct poster_call {
    struct poster *poster;
    int number;
};
static int posts_left;

static void
take_post(void *arg)
{
    struct poster_call *call = arg;

    assert_int_equal(call->number, call->poster->next);
    call->poster->next++;
    mem_free(call);
    if (--posts_left == 0) {
        loop_stop(loop);
    }
}

static void *
post_many(void *poster)
{
    for (int i = 0; i < POSTS_EACH; i++) {
        struct poster_call *call = MEM_NEW(struct poster_call);

        *call = (struct poster_call){ poster, i };
        loop_post(loop, take_post, call);
    }
    return loop_is_here(loop) ? poster : NULL;
}

static void
test_posts_from_threads(void **state)
{
    (void)state;
    struct poster posters[POSTERS] = { 0 };
    pthread_t threads[POSTERS];

    posts_left = POSTERS * POSTS_EACH;
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    loop_run(loop);
    assert_int_equal(posts_left, 0);
    for (int i = 0; i < POSTERS; i++) {
        void *was_here = NULL;

        assert_int_equal(pthread_join(threads[i], &was_here), 0);
        assert_null(was_here);
        assert_int_equal(posters[i].next, POSTS_EACH);
    }
}

static void
stop_it_here(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void *
stop_it(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void
test_stop_from_a_thread(void **state)
{
    (void)state;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, stop_it, loop), 0);
    loop_run(loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    loop_stop(loop); /* before the run: it returns at once, and the next one is not hurt */
    loop_run(loop);
    loop_post(loop, stop_it_here, NULL);
    loop_run(loop);
}

static void
test_timers_on_a_stopped_clock(void **state)
{
    (void)state;
    clock_stop(0);
    int64_t now_ms = clock_mono_ms();

    loop_timer(loop, now_ms + 2000, note, text("c"));
    loop_timer(loop, now_ms + 1000, note, text("a"));
    loop_timer(loop, now_ms + 1000, note, text("b"));
    loop_timer(loop, now_ms + 3600000, note, text("d"));
    turn_all();
    check_seen("");
    clock_warp(999);
    turn_all();
    check_seen("");
    clock_warp(1);
    turn_all();
    check_seen("ab");
    clock_warp(3600000);
    turn_all();
    check_seen("abcd");
}

static struct loop_timer *victim;

static void
cancel_victim(void *ctx)
{
    str_putz(&seen, ctx);
    loop_timer_cancel(victim);
}

static void
again_for_the_past(void *ctx)
{
    (void)ctx;
    str_putz(&seen, "p");
    loop_timer(loop, 0, note, text("n"));
    loop_defer(loop, note, text("d"));
}

static void
test_timers_cancelled_and_past(void **state)
{
    (void)state;
    clock_stop(0);
    int64_t now_ms = clock_mono_ms();

    loop_timer_cancel(NULL);
    loop_timer_cancel(loop_timer(loop, now_ms, note, text("x")));
    loop_timer(loop, now_ms, cancel_victim,
               text("c")); /* cancels one that is due in the same round */
    victim = loop_timer(loop, now_ms, note, text("y"));
    turn_all();
    check_seen("c");
    victim = loop_timer(loop, now_ms, cancel_victim, text("s")); /* cancels itself */
    turn_all();
    check_seen("cs");
    loop_timer(loop, now_ms, again_for_the_past, NULL);
    turn_all();
    check_seen("cspdn"); /* deferred: this round, a time past: the next one */
}

static void
test_timers_on_the_real_clock(void **state)
{
    (void)state;
    int64_t start_ms = clock_mono_ms();

    loop_timer(loop, start_ms + 20, stop_it_here, NULL);
    loop_run(loop);
    assert_true(clock_mono_ms() >= start_ms + 20);
}

static void *
warp_an_hour(void *ctx)
{
    (void)ctx;
    clock_warp(3600000);
    return NULL;
}

static void
start_warper(void *thread)
{
    assert_int_equal(pthread_create(thread, NULL, warp_an_hour, NULL), 0);
}

static void
test_warp_wakes_a_sleeping_loop(void **state)
{
    (void)state;
    pthread_t thread;

    for (int stopped = 0; stopped < 2; stopped++) {
        if (stopped == 1) {
            clock_stop(0);
        }
        loop_timer(loop, clock_mono_ms() + 3600000, stop_it_here, NULL);
        loop_post(loop, start_warper, &thread);
        loop_run(loop);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

static void
defer_once_more(void *ctx)
{
    (void)ctx;
    loop_defer(loop, note, text("d"));
    str_putz(&seen, "c");
}

static void
defer_twice(void *ctx)
{
    (void)ctx;
    loop_defer(loop, defer_once_more, NULL);
    str_putz(&seen, "a");
}

static void
test_deferred_calls(void **state)
{
    (void)state;
    loop_post(loop, defer_twice, NULL);
    loop_post(loop, note, text("b"));
    turn_all();
    check_seen("abcd");
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    char byte = 0;

    (void)events;
    assert_int_equal(status, 0);
    assert_int_equal(read(*(int *)poll->data, &byte, 1), 1);
    str_putz(&seen, "r");
}

static void
test_idle_hooks_run_once_when_all_is_done(void **state)
{
    (void)state;
    int fds[2];
    uv_poll_t poll = { .data = &fds[0] };

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(uv_poll_init(loop_uv(loop), &poll, fds[0]), 0);
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_readable), 0);
    loop_on_idle(loop, note, text("I"));
    loop_post(loop, post_b_then_note_a, NULL);
    turn_all();
    check_seen("abI");
    turn_all();
    check_seen("abI");
    assert_int_equal(write(fds[1], "xyz", 3), 3); /* three rounds of a foreign callback */
    turn_all();
    check_seen("abIrrrI");
    loop_off_idle(loop, note, text("I"));
    loop_post(loop, note, text("e"));
    turn_all();
    check_seen("abIrrrIe");
    uv_close((uv_handle_t *)&poll, NULL);
    turn_all();
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* The first time it starts a timer, the second time, after the timer, it stops the loop. */
static void
time_then_stop(void *ctx)
{
    bool first = !str_contains(str_view(&seen), STR("I"));

    (void)ctx;
    str_putz(&seen, "I");
    if (first) {
        loop_timer(loop, clock_mono_ms() + 2, note, text("t"));
    } else {
        loop_stop(loop);
    }
}

static void
test_idle_hook_in_a_running_loop(void **state)
{
    (void)state;
    loop_on_idle(loop, time_then_stop, NULL);
    loop_post(loop, post_b_then_note_a, NULL);
    loop_run(loop);
    check_seen("abItI");
}

static void
test_turn_waits(void **state)
{
    (void)state;
    pthread_t thread;

    loop_timer(loop, clock_mono_ms() + 10, note, text("t"));
    for (int i = 0; i < 100 && seen.size == 0; i++) {
        (void)loop_turn(loop, WAIT_MS); /* ends at the timer, not after ten seconds */
    }
    check_seen("t");
    assert_int_equal(pthread_create(&thread, NULL, warp_an_hour, NULL), 0);
    assert_true(loop_turn(loop, WAIT_MS));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
test_free_runs_posts_and_drops_timers(void **state)
{
    (void)state;
    struct loop *other = loop_new();

    loop_post(other, note, text("p"));
    loop_timer(other, clock_mono_ms() + 1000, note, text("x"));
    loop_free(other);
    loop_free(NULL);
    check_seen("p");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_posts_keep_their_order, begin, end),
        cmocka_unit_test_setup_teardown(test_posts_from_threads, begin, end),
        cmocka_unit_test_setup_teardown(test_stop_from_a_thread, begin, end),
        cmocka_unit_test_setup_teardown(test_timers_on_a_stopped_clock, begin, end),
        cmocka_unit_test_setup_teardown(test_timers_cancelled_and_past, begin, end),
        cmocka_unit_test_setup_teardown(test_timers_on_the_real_clock, begin, end),
        cmocka_unit_test_setup_teardown(test_warp_wakes_a_sleeping_loop, begin, end),
        cmocka_unit_test_setup_teardown(test_deferred_calls, begin, end),
        cmocka_unit_test_setup_teardown(test_idle_hooks_run_once_when_all_is_done, begin, end),
        cmocka_unit_test_setup_teardown(test_idle_hook_in_a_running_loop, begin, end),
        cmocka_unit_test_setup_teardown(test_turn_waits, begin, end),
        cmocka_unit_test_setup_teardown(test_free_runs_posts_and_drops_timers, begin, end),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
