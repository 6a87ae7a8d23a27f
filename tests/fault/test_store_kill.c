/* store_sqlite: killed at every fault point of a commit and at random moments, under load and with
 * compaction running.  After each death the file is opened again: whatever was acknowledged is there,
 * nothing is half there, events are without a gap, revisions have not gone back.
 *
 * The program is its own victim: with "child DIR FAULT" it opens the store and writes until it dies,
 * and says on its standard output what was acknowledged, a line each, before it goes on. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"
#include "store/seal.h"
#include "store/store.h"
#include "tests/lib/store_box.h"

enum { KEYS = 48, VALUE_SIZE = 2000, KILLS = 12, COMPACT_EVERY = 200, WAIT_MS = 20000 };

/* What stands under a key: count 0 is "not there"; each write takes it one further. */
struct slot {
    uint64_t rev;
    unsigned count;
};

/* ---- the state of a key is all that tells its next one, for child and parent alike ---- */

/* Every seventh state is a deletion. */
static bool
is_deleted(unsigned count)
{
    return count % 7 == 0;
}

/* All bytes of a value depend on key and count, so half a value never passes for a whole one. */
static void
value_text(char *text, int key, unsigned count)
{
    int size = snprintf(text, VALUE_SIZE, "%d:%u:", key, count);

    for (int i = size; i < VALUE_SIZE - 1; i++) {
        text[i] = (char)('a' + (unsigned)(key + i) * (count + 3) % 26);
    }
    text[VALUE_SIZE - 1] = '\0';
}

/* ---- the child ---- */

struct child {
    struct loop *loop;
    struct store *store;
    struct slot slots[KEYS];
    uint64_t events_rev; /* of the last event */
    uint64_t compact_at; /* the next compaction */
};
struct child_write {
    struct child *child;
    int key;
};

static void child_next(struct child_write *write);

static void
child_on_compacted(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current,
                   struct err *owned)
{
    (void)ctx;
    (void)rc;
    (void)current;
    err_free(owned);
    (void)dprintf(1, "compacted %" PRIu64 "\n", rev);
}

static void
child_on_done(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct child_write *write = ctx;
    struct child *child = write->child;
    struct slot *slot = &child->slots[write->key];

    (void)current;
    if (rc != STORE_OK || rev > child->events_rev) { /* events come first */
        (void)dprintf(1, "bad answer %d: %s\n", (int)rc, owned == NULL ? "" : owned->message);
        _exit(3);
    }
    slot->rev = rev;
    slot->count++;
    (void)dprintf(1, "ack %d %u %" PRIu64 "\n", write->key, slot->count, rev);
    if (rev > child->compact_at) {
        child->compact_at = rev + COMPACT_EVERY;
        store_compact(child->store, rev - COMPACT_EVERY / 4, child_on_compacted, NULL);
    }
    child_next(write);
}

static void
child_next(struct child_write *write)
{
    const struct slot *slot = &write->child->slots[write->key];
    char key_text[32];
    char text[VALUE_SIZE];

    (void)snprintf(key_text, sizeof key_text, "/r/%d", write->key);
    value_text(text, write->key, slot->count + 1);
    AUTO_BUF struct buf *key = buf_copy(str_of(key_text));
    AUTO_BUF struct buf *value = is_deleted(slot->count + 1) ? NULL : buf_copy(str_of(text));
    const struct store_write store_write = {
        .key = key,
        .value = value,
        .expect_rev = slot->count == 0 || is_deleted(slot->count) ? 0 : slot->rev,
        .flags = (write->key % 3 == 0 ? STORE_NOHIST : 0) | (write->key % 5 == 0 ? STORE_SEAL : 0),
    };

    store_commit(write->child->store, &store_write, child_on_done, write);
}

static void
child_on_events(void *ctx, const struct store_event *events, size_t len)
{
    struct child *child = ctx;

    for (size_t i = 0; i < len; i++) {
        if (events[i].rev != child->events_rev + 1) {
            (void)dprintf(1, "event gap %" PRIu64 "\n", events[i].rev);
            _exit(4);
        }
        child->events_rev = events[i].rev;
    }
    (void)dprintf(1, "events %" PRIu64 "\n", child->events_rev);
}

