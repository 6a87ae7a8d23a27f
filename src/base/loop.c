/* The event loop of a thread: libuv for input and output, our own queue of posts and our own timers
 * on clock.  Each round of libuv is: prepare (timers that are due, deferred calls, then how long to
 * sleep), poll (posts of others and foreign callbacks), check (own posts, deferred calls).  Only loop_post, loop_stop
 * and loop_is_here may be called from other threads. */
#include "config.h" /* IWYU pragma: keep */

#include "base/loop.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/vec.h"

#define LOG_MODULE "loop"

enum { LOOP_SLOW_US = 5000, LOOP_LAG_WINDOW_US = 60 * 1000 * 1000 };

struct loop_call {
    loop_fn *fn;
    void *ctx;
};
struct loop_calls {
    VEC(struct loop_call) list;
};

enum loop_idle { LOOP_IDLE_DONE, LOOP_IDLE_BUSY, LOOP_IDLE_SETTLING };

struct loop_timer {
    struct heap_node node;          /* while it waits */
    struct loop_timer *prev, *next; /* while it is due: in loop->due */
    struct loop *loop;
    struct loop_call call;
    enum { LOOP_TIMER_WAITS, LOOP_TIMER_DUE, LOOP_TIMER_RUNS } state;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;  /* posts, loop_stop and jumps of the clock */
    uv_timer_t alarm; /* only ends the sleep: due timers run in prepare */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t spin; /* active: the next poll does not sleep */
    struct clock_watcher watcher;
    _Atomic(pthread_t) thread;
    atomic_bool stopping;

    pthread_mutex_t lock; /* posted, and changes of thread */
    struct loop_calls posted;
    atomic_bool posted_here; /* the first of them by the loop itself, which was not woken for it */

    struct loop_calls deferred; /* for the end of this round */
    struct loop_calls idle;     /* hooks */
    enum loop_idle idle_state;

    bool is_turning;     /* inside loop_turn, which handles one batch of events */
    bool has_patience;   /* its wait has not ended */
    uint64_t turn_calls; /* calls when it began */
    uv_timer_t patience; /* ends its wait */
    struct heap timers;
    struct loop_timer *due_first, *due_last;

    uint64_t calls;             /* callbacks of ours that ran */
    int64_t lag_us, lag_end_us; /* longest callback of the window, and when the window ends */
};

static void loop_must(int rc);
static void loop_set_thread(struct loop *loop);
static void loop_wake(struct clock_watcher *watcher);
static void loop_on_wake(uv_async_t *wake);
static void loop_on_alarm(uv_timer_t *alarm);
static void loop_on_patience(uv_timer_t *patience);
static void loop_on_prepare(uv_prepare_t *prepare);
static void loop_on_check(uv_check_t *check);
static void loop_on_spin(uv_idle_t *spin);
static void loop_close_handle(uv_handle_t *handle, void *arg);
static void loop_call_batch(struct loop *loop, struct loop_calls *calls);
static void loop_call(struct loop *loop, const struct loop_call *call);
static void loop_note_lag(struct loop *loop, int64_t start_us);
static void loop_run_posts(struct loop *loop);
static void loop_run_due(struct loop *loop);
static void loop_unlink_due(struct loop *loop, struct loop_timer *timer);
static bool loop_settle(struct loop *loop);
static bool loop_has_events(struct loop *loop, int64_t wait_ms);
static void loop_arm(struct loop *loop, bool spin);
static int64_t loop_now_us(void);

struct loop *
loop_new(void)
{
    struct loop *loop = MEM_NEW(struct loop);
    /* libuv writes to pipes and sockets whose other end may be gone: EPIPE, not a signal. Children
     * get the default back (uv_spawn resets signals). */
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    (void)sigaction(SIGPIPE, &ignore, NULL); /* fails only for a bad argument */
    loop_must(uv_loop_init(&loop->uv));
    loop_must(uv_async_init(&loop->uv, &loop->wake, loop_on_wake));
    loop_must(uv_timer_init(&loop->uv, &loop->alarm));
    loop_must(uv_timer_init(&loop->uv, &loop->patience));
    loop_must(uv_prepare_init(&loop->uv, &loop->prepare));
    loop_must(uv_check_init(&loop->uv, &loop->check));
    loop_must(uv_idle_init(&loop->uv, &loop->spin));
    loop_must(uv_prepare_start(&loop->prepare, loop_on_prepare));
    loop_must(uv_check_start(&loop->check, loop_on_check));
    loop->wake.data = loop->alarm.data = loop->prepare.data = loop->check.data = loop;
    loop->spin.data = loop->patience.data = loop;
    (void)pthread_mutex_init(&loop->lock, NULL);
    atomic_store(&loop->thread, pthread_self());
    loop->watcher.wake = loop_wake;
    clock_watch(&loop->watcher);
    return loop;
}

