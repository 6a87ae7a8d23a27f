/* The only source of time: real, or stopped and warped by a test.  Any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* While time stands still the two clocks are `at`; else they are the system's plus `ahead`. */
static struct clock_state {
    atomic_bool stopped;
    atomic_int_least64_t mono_at_us, wall_at_us;
    atomic_int_least64_t mono_ahead_us, wall_ahead_us;
} clock_state;

static struct clock_watcher *clock_watchers;
static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER; /* jumps and the watchers' list */

struct clock_date {
    int64_t year;
    int month, day; /* from 1 */
};

static int64_t clock_system_us(clockid_t which);
static void clock_wake_all(void);
static int64_t clock_floor_div(int64_t value, int64_t by);
static char *clock_put_second(char *text, int64_t seconds);
static char *clock_put_digits(char *text, int number, size_t digits);
static struct clock_date clock_date_of(int64_t days);
static int64_t clock_days_of(struct clock_date date);
static int clock_days_in(int month, int year);
static bool clock_take_number(struct str *text, size_t digits_min, size_t digits_max, int *ret);
static bool clock_take(struct str *text, char expected);
static bool clock_take_date(struct str *text, struct clock_date *ret_date);
static bool clock_take_time(struct str *text, int64_t *ret_seconds);
static bool clock_take_fraction(struct str *text, int64_t *ret_us);
static bool clock_take_zone(struct str *text, int64_t *ret_offset_s);

int64_t
clock_mono_us(void)
{
    if (atomic_load(&clock_state.stopped)) {
        return atomic_load(&clock_state.mono_at_us);
    }
    return clock_system_us(CLOCK_MONOTONIC) + atomic_load(&clock_state.mono_ahead_us);
}

int64_t
clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

int64_t
clock_wall_us(void)
{
    if (atomic_load(&clock_state.stopped)) {
        return atomic_load(&clock_state.wall_at_us);
    }
    return clock_system_us(CLOCK_REALTIME) + atomic_load(&clock_state.wall_ahead_us);
}

int64_t
clock_wall_ms(void)
{
    return clock_floor_div(clock_wall_us(), 1000);
}

void
clock_stop(int64_t wall_ms)
{
    (void)pthread_mutex_lock(&clock_lock);
    atomic_store(&clock_state.mono_at_us, clock_mono_us());
    atomic_store(&clock_state.wall_at_us, wall_ms * 1000);
    atomic_store(&clock_state.stopped, true);
    clock_wake_all();
    (void)pthread_mutex_unlock(&clock_lock);
}

void
clock_run(void)
{
    (void)pthread_mutex_lock(&clock_lock);
    int64_t ahead_us = clock_mono_us() - clock_system_us(CLOCK_MONOTONIC);

    /* The monotonic clock may have been warped ahead, and then has to stay there; by whole
     * milliseconds, so that it ticks together with libuv's. */
    atomic_store(&clock_state.mono_ahead_us, ahead_us > 0 ? (ahead_us + 999) / 1000 * 1000 : 0);
    atomic_store(&clock_state.wall_ahead_us, 0);
    atomic_store(&clock_state.stopped, false);
    clock_wake_all();
    (void)pthread_mutex_unlock(&clock_lock);
}

void
clock_warp(int64_t by_ms)
{
    assert(by_ms >= 0);
    (void)pthread_mutex_lock(&clock_lock);
    if (atomic_load(&clock_state.stopped)) {
        atomic_fetch_add(&clock_state.mono_at_us, by_ms * 1000);
        atomic_fetch_add(&clock_state.wall_at_us, by_ms * 1000);
    } else {
        atomic_fetch_add(&clock_state.mono_ahead_us, by_ms * 1000);
        atomic_fetch_add(&clock_state.wall_ahead_us, by_ms * 1000);
    }
    clock_wake_all();
    (void)pthread_mutex_unlock(&clock_lock);
}

bool
clock_is_stopped(void)
{
    return atomic_load(&clock_state.stopped);
}

void
clock_watch(struct clock_watcher *watcher)
{
    (void)pthread_mutex_lock(&clock_lock);
    watcher->next = clock_watchers;
    clock_watchers = watcher;
    (void)pthread_mutex_unlock(&clock_lock);
}

