/* store_sqlite on a bad disk: full, failing to sync, and cut off from power at any moment. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"
#include "store/store.h"
#include "tests/lib/store_box.h"
#include "tests/lib/store_disk.h"

enum { NOON_MS = 1764000000, KEYS = 20, VALUE_SIZE = 3000, WRITES = 500, MAX_TRIES = 20000 };

static struct store_box box;
static int quiet; /* where log lines of failures that are meant go */

static int
setup(void **state)
{
    (void)state;
    clock_stop(NOON_MS);
    store_disk_install();
    store_box_init(&box, STORE_BOX_SQLITE);
    quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_fd(quiet);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    store_disk_set_room(-1);
    store_disk_fail_sync(STORE_DISK_DB, false);
    store_disk_fail_sync(STORE_DISK_WAL, false);
    store_box_free(&box);
    store_disk_remove();
    log_fd(2);
    (void)close(quiet);
    clock_run();
    return 0;
}

static void
assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' not in: %s", part, text);
    }
}

static void
assert_text(char *owned, const char *want)
{
    assert_string_equal(owned == NULL ? "" : owned, want);
    mem_free(owned);
}

static void
value_text(char *text, int key, int count)
{
    int size = snprintf(text, VALUE_SIZE, "%d:%d:", key, count);

    for (int i = size; i < VALUE_SIZE - 1; i++) {
        text[i] = (char)('a' + (key * 7 + i + count) % 26);
    }
    text[VALUE_SIZE - 1] = '\0';
}

static void
test_a_full_disk(void **state)
{
    (void)state;
    struct store_box_answer answer = { 0 };
    char text[VALUE_SIZE];
    uint64_t rev = 0;

    store_box_open(&box);
    value_text(text, 1, 1);
    rev = store_box_put(&box, "/r/a", "first", 0);
    store_disk_set_room(40000);
    for (int i = 0; i < MAX_TRIES && answer.rc == STORE_OK; i++) {
        answer = store_box_write(&box, "/r/b", text, i == 0 ? 0 : rev, 0);
        rev = answer.rc == STORE_OK ? answer.rev : rev;
    }
    assert_int_equal(answer.rc, STORE_FAILED);
    assert_contains(answer.error, "the disk is full");
    assert_int_equal(box.store->rev, rev);
    AUTO_FREE char *list = store_box_list(&box, "/r/a", 0, NULL, 0);

    assert_contains(list, "/r/a=first 1 1"); /* reads go on */
    assert_int_equal(store_box_write(&box, "/r/a", text, 1, 0).rc, STORE_FAILED);
    store_disk_set_room(-1);
    assert_int_equal(store_box_put(&box, "/r/a", "second", 1), rev + 1);
    store_box_close(&box);
    store_box_open(&box);
    assert_int_equal(box.store->rev, rev + 1);
    AUTO_FREE char *want =
        mem_printf("/r/a=second %" PRIu64 " 1\n@%" PRIu64 "\n", rev + 1, rev + 1);

    assert_text(store_box_list(&box, "/r/a", 0, NULL, 0), want);
}

static void
test_a_failing_sync_ends_writes(void **state)
{
    (void)state;
    struct store_box_answer answer;

    store_box_open(&box);
    (void)store_box_put(&box, "/r/a", "first", 0);
    store_disk_fail_sync(STORE_DISK_WAL, true);
    answer = store_box_write(&box, "/r/a", "second", 1, 0);
    assert_int_equal(answer.rc, STORE_UNKNOWN);
    assert_int_equal(box.store->rev, 1);
    store_disk_fail_sync(STORE_DISK_WAL, false); /* a sync that works again proves nothing */
    answer = store_box_write(&box, "/r/b", "third", 0, 0);
    assert_int_equal(answer.rc, STORE_FAILED);
    assert_contains(answer.error, "no more writes");
    assert_contains(answer.error, "restart binnacle");
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/a=first 1 1\n@1\n");
    store_box_close(&box);
    store_box_open(&box);
    assert_in_range(box.store->rev, 1, 2); /* which of the two nobody knew */
    assert_int_equal(store_box_write(&box, "/r/c", "x", 0, 0).rc, STORE_OK);
}

