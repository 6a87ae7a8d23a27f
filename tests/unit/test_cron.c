/* Schedules: what they name next, and what is refused, in the words of robfig/cron. */
#include "config.h"

#include "tests/lib/unit.h"

#include "api/cron.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"

static int64_t
seconds(const char *time)
{
    int64_t us = 0;
    assert_int_equal(clock_parse(str_of(time), &us), 0);
    return us / 1000000;
}

static void
test_next(void **state)
{
    static const struct {
        const char *schedule, *after, *next; /* next NULL: never */
    } rows[] = {
        { "* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z" },
        { "* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z" },
        { "*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z" },
        { "30 6-16/4 * * 1-5", "2026-01-02T14:31:00Z", "2026-01-05T06:30:00Z" },
        { "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z" },
        { "0 0 31 2 *", "2026-01-01T00:00:00Z", NULL },
        { "59 23 31 12 *", "2026-12-31T23:58:59Z", "2026-12-31T23:59:00Z" },
        { "0 12 13 * fri", "2026-03-01T00:00:00Z", "2026-03-06T12:00:00Z" }, /* either */
        { "0 12 13 * *", "2026-03-01T00:00:00Z", "2026-03-13T12:00:00Z" },
        { "0 12 */2 * fri", "2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z" }, /* no star */
        { "0 0 ? jan-mar SUN", "2026-02-27T00:00:00Z", "2026-03-01T00:00:00Z" },
        { "5,10 1 * * *", "2026-01-01T01:05:00Z", "2026-01-01T01:10:00Z" },
        { "10/20 * * * *", "2026-01-01T00:31:00Z", "2026-01-01T00:50:00Z" },
        { "@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z" },
        { "@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
        { "@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z" },
        { "@every 1h30m", "2026-01-01T00:00:05Z", "2026-01-01T01:30:05Z" },
        { "@every 1ms", "2026-01-01T00:00:05Z", "2026-01-01T00:00:06Z" },
        { "TZ=UTC @daily", "2026-01-01T10:00:00Z", "2026-01-02T00:00:00Z" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct cron cron;
        const char *wrong = cron_parse(str_of(rows[i].schedule), arena, &cron);
        if (wrong != NULL) {
            fail_msg("%s: %s", rows[i].schedule, wrong);
        }
        int64_t next = cron_next(&cron, seconds(rows[i].after));
        int64_t wanted = rows[i].next == NULL ? 0 : seconds(rows[i].next);
        if (next != wanted) {
            fail_msg("%s after %s: %lld, wanted %lld", rows[i].schedule, rows[i].after,
                     (long long)next, (long long)wanted);
        }
    }
}

static void
test_refusals(void **state)
{
    static const char *const rows[][2] = {
        { "", "empty spec string" },
        { "x", "expected exactly 5 fields, found 1: [x]" },
        { "* * * *  * *", "expected exactly 5 fields, found 6: [* * * * * *]" },
        { "60 * * * *", "end of range (60) above maximum (59): 60" },
        { "* * 0 * *", "beginning of range (0) below minimum (1): 0" },
        { "5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1" },
        { "1-2-3 * * * *", "too many hyphens: 1-2-3" },
        { "1/2/3 * * * *", "too many slashes: 1/2/3" },
        { "*/0 * * * *", "step of range should be a positive number: */0" },
        { "a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax" },
        { "@never", "unrecognized descriptor: @never" },
        { "@every x", "failed to parse duration @every x: time: invalid duration \"x\"" },
        { "TZ=Nowhere * * * * *", "provided bad location Nowhere: unknown time zone Nowhere" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct cron cron;
        const char *wrong = cron_parse(str_of(rows[i][0]), arena, &cron);
        assert_string_equal(wrong == NULL ? "" : wrong, rows[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_next),
                                        cmocka_unit_test(test_refusals) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
