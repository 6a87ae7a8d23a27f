/* The sanitizer of foreign text, columns, wrapping. */
#include "config.h"

#include "tests/lib/unit.h"

#include <locale.h>

#include "ui/text.h"

static void
expect_clean(const char *in, const char *want)
{
    AUTO_STR struct str_builder out = { 0 };

    text_clean(&out, str_of(in), true);
    str_putc(&out, '\0');
    assert_string_equal(out.at, want);
    assert_int_equal(text_is_clean(str_of(in)), strcmp(in, want) == 0 && strchr(in, '\n') == NULL);
}

static void
test_escapes(void **state)
{
    (void)state;
    expect_clean("plain", "plain");
    expect_clean("\x1b[1;31mred\x1b[0m!", "red!");
    expect_clean("\x1b]0;title\x07x", "x");
    expect_clean("\x1b]52;c;ZXZpbA==\x1b\\x", "x");
    expect_clean("\x1bP1$r\x1b\\ok", "ok");
    expect_clean("\x1b(Bok\x1b=\x1b"
                 "7",
                 "ok");
    expect_clean("cut\x1b", "cut");
    expect_clean("cut\x1b[12", "cut");
    /* A string that is never closed ends with its line. */
    expect_clean("a\x1b]0;never\nb", "a\nb");
    /* An escape before a character that is none of a sequence does not swallow it. */
    expect_clean("\x1b\xe4\xb8\xad", "\xe4\xb8\xad");
}

static void
test_controls(void **state)
{
    (void)state;
    expect_clean("a\tb", "a       b");
    expect_clean("a\r\nb\rc\b\x7f", "a\nbc");
    expect_clean("\xe2\x80\xaeright\xe2\x80\xac\xe2\x81\xa6", "right");
    expect_clean("\xc2\x9b"
                 "31m",
                 "31m");
    expect_clean("\xff\xc0\xaf\xed\xa0\x80",
                 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void
test_widths(void **state)
{
    (void)state;
    int used = 0;

    assert_int_equal(text_width(STR("abc")), 3);
    assert_int_equal(text_width(STR("\xe4\xb8\xad\xe6\x96\x87")), 4);
    assert_int_equal(text_width(STR("e\xcc\x81")), 1);
    assert_int_equal(text_width(STR("\xe2\x80\x8b")), 0);
    assert_int_equal(text_fit(STR("\xe4\xb8\xad\xe6\x96\x87"), 3, &used), 3);
    assert_int_equal(used, 2);
}

static void
test_wrap(void **state)
{
    (void)state;
    struct str line = STR("abcdefgh");

    assert_int_equal(text_wrap_len(line, 3), 3);
    assert_true(str_is(text_wrap_row(line, 3, 0), "abc"));
    assert_true(str_is(text_wrap_row(line, 3, 2), "gh"));
    assert_int_equal(text_wrap_row(line, 3, 3).size, 0);
    assert_int_equal(text_wrap_len(STR(""), 3), 1);
    /* One column is too narrow for a wide character: one a row, never an endless loop. */
    assert_int_equal(text_wrap_len(STR("\xe4\xb8\xad\xe6\x96\x87"), 1), 2);
    assert_int_equal(text_wrap_len(line, 0), 8);
}

static void
test_encode_round(void **state)
{
    (void)state;
    static const uint32_t runes[] = { 'a', 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };

    for (size_t i = 0; i < sizeof(runes) / sizeof(runes[0]); i++) {
        char bytes[4];
        size_t at = 0, size = text_encode(runes[i], bytes);
        assert_int_equal(text_next(str_slice(bytes, size), &at), runes[i]);
        assert_int_equal(at, size);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),      cmocka_unit_test(test_controls),
        cmocka_unit_test(test_widths),       cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_encode_round),
    };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
