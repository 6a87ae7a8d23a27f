/* Fault points: what a build with --enable-faults does where code says FAULT(...).  Armed once at
 * the start of a process or by a test; hit on any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/fault.h"

#ifdef BINNACLE_FAULTS
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum fault_kind { FAULT_NONE, FAULT_ERROR, FAULT_DELAY, FAULT_KILL };

static const char *const fault_names[] = {
#define FAULT_POINT(name) name,
#include "base/faults.def"
#undef FAULT_POINT
};

static const char *const fault_kind_names[] = {
    [FAULT_ERROR] = "error",
    [FAULT_DELAY] = "delay",
    [FAULT_KILL] = "kill",
};

struct fault_point {
    enum fault_kind kind;
    uint64_t delay_ms;
    uint64_t at_hit; /* only this one, counted from 1; 0: every one */
    uint64_t hits;
};

static struct fault_point fault_points[ARRAY_LEN(fault_names)];
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER; /* fault_points */

static bool fault_find(struct str name, size_t *ret_index);
static bool fault_parse(struct str text, struct fault_point *ret_point);
static void fault_sleep(uint64_t ms);

int
fault_hit(const char *name, struct err **err)
{
    size_t index = 0;
    struct fault_point now = { 0 };

    if (!fault_find(str_of(name), &index)) {
        return err_set(err, ERR_INTERNAL, "fault point '%s' is not in faults.def", name);
    }
    (void)pthread_mutex_lock(&fault_lock);
    struct fault_point *point = &fault_points[index];

    point->hits++;
    if (point->at_hit == 0 || point->at_hit == point->hits) {
        now = *point;
    }
    (void)pthread_mutex_unlock(&fault_lock);
    switch (now.kind) {
    case FAULT_NONE:
        break;
    case FAULT_ERROR:
        return err_set(err, ERR_IO, "fault '%s'", name);
    case FAULT_DELAY:
        fault_sleep(now.delay_ms);
        break;
    case FAULT_KILL:
        (void)kill(getpid(), SIGKILL); /* nothing runs after it, as in a power cut */
        break;
    }
    return 0;
}

int
fault_arm(const char *text, struct err **err)
{
    struct str rest = str_of(text);

    while (rest.size > 0) {
        struct str row = str_cut(rest, ',', &rest);
        struct str kind = { 0 };
        struct str name = str_cut(row, '=', &kind);
        struct fault_point point = { 0 };
        size_t index = 0;

        if (!fault_find(name, &index)) {
            return err_set(err, ERR_BAD_REQUEST, "no fault point '" STR_FMT "'", STR_ARG(name));
        }
        if (kind.at != NULL && !fault_parse(kind, &point)) {
            return err_set(err, ERR_BAD_REQUEST,
                           "fault '" STR_FMT "': want error, delay:MS or kill, then perhaps @HIT",
                           STR_ARG(row));
        }
        (void)pthread_mutex_lock(&fault_lock);
        fault_points[index] = point;
        (void)pthread_mutex_unlock(&fault_lock);
    }
    return 0;
}

int
fault_arm_environment(struct err **err)
{
    const char *text = getenv("BINNACLE_FAULTS");

    return text == NULL ? 0 : fault_arm(text, err);
}

static bool
fault_find(struct str name, size_t *ret_index)
{
    for (size_t i = 0; i < ARRAY_LEN(fault_names); i++) {
        if (str_is(name, fault_names[i])) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* text is KIND[:MS][@HIT]. */
static bool
fault_parse(struct str text, struct fault_point *ret_point)
{
    struct str hit = { 0 };
    struct str delay = { 0 };
    struct str kind = str_cut(str_cut(text, '@', &hit), ':', &delay);

    for (int i = FAULT_ERROR; i <= FAULT_KILL; i++) {
        if (str_is(kind, fault_kind_names[i])) {
            ret_point->kind = (enum fault_kind)i;
        }
    }
    if (ret_point->kind == FAULT_NONE || (ret_point->kind == FAULT_DELAY) != (delay.at != NULL)) {
        return false;
    }
    return (delay.at == NULL || str_to_uint(delay, &ret_point->delay_ms)) &&
           (hit.at == NULL || (str_to_uint(hit, &ret_point->at_hit) && ret_point->at_hit > 0));
}

/* Real time, also while a test has stopped the clock: the point is to be slow. */
static void
fault_sleep(uint64_t ms)
{
    (void)poll(NULL, 0, ms > INT_MAX ? INT_MAX : (int)ms);
}
#endif
