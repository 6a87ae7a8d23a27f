/* WATCH: initial state, live events, selectors, bookmarks, ends, the ring and what is before it. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "base/err.h"
#include "tests/lib/tb.h"

static int
serve(void **state)
{
    *state = tb_serve(NULL);
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static uint64_t
run(struct tb *tb, struct call call)
{
    struct tb_result result = tb_call(tb, tb->admin, &call);
    assert_null(result.err);
    uint64_t rev = result.rev;
    tb_result_done(&result);
    return rev;
}

static uint64_t
make(struct tb *tb, const char *name, const char *label)
{
    char body[200];
    (void)snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}",
                   name, label);
    return run(tb, tb_create(tb, body));
}

static uint64_t
relabel(struct tb *tb, const char *name, const char *label)
{
    char body[200];
    (void)snprintf(body, sizeof(body), "{\"metadata\":{\"labels\":{\"l\":\"%s\"}}}", label);
    return run(tb, tb_merge(tb, name, body));
}

static struct call
watch_of(struct tb *tb)
{
    return call_of(VERB_WATCH, tb->configmaps, STR("default"), STR(""));
}

#define LOG(format, ...)                                                                           \
    do {                                                                                           \
        char want_[512];                                                                           \
        (void)snprintf(want_, sizeof(want_), format, __VA_ARGS__);                                 \
        tb_turns(tb, 30);                                                                          \
        assert_string_equal(want_, watch.log.at == NULL ? "" : text_of(&watch.log));               \
    } while (0)

static const char *
text_of(struct str_builder *log)
{
    str_putc(log, '\0');
    log->size--;
    return log->at;
}

#define N(rev) ((unsigned long long)(rev))

static void
shows_what_is_then_what_happens(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    uint64_t a = make(tb, "a", "x");
    struct call call = watch_of(tb);
    tb_watch(tb, &call, &watch);
    LOG("ADDED a %llu;", N(a));
    uint64_t b = make(tb, "b", "x");
    uint64_t a2 = relabel(tb, "a", "y");
    (void)run(tb, tb_delete(tb, "a"));
    LOG("ADDED a %llu;ADDED b %llu;MODIFIED a %llu;DELETED a %llu;", N(a), N(b), N(a2), N(a2 + 1));
    tb_watch_done(tb, &watch);
}

static void
goes_on_behind_a_revision(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    char rev[32];
    uint64_t a = make(tb, "a", "x");
    uint64_t b = make(tb, "b", "x");
    (void)snprintf(rev, sizeof(rev), "%llu", N(a));
    struct call call = watch_of(tb);
    call.resource_version = str_of(rev);
    tb_watch(tb, &call, &watch);
    LOG("ADDED b %llu;", N(b));
    tb_watch_done(tb, &watch);
}

/* Entering a selector is ADDED, leaving it DELETED, with the revision of the change. */
static void
sees_changes_through_its_selector(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    uint64_t a = make(tb, "a", "x");
    (void)make(tb, "b", "y");
    struct call call = watch_of(tb);
    call.label_selector = STR("l=x");
    tb_watch(tb, &call, &watch);
    uint64_t b = relabel(tb, "b", "x");
    uint64_t gone = relabel(tb, "a", "y");
    (void)relabel(tb, "a", "z");
    (void)run(tb, tb_delete(tb, "a"));
    LOG("ADDED a %llu;ADDED b %llu;DELETED a %llu;", N(a), N(b), N(gone));
    tb_watch_done(tb, &watch);
}

static void
streams_its_list(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    uint64_t a = make(tb, "a", "x");
    uint64_t b = make(tb, "b", "x");
    struct call call = watch_of(tb);
    call.send_initial_events = call.bookmarks = true;
    tb_watch(tb, &call, &watch);
    LOG("ADDED a %llu;ADDED b %llu;BOOKMARK - %llu*;", N(a), N(b), N(b));
    uint64_t c = make(tb, "c", "x");
    LOG("ADDED a %llu;ADDED b %llu;BOOKMARK - %llu*;ADDED c %llu;", N(a), N(b), N(b), N(c));
    tb_watch_done(tb, &watch);
}

/* A bookmark a minute, and one two seconds before the end; it tells of what others wrote, too. */
static void
bookmarks_and_ends(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    struct call call = watch_of(tb);
    call.bookmarks = true;
    call.query = STR("timeoutSeconds=90");
    tb_watch(tb, &call, &watch);
    struct call other = call_of(VERB_CREATE, tb->namespaces, STR(""), STR(""));
    other.body = STR("{\"metadata\":{\"name\":\"elsewhere\"}}");
    uint64_t rev = run(tb, other);
    tb_warp(tb, 60001);
    LOG("BOOKMARK - %llu;", N(rev));
    tb_warp(tb, 28000);
    LOG("BOOKMARK - %llu;BOOKMARK - %llu;", N(rev), N(rev));
    tb_warp(tb, 2000);
    assert_true(watch.is_done);
    assert_null(watch.err);
    tb_watch_done(tb, &watch);
}

