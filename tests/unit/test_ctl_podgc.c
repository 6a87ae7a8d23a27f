/* controllers/ctl_podgc: pods of a node that is gone wait, and stay when it comes back. The rest is in
 * tests/golden/ctl/podgc. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/cache.h"
#include "controllers/ctl.h"
#include "controllers/ctl_podgc.h"

static const int64_t noon_ms = 1795521600000;

struct box {
    struct cache *cache;
    struct ctl_env part;
    struct reconcile_env env;
    struct object *node;
    char keys[64];
};

static struct object *
put(struct box *box, const struct resource *row, const char *json)
{
    struct object *object = NULL;
    struct err *err = NULL;
    assert_int_equal(object_publish(row, str_of(json), 1, 1, &object, &err), 0);
    object_unref(cache_put(box->cache, object));
    return object;
}

static int
set_up(void **state)
{
    static struct box box;
    memset(&box, 0, sizeof(box));
    clock_stop(noon_ms);
    box.cache = cache_new();
    box.part.registry = registry_new(kinds_builtin, kinds_builtin_len);
    box.part.gone = ctl_gone_new();
    box.part.started_ms = noon_ms - 3600000;
    box.env.part = &box.part;
    box.node = put(&box, &resource_nodes,
                   "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\","
                   "\"uid\":\"u\"}}");
    object_unref(put(&box, &resource_pods,
                     "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\","
                     "\"namespace\":\"a\",\"uid\":\"v\"},\"spec\":{\"nodeName\":\"n\"},"
                     "\"status\":{\"phase\":\"Succeeded\"}}"));
    *state = &box;
    return 0;
}

static int
tear_down(void **state)
{
    struct box *box = *state;
    object_unref(box->node);
    cache_free(box->cache);
    ctl_gone_free(box->part.gone);
    registry_unref((struct registry *)(uintptr_t)box->part.registry);
    clock_run();
    return 0;
}

static void
add(void *ctx, struct str ns, struct str name)
{
    struct box *box = ctx;
    (void)snprintf(box->keys, sizeof(box->keys), STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));
}

/* What the watch of nodes tells. */
static void
node_changes(struct box *box, struct object *old, struct object *now)
{
    struct keys_in in = { box->cache, &box->env };
    if (now == NULL) {
        object_unref(cache_del(box->cache, &resource_nodes, (struct str){ 0 }, old->name));
    } else {
        object_unref(cache_put(box->cache, now));
    }
    ctl_pod_gc.watches[0].keys(&in, old, now, add, box);
}

static size_t
plan_at(struct box *box, int64_t now_ms, int64_t *ret_again_ms)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct plan plan;
    struct plan_in in = { .cache = box->cache,
                          .key = STR("a/p"),
                          .ns = STR("a"),
                          .name = STR("p"),
                          .now_ms = now_ms,
                          .env = &box->env,
                          .arena = arena };
    plan_init(&plan, arena);
    ctl_pod_gc.plan(&in, &plan);
    size_t writes = plan.write_len;
    *ret_again_ms = plan.again_at_ms;
    plan_done(&plan);
    return writes;
}

static void
waits_for_a_node_that_may_come_back(void **state)
{
    struct box *box = *state;
    int64_t again_ms;
    assert_int_equal(plan_at(box, noon_ms, &again_ms), 0);
    assert_int_equal(again_ms, 0);
    node_changes(box, box->node, NULL);
    assert_string_equal(box->keys, "a/p");
    assert_int_equal(plan_at(box, noon_ms + 39999, &again_ms), 0);
    assert_int_equal(again_ms, noon_ms + 40000);
    node_changes(box, NULL, box->node);
    assert_int_equal(plan_at(box, noon_ms + 40000, &again_ms), 0);
    clock_warp(100000);
    node_changes(box, box->node, NULL);
    assert_int_equal(plan_at(box, noon_ms + 100000, &again_ms), 0);
    assert_int_equal(again_ms, noon_ms + 140000); /* from the second time on */
    assert_int_equal(plan_at(box, noon_ms + 140000, &again_ms), 1);
}

/* A node that was gone before this process began: nobody knows since when. */
static void
waits_after_its_own_start(void **state)
{
    struct box *box = *state;
    int64_t again_ms;
    box->part.started_ms = noon_ms;
    object_unref(cache_del(box->cache, &resource_nodes, (struct str){ 0 }, STR("n")));
    assert_int_equal(plan_at(box, noon_ms + 1, &again_ms), 0);
    assert_int_equal(again_ms, noon_ms + 40000);
    assert_int_equal(plan_at(box, noon_ms + 40000, &again_ms), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waits_for_a_node_that_may_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_after_its_own_start, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ctl_podgc", tests, NULL, NULL);
}
