/* The action table: every row is sound, keys by scope, key files. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>

#include "base/err.h"
#include "ui/actions.h"
#include "ui/keys.h"

static void
test_rows(void **state)
{
    (void)state;
    struct actions_map map;

    actions_init(&map);
    for (int i = ACTION_NONE + 1; i < ACTION_LEN; i++) {
        const struct actions_row *row = actions_row((enum action)i);
        char text[128];
        assert_true(row->help[0] != '\0');
        assert_int_not_equal(map.keys[i][0], KEYS_NONE);
        assert_true(actions_keys_text(&map, (enum action)i, text).size > 0);
        for (int k = ACTION_NONE + 1; k < i; k++) {
            assert_string_not_equal(row->name, actions_row((enum action)k)->name);
            /* One key, one meaning in a scope. */
            if (row->scope == actions_row((enum action)k)->scope) {
                assert_int_not_equal(map.keys[i][0], map.keys[k][0]);
            }
        }
    }
}

static void
test_scopes(void **state)
{
    (void)state;
    unsigned table = SCOPE_BIT(SCOPE_TABLE) | SCOPE_BIT(SCOPE_MOVE) | SCOPE_BIT(SCOPE_GLOBAL) |
                     SCOPE_BIT(SCOPE_OBJECT);
    struct actions_map map;

    actions_init(&map);
    assert_int_equal(actions_find(&map, 'c', table), ACTION_COPY);
    assert_int_equal(actions_find(&map, 'c', table | SCOPE_BIT(SCOPE_NODE)), ACTION_CORDON);
    assert_int_equal(actions_find(&map, KEYS_CTRL | 'd', table), ACTION_DELETE);
    assert_int_equal(actions_find(&map, 'l', table), ACTION_NONE);
    assert_int_equal(actions_find(&map, KEYS_NONE, table), ACTION_NONE);
    map.is_readonly = true;
    assert_int_equal(actions_find(&map, KEYS_CTRL | 'd', table), ACTION_NONE);
    assert_int_equal(actions_find(&map, 'c', table | SCOPE_BIT(SCOPE_NODE)), ACTION_COPY);
}

static void
test_bind(void **state)
{
    (void)state;
    unsigned scopes = SCOPE_BIT(SCOPE_OBJECT);
    AUTO_ERR struct err *err = NULL;
    struct actions_map map;

    actions_init(&map);
    assert_int_equal(actions_bind(&map, STR("delete: \"f8, ctrl-x\"\nyaml: \"\"\n"), &err), 0);
    assert_int_equal(actions_find(&map, KEYS_F1 + 7, scopes), ACTION_DELETE);
    assert_int_equal(actions_find(&map, KEYS_CTRL | 'd', scopes), ACTION_NONE);
    assert_int_equal(actions_find(&map, 'y', scopes), ACTION_NONE);
    assert_int_equal(actions_bind(&map, STR("describe: f9\nnothing: x\n"), &err), -1);
    assert_string_equal(err->message, "unknown action 'nothing'");
    /* All or nothing. */
    assert_int_equal(actions_find(&map, 'd', scopes), ACTION_DESCRIBE);
    err_clear(&err);
    assert_int_equal(actions_bind(&map, STR("describe: hyper-q\n"), &err), -1);
    assert_string_equal(err->message, "keys of 'describe': 'hyper-q' names no key");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_bind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
