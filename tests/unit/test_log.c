/* base/log: shape of a line, escaping, levels, bound of a line, rate limit. */
#include "config.h" /* IWYU pragma: keep */

#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/lib/unit.h"

#define LOG_MODULE "test"

static FILE *sink;

static int
begin(void **state)
{
    (void)state;
    sink = tmpfile();
    log_fd(fileno(sink));
    clock_stop(INT64_C(1795503600123));
    return sink == NULL ? -1 : log_setup("info");
}

static int
end(void **state)
{
    (void)state;
    log_fd(STDERR_FILENO);
    clock_warp(2000); /* the next test has a fresh second */
    clock_run();
    return fclose(sink);
}

/* What was logged since begin; the caller frees it. */
static char *
logged(void)
{
    AUTO_STR struct str_builder text = { 0 };
    char part[4096];
    ssize_t size = 0;
    off_t at = 0;

    while ((size = pread(fileno(sink), part, sizeof(part), at)) > 0) {
        str_put(&text, str_slice(part, (size_t)size));
        at += size;
    }
    return str_steal(&text);
}

static void
test_line(void **state)
{
    (void)state;
    log_warn("store is slow ms=%d path=%s", 42, "/x");
    AUTO_FREE char *text = logged();

    assert_string_equal(text,
                        "2026-11-24T07:00:00.123000Z warn test store is slow ms=42 path=/x\n");
}

static void
test_hostile_text_is_escaped(void **state)
{
    (void)state;
    log_info("name=%s",
             "a\nb\x1b[2J\x7f\t\xff é\xc2\x9b\xe2\x80\xae \xed\xa0\x80\xc0\xaf€\xf0\x9f\x90\xb3");
    AUTO_FREE char *text = logged();

    assert_string_equal(text + strlen("2026-11-24T07:00:00.123000Z info test "),
                        "name=a\\nb\\x1b[2J\\x7f\\t\\xff é\\xc2\\x9b\\xe2\\x80\\xae "
                        "\\xed\\xa0\\x80\\xc0\\xaf€\xf0\x9f\x90\xb3\n");
}

static void
test_levels(void **state)
{
    (void)state;
    assert_true(log_is_on(LOG_LEVEL_INFO, "any"));
    assert_false(log_is_on(LOG_LEVEL_DEBUG, "any"));
    log_debug("not seen");
    assert_int_equal(log_setup("warn, test=debug,loop=error"), 0);
    assert_false(log_is_on(LOG_LEVEL_INFO, "any"));
    assert_false(log_is_on(LOG_LEVEL_WARN, "loop"));
    log_debug("seen");
    assert_int_equal(log_setup("loud"), -1);
    assert_int_equal(log_setup("info,test=loud"), -1);
    assert_int_equal(log_setup("info,=debug"), -1);
    assert_int_equal(log_setup("info,,"), -1);
    assert_true(log_is_on(LOG_LEVEL_DEBUG, "test")); /* nothing has changed */
    AUTO_FREE char *text = logged();

    assert_null(strstr(text, "not seen"));
    assert_non_null(strstr(text, "debug test seen\n"));
}

static void
test_line_is_bounded(void **state)
{
    (void)state;
    char wide[9000];

    memset(wide, 'w', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    log_info("value=%s", wide);
    memset(wide, '\x01', sizeof(wide) - 1);
    log_info("value=%s", wide);
    AUTO_FREE char *text = logged();
    struct str rest = { 0 };
    struct str line = str_cut(str_of(text), '\n', &rest);

    assert_true(line.size >= 4000 && line.size < 4096);
    assert_true(str_has_suffix(line, STR("www...")));
    line = str_cut(rest, '\n', &rest);
    assert_true(line.size >= 4000 && line.size < 4096);
    assert_int_equal(rest.size, 0);
}

static void
test_rate_is_limited_per_module(void **state)
{
    (void)state;
    for (int i = 0; i < 130; i++) {
        log_info("flood");
    }
    log_write(LOG_LEVEL_INFO, "quiet", "heard");
    clock_warp(1000);
    log_info("after");
    AUTO_FREE char *text = logged();
    int lines = 0;

    for (const char *at = text; (at = strstr(at, "flood")) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 100);
    assert_non_null(strstr(text, "info quiet heard\n"));
    assert_non_null(strstr(text, "warn test lines left out count=30\n"));
    assert_non_null(strstr(text, "info test after\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_text_is_escaped, begin, end),
        cmocka_unit_test_setup_teardown(test_levels, begin, end),
        cmocka_unit_test_setup_teardown(test_line_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(test_rate_is_limited_per_module, begin, end),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
