/* store: the contract, run against the reference model and against SQLite. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/store.h"
#include "tests/lib/store_box.h"

enum { NOON_MS = 1764000000 };

static struct store_box box;

static int
setup(void **state)
{
    clock_stop(NOON_MS);
    store_box_init(&box, *(enum store_box_kind *)*state);
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
assert_text(char *owned, const char *want)
{
    assert_string_equal(owned == NULL ? "" : owned, want);
    mem_free(owned);
}

static void
test_create_update_delete(void **state)
{
    (void)state;
    uint64_t one = store_box_put(&box, "/r/a", "one", 0);

    assert_int_equal(one, 1);
    uint64_t two = store_box_put(&box, "/r/a", "two", one);

    assert_int_equal(two, 2);
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/a=two 2 1\n@2\n");
    uint64_t three = store_box_put(&box, "/r/a", NULL, two);

    assert_int_equal(three, 3);
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "@3\n");
    assert_int_equal(store_box_put(&box, "/r/a", "again", 0), 4);
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/a=again 4 4\n@4\n");
    assert_int_equal(store_box_fresh(&box), 4);
    assert_int_equal(box.store->rev, 4);
}

static void
test_conflict_tells_what_stands(void **state)
{
    (void)state;
    struct store_box_answer answer = store_box_write(&box, "/r/a", "x", 7, 0);

    assert_int_equal(answer.rc, STORE_CONFLICT);
    assert_int_equal(answer.rev, 0);
    assert_string_equal(answer.current, "");
    (void)store_box_put(&box, "/r/a", "one", 0);
    for (uint64_t expect = 0; expect < 3; expect += 2) {
        answer = store_box_write(&box, "/r/a", "x", expect, 0);
        assert_int_equal(answer.rc, STORE_CONFLICT);
        assert_int_equal(answer.rev, 1);
        assert_string_equal(answer.current, "one");
    }
    answer = store_box_write(&box, "/r/a", NULL, 2, 0);
    assert_int_equal(answer.rc, STORE_CONFLICT);
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/a=one 1 1\n@1\n");
}

static void
test_sealed_values_come_back(void **state)
{
    (void)state;
    struct store_box_answer answer = store_box_write(&box, "/r/s", "hush", 0, STORE_SEAL);

    assert_int_equal(answer.rc, STORE_OK);
    answer = store_box_write(&box, "/r/s", "x", 0, 0);
    assert_string_equal(answer.current, "hush");
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/s=hush 1 1\n@1\n");
    assert_text(store_box_events(&box, 0, 9, 0), "/r/s=hush 1 1 0\n");
}

static void
test_too_large_is_refused(void **state)
{
    (void)state;
    AUTO_FREE char *large = mem_new(STORE_VALUE_MAX + 2);
    struct store_box_answer answer;

    memset(large, 'x', STORE_VALUE_MAX + 1);
    answer = store_box_write(&box, "/r/a", large, 0, 0);
    assert_int_equal(answer.rc, STORE_FAILED);
    assert_string_equal(answer.error, "an object of 1572865 bytes: the limit is 1572864");
    large[STORE_VALUE_MAX] = '\0';
    assert_int_equal(store_box_write(&box, "/r/a", large, 0, 0).rc, STORE_OK);
    large[STORE_KEY_MAX + 1] = '\0';
    assert_int_equal(store_box_write(&box, large, "x", 0, 0).rc, STORE_FAILED);
    assert_int_equal(box.store->rev, 1);
}

/* A batch: its events, then its dones, in the order of the calls; a conflict fails alone. */
static void
test_events_come_before_dones(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/r/a", "0", 0);
    mem_free(store_box_take_log(&box));
    store_box_begin(&box, "/r/a", "1", 1, 0);
    store_box_begin(&box, "/r/b", "2", 5, 0);
    store_box_begin(&box, "/r/c", "3", 0, 0);
    store_box_begin(&box, "/r/a", NULL, 2, 0);
    store_box_settle(&box);
    AUTO_FREE char *log = store_box_take_log(&box);
    const char *a = strstr(log, "event /r/a=1 2 1 1 tagged\n");
    const char *c = strstr(log, "event /r/c=3 3 3 0 tagged\n");
    const char *gone = strstr(log, "event /r/a deleted 4 1 2\n");
    const char *dones[] = {
        strstr(log, "done /r/a ok 2\n"),
        strstr(log, "done /r/b conflict 0\n"),
        strstr(log, "done /r/c ok 3\n"),
        strstr(log, "done /r/a ok 4\n"),
    };

    assert_true(a != NULL && a < c && c < gone);
    assert_true(a < dones[0] && c < dones[2] && gone < dones[3]);
    for (size_t i = 0; i < ARRAY_LEN(dones); i++) {
        assert_non_null(dones[i]);
        assert_true(i == 0 || dones[i - 1] < dones[i]);
    }
    assert_int_equal(box.events_len, 4);
}

