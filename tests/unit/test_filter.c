/* The filter grammar. */
#include "config.h"

#include "tests/lib/unit.h"

#include "ui/filter.h"

/* A row: NAME web-1, RESTARTS 3, AGE 300 s, MEMORY 64Mi. */
static struct filter_cell
cell(const void *ctx, struct str name)
{
    (void)ctx;
    if (str_eq_nocase(name, STR("name"))) {
        return (struct filter_cell){ STR("web-1"), FILTER_TEXT, 0 };
    }
    if (str_eq_nocase(name, STR("restarts"))) {
        return (struct filter_cell){ STR("3"), FILTER_NUMBER, 3 };
    }
    if (str_eq_nocase(name, STR("age"))) {
        return (struct filter_cell){ STR(""), FILTER_SECONDS, 300 };
    }
    if (str_eq_nocase(name, STR("memory"))) {
        return (struct filter_cell){ STR("64Mi"), FILTER_NUMBER, 64 << 20 };
    }
    return (struct filter_cell){ 0 };
}

static void
expect(const char *text, bool want)
{
    struct filter_row row = { "web-1 shop Running 3 64Mi 10.0.0.1:80", NULL, cell };
    struct filter *filter = filter_new(str_of(text));

    if (filter_matches(filter, &row) != want) {
        print_message("# %s\n", text);
    }
    assert_int_equal(filter_matches(filter, &row), want);
    filter_free(filter);
}

static void
test_terms(void **state)
{
    (void)state;
    expect("", true);
    expect("web", true);
    expect("WEB", true);
    expect("w.b-[0-9]", true);
    expect("^shop", false);
    expect("web run", true);
    expect("web failed", false);
    expect("failed|running", true);
    expect("!web", false);
    expect("!failed web", true);
    expect("-f wr64", true);
    expect("-f zz", false);
    expect("-f wsr web-1", true);
}

static void
test_columns(void **state)
{
    (void)state;
    expect("name:web", true);
    expect("name:shop", false);
    expect("!name:^db", true);
    expect("restarts>2", true);
    expect("restarts>3", false);
    expect("restarts<4", true);
    expect("age>4m", true);
    expect("age<4m", false);
    expect("age>1d", false);
    expect("memory>50Mi", true);
    expect("memory>1Gi", false);
    expect("name>3", false);
    /* No such column: plain text with a colon. */
    expect("1:80", true);
    expect("x:80", false);
}

static void
test_half_typed(void **state)
{
    (void)state;
    expect("(", false);
    expect("web[", false);
    expect("!", false);
    expect("name:", false);
    expect("restarts>", false);
    /* Repetitions of repetitions would take regcomp ages. */
    expect("w+++++++++++++++++++++++++++++++++", false);
    expect("(a{99}){99}{99}", false);
    expect("w{1}e?b+", true);
    expect("(w)\\1", false);
    expect("-f", true);
    expect("-l", true);
}

static void
test_selector(void **state)
{
    (void)state;
    struct filter *filter = filter_new(STR(" run -l app=web, env in (a, b) "));

    assert_true(str_is(filter_selector(filter), "app=web, env in (a, b)"));
    assert_true(str_is(filter_text(filter), "run -l app=web, env in (a, b)"));
    filter_free(filter);
    assert_null(filter_new(STR("  ")));
}

static void
test_numbers(void **state)
{
    (void)state;
    double n = 0;

    assert_true(filter_number(STR("2d3h"), FILTER_SECONDS, &n));
    assert_true(n > 183599 && n < 183601);
    assert_false(filter_number(STR("2d3"), FILTER_SECONDS, &n));
    assert_false(filter_number(STR("d"), FILTER_SECONDS, &n));
    assert_false(filter_number(STR(""), FILTER_SECONDS, &n));
    assert_true(filter_number(STR("1500m"), FILTER_NUMBER, &n));
    assert_true(n > 1.49 && n < 1.51);
    assert_false(filter_number(STR("1/2"), FILTER_NUMBER, &n));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),      cmocka_unit_test(test_columns),
        cmocka_unit_test(test_half_typed), cmocka_unit_test(test_selector),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
