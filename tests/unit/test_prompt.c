/* The prompt: editing, suggestions; dialogs: focus, fields, answers. */
#include "config.h"

#include "tests/lib/unit.h"

#include <locale.h>

#include "ui/dialog.h"
#include "ui/keys.h"
#include "ui/prompt.h"

static struct prompt prompt;

static struct str
suggest(void *ctx, struct str text, size_t n)
{
    static const char *const words[] = { "pods", "poddisruptionbudgets" };

    (void)ctx;
    for (size_t i = 0; i < 2; i++) {
        if (str_has_prefix(str_of(words[i]), text) && n-- == 0) {
            return str_of(words[i]);
        }
    }
    return (struct str){ 0 };
}

static enum prompt_result
press(const char *names)
{
    enum prompt_result result = PROMPT_IGNORED;
    struct str rest = str_of(names);

    while (rest.size > 0) {
        result = prompt_key(&prompt, keys_parse(str_cut(rest, ' ', &rest)));
    }
    return result;
}

static void
expect(const char *want)
{
    assert_true(str_is(prompt_text(&prompt), want));
}

static void
test_editing(void **state)
{
    (void)state;
    prompt_open(&prompt, '/', STR("ab"), NULL, NULL);
    assert_int_equal(press("c left left x"), PROMPT_EDITED);
    expect("axbc");
    (void)press("backspace del");
    expect("ac");
    (void)press("end space d \xc3\xa9 backspace");
    expect("ac d");
    (void)press("ctrl-w");
    expect("ac ");
    (void)press("home q ctrl-u");
    expect("ac ");
    (void)press("end ctrl-u");
    expect("");
    assert_int_equal(press("backspace"), PROMPT_CANCELLED);
    assert_false(prompt.is_open);
}

static void
test_suggestions(void **state)
{
    (void)state;
    prompt_open(&prompt, ':', STR(""), suggest, NULL);
    assert_int_equal(press("tab"), PROMPT_IGNORED);
    (void)press("p o");
    assert_int_equal(press("down tab"), PROMPT_EDITED);
    expect("poddisruptionbudgets");
    (void)press("ctrl-u p right");
    expect("pods");
    assert_int_equal(press("enter"), PROMPT_DONE);
    expect("pods");
}

static void
test_bounds(void **state)
{
    (void)state;
    struct grid grid;

    prompt_open(&prompt, ':', STR(""), NULL, NULL);
    for (int i = 0; i < 2 * PROMPT_MAX; i++) {
        (void)press("x");
    }
    assert_true(prompt.size < PROMPT_MAX);
    grid_init(&grid, 10, 1);
    prompt_draw(&prompt, &grid, (struct grid_rect){ 0, 0, 10, 1 });
    assert_in_range(grid.cursor_x, 0, 9);
    grid_done(&grid);
}

/* ---- dialogs ---- */

static int
answer(struct dialog *dialog, const char *names)
{
    struct str rest = str_of(names);
    int button = -2;

    while (rest.size > 0) {
        if (dialog_key(dialog, keys_parse(str_cut(rest, ' ', &rest)), &button)) {
            return button;
        }
    }
    return -2;
}

static void
test_dialog(void **state)
{
    (void)state;
    static const char *const choices[] = { "a", "b", "c", NULL };
    struct dialog *dialog = dialog_new("Title", NULL, NULL);
    const struct dialog_field *choice = dialog_add_choice(dialog, "Choice", choices);
    const struct dialog_field *text = dialog_add_text(dialog, "Text", "old");

    dialog_add_button(dialog, "Cancel");
    dialog_add_button(dialog, "Go");
    assert_int_equal(answer(dialog, "left"), -2);
    assert_string_equal(choices[choice->choice], "c");
    assert_int_equal(answer(dialog, "tab 4 2 backspace"), -2);
    assert_string_equal(text->text, "4");
    assert_int_equal(answer(dialog, "enter"), 1);
    dialog->is_danger = true;
    assert_int_equal(answer(dialog, "enter"), -2); /* on to the next, which is Cancel */
    assert_int_equal(answer(dialog, "enter"), 0);
    assert_int_equal(answer(dialog, "right enter"), 1);
    assert_int_equal(answer(dialog, "esc"), -1);
    dialog_free(dialog);
}

static void
test_menu(void **state)
{
    (void)state;
    struct dialog *dialog = dialog_new("Menu", NULL, NULL);

    dialog_add_menu(dialog, STR("one"));
    dialog_add_menu(dialog, STR("\x1b[2Jtwo"));
    assert_string_equal(dialog->menu[1], "two");
    assert_int_equal(answer(dialog, "j enter"), 1);
    assert_int_equal(answer(dialog, "down enter"), 0);
    dialog_free(dialog);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing), cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_dialog),
        cmocka_unit_test(test_menu),
    };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