static void
test_lists_page_at_one_revision(void **state)
{
    (void)state;
    char key[32];

    for (int i = 0; i < 9; i++) {
        (void)snprintf(key, sizeof key, "/r/k%d", i);
        (void)store_box_put(&box, key, "old", 0);
    }
    (void)store_box_put(&box, "/s/other", "x", 0);
    (void)store_box_put(&box, "/r", "no member: no slash", 0);
    uint64_t at_rev = box.store->rev;

    assert_text(store_box_list(&box, "/r/", 0, NULL, 3),
                "/r/k0=old 1 1\n/r/k1=old 2 2\n/r/k2=old 3 3\n@11\n");
    (void)store_box_put(&box, "/r/k3", "new", 4);    /* changed */
    (void)store_box_put(&box, "/r/k3", "newer", 12); /* twice */
    (void)store_box_put(&box, "/r/k4", NULL, 5);     /* gone */
    (void)store_box_put(&box, "/r/k5", NULL, 6);     /* gone and back */
    (void)store_box_put(&box, "/r/k5", "back", 0);
    (void)store_box_put(&box, "/r/k55", "late", 0); /* not there yet */
    (void)store_box_put(&box, "/r/k55", NULL, 17);  /* nor any more */
    assert_text(store_box_list(&box, "/r/", at_rev, "/r/k3", 3),
                "/r/k3=old 4 4\n/r/k4=old 5 5\n/r/k5=old 6 6\n@11\n");
    assert_text(store_box_list(&box, "/r/", at_rev, "/r/k5\1", 0),
                "/r/k6=old 7 7\n/r/k7=old 8 8\n/r/k8=old 9 9\n@11\n");
    assert_text(store_box_list(&box, "/r/", 0, "/r/k3", 3),
                "/r/k3=newer 13 4\n/r/k5=back 16 16\n/r/k6=old 7 7\n@18\n");
    assert_text(store_box_list(&box, "/r/k5", 17, NULL, 0),
                "/r/k5=back 16 16\n/r/k55=late 17 17\n@17\n");
    assert_text(store_box_list(&box, "", 9, "/s", 0), "@9\n");
    assert_text(store_box_list(&box, "/r/", 19, NULL, 0),
                "error: 504 Too large resource version: 19, current: 18\n");
}

static void
test_large_lists_come_in_order(void **state)
{
    (void)state;
    enum { LEN = 1500 };
    char key[32];
    char want[96];

    for (int i = 0; i < LEN; i++) {
        (void)snprintf(key, sizeof key, "/r/%04d", (i * 7) % LEN);
        store_box_begin(&box, key, "v", 0, 0);
    }
    store_box_settle(&box);
    AUTO_FREE char *list = store_box_list(&box, "/r/", 0, NULL, 0);
    const char *at = list;

    for (int i = 0; i < LEN; i++) {
        (void)snprintf(want, sizeof want, "/r/%04d=v ", i);
        assert_memory_equal(at, want, strlen(want));
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "@1500\n");
    assert_int_equal(box.events_len, LEN);
}

static void
test_events_of_a_range(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/r/a", "1", 0);
    (void)store_box_put(&box, "/r/a", "2", 1);
    (void)store_box_put(&box, "/r/b", "3", 0);
    (void)store_box_put(&box, "/r/a", NULL, 2);
    assert_text(store_box_events(&box, 0, 4, 0),
                "/r/a=1 1 1 0\n/r/a=2 2 1 1\n/r/b=3 3 3 0\n/r/a deleted 4 1 2\n");
    assert_text(store_box_events(&box, 1, 3, 0), "/r/a=2 2 1 1\n/r/b=3 3 3 0\n");
    assert_text(store_box_events(&box, 1, 99, 1), "/r/a=2 2 1 1\n");
    assert_text(store_box_events(&box, 4, 99, 0), "");
}

