/* store_sqlite: what only a file can show: opening it again, damage, sweeping, checkpoints, seals. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/seal.h"
#include "store/store.h"
#include "tests/lib/store_box.h"

enum { NOON_MS = 1764000000 };

static struct store_box box;

static int
setup(void **state)
{
    (void)state;
    clock_stop(NOON_MS);
    store_box_init(&box, STORE_BOX_SQLITE);
    store_box_open(&box);
    return 0;
}

static int
setup_no_history(void **state)
{
    (void)state;
    clock_stop(NOON_MS);
    store_box_init(&box, STORE_BOX_SQLITE);
    box.limits.history_bytes = 1;
    store_box_open(&box);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    store_box_free(&box);
    clock_run();
    return 0;
}

static void
reopen(void)
{
    store_box_close(&box);
    store_box_open(&box);
}

static void
assert_text(char *owned, const char *want)
{
    assert_string_equal(owned == NULL ? "" : owned, want);
    mem_free(owned);
}

static void
assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' not in: %s", part, text);
    }
}

/* Opening must fail, with a message that has both parts; nothing is left running. */
static void
assert_open_fails(struct seal *seal, const char *part, const char *part2)
{
    AUTO_ERR struct err *err = NULL;
    struct store *store = NULL;

    assert_int_equal(store_sqlite_open(box.loop, box.path, seal, NULL, &store, &err), -1);
    assert_null(store);
    assert_contains(err->message, part);
    assert_contains(err->message, part2);
}

/* Lets the upkeep jobs that are on their way come to an end: each answers by a turn of the loop. */
static void
wait_until_sql(const char *sql, int64_t want)
{
    for (int i = 0; i < 2000; i++) {
        (void)loop_turn(box.loop, 10);
        if (store_box_sql(&box, sql) == want) {
            return;
        }
    }
    fail_msg("%s: %" PRId64 ", not %" PRId64, sql, store_box_sql(&box, sql), want);
}

static void
test_reopening_keeps_everything(void **state)
{
    (void)state;
    char id[STORE_ID_SIZE];
    struct stat about;

    (void)store_box_put(&box, "/r/a", "1", 0);
    (void)store_box_put(&box, "/r/b", "2", 0);
    (void)store_box_put(&box, "/r/a", "3", 1);
    (void)store_box_put(&box, "/r/b", NULL, 2);
    (void)store_box_write(&box, "/r/s", "hush", 0, STORE_SEAL);
    (void)store_box_compact(&box, 2);
    memcpy(id, box.store->id, sizeof id);
    assert_int_equal(strlen(id), 36);
    AUTO_FREE char *history = store_box_history(&box, "/r/", 0, 0);

    reopen();
    assert_int_equal(box.store->rev, 5);
    assert_int_equal(box.store->compact_rev, 2);
    assert_string_equal(box.store->id, id);
    assert_text(store_box_list(&box, "/", 0, NULL, 0), "/r/a=3 3 1\n/r/s=hush 5 5\n@5\n");
    assert_text(store_box_events(&box, 2, 9, 0),
                "/r/a=3 3 1 1\n/r/b deleted 4 2 2\n/r/s=hush 5 5 0\n");
    assert_text(store_box_history(&box, "/r/", 0, 0), history);
    assert_int_equal(stat(box.path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

/* The last revision is deleted, compacted and swept: no row holds it, and still it never returns. */
static void
test_revisions_never_go_back(void **state)
{
    (void)state;
    uint64_t rev = 0;

    for (int round = 1; round <= 3; round++) {
        rev = store_box_put(&box, "/r/a", "x", 0);
        rev = store_box_put(&box, "/r/a", NULL, rev);
        assert_int_equal(rev, 2 * round);
        assert_int_equal(store_box_compact(&box, rev).rc, STORE_OK);
        wait_until_sql("SELECT count(*) FROM kv", 0);
        reopen();
        assert_int_equal(box.store->rev, rev);
    }
}

static void
test_sweep_leaves_what_stands(void **state)
{
    (void)state;
    enum { KEYS = 150, ROUNDS = 4 };
    char key[32];
    uint64_t revs[KEYS] = { 0 };
    AUTO_FREE char *before = NULL;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KEYS; i++) {
            (void)snprintf(key, sizeof key, "/r/%03d", i);
            bool is_gone = round == ROUNDS - 1 && i % 3 == 0;
            unsigned flags = (i + round) % 2 == 0 ? STORE_NOHIST : 0;

            revs[i] = store_box_write(&box, key, is_gone ? NULL : "v", revs[i], flags).rev;
        }
    }
    before = store_box_list(&box, "/r/", 0, NULL, 0);
    assert_int_equal(store_box_compact(&box, box.store->rev).rc, STORE_OK);
    wait_until_sql("SELECT count(*) FROM kv", KEYS - KEYS / 3);
    wait_until_sql("SELECT v FROM meta WHERE k = 'history_bytes'", 0);
    assert_int_equal(store_box_sql(&box, "SELECT count(*) FROM kv JOIN cur USING (rev, key)"),
                     KEYS - KEYS / 3);
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), before);
    assert_text(store_box_history(&box, "/r/000", 0, 0), "");
}

