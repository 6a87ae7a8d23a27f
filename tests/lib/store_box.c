/* A store in a box: see the header.  Everything runs on the test's one thread, by turning the loop. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/seal.h"
#include "tests/lib/store_box.h"

enum { WAIT_MS = 20000 };

/* One call that is waited for. */
struct wait {
    bool is_done;
    struct store_box_answer answer;
    struct str_builder text;
    char *error;
};
/* One write that is not. */
struct begun {
    struct store_box *box;
    char *key;
};

static const char *const rc_names[] = {
    [STORE_OK] = "ok",
    [STORE_CONFLICT] = "conflict",
    [STORE_FAILED] = "failed",
    [STORE_UNKNOWN] = "unknown",
};

static void
wait_for(struct store_box *box, const bool *is_done)
{
    while (!*is_done) {
        if (!loop_turn(box->loop, WAIT_MS)) {
            fail_msg("no answer in %d ms", WAIT_MS);
        }
    }
}

static void
on_events(void *ctx, const struct store_event *events, size_t len)
{
    struct store_box *box = ctx;

    for (size_t i = 0; i < len; i++) {
        const struct store_event *event = &events[i];

        str_putf(&box->log,
                 "event " STR_FMT "%s" STR_FMT " %" PRIu64 " %" PRIu64 " %" PRIu64 "%s\n",
                 STR_ARG(event->key), event->value == NULL ? " deleted" : "=",
                 STR_ARG(buf_str(event->value)), event->rev, event->create_rev, event->prev_rev,
                 event->tag == NULL ? "" : " tagged");
    }
    box->events_len += len;
}

void
store_box_init(struct store_box *box, enum store_box_kind kind)
{
    struct err *err = NULL;
    char seal_path[96];

    *box = (struct store_box){ .kind = kind };
    (void)snprintf(box->dir, sizeof box->dir, "/tmp/binnacle-store-XXXXXX");
    assert_non_null(mkdtemp(box->dir));
    (void)snprintf(box->path, sizeof box->path, "%s/db", box->dir);
    (void)snprintf(seal_path, sizeof seal_path, "%s/seal.key", box->dir);
    assert_int_equal(seal_open(seal_path, true, &box->seal, &err), 0);
    box->loop = loop_new();
}

void
store_box_open(struct store_box *box)
{
    struct err *err = NULL;

    if (box->kind == STORE_BOX_MEM) {
        box->store = store_mem_open(box->loop);
    } else if (store_sqlite_open(box->loop, box->path, box->seal, &box->limits, &box->store,
                                 &err) != 0) {
        fail_msg("open: %s", err->message);
    }
    if (!box->is_late) {
        store_box_watch(box, box->store->rev);
    }
}

void
store_box_watch(struct store_box *box, uint64_t from_rev)
{
    store_watch(box->store, from_rev, on_events, box);
}

static void
on_closed(void *ctx)
{
    *(bool *)ctx = true;
}

void
store_box_close(struct store_box *box)
{
    bool is_closed = false;

    store_close(box->store, on_closed, &is_closed);
    wait_for(box, &is_closed);
    box->store = NULL;
}

void
store_box_free(struct store_box *box)
{
    static const char *const names[] = { "db", "db-wal", "db-shm", "seal.key" };
    char path[96];

    if (box->store != NULL) {
        store_box_close(box);
    }
    seal_free(box->seal);
    loop_free(box->loop);
    str_done(&box->log);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", box->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(box->dir);
}

/* ---- writes ---- */

static void
on_answer(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct wait *wait = ctx;

    wait->answer.rc = rc;
    wait->answer.rev = rev;
    (void)snprintf(wait->answer.current, sizeof wait->answer.current, STR_FMT,
                   STR_ARG(buf_str(current)));
    (void)snprintf(wait->answer.error, sizeof wait->answer.error, "%s",
                   owned == NULL ? "" : owned->message);
    assert_true((owned != NULL) == (rc == STORE_FAILED || rc == STORE_UNKNOWN));
    err_free(owned);
    wait->is_done = true;
}

static void
commit(struct store_box *box, const char *key, const char *value, uint64_t expect_rev,
       unsigned flags, store_done_fn *done, void *ctx)
{
    AUTO_BUF struct buf *key_buf = buf_copy(str_of(key));
    AUTO_BUF struct buf *value_buf = value == NULL ? NULL : buf_copy(str_of(value));
    const struct store_actor actor = {
        .user = STR("admin"),
        .agent = STR("kubectl/v1.35"),
        .address = STR("127.0.0.1"),
        .verb = value == NULL     ? STR("delete")
                : expect_rev == 0 ? STR("create")
                                  : STR("update"),
    };
    const struct store_write write = {
        .key = key_buf,
        .value = value_buf,
        .expect_rev = expect_rev,
        .actor = &actor,
        .cause_rev = expect_rev,
        .flags = flags,
        .tag = value == NULL ? NULL : box,
    };

    store_commit(box->store, &write, done, ctx);
}

struct store_box_answer
store_box_write(struct store_box *box, const char *key, const char *value, uint64_t expect_rev,
                unsigned flags)
{
    struct wait wait = { 0 };

    commit(box, key, value, expect_rev, flags, on_answer, &wait);
    assert_false(wait.is_done); /* never inside the call */
    wait_for(box, &wait.is_done);
    return wait.answer;
}

uint64_t
store_box_put(struct store_box *box, const char *key, const char *value, uint64_t expect_rev)
{
    struct store_box_answer answer = store_box_write(box, key, value, expect_rev, 0);

    if (answer.rc != STORE_OK) {
        fail_msg("%s of %s: %s", rc_names[answer.rc], key, answer.error);
    }
    return answer.rev;
}

