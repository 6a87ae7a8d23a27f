/* scheduler: why a pod stands where it stands, what is tried again and when, how much at once. The
 * decisions themselves are golden cases (tests/golden/sched). */
#include "config.h" /* IWYU pragma: keep */

#include "scheduler/scheduler.h"

#include <stdio.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/client_reply.h"
#include "tests/lib/unit.h"

enum { NOW_MS = 1767225600 };

static struct {
    struct arena *arena;
    struct registry *registry;
    struct cache *cache;
    struct scheduler scheduler;
    uint64_t rev;
} world;

static int
open_world(void **state)
{
    (void)state;
    world.arena = arena_new();
    world.registry = registry_new(kinds_builtin, kinds_builtin_len);
    world.cache = cache_new();
    world.rev = 100;
    scheduler_init(&world.scheduler, world.registry);
    return 0;
}

static int
close_world(void **state)
{
    (void)state;
    scheduler_done(&world.scheduler);
    cache_free(world.cache);
    registry_unref(world.registry);
    arena_free(world.arena);
    return 0;
}

static void
put(const char *plural, struct str json)
{
    AUTO_ERR struct err *err = NULL;
    AUTO_OBJECT struct object *object = NULL;
    const struct resource *row = registry_any_version(world.registry, STR(""), str_of(plural));
    const struct doc *doc = doc_parse(world.arena, json, &err);
    assert_non_null(doc);
    assert_int_equal(client_reply_object(row, doc_root(doc), &object, &err), 0);
    object_unref(cache_put(world.cache, object));
}

static void
put_node(const char *name, const char *cpu)
{
    put("nodes",
        arena_printf(
            world.arena,
            "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"uid\":"
            "\"%s\",\"resourceVersion\":\"%llu\"},\"status\":{\"allocatable\":{\"cpu\":"
            "\"%s\",\"memory\":\"1Gi\",\"pods\":\"110\"}}}",
            name, name, (unsigned long long)world.rev++, cpu));
}

/* more: members of the pod behind its spec, with a comma before. */
static void
put_pod(const char *name, const char *cpu, const char *node, const char *more)
{
    put("pods",
        arena_printf(world.arena,
                     "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\","
                     "\"namespace\":\"a\",\"uid\":\"uid-%s\",\"resourceVersion\":\"%llu\","
                     "\"generation\":1},\"spec\":{%s%s%s\"containers\":[{\"name\":\"c\",\"image\":"
                     "\"x\",\"resources\":{\"requests\":{\"cpu\":\"%s\"}}}]}%s}",
                     name, name, (unsigned long long)world.rev++,
                     node == NULL ? "" : "\"nodeName\":\"", node == NULL ? "" : node,
                     node == NULL ? "" : "\",", cpu, more));
}

static void
take_pod(const char *name)
{
    object_unref(cache_del(world.cache, world.scheduler.pods, STR("a"), str_of(name)));
}

/* What a plan says, in the world's arena. */
static const char *
plan(void)
{
    AUTO_STR struct str_builder text = { 0 };
    AUTO_ARENA struct arena *arena = arena_new();
    struct reconcile_env env = { .part = &world.scheduler };
    struct plan_in in = { .arena = arena,
                          .cache = world.cache,
                          .key = STR("queue"),
                          .name = STR("queue"),
                          .now_ms = NOW_MS,
                          .env = &env,
                          .random = 1 };
    struct plan out;
    plan_init(&out, arena);
    scheduler_reconciler.plan(&in, &out);
    plan_text(&out, &text);
    plan_done(&out);
    return arena_dupz(world.arena, str_view(&text));
}

#define REFUSED                                                                                     \
    ",\"status\":{\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":"     \
    "\"False\",\"reason\":\"Unschedulable\",\"message\":\"0/1 nodes are available: 1 Insufficient " \
    "cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption "       \
    "victims found for incoming pod.\"}]}"

static void
says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in\n%s", part, text);
    }
}

/* ---- why ---- */

static const char *
why(const char *name)
{
    struct jw w;
    jw_init(&w, world.arena);
    if (!scheduler_why(&world.scheduler, world.cache, STR("a"), str_of(name), &w)) {
        return NULL;
    }
    return arena_dupz(world.arena, jw_done(&w));
}

