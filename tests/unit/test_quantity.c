/* Quantities: parsed, printed and kept as apimachinery does. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/duration.h"
#include "api/quantity.h"
#include "base/arena.h"

static void
test_canonical(void **state)
{
    (void)state;
    /* What kube-apiserver 1.35 answers for each. */
    static const char *const pairs[][2] = {
        { "0", "0" },
        { "0.5", "500m" },
        { "1", "1" },
        { "1000", "1k" },
        { "1500", "1500" },
        { "1500m", "1500m" },
        { "2000m", "2" },
        { "1024Mi", "1Gi" },
        { "1000Ki", "1000Ki" },
        { "1.5Gi", "1536Mi" },
        { "0.1", "100m" },
        { "1e3", "1e3" },
        { "1E3", "1E3" },
        { "1000e0", "1e3" },
        { "100m", "100m" },
        { "0.0000000001", "1n" },
        { "-1.5", "-1500m" },
        { "1.500", "1.500" },
        { "+5", "+5" },
        { "005", "005" },
        { "0.5Ki", "512" },
        { "1Ei", "1Ei" },
        { "16Ei", "9223372036854775807" },
        { "0.3Mi", "314572800m" },
        { "12345678901234567890", "12345678901234567890" },
        { "1.0", "1" },
        { "1k", "1k" },
        { "100000000000", "100G" },
        { "5.", "5." },
        { "0Mi", "0" },
        { "0.0", "0" },
        { "1023Mi", "1023Mi" },
        { "2048Ki", "2Mi" },
        { "Mi", "0" },
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[QUANTITY_TEXT_SIZE], got[QUANTITY_TEXT_SIZE * 2] = "";
        struct quantity q;
        assert_int_equal(quantity_parse(str_of(pairs[i][0]), &q), 0);
        struct str kept = quantity_kept(str_of(pairs[i][0]), q, text);
        memcpy(got, kept.at, kept.size);
        assert_string_equal(got, pairs[i][1]);
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "x", "1x", "1 ", "--1", "1.2.3", "Ei", "1KI", "1e", "1mm"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct quantity q;
        assert_int_equal(quantity_parse(str_of(bad[i]), &q), -1);
        assert_non_null(quantity_problem(str_of(bad[i])));
    }
    assert_string_equal(quantity_problem(STR("1mm")), "unable to parse quantity's suffix");
}

static int64_t
milli(const char *text)
{
    struct quantity q = { 0 };
    assert_int_equal(quantity_parse(str_of(text), &q), 0);
    return quantity_milli(q);
}

static void
test_amounts(void **state)
{
    (void)state;
    assert_int_equal(milli("100m"), 100);
    assert_int_equal(milli("1"), 1000);
    assert_int_equal(milli("1n"), 1);
    assert_int_equal(milli("-1n"), -1);
    struct quantity a, b;
    char text[QUANTITY_TEXT_SIZE];
    assert_int_equal(quantity_parse(STR("1Gi"), &a), 0);
    assert_int_equal(quantity_parse(STR("512Mi"), &b), 0);
    assert_true(str_is(quantity_text(quantity_add(a, b), text), "1536Mi"));
    assert_true(str_is(quantity_text(quantity_sub(a, b), text), "512Mi"));
    assert_int_equal(quantity_cmp(a, b), 1);
    assert_int_equal(quantity_value(b), 512 << 20);
    assert_int_equal(quantity_parse(STR("1e30"), &a), 0);
    assert_int_equal(quantity_value(a), INT64_MAX);
    assert_int_equal(quantity_parse(STR("333333333333333366666622226662222222230.8"), &a), 0);
    assert_int_equal(quantity_value(a), INT64_MAX);
}

static void
test_duration(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "0", "0s" },         { "1s", "1s" },          { "90s", "1m30s" },
        { "1h", "1h0m0s" },    { "1.5h", "1h30m0s" },   { "500ms", "500ms" },
        { "1500us", "1.5ms" }, { "-2m", "-2m0s" },      { "1h2m3.004s", "1h2m3.004s" },
        { "10ns", "10ns" },    { "1us", "1\xc2\xb5s" },
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        int64_t ns = 0;
        char text[DURATION_TEXT_SIZE];
        assert_int_equal(duration_parse(str_of(pairs[i][0]), &ns), 0);
        assert_true(str_is(duration_text(ns, text), pairs[i][1]));
    }
    static const char *const bad[] = { "", "1", "s", "1x", "1h 2m", ".s", "9999999h" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ns = 0;
        assert_int_equal(duration_parse(str_of(bad[i]), &ns), -1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
