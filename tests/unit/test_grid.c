/* The cell grid: columns of wide and combining characters, hostile text, overlays, dumps. */
#include "config.h"

#include "tests/lib/unit.h"

#include <locale.h>

#include "ui/grid.h"

static struct grid grid;

static int
open_grid(void **state)
{
    (void)state;
    grid_init(&grid, 10, 3);
    return 0;
}

static int
close_grid(void **state)
{
    (void)state;
    grid_done(&grid);
    return 0;
}

static void
expect_text(const char *want)
{
    AUTO_STR struct str_builder out = { 0 };

    grid_dump_text(&grid, &out);
    str_putc(&out, '\0');
    assert_string_equal(out.at, want);
}

static void
expect_roles(const char *want)
{
    AUTO_STR struct str_builder out = { 0 };

    grid_dump_roles(&grid, &out);
    str_putc(&out, '\0');
    assert_string_equal(out.at, want);
}

static void
test_wide_and_combining(void **state)
{
    (void)state;
    assert_int_equal(grid_putz(&grid, 0, 0, 10,
                               "a\xe4\xb8\xad"
                               "e\xcc\x81z",
                               ROLE_OK),
                     5);
    assert_int_equal(grid_at(&grid, 1, 0)->width, 2);
    assert_int_equal(grid_at(&grid, 2, 0)->width, 0);
    assert_int_equal(grid_at(&grid, 3, 0)->marks[0], 0x301);
    expect_text("a\xe4\xb8\xad"
                "e\xcc\x81z\n\n\n");
    /* A wide character that would stick out by half is left out. */
    assert_int_equal(grid_putz(&grid, 0, 1, 2, "a\xe4\xb8\xad", ROLE_OK), 1);
    /* Overwriting one half blanks the other. */
    (void)grid_putz(&grid, 2, 0, 1, "x", ROLE_OK);
    expect_text("a xe\xcc\x81z\na\n\n");
    (void)grid_putz(&grid, 9, 2, 10, "\xe4\xb8\xad", ROLE_OK);
    expect_text("a xe\xcc\x81z\na\n\n");
}

static void
test_hostile(void **state)
{
    (void)state;
    /* Escape, C1, bidi override, zero width joiner, no UTF-8: nothing of it reaches a cell. */
    (void)grid_putz(&grid, 0, 0, 10, "\x1b[31m\xc2\x9b\xe2\x80\xae\xe2\x80\x8d\xff", ROLE_TEXT);
    for (int x = 0; x < 10; x++) {
        uint32_t rune = grid_at(&grid, x, 0)->rune;
        assert_true(rune == 0xfffd || (rune >= ' ' && rune < 0x7f));
    }
    /* Marks without end stay within one cell. */
    (void)grid_putz(&grid, 0, 1, 10, "o\xcc\x81\xcc\x82\xcc\x83\xcc\x84x", ROLE_TEXT);
    assert_int_equal(grid_at(&grid, 0, 1)->marks[1], 0x302);
    assert_int_equal(grid_at(&grid, 1, 1)->rune, 'x');
}

static void
test_fit_and_right(void **state)
{
    (void)state;
    (void)grid_put_fit(&grid, 0, 0, 5, STR("abcdefgh"), ROLE_TEXT);
    (void)grid_put_fit(&grid, 6, 0, 4, STR("1234"), ROLE_TEXT);
    grid_put_right(&grid, 0, 1, 6, STR("42"), ROLE_TEXT);
    grid_put_right(&grid, 0, 2, 3, STR("12345"), ROLE_TEXT);
    expect_text("abcd\xe2\x80\xa6 1234\n    42\n12\xe2\x80\xa6\n");
}

static void
test_clip(void **state)
{
    (void)state;
    (void)grid_putz(&grid, 8, 0, 100, "abc", ROLE_TEXT);
    (void)grid_putz(&grid, -1, 1, 100, "abc", ROLE_TEXT);
    (void)grid_putz(&grid, 0, 7, 100, "abc", ROLE_TEXT);
    grid_box(&grid, (struct grid_rect){ 8, 1, 40, 40 }, ROLE_BORDER);
    grid_fill(&grid, (struct grid_rect){ -5, -5, 2, 2 }, ROLE_OK);
    expect_text("        ab\nbc      \xe2\x95\xad\xe2\x94\x80\n        \xe2\x94\x82\n");
}

static void
test_roles(void **state)
{
    (void)state;
    (void)grid_putz(&grid, 0, 0, 10, "ab", ROLE_OK);
    (void)grid_putz(&grid, 3, 0, 10, "c", ROLE_ERROR);
    grid_over(&grid, (struct grid_rect){ 3, 0, 2, 2 }, ROLE_CURSOR);
    expect_roles("oo.CC\n...CC\n\n");
    /* New text takes the overlay away. */
    (void)grid_putz(&grid, 3, 0, 10, "cd", ROLE_WARN);
    expect_roles("oo.ww\n...CC\n\n");
}

static void
test_ascii(void **state)
{
    (void)state;
    grid.is_ascii = true;
    (void)grid_put_fit(&grid, 0, 0, 3, STR("abcdefgh"), ROLE_TEXT);
    grid_box(&grid, (struct grid_rect){ 4, 0, 4, 3 }, ROLE_BORDER);
    expect_text("ab~ +--+\n    |  |\n    +--+\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wide_and_combining, open_grid, close_grid),
        cmocka_unit_test_setup_teardown(test_hostile, open_grid, close_grid),
        cmocka_unit_test_setup_teardown(test_fit_and_right, open_grid, close_grid),
        cmocka_unit_test_setup_teardown(test_clip, open_grid, close_grid),
        cmocka_unit_test_setup_teardown(test_roles, open_grid, close_grid),
        cmocka_unit_test_setup_teardown(test_ascii, open_grid, close_grid),
    };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
