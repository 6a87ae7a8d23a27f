/* The pager: scrolling, wrapping, following, search, colours; the ring of log lines behind it. */
#include "config.h"

#include "tests/lib/unit.h"

#include <locale.h>

#include "ui/logring.h"
#include "ui/pager.h"

static struct pager_text text;
static struct pager pager;
static struct grid grid;

static void
open_pager(const char *content, int width, int height)
{
    grid_init(&grid, width, height);
    pager_init(&pager, &pager_text_source, &text);
    pager_text_set(&text, str_of(content));
}

static int
close_pager(void **state)
{
    (void)state;
    pager_done(&pager);
    pager_text_done(&text);
    grid_done(&grid);
    return 0;
}

static void
expect(const char *want)
{
    AUTO_STR struct str_builder out = { 0 };

    grid_clear(&grid);
    pager_draw(&pager, &grid, (struct grid_rect){ 0, 0, grid.width, grid.height });
    grid_dump_text(&grid, &out);
    str_putc(&out, '\0');
    assert_string_equal(out.at, want);
}

static void
test_scroll(void **state)
{
    (void)state;
    open_pager("one\ntwo\nthree\nfour\nfive\n", 10, 3);
    expect(" one\n two\n three\n");
    pager_move(&pager, 1);
    expect(" two\n three\n four\n");
    pager_move(&pager, 100);
    expect(" three\n four\n five\n");
    pager_move(&pager, -1);
    expect(" two\n three\n four\n");
    pager_bottom(&pager);
    expect(" three\n four\n five\n");
    pager_top(&pager);
    pager_scroll(&pager, 2);
    expect(" e\n o\n ree\n");
    pager_scroll(&pager, -10);
    expect(" one\n two\n three\n");
}

static void
test_wrap(void **state)
{
    (void)state;
    open_pager("abcdefgh\nxy\n", 6, 2);
    pager.is_wrapped = true;
    expect(" abcd\n efgh\n");
    pager_move(&pager, 1);
    expect(" efgh\n xy\n");
    pager_move(&pager, 1);
    expect(" efgh\n xy\n");
    pager_move(&pager, -1);
    expect(" abcd\n efgh\n");
}

static void
test_follow(void **state)
{
    (void)state;
    open_pager("1\n2\n3\n", 5, 2);
    pager.is_following = true;
    expect(" 2\n 3\n");
    pager_text_set(&text, STR("1\n2\n3\n4\n"));
    expect(" 3\n 4\n");
    pager_move(&pager, -1);
    assert_false(pager.is_following);
    pager_text_set(&text, STR("1\n2\n3\n4\n5\n"));
    expect(" 2\n 3\n");
}

/* To the next match, in slices as small as can be. */
static bool
next(int step)
{
    enum pager_hunt hunt;

    pager_hunt(&pager, step, false);
    do {
        hunt = pager_hunt_slice(&pager, 1);
    } while (hunt == PAGER_MORE);
    return hunt == PAGER_FOUND;
}

static void
test_search(void **state)
{
    (void)state;
    AUTO_STR struct str_builder roles = { 0 };

    open_pager("apple\nbanana\ncherry\nApricot\n", 12, 2);
    expect(" apple\n banana\n");
    pager_search(&pager, STR("AP"));
    assert_true(next(1));
    assert_true(next(1));
    expect(" cherry\n Apricot\n");
    grid_dump_roles(&grid, &roles);
    str_putc(&roles, '\0');
    assert_string_equal(roles.at, ".......\n.C/.....\n");
    assert_false(next(1));
    assert_true(next(-1));
    assert_int_equal(pager.match, 0);
    pager_hunt(&pager, 1, false);
    assert_int_equal(pager_hunt_slice(&pager, 2 * 64), PAGER_MORE); /* the next is farther away */
    assert_int_equal(pager_hunt_slice(&pager, 2 * 64), PAGER_FOUND);
    assert_int_equal(pager.match, 3);
    pager_search(&pager, STR("apple")); /* above: down first, then up */
    pager.top = 2;
    pager_hunt(&pager, 1, true);
    assert_int_equal(pager_hunt_slice(&pager, 2 * 64), PAGER_MORE);
    assert_int_equal(pager_hunt_slice(&pager, 4 * 64), PAGER_FOUND);
    assert_int_equal(pager.match, 0);
    pager_search(&pager, STR("an+a$"));
    assert_true(next(1));
    assert_int_equal(pager.match, 1);
    pager_search(&pager, STR("(an")); /* half-typed: text */
    assert_false(next(1));
    pager_search(&pager, STR(""));
    assert_false(next(1));
    /* A match of nothing does not go on for ever. */
    pager_search(&pager, STR("x*"));
    expect(" apple\n banana\n");
}

