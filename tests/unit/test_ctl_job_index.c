/* controllers/ctl_job_index: sets of completion indexes and their text. */
#include "config.h"

#include "tests/lib/unit.h"

#include "base/arena.h"
#include "base/mem.h"
#include "controllers/ctl_job_index.h"

static void
reads_and_writes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t completions, total;
        const char *again;
    } cases[] = {
        { "", 10, 0, "" },
        { "0", 10, 1, "0" },
        { "0,1", 10, 2, "0,1" },
        { "0-2", 10, 3, "0-2" },
        { "1,3-5,7", 10, 5, "1,3-5,7" },
        { "0,1,2", 10, 3, "0-2" },
        { "1,3-5,7", 5, 3, "1,3,4" }, /* the Job got smaller */
        { "7", 5, 0, "" },
        { "1,x,3", 10, 1, "1" },
        { "0-99999", 100000, 100000, "0-99999" },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ctl_job_index set =
            ctl_job_index_parse(str_of(cases[i].text), cases[i].completions, arena);
        assert_int_equal(ctl_job_index_total(&set), cases[i].total);
        assert_string_equal(ctl_job_index_text(&set, arena).at, cases[i].again);
    }
}

static void
finds(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct ctl_job_index set = ctl_job_index_parse(STR("1,3-5,7"), 10, arena), none = { 0 };
    static const bool is_in[] = { false, true, false, true, true, true, false, true, false };
    for (size_t i = 0; i < ARRAY_LEN(is_in); i++) {
        assert_int_equal(ctl_job_index_has(&set, (int64_t)i), is_in[i]);
    }
    assert_false(ctl_job_index_has(&none, 0));
}

static void
joins(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct ctl_job_index set = ctl_job_index_parse(STR("1,3-5,7"), 20, arena), none = { 0 };
    int64_t more[] = { 9, 2, 6, 4, 9, 0 }, few[] = { 12 };
    struct ctl_job_index all = ctl_job_index_with(&set, more, ARRAY_LEN(more), arena);
    assert_string_equal(ctl_job_index_text(&all, arena).at, "0-7,9");
    all = ctl_job_index_with(&none, few, 1, arena);
    assert_string_equal(ctl_job_index_text(&all, arena).at, "12");
    all = ctl_job_index_with(&set, NULL, 0, arena);
    assert_string_equal(ctl_job_index_text(&all, arena).at, "1,3-5,7");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(finds),
        cmocka_unit_test(joins),
    };
    return cmocka_run_group_tests_name("ctl_job_index", tests, NULL, NULL);
}
