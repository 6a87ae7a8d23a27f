/* The nodes of the cluster as one of them sees them: pod networks, addresses, zone; and what the proxy
 * is told of changes. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/peers.h"

#include "agent/proxy_plan.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

#define NODE(NAME, CIDR, IP)                                                                       \
    "{\"metadata\":{\"name\":\"" NAME "\"},\"spec\":{\"podCIDRs\":[\"" CIDR "\"]},"                \
    "\"status\":{\"addresses\":[{\"type\":\"Hostname\",\"address\":\"h\"},"                        \
    "{\"type\":\"InternalIP\",\"address\":\"" IP "\"}]}}"

static void
plan(struct arena *arena, const char *const *texts, size_t len, struct peers_plan *ret)
{
    struct val nodes[8];
    struct err *err = NULL;

    assert_true(len <= ARRAY_LEN(nodes));
    for (size_t i = 0; i < len; i++) {
        nodes[i] = doc_root(doc_parse(arena, str_of(texts[i]), &err));
        assert_null(err);
    }
    peers_plan(nodes, len, STR("b"), arena, ret);
}

static void
test_plan(void **state)
{
    static const char *const texts[] = {
        NODE("c", "10.42.2.0/24", "192.0.2.3"),
        "{\"metadata\":{\"name\":\"b\",\"labels\":{\"topology.kubernetes.io/zone\":\"east\"}},"
        "\"spec\":{\"podCIDRs\":[\"fd00::/64\",\"10.42.1.7/24\"]}}",
        NODE("none-yet", "", "192.0.2.9"),
        NODE("a", "10.42.0.0/24", "2001:db8::1"),
    };
    AUTO_ARENA struct arena *arena = arena_new();
    struct peers_plan got;

    (void)state;
    plan(arena, texts, ARRAY_LEN(texts), &got);
    assert_int_equal(got.len, 3);
    assert_true(str_is(got.zone, "east"));
    assert_true(str_is(got.at[0].name, "a"));
    assert_false(got.at[0].has_address); /* not one of ours */
    assert_true(str_is(got.at[1].name, "b") && got.at[1].is_self);
    assert_true(str_is(ip_net_text(&got.at[1].pods, arena), "10.42.1.0/24"));
    assert_true(str_is(got.at[2].name, "c") && got.at[2].has_address && !got.at[2].is_self);
    assert_true(str_is(ip_text(&got.at[2].address, arena), "192.0.2.3"));
}

/* Two nodes that say the same network: one of them is wrong, and traffic must not flap. */
static void
test_overlap(void **state)
{
    static const char *const texts[] = {
        NODE("z", "10.42.0.0/16", "192.0.2.1"),
        NODE("y", "10.42.3.0/24", "192.0.2.2"),
        NODE("x", "10.42.3.0/24", "192.0.2.3"),
    };
    AUTO_ARENA struct arena *arena = arena_new();
    struct peers_plan got;

    (void)state;
    plan(arena, texts, ARRAY_LEN(texts), &got);
    assert_int_equal(got.len, 1);
    assert_true(str_is(got.at[0].name, "x"));
}

/* ---- changes ---- */

struct world {
    struct loop *loop;
    struct fake_client *fake;
    struct registry *registry;
    const struct resource *nodes;
    struct peers *peers;
    int changes;
};

static void
count_change(void *ctx)
{
    ((struct world *)ctx)->changes++;
}

static int
world_open(void **state)
{
    static struct world world;

    clock_stop(1764000000000);
    world = (struct world){ .loop = loop_new(),
                            .registry = registry_new(kinds_builtin, kinds_builtin_len) };
    world.fake = fake_client_new(world.loop);
    world.nodes = registry_find(world.registry, STR(""), STR("v1"), STR("nodes"));
    world.peers = peers_new(&(struct peers_spec){ .loop = world.loop,
                                                  .client = &world.fake->client,
                                                  .registry = world.registry,
                                                  .self = STR("n1"),
                                                  .changed = count_change,
                                                  .ctx = &world });
    fake_client_settle(world.loop);
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    peers_free(world->peers);
    fake_client_settle(world->loop);
    client_free(&world->fake->client);
    registry_unref(world->registry);
    loop_free(world->loop);
    clock_run();
    return 0;
}

static struct object *
node(struct world *world, uint64_t rev, const char *name, const char *cidr, const char *beat)
{
    return fake_client_object(world->nodes, rev,
                              "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                              "\"%s\"},\"spec\":{\"podCIDRs\":[\"%s\"]},\"status\":{\"addresses\":"
                              "[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}],"
                              "\"conditions\":[{\"lastHeartbeatTime\":\"%s\"}]}}",
                              name, cidr, beat);
}

static void
event(struct world *world, enum watch_type type, struct object *object, uint64_t rev)
{
    fake_client_event(fake_client_expect(world->fake, "GET /api/v1/nodes"), type, object, rev);
    object_unref(object);
    fake_client_settle(world->loop);
}

static void
test_changes(void **state)
{
    struct world *world = *state;
    struct object *first = node(world, 5, "n1", "10.42.0.0/24", "1");
    struct proxy_items items;

    assert_false(peers_is_synced(world->peers));
    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/nodes"), &first, 1, 5, NULL);
    object_unref(first);
    fake_client_settle(world->loop);
    assert_true(peers_is_synced(world->peers));
    assert_int_equal(world->changes, 1);

    event(world, WATCH_ADDED, node(world, 6, "n2", "10.42.1.0/24", "1"), 6);
    assert_int_equal(world->changes, 2);
    event(world, WATCH_MODIFIED, node(world, 7, "n2", "10.42.1.0/24", "2"), 7);
    assert_int_equal(world->changes, 2); /* only a heartbeat */
    peers_items(world->peers, &items);
    assert_int_equal(items.len, 2);
    assert_true(str_is(items.at[0].in, "pod-networks") && str_is(items.at[0].key, "10.42.0.0/24"));
    assert_true(str_is(items.at[1].key, "10.42.1.0/24"));
    arena_free(items.arena);

    event(world, WATCH_DELETED, node(world, 8, "n2", "10.42.1.0/24", "2"), 8);
    assert_int_equal(world->changes, 3);
    peers_items(world->peers, &items);
    assert_int_equal(items.len, 1);
    arena_free(items.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test_setup_teardown(test_changes, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
