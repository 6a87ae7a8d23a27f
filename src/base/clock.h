/* The only source of time.  Tests stop and warp it, for a whole cluster in one process. */
#ifndef BINNACLE_BASE_CLOCK_H
#define BINNACLE_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

int64_t clock_mono_ms(void); /* never goes back; for deadlines and timers */
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void); /* Unix time; for what people and objects see */
int64_t clock_wall_us(void);

/* Tests: from now on time stands still and moves only by clock_warp. Real time again: clock_run. */
void clock_stop(int64_t wall_ms);
void clock_run(void);
/* Moves both clocks forward and wakes every loop (see loop_timer). */
void clock_warp(int64_t by_ms);
bool clock_is_stopped(void);

/* Who sleeps until a time on this clock registers here: wake is called, on the thread that stopped,
 * started or warped time, after each such jump. It must not call back into clock_watch. */
struct clock_watcher {
    struct clock_watcher *next;
    void (*wake)(struct clock_watcher *);
};
void clock_watch(struct clock_watcher *watcher);
void clock_unwatch(struct clock_watcher *watcher); /* no wake runs any more when it returns */

/* RFC 3339 in UTC as metav1.Time ("2026-11-24T07:00:00Z") and MicroTime (six decimals). */
enum { CLOCK_TEXT_SIZE = 32 };
struct str clock_text(int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);
struct str clock_text_micro(int64_t wall_us, char text[CLOCK_TEXT_SIZE]);
/* Accepts what Go's time.Parse(time.RFC3339) does: any fraction (what is below a microsecond is cut
 * off), an offset, an hour of one digit; -1 when it is no time. */
int clock_parse(struct str text, int64_t *ret_wall_us);

#endif