void
loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop_set_thread(loop);
    clock_unwatch(&loop->watcher);
    while (loop->posted.list.len > 0 || loop->deferred.list.len > 0) {
        loop_run_posts(loop);
        loop_call_batch(loop, &loop->deferred);
    }
    (void)uv_prepare_stop(&loop->prepare);
    (void)uv_check_stop(&loop->check);
    uv_walk(&loop->uv, loop_close_handle, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* only close callbacks are left */
    int closed = uv_loop_close(&loop->uv);

    assert(closed == 0);
    (void)closed;
    for (struct heap_node *node = heap_pop(&loop->timers); node != NULL;
         node = heap_pop(&loop->timers)) {
        mem_free(container_of(node, struct loop_timer, node));
    }
    heap_done(&loop->timers);
    VEC_DONE(loop->posted.list);
    VEC_DONE(loop->deferred.list);
    VEC_DONE(loop->idle.list);
    (void)pthread_mutex_destroy(&loop->lock);
    mem_free(loop);
}

void
loop_run(struct loop *loop)
{
    loop_set_thread(loop);
    /* Not UV_RUN_ONCE, which never sleeps in a round that began with an active idle handle, even if
     * prepare has stopped it. */
    while (!atomic_exchange(&loop->stopping, false)) {
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    }
}

void
loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    (void)uv_async_send(&loop->wake);
}

bool
loop_turn(struct loop *loop, int64_t wait_ms)
{
    bool was_idle = loop->idle_state == LOOP_IDLE_DONE;

    loop_set_thread(loop);
    loop->is_turning = true;
    loop->turn_calls = loop->calls;
    bool ready = loop_has_events(loop, 0) || uv_backend_timeout(&loop->uv) == 0 ||
                 atomic_load(&loop->posted_here) || (loop->idle.list.len > 0 && !was_idle);

    if (ready || wait_ms <= 0) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    } else {
        /* libuv does not tell whether a poll found anything; that our alarm did not end it does. */
        loop->has_patience = true;
        uv_update_time(&loop->uv);
        (void)uv_timer_start(&loop->patience, loop_on_patience, (uint64_t)wait_ms, 0);
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
        (void)uv_timer_stop(&loop->patience);
        ready = loop->has_patience;
    }
    loop->is_turning = false;
    bool called = loop->calls != loop->turn_calls;

    if (called || (ready && was_idle)) {
        loop->idle_state = LOOP_IDLE_BUSY;
    }
    return ready || called;
}

struct uv_loop_s *
loop_uv(struct loop *loop)
{
    return &loop->uv;
}

bool
loop_is_here(const struct loop *loop)
{
    return pthread_equal(atomic_load(&loop->thread), pthread_self()) != 0;
}

void
loop_post(struct loop *loop, loop_fn *fn, void *ctx)
{
    (void)pthread_mutex_lock(&loop->lock);
    bool first = loop->posted.list.len == 0;

    VEC_ADD(loop->posted.list, (struct loop_call){ fn, ctx });
    /* Inside the lock: once it is released, the loop may run the post and be freed. */
    if (first && loop_is_here(loop)) {
        atomic_store(&loop->posted_here, true); /* no need to wake ourselves up by the kernel */
    } else if (first) {
        (void)uv_async_send(&loop->wake);
    }
    (void)pthread_mutex_unlock(&loop->lock);
}

void
loop_defer(struct loop *loop, loop_fn *fn, void *ctx)
{
    assert(loop_is_here(loop));
    VEC_ADD(loop->deferred.list, (struct loop_call){ fn, ctx });
}

struct loop_timer *
loop_timer(struct loop *loop, int64_t at_ms, loop_fn *fn, void *ctx)
{
    assert(loop_is_here(loop));
    struct loop_timer *timer = MEM_NEW(struct loop_timer);

    timer->loop = loop;
    timer->call = (struct loop_call){ fn, ctx };
    heap_add(&loop->timers, &timer->node, at_ms);
    return timer;
}

