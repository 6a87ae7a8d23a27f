/* client/event: what is created, counted, combined and dropped, as client-go's recorder does. */
#include "config.h" /* IWYU pragma: keep */

#include "client/event.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/loop.h"
#include "client/event_correlate.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

struct world {
    struct loop *loop;
    struct fake_client *fake;
    struct recorder *recorder;
    struct arena *arena;
};

static const struct event_regarding pod = {
    .kind = { "Pod", 3 },
    .api_version = { "v1", 2 },
    .ns = { "a", 1 },
    .name = { "x", 1 },
    .uid = { "u-1", 3 },
    .rv = { "7", 1 },
    .field_path = { "spec", 4 },
};

static int
world_open(void **state)
{
    static struct world world;

    clock_stop(1764000000000); /* 2025-11-24T16:00:00Z */
    world = (struct world){ .loop = loop_new(), .arena = arena_new() };
    world.fake = fake_client_new(world.loop);
    world.recorder = event_recorder(world.loop, &world.fake->client, "kubelet", "node-1");
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    event_recorder_free(world->recorder);
    fake_client_settle(world->loop);
    client_free(&world->fake->client);
    loop_free(world->loop);
    arena_free(world->arena);
    clock_run();
    return 0;
}

static void
record(struct world *world, const char *note)
{
    event_record(world->recorder, &pod, EVENT_WARNING, "Failed", NULL, str_of(note));
    fake_client_settle(world->loop);
}

static struct val
body_of(struct world *world, const struct fake_call *call)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(world->arena, arena_dup(world->arena, str_of(call->body)), &err);

    assert_non_null(doc);
    return doc_root(doc);
}

static void
test_first_time_is_created(void **state)
{
    struct world *world = *state;
    struct fake_call *call;

    record(world, "no such image");
    call = fake_client_expect(world->fake, "POST /api/v1/namespaces/a/events");
    assert_string_equal(
        call->body,
        "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x.187afca767ca"
        "011b\",\"namespace\":\"a\"},\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"a\","
        "\"name\":\"x\",\"uid\":\"u-1\",\"apiVersion\":\"v1\",\"resourceVersion\":\"7\","
        "\"fieldPath\":\"spec\"},\"reason\":\"Failed\",\"message\":\"no such image\",\"source\":{"
        "\"component\":\"kubelet\",\"host\":\"node-1\"},\"firstTimestamp\":\"2025-11-24T16:00:00Z"
        "\",\"lastTimestamp\":\"2025-11-24T16:00:00Z\",\"count\":1,\"type\":\"Warning\","
        "\"eventTime\":null,\"reportingComponent\":\"kubelet\",\"reportingInstance\":\"node-1\"}");
    fake_client_answer(call, NULL);
    fake_client_settle(world->loop);
    assert_int_equal(world->fake->count, 1);
}

static void
test_again_is_counted_by_a_patch(void **state)
{
    struct world *world = *state;
    struct val name;
    struct fake_call *call;

    record(world, "no such image");
    call = fake_client_expect(world->fake, "POST");
    name = val_at(body_of(world, call), "metadata.name");
    fake_client_answer(call, NULL);
    clock_warp(5000);
    record(world, "no such image");
    call = fake_client_expect(
        world->fake, arena_printf(world->arena, "PATCH /api/v1/namespaces/a/events/" STR_FMT,
                                  STR_ARG(val_str(name)))
                         .at);
    assert_string_equal(call->type, "application/strategic-merge-patch+json");
    assert_string_equal(call->body, "{\"count\":2,\"lastTimestamp\":\"2025-11-24T16:00:05Z\","
                                    "\"message\":\"no such image\"}");
    /* It has expired meanwhile: the count goes on in a new one, from its first time. */
    fake_client_refuse(call, ERR_NOT_FOUND, NULL);
    call = fake_client_expect(world->fake, "POST");
    assert_int_equal(val_int(val_get(body_of(world, call), "count"), 0), 2);
    assert_true(
        val_is_str(val_get(body_of(world, call), "firstTimestamp"), "2025-11-24T16:00:00Z"));
    fake_client_answer(call, NULL);
}

static void
test_tenth_similar_is_combined(void **state)
{
    struct world *world = *state;
    char note[24];

    for (int i = 1; i <= 12; i++) {
        struct fake_call *call;
        struct val body;
        (void)snprintf(note, sizeof(note), "try %d", i);
        record(world, note);
        call = fake_client_expect(world->fake, i < 11 ? "POST" : "PATCH");
        body = body_of(world, call);
        if (i < 10) {
            assert_true(val_is_str(val_get(body, "message"), note));
        } else {
            struct str wanted =
                arena_printf(world->arena, "(combined from similar events): %s", note);
            assert_true(val_is_str(val_get(body, "message"), wanted.at));
            assert_int_equal(val_int(val_get(body, "count"), 0), i - 9);
        }
        if (i == 10) {
            assert_true(val_is_str(val_get(body, "reportingComponent"), ""));
        }
        fake_client_answer(call, NULL);
    }
    /* More than ten minutes of silence: a new beginning. */
    clock_warp(601 * 1000);
    record(world, "try 13");
    assert_true(val_is_str(
        val_get(body_of(world, fake_client_expect(world->fake, "POST")), "message"), "try 13"));
    fake_client_answer(world->fake->first, NULL);
}

