/* Services and their slices by name, in whatever order they come. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/backends.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/mem.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

struct world {
    struct registry *registry;
    const struct resource *services, *slices;
    struct backends *backends;
    struct str_builder told; /* keys, each with a space behind it */
};

static void
note(void *ctx, struct str key)
{
    struct world *world = ctx;

    str_putf(&world->told, STR_FMT " ", STR_ARG(key));
}

static void
synced(void *ctx)
{
    (void)ctx;
}

static int
world_open(void **state)
{
    static struct world world;

    world = (struct world){ .registry = registry_new(kinds_builtin, kinds_builtin_len),
                            .backends = backends_new() };
    world.services = registry_any_version(world.registry, STR(""), STR("services"));
    world.slices =
        registry_any_version(world.registry, STR("discovery.k8s.io"), STR("endpointslices"));
    backends_listen(world.backends, note, synced, &world);
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    backends_free(world->backends);
    registry_unref(world->registry);
    str_done(&world->told);
    return 0;
}

static struct object *
service(struct world *world, const char *name)
{
    return fake_client_object(world->services, 1,
                              "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                              "\"%s\",\"namespace\":\"shop\"}}",
                              name);
}

static struct object *
slice(struct world *world, const char *name, const char *of)
{
    return fake_client_object(world->slices, 1,
                              "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\","
                              "\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\",\"labels\":{"
                              "\"kubernetes.io/service-name\":\"%s\"}}}",
                              name, of);
}

static void
was_told(struct world *world, const char *keys)
{
    assert_true(str_is(str_view(&world->told), keys));
    world->told.size = 0;
}

static const struct backend *
at(const struct world *world, const char *key)
{
    return backends_at(world->backends, str_of(key));
}

static void
test_any_order(void **state)
{
    struct world *world = *state;
    struct object *web = service(world, "web"), *one = slice(world, "web-1", "web");
    size_t iter = 0;

    backends_slice(world->backends, NULL, one);
    was_told(world, "shop/web ");
    assert_null(at(world, "shop/web")->service);
    backends_service(world->backends, NULL, web);
    was_told(world, "shop/web ");
    assert_ptr_equal(at(world, "shop/web")->service, web);
    assert_int_equal(at(world, "shop/web")->slice_len, 1);
    assert_non_null(backends_next(world->backends, &iter));
    assert_null(backends_next(world->backends, &iter));

    backends_service(world->backends, web, NULL);
    assert_non_null(at(world, "shop/web")); /* its slice is there */
    backends_slice(world->backends, one, NULL);
    was_told(world, "shop/web shop/web ");
    assert_null(at(world, "shop/web"));
    object_unref(web);
    object_unref(one);
}

static void
test_slice_moves(void **state)
{
    struct world *world = *state;
    struct object *before = slice(world, "x", "web"), *after = slice(world, "x", "api");
    struct object *more = slice(world, "y", "web"), *nobody = slice(world, "z", "");

    backends_slice(world->backends, NULL, before);
    backends_slice(world->backends, NULL, more);
    backends_slice(world->backends, NULL, nobody); /* is of no Service */
    was_told(world, "shop/web shop/web ");
    backends_slice(world->backends, before, after);
    was_told(world, "shop/api shop/web ");
    assert_ptr_equal(at(world, "shop/web")->slices[0], more);
    assert_int_equal(at(world, "shop/web")->slice_len, 1);
    assert_ptr_equal(at(world, "shop/api")->slices[0], after);

    backends_slice(world->backends, after, after); /* other endpoints, the same Service */
    was_told(world, "shop/api ");
    assert_int_equal(at(world, "shop/api")->slice_len, 1);
    object_unref(before);
    object_unref(after);
    object_unref(more);
    object_unref(nobody);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_order, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_slice_moves, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
