/* base/doc_write and base/doc_canon: text as Go's encoding/json writes it. */
#include "config.h" /* IWYU pragma: keep */

#include <float.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/doc.h"
#include "base/err.h"

#include "tests/lib/unit.h"

static void
assert_str(struct str s, const char *expected)
{
    AUTO_FREE char *text = mem_strndup(s.at, s.size);

    assert_string_equal(text, expected);
}

static void
test_commas_and_colons(void **state)
{
    (void)state;
    AUTO(jw_cleanup) struct jw w;

    jw_init(&w, NULL);
    jw_obj(&w);
    jw_keyz(&w, "a");
    jw_arr(&w);
    jw_end(&w);
    jw_keyz(&w, "b");
    jw_arr(&w);
    jw_int(&w, INT64_MIN);
    jw_uint(&w, UINT64_MAX);
    jw_bool(&w, true);
    jw_null(&w);
    jw_obj(&w);
    jw_end(&w);
    jw_raw(&w, STR("{ }"));
    jw_end(&w);
    jw_kv(&w, "empty", (struct str){ 0 });
    jw_kvz(&w, "c", "x");
    jw_kint(&w, "d", -7);
    jw_kbool(&w, "e", false);
    jw_keyz(&w, "f");
    jw_val(&w, (struct val){ 0 });
    jw_end(&w);
    assert_str(jw_done(&w), "{\"a\":[],\"b\":[-9223372036854775808,18446744073709551615,true,null,"
                            "{},{ }],\"c\":\"x\",\"d\":-7,\"e\":false,\"f\":null}");
    struct buf *buf = jw_buf(&w);
    assert_int_equal(buf->size, jw_size(&w));
    buf_unref(buf);
}

static const struct {
    struct str text;
    const char *json;
} strings[] = {
    { { "", 0 }, "\"\"" },
    { { NULL, 0 }, "\"\"" },
    { { "seven b", 7 }, "\"seven b\"" },
    { { "eight by", 8 }, "\"eight by\"" },
    { { "more than eight bytes", 21 }, "\"more than eight bytes\"" },
    { { "12345678<>&", 11 }, "\"12345678\\u003c\\u003e\\u0026\"" },
    { { "\"\\/", 3 }, "\"\\\"\\\\/\"" },
    { { "\b\f\n\r\t", 5 }, "\"\\b\\f\\n\\r\\t\"" },
    { { "\0\x01\x1f\x7f", 4 }, "\"\\u0000\\u0001\\u001f\x7f\"" },
    { { "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 9 }, "\"\\u2028\\u2029\xe2\x80\xaa\"" },
    { { "caf\xc3\xa9 \xf0\x9f\x98\x80", 10 }, "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"" },
    { { "a\xff\xc3", 3 }, "\"a\\ufffd\\ufffd\"" },
    { { "\xed\xa0\x80", 3 }, "\"\\ufffd\\ufffd\\ufffd\"" },
};

static void
test_strings_are_escaped_as_go_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct jw w;

        jw_init(&w, arena);
        jw_str(&w, strings[i].text);
        assert_str(jw_done(&w), strings[i].json);
    }
}

static const struct {
    double d;
    const char *json;
} numbers[] = {
    { 0, "0" },
    { -0.0, "-0" },
    { 1, "1" },
    { -1.5, "-1.5" },
    { 0.1, "0.1" },
    { 100, "100" },
    { 123456.789, "123456.789" },
    { 1e-6, "0.000001" },
    { 1.5e-6, "0.0000015" },
    { 9.99e-7, "9.99e-7" },
    { 1e-9, "1e-9" },
    { 1e-10, "1e-10" },
    { 1e20, "100000000000000000000" },
    { 1e21, "1e+21" },
    { 1.5e300, "1.5e+300" },
    { 9007199254740993.0, "9007199254740992" },
    { 5e-324, "5e-324" },
    { DBL_MAX, "1.7976931348623157e+308" },
    { DBL_MIN, "2.2250738585072014e-308" },
    { 1.0 / 3, "0.3333333333333333" },
    { 0x1p-44, "5.684341886080802e-14" },
    { 0x1p-1022, "2.2250738585072014e-308" },
    { 9.5367431640625e-07, "9.5367431640625e-7" },
};