/* H1 N N H2: the rows without history go at compaction, the others stay and stay in order; once
 * history may be old, the row behind them is found all the same. */
static void
test_history_survives_its_neighbours(void **state)
{
    (void)state;
    const char *const values[] = { "h1", "n1", "n2", "h2", "n3" };
    uint64_t rev = 0;

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        unsigned flags = values[i][0] == 'n' ? STORE_NOHIST : 0;

        rev = store_box_write(&box, "/r/node", values[i], rev, flags).rev;
    }
    AUTO_FREE char *history = store_box_history(&box, "/r/node", 0, 0);

    (void)store_box_compact(&box, rev);
    wait_until_sql("SELECT count(*) FROM kv", 3); /* h1 h2 n3 */
    assert_text(store_box_history(&box, "/r/node", 0, 0), history);
    clock_warp(8 * 24 * 3600 * 1000LL);
    rev = store_box_put(&box, "/r/node", "h3", rev);
    (void)store_box_compact(&box, rev);
    /* h1 ended 8 days ago and n3 now; with n3 the time when h2 ended is gone: now counts. */
    wait_until_sql("SELECT count(*) FROM kv", 2);
    clock_warp(8 * 24 * 3600 * 1000LL);
    rev = store_box_write(&box, "/r/node", "n4", rev, STORE_NOHIST).rev;
    (void)store_box_compact(&box, rev);
    wait_until_sql("SELECT sum(rev) FROM kv", 6 + 7);
    assert_text(store_box_history(&box, "/r/node", 6, 0), "");
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/node=n4 7 1\n@7\n");
}

static void
test_history_keeps_to_its_bytes(void **state)
{
    (void)state;
    enum { REVISIONS = 1000, BUDGET = 100000 };
    AUTO_FREE char *value = mem_new(901);
    uint64_t rev = 0;

    store_box_close(&box);
    box.limits.history_bytes = BUDGET;
    store_box_open(&box);
    memset(value, 'v', 900);
    for (int i = 0; i < REVISIONS; i++) {
        rev = store_box_put(&box, "/r/a", value, rev);
    }
    (void)store_box_compact(&box, rev);
    /* A row weighs 900 + 4 + 128; the one that stands weighs nothing. */
    wait_until_sql("SELECT count(*) FROM kv", BUDGET / (900 + 4 + 128) + 1);
    assert_int_equal(store_box_sql(&box, "SELECT min(rev) FROM kv"),
                     REVISIONS - BUDGET / (900 + 4 + 128));
}

/* ---- the WAL and free pages ---- */

static off_t
file_size(const char *suffix)
{
    char path[96];
    struct stat about;

    (void)snprintf(path, sizeof path, "%s%s", box.path, suffix);
    return stat(path, &about) == 0 ? about.st_size : -1;
}

static void
test_wal_stays_short_and_pages_return(void **state)
{
    (void)state;
    enum { WRITES = 3000, SIZE = 32000 };
    AUTO_FREE char *value = mem_new(SIZE + 1);
    char key[32];
    off_t largest = 0;

    memset(value, 'v', SIZE);
    for (int i = 0; i < WRITES; i++) {
        (void)snprintf(key, sizeof key, "/r/%d", i);
        store_box_begin(&box, key, value, 0, 0);
        if (i % 50 == 0) {
            store_box_settle(&box);
            largest = file_size("-wal") > largest ? file_size("-wal") : largest;
        }
    }
    store_box_settle(&box);
    assert_in_range(largest, 16 << 20, 64 << 20); /* of 96 MB that went through it */
    for (int i = 0; i < WRITES; i++) {
        (void)snprintf(key, sizeof key, "/r/%d", i);
        store_box_begin(&box, key, NULL, (uint64_t)i + 1, 0);
    }
    store_box_settle(&box);
    (void)store_box_compact(&box, box.store->rev);
    wait_until_sql("SELECT count(*) FROM kv", 0);
    off_t full = file_size("");

    clock_warp(2100); /* idle: free pages go slice by slice, then the WAL into the file */
    for (int i = 0; i < 2000 && (file_size("") > (20 << 20) || file_size("-wal") > (32 << 20));
         i++) {
        (void)loop_turn(box.loop, 10);
    }
    assert_in_range(file_size("-wal"), 0, 32 << 20);
    assert_in_range(file_size("") + 1, 1, 20 << 20);
    assert_true(full > (40 << 20)); /* the rest of 96 MB was still in the WAL */
    assert_int_equal(store_box_sql(&box, "PRAGMA integrity_check(1)"), 0); /* "ok" as a number */
}