/* argv: DIR FAULT, then "COUNT REV" for each key as the parent found it. */
static int
child_main(char **argv)
{
    static struct child child;
    static struct child_write writes[KEYS];
    struct err *err = NULL;
    struct seal *seal = NULL;
    const struct store_limits limits = { .history_bytes = 64 << 10 };
    AUTO_FREE char *path = mem_printf("%s/db", argv[0]);
    AUTO_FREE char *seal_path = mem_printf("%s/seal.key", argv[0]);

    child.loop = loop_new();
    if (seal_open(seal_path, false, &seal, &err) != 0 || fault_arm(argv[1], &err) != 0 ||
        store_sqlite_open(child.loop, path, seal, &limits, &child.store, &err) != 0) {
        (void)dprintf(1, "cannot open: %s\n", err->message);
        return 2;
    }
    child.events_rev = child.store->rev;
    child.compact_at = child.store->rev + COMPACT_EVERY;
    store_watch(child.store, child.store->rev, child_on_events, &child);
    for (int i = 0; i < KEYS; i++) {
        if (sscanf(argv[2 + i], "%u %" SCNu64, &child.slots[i].count, &child.slots[i].rev) != 2) {
            return 2;
        }
        writes[i] = (struct child_write){ &child, i };
        child_next(&writes[i]);
    }
    loop_run(child.loop); /* until it dies */
    return 1;
}

/* ---- the parent ---- */

static struct store_box box;
static const char *self; /* argv[0] */
static struct slot acked[KEYS];
static uint64_t acked_rev, events_rev; /* the newest that the child told */
static size_t acks;                    /* of this child */
static size_t kill_after;              /* acks, 0: it dies by its fault */
static struct proc *victim;
static int exit_status;
static bool is_over;

static void
on_line(void *ctx, bool is_stderr, struct str line)
{
    AUTO_FREE char *text = str_dup(line);
    int key = 0;
    unsigned count = 0;
    uint64_t rev = 0;

    (void)ctx;
    if (!is_stderr && sscanf(text, "ack %d %u %" SCNu64, &key, &count, &rev) == 3) {
        assert_in_range(key, 0, KEYS - 1);
        assert_int_equal(count, acked[key].count + 1);
        acked[key] = (struct slot){ rev, count };
        acked_rev = rev > acked_rev ? rev : acked_rev;
        if (++acks == kill_after) {
            proc_kill(victim, SIGKILL);
        }
    } else if (sscanf(text, "events %" SCNu64, &rev) == 1) {
        events_rev = rev;
    } else if (sscanf(text, "compacted %" SCNu64, &rev) != 1) {
        fail_msg("the child says: %s", text);
    }
}

static void
on_exit(void *ctx, const struct proc_result *result, struct err *owned)
{
    (void)ctx;
    assert_null(owned);
    exit_status = result->status;
    is_over = true;
}

static void
run_child(const char *fault)
{
    const char *argv[5 + KEYS] = { self, "child", box.dir, fault };
    char *slots[KEYS];

    for (int i = 0; i < KEYS; i++) {
        slots[i] = mem_printf("%u %" PRIu64, acked[i].count, acked[i].rev);
        argv[4 + i] = slots[i];
    }
    const struct proc_spec spec = { .argv = argv, .timeout_ms = WAIT_MS, .line = on_line };

    is_over = false;
    acks = 0;
    victim = proc_start(box.loop, &spec, on_exit, NULL);
    while (!is_over) {
        (void)loop_turn(box.loop, WAIT_MS);
    }
    for (int i = 0; i < KEYS; i++) {
        mem_free(slots[i]);
    }
    assert_int_equal(exit_status, 128 + SIGKILL);
}

/* The key as the file has it, and that it is what was acknowledged or the one write after it. */
static void
check_key(int key, const char *list)
{
    char name[32];
    char text[VALUE_SIZE];
    struct slot *slot = &acked[key];
    unsigned count = 0;
    uint64_t rev = 0;
    int found = -1;

    (void)snprintf(name, sizeof name, "\n/r/%d=", key);
    const char *line = strstr(list, name);

    if (line != NULL) {
        line += strlen(name);
        assert_int_equal(sscanf(line, "%d:%u:", &found, &count), 2);
        assert_int_equal(found, key);
        value_text(text, key, count);
        assert_memory_equal(line, text, VALUE_SIZE - 1);
        assert_int_equal(sscanf(line + VALUE_SIZE - 1, " %" SCNu64, &rev), 1);
        assert_true(count == slot->count ? rev == slot->rev
                                         : count == slot->count + 1 && rev > slot->rev);
        assert_false(is_deleted(count));
        slot->count = count;
        slot->rev = rev;
    } else if (slot->count != 0 && !is_deleted(slot->count)) {
        slot->count++; /* only its deletion can have been under way */
        assert_true(is_deleted(slot->count));
    }
}

