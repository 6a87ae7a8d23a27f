/* One libuv loop per thread, with posting from other threads and timers on our clock. */
#ifndef BINNACLE_BASE_LOOP_H
#define BINNACLE_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct uv_loop_s;
typedef void loop_fn(void *ctx);

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* after loop_run returned; closes what is left */
void loop_run(struct loop *loop);  /* until loop_stop; on the calling thread */
void loop_stop(struct loop *loop); /* any thread; returns at once */
bool loop_turn(struct loop *loop, int64_t wait_ms); /* one round, for tests; true: something ran */
struct uv_loop_s *loop_uv(struct loop *loop);
bool loop_is_here(const struct loop *loop); /* called on the loop's own thread? for assertions */

/* Any thread: run fn(ctx) on the loop, in the order of posting, never inside this call. */
void loop_post(struct loop *loop, loop_fn *fn, void *ctx);
/* Loop thread: run fn(ctx) once in this round, after the callbacks that are due now. */
void loop_defer(struct loop *loop, loop_fn *fn, void *ctx);
/* Loop thread: fn(ctx) once when clock_mono_ms() ≥ at_ms; a time past is next round. The timer is
 * freed after fn or by loop_timer_cancel (NULL allowed), whichever is first. */
struct loop_timer *loop_timer(struct loop *loop, int64_t at_ms, loop_fn *fn, void *ctx);
void loop_timer_cancel(struct loop_timer *timer);
/* Loop thread: call fn when nothing else is due, e.g. to drop tapes; stays registered. */
void loop_on_idle(struct loop *loop, loop_fn *fn, void *ctx);

#endif
