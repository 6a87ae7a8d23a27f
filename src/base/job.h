/* The job pool: CPU or disk work up to 100 ms, off the loop.  Ours, not libuv's. */
#ifndef BINNACLE_BASE_JOB_H
#define BINNACLE_BASE_JOB_H

#include <stdint.h>

struct arena;
struct err;
struct job;
struct job_pool;
struct loop;

typedef void job_run_fn(void *ctx, struct arena *arena, struct err **err);
typedef void job_done_fn(void *ctx, struct arena *arena, struct err *owned_or_null);

struct job_pool *job_pool_new(struct loop *loop, int threads);
/* Waits for what runs; the rest is done with CANCELLED. */
void job_pool_free(struct job_pool *pool);
/* run on a pool thread, then done exactly once on the loop, after a cancel or a passed deadline
 * (err CANCELLED or TIMEOUT) too. The arena moves in and comes back; NULL makes one that is freed
 * after done. deadline_ms is clock_mono_ms time, 0: none; a job that already runs is not stopped. */
struct job *job_submit(struct job_pool *pool, job_run_fn *run, job_done_fn *done, void *ctx,
                       struct arena *arena, int64_t deadline_ms);
void job_cancel(struct job *job); /* loop thread, before done only */

#endif
