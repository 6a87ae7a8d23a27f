/* base/clock: stop, warp, run; the two text forms; what Go's RFC 3339 parser accepts. */
#include "config.h" /* IWYU pragma: keep */

#include "base/clock.h"

#include "base/mem.h"
#include "tests/lib/unit.h"

static const int64_t day_us = INT64_C(86400000000);
static int woken;

static void
count_wake(struct clock_watcher *watcher)
{
    (void)watcher;
    woken++;
}

static void
test_stop_and_warp(void **state)
{
    (void)state;
    struct clock_watcher watcher = { .wake = count_wake };
    int64_t before_us = clock_mono_us();

    woken = 0;
    clock_watch(&watcher);
    clock_stop(INT64_C(1700000000000));
    int64_t mono_ms = clock_mono_ms();

    assert_true(clock_is_stopped());
    assert_true(clock_mono_us() >= before_us);
    assert_true(clock_wall_ms() == INT64_C(1700000000000));
    clock_warp(3600000);
    assert_true(clock_mono_ms() == mono_ms + 3600000);
    assert_true(clock_wall_ms() == INT64_C(1700003600000));
    assert_true(clock_wall_us() == INT64_C(1700003600000000));
    clock_run();
    assert_false(clock_is_stopped());
    assert_true(clock_mono_ms() >= mono_ms + 3600000);
    assert_true(clock_wall_ms() > INT64_C(1750000000000));
    assert_int_equal(woken, 3);
    clock_unwatch(&watcher);
    clock_warp(1);
    assert_int_equal(woken, 3);
}

static void
test_warp_of_running_clocks(void **state)
{
    (void)state;
    int64_t mono_ms = clock_mono_ms();
    int64_t wall_ms = clock_wall_ms();

    clock_warp(10000);
    assert_true(clock_mono_ms() >= mono_ms + 10000);
    assert_true(clock_wall_ms() >= wall_ms + 10000);
    clock_run();
    assert_true(clock_wall_ms() < wall_ms + 10000);
    assert_true(clock_mono_ms() >= mono_ms + 10000);
}

static void
test_text(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];

    assert_true(str_is(clock_text(0, text), "1970-01-01T00:00:00Z"));
    assert_true(str_is(clock_text(INT64_C(1795503600999), text), "2026-11-24T07:00:00Z"));
    assert_true(str_is(clock_text(-1, text), "1969-12-31T23:59:59Z"));
    assert_string_equal(text, "1969-12-31T23:59:59Z");
    assert_true(
        str_is(clock_text_micro(INT64_C(951782400000001), text), "2000-02-29T00:00:00.000001Z"));
    assert_true(str_is(clock_text_micro(-1, text), "1969-12-31T23:59:59.999999Z"));
    assert_true(str_is(clock_text(INT64_C(-62135596800000), text), "0001-01-01T00:00:00Z"));
    assert_true(str_is(clock_text(INT64_C(253402300800000), text), "10000-01-01T00:00:00Z"));
    assert_true(str_is(clock_text(INT64_C(-62198755200000), text), "-0001-01-01T00:00:00Z"));
    assert_true(clock_text(INT64_MAX, text).size < CLOCK_TEXT_SIZE);
    assert_true(clock_text(INT64_MIN, text).size < CLOCK_TEXT_SIZE);
    assert_true(clock_text_micro(INT64_MAX, text).size < CLOCK_TEXT_SIZE);
    assert_true(clock_text_micro(INT64_MIN, text).size < CLOCK_TEXT_SIZE);
}

static void
test_text_and_parse_agree_on_every_day(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    int64_t parsed_us = 0;

    for (int64_t day = -719528; day <= 2932896; day += 17) { /* year 0 to 9999 */
        int64_t wall_us = day * day_us + 12345678901 % day_us;

        assert_int_equal(clock_parse(clock_text_micro(wall_us, text), &parsed_us), 0);
        assert_true(parsed_us == wall_us);
    }
}

static void
test_parse_accepts_what_go_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        { "2026-11-24T07:00:00Z", INT64_C(1795503600000000) },
        { "2026-11-24T07:00:00.5Z", INT64_C(1795503600500000) },
        { "2026-11-24T07:00:00,25Z", INT64_C(1795503600250000) },
        { "2026-11-24T07:00:00.123456789Z", INT64_C(1795503600123456) },
        { "2026-11-24T08:30:00+01:30", INT64_C(1795503600000000) },
        { "2026-11-23T23:00:00.000000-08:00", INT64_C(1795503600000000) },
        { "2026-11-24T7:00:00Z", INT64_C(1795503600000000) },
        { "2026-11-25T07:00:00+24:00", INT64_C(1795503600000000) },
        { "0001-01-01T00:00:00Z", INT64_C(-62135596800000000) },
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000000) },
    };
    int64_t us = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(clock_parse(str_of(rows[i].text), &us), 0);
        assert_true(us == rows[i].us);
    }
}

static void
test_parse_refuses(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026-11-24",
        "2026-11-24 07:00:00Z",
        "2026-11-24T07:00:00",
        "2026-11-24t07:00:00Z",
        "2026-11-24T07:00:00z",
        "2026-11-24T07:00:00Z ",
        "2026-11-24T07:00:00.Z",
        "2026-11-24T07:00:60Z",
        "2026-11-24T24:00:00Z",
        "2026-13-24T07:00:00Z",
        "2026-00-24T07:00:00Z",
        "2026-11-31T07:00:00Z",
        "2026-11-00T07:00:00Z",
        "2025-02-29T07:00:00Z",
        "1900-02-29T07:00:00Z",
        "2026-11-24T07:00:00+0100",
        "2026-11-24T07:00:00+25:00",
        "2026-11-24T07:00:00+01:61",
        "26-11-24T07:00:00Z",
        "2026-11-24T07:0:00Z",
    };
    int64_t us = 42;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(clock_parse(str_of(rows[i]), &us), -1);
    }
    assert_int_equal(us, 42);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_and_warp),
        cmocka_unit_test(test_warp_of_running_clocks),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_and_parse_agree_on_every_day),
        cmocka_unit_test(test_parse_accepts_what_go_does),
        cmocka_unit_test(test_parse_refuses),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
