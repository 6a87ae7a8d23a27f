/* base/job: done exactly once, on the loop, after success, failure, cancel, deadline and the end of
 * the pool; the arena goes and comes back. */
#include "config.h" /* IWYU pragma: keep */

#include "base/job.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

enum { WAIT_MS = 10000, MANY = 500 };

static struct loop *loop;

struct task {
    pthread_mutex_t *gate; /* run waits for it when set */
    const char *fails;     /* run fails with this text */
    atomic_int runs;
    int dones;
    enum err_code code; /* of done's error */
    struct arena *got;
    char text[64];
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
run_task(void *ctx, struct arena *arena, struct err **err)
{
    struct task *task = ctx;

    assert_false(loop_is_here(loop));
    if (task->gate != NULL) {
        (void)pthread_mutex_lock(task->gate);
        (void)pthread_mutex_unlock(task->gate);
    }
    (void)strncpy(task->text, arena_dupz(arena, STR("from the pool")), sizeof(task->text) - 1);
    atomic_fetch_add(&task->runs, 1);
    if (task->fails != NULL) {
        (void)err_set(err, ERR_INTERNAL, "%s", task->fails);
    }
}

static void
done_task(void *ctx, struct arena *arena, struct err *owned)
{
    AUTO_ERR struct err *err = owned;
    struct task *task = ctx;

    assert_true(loop_is_here(loop));
    task->dones++;
    task->got = arena;
    task->code = err == NULL ? ERR_NONE : err->code;
}

static void
turn_until_done(const struct task *task)
{
    for (int i = 0; i < 1000 && task->dones == 0; i++) {
        (void)loop_turn(loop, WAIT_MS);
    }
    assert_int_equal(task->dones, 1);
}

static void
turn_until_run(struct task *task)
{
    while (atomic_load(&task->runs) == 0) {
        (void)loop_turn(loop, 1);
    }
}

static void
test_success_and_failure(void **state)
{
    (void)state;
    struct job_pool *pool = job_pool_new(loop, 2);
    AUTO_ARENA struct arena *arena = arena_new();
    struct task good = { 0 };
    struct task bad = { .fails = "no luck" };

    (void)job_submit(pool, run_task, done_task, &good, arena, clock_mono_ms() + WAIT_MS * 10);
    (void)job_submit(pool, run_task, done_task, &bad, NULL, 0);
    assert_int_equal(good.dones, 0);
    turn_until_done(&good);
    turn_until_done(&bad);
    assert_int_equal(good.code, ERR_NONE);
    assert_ptr_equal(good.got, arena);
    assert_string_equal(good.text, "from the pool");
    assert_int_equal(bad.code, ERR_INTERNAL);
    assert_non_null(bad.got);
    job_pool_free(pool);
    job_pool_free(NULL);
}

static void
test_cancel(void **state)
{
    (void)state;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job_pool *pool = job_pool_new(loop, 1);
    struct task first = { .gate = &gate };
    struct task second = { 0 };
    struct task third = { 0 };

    assert_int_equal(pthread_mutex_lock(&gate), 0);
    struct job *running = job_submit(pool, run_task, done_task, &first, NULL, 0);
    struct job *queued = job_submit(pool, run_task, done_task, &second, NULL, 0);

    (void)job_submit(pool, run_task, done_task, &third, NULL, 0);
    job_cancel(queued);
    job_cancel(queued); /* a second time is nothing new */
    assert_int_equal(second.dones, 0);
    turn_until_done(&second);
    assert_int_equal(second.code, ERR_CANCELLED);
    assert_int_equal(second.runs, 0);
    job_cancel(
        running); /* it may have begun: then it runs to its end, done says cancelled anyway */
    assert_int_equal(pthread_mutex_unlock(&gate), 0);
    turn_until_done(&first);
    assert_int_equal(first.code, ERR_CANCELLED);
    turn_until_done(&third);
    assert_int_equal(third.code, ERR_NONE);
    job_pool_free(pool);
}

static void
test_deadline(void **state)
{
    (void)state;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job_pool *pool = job_pool_new(loop, 1);
    struct task first = { .gate = &gate };
    struct task second = { 0 };

    clock_stop(0);
    assert_int_equal(pthread_mutex_lock(&gate), 0);
    (void)job_submit(pool, run_task, done_task, &first, NULL, clock_mono_ms() + 60000);
    (void)job_submit(pool, run_task, done_task, &second, NULL, clock_mono_ms() + 30000);
    clock_warp(30000);
    turn_until_done(&second);
    assert_int_equal(second.code, ERR_TIMEOUT);
    assert_int_equal(second.runs, 0);
    assert_int_equal(first.dones, 0);
    clock_warp(30000);
    assert_int_equal(pthread_mutex_unlock(&gate), 0);
    turn_until_done(&first);
    assert_int_equal(first.code, ERR_TIMEOUT);
    job_pool_free(pool);
}

static void
test_many(void **state)
{
    (void)state;
    struct job_pool *pool = job_pool_new(loop, 3);
    struct task *tasks = mem_new_array(MANY, sizeof(*tasks));

    for (size_t i = 0; i < MANY; i++) {
        struct job *job = job_submit(pool, run_task, done_task, &tasks[i], NULL,
                                     i % 3 == 0 ? clock_mono_ms() + WAIT_MS * 10 : 0);

        if (i % 5 == 0) {
            job_cancel(job);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        turn_until_done(&tasks[i]);
        assert_int_equal(tasks[i].code, i % 5 == 0 ? ERR_CANCELLED : ERR_NONE);
        assert_true(i % 5 == 0 || tasks[i].runs == 1);
    }
    job_pool_free(pool);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(tasks[i].dones, 1);
    }
    mem_free(tasks);
}

static void
test_free_ends_all(void **state)
{
    (void)state;
    struct job_pool *pool = job_pool_new(loop, 1);
    struct task tasks[20] = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        (void)job_submit(pool, run_task, done_task, &tasks[i], NULL, i % 2 == 0 ? 0 : INT64_MAX);
    }
    turn_until_run(&tasks[0]);
    job_pool_free(pool);
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        assert_int_equal(tasks[i].dones, 1);
        assert_int_equal(tasks[i].code, tasks[i].runs == 1 ? ERR_NONE : ERR_CANCELLED);
    }
    while (loop_turn(loop, 0)) { /* posts of the pool that are still under way */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_success_and_failure, begin, end),
        cmocka_unit_test_setup_teardown(test_cancel, begin, end),
        cmocka_unit_test_setup_teardown(test_deadline, begin, end),
        cmocka_unit_test_setup_teardown(test_many, begin, end),
        cmocka_unit_test_setup_teardown(test_free_ends_all, begin, end),
    };

    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
