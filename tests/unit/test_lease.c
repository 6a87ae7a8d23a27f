/* client/lease: who leads, when a leader steps down, when another takes over. */
#include "config.h" /* IWYU pragma: keep */

#include "client/lease.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

static const struct resource leases = { .group = "coordination.k8s.io",
                                        .version = "v1",
                                        .kind = "Lease",
                                        .plural = "leases",
                                        .flags = RES_NAMESPACED };
#define LINE "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

struct world {
    struct loop *loop;
    struct fake_client *fake;
    struct lease *lease;
    struct arena *arena;
    int started, stopped;
    bool is_done;
    uint64_t rev;
};

static void
world_started(void *ctx)
{
    ((struct world *)ctx)->started++;
}

static void
world_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped++;
}

static void
world_done(void *ctx)
{
    ((struct world *)ctx)->is_done = true;
}

static int
world_open(void **state)
{
    static struct world world;

    clock_stop(1764000000000);
    world = (struct world){ .loop = loop_new(), .arena = arena_new(), .rev = 10 };
    world.fake = fake_client_new(world.loop);
    world.lease = lease_start(&(struct lease_spec){ .loop = world.loop,
                                                    .client = &world.fake->client,
                                                    .resource = &leases,
                                                    .ns = "kube-system",
                                                    .name = "binnacle",
                                                    .identity = "me",
                                                    .started = world_started,
                                                    .stopped = world_stopped,
                                                    .ctx = &world });
    fake_client_settle(world.loop);
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    if (!world->is_done) {
        lease_stop(world->lease, world_done, world);
    }
    fake_client_settle(world->loop);
    while (world->fake->first != NULL) { /* a release */
        fake_client_refuse(world->fake->first, ERR_IO, NULL);
        fake_client_settle(world->loop);
    }
    assert_true(world->is_done);
    client_free(&world->fake->client);
    loop_free(world->loop);
    arena_free(world->arena);
    clock_run();
    return 0;
}

static struct object *
lease_of(struct world *world, const char *holder)
{
    return fake_client_object(&leases, ++world->rev,
                              "{\"kind\":\"Lease\",\"apiVersion\":\"coordination.k8s.io/v1\","
                              "\"metadata\":{\"name\":\"binnacle\",\"namespace\":\"kube-system\","
                              "\"uid\":\"u\",\"labels\":{\"keep\":\"me\"}},\"spec\":{"
                              "\"holderIdentity\":\"%s\",\"leaseDurationSeconds\":15,"
                              "\"acquireTime\":\"2025-01-01T00:00:00.000000Z\","
                              "\"leaseTransitions\":4}}",
                              holder);
}

static void
answer(struct world *world, const char *line, const char *holder)
{
    struct object *object = lease_of(world, holder);

    fake_client_answer(fake_client_expect(world->fake, line), object);
    object_unref(object);
    fake_client_settle(world->loop);
}

static struct val
body_spec(struct world *world, const char *line)
{
    struct err *err = NULL;
    struct fake_call *call = fake_client_expect(world->fake, line);
    struct doc *doc = doc_parse(world->arena, arena_dup(world->arena, str_of(call->body)), &err);

    assert_non_null(doc);
    return val_get(doc_root(doc), "spec");
}

static void
wait_ms(struct world *world, int64_t ms)
{
    clock_warp(ms);
    fake_client_settle(world->loop);
}

static void
lead(struct world *world)
{
    fake_client_refuse(fake_client_expect(world->fake, "GET " LINE "/binnacle"), ERR_NOT_FOUND,
                       "binnacle");
    answer(world, "POST " LINE, "me");
    assert_true(lease_is_leader(world->lease));
    assert_int_equal(world->started, 1);
}

static void
test_first_one_creates_it(void **state)
{
    struct world *world = *state;
    struct val spec;

    fake_client_refuse(fake_client_expect(world->fake, "GET " LINE "/binnacle"), ERR_NOT_FOUND,
                       "binnacle");
    spec = body_spec(world, "POST " LINE);
    assert_true(val_is_str(val_get(spec, "holderIdentity"), "me"));
    assert_int_equal(val_int(val_get(spec, "leaseDurationSeconds"), 0), 15);
    assert_true(val_is_str(val_get(spec, "renewTime"), "2025-11-24T16:00:00.000000Z"));
    assert_false(lease_is_leader(world->lease));
    answer(world, "POST", "me");
    assert_int_equal(world->started, 1);
    assert_true(str_is(lease_holder(world->lease), "me"));
    /* It renews without looking, and keeps what else stands there. */
    wait_ms(world, 2000);
    spec = body_spec(world, "PUT " LINE "/binnacle");
    assert_true(val_is_str(val_get(spec, "renewTime"), "2025-11-24T16:00:02.000000Z"));
    assert_true(val_is_str(val_get(spec, "acquireTime"), "2025-01-01T00:00:00.000000Z"));
    assert_int_equal(val_int(val_get(spec, "leaseTransitions"), 0), 4);
    assert_true(str_contains(str_of(world->fake->first->body), STR("\"keep\":\"me\"")));
    assert_true(str_contains(str_of(world->fake->first->body), STR("\"resourceVersion\":\"11\"")));
    answer(world, "PUT", "me");
    assert_int_equal(world->started, 1);
}

