/* The job pool: a few threads and one queue.  The loop submits and cancels; a pool thread runs; the
 * loop is told by one post for all jobs that ended meanwhile. */
#include "config.h" /* IWYU pragma: keep */

#include "base/job.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

#define LOG_MODULE "job"

enum job_state { JOB_QUEUED, JOB_RUNS, JOB_ENDED };

struct job {
    struct job *prev, *next; /* in one of the pool's two lists */
    struct job_pool *pool;
    job_run_fn *run;
    job_done_fn *done;
    void *ctx;
    struct arena *arena;
    bool owns_arena;
    int64_t deadline_ms;         /* 0: none */
    struct loop_timer *deadline; /* loop; NULL when it fired or there is none */
    enum job_state state;
    bool cancelled;  /* loop only */
    bool late;       /* ended or found in the queue past its deadline */
    struct err *err; /* what run came to */
};

struct job_list {
    struct job *first, *last;
};

struct job_pool {
    struct loop *loop;
    atomic_uint refs; /* the owner, and each post that is under way */
    pthread_t *threads;
    int thread_len;
    bool closed; /* loop only: job_pool_free was called */

    pthread_mutex_t lock; /* what follows, and the state of each job */
    pthread_cond_t work;
    bool stopping;
    struct job_list queue; /* QUEUED */
    struct job_list ended; /* ENDED, done not yet called */
};

static void *job_thread(void *arg);
static void job_execute(struct job *job);
static void job_end_locked(struct job *job);
static void job_on_ended(void *arg);
static void job_on_deadline(void *arg);
static void job_finish(struct job *job);
static void job_give_up(struct job *job);
static void job_pool_unref(struct job_pool *pool);
static void job_append(struct job_list *list, struct job *job);
static void job_remove(struct job_list *list, struct job *job);

struct job_pool *
job_pool_new(struct loop *loop, int threads)
{
    struct job_pool *pool = MEM_NEW(struct job_pool);
    sigset_t all;
    sigset_t before;

    assert(threads > 0);
    pool->loop = loop;
    atomic_init(&pool->refs, 1);
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->work, NULL);
    pool->threads = mem_new_array((size_t)threads, sizeof(pool->threads[0]));
    /* Signals are the business of the threads that wait for them, never of a pool thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->thread_len < threads) {
        if (pthread_create(&pool->threads[pool->thread_len], NULL, job_thread, pool) != 0) {
            log_error("thread of the job pool cannot be made");
            abort(); /* only while the process starts */
        }
        (void)pthread_setname_np(pool->threads[pool->thread_len++], "job");
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool;
}

void
job_pool_free(struct job_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    assert(loop_is_here(pool->loop));
    pool->closed = true;
    (void)pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->thread_len; i++) {
        (void)pthread_join(pool->threads[i], NULL);
    }
    /* No lock from here on: the threads are gone. What never ran is given up. */
    while (pool->queue.first != NULL) {
        struct job *job = pool->queue.first;

        job->cancelled = true;
        job_remove(&pool->queue, job);
        job_append(&pool->ended, job);
    }
    while (pool->ended.first != NULL) {
        struct job *job = pool->ended.first;

        job_remove(&pool->ended, job);
        job_finish(job);
    }
    mem_free(pool->threads);
    pool->threads = NULL;
    job_pool_unref(pool);
}

struct job *
job_submit(struct job_pool *pool, job_run_fn *run, job_done_fn *done, void *ctx,
           struct arena *arena, int64_t deadline_ms)
{
    assert(loop_is_here(pool->loop) && !pool->closed);
    struct job *job = MEM_NEW(struct job);

