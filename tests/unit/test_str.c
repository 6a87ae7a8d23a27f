/* base/str: slices, numbers, the text builder and its bound. */
#include "config.h" /* IWYU pragma: keep */

#include "base/str.h"

#include "base/mem.h"
#include "tests/lib/unit.h"

static void
test_compare(void **state)
{
    (void)state;
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_int_equal(str_cmp((struct str){ 0 }, STR("")), 0);
    assert_true(str_eq((struct str){ 0 }, STR("")));
    assert_true(str_is(STR("pod"), "pod"));
    assert_false(str_is(STR("pod"), "pods"));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
}

static void
test_search(void **state)
{
    (void)state;
    assert_true(str_has_prefix(STR("/registry/core"), STR("/registry/")));
    assert_false(str_has_prefix(STR("/reg"), STR("/registry/")));
    assert_true(str_has_suffix(STR("a.yaml"), STR(".yaml")));
    assert_true(str_has_suffix((struct str){ 0 }, STR("")));
    assert_false(str_has_suffix(STR("yaml"), STR(".yaml")));
    assert_true(str_contains(STR("kube-system"), STR("e-s")));
    assert_false(str_contains(STR("kube"), STR("kubes")));
    assert_true(str_contains((struct str){ 0 }, (struct str){ 0 }));
    assert_true(str_is(str_trim(STR(" \t x y\r\n")), "x y"));
    assert_int_equal(str_trim(STR(" \n ")).size, 0);
}

static void
test_cut_and_split(void **state)
{
    (void)state;
    struct str rest = { 0 };
    struct str items[4];

    assert_true(str_is(str_cut(STR("a=b=c"), '=', &rest), "a"));
    assert_true(str_is(rest, "b=c"));
    assert_true(str_is(str_cut(STR("abc"), '=', &rest), "abc"));
    assert_null(rest.at);
    assert_true(str_is(str_cut(STR("a="), '=', &rest), "a"));
    assert_non_null(rest.at);
    assert_int_equal(rest.size, 0);

    assert_int_equal(str_split(STR("a,,b"), ',', items, 4), 3);
    assert_int_equal(items[1].size, 0);
    assert_true(str_is(items[2], "b"));
    assert_int_equal(str_split(STR("a,"), ',', items, 4), 2);
    assert_int_equal(str_split(STR(""), ',', items, 4), 1);
    assert_int_equal(str_split(STR("a,b,c"), ',', items, 2), 2);
    assert_true(str_is(items[1], "b,c"));
}

static void
test_numbers(void **state)
{
    (void)state;
    int64_t value = 0;
    uint64_t natural = 0;

    assert_true(str_to_int(STR("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(str_to_int(STR("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    value = 5;
    assert_false(str_to_int(STR("9223372036854775808"), &value));
    assert_false(str_to_int(STR("-9223372036854775809"), &value));
    assert_false(str_to_int(STR(""), &value));
    assert_false(str_to_int(STR("-"), &value));
    assert_false(str_to_int(STR("+1"), &value));
    assert_false(str_to_int(STR("1 "), &value));
    assert_int_equal(value, 5);
    assert_true(str_to_uint(STR("18446744073709551615"), &natural));
    assert_true(natural == UINT64_MAX);
    assert_false(str_to_uint(STR("18446744073709551616"), &natural));
    assert_false(str_to_uint(STR("-1"), &natural));
}

static void
test_hash(void **state)
{
    (void)state;
    assert_true(str_hash(STR("a")) != str_hash(STR("b")));
    assert_true(str_hash(STR("")) != str_hash(STR("\0")));
    assert_true(str_hash(STR("12345678a")) == str_hash(STR("12345678a")));
    assert_true(str_hash(STR("a2345678b")) != str_hash(STR("b2345678a")));
}

static void
test_builder(void **state)
{
    (void)state;
    AUTO_STR struct str_builder text = { 0 };
    char wide[600];

    memset(wide, 'w', sizeof(wide));
    str_put(&text, (struct str){ 0 });
    str_putz(&text, "pods ");
    str_putc(&text, '"');
    str_putf(&text, "%s\" %d", "web-1", 42);
    assert_true(str_is(str_view(&text), "pods \"web-1\" 42"));
    str_putf(&text, "%.*s", (int)sizeof(wide), wide); /* longer than the formatting buffer */
    assert_int_equal(str_view(&text).size, 15 + sizeof(wide));
    AUTO_FREE char *stolen = str_steal(&text);

    assert_int_equal(strlen(stolen), 15 + sizeof(wide));
    assert_int_equal(text.size, 0);
    AUTO_FREE char *nothing = str_steal(&text);

    assert_string_equal(nothing, "");
    AUTO_FREE char *copy = str_dup(STR("a\0b"));

    assert_memory_equal(copy, "a\0b", 4);
}

static void
test_builder_is_bounded(void **state)
{
    (void)state;
    AUTO_STR struct str_builder text = { .max = 5 };

    str_putz(&text, "abc");
    assert_false(text.overflow);
    str_putz(&text, "defg");
    assert_true(text.overflow);
    str_putz(&text, "x");
    str_putc(&text, 'y');
    assert_true(str_is(str_view(&text), "abcde"));
    str_done(&text);
    assert_false(text.overflow);
    for (int i = 0; i < 6; i++) {
        str_putc(&text, 'z');
    }
    assert_true(text.overflow);
    assert_true(str_is(str_view(&text), "zzzzz"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_cut_and_split),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_builder),
        cmocka_unit_test(test_builder_is_bounded),
    };

    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
