/* The table model: order, filter, cursor and marks by uid; a storm of changes against a naive list;
 * golden drawings. */
#include "config.h"

#include "tests/lib/unit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "ui/filter.h"
#include "ui/table.h"

enum { NOW_S = 1700000000 };
static const int64_t now_ms = NOW_S * 1000LL;

static const char pod_columns[] = "[{\"name\":\"Name\",\"type\":\"string\",\"priority\":0},"
                                  "{\"name\":\"Ready\",\"type\":\"string\",\"priority\":0},"
                                  "{\"name\":\"Status\",\"type\":\"string\",\"priority\":0},"
                                  "{\"name\":\"Restarts\",\"type\":\"string\",\"priority\":0},"
                                  "{\"name\":\"Age\",\"type\":\"string\",\"priority\":0},"
                                  "{\"name\":\"IP\",\"type\":\"string\",\"priority\":1}]";

static struct arena *arena;
static struct table *table;

static struct val
parse(struct str json)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, json, &err);

    assert_non_null(doc);
    return doc_root(doc);
}

static int
open_table(void **state)
{
    (void)state;
    arena = arena_new();
    table = table_new();
    table_columns(table, parse(str_of(pod_columns)), false);
    return 0;
}

static int
close_table(void **state)
{
    (void)state;
    table_free(table);
    arena_free(arena);
    return 0;
}

static struct val
pod(const char *name, const char *ready, const char *status, const char *restarts, int age_s)
{
    char time[CLOCK_TEXT_SIZE];
    struct str created = clock_text(now_ms - age_s * 1000LL, time);

    return parse(arena_printf(arena,
                              "{\"cells\":[\"%s\",\"%s\",\"%s\",\"%s\",\"x\",\"10.0.0.1\"],"
                              "\"object\":{\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\","
                              "\"uid\":\"u-%s\",\"creationTimestamp\":\"" STR_FMT "\"}}}",
                              name, ready, status, restarts, name, name, STR_ARG(created)));
}

static void
put(const char *name, const char *status, int age_s)
{
    table_put(table, pod(name, "1/1", status, "0", age_s), now_ms);
}

static void
expect_order(const char *want)
{
    AUTO_STR struct str_builder out = { 0 };

    for (size_t i = 0; i < table_shown(table); i++) {
        str_putf(&out, "%s%s", i == 0 ? "" : " ", table_row(table, i)->name);
    }
    str_putc(&out, '\0');
    assert_string_equal(out.at, want);
}

static void
test_order(void **state)
{
    (void)state;
    put("b", "Running", 50);
    put("a", "Failed", 20);
    put("c", "Pending", 90);
    expect_order("a b c");
    assert_true(table_sort_by(table, STR("age")));
    expect_order("a b c");
    assert_true(table_sort_by(table, STR("age")));
    expect_order("c b a");
    assert_true(table_sort_by(table, STR("status")));
    expect_order("a c b");
    /* A change moves the row alone. */
    put("b", "Aaa", 50);
    expect_order("b a c");
    assert_false(table_sort_by(table, STR("nothing")));
    table_sort_next(table, -3);
    expect_order("a b c");
}

static void
test_numbers(void **state)
{
    (void)state;
    table_put(table, pod("a", "1/1", "Running", "12 (3m ago)", 1), now_ms);
    table_put(table, pod("b", "1/1", "Running", "2", 1), now_ms);
    table_put(table, pod("c", "1/1", "Running", "100 (5s ago)", 1), now_ms);
    assert_true(table_sort_by(table, STR("restarts")));
    expect_order("b a c");
}

static void
test_filter(void **state)
{
    (void)state;
    struct filter *filter = filter_new(STR("!run"));

    put("web-1", "Running", 50);
    put("web-2", "Failed", 20);
    put("db-1", "Pending", 90);
    table_set_filter(table, filter);
    expect_order("db-1 web-2");
    put("web-2", "Running", 20);
    expect_order("db-1");
    put("web-1", "Error", 20);
    expect_order("db-1 web-1");
    table_set_filter(table, NULL);
    filter_free(filter);
    table_set_faults(table, true);
    expect_order("db-1 web-1");
    filter = filter_new(STR("age>60s"));
    table_set_faults(table, false);
    table_set_filter(table, filter);
    expect_order("db-1");
    table_set_filter(table, NULL);
    filter_free(filter);
    assert_int_equal(table_len(table), 3);
}

static void
test_cursor_is_a_uid(void **state)
{
    (void)state;
    put("b", "Running", 1);
    put("d", "Running", 1);
    put("f", "Running", 1);
    table_move(table, 1, 10);
    assert_string_equal(table_current(table)->name, "d");
    put("a", "Running", 1);
    put("c", "Running", 1);
    assert_string_equal(table_current(table)->name, "d");
    assert_true(table_sort_by(table, STR("name")));
    table_sort_reverse(table);
    assert_string_equal(table_current(table)->name, "d");
    /* Gone: the next in its place. */
    table_del(table, pod("d", "1/1", "Running", "0", 1));
    assert_string_equal(table_current(table)->name, "c");
    table_move(table, 100, 10);
    assert_string_equal(table_current(table)->name, "a");
    table_del(table, pod("a", "1/1", "Running", "0", 1));
    assert_string_equal(table_current(table)->name, "b");
}

