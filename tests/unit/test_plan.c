/* client/plan: the makers, and a plan as text. */
#include "config.h" /* IWYU pragma: keep */

#include "client/plan.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/loop.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

static const struct resource pods = {
    .group = "", .version = "v1", .kind = "Pod", .plural = "pods", .flags = RES_NAMESPACED
};
static const struct resource sets = { .group = "apps",
                                      .version = "v1",
                                      .kind = "ReplicaSet",
                                      .plural = "replicasets",
                                      .flags = RES_NAMESPACED };

static struct object *
set(void)
{
    return fake_client_object(&sets, 12,
                              "{\"kind\":\"ReplicaSet\",\"apiVersion\":\"apps/v1\",\"metadata\":{"
                              "\"name\":\"web\",\"namespace\":\"a\",\"uid\":\"u-1\"}}");
}

static void
check_text(const struct plan *plan, const char *wanted)
{
    AUTO_STR struct str_builder text = { 0 };

    plan_text(plan, &text);
    str_putc(&text, '\0');
    assert_string_equal(text.at, wanted);
}

static void
test_nothing(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct plan plan;

    plan_init(&plan, arena);
    check_text(&plan, "nothing\n");
    plan_again(&plan, 1764000010000);
    plan_again(&plan, 1764000005000);
    plan_again(&plan, 1764000020000);
    plan_why(&plan, "%d of %d pods are ready", 2, 3);
    check_text(&plan, "again 2025-11-24T16:00:05Z\nwhy 2 of 3 pods are ready\n");
}

static void
test_all_makers(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct object *target = set();
    struct plan plan;

    plan_init(&plan, arena);
    plan_group(&plan, 0); /* still the first one */
    plan_event(&plan, target, EVENT_NORMAL, "Scaling", NULL, "from %d to %d", 0, 1);
    plan_create(&plan, &pods, STR("a"), STR("web-x"), STR("{\"kind\":\"Pod\",\"spec\":{\"a\":1}}"));
    plan_event_after(&plan, target, EVENT_NORMAL, "SuccessfulCreate", "Creating", "Created pod: %s",
                     "web-x");
    plan_write(&plan, PLAN_DELETE, target, (struct str){ 0 }, PRE_UID | PRE_REV);
    plan_group(&plan, GROUP_ALWAYS);
    plan_group(&plan, GROUP_ALWAYS); /* empty so far: the same */
    plan_write(&plan, PLAN_STATUS, target, STR("{\"status\":{\"replicas\":1}}"), PRE_REV);
    plan_sub(&plan, "finalize", target, STR("{}"), 0);
    plan_group(&plan, GROUP_ALWAYS); /* and nothing in it */
    /* What a plan names must outlive the cache. */
    object_unref(target);
    check_text(&plan, "group 0\n"
                      "  event Normal Scaling ReplicaSet a/web: from 0 to 1\n"
                      "  create pods a/web-x\n"
                      "    kind: Pod\n"
                      "    spec:\n"
                      "      a: 1\n"
                      "  event after Normal SuccessfulCreate Creating ReplicaSet a/web: Created "
                      "pod: web-x\n"
                      "  delete replicasets.apps a/web if-rev=12 if-uid=u-1\n"
                      "group 1 always\n"
                      "  status replicasets.apps a/web if-rev=12\n"
                      "    status:\n"
                      "      replicas: 1\n"
                      "  sub finalize replicasets.apps a/web\n"
                      "    {}\n");
    assert_int_equal(plan.write_len, 4);
    assert_int_equal(plan.writes[3].group, 1);
    assert_true(str_is(plan.events[0].regarding.api_version, "apps/v1"));
    assert_true(str_is(plan.events[0].regarding.rv, "12"));
    plan_done(&plan);
}

static void
test_many_writes(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct plan plan;

    plan_init(&plan, arena);
    for (int i = 0; i < 1000; i++) {
        struct str name = arena_printf(arena, "p%d", i);
        plan_create(&plan, &pods, STR("a"), name, STR("{}"));
    }
    assert_int_equal(plan.write_len, 1000);
    assert_true(str_is(plan.writes[0].name, "p0"));
    assert_true(str_is(plan.writes[999].name, "p999"));
    plan_done(&plan);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_all_makers),
        cmocka_unit_test(test_many_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