/* The checkpoint of an idle store. */
static void
test_a_failing_checkpoint_ends_writes(void **state)
{
    (void)state;
    struct store_box_answer answer = { 0 };
    char key[32];
    char text[VALUE_SIZE];

    store_box_open(&box);
    value_text(text, 1, 1);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "/r/%d", i);
        store_box_begin(&box, key, text, 0, 0);
        store_box_settle(&box);
    }
    store_disk_fail_sync(STORE_DISK_DB, true);
    clock_warp(2100);
    for (int i = 0; i < 1000 && answer.rc == STORE_OK; i++) {
        (void)loop_turn(box.loop, 10);
        (void)snprintf(key, sizeof key, "/r/new%d", i);
        answer = store_box_write(&box, key, "x", 0, 0);
    }
    assert_int_equal(answer.rc, STORE_FAILED);
    assert_contains(answer.error, "no more writes");
}

/* ---- power cuts ---- */

/* What each revision was, as the run that was recorded answered. */
struct written {
    int key, count; /* count 0: deleted */
};
static struct written history[WRITES + 1];
static struct lane {
    int key, count;
    uint64_t rev;
} lanes[KEYS];
static size_t begun, acked;

static void lane_next(struct lane *lane);

static void
lane_done(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct lane *lane = ctx;

    (void)current;
    assert_null(owned);
    assert_int_equal(rc, STORE_OK);
    store_disk_mark((int64_t)rev);
    assert_in_range(rev, 1, WRITES);
    history[rev] = (struct written){ lane->key, lane->count % 6 == 0 ? 0 : lane->count };
    lane->rev = rev;
    acked++;
    lane_next(lane);
}

static void
lane_next(struct lane *lane)
{
    char key_text[32];
    char text[VALUE_SIZE];

    if (begun == WRITES) {
        return;
    }
    bool was_deleted = lane->count % 6 == 0; /* before the first too */

    begun++;
    lane->count++;
    (void)snprintf(key_text, sizeof key_text, "/r/%02d", lane->key);
    value_text(text, lane->key, lane->count);
    AUTO_BUF struct buf *key = buf_copy(str_of(key_text));
    AUTO_BUF struct buf *value = lane->count % 6 == 0 ? NULL : buf_copy(str_of(text));
    const struct store_write write = {
        .key = key,
        .value = value,
        .expect_rev = was_deleted ? 0 : lane->rev,
        .flags = lane->key % 2 == 0 ? STORE_NOHIST : 0,
    };

    store_commit(box.store, &write, lane_done, lane);
}

/* Load, with compaction and the three kinds of checkpoint between. */
static void
record_a_run(void)
{
    static const char *const checkpoints[] = { "PRAGMA wal_checkpoint(PASSIVE)",
                                               "PRAGMA wal_checkpoint(RESTART)",
                                               "PRAGMA wal_checkpoint(TRUNCATE)" };
    size_t next = WRITES / 10;

    box.limits.history_bytes = 20000;
    store_disk_record(true);
    store_box_open(&box);
    store_disk_mark(0);
    for (int i = 0; i < KEYS; i++) {
        lanes[i] = (struct lane){ .key = i };
        lane_next(&lanes[i]);
    }
    while (acked < WRITES) {
        assert_true(loop_turn(box.loop, 20000));
        if (acked >= next) {
            (void)store_box_sql(&box, checkpoints[next / (WRITES / 10) % 3]);
            (void)store_box_compact(&box, box.store->rev - 10);
            next += WRITES / 10;
        }
    }
    store_disk_record(false);
    store_box_close(&box);
}

/* One file as the disk may have it. */
struct image {
    char *at;
    size_t size, room;
};

static void
image_resize(struct image *image, size_t size)
{
    if (size > image->room) {
        image->room = size * 2;
        image->at = mem_resize(image->at, image->room);
    }
    if (size > image->size) {
        memset(image->at + image->size, 0, size - image->size);
    }
    image->size = size;
}

enum tear { TEAR_NONE, TEAR_ALL, TEAR_SOME, TEAR_TORN, TEAR_LEN };
static uint64_t tear_seed = 1;

static uint64_t
pick(uint64_t below)
{
    tear_seed = tear_seed * 6364136223846793005U + 1442695040888963407U;
    return (tear_seed >> 33) % below;
}

/* A write or truncation reaches the disk: wholly, or only some of its sectors. */
static void
image_apply(struct image *image, const struct store_disk_record *record, bool is_torn)
{
    size_t end = (size_t)record->at + record->size;

    if (record->kind == STORE_DISK_TRUNCATE) {
        image_resize(image, (size_t)record->at);
        return;
    }
    if (end > image->size) {
        image_resize(image, end);
    }
    for (size_t at = 0; at < record->size; at += 512) {
        size_t size = record->size - at < 512 ? record->size - at : 512;

        if (!is_torn || pick(2) == 0) {
            memcpy(image->at + (size_t)record->at + at, record->bytes + at, size);
        }
    }
}

