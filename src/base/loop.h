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
/* After loop_run returned: runs what was posted or deferred, frees the timers without running them,
 * closes every libuv handle that is left (without its owner's callback). */
void loop_free(struct loop *loop);
void loop_run(struct loop *loop);  /* until loop_stop; on the calling thread */
void loop_stop(struct loop *loop); /* any thread; returns at once */
/* One round, for tests; when nothing is due it waits for up to wait_ms of real time, also while the
 * clock is stopped. True: something ran or became due, so that another turn may be worth it. */
bool loop_turn(struct loop *loop, int64_t wait_ms);
struct uv_loop_s *loop_uv(struct loop *loop);
bool loop_is_here(const struct loop *loop); /* called on the loop's own thread? for assertions */

/* Any thread: run fn(ctx) on the loop, in the order of posting, never inside this call. */
void loop_post(struct loop *loop, loop_fn *fn, void *ctx);
/* Loop thread: run fn(ctx) once in this round, after the callbacks that are due now. */
void loop_defer(struct loop *loop, loop_fn *fn, void *ctx);
/* Loop thread: fn(ctx) once when clock_mono_ms() ≥ at_ms; a time past is next round. Timers that
 * are due together run by time, then in the order they were made. The timer is freed after fn or by
 * loop_timer_cancel (NULL allowed), whichever is first. */
struct loop_timer *loop_timer(struct loop *loop, int64_t at_ms, loop_fn *fn, void *ctx);
void loop_timer_cancel(struct loop_timer *timer);
/* Loop thread: call fn once each time nothing else is due any more, e.g. to drop tapes; stays
 * registered until loop_off_idle with the same fn and ctx. */
void loop_on_idle(struct loop *loop, loop_fn *fn, void *ctx);
void loop_off_idle(struct loop *loop, loop_fn *fn, void *ctx);

#endif