void
clock_unwatch(struct clock_watcher *watcher)
{
    (void)pthread_mutex_lock(&clock_lock);
    for (struct clock_watcher **at = &clock_watchers; *at != NULL; at = &(*at)->next) {
        if (*at == watcher) {
            *at = watcher->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&clock_lock);
}

struct str
clock_text(int64_t wall_ms, char text[CLOCK_TEXT_SIZE])
{
    int64_t seconds = clock_floor_div(wall_ms, 1000);
    char *end = clock_put_second(text, seconds);

    *end++ = 'Z';
    *end = '\0';
    return (struct str){ text, (size_t)(end - text) };
}

struct str
clock_text_micro(int64_t wall_us, char text[CLOCK_TEXT_SIZE])
{
    int64_t seconds = clock_floor_div(wall_us, 1000000);
    char *end = clock_put_second(text, seconds);

    *end++ = '.';
    end = clock_put_digits(end, (int)((wall_us % 1000000 + 1000000) % 1000000), 6);
    *end++ = 'Z';
    *end = '\0';
    return (struct str){ text, (size_t)(end - text) };
}

int
clock_parse(struct str text, int64_t *ret_wall_us)
{
    struct clock_date date = { 0 };
    int64_t seconds = 0;
    int64_t fraction_us = 0;
    int64_t offset_s = 0;

    if (!clock_take_date(&text, &date) || !clock_take(&text, 'T') ||
        !clock_take_time(&text, &seconds) || !clock_take_fraction(&text, &fraction_us) ||
        !clock_take_zone(&text, &offset_s) || text.size > 0) {
        return -1;
    }
    seconds += clock_days_of(date) * 86400 - offset_s;
    *ret_wall_us = seconds * 1000000 + fraction_us;
    return 0;
}

static int64_t
clock_system_us(clockid_t which)
{
    struct timespec now = { 0 };

    (void)clock_gettime(which, &now); /* fails only for a bad argument */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
clock_wake_all(void)
{
    for (struct clock_watcher *watcher = clock_watchers; watcher != NULL; watcher = watcher->next) {
        watcher->wake(watcher);
    }
}

static int64_t
clock_floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Date and time up to the second; returns where to go on. */
static char *
clock_put_second(char *text, int64_t seconds)
{
    int64_t days = clock_floor_div(seconds, 86400);
    int in_day = (int)(seconds - days * 86400);
    struct clock_date date = clock_date_of(days);
    int64_t year = date.year < 0 ? -date.year : date.year;
    size_t digits = 4;

    /* 64 bits of microseconds reach six digits and a sign, those of milliseconds nine. */
    for (int64_t rest = year / 10000; rest > 0; rest /= 10) {
        digits++;
    }
    if (date.year < 0) {
        *text++ = '-';
    }
    text = clock_put_digits(text, (int)year, digits);
    *text++ = '-';
    text = clock_put_digits(text, date.month, 2);
    *text++ = '-';
    text = clock_put_digits(text, date.day, 2);
    *text++ = 'T';
    text = clock_put_digits(text, in_day / 3600, 2);
    *text++ = ':';
    text = clock_put_digits(text, in_day / 60 % 60, 2);
    *text++ = ':';
    return clock_put_digits(text, in_day % 60, 2);
}

static char *
clock_put_digits(char *text, int number, size_t digits)
{
    for (size_t i = digits; i > 0; i--) {
        text[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    return text + digits;
}

/* Days since 1970-01-01 to a Gregorian date, by eras of 400 years that begin on 1 March, so that
 * the leap day comes last in its year. */
static struct clock_date
clock_date_of(int64_t days)
{
    int64_t shifted = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
    int64_t era = clock_floor_div(shifted, 146097);
    int64_t in_era = shifted - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153; /* from March */

    return (struct clock_date){
        .year = year + era * 400 + (month >= 10),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(in_year - (153 * month + 2) / 5 + 1),
    };
}

static int64_t
clock_days_of(struct clock_date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = clock_floor_div(year, 400);
    int64_t in_era = year - era * 400;
    int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t in_year = (153 * month + 2) / 5 + date.day - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static int
clock_days_in(int month, int year)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool
clock_take_number(struct str *text, size_t digits_min, size_t digits_max, int *ret)
{
    size_t digits = 0;
    int value = 0;

    while (digits < digits_max && digits < text->size && text->at[digits] >= '0' &&
           text->at[digits] <= '9') {
        value = value * 10 + (text->at[digits] - '0');
        digits++;
    }
    if (digits < digits_min) {
        return false;
    }
    *text = (struct str){ text->at + digits, text->size - digits };
    *ret = value;
    return true;
}

static bool
clock_take(struct str *text, char expected)
{
    if (text->size == 0 || text->at[0] != expected) {
        return false;
    }
    *text = (struct str){ text->at + 1, text->size - 1 };
    return true;
}

static bool
clock_take_date(struct str *text, struct clock_date *ret_date)
{
    int year = 0;

    if (!clock_take_number(text, 4, 4, &year) || !clock_take(text, '-') ||
        !clock_take_number(text, 2, 2, &ret_date->month) || !clock_take(text, '-') ||
        !clock_take_number(text, 2, 2, &ret_date->day)) {
        return false;
    }
    ret_date->year = year;
    return ret_date->month >= 1 && ret_date->month <= 12 && ret_date->day >= 1 &&
           ret_date->day <= clock_days_in(ret_date->month, year);
}

/* Seconds since midnight. Go's layout takes an hour of one digit too. */
static bool
clock_take_time(struct str *text, int64_t *ret_seconds)
{
    int hour = 0;
    int minute = 0;
    int second = 0;

    if (!clock_take_number(text, 1, 2, &hour) || !clock_take(text, ':') ||
        !clock_take_number(text, 2, 2, &minute) || !clock_take(text, ':') ||
        !clock_take_number(text, 2, 2, &second)) {
        return false;
    }
    *ret_seconds = (hour * 60 + minute) * 60 + second;
    return hour <= 23 && minute <= 59 && second <= 59;
}

/* Go accepts a fraction of any length after the seconds, behind a point or a comma, although the
 * layout names none. */
static bool
clock_take_fraction(struct str *text, int64_t *ret_us)
{
    int64_t unit_us = 100000;
    int digit = 0;

    if (!clock_take(text, '.') && !clock_take(text, ',')) {
        return true;
    }
    if (!clock_take_number(text, 1, 1, &digit)) {
        return false;
    }
    do {
        *ret_us += digit * unit_us;
        unit_us /= 10;
    } while (clock_take_number(text, 1, 1, &digit));
    return true;
}

static bool
clock_take_zone(struct str *text, int64_t *ret_offset_s)
{
    int sign = clock_take(text, '+') ? 1 : -1;
    int hours = 0;
    int minutes = 0;

    if (sign < 0 && clock_take(text, 'Z')) {
        return true;
    }
    if (sign < 0 && !clock_take(text, '-')) {
        return false;
    }
    /* Go allows offsets of 24 hours and 60 minutes, "as some people do write" them. */
    if (!clock_take_number(text, 2, 2, &hours) || !clock_take(text, ':') ||
        !clock_take_number(text, 2, 2, &minutes) || hours > 24 || minutes > 60) {
        return false;
    }
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}