static void
test_compaction_expires(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/r/a", "1", 0);
    (void)store_box_put(&box, "/r/a", "2", 1);
    (void)store_box_put(&box, "/r/b", "3", 0);
    (void)store_box_put(&box, "/r/b", NULL, 3);
    struct store_box_answer answer = store_box_compact(&box, 9);

    assert_int_equal(answer.rc, STORE_FAILED);
    answer = store_box_compact(&box, 3);
    assert_int_equal(answer.rc, STORE_OK);
    assert_int_equal(answer.rev, 3);
    assert_int_equal(box.store->compact_rev, 3);
    answer = store_box_compact(&box, 2); /* is compacted already */
    assert_int_equal(answer.rc, STORE_OK);
    assert_int_equal(answer.rev, 3);
    assert_text(store_box_list(&box, "/r/", 2, NULL, 0),
                "error: 410 required revision has been compacted\n");
    assert_text(store_box_events(&box, 2, 4, 0),
                "error: 410 required revision has been compacted\n");
    assert_text(store_box_list(&box, "/r/", 3, NULL, 0), "/r/a=2 2 1\n/r/b=3 3 3\n@3\n");
    assert_text(store_box_events(&box, 3, 4, 0), "/r/b deleted 4 3 3\n");
    assert_int_equal(store_box_put(&box, "/r/b", "5", 0), 5);
}

static void
test_history_outlives_compaction(void **state)
{
    (void)state;
    (void)store_box_put(&box, "/r/a/x", "1", 0);
    clock_warp(1000);
    (void)store_box_put(&box, "/r/a/x", "2", 1);
    (void)store_box_write(&box, "/r/a/lease", "beat", 0, STORE_NOHIST);
    (void)store_box_write(&box, "/r/a/lease", "beat", 3, STORE_NOHIST);
    (void)store_box_put(&box, "/r/a/x", NULL, 2);
    (void)store_box_put(&box, "/r/b", "other", 0);
    (void)store_box_compact(&box, 6);
    const char *want = "/r/a/x deleted 5 1 delete admin kubectl/v1.35 127.0.0.1 1764001000 2\n"
                       "/r/a/x=2 2 1 update admin kubectl/v1.35 127.0.0.1 1764001000 1\n"
                       "/r/a/x=1 1 1 create admin kubectl/v1.35 127.0.0.1 1764000000 0\n";

    assert_text(store_box_history(&box, "/r/a/x", 0, 0), want);
    assert_text(store_box_history(&box, "/r/a/", 0, 0), want);
    assert_text(store_box_history(&box, "/r/a/x", 2, 0), strstr(want, "/r/a/x=1"));
    assert_text(store_box_history(&box, "/r/a/x", 0, 1),
                "/r/a/x deleted 5 1 delete admin kubectl/v1.35 127.0.0.1 1764001000 2\n");
    assert_text(store_box_history(&box, "/r/a/lease", 0, 0), "");
}

static void
test_patient_writes_wait_for_company(void **state)
{
    (void)state;
    store_box_begin(&box, "/r/lease", "1", 0, STORE_PATIENT);
    for (int i = 0; i < 5; i++) {
        clock_warp(99);
        store_box_turn(&box);
    }
    assert_int_equal(box.writes_left, 1);
    clock_warp(10);
    store_box_settle(&box); /* alone, when its patience ends */
    mem_free(store_box_take_log(&box));

    store_box_begin(&box, "/r/lease", "2", 1, STORE_PATIENT);
    store_box_begin(&box, "/r/lease2", "3", 0, STORE_PATIENT);
    store_box_begin(&box, "/r/pod", "4", 0, 0);
    store_box_settle(&box); /* with the first that is not patient, and before it */
    AUTO_FREE char *log = store_box_take_log(&box);
    const char *lease = strstr(log, "done /r/lease ok 2\n");

    assert_non_null(lease);
    assert_true(lease < strstr(log, "done /r/lease2 ok 3\n"));
    assert_true(lease < strstr(log, "done /r/pod ok 4\n"));
}

