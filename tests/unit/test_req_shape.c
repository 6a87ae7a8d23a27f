/* The shape that later parts rely on: steps that wait, restart and are undone; writers in a queue;
 * deadlines; limits; values that outlive a wait. Test-only steps stand before the commit. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "apiserver/req.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

enum { WRITERS = 50 };

/* What the two test steps did, as text; and what they wait for. */
static struct {
    char log[512];
    struct req *waiting; /* the request whose second step waits */
    bool waits;
    bool was_cancelled;
} seen;

static void
note(const char *what, const struct req *req)
{
    size_t size = strlen(seen.log);
    (void)snprintf(seen.log + size, sizeof(seen.log) - size, "%s%d ", what, req->round);
}

static bool
is_watched(const struct req *req)
{
    return str_is(req->name, "shape");
}

static enum step_rc
run_first(struct req *req, struct err **err)
{
    (void)err;
    if (is_watched(req)) {
        note("first", req);
    }
    return STEP_NEXT;
}

static enum step_rc
undo_first(struct req *req)
{
    if (is_watched(req)) {
        note("undo-first", req);
    }
    return STEP_NEXT;
}

static void
on_cancel(struct req *req)
{
    seen.was_cancelled = true;
    seen.waiting = NULL;
    req_resume(req, NULL);
}

static enum step_rc
run_second(struct req *req, struct err **err)
{
    (void)err;
    if (!is_watched(req) || req->step_data != NULL) {
        return STEP_NEXT;
    }
    note("second", req);
    if (!seen.waits) {
        return STEP_NEXT;
    }
    req->step_data = ARENA_NEW(req->arena, int);
    seen.waiting = req;
    req_on_cancel(req, on_cancel);
    return STEP_WAIT;
}

/* An undo may wait, too. */
static enum step_rc
undo_second(struct req *req)
{
    static int mark;
    if (!is_watched(req)) {
        return STEP_NEXT;
    }
    if (req->step_data != &mark) {
        note("undo-second", req);
        req->step_data = &mark;
        req_resume(req, NULL);
        return STEP_WAIT;
    }
    return STEP_NEXT;
}

static const struct req_step first = { "test-first", 0, run_first, undo_first, false };
static const struct req_step second = { "test-second", 0, run_second, undo_second, false };

