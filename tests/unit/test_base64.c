/* Base64 as Go's StdEncoding. */
#include "config.h"

#include "tests/lib/unit.h"

#include "base/arena.h"
#include "base/base64.h"

static void
test_round(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct str bytes = { 0 };
        assert_true(str_is(base64_encode(str_of(pairs[i][0]), arena), pairs[i][1]));
        assert_int_equal(base64_decode(str_of(pairs[i][1]), arena, &bytes, NULL), 0);
        assert_true(str_is(bytes, pairs[i][0]));
        assert_true(base64_is_canonical(str_of(pairs[i][1])));
    }
    struct str bytes = { 0 };
    assert_int_equal(base64_decode(STR("Zm\r\n9v\n"), arena, &bytes, NULL), 0);
    assert_true(str_is(bytes, "foo"));
    assert_false(base64_is_canonical(STR("Zm\n9v")));
    assert_false(base64_is_canonical(STR("Zh==")));
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at; /* what Go's CorruptInputError names */
    } bad[] = { { "!", 0 },     { "Zg=", 3 },   { "Zg", 0 },   { "Z", 0 },
                { "Zm9v!", 4 }, { "Zg==x", 4 }, { "Z===", 1 }, { "=", 0 } };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct str bytes = { 0 };
        size_t at = 99;
        assert_int_equal(base64_decode(str_of(bad[i].text), arena, &bytes, &at), -1);
        assert_int_equal(at, bad[i].at);
    }
}

static void
test_url(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "\xfb\xff\xfe", "-__-" },
    };
    static const char *const bad[] = { "Zg==", "Zh", "Z", "+//+", "Zm\n9" };
    AUTO_ARENA struct arena *arena = arena_new();
    struct str bytes = { 0 };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_true(str_is(base64_encode_url(str_of(pairs[i][0]), arena), pairs[i][1]));
        assert_int_equal(base64_decode_url(str_of(pairs[i][1]), arena, &bytes), 0);
        assert_true(str_is(bytes, pairs[i][0]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(base64_decode_url(str_of(bad[i]), arena, &bytes), -1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
