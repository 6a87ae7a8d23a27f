/* Themes: reading, refusals, nearest colours, contrast of what is shipped. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "ui/theme.h"

static int
no_home(void **state)
{
    (void)state;
    /* The user's own files must not decide. */
    return setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
}

static void
test_shipped(void **state)
{
    (void)state;
    static const char *const names[] = { "default", "mono" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        AUTO_ERR struct err *err = NULL;
        struct theme theme;
        assert_int_equal(theme_load(&theme, names[i], &err), 0);
        assert_string_equal(theme.name, names[i]);
    }
}

/* Text must be readable on its own background and under the cursor, on a dark terminal. */
static void
test_contrast(void **state)
{
    (void)state;
    static const enum role overs[] = { ROLE_TEXT, ROLE_CURSOR };
    enum { TERMINAL = 0x1a1c22, PLAIN = 0xd0d4dc };
    AUTO_ERR struct err *err = NULL;
    struct theme theme;

    assert_int_equal(theme_load(&theme, "default", &err), 0);
    for (int role = 0; role < ROLE_LEN; role++) {
        for (size_t i = 0; i < 2; i++) {
            struct theme_style style = theme_style(&theme, (enum role)role, overs[i]);
            int32_t fg = style.fg == THEME_DEFAULT ? PLAIN : style.fg;
            int32_t bg = style.bg == THEME_DEFAULT ? TERMINAL : style.bg;
            bool is_bar = theme.styles[role].bg != THEME_DEFAULT && overs[i] == ROLE_CURSOR;
            if (is_bar) {
                continue; /* roles with a background never lie under the cursor */
            }
            if (theme_contrast(fg, bg) < 4.5) {
                print_message("# %s: %.2f\n", grid_role_name((enum role)role),
                              theme_contrast(fg, bg));
            }
            assert_true(theme_contrast(fg, bg) >= 4.5);
        }
    }
}

static void
test_refusals(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "roles: { nonsense: {} }", "unknown role 'nonsense'" },
        { "roles: { ok: { fg: red } }",
          "role 'ok': colour 'red' is neither \"#rrggbb\" nor default" },
        { "roles: { ok: { fg16: pink } }", "role 'ok': 'pink' is no ANSI colour" },
        { "roles: { ok: { blink: true } }", "role 'ok': unknown key 'blink'" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_ERR struct err *err = NULL;
        struct theme theme = { .name = "kept" };
        assert_int_equal(theme_parse(&theme, str_of(cases[i][0]), &err), -1);
        assert_string_equal(err->message, cases[i][1]);
        assert_string_equal(theme.name, "kept");
    }
}

static void
test_missing(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    struct theme theme;

    assert_int_equal(theme_load(&theme, "nowhere", &err), -1);
    assert_string_equal(err->message, "no theme 'nowhere'");
    err_clear(&err);
    assert_int_equal(theme_load(&theme, "/nonexistent/x.theme", &err), -1);
    assert_string_equal(err->message, "open '/nonexistent/x.theme': No such file or directory");
}

static void
test_nearest(void **state)
{
    (void)state;
    assert_int_equal(theme_nearest_256(0xff0000), 196);
    assert_int_equal(theme_nearest_256(0x000000), 16);
    assert_int_equal(theme_nearest_256(0xffffff), 231);
    assert_int_equal(theme_nearest_256(0x808080), 244);
    assert_int_equal(theme_nearest_256(0x5f87af), 67);
    assert_int_equal(theme_nearest_16(0xff1010), 9);
    assert_int_equal(theme_nearest_16(0x101010), 0);
}

static void
test_style(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    struct theme theme;
    struct theme_style style;

    assert_int_equal(theme_parse(&theme,
                                 STR("name: x\nroles:\n  ok: {fg: \"#00ff00\", bold: true}\n"
                                     "  cursor: {bg: \"#000080\", bg16: blue, underline: true}\n"),
                                 &err),
                     0);
    style = theme_style(&theme, ROLE_OK, ROLE_CURSOR);
    assert_int_equal(style.fg, 0x00ff00);
    assert_int_equal(style.fg16, 10);
    assert_int_equal(style.bg, 0x000080);
    assert_int_equal(style.bg16, 4);
    assert_int_equal(style.attributes, THEME_BOLD | THEME_UNDERLINE);
    assert_int_equal(theme_style(&theme, ROLE_DIM, ROLE_TEXT).fg, THEME_DEFAULT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped),  cmocka_unit_test(test_contrast),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_nearest),  cmocka_unit_test(test_style),
    };

    return cmocka_run_group_tests(tests, no_home, NULL);
}