/* Many of them are company enough: the clock stands still. */
static void
test_patient_writes_leave_when_they_are_many(void **state)
{
    char key[24];
    (void)state;
    for (int i = 0; i < STORE_PATIENT_MAX - 1; i++) {
        (void)snprintf(key, sizeof(key), "/r/event%d", i);
        store_box_begin(&box, key, "1", 0, STORE_PATIENT);
    }
    store_box_turn(&box);
    assert_int_equal(box.writes_left, STORE_PATIENT_MAX - 1);
    store_box_begin(&box, "/r/last", "1", 0, STORE_PATIENT);
    store_box_settle(&box);
    assert_int_equal(box.writes_left, 0);
}

static void
test_close_flushes_patient_writes(void **state)
{
    (void)state;
    store_box_begin(&box, "/r/lease", "1", 0, STORE_PATIENT);
    store_box_close(&box);
    assert_int_equal(box.writes_left, 0);
    assert_text(store_box_take_log(&box), "event /r/lease=1 1 1 0 tagged\ndone /r/lease ok 1\n");
}

/* ---- 50 writers add 1 to a counter, ten times each, by compare-and-swap alone ---- */

enum { ADDERS = 50, ADDS = 10 };
struct adder {
    uint64_t rev; /* of the value it saw */
    int64_t seen;
    int left;
};
static int adders_left;

static void adder_try(struct adder *adder);

static void
adder_done(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct adder *adder = ctx;

    assert_null(owned);
    if (rc == STORE_OK) {
        adder->left--;
        adder->seen++;
    } else {
        assert_int_equal(rc, STORE_CONFLICT);
        assert_true(str_to_int(buf_str(current), &adder->seen));
    }
    adder->rev = rev;
    if (adder->left > 0) {
        adder_try(adder);
    } else {
        adders_left--;
    }
}

static void
adder_try(struct adder *adder)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, adder->seen + 1);
    AUTO_BUF struct buf *key = buf_copy(STR("/r/counter"));
    AUTO_BUF struct buf *value = buf_copy(str_of(text));
    const struct store_write write = { .key = key, .value = value, .expect_rev = adder->rev };

    store_commit(box.store, &write, adder_done, adder);
}

static void
test_fifty_writers_lose_no_update(void **state)
{
    (void)state;
    struct adder adders[ADDERS];

    adders_left = ADDERS;
    for (int i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){ .left = ADDS };
        adder_try(&adders[i]);
    }
    while (adders_left > 0) {
        assert_true(loop_turn(box.loop, 20000));
    }
    assert_text(store_box_list(&box, "/r/", 0, NULL, 0), "/r/counter=500 500 1\n@500\n");
    assert_int_equal(box.events_len, ADDERS * ADDS);
}

/* ---- the sink ---- */

static void
test_sink_gets_the_past_first(void **state)
{
    (void)state;
    store_box_close(&box);
    box.is_late = true;
    store_box_open(&box);
    uint64_t before = box.store->rev;

    (void)store_box_put(&box, "/r/a", "1", 0);
    (void)store_box_put(&box, "/r/a", "2", before + 1);
    assert_int_equal(box.events_len, 0);
    store_box_watch(&box, before + 1);
    (void)store_box_put(&box, "/r/b", "3", 0);
    assert_text(store_box_take_log(&box), "event /r/a=2 2 1 1\nevent /r/b=3 3 3 0 tagged\n");
}

#define CONTRACT(f)                                                                                \
    { "mem: " #f, f, setup, teardown, &kinds[STORE_BOX_MEM] },                                     \
    {                                                                                              \
        "sqlite: " #f, f, setup, teardown, &kinds[STORE_BOX_SQLITE]                                \
    }

int
main(void)
{
    static enum store_box_kind kinds[] = { STORE_BOX_MEM, STORE_BOX_SQLITE };
    const struct CMUnitTest tests[] = {
        CONTRACT(test_create_update_delete),
        CONTRACT(test_conflict_tells_what_stands),
        CONTRACT(test_sealed_values_come_back),
        CONTRACT(test_too_large_is_refused),
        CONTRACT(test_events_come_before_dones),
        CONTRACT(test_lists_page_at_one_revision),
        CONTRACT(test_large_lists_come_in_order),
        CONTRACT(test_events_of_a_range),
        CONTRACT(test_compaction_expires),
        CONTRACT(test_history_outlives_compaction),
        CONTRACT(test_patient_writes_wait_for_company),
        CONTRACT(test_patient_writes_leave_when_they_are_many),
        CONTRACT(test_close_flushes_patient_writes),
        CONTRACT(test_fifty_writers_lose_no_update),
        CONTRACT(test_sink_gets_the_past_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