static void
check_file(void)
{
    uint64_t rev_before = acked_rev > events_rev ? acked_rev : events_rev;

    assert_int_equal(store_box_sql(&box, "SELECT count(*) FROM pragma_integrity_check"
                                         " WHERE integrity_check = 'ok'"),
                     1);
    store_box_open(&box);
    assert_true(box.store->rev >= rev_before);
    AUTO_FREE char *list = store_box_list(&box, "/r/", 0, NULL, 0);
    AUTO_FREE char *padded = mem_printf("\n%s", list);

    for (int i = 0; i < KEYS; i++) {
        check_key(i, padded);
    }
    AUTO_FREE char *events = store_box_events(&box, box.store->compact_rev, UINT64_MAX, 0);
    size_t len = 0;

    for (const char *at = events; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
        len++;
    }
    assert_int_equal(len, box.store->rev - box.store->compact_rev); /* so none is missing */
    acked_rev = box.store->rev;
    events_rev = box.store->rev;
    store_box_close(&box);
}

static void
kill_often(const char *point, unsigned most_hits)
{
    unsigned seed = 7;

    for (int i = 0; i < KILLS; i++) {
        seed = seed * 1103515245U + 12345U;
        unsigned hit = 1 + (seed >> 16) % most_hits;
        AUTO_FREE char *fault =
            point == NULL ? mem_strdup("") : mem_printf("%s=kill@%u", point, hit);

        kill_after = point == NULL ? hit * 20 : 0;
        run_child(fault);
        check_file();
    }
}

static void
test_before_fsync(void **state)
{
    (void)state;
    kill_often("store.commit.before_fsync", 60);
}

static void
test_after_fsync(void **state)
{
    (void)state;
    kill_often("store.commit.after_fsync", 60);
}

static void
test_before_done(void **state)
{
    (void)state;
    kill_often("store.commit.before_done", 60);
}

static void
test_at_any_moment(void **state)
{
    (void)state;
    kill_often(NULL, 60);
    assert_true(acked_rev > 2000);
}

static void
test_open_fails_and_leaves_nothing(void **state)
{
    (void)state;
    struct err *err = NULL;
    struct store *store = NULL;

    assert_int_equal(fault_arm("store.open=error@1", &err), 0);
    assert_int_equal(store_sqlite_open(box.loop, box.path, box.seal, NULL, &store, &err), -1);
    assert_string_equal(err->message, "fault 'store.open'");
    err_free(err);
    check_file();
}

/* An error before the fsync is FAILED and nothing has happened; one after it may have. */
static void
test_failed_commits(void **state)
{
    (void)state;
    struct err *err = NULL;

    store_box_open(&box);
    uint64_t rev = box.store->rev;

    assert_int_equal(fault_arm("store.commit.before_fsync=error@1", &err), 0);
    assert_int_equal(store_box_write(&box, "/s/a", "x", 0, 0).rc, STORE_FAILED);
    assert_int_equal(box.store->rev, rev);
    assert_int_equal(store_box_put(&box, "/s/a", "y", 0), rev + 1);
    assert_int_equal(fault_arm("store.commit.after_fsync=error@1", &err), 0);
    struct store_box_answer answer = store_box_write(&box, "/s/b", "x", 0, 0);

    assert_int_equal(answer.rc, STORE_UNKNOWN);
    answer = store_box_write(&box, "/s/c", "x", 0, 0);
    assert_int_equal(answer.rc, STORE_FAILED);
    assert_non_null(strstr(answer.error, "no more writes"));
    AUTO_FREE char *list = store_box_list(&box, "/s/a", 0, NULL, 0);

    assert_non_null(strstr(list, "/s/a=y")); /* reads go on */
    store_box_close(&box);
    store_box_open(&box);
    assert_int_equal(store_box_write(&box, "/s/c", "x", 0, 0).rc, STORE_OK);
    store_box_close(&box);
}

static int
setup(void **state)
{
    (void)state;
    store_box_init(&box, STORE_BOX_SQLITE);
    box.limits.history_bytes = 64 << 10;
    store_box_open(&box);
    store_box_close(&box);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    store_box_free(&box);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_fsync),
        cmocka_unit_test(test_after_fsync),
        cmocka_unit_test(test_before_done),
        cmocka_unit_test(test_at_any_moment),
        cmocka_unit_test(test_open_fails_and_leaves_nothing),
        cmocka_unit_test(test_failed_commits),
    };

    if (argc == 4 + KEYS && strcmp(argv[1], "child") == 0) {
        return child_main(argv + 2);
    }
    self = argv[0];
    return cmocka_run_group_tests(tests, setup, teardown);
}