static void
test_numbers_are_the_shortest(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        AUTO(jw_cleanup) struct jw w;

        jw_init(&w, NULL);
        jw_num(&w, numbers[i].d);
        assert_str(jw_done(&w), numbers[i].json);
    }
}

static void
test_long_texts_and_formats(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_FREE char *text = mem_new(5001);
    struct jw w;

    memset(text, 'x', 5000);
    jw_init(&w, arena);
    jw_printf(&w, "%s<%d>", text, 7);
    struct str json = jw_done(&w);
    assert_int_equal(json.size, 5000 + 15);
    assert_memory_equal(json.at + 5001, "\\u003c7\\u003e\"", 14);
}

/* ---- canonical form and equality ---- */

static struct val
parse(struct arena *arena, const char *text)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, str_of(text), &err);

    assert_null(err);
    return doc_root(doc);
}

static void
test_canonical_is_what_go_prints_of_a_map(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { " { \"b\" : 1 , \"a\" : [ 1.0 , 2.50, 1e2 , -0 , -0.0 ] } ",
          "{\"a\":[1,2.5,100,0,-0],\"b\":1}" },
        { "{\"k\":1,\"a\":{},\"k\":2,\"k\":3}", "{\"a\":{},\"k\":3}" },
        { "{\"\\u006b\":1,\"k\":2}", "{\"k\":2}" },
        { "{\"b\":1,\"\":2,\"ab\":3,\"a\":4}", "{\"\":2,\"a\":4,\"ab\":3,\"b\":1}" },
        { "{\"\xc3\xa9\":1,\"z\":2}", "{\"z\":2,\"\xc3\xa9\":1}" },
        { "[9223372036854775807,9223372036854775808,12345678901234567890123]",
          "[9223372036854775807,9223372036854776000,1.2345678901234568e+22]" },
        { "\"\\/\\u003c\\ud800<\"", "\"/\\u003c\xef\xbf\xbd\\u003c\"" },
        { "[true,false,null]", "[true,false,null]" },
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct jw w;

        jw_init(&w, arena);
        jw_canonical(&w, parse(arena, pairs[i][0]));
        assert_str(jw_done(&w), pairs[i][1]);
    }
}

static void
test_equality_ignores_order_and_number_text(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "{\"a\":1,\"b\":[1,{}]}", "{ \"b\" : [ 1.0 , { } ] , \"a\" : 1e0 }", true },
        { "{\"a\":1,\"a\":2}", "{\"a\":2}", true },
        { "{\"a\":1,\"a\":2}", "{\"a\":1}", false },
        { "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
        { "{\"a\":1}", "{\"b\":1}", false },
        { "[1,2]", "[2,1]", false },
        { "[1,2]", "[1,2,3]", false },
        { "\"\\u0041\"", "\"A\"", true },
        { "\"a\"", "\"b\"", false },
        { "9007199254740993", "9007199254740992", false },
        { "1", "true", false },
        { "null", "null ", true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct val a = parse(arena, cases[i].a), b = parse(arena, cases[i].b);

        assert_int_equal(val_eq(a, b), cases[i].equal);
        assert_int_equal(val_eq(b, a), cases[i].equal);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_and_colons),
        cmocka_unit_test(test_strings_are_escaped_as_go_does),
        cmocka_unit_test(test_numbers_are_the_shortest),
        cmocka_unit_test(test_long_texts_and_formats),
        cmocka_unit_test(test_canonical_is_what_go_prints_of_a_map),
        cmocka_unit_test(test_equality_ignores_order_and_number_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