static void
test_spam_is_dropped(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 30; i++) {
        record(world, "again");
        if (world->fake->first != NULL) {
            fake_client_answer(world->fake->first, NULL);
            fake_client_settle(world->loop);
        }
    }
    assert_int_equal(world->fake->count, 25); /* the burst */
    clock_warp(300 * 1000);
    record(world, "again");
    record(world, "again");
    /* One more every five minutes; those dropped were counted. */
    assert_int_equal(world->fake->count, 26);
    assert_int_equal(val_int(val_get(body_of(world, world->fake->first), "count"), 0), 31);
    fake_client_answer(world->fake->first, NULL);
}

static void
test_unreachable_server_is_asked_again(void **state)
{
    struct world *world = *state;

    record(world, "one");
    record(world, "two");
    assert_int_equal(fake_client_waiting(world->fake), 1); /* one at a time */
    for (int tries = 1; tries <= 12; tries++) {
        fake_client_refuse(fake_client_expect(world->fake, "POST"), ERR_IO, NULL);
        fake_client_settle(world->loop);
        clock_warp(10 * 1000);
        fake_client_settle(world->loop);
        assert_int_equal(world->fake->count, tries + 1);
    }
    /* The first was given up after its twelfth try. */
    assert_true(val_is_str(val_get(body_of(world, world->fake->first), "message"), "two"));
    /* A refusal is final. */
    fake_client_refuse(world->fake->first, ERR_FORBIDDEN, NULL);
    fake_client_settle(world->loop);
    clock_warp(60 * 1000);
    fake_client_settle(world->loop);
    assert_int_equal(world->fake->count, 13);
}

static void
test_queue_is_bounded_and_freed(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 1100; i++) {
        event_record(world->recorder, &pod, EVENT_NORMAL, "Pulled", "Pulling", STR("x"));
    }
    fake_client_settle(world->loop);
    assert_int_equal(fake_client_waiting(world->fake), 1);
    assert_true(val_is_str(val_get(body_of(world, world->fake->first), "action"), "Pulling"));
    /* world_close cancels it and frees the 999 behind it (sanitizers would tell). */
}

/* Events of different objects are written side by side, those of one object one after the other. */
static void
test_many_objects_at_once(void **state)
{
    struct world *world = *state;
    struct event_regarding other = pod;
    char uid[16];

    for (int i = 0; i < 200; i++) {
        (void)snprintf(uid, sizeof(uid), "u-%d", i / 2);
        other.uid = str_of(uid);
        event_record(world->recorder, &other, EVENT_NORMAL, "R", NULL,
                     i % 2 == 0 ? STR("first") : STR("second"));
    }
    fake_client_settle(world->loop);
    assert_int_equal(fake_client_waiting(world->fake), 64);
    bool has_first[100] = { false };
    for (int i = 0; i < 200; i++) {
        struct fake_call *call = fake_client_expect(world->fake, "POST");
        struct val body = body_of(world, call);
        struct str about = val_str(val_at(body, "involvedObject.uid"));
        int64_t number = -1;
        assert_true(str_to_int(str_slice(about.at + 2, about.size - 2), &number));
        assert_in_range(number, 0, 99);
        assert_true(val_is_str(val_get(body, "message"), has_first[number] ? "second" : "first"));
        has_first[number] = true;
        fake_client_answer(call, NULL);
        fake_client_settle(world->loop);
        int left = 200 - i - 1;
        int most = left < 64 ? left : 64; /* at the end some wait for the first of their object */
        assert_in_range(fake_client_waiting(world->fake), left > 0 ? 1 : 0, most);
    }
    assert_int_equal(world->fake->count, 200);
}

static void
test_names_of_events(void **state)
{
    struct world *world = *state;
    struct event_regarding role = { .kind = STR("ClusterRole"), .name = STR("system:node") };
    struct str name;

    event_record(world->recorder, &role, EVENT_NORMAL, "R", NULL, STR("n"));
    fake_client_settle(world->loop);
    name = val_str(
        val_at(body_of(world, fake_client_expect(world->fake, "POST /api/v1/namespaces/default/")),
               "metadata.name"));
    assert_false(str_contains(name, STR(":")));
    fake_client_answer(world->fake->first, NULL);
}

static void
test_old_objects_are_forgotten(void **state)
{
    (void)state;
    struct event_correlator *correlator = event_correlator_new();
    struct event_verdict verdict = { 0 };
    struct event_seen seen = { .regarding = pod, .reason = "R", .note = STR("n"), .now_ms = 1 };
    char uid[16];

    for (int i = 0; i < 5000; i++) {
        (void)snprintf(uid, sizeof(uid), "u-%d", i);
        seen.regarding.uid = str_of(uid);
        seen.name = str_of(uid);
        event_correlate(correlator, &seen, &verdict);
        assert_int_equal(verdict.count, 1);
        assert_true(str_is(verdict.name, uid));
    }
    event_correlate(correlator, &seen, &verdict);
    assert_int_equal(verdict.count, 2);
    seen.regarding.uid = STR("u-0"); /* 4,096 others came since */
    event_correlate(correlator, &seen, &verdict);
    assert_int_equal(verdict.count, 1);
    event_correlator_free(correlator);
}

int
main(void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_first_time_is_created),
        WITH_WORLD(test_again_is_counted_by_a_patch),
        WITH_WORLD(test_tenth_similar_is_combined),
        WITH_WORLD(test_spam_is_dropped),
        WITH_WORLD(test_unreachable_server_is_asked_again),
        WITH_WORLD(test_queue_is_bounded_and_freed),
        WITH_WORLD(test_many_objects_at_once),
        WITH_WORLD(test_names_of_events),
        cmocka_unit_test(test_old_objects_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