static void
test_somebody_else_holds_it(void **state)
{
    struct world *world = *state;
    struct object *other = lease_of(world, "other");
    struct val spec;

    /* It does not change: 15 s after it was first seen so, it has expired. */
    for (int i = 0; i < 100 && world->fake->first != NULL; i++) {
        if (str_has_prefix(str_of(world->fake->first->line), STR("PUT"))) {
            break;
        }
        fake_client_answer(fake_client_expect(world->fake, "GET"), other);
        assert_true(str_is(lease_holder(world->lease), "other"));
        for (int k = 0; k < 50 && world->fake->first == NULL; k++) {
            wait_ms(world, 100);
        }
    }
    assert_true(clock_wall_ms() - 1764000000000 >= 15000);
    assert_true(clock_wall_ms() - 1764000000000 <= 20000);
    spec = body_spec(world, "PUT");
    assert_int_equal(val_int(val_get(spec, "leaseTransitions"), 0), 5);
    assert_false(val_is_str(val_get(spec, "acquireTime"), "2025-01-01T00:00:00.000000Z"));
    /* Another one was quicker. */
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_CONFLICT, NULL);
    fake_client_settle(world->loop);
    assert_int_equal(world->started, 0);
    wait_ms(world, 5000);
    answer(world, "GET", "third");
    wait_ms(world, 5000);
    (void)fake_client_expect(world->fake, "GET");
    assert_false(lease_is_leader(world->lease));
    object_unref(other);
}

static void
test_released_is_taken_at_once(void **state)
{
    struct world *world = *state;

    answer(world, "GET", "");
    answer(world, "PUT", "me");
    assert_int_equal(world->started, 1);
}

static void
test_steps_down_in_time(void **state)
{
    struct world *world = *state;

    lead(world);
    wait_ms(world, 2000);
    (void)fake_client_expect(world->fake, "PUT"); /* never answered */
    wait_ms(world, 7999);
    assert_int_equal(world->stopped, 0);
    wait_ms(world, 1); /* 10 s after the last renewal, 5 s before others may begin */
    assert_int_equal(world->stopped, 1);
    assert_false(lease_is_leader(world->lease));
    /* It was slow, not gone: it goes on as a candidate. */
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_TIMEOUT, NULL);
    wait_ms(world, 5000);
    answer(world, "GET", "me");
    answer(world, "PUT", "me");
    assert_int_equal(world->started, 2);
}

static void
test_a_failed_renewal_is_tried_again(void **state)
{
    struct world *world = *state;

    lead(world);
    wait_ms(world, 2000);
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_CONFLICT, NULL);
    answer(world, "GET", "me");
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_UNAVAILABLE, NULL);
    fake_client_settle(world->loop);
    assert_int_equal(fake_client_waiting(world->fake), 0); /* not at once a third time */
    wait_ms(world, 2000);
    answer(world, "PUT", "me");
    assert_int_equal(world->stopped, 0);
    /* Somebody took it: no longer a leader at once. */
    wait_ms(world, 2000);
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_CONFLICT, NULL);
    answer(world, "GET", "thief");
    assert_int_equal(world->stopped, 1);
}

static void
test_stop_releases(void **state)
{
    struct world *world = *state;
    struct val spec;

    lead(world);
    lease_stop(world->lease, world_done, world);
    spec = body_spec(world, "PUT");
    assert_true(val_is_str(val_get(spec, "holderIdentity"), ""));
    assert_int_equal(val_int(val_get(spec, "leaseDurationSeconds"), 0), 1);
    answer(world, "PUT", "");
    assert_true(world->is_done);
    assert_int_equal(world->stopped, 0);
}

static void
test_stop_in_a_call(void **state)
{
    struct world *world = *state;

    lead(world);
    wait_ms(world, 2000);
    (void)fake_client_expect(world->fake, "PUT");
    lease_stop(world->lease, world_done, world);
    fake_client_settle(world->loop);
    assert_true(val_is_str(val_get(body_spec(world, "PUT"), "holderIdentity"), ""));
    fake_client_refuse(world->fake->first, ERR_CONFLICT, NULL);
    fake_client_settle(world->loop);
    assert_true(world->is_done);
}

int
main(void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_first_one_creates_it),
        WITH_WORLD(test_somebody_else_holds_it),
        WITH_WORLD(test_released_is_taken_at_once),
        WITH_WORLD(test_steps_down_in_time),
        WITH_WORLD(test_a_failed_renewal_is_tried_again),
        WITH_WORLD(test_stop_releases),
        WITH_WORLD(test_stop_in_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
