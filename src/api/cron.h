/* Schedules of CronJobs: "30 6-16/4 * * mon-fri", "@daily", "@every 5m".  Pure, UTC. */
#ifndef BINNACLE_API_CRON_H
#define BINNACLE_API_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

struct cron {
    uint64_t minutes, hours, days, months, weekdays; /* a bit each; bit 63: "*" */
    int64_t every_s;                                 /* @every: then the sets are empty; else 0 */
};

/* NULL, or what is wrong with it, in words (of the arena). */
const char *cron_parse(struct str text, struct arena *arena, struct cron *ret);
/* The first time after `after_s` (Unix seconds) that the schedule names; 0: none in five years. */
int64_t cron_next(const struct cron *cron, int64_t after_s);
/* A zone that times can be told in: only the names of UTC so far. */
bool cron_knows_zone(struct str name);

#endif