static int
serve_small_ring(void **state)
{
    struct tb_opts opts = { .ring = { .ring_bytes = 1, .ring_min = 8 } };
    *state = tb_serve(&opts);
    return 0;
}

/* Paused beyond the ring: its stream ends cleanly, and the next one has no gap. */
static void
falls_off_and_comes_back_without_a_gap(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    char name[16], rev[32];
    struct call call = watch_of(tb);
    (void)make(tb, "first", "x");
    tb_watch(tb, &call, &watch);
    assert_int_equal(watch.len, 1);
    client_pause(watch.handle);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof(name), "n%02d", i);
        (void)make(tb, name, "x");
    }
    (void)run(tb, tb_delete(tb, "n03"));
    client_resume(watch.handle);
    tb_turns(tb, 30);
    assert_true(watch.is_done);
    assert_null(watch.err);
    assert_int_equal(watch.len, 1);
    (void)snprintf(rev, sizeof(rev), "%llu", N(watch.rev));
    tb_watch_done(tb, &watch);
    call.resource_version = str_of(rev);
    tb_watch(tb, &call, &watch);
    tb_turns(tb, 100);
    assert_int_equal(watch.len, 41);
    assert_non_null(strstr(text_of(&watch.log), "DELETED n03 "));
    uint64_t last = make(tb, "last", "x");
    tb_turns(tb, 30);
    assert_int_equal(watch.rev, last);
    assert_int_equal(watch.len, 42);
    tb_watch_done(tb, &watch);
}

/* With a selector the past is looked at from both sides, too. */
static void
is_fed_from_the_store_through_its_selector(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    char name[16], rev[32];
    uint64_t a = make(tb, "a", "x");
    uint64_t gone = relabel(tb, "a", "y");
    uint64_t back = relabel(tb, "a", "x");
    (void)run(tb, tb_delete(tb, "a"));
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof(name), "n%02d", i);
        (void)make(tb, name, "other");
    }
    (void)snprintf(rev, sizeof(rev), "%llu", N(a));
    struct call call = watch_of(tb);
    call.resource_version = str_of(rev);
    call.label_selector = STR("l=x");
    tb_watch(tb, &call, &watch);
    tb_turns(tb, 50);
    LOG("DELETED a %llu;ADDED a %llu;DELETED a %llu;", N(gone), N(back), N(back + 1));
    tb_watch_done(tb, &watch);
}

static void
expires_only_below_the_compaction(void **state)
{
    struct tb *tb = *state;
    struct tb_watch watch;
    char name[16], rev[32];
    uint64_t a = make(tb, "a", "x");
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof(name), "n%02d", i);
        (void)make(tb, name, "x");
    }
    (void)snprintf(rev, sizeof(rev), "%llu", N(a));
    struct call call = watch_of(tb);
    call.resource_version = str_of(rev);
    tb_warp(tb, 5 * 60000 + 1);
    tb_watch(tb, &call, &watch);
    tb_turns(tb, 50);
    assert_int_equal(watch.len, 20);
    tb_watch_done(tb, &watch);
    (void)make(tb, "z", "x");
    tb_warp(tb, 5 * 60000 + 1);
    tb_turns(tb, 20);
    tb_watch(tb, &call, &watch);
    tb_turns(tb, 50);
    assert_true(watch.is_done);
    assert_non_null(watch.err);
    assert_int_equal(err_http(watch.err), 410);
    assert_non_null(strstr(watch.err->message, "too old resource version: "));
    tb_watch_done(tb, &watch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shows_what_is_then_what_happens, serve, leave),
        cmocka_unit_test_setup_teardown(goes_on_behind_a_revision, serve, leave),
        cmocka_unit_test_setup_teardown(sees_changes_through_its_selector, serve, leave),
        cmocka_unit_test_setup_teardown(streams_its_list, serve, leave),
        cmocka_unit_test_setup_teardown(bookmarks_and_ends, serve, leave),
        cmocka_unit_test_setup_teardown(falls_off_and_comes_back_without_a_gap, serve_small_ring,
                                        leave),
        cmocka_unit_test_setup_teardown(is_fed_from_the_store_through_its_selector,
                                        serve_small_ring, leave),
        cmocka_unit_test_setup_teardown(expires_only_below_the_compaction, serve_small_ring, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