/* ---- damage ---- */

static void
change_file(const char *suffix, const char *find, size_t find_size, char xor)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s%s", box.path, suffix);
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t size = lseek(fd, 0, SEEK_END);
    AUTO_FREE char *text = mem_new((size_t)size);

    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    char *at = memmem(text, (size_t)size, find, find_size);

    assert_non_null(at);
    *at ^= xor;
    assert_int_equal(pwrite(fd, at, 1, at - text), 1);
}

static void
test_a_flipped_bit_is_never_served(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/r/a", "precious", 0);
    (void)store_box_put(&box, "/r/b", "other", 0);
    store_box_close(&box);
    change_file("", "precious", 8, 4);
    store_box_open(&box);
    AUTO_FREE char *list = store_box_list(&box, "/r/", 0, NULL, 0);
    AUTO_FREE char *events = store_box_events(&box, 0, 9, 0);

    assert_contains(list, "error: 500 revision 1 in '");
    assert_contains(list, "('/r/a') is damaged: stop binnacle and restore a backup");
    assert_contains(events, "error: 500 revision 1 in '");
    struct store_box_answer answer = store_box_write(&box, "/r/a", "x", 9, 0);

    assert_int_equal(answer.rc, STORE_FAILED);
    assert_contains(answer.error, "is damaged");
    assert_text(store_box_list(&box, "/r/b", 0, NULL, 0), "/r/b=other 2 2\n@2\n");
}

static void
test_damaged_files_do_not_open(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/r/a", "x", 0);
    store_box_close(&box);
    change_file("", "SQLite format 3", 15, 1);
    assert_open_fails(box.seal, box.path, "is damaged");
    change_file("", "RQLite format 3", 15, 1);
    assert_int_equal(truncate(box.path, 4096), 0);
    assert_open_fails(box.seal, "is damaged", "restore a backup");
}

/* Pages that nothing reads at the start are looked through soon after: no more writes then. */
static void
test_damage_is_found_soon_after(void **state)
{
    (void)state;
    char key[32];
    AUTO_FREE char *value = mem_new(3001);
    struct store_box_answer answer = { 0 };

    memset(value, 'v', 3000);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof key, "/r/%d", i);
        (void)store_box_put(&box, key, value, 0);
    }
    store_box_close(&box);
    AUTO_FD int fd = open(box.path, O_RDWR | O_CLOEXEC);
    char zeros[4096] = { 0 };

    assert_int_equal(pwrite(fd, zeros, sizeof zeros, 40 * 4096), sizeof zeros);
    store_box_open(&box);
    AUTO_FD int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

    log_fd(quiet);
    clock_warp(2100);
    for (int i = 0; i < 1000 && answer.rc != STORE_FAILED; i++) {
        (void)loop_turn(box.loop, 10);
        (void)snprintf(key, sizeof key, "/r/new%d", i);
        answer = store_box_write(&box, key, "x", 0, 0);
    }
    log_fd(2);
    assert_int_equal(answer.rc, STORE_FAILED);
    assert_contains(answer.error, "no more writes");
    assert_contains(answer.error, "is damaged");
}

static void
test_foreign_and_newer_files(void **state)
{
    (void)state;
    store_box_close(&box);
    (void)store_box_sql(&box, "PRAGMA user_version = 7");
    assert_open_fails(box.seal, "was written by a newer binnacle (schema 7, this one knows 1)",
                      "run that one");
    (void)store_box_sql(&box, "PRAGMA user_version = 1");
    (void)store_box_sql(&box, "PRAGMA application_id = 5");
    assert_open_fails(box.seal, "not one of binnacle", box.path);
    assert_int_equal(unlink(box.path), 0);
    assert_int_equal(mkdir(box.path, 0700), 0);
    assert_open_fails(box.seal, "open the database", "Is a directory");
    assert_int_equal(rmdir(box.path), 0);
    (void)snprintf(box.path, sizeof box.path, "%s/none/db", box.dir);
    assert_open_fails(box.seal, "open the database", "No such file or directory");
}

/* ---- seals ---- */