static void
test_empty(void **state)
{
    (void)state;
    open_pager("", 10, 2);
    expect("\n\n");
    pager_move(&pager, 5);
    pager_bottom(&pager);
    expect("\n\n");
}

/* ---- the ring ---- */

static void
expect_line(const struct logring *ring, uint64_t number, bool with_time, const char *want)
{
    struct str line = logring_line(ring, number, with_time);
    AUTO_FREE char *seen = mem_strndup(line.at == NULL ? "" : line.at, line.size);

    assert_string_equal(seen, want);
}

static void
test_ring_pieces(void **state)
{
    (void)state;
    struct logring ring;

    logring_init(&ring, 1 << 20);
    logring_add(&ring, "a\nb", 3, false);
    assert_int_equal(ring.end, 1);
    logring_add(&ring, "c\n\nd", 4, false);
    assert_int_equal(ring.end, 3);
    logring_flush(&ring, false);
    expect_line(&ring, 0, true, "a");
    expect_line(&ring, 1, true, "bc");
    expect_line(&ring, 2, true, "");
    expect_line(&ring, 3, true, "d");
    expect_line(&ring, 4, true, "");
    logring_add(&ring, "\x1b[31mred\tx\n", 11, false);
    expect_line(&ring, 4, true, "red     x");
    logring_done(&ring);
}

static void
test_ring_times(void **state)
{
    (void)state;
    struct logring ring;
    static const char lines[] = "2027-01-15T08:00:00.1Z one\n2027-01-15T08:00:00.25Z two\nno time\n"
                                "2027-01-15T08:00:01Z three\n";

    logring_init(&ring, 1 << 20);
    logring_add(&ring, lines, sizeof(lines) - 1, true);
    expect_line(&ring, 0, false, "one");
    expect_line(&ring, 0, true, "2027-01-15T08:00:00.1Z one");
    expect_line(&ring, 2, false, "no time");
    /* Begun anew: only what is newer. */
    assert_true(str_is(logring_resume(&ring), "2027-01-15T08:00:01Z"));
    logring_add(&ring, lines, sizeof(lines) - 1, true);
    logring_add(&ring, "2027-01-15T08:00:01.5Z four\n", 28, true);
    assert_int_equal(ring.end, 6);
    expect_line(&ring, 5, false, "four");
    logring_clear(&ring);
    assert_int_equal(logring_resume(&ring).size, 0);
    logring_done(&ring);
}

/* Full: the oldest go, what is there is whole. */
static void
test_ring_full(void **state)
{
    (void)state;
    enum { CAPACITY = 300 * 1000, LINES = 20000 };
    struct logring ring;

    logring_init(&ring, CAPACITY);
    for (int i = 0; i < LINES; i++) {
        AUTO_FREE char *line = mem_printf("%d:%*s\n", i, i % 97, "x");
        logring_add(&ring, line, strlen(line), false);
    }
    assert_int_equal(ring.end, LINES);
    assert_true(ring.first > 0);
    assert_true(ring.allocated <= CAPACITY);
    for (uint64_t n = ring.first; n < ring.end; n++) {
        AUTO_FREE char *want = mem_printf("%d:%*s", (int)n, (int)n % 97, "x");
        expect_line(&ring, n, false, want);
    }
    expect_line(&ring, ring.first - 1, false, "");
    logring_done(&ring);
}

static void
test_ring_long_line(void **state)
{
    (void)state;
    struct logring ring;
    AUTO_FREE char *line = mem_new(50000);

    memset(line, 'y', 50000);
    logring_init(&ring, 1 << 20);
    logring_add(&ring, line, 50000, false);
    logring_flush(&ring, false);
    assert_int_equal(ring.end, 4);
    assert_int_equal(logring_line(&ring, 0, false).size, LOGRING_LINE_MAX);
    assert_int_equal(logring_line(&ring, 3, false).size, 50000 - 3 * LOGRING_LINE_MAX);
    logring_done(&ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_scroll, close_pager),
        cmocka_unit_test_teardown(test_wrap, close_pager),
        cmocka_unit_test_teardown(test_follow, close_pager),
        cmocka_unit_test_teardown(test_search, close_pager),
        cmocka_unit_test_teardown(test_empty, close_pager),
        cmocka_unit_test(test_ring_pieces),
        cmocka_unit_test(test_ring_times),
        cmocka_unit_test(test_ring_full),
        cmocka_unit_test(test_ring_long_line),
    };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
