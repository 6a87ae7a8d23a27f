/* Keys: sequences whole and cut into pieces, a lone escape, names. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>

#include "ui/keys.h"

struct probe {
    struct keys keys;
    struct str_builder seen;
};

static void
note(void *ctx, uint32_t key)
{
    struct probe *probe = ctx;
    char text[KEYS_NAME_SIZE];

    str_put(&probe->seen, keys_name(key, text));
    str_putc(&probe->seen, ' ');
}

/* Fed at once and byte by byte: the same keys. */
static void
expect_keys(struct str bytes, const char *want)
{
    for (int cut = 0; cut < 2; cut++) {
        struct probe probe = { 0 };
        for (size_t i = 0; i < bytes.size; i += cut == 0 ? bytes.size : 1) {
            keys_feed(&probe.keys, bytes.at + i, cut == 0 ? bytes.size : 1, note, &probe);
        }
        keys_flush(&probe.keys, note, &probe);
        assert_false(keys_is_pending(&probe.keys));
        str_putc(&probe.seen, '\0');
        assert_string_equal(probe.seen.at, want);
        str_done(&probe.seen);
    }
}

static void
test_plain(void **state)
{
    (void)state;
    expect_keys(STR("aN?"), "a shift-n ? ");
    expect_keys(STR("\x04\x1a\x1c\r\n\t\x7f\x08"),
                "ctrl-d ctrl-z ctrl-\\ enter enter tab backspace "
                "backspace ");
    expect_keys(((struct str){ "\0", 1 }), "ctrl-space ");
    expect_keys(STR("\xc3\xa9\xe4\xb8\xad"), "\xc3\xa9 \xe4\xb8\xad ");
    expect_keys(STR("\xff\xfe"
                    "a"),
                "a ");
}

static void
test_sequences(void **state)
{
    (void)state;
    expect_keys(STR("\x1b[A\x1bOB\x1b[1;2C\x1b[1;5D"), "up down shift-right ctrl-left ");
    expect_keys(STR("\x1b[5~\x1b[6~\x1b[3;5~\x1b[H\x1b[4~"), "pgup pgdn ctrl-del home end ");
    expect_keys(STR("\x1bOP\x1b[15~\x1b[24~\x1b[[A"), "f1 f5 f12 f1 ");
    expect_keys(STR("\x1b[Z"), "shift-tab ");
    expect_keys(STR("\x1b[110;6u"), "ctrl-shift-n ");
    expect_keys(STR("\x1bx\x1b\x04"), "alt-x ctrl-alt-d ");
}

static void
test_escape(void **state)
{
    (void)state;
    expect_keys(STR("\x1b"), "esc ");
    expect_keys(STR("\x1b\x1b"), "esc esc ");
    expect_keys(STR("\x1b\x1b[A"), "esc up ");
    expect_keys(STR("\x1b["), "alt-[ ");
}

static void
test_unknown(void **state)
{
    (void)state;
    /* Mouse, focus, replies of the terminal, and garbage are dropped whole. */
    expect_keys(STR("\x1b[<0;10;20M"
                    "a"),
                "a ");
    expect_keys(STR("\x1b[I\x1b[?62;1c\x1b[999~b"), "b ");
    expect_keys(STR("\x1b[99999999999999999999999999999999999999999999999999999999999999999999~"),
                "9 9 9 9 9 9 ~ ");
    expect_keys(STR("\x1b[1;\x01"
                    "a"),
                "a ");
}

static void
test_paste(void **state)
{
    (void)state;
    struct probe probe = { 0 };

    keys_feed(&probe.keys, "\x1b[200~q\x1b[201~", 13, note, &probe);
    str_putc(&probe.seen, '\0');
    assert_non_null(strstr(probe.seen.at, " q "));
    str_done(&probe.seen);
}

static void
test_names(void **state)
{
    (void)state;
    static const char *const names[] = { "ctrl-d",     "shift-n", "alt-x",   "space",
                                         "ctrl-space", "f12",     "pgup",    "shift-right",
                                         "?",          ":",       "ctrl-\\", "del",
                                         "-" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[KEYS_NAME_SIZE];
        uint32_t key = keys_parse(str_of(names[i]));
        assert_int_not_equal(key, KEYS_NONE);
        assert_true(str_is(keys_name(key, text), names[i]));
    }
    assert_int_equal(keys_parse(STR("shift-n")), 'N');
    assert_int_equal(keys_parse(STR("N")), 'N');
    assert_int_equal(keys_parse(STR("nokey")), KEYS_NONE);
    assert_int_equal(keys_parse(STR("")), KEYS_NONE);
    assert_int_equal(keys_parse(STR("f13")), KEYS_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),  cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_escape), cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_paste),  cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
