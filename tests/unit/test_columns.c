/* api/columns: ages as HumanDuration prints them. */
#include "config.h" /* IWYU pragma: keep */

#include "api/columns.h"

#include "tests/lib/unit.h"

#include "api/registry.h"

static void
test_ages(void **state)
{
    (void)state;
    static const struct {
        int64_t age_s;
        const char *text;
    } rows[] = {
        { -5, "<invalid>" },  { -1, "0s" },       { 0, "0s" },          { 119, "119s" },
        { 120, "2m" },        { 195, "3m15s" },   { 599, "9m59s" },     { 600, "10m" },
        { 10799, "179m" },    { 10800, "3h" },    { 11700, "3h15m" },   { 28800, "8h" },
        { 172799, "47h" },    { 172800, "2d" },   { 176400, "2d1h" },   { 691200, "8d" },
        { 63071999, "729d" }, { 63072000, "2y" }, { 63158400, "2y1d" }, { 252288000, "8y" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        char got[32] = "";
        struct str s = columns_age_text(rows[i].age_s * 1000, text);
        memcpy(got, s.at, s.size);
        assert_string_equal(got, rows[i].text);
    }
}

/* The numbers of columns stand apart from the columns: a wrong one shows here. */
static void
test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < kinds_builtin_len; i++) {
        const struct resource *row = kinds_builtin[i];
        for (size_t c = 0; row->columns != NULL && c < row->column_len; c++) {
            assert_non_null(row->columns[c].name);
            assert_true(row->columns[c].cell != NULL || row->columns[c].path != NULL);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_rows_are_whole),
    };
    return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