static int
serve(void **state)
{
    struct tb *tb = tb_serve(NULL);
    memset(&seen, 0, sizeof(seen));
    req_test_step(tb->api, "commit", &first);
    req_test_step(tb->api, "commit", &second);
    *state = tb;
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static struct tb_result
run(struct tb *tb, struct call call)
{
    return tb_call(tb, tb->admin, &call);
}

static void
make(struct tb *tb)
{
    seen.waits = false;
    struct tb_result made =
        run(tb, tb_create(tb, "{\"metadata\":{\"name\":\"shape\"},\"data\":{\"k\":\"v\"}}"));
    assert_null(made.err);
    tb_result_done(&made);
    seen.log[0] = '\0';
    seen.waits = true;
}

static void
go_on(struct tb *tb)
{
    struct req *req = STEAL(seen.waiting);
    assert_non_null(req);
    seen.waits = false;
    req_resume(req, NULL);
    tb_turns(tb, 10);
}

/* Somebody else writes while a step waits: conflict, undo last first, a second round that wins. */
static void
restarts_behind_a_wait_and_undoes_last_first(void **state)
{
    struct tb *tb = *state;
    struct tb_result patched;
    make(tb);
    struct call call = tb_merge(tb, "shape", "{\"data\":{\"mine\":\"1\"}}");
    tb_start(tb, tb->admin, &call, &patched);
    tb_turns(tb, 10);
    assert_string_equal(seen.log, "first0 second0 ");
    seen.waits = false;
    struct tb_result other = run(tb, tb_merge(tb, "shape", "{\"data\":{\"yours\":\"1\"}}"));
    assert_null(other.err);
    seen.log[0] = '\0';
    go_on(tb);
    tb_wait(tb, &patched);
    assert_null(patched.err);
    assert_string_equal(seen.log, "undo-second0 undo-first0 first1 second1 ");
    assert_non_null(strstr(patched.bytes, "\"data\":{\"k\":\"v\",\"mine\":\"1\",\"yours\":\"1\"}"));
    tb_result_done(&patched);
    tb_result_done(&other);
}

/* The same with a revision that the client named: its own to solve, and undone all the same. */
static void
a_named_revision_makes_a_conflict_final(void **state)
{
    struct tb *tb = *state;
    struct tb_result put;
    char body[200];
    make(tb);
    seen.waits = false;
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    (void)snprintf(body, sizeof(body),
                   "{\"metadata\":{\"name\":\"shape\",\"resourceVersion\":\"%llu\"}}",
                   (unsigned long long)got.rev);
    seen.waits = true;
    struct call call = tb_put(tb, "shape", body);
    tb_start(tb, tb->admin, &call, &put);
    tb_turns(tb, 10);
    seen.waits = false;
    struct tb_result other = run(tb, tb_merge(tb, "shape", "{\"data\":{\"yours\":\"1\"}}"));
    seen.log[0] = '\0';
    go_on(tb);
    tb_wait(tb, &put);
    assert_int_equal(put.http, 409);
    assert_string_equal(seen.log, "undo-second0 undo-first0 ");
    tb_result_done(&got);
    tb_result_done(&put);
    tb_result_done(&other);
}

static void
a_dry_run_is_undone_and_writes_nothing(void **state)
{
    struct tb *tb = *state;
    struct tb_result patched;
    make(tb);
    struct call call = tb_merge(tb, "shape", "{\"data\":{\"mine\":\"1\"}}");
    call.dry_run = true;
    tb_start(tb, tb->admin, &call, &patched);
    tb_turns(tb, 10);
    go_on(tb);
    tb_wait(tb, &patched);
    assert_null(patched.err);
    assert_non_null(strstr(patched.bytes, "\"mine\":\"1\""));
    assert_string_equal(seen.log, "first0 second0 undo-second0 undo-first0 ");
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    assert_null(strstr(got.bytes, "mine"));
    assert_int_equal(got.rev, patched.rev);
    tb_result_done(&patched);
    tb_result_done(&got);
}

static void
a_no_op_is_undone(void **state)
{
    struct tb *tb = *state;
    make(tb);
    seen.waits = false;
    struct tb_result same = run(tb, tb_merge(tb, "shape", "{\"data\":{\"k\":\"v\"}}"));
    assert_null(same.err);
    assert_string_equal(seen.log, "first0 second0 undo-second0 undo-first0 ");
    tb_result_done(&same);
}

static void
who_hangs_up_in_a_wait_is_undone(void **state)
{
    struct tb *tb = *state;
    struct tb_result patched;
    make(tb);
    struct call call = tb_merge(tb, "shape", "{\"data\":{\"mine\":\"1\"}}");
    tb_start(tb, tb->admin, &call, &patched);
    tb_turns(tb, 10);
    client_cancel(patched.handle);
    tb_wait(tb, &patched);
    assert_true(seen.was_cancelled);
    assert_int_equal(patched.err->code, ERR_CANCELLED);
    tb_turns(tb, 10);
    assert_string_equal(seen.log, "first0 second0 undo-second0 undo-first0 ");
    seen.waits = false;
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    assert_null(strstr(got.bytes, "mine"));
    tb_result_done(&patched);
    tb_result_done(&got);
}

static void
the_deadline_ends_a_wait(void **state)
{
    struct tb *tb = *state;
    struct tb_result patched;
    make(tb);
    struct call call = tb_merge(tb, "shape", "{\"data\":{\"mine\":\"1\"}}");
    tb_start(tb, tb->admin, &call, &patched);
    tb_turns(tb, 10);
    tb_warp(tb, 33999);
    assert_false(patched.is_done);
    tb_warp(tb, 2);
    tb_wait(tb, &patched);
    assert_int_equal(patched.http, 504);
    assert_string_equal(err_reason(patched.err), "Timeout");
    assert_string_equal(seen.log, "first0 second0 undo-second0 undo-first0 ");
    tb_result_done(&patched);
}

static void
fifty_writers_lose_nothing(void **state)
{
    struct tb *tb = *state;
    struct tb_result results[WRITERS];
    char patches[WRITERS][64];
    make(tb);
    seen.waits = false;
    for (int i = 0; i < WRITERS; i++) {
        (void)snprintf(patches[i], sizeof(patches[i]), "{\"data\":{\"w%02d\":\"1\"}}", i);
        struct call call = tb_merge(tb, "shape", patches[i]);
        tb_start(tb, tb->admin, &call, &results[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        tb_wait(tb, &results[i]);
        assert_null(results[i].err);
        tb_result_done(&results[i]);
    }
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    for (int i = 0; i < WRITERS; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "\"w%02d\":\"1\"", i);
        assert_non_null(strstr(got.bytes, key));
    }
    tb_result_done(&got);
}

/* ---- a value across a wait ---- */

static struct {
    struct val value;
    struct req *req;
} held;

static enum step_rc
hold_value(struct req *req, struct err **err)
{
    (void)err;
    if (req->old == NULL || req->step_data != NULL) {
        return STEP_NEXT;
    }
    held.value = val_at(doc_root(req->old), "data.k");
    held.req = req;
    req->step_data = &held;
    return STEP_WAIT;
}

static const struct req_step holding = { "test-holding", 0, hold_value, NULL, false };

static void
a_value_outlives_a_wait_and_a_dropped_tape(void **state)
{
    struct tb *tb = *state;
    struct tb_result patched;
    make(tb);
    seen.waits = false;
    req_test_step(tb->api, "commit", &holding);
    struct call call = tb_merge(tb, "shape", "{\"data\":{\"mine\":\"1\"}}");
    tb_start(tb, tb->admin, &call, &patched);
    tb_turns(tb, 10);
    assert_non_null(held.req);
    doc_drop_tape(held.req->old_object->doc); /* as the idle loop does */
    assert_true(val_is_str(held.value, "v"));
    req_resume(STEAL(held.req), NULL);
    tb_wait(tb, &patched);
    assert_null(patched.err);
    tb_result_done(&patched);
}

/* Nobody needs it any more: the server's idle loop drops it (here all, serve keeps the newest). */
static void
an_idle_loop_drops_tapes(void **state)
{
    struct tb *tb = *state;
    make(tb);
    seen.waits = false;
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    object_pin(got.object);
    assert_true(val_is_str(val_at(object_val(got.object), "data.k"), "v"));
    tb_turns(tb, 10);
    assert_true(doc_tapes_size() > 0); /* it is pinned */
    object_unpin(got.object);
    struct tb_result again = run(tb, tb_get(tb, "shape")); /* the loop is busy once more */
    tb_turns(tb, 10);
    assert_int_equal(doc_tapes_size(), 0);
    tb_result_done(&got);
    tb_result_done(&again);
}

/* ---- large bodies ---- */

enum { LARGE = 200000 };
static struct loop *own_loop;
static int on_loop, on_pool;

/* Pure, so of a large request it runs on the pool. */
static enum step_rc
look_where(struct req *req, struct err **err)
{
    if (is_watched(req)) {
        *(loop_is_here(own_loop) ? &on_loop : &on_pool) += 1;
    }
    (void)err;
    return STEP_NEXT;
}

static const struct req_step looking = { "test-looking", 0, look_where, NULL, true };

/* "shape" with so many bytes in it. */
static char *
large(const char *key, size_t size)
{
    AUTO_STR struct str_builder text = { 0 };
    str_putf(&text, "{\"metadata\":{\"name\":\"shape\"},\"data\":{\"%s\":\"", key);
    for (size_t i = 0; i < size; i++) {
        str_putc(&text, 'x');
    }
    str_putz(&text, "\"}}");
    return str_dup(str_view(&text));
}

static void
a_large_body_leaves_the_loop_free(void **state)
{
    struct tb *tb = *state;
    AUTO_FREE char *body = large("k", LARGE);
    on_loop = on_pool = 0;
    own_loop = tb->loop;
    req_test_step(tb->api, "validate", &looking);
    struct tb_result made = run(tb, tb_create(tb, body));
    assert_null(made.err);
    assert_int_equal(on_loop * 10 + on_pool, 1);
    struct tb_result patched = run(tb, tb_merge(tb, "shape", "{\"data\":{\"a\":\"b\"}}"));
    assert_null(patched.err); /* little was sent, but what is there is large */
    assert_int_equal(on_loop * 10 + on_pool, 2);
    assert_non_null(strstr(patched.bytes, "\"data\":{\"a\":\"b\",\"k\":\"xxx"));
    assert_true(strlen(patched.bytes) > LARGE);
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    assert_string_equal(got.bytes, patched.bytes);
    struct tb_result put = run(tb, tb_put(tb, "shape", "{\"metadata\":{\"name\":\"shape\"}}"));
    assert_null(put.err);
    assert_int_equal(on_loop * 10 + on_pool, 3);
    struct tb_result small = run(tb, tb_merge(tb, "shape", "{\"data\":{\"a\":\"c\"}}"));
    assert_null(small.err);
    assert_int_equal(on_loop * 10 + on_pool, 13);
    tb_result_done(&made);
    tb_result_done(&patched);
    tb_result_done(&got);
    tb_result_done(&put);
    tb_result_done(&small);
}

/* A refusal, a conflict and a client that goes away while the pool works. */
static void
a_large_body_may_fail_conflict_and_be_left(void **state)
{
    struct tb *tb = *state;
    struct tb_result results[2];
    AUTO_FREE char *body = large("k", LARGE), *bad = large("not a key", LARGE);
    struct tb_result refused = run(tb, tb_create(tb, bad));
    assert_int_equal(refused.http, 422);
    assert_non_null(strstr(refused.err->message, "Invalid value: \"not a key\""));
    tb_result_done(&refused);
    struct tb_result made = run(tb, tb_create(tb, body));
    assert_null(made.err);
    tb_result_done(&made);
    struct call a = tb_merge(tb, "shape", "{\"data\":{\"a\":\"1\"}}");
    struct call b = tb_merge(tb, "shape", "{\"data\":{\"b\":\"1\"}}");
    tb_start(tb, tb->admin, &a, &results[0]);
    tb_start(tb, tb->admin, &b, &results[1]);
    for (int i = 0; i < 2; i++) {
        tb_wait(tb, &results[i]);
        assert_null(results[i].err);
        tb_result_done(&results[i]);
    }
    struct tb_result got = run(tb, tb_get(tb, "shape"));
    assert_non_null(strstr(got.bytes, "\"data\":{\"a\":\"1\",\"b\":\"1\",\"k\":\"xxx"));
    tb_result_done(&got);
    struct call c = tb_merge(tb, "shape", "{\"data\":{\"c\":\"1\"}}");
    tb_start(tb, tb->admin, &c, &results[0]);
    tb_turns(tb, 1);
    client_cancel(results[0].handle);
    tb_wait(tb, &results[0]);
    assert_int_equal(results[0].err->code, ERR_CANCELLED);
    tb_result_done(&results[0]);
    got = run(tb, tb_get(tb, "shape"));
    assert_null(strstr(got.bytes, "\"c\":\"1\""));
    tb_result_done(&got);
}

/* ---- limits ---- */

static int
serve_two_writers(void **state)
{
    struct tb_opts opts = { .max_write = 2 };
    struct tb *tb = tb_serve(&opts);
    memset(&seen, 0, sizeof(seen));
    req_test_step(tb->api, "authorise", &second);
    *state = tb;
    return 0;
}

/* The third at once is sent away; administrators are always heard; a slot comes back. */
static void
too_many_at_once_are_told_to_come_back(void **state)
{
    struct tb *tb = *state;
    struct tb_result waiting[2];
    struct client *user = tb_client(tb, "user", NULL);
    struct call call = tb_delete(tb, "shape");
    seen.waits = true;
    tb_start(tb, user, &call, &waiting[0]);
    tb_turns(tb, 5);
    struct req *one = STEAL(seen.waiting);
    tb_start(tb, user, &call, &waiting[1]);
    tb_turns(tb, 5);
    struct req *two = STEAL(seen.waiting);
    struct tb_result third = tb_call(tb, user, &call);
    assert_int_equal(third.http, 429);
    assert_int_equal(third.err->retry_after_s, 1);
    assert_string_equal(err_reason(third.err), "TooManyRequests");
    seen.waits = false;
    struct tb_result master = tb_call(tb, tb->admin, &call);
    assert_int_equal(master.http, 404);
    req_resume(one, NULL);
    req_resume(two, NULL);
    tb_wait(tb, &waiting[0]);
    tb_wait(tb, &waiting[1]);
    struct tb_result later = tb_call(tb, user, &call);
    assert_int_equal(later.http, 403);
    tb_result_done(&waiting[0]);
    tb_result_done(&waiting[1]);
    tb_result_done(&third);
    tb_result_done(&master);
    tb_result_done(&later);
    client_free(user);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restarts_behind_a_wait_and_undoes_last_first, serve, leave),
        cmocka_unit_test_setup_teardown(a_named_revision_makes_a_conflict_final, serve, leave),
        cmocka_unit_test_setup_teardown(a_dry_run_is_undone_and_writes_nothing, serve, leave),
        cmocka_unit_test_setup_teardown(a_no_op_is_undone, serve, leave),
        cmocka_unit_test_setup_teardown(who_hangs_up_in_a_wait_is_undone, serve, leave),
        cmocka_unit_test_setup_teardown(the_deadline_ends_a_wait, serve, leave),
        cmocka_unit_test_setup_teardown(fifty_writers_lose_nothing, serve, leave),
        cmocka_unit_test_setup_teardown(a_value_outlives_a_wait_and_a_dropped_tape, serve, leave),
        cmocka_unit_test_setup_teardown(an_idle_loop_drops_tapes, serve, leave),
        cmocka_unit_test_setup_teardown(a_large_body_leaves_the_loop_free, serve, leave),
        cmocka_unit_test_setup_teardown(a_large_body_may_fail_conflict_and_be_left, serve, leave),
        cmocka_unit_test_setup_teardown(too_many_at_once_are_told_to_come_back, serve_two_writers,
                                        leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