    job->pool = pool;
    job->run = run;
    job->done = done;
    job->ctx = ctx;
    job->owns_arena = arena == NULL;
    job->arena = arena == NULL ? arena_new() : arena;
    job->deadline_ms = deadline_ms;
    if (deadline_ms != 0) {
        job->deadline = loop_timer(pool->loop, deadline_ms, job_on_deadline, job);
    }
    (void)pthread_mutex_lock(&pool->lock);
    job_append(&pool->queue, job);
    (void)pthread_cond_signal(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    return job;
}

void
job_cancel(struct job *job)
{
    assert(loop_is_here(job->pool->loop));
    job->cancelled = true;
    job_give_up(job);
}

static void *
job_thread(void *arg)
{
    struct job_pool *pool = arg;

    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->queue.first == NULL && !pool->stopping) {
            (void)pthread_cond_wait(&pool->work, &pool->lock);
        }
        if (pool->stopping) {
            break;
        }
        struct job *job = pool->queue.first;

        job_remove(&pool->queue, job);
        job->state = JOB_RUNS;
        (void)pthread_mutex_unlock(&pool->lock);
        job_execute(job);
        (void)pthread_mutex_lock(&pool->lock);
        job_end_locked(job);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void
job_execute(struct job *job)
{
    if (job->deadline_ms == 0 || clock_mono_ms() < job->deadline_ms) {
        job->run(job->ctx, job->arena, &job->err);
    }
    job->late = job->deadline_ms != 0 && clock_mono_ms() >= job->deadline_ms;
}

/* The lock is held: puts the job where the loop finds it, and tells the loop when nothing else that
 * it was told of is still there. */
static void
job_end_locked(struct job *job)
{
    struct job_pool *pool = job->pool;
    bool first = pool->ended.first == NULL;

    job->state = JOB_ENDED;
    job_append(&pool->ended, job);
    if (first) {
        atomic_fetch_add(&pool->refs, 1);
        loop_post(pool->loop, job_on_ended, pool);
    }
}

static void
job_on_ended(void *arg)
{
    struct job_pool *pool = arg;

    (void)pthread_mutex_lock(&pool->lock);
    struct job *job = pool->ended.first;

    pool->ended = (struct job_list){ 0 };
    (void)pthread_mutex_unlock(&pool->lock);
    while (job != NULL) {
        struct job *next = job->next;

        job_finish(job);
        job = next;
    }
    job_pool_unref(pool);
}

static void
job_on_deadline(void *arg)
{
    struct job *job = arg;

    job->deadline = NULL;
    job_give_up(job);
}

/* Calls done with what the job came to. */
static void
job_finish(struct job *job)
{
    struct err *err = STEAL(job->err);

    loop_timer_cancel(job->deadline);
    if (job->cancelled || job->late) {
        err_clear(&err);
        (void)(job->cancelled ? err_set(&err, ERR_CANCELLED, "cancelled")
                              : err_set(&err, ERR_TIMEOUT, "not done within its deadline"));
    }
    job->done(job->ctx, job->arena, err);
    if (job->owns_arena) {
        arena_free(job->arena);
    }
    mem_free(job);
}

/* Takes the job out of the queue when it still waits; one that runs ends by itself. */
static void
job_give_up(struct job *job)
{
    struct job_pool *pool = job->pool;

    (void)pthread_mutex_lock(&pool->lock);
    if (job->state == JOB_QUEUED) {
        job->late = true;
        job_remove(&pool->queue, job);
        job_end_locked(job);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

static void
job_pool_unref(struct job_pool *pool)
{
    if (atomic_fetch_sub(&pool->refs, 1) == 1) {
        (void)pthread_mutex_destroy(&pool->lock);
        (void)pthread_cond_destroy(&pool->work);
        mem_free(pool);
    }
}

static void
job_append(struct job_list *list, struct job *job)
{
    job->next = NULL;
    job->prev = list->last;
    *(list->last == NULL ? &list->first : &list->last->next) = job;
    list->last = job;
}

static void
job_remove(struct job_list *list, struct job *job)
{
    *(job->prev == NULL ? &list->first : &job->prev->next) = job->next;
    *(job->next == NULL ? &list->last : &job->next->prev) = job->prev;
}