static void
image_put(const struct image *image, const char *suffix)
{
    AUTO_FREE char *path = mem_printf("%s%s", box.path, suffix);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->at, image->size), image->size);
}

/* The state that revision rev stands for, as store_box_list writes it. */
static char *
state_at(uint64_t rev)
{
    struct str_builder out = { 0 };
    char text[VALUE_SIZE];

    for (int key = 0; key < KEYS; key++) {
        uint64_t last = 0;
        uint64_t created = 0;

        for (uint64_t r = 1; r <= rev; r++) {
            if (history[r].key == key) {
                created = last == 0 || history[last].count == 0 ? r : created;
                last = r;
            }
        }
        if (last != 0 && history[last].count != 0) {
            value_text(text, key, history[last].count);
            str_putf(&out, "/r/%02d=%s %" PRIu64 " %" PRIu64 "\n", key, text, last, created);
        }
    }
    str_putf(&out, "@%" PRIu64 "\n", rev);
    return str_steal(&out);
}

static void
check_after_cut(uint64_t acked_rev)
{
    AUTO_FREE char *shm = mem_printf("%s-shm", box.path);

    (void)unlink(shm); /* memory, gone with the power */
    store_box_open(&box);
    uint64_t rev = box.store->rev;

    assert_in_range(rev, acked_rev, WRITES);
    AUTO_FREE char *want = state_at(rev);

    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), want);
    assert_int_equal(store_box_sql(&box, "SELECT count(*) FROM pragma_integrity_check"
                                         " WHERE integrity_check = 'ok'"),
                     1);
    store_box_close(&box);
}

/* What was written and not synced when the power went. */
typedef VEC(const struct store_disk_record *) pending_list;

/* A sync makes durable what was pending for its file before it began: before record `end`. */
static void
sync_file(struct image *durable, pending_list *pending, enum store_disk_file file,
          const struct store_disk_record *end)
{
    size_t left = 0;

    for (size_t i = 0; i < pending->len; i++) {
        if (pending->at[i]->file == file && pending->at[i] < end) {
            image_apply(&durable[file], pending->at[i], false);
        } else {
            pending->at[left++] = pending->at[i];
        }
    }
    pending->len = left;
}

/* Puts the files as they may be found after a cut now. */
static void
put_files(const struct image *durable, const pending_list *pending, enum tear tear)
{
    for (int file = 0; file < STORE_DISK_FILES; file++) {
        struct image image = { 0 };

        image_resize(&image, durable[file].size);
        if (image.size > 0) {
            memcpy(image.at, durable[file].at, image.size);
        }
        for (size_t i = 0; i < pending->len; i++) {
            bool is_there = tear == TEAR_ALL || (tear >= TEAR_SOME && pick(2) == 0);

            if (pending->at[i]->file == (enum store_disk_file)file && is_there) {
                image_apply(&image, pending->at[i], tear == TEAR_TORN);
            }
        }
        image_put(&image, file == STORE_DISK_DB ? "" : "-wal");
        mem_free(image.at);
    }
}

static void
test_power_cuts(void **state)
{
    (void)state;
    enum { CUTS = 60 };
    struct image durable[STORE_DISK_FILES] = { 0 };
    pending_list pending = { 0 };
    size_t len = 0;
    size_t cuts = 0;
    int64_t acked_rev = -1; /* not open yet */

    record_a_run();
    const struct store_disk_record *records = store_disk_records(&len);

    for (size_t i = 0; i < len; i++) {
        const struct store_disk_record *record = &records[i];

        if (record->kind == STORE_DISK_MARK) {
            acked_rev = record->at > acked_rev ? record->at : acked_rev;
        } else if (record->kind == STORE_DISK_SYNC) {
            sync_file(durable, &pending, record->file, records + record->at);
        } else {
            VEC_ADD(pending, record);
        }
        if (acked_rev < 0 || pick(len / CUTS) != 0) {
            continue;
        }
        cuts++;
        for (int tear = 0; tear < TEAR_LEN; tear++) {
            put_files(durable, &pending, (enum tear)tear);
            check_after_cut((uint64_t)acked_rev);
        }
    }
    assert_true(cuts > CUTS / 3);
    for (int file = 0; file < STORE_DISK_FILES; file++) {
        mem_free(durable[file].at);
    }
    VEC_DONE(pending);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_sync_ends_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_checkpoint_ends_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_power_cuts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