static void
test_marks(void **state)
{
    (void)state;
    const struct table_row *rows[8];
    struct filter *filter = filter_new(STR("name:^[ad]$"));

    put("a", "Running", 1);
    put("b", "Running", 1);
    put("c", "Running", 1);
    put("d", "Running", 1);
    assert_int_equal(table_chosen(table, rows, 8), 1);
    table_mark(table);
    table_move(table, 2, 10);
    table_mark_range(table);
    assert_int_equal(table->marked_len, 3);
    assert_int_equal(table_chosen(table, rows, 2), 2);
    put("b", "Failed", 1);
    assert_int_equal(table->marked_len, 3);
    table_set_filter(table, filter);
    assert_int_equal(table_marked_hidden(table), 2);
    assert_int_equal(table_chosen(table, rows, 8), 3);
    table_del(table, pod("b", "1/1", "Running", "0", 1));
    assert_int_equal(table->marked_len, 2);
    table_unmark(table);
    assert_int_equal(table->marked_len, 0);
    table_set_filter(table, NULL);
    filter_free(filter);
}

static void
test_relist(void **state)
{
    (void)state;
    put("a", "Running", 1);
    put("b", "Running", 1);
    table_move(table, 1, 10);
    table_begin(table);
    put("c", "Running", 1);
    put("b", "Running", 1);
    table_end(table);
    expect_order("b c");
    assert_string_equal(table_current(table)->name, "b");
}

/* Whatever comes in whatever order: the same rows, in order, and the cursor on the same uid. */
static void
test_storm(void **state)
{
    (void)state;
    enum { NAMES = 40, ROUNDS = 4000 };
    static const char *const states[] = { "Running", "Failed", "Pending" };
    const char *naive[NAMES] = { 0 };
    struct filter *filter = filter_new(STR("!status:^Failed$"));
    char text[16];

    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        int i = rand() % NAMES;
        const struct table_row *before = table_current(table);
        AUTO_FREE char *was = before == NULL ? NULL : mem_strdup(before->key);
        AUTO_FREE char *touched = mem_printf("u-p%02d", i);
        (void)snprintf(text, sizeof(text), "p%02d", i);
        if (rand() % 3 == 0) {
            table_del(table, pod(text, "1/1", "Running", "0", 5));
            naive[i] = NULL;
        } else {
            naive[i] = states[rand() % 3];
            put(text, naive[i], i);
        }
        if (was != NULL && strcmp(was, touched) != 0) {
            assert_string_equal(table_current(table)->key, was);
        }
        if (round % 50 == 0) {
            table_set_filter(table, rand() % 2 == 0 ? filter : NULL);
            (void)table_sort_by(table, rand() % 2 == 0 ? STR("name") : STR("age"));
            table_move(table, rand() % 9 - 4, 10);
        }
        size_t want = 0;
        for (int k = 0; k < NAMES; k++) {
            want += naive[k] != NULL && (table->filter == NULL || strcmp(naive[k], "Failed") != 0);
        }
        assert_int_equal(table_shown(table), want);
        for (size_t k = 1; k < want; k++) {
            int order = strcmp(table_row(table, k - 1)->name, table_row(table, k)->name);
            assert_true(table->is_descending ? order > 0 : order < 0);
        }
    }
    table_set_filter(table, NULL);
    filter_free(filter);
}

static void
expect_drawn(int width, int height, const char *want)
{
    AUTO_STR struct str_builder out = { 0 };
    struct grid grid;

    grid_init(&grid, width, height);
    grid.is_ascii = true;
    table_draw(table, &grid, (struct grid_rect){ 0, 0, width, height }, now_ms + 10000);
    grid_dump_text(&grid, &out);
    str_putc(&out, '\0');
    assert_string_equal(out.at, want);
    grid_done(&grid);
}

static void
test_draw(void **state)
{
    (void)state;
    table_put(table, pod("api-7d9f8b6c5d-x2k9p", "0/1", "CrashLoopBackOff", "17 (41s ago)", 2460),
              now_ms);
    table_put(table, pod("web-5b7", "1/1", "Running", "0", 172800), now_ms);
    table_put(table, pod("\\u001b[31mred\\u4e2d\\u6587", "1/1", "Completed", "0", 30), now_ms);
    expect_drawn(80, 5,
                 " NAME                  READY  STATUS                    RESTARTS    AGE\n"
                 ">red\xe4\xb8\xad\xe6\x96\x87                 1/1  v Completed"
                 "                      0    40s\n"
                 " api-7d9f8b6c5d-x2k9p    0/1  x CrashLoopBackOff    17 (51s ago)    41m\n"
                 " web-5b7                 1/1  o Running                        0     2d\n"
                 "\n");
    /* Narrow: names shrink, then the least dear columns go. */
    expect_drawn(48, 3,
                 " NAME                STATUS                AGE >\n"
                 ">red\xe4\xb8\xad\xe6\x96\x87             v Completed           40s\n"
                 " api-7d9f8b6c5d-x2~  x CrashLoopBackOff    41m\n");
    expect_drawn(10, 3,
                 " NAME    >\n"
                 ">red\xe4\xb8\xad\xe6\x96\x87\n"
                 " api-7d9f8\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_numbers, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_filter, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_cursor_is_a_uid, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_marks, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_relist, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_storm, open_table, close_table),
        cmocka_unit_test_setup_teardown(test_draw, open_table, close_table),
    };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