static void
on_begun(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct begun *begun = ctx;

    (void)current;
    str_putf(&begun->box->log, "done %s %s %" PRIu64 "\n", begun->key, rc_names[rc], rev);
    begun->box->writes_left--;
    err_free(owned);
    mem_free(begun->key);
    mem_free(begun);
}

void
store_box_begin(struct store_box *box, const char *key, const char *value, uint64_t expect_rev,
                unsigned flags)
{
    struct begun *begun = MEM_NEW(struct begun);

    begun->box = box;
    begun->key = mem_strdup(key);
    box->writes_left++;
    commit(box, key, value, expect_rev, flags, on_begun, begun);
}

void
store_box_ignore(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    (void)ctx;
    (void)rc;
    (void)rev;
    (void)current;
    err_free(owned);
}

void
store_box_settle(struct store_box *box)
{
    while (box->writes_left > 0) {
        assert_true(loop_turn(box->loop, WAIT_MS));
    }
}

void
store_box_turn(struct store_box *box)
{
    (void)loop_turn(box->loop, 1);
}

struct store_box_answer
store_box_compact(struct store_box *box, uint64_t rev)
{
    struct wait wait = { 0 };

    store_compact(box->store, rev, on_answer, &wait);
    assert_false(wait.is_done);
    wait_for(box, &wait.is_done);
    return wait.answer;
}

static void
on_fresh(void *ctx, uint64_t rev, struct err *owned)
{
    struct wait *wait = ctx;

    assert_null(owned);
    wait->answer.rev = rev;
    wait->is_done = true;
}

uint64_t
store_box_fresh(struct store_box *box)
{
    struct wait wait = { 0 };

    store_fresh(box->store, on_fresh, &wait);
    assert_false(wait.is_done);
    wait_for(box, &wait.is_done);
    return wait.answer.rev;
}

/* ---- reads ---- */

static void
wait_end(struct wait *wait, bool is_last, struct err *owned)
{
    assert_false(wait->is_done);
    assert_true(owned == NULL || is_last);
    if (owned != NULL) {
        str_done(&wait->text);
        str_putf(&wait->text, "error: %d %s\n", err_http(owned), owned->message);
        err_free(owned);
    }
    wait->is_done = is_last;
}

static void
on_list(void *ctx, const struct store_item *items, size_t len, bool is_last, uint64_t rev,
        struct err *owned)
{
    struct wait *wait = ctx;

    for (size_t i = 0; i < len; i++) {
        str_putf(&wait->text, STR_FMT "=" STR_FMT " %" PRIu64 " %" PRIu64 "\n",
                 STR_ARG(items[i].key), STR_ARG(buf_str(items[i].value)), items[i].rev,
                 items[i].create_rev);
    }
    if (is_last && owned == NULL) {
        str_putf(&wait->text, "@%" PRIu64 "\n", rev);
    }
    wait_end(wait, is_last, owned);
}

char *
store_box_list(struct store_box *box, const char *prefix, uint64_t at_rev, const char *start,
               size_t limit)
{
    struct wait wait = { 0 };

    wait.text.max = 256 << 20;
    store_list(box->store, str_of(prefix), at_rev, str_of(start), limit, on_list, &wait);
    assert_false(wait.is_done);
    wait_for(box, &wait.is_done);
    return str_steal(&wait.text);
}

static void
on_past_events(void *ctx, const struct store_event *events, size_t len, bool is_last,
               struct err *owned)
{
    struct wait *wait = ctx;

    for (size_t i = 0; i < len; i++) {
        str_putf(&wait->text, STR_FMT "%s" STR_FMT " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                 STR_ARG(events[i].key), events[i].value == NULL ? " deleted" : "=",
                 STR_ARG(buf_str(events[i].value)), events[i].rev, events[i].create_rev,
                 events[i].prev_rev);
        assert_null(events[i].tag);
    }
    wait_end(wait, is_last, owned);
}

char *
store_box_events(struct store_box *box, uint64_t after_rev, uint64_t to_rev, size_t limit)
{
    struct wait wait = { 0 };

    store_events(box->store, after_rev, to_rev, limit, on_past_events, &wait);
    assert_false(wait.is_done);
    wait_for(box, &wait.is_done);
    return str_steal(&wait.text);
}

static void
on_history(void *ctx, const struct store_history_item *items, size_t len, bool is_last,
           struct err *owned)
{
    struct wait *wait = ctx;

    for (size_t i = 0; i < len; i++) {
        const struct store_history_item *item = &items[i];

        str_putf(&wait->text,
                 STR_FMT "%s" STR_FMT " %" PRIu64 " %" PRIu64 " " STR_FMT " " STR_FMT " " STR_FMT
                         " " STR_FMT " %" PRId64 " %" PRIu64 "\n",
                 STR_ARG(item->key), item->value == NULL ? " deleted" : "=",
                 STR_ARG(buf_str(item->value)), item->rev, item->create_rev, STR_ARG(item->verb),
                 STR_ARG(item->user), STR_ARG(item->agent), STR_ARG(item->address), item->time_ms,
                 item->cause_rev);
    }
    wait_end(wait, is_last, owned);
}

char *
store_box_history(struct store_box *box, const char *key, uint64_t before_rev, size_t limit)
{
    struct wait wait = { 0 };

    store_history(box->store, str_of(key), before_rev, limit, on_history, &wait);
    assert_false(wait.is_done);
    wait_for(box, &wait.is_done);
    return str_steal(&wait.text);
}

char *
store_box_take_log(struct store_box *box)
{
    return str_steal(&box->log);
}

int64_t
store_box_sql(struct store_box *box, const char *sql)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open_v2(box->path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK);
    int rc = sqlite3_step(stmt);

    assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
    int64_t value = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;

    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
    return value;
}
