/* store: random calls to SQLite and to the reference model, which must answer alike, with the file
 * closed and opened again now and then. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"
#include "tests/lib/store_box.h"

enum { NOON_MS = 1764000000, KEYS = 12, STEPS = 300, SEEDS = 8 };

static const char *const keys[KEYS] = {
    "/r/apps/a", "/r/apps/ab",       "/r/apps/b",     "/r/apps/b/c",   "/r/apps", "/r/core/a",
    "/r/core/z", "/r/core/\xc3\xa4", "/r/leases/one", "/r/leases/two", "/s/last", "/r/core/~",
};
static const char *const prefixes[] = { "", "/", "/r/", "/r/apps/", "/r/core/", "/r/a", "/t" };

static uint64_t seed;
static struct store_box model, real;
static uint64_t heads[KEYS]; /* what the last answer said stands there */

static uint64_t
pick(uint64_t below)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % below;
}

static void
assert_same(char *model_text, char *real_text, const char *what)
{
    const char *want = model_text == NULL ? "" : model_text;
    const char *have = real_text == NULL ? "" : real_text;

    if (strcmp(want, have) != 0) {
        fail_msg("%s\nmodel:\n%s\nsqlite:\n%s", what, want, have);
    }
    mem_free(model_text);
    mem_free(real_text);
}

/* The lines of a log that begin with a word: events and dones each have their own order. */
static char *
lines_of(const char *log, const char *word)
{
    struct str_builder out = { 0 };
    struct str rest = str_of(log);

    while (rest.size > 0) {
        struct str line = str_cut(rest, '\n', &rest);

        if (str_has_prefix(line, str_of(word))) {
            str_put(&out, line);
            str_putc(&out, '\n');
        }
    }
    return str_steal(&out);
}

static void
compare_logs(void)
{
    AUTO_FREE char *want = store_box_take_log(&model);
    AUTO_FREE char *have = store_box_take_log(&real);

    assert_same(lines_of(want, "event"), lines_of(have, "event"), "events");
    assert_same(lines_of(want, "done"), lines_of(have, "done"), "dones");
}

static void
write_one(void)
{
    size_t at = pick(KEYS);
    uint64_t expect_rev = pick(5) == 0 ? pick(model.store->rev + 2) : heads[at];
    char value[32];
    const char *text = value;
    unsigned flags = (pick(2) ? STORE_NOHIST : 0) | (pick(4) == 0 ? STORE_SEAL : 0) |
                     (pick(4) == 0 ? STORE_PATIENT : 0);

    (void)snprintf(value, sizeof value, "v%" PRIu64, pick(1000000));
    if (expect_rev != 0 && pick(4) == 0) {
        text = NULL;
    }
    if ((flags & STORE_PATIENT) != 0) {
        store_box_begin(&model, keys[at], text, expect_rev, flags);
        store_box_begin(&real, keys[at], text, expect_rev, flags);
        return;
    }
    struct store_box_answer want = store_box_write(&model, keys[at], text, expect_rev, flags);
    struct store_box_answer have = store_box_write(&real, keys[at], text, expect_rev, flags);

    assert_int_equal(want.rc, have.rc);
    assert_int_equal(want.rev, have.rev);
    assert_string_equal(want.current, have.current);
    heads[at] = want.rc == STORE_OK && text == NULL ? 0 : want.rev;
    compare_logs();
}

static void
write_many(void)
{
    size_t len = 1 + pick(40);

    for (size_t i = 0; i < len; i++) {
        size_t at = pick(KEYS);
        char value[32];

        (void)snprintf(value, sizeof value, "m%" PRIu64, pick(1000000));
        store_box_begin(&model, keys[at], value, heads[at], 0);
        store_box_begin(&real, keys[at], value, heads[at], 0);
    }
    store_box_settle(&model);
    store_box_settle(&real);
    compare_logs();
}

static void
read_something(void)
{
    uint64_t rev = pick(model.store->rev + 3);
    uint64_t to_rev = rev + pick(20);
    size_t limit = pick(3) == 0 ? 1 + pick(6) : 0;
    const char *prefix = prefixes[pick(ARRAY_LEN(prefixes))];
    const char *key = pick(2) ? keys[pick(KEYS)] : prefixes[1 + pick(ARRAY_LEN(prefixes) - 1)];
    const char *start = pick(3) == 0 ? key : NULL;

    store_box_settle(&model); /* the patient ones may be about to leave */
    store_box_settle(&real);
    switch (pick(4)) {
    case 0:
        assert_same(store_box_list(&model, prefix, 0, start, limit),
                    store_box_list(&real, prefix, 0, start, limit), "list now");
        break;
    case 1:
        assert_same(store_box_list(&model, prefix, rev, start, limit),
                    store_box_list(&real, prefix, rev, start, limit), "list at a revision");
        break;
    case 2:
        assert_same(store_box_events(&model, rev, to_rev, limit),
                    store_box_events(&real, rev, to_rev, limit), "events");
        break;
    default:
        assert_same(store_box_history(&model, key, rev, limit),
                    store_box_history(&real, key, rev, limit), "history");
        break;
    }
}

static void
compact(void)
{
    uint64_t rev = pick(model.store->rev + 2);
    struct store_box_answer want = store_box_compact(&model, rev);
    struct store_box_answer have = store_box_compact(&real, rev);

    assert_int_equal(want.rc, have.rc);
    assert_int_equal(want.rev, have.rev);
}

static void
step(void)
{
    uint64_t what = pick(100);

    if (what < 50) {
        write_one();
    } else if (what < 60) {
        write_many();
    } else if (what < 90) {
        clock_warp(600); /* so that what is patient does not wait for the next write */
        read_something();
    } else if (what < 94) {
        compact();
    } else if (what < 97) {
        clock_warp((int64_t)pick(3000)); /* idle upkeep runs beside */
    } else {
        clock_warp(600);
        store_box_settle(&model);
        store_box_close(&real);
        store_box_open(&real);
        compare_logs();
    }
    assert_int_equal(model.store->compact_rev, real.store->compact_rev);
}

static void
test_random_calls_agree(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= SEEDS; round++) {
        seed = round;
        memset(heads, 0, sizeof heads);
        clock_stop(NOON_MS);
        store_box_init(&model, STORE_BOX_MEM);
        store_box_init(&real, STORE_BOX_SQLITE);
        store_box_open(&model);
        store_box_open(&real);
        for (int i = 0; i < STEPS; i++) {
            step();
        }
        clock_warp(600);
        store_box_settle(&model);
        store_box_settle(&real);
        assert_same(store_box_list(&model, "", 0, NULL, 0), store_box_list(&real, "", 0, NULL, 0),
                    "the end");
        assert_same(store_box_history(&model, "/", 0, 0), store_box_history(&real, "/", 0, 0),
                    "all history");
        store_box_free(&model);
        store_box_free(&real);
        clock_run();
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_calls_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
