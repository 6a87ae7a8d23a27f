/* A thread for one blocking session.  The loop starts it, sends to it and cancels it; its body runs
 * on the thread and answers with worker_post; the loop joins it when body has returned. */
#include "config.h" /* IWYU pragma: keep */

#include "base/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"

struct worker {
    struct loop *loop;
    pthread_t thread;
    worker_body_fn *body;
    worker_done_fn *done;
    void (*drop)(void *message);
    const char *name;
    bool is_service;
    void *ctx;
    struct err *err; /* what body came to */
    struct clock_watcher watcher;

    pthread_mutex_t lock; /* what follows */
    pthread_cond_t news;
    VEC(void *) inbox;
    VEC(int) fds;
    atomic_bool cancelled; /* read without the lock too */
};

/* Sessions. The limit is the process's: each is memory and a thread, on whatever loop it hangs. */
static atomic_int worker_count;

static int worker_start_thread(struct worker *worker);
static void *worker_thread(void *arg);
static void worker_on_end(void *arg);
static void worker_free(struct worker *worker);
static void worker_wake(struct clock_watcher *watcher);
static void worker_wait(struct worker *worker, int64_t deadline_ms);

struct worker *
worker_start(struct loop *loop, const struct worker_spec *spec, void *ctx, struct err **err)
{
    assert(loop_is_here(loop));
    if (!spec->is_service && atomic_fetch_add(&worker_count, 1) >= WORKER_MAX) {
        atomic_fetch_sub(&worker_count, 1);
        (void)err_set(err, ERR_TOO_MANY, "%d sessions run already", WORKER_MAX);
        return NULL;
    }
    struct worker *worker = MEM_NEW(struct worker);
    pthread_condattr_t monotonic;

    worker->loop = loop;
    worker->body = spec->body;
    worker->done = spec->done;
    worker->drop = spec->drop;
    worker->name = spec->name == NULL ? "worker" : spec->name;
    worker->is_service = spec->is_service;
    worker->ctx = ctx;
    worker->watcher.wake = worker_wake;
    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&worker->news, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    clock_watch(&worker->watcher);
    int failed = worker_start_thread(worker);

    if (failed != 0) {
        worker_free(worker);
        (void)err_sys(err, failed, "start a thread");
        return NULL;
    }
    return worker;
}

void
worker_send(struct worker *worker, void *message)
{
    assert(message != NULL && worker->drop != NULL);
    (void)pthread_mutex_lock(&worker->lock);
    VEC_ADD(worker->inbox, message);
    (void)pthread_cond_signal(&worker->news);
    (void)pthread_mutex_unlock(&worker->lock);
}

void *
worker_receive(struct worker *worker, int64_t wait_ms)
{
    int64_t deadline_ms = clock_mono_ms() + wait_ms;
    void *message = NULL;

    (void)pthread_mutex_lock(&worker->lock);
    while (worker->inbox.len == 0 && !atomic_load(&worker->cancelled) &&
           clock_mono_ms() < deadline_ms) {
        worker_wait(worker, deadline_ms);
    }
    if (worker->inbox.len > 0 && !atomic_load(&worker->cancelled)) {
        message = worker->inbox.at[0];
        VEC_DEL(worker->inbox, 0);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return message;
}

void
worker_post(struct worker *worker, void (*fn)(void *), void *ctx)
{
    loop_post(worker->loop, fn, ctx);
}

void
worker_own_fd(struct worker *worker, int fd)
{
    (void)pthread_mutex_lock(&worker->lock);
    VEC_ADD(worker->fds, fd);
    if (atomic_load(&worker->cancelled)) {
        (void)shutdown(fd, SHUT_RDWR); /* as worker_cancel would have done */
    }
    (void)pthread_mutex_unlock(&worker->lock);
}

void
worker_disown_fd(struct worker *worker, int fd)
{
    (void)pthread_mutex_lock(&worker->lock);
    for (size_t i = 0; i < worker->fds.len; i++) {
        if (worker->fds.at[i] == fd) {
            VEC_DEL(worker->fds, i);
            break;
        }
    }
    (void)pthread_mutex_unlock(&worker->lock);
}

void
worker_cancel(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    atomic_store(&worker->cancelled, true);
    for (size_t i = 0; i < worker->fds.len; i++) {
        /* Not closed, because the body still uses the number. A socket whose peer is gone is not
         * connected any more, and its calls return by themselves. */
        (void)shutdown(worker->fds.at[i], SHUT_RDWR);
    }
    (void)pthread_cond_signal(&worker->news);
    (void)pthread_mutex_unlock(&worker->lock);
}

bool
worker_is_cancelled(const struct worker *worker)
{
    return atomic_load(&worker->cancelled);
}

static int
worker_start_thread(struct worker *worker)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&worker->thread, NULL, worker_thread, worker);

    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static void *
worker_thread(void *arg)
{
    struct worker *worker = arg;

    (void)pthread_setname_np(pthread_self(), worker->name);
    worker->body(worker, worker->ctx, &worker->err);
    loop_post(worker->loop, worker_on_end, worker); /* after all that body has posted */
    return NULL;
}

static void
worker_on_end(void *arg)
{
    struct worker *worker = arg;
    worker_done_fn *done = worker->done;
    void *ctx = worker->ctx;

    (void)pthread_join(worker->thread, NULL); /* it has nothing left to do but return */
    struct err *err = STEAL(worker->err);

    if (err == NULL && atomic_load(&worker->cancelled)) {
        (void)err_set(&err, ERR_CANCELLED, "cancelled");
    }
    worker_free(worker);
    done(ctx, err);
}

static void
worker_free(struct worker *worker)
{
    clock_unwatch(&worker->watcher);
    for (size_t i = 0; i < worker->inbox.len; i++) {
        worker->drop(worker->inbox.at[i]);
    }
    VEC_DONE(worker->inbox);
    VEC_DONE(worker->fds);
    (void)pthread_mutex_destroy(&worker->lock);
    (void)pthread_cond_destroy(&worker->news);
    if (!worker->is_service) {
        atomic_fetch_sub(&worker_count, 1);
    }
    mem_free(worker);
}

static void
worker_wake(struct clock_watcher *watcher)
{
    struct worker *worker = container_of(watcher, struct worker, watcher);

    (void)pthread_mutex_lock(&worker->lock);
    (void)pthread_cond_signal(&worker->news);
    (void)pthread_mutex_unlock(&worker->lock);
}

/* The lock is held: sleeps until news, a jump of the clock, or about deadline_ms on our clock. */
static void
worker_wait(struct worker *worker, int64_t deadline_ms)
{
    if (clock_is_stopped()) {
        (void)pthread_cond_wait(&worker->news, &worker->lock);
        return;
    }
    int64_t wait_us = deadline_ms * 1000 - clock_mono_us();
    struct timespec until = { 0 };

    wait_us = wait_us < 0 ? 0 : wait_us;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + wait_us % 1000000 * 1000;

    until.tv_sec += (time_t)(wait_us / 1000000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    (void)pthread_cond_timedwait(&worker->news, &worker->lock, &until);
}
