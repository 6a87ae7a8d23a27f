/* GET and LIST: revisions, pages, selectors, over the reference store. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/store.h"
#include "tests/lib/tb.h"

enum { OBJECTS = 10 };

static struct tb_result
run(struct tb *tb, struct call call)
{
    return tb_call(tb, tb->admin, &call);
}

static uint64_t
make(struct tb *tb, const char *name, const char *label)
{
    char body[200];
    (void)snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}",
                   name, label);
    struct tb_result made = run(tb, tb_create(tb, body));
    assert_null(made.err);
    uint64_t rev = made.rev;
    tb_result_done(&made);
    return rev;
}

static int
serve(void **state)
{
    struct tb *tb = tb_serve(NULL);
    for (int i = 0; i < OBJECTS; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "o%d", i);
        (void)make(tb, name, i % 2 == 0 ? "even" : "odd");
    }
    *state = tb;
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static void
lists_in_order_with_selectors(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_list(tb);
    struct tb_result all = run(tb, call);
    assert_string_equal(all.names, "o0,o1,o2,o3,o4,o5,o6,o7,o8,o9");
    assert_true(all.rev > 0);
    call.label_selector = STR("l in (odd)");
    struct tb_result odd = run(tb, call);
    assert_string_equal(odd.names, "o1,o3,o5,o7,o9");
    call.field_selector = STR("metadata.name=o3");
    struct tb_result one = run(tb, call);
    assert_string_equal(one.names, "o3");
    call.field_selector = STR("data.x=1");
    struct tb_result bad = run(tb, call);
    assert_int_equal(bad.http, 400);
    tb_result_done(&all);
    tb_result_done(&odd);
    tb_result_done(&one);
    tb_result_done(&bad);
}

/* All pages show the state of the first one, whatever is written between them. */
static void
pages_are_one_snapshot(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_list(tb);
    call.limit = 4;
    struct tb_result page = run(tb, call);
    uint64_t rev = page.rev;
    assert_string_equal(page.names, "o0,o1,o2,o3");
    (void)make(tb, "o35", "new");
    struct tb_result gone = run(tb, tb_delete(tb, "o7"));
    call.continue_token = str_of(page.continue_token);
    struct tb_result second = run(tb, call);
    assert_string_equal(second.names, "o4,o5,o6,o7");
    assert_int_equal(second.rev, rev);
    call.continue_token = str_of(second.continue_token);
    struct tb_result third = run(tb, call);
    assert_string_equal(third.names, "o8,o9");
    assert_string_equal(third.continue_token, "");
    assert_int_equal(third.rev, rev);
    tb_result_done(&page);
    tb_result_done(&gone);
    tb_result_done(&second);
    tb_result_done(&third);
}

/* Past its time the root is gone: the store answers until it compacts, then 410 with a way on. */
static void
old_tokens_come_from_the_store_then_expire(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_list(tb);
    call.limit = 4;
    struct tb_result page = run(tb, call);
    (void)make(tb, "o45", "new");
    tb_warp(tb, 4 * 60000);
    (void)make(tb, "o46", "new");
    tb_warp(tb, 2 * 60000); /* the first compaction has a revision from its start: none of ours */
    call.continue_token = str_of(page.continue_token);
    struct tb_result second = run(tb, call);
    assert_null(second.err);
    assert_string_equal(second.names, "o4,o5,o6,o7");
    assert_int_equal(second.rev, page.rev);
    tb_warp(tb, 5 * 60000);
    struct tb_result expired = run(tb, call);
    assert_int_equal(expired.http, 410);
    assert_string_equal(err_reason(expired.err), "Expired");
    assert_non_null(expired.err->continue_token);
    call.continue_token = str_of(expired.err->continue_token);
    struct tb_result on = run(tb, call);
    assert_string_equal(on.names, "o4,o45,o46,o5");
    assert_true(on.rev > page.rev);
    tb_result_done(&page);
    tb_result_done(&second);
    tb_result_done(&expired);
    tb_result_done(&on);
}

static void
honours_revisions(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_list(tb);
    struct tb_result all = run(tb, call);
    char rev[32];
    (void)snprintf(rev, sizeof(rev), "%llu", (unsigned long long)all.rev);
    (void)make(tb, "o99", "new");
    call.resource_version = str_of(rev);
    call.query = STR("resourceVersionMatch=Exact");
    struct tb_result exact = run(tb, call);
    assert_int_equal(exact.items, OBJECTS);
    assert_int_equal(exact.rev, all.rev);
    call.query = STR("resourceVersionMatch=NotOlderThan");
    struct tb_result newer = run(tb, call);
    assert_int_equal(newer.items, OBJECTS + 1);
    call.resource_version = STR("0");
    call.query = STR("");
    struct tb_result any = run(tb, call);
    assert_int_equal(any.items, OBJECTS + 1);
    tb_result_done(&all);
    tb_result_done(&exact);
    tb_result_done(&newer);
    tb_result_done(&any);
}

static void
waits_for_the_future_three_seconds(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_list(tb);
    struct tb_result early;
    call.resource_version = STR("1000");
    tb_start(tb, tb->admin, &call, &early);
    tb_turns(tb, 20);
    assert_false(early.is_done);
    tb_warp(tb, 3001);
    tb_wait(tb, &early);
    assert_int_equal(early.http, 504);
    assert_non_null(strstr(early.err->message, "Too large resource version: 1000, current: "));
    assert_string_equal(early.err->causes[0].reason, "ResourceVersionTooLarge");
    assert_int_equal(early.err->retry_after_s, 1);
    tb_result_done(&early);
}

static void
refuses_senseless_combinations(void **state)
{
    static const struct {
        const char *rv, *query, *continue_token, *message;
    } cases[] = {
        { "", "resourceVersionMatch=Exact", "",
          "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
          "resourceVersionMatch is forbidden unless resourceVersion is provided" },
        { "0", "resourceVersionMatch=Exact", "",
          "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
          "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"" },
        { "1", "resourceVersionMatch=Older", "",
          "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: "
          "\"Older\": supported values: \"Exact\", \"NotOlderThan\", \"\"" },
        { "", "sendInitialEvents=true", "",
          "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: "
          "sendInitialEvents is forbidden for list" },
        { "", "", "bm90LWEtdG9rZW4", NULL },
    };
    struct tb *tb = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct call call = tb_list(tb);
        call.resource_version = str_of(cases[i].rv);
        call.query = str_of(cases[i].query);
        call.continue_token = str_of(cases[i].continue_token);
        struct tb_result refused = run(tb, call);
        assert_non_null(refused.err);
        assert_int_equal(refused.http, cases[i].message == NULL ? 400 : 422);
        if (cases[i].message != NULL) {
            assert_string_equal(refused.err->message, cases[i].message);
        }
        tb_result_done(&refused);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_in_order_with_selectors, serve, leave),
        cmocka_unit_test_setup_teardown(pages_are_one_snapshot, serve, leave),
        cmocka_unit_test_setup_teardown(old_tokens_come_from_the_store_then_expire, serve, leave),
        cmocka_unit_test_setup_teardown(honours_revisions, serve, leave),
        cmocka_unit_test_setup_teardown(waits_for_the_future_three_seconds, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_senseless_combinations, serve, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