static void
tells_need_and_have(void **state)
{
    (void)state;
    put_node("n1", "1");
    put_node("n2", "4");
    put_pod("there", "3", "n2", ",\"status\":{\"phase\":\"Running\"}");
    put_pod("web", "2", NULL, "");
    const char *text = why("web");
    says(text,
         "{\"kind\":\"PodWhy\",\"apiVersion\":\"binnacle.io/v1\",\"metadata\":{\"name\":\"web\","
         "\"namespace\":\"a\"},\"verdict\":\"fits nowhere\",\"message\":\"0/2 nodes are "
         "available: 2 Insufficient cpu.");
    says(text, "{\"name\":\"n1\",\"verdict\":\"no\",\"checks\":[");
    says(text, "{\"name\":\"NodeResourcesFit\",\"verdict\":\"no\",\"reasons\":[{\"message\":"
               "\"Insufficient cpu\",\"what\":\"cpu\",\"need\":2000,\"have\":1000}]}");
    says(text, "\"need\":2000,\"have\":1000}]}]},{\"name\":\"n2\"");
    says(text, "{\"name\":\"NodeUnschedulable\",\"verdict\":\"yes\"}");
    /* The same call made the message of the event. */
    says(plan(),
         "FailedScheduling Scheduling Pod a/web: 0/2 nodes are available: 2 Insufficient cpu.");
}

static void
tells_where_it_fits(void **state)
{
    (void)state;
    put_node("n1", "4");
    put_node("n2", "4");
    put_pod("there", "3", "n2", ",\"status\":{\"phase\":\"Running\"}");
    put_pod("web", "1", NULL, "");
    const char *text = why("web");
    says(text, "\"verdict\":\"fits\",\"node\":\"n1\",\"nodes\":[{\"name\":\"n1\","
               "\"verdict\":\"yes\",\"score\":");
    assert_null(strstr(text, "\"verdict\":\"no\""));
    text = why("there"); /* bound: only its node is asked for */
    says(text, "{\"name\":\"n2\",\"verdict\":\"yes\"");
    says(text, "{\"name\":\"n1\",\"verdict\":\"no\"");
    assert_null(why("nobody"));
}

/* ---- what is tried again ---- */

static void
a_refused_pod_waits_for_a_change(void **state)
{
    (void)state;
    put_node("n1", "2");
    put_pod("there", "1", "n1", ",\"status\":{\"phase\":\"Running\"}");
    put_pod("web", "2", NULL, REFUSED);
    assert_string_equal(plan(), "why 1 pods wait, 0 placed\n"); /* told before */
    put_pod("web", "2", NULL, REFUSED); /* its status was written: the wish is the same */
    assert_string_equal(plan(), "why 1 pods wait, 0 placed\n");
    take_pod("there");
    says(plan(), "Successfully assigned a/web to n1");
}

static void
a_refused_pod_waits_for_a_node(void **state)
{
    (void)state;
    put_node("n1", "2");
    put_pod("there", "1", "n1", ",\"status\":{\"phase\":\"Running\"}");
    put_pod("web", "2", NULL, REFUSED);
    assert_string_equal(plan(), "why 1 pods wait, 0 placed\n");
    put_node("n2", "2");
    says(plan(), "Successfully assigned a/web to n2");
}

static void
a_placement_that_failed_is_taken_back(void **state)
{
    (void)state;
    put_node("n1", "2");
    put_pod("web", "2", NULL, "");
    says(plan(), "Successfully assigned a/web to n1");
    says(plan(), "Successfully assigned a/web to n1"); /* the cache says that it was not bound */
    put_pod("other", "2", NULL, "");
    const char *text = plan();
    says(text, "2 pods wait, 1 placed");
    take_pod("web");
    says(plan(), "Successfully assigned a/other to n1");
    put_pod("other", "2", "n1", ",\"status\":{\"phase\":\"Running\"}");
    put_pod("late", "1", NULL, "");
    says(plan(), "0/1 nodes are available: 1 Insufficient cpu.");
}

static void
many_are_tried_a_part_at_a_time(void **state)
{
    char name[16];
    size_t lines = 0;
    (void)state;
    for (int i = 0; i < 600; i++) {
        (void)snprintf(name, sizeof(name), "p%03d", i);
        put_pod(name, "1", NULL, "");
    }
    const char *text = plan();
    for (const char *at = text; (at = strstr(at, "FailedScheduling")) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 256);
    says(text, "again 1970-01-21T");
    says(text, "600 pods wait, 0 placed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_need_and_have, open_world, close_world),
        cmocka_unit_test_setup_teardown(tells_where_it_fits, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_refused_pod_waits_for_a_change, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_refused_pod_waits_for_a_node, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_placement_that_failed_is_taken_back, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(many_are_tried_a_part_at_a_time, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