void
loop_timer_cancel(struct loop_timer *timer)
{
    if (timer == NULL) {
        return;
    }
    assert(loop_is_here(timer->loop));
    switch (timer->state) {
    case LOOP_TIMER_WAITS:
        heap_del(&timer->loop->timers, &timer->node);
        break;
    case LOOP_TIMER_DUE:
        loop_unlink_due(timer->loop, timer);
        break;
    case LOOP_TIMER_RUNS:
        return; /* from inside its own callback: freed when that returns */
    }
    mem_free(timer);
}

void
loop_on_idle(struct loop *loop, loop_fn *fn, void *ctx)
{
    assert(loop_is_here(loop));
    VEC_ADD(loop->idle.list, (struct loop_call){ fn, ctx });
    loop->idle_state = LOOP_IDLE_BUSY;
}

void
loop_off_idle(struct loop *loop, loop_fn *fn, void *ctx)
{
    assert(loop_is_here(loop));
    for (size_t i = 0; i < loop->idle.list.len; i++) {
        if (loop->idle.list.at[i].fn == fn && loop->idle.list.at[i].ctx == ctx) {
            VEC_DEL(loop->idle.list, i);
            return;
        }
    }
}

/* No descriptors for the first thing that a thread needs: nothing can go on. */
static void
loop_must(int rc)
{
    if (rc != 0) {
        log_error("event loop cannot be made error=%s", uv_strerror(rc));
        abort();
    }
}

/* Under the lock: whoever posts at the same time either sees it or is seen by the first round. */
static void
loop_set_thread(struct loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    atomic_store(&loop->thread, pthread_self());
    (void)pthread_mutex_unlock(&loop->lock);
}

static void
loop_wake(struct clock_watcher *watcher)
{
    (void)uv_async_send(&container_of(watcher, struct loop, watcher)->wake);
}

static void
loop_on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;

    loop_run_posts(loop);
    if (atomic_load(&loop->stopping)) {
        uv_stop(&loop->uv);
    }
}

static void
loop_on_alarm(uv_timer_t *alarm)
{
    (void)alarm;
}

static void
loop_on_patience(uv_timer_t *patience)
{
    struct loop *loop = patience->data;

    loop->has_patience = false;
}

static void
loop_on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;

    loop_run_due(loop);
    loop_call_batch(loop, &loop->deferred);
    bool spin = loop_settle(loop);

    spin = spin || loop->deferred.list.len > 0 || atomic_load(&loop->posted_here);
    loop_arm(loop, spin || (loop->is_turning && loop->calls != loop->turn_calls));
}

static void
loop_on_check(uv_check_t *check)
{
    struct loop *loop = check->data;

    /* What libuv ran since the poll returned, foreign callbacks among it: its time is of then. */
    loop_note_lag(loop, (int64_t)uv_now(&loop->uv) * 1000 + 999);
    if (loop->idle_state == LOOP_IDLE_DONE && !loop->is_turning) {
        loop->idle_state = LOOP_IDLE_BUSY; /* something ended the sleep */
    }
    if (atomic_exchange(&loop->posted_here, false)) {
        loop_run_posts(loop);
    }
    loop_call_batch(loop, &loop->deferred);
}

static void
loop_on_spin(uv_idle_t *spin)
{
    (void)spin; /* that it is active is all it does */
}

static void
loop_close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Runs what stands in calls now; what is added meanwhile stays for the next batch. */
static void
loop_call_batch(struct loop *loop, struct loop_calls *calls)
{
    struct loop_calls batch = *calls;

    *calls = (struct loop_calls){ 0 };
    loop->calls += batch.list.len;
    for (size_t i = 0; i < batch.list.len; i++) {
        loop_call(loop, &batch.list.at[i]);
    }
    if (calls->list.capacity == 0) {
        batch.list.len = 0;
        *calls = batch; /* nothing was added: the memory serves again */
    } else {
        VEC_DONE(batch.list);
    }
}

static void
loop_call(struct loop *loop, const struct loop_call *call)
{
    int64_t start_us = loop_now_us();

    call->fn(call->ctx);
    loop_note_lag(loop, start_us);
}

static void
loop_note_lag(struct loop *loop, int64_t start_us)
{
    int64_t now_us = loop_now_us();
    int64_t lag_us = now_us - start_us;
    bool expired = now_us >= loop->lag_end_us;

    if (lag_us > LOOP_SLOW_US) {
        log_debug("callback was slow us=%lld", (long long)lag_us);
    }
    if (lag_us <= loop->lag_us && !expired) {
        return;
    }
    if (expired) {
        loop->lag_end_us = now_us + LOOP_LAG_WINDOW_US;
    }
    loop->lag_us = lag_us < 0 ? 0 : lag_us;
    metrics_set(METRIC_LOOP_LAG_SECONDS, NULL, (double)loop->lag_us / 1e6);
}