static void
test_sealed_values_are_not_in_the_file(void **state)
{
    (void)state;
    static const char canary[] = "correct-horse-battery";
    char path[96];

    (void)store_box_write(&box, "/r/s", canary, 0, STORE_SEAL);
    (void)store_box_write(&box, "/r/p", "plain-battery", 0, 0);
    for (int round = 0; round < 2; round++) {
        (void)snprintf(path, sizeof path, "%s%s", box.path, round == 0 ? "-wal" : "");
        AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        off_t size = lseek(fd, 0, SEEK_END);
        AUTO_FREE char *text = mem_new((size_t)size);

        assert_int_equal(pread(fd, text, (size_t)size, 0), size);
        assert_null(memmem(text, (size_t)size, canary, strlen(canary)));
        assert_non_null(memmem(text, (size_t)size, "plain-battery", 13));
        if (round == 0) {
            store_box_close(&box); /* the WAL goes into the file */
        }
    }
    store_box_open(&box);
    assert_text(store_box_list(&box, "/r/s", 0, NULL, 0), "/r/s=correct-horse-battery 1 1\n@2\n");
}

static void
test_the_wrong_key_file_is_refused(void **state)
{
    (void)state;
    struct seal *other = NULL;
    struct err *err = NULL;
    char path[96];

    store_box_close(&box);
    (void)snprintf(path, sizeof path, "%s/other.key", box.dir);
    assert_int_equal(seal_open(path, true, &other, &err), 0);
    assert_open_fails(other, "the key file does not belong to '", "put the right key file back");
    assert_open_fails(NULL, "holds sealed values and no key file was opened", box.path);
    seal_free(other);
    assert_int_equal(unlink(path), 0);
    store_box_open(&box); /* and the right one still opens it */
}

static void
test_a_store_without_seal(void **state)
{
    (void)state;
    struct seal *seal = box.seal;

    store_box_close(&box);
    assert_int_equal(unlink(box.path), 0);
    box.seal = NULL;
    store_box_open(&box);
    struct store_box_answer answer = store_box_write(&box, "/r/s", "x", 0, STORE_SEAL);

    assert_int_equal(answer.rc, STORE_FAILED);
    assert_contains(answer.error, "no key file was opened");
    assert_int_equal(store_box_put(&box, "/r/p", "y", 0), 1);
    store_box_close(&box);
    box.seal = seal; /* from now on it has one */
    store_box_open(&box);
    assert_int_equal(store_box_write(&box, "/r/s", "x", 0, STORE_SEAL).rc, STORE_OK);
}

/* ---- what is kept of an actor; what the sums are ---- */

static void
test_long_actors_are_cut(void **state)
{
    (void)state;
    char agent[400];
    AUTO_BUF struct buf *key = buf_copy(STR("/r/a"));
    AUTO_BUF struct buf *value = buf_copy(STR("x"));

    memset(agent, 'a', sizeof agent);
    memcpy(agent + 255, "\xc3\xa4", 2); /* a character across the limit of 256 */
    const struct store_actor actor = { .agent = { agent, sizeof agent } };
    const struct store_write write = { .key = key, .value = value, .actor = &actor };

    store_commit(box.store, &write, store_box_ignore, NULL);
    (void)store_box_put(&box, "/r/b", "y", 0);
    assert_int_equal(store_box_sql(&box, "SELECT length(agent) FROM kv WHERE rev = 1"), 255);
}

/* Released files hold them: what they are made of must not change. */
static void
test_the_sums_do_not_change(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/registry/core/pods/default/web", "a value of more than 32 bytes..",
                        0);
    (void)store_box_put(&box, "/registry/core/pods/default/web", NULL, 1);
    assert_int_equal(store_box_sql(&box, "SELECT sum FROM kv WHERE rev = 1"), 0xb7e812f0cdb6cecc);
    assert_int_equal(store_box_sql(&box, "SELECT sum FROM kv WHERE rev = 2"), 0x27a1fe27ca6b9cd3);
}

#define IN_BOX(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define NO_HISTORY(f) cmocka_unit_test_setup_teardown(f, setup_no_history, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOX(test_reopening_keeps_everything),
        NO_HISTORY(test_revisions_never_go_back),
        NO_HISTORY(test_sweep_leaves_what_stands),
        IN_BOX(test_history_survives_its_neighbours),
        IN_BOX(test_history_keeps_to_its_bytes),
        NO_HISTORY(test_wal_stays_short_and_pages_return),
        IN_BOX(test_a_flipped_bit_is_never_served),
        IN_BOX(test_damaged_files_do_not_open),
        IN_BOX(test_damage_is_found_soon_after),
        IN_BOX(test_foreign_and_newer_files),
        IN_BOX(test_sealed_values_are_not_in_the_file),
        IN_BOX(test_the_wrong_key_file_is_refused),
        IN_BOX(test_a_store_without_seal),
        IN_BOX(test_long_actors_are_cut),
        IN_BOX(test_the_sums_do_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