static void
loop_run_posts(struct loop *loop)
{
    struct loop_calls batch = { 0 };

    (void)pthread_mutex_lock(&loop->lock);
    batch = loop->posted;
    loop->posted = (struct loop_calls){ 0 };
    (void)pthread_mutex_unlock(&loop->lock);
    loop_call_batch(loop, &batch);
    (void)pthread_mutex_lock(&loop->lock);
    if (loop->posted.list.capacity == 0) {
        loop->posted = batch; /* empty by now: the memory serves again */
        batch = (struct loop_calls){ 0 };
    }
    (void)pthread_mutex_unlock(&loop->lock);
    VEC_DONE(batch.list);
}

/* All that is due leaves the heap before the first one runs: a timer that is made meanwhile for a
 * time past waits for the next round, one that is cancelled meanwhile does not run. */
static void
loop_run_due(struct loop *loop)
{
    if (loop->timers.len == 0) {
        return;
    }
    int64_t now_ms = clock_mono_ms();

    for (struct heap_node *node = heap_min(&loop->timers); node != NULL && node->key <= now_ms;
         node = heap_min(&loop->timers)) {
        struct loop_timer *timer = container_of(heap_pop(&loop->timers), struct loop_timer, node);

        timer->state = LOOP_TIMER_DUE;
        timer->prev = loop->due_last;
        *(loop->due_last == NULL ? &loop->due_first : &loop->due_last->next) = timer;
        loop->due_last = timer;
    }
    while (loop->due_first != NULL) {
        struct loop_timer *timer = loop->due_first;

        loop_unlink_due(loop, timer);
        timer->state = LOOP_TIMER_RUNS;
        loop->calls++;
        loop_call(loop, &timer->call);
        mem_free(timer);
    }
}

static void
loop_unlink_due(struct loop *loop, struct loop_timer *timer)
{
    *(timer->prev == NULL ? &loop->due_first : &timer->prev->next) = timer->next;
    *(timer->next == NULL ? &loop->due_last : &timer->next->prev) = timer->prev;
}

/* Runs the idle hooks once after the loop was busy. Returns whether the next poll must not sleep,
 * because it is not known yet whether something else is due: libuv does not tell whether a poll
 * found anything, so one poll without sleep comes first (it also registers new descriptors), then
 * the kernel is asked. */
static bool
loop_settle(struct loop *loop)
{
    if (loop->idle.list.len == 0 || loop->idle_state == LOOP_IDLE_DONE) {
        return false;
    }
    const struct heap_node *next = heap_min(&loop->timers);
    bool quiet = loop->deferred.list.len == 0 && (next == NULL || next->key > clock_mono_ms()) &&
                 !atomic_load(&loop->posted_here) && !loop_has_events(loop, 0);

    if (loop->idle_state == LOOP_IDLE_BUSY || !quiet) {
        loop->idle_state = LOOP_IDLE_SETTLING;
        return true;
    }
    for (size_t i = 0; i < loop->idle.list.len; i++) {
        struct loop_call call = loop->idle.list.at[i]; /* the hook may add another one */

        loop_call(loop, &call);
    }
    loop->idle_state = LOOP_IDLE_DONE;
    return false;
}

static bool
loop_has_events(struct loop *loop, int64_t wait_ms)
{
    struct pollfd backend = { .fd = uv_backend_fd(&loop->uv), .events = POLLIN };

    return poll(&backend, 1, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms) > 0;
}

/* How long the poll that follows may sleep. */
static void
loop_arm(struct loop *loop, bool spin)
{
    const struct heap_node *next = heap_min(&loop->timers);
    int64_t now_ms = next == NULL ? 0 : clock_mono_ms();
    bool is_due = next != NULL && next->key <= now_ms;

    if (spin || is_due) {
        (void)uv_idle_start(&loop->spin, loop_on_spin);
    } else {
        (void)uv_idle_stop(&loop->spin);
    }
    if (next == NULL || is_due || clock_is_stopped()) {
        (void)uv_timer_stop(&loop->alarm); /* a stopped clock moves by clock_warp, which wakes us */
        return;
    }
    /* Both clocks tick in the same whole milliseconds. libuv's is read second, so that a tick
     * between the two makes the alarm late by one, never early. */
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->alarm, loop_on_alarm, (uint64_t)(next->key - now_ms), 0);
}

/* The real clock, also while a test has stopped ours. */
static int64_t
loop_now_us(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}
