/* client/reconcile: when plans run, how they are carried out, and what the next plan then sees. */
#include "config.h" /* IWYU pragma: keep */

#include "client/reconcile.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "client/cache.h"
#include "client/informer.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

enum { VERBS = VERB_ALL };
static const struct resource pods = { .group = "",
                                      .version = "v1",
                                      .kind = "Pod",
                                      .plural = "pods",
                                      .flags = RES_NAMESPACED,
                                      .verbs = VERBS };
static const struct resource sets = { .group = "apps",
                                      .version = "v1",
                                      .kind = "ReplicaSet",
                                      .plural = "replicasets",
                                      .flags = RES_NAMESPACED,
                                      .verbs = VERBS };
static const struct resource widgets = { .group = "w.io",
                                         .version = "v1",
                                         .kind = "Widget",
                                         .plural = "widgets",
                                         .flags = RES_CRD,
                                         .verbs = VERBS };
static const struct resource reviews = { .group = "authorization.k8s.io",
                                         .version = "v1",
                                         .kind = "Review",
                                         .plural = "reviews",
                                         .flags = RES_VIRTUAL,
                                         .verbs = VERBS };

static struct object *
set(const char *name, uint64_t rev)
{
    return fake_client_object(&sets, rev,
                              "{\"kind\":\"ReplicaSet\",\"apiVersion\":\"apps/v1\",\"metadata\":{"
                              "\"name\":\"%s\",\"namespace\":\"a\",\"uid\":\"u-%s\"}}",
                              name, name);
}

static struct object *
pod(const char *name, const char *owner, uint64_t rev)
{
    return fake_client_object(&pods, rev,
                              "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                              "\"%s\",\"namespace\":\"a\",\"uid\":\"u-%s\",\"ownerReferences\":[{"
                              "\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"%s\","
                              "\"uid\":\"u-%s\",\"controller\":true}]}}",
                              name, name, owner, owner);
}

/* ---- a world with one reconciler; each test gives it its plan ---- */

struct world {
    struct loop *loop;
    struct fake_client *fake;
    struct informers *informers;
    struct registry *registry;
    struct reconcile *reconcile;
    struct reconcile_env env;
    void (*plan)(struct world *world, const struct plan_in *in, struct plan *out);
    int plans;
    struct str_builder seen; /* "key" of each plan, and what the tests' plans add */
    bool is_stopped;
};

static void
world_plan(const struct plan_in *in, struct plan *out)
{
    struct world *world = (struct world *)(uintptr_t)in->env->part;

    world->plans++;
    if (world->plan != NULL) {
        world->plan(world, in, out);
    }
}

/* A pod touches the set that owns it. */
static void
pod_keys(const struct keys_in *in, const struct object *old, const struct object *now,
         keys_add_fn *add, void *ctx)
{
    const struct object *object = now == NULL ? old : now;
    const struct object *owner = cache_get_uid(in->cache, &sets, object->owner_uid);

    if (owner != NULL) {
        add(ctx, owner->ns, owner->name);
    }
}

static const struct watch_spec world_watches[] = {
    { "apps", "v1", "replicasets", NULL, NULL },
    { "", "v1", "pods", pod_keys, NULL },
    { 0 },
};
static const struct reconciler world_reconciler = {
    .name = "replicaset",
    .component = "replicaset-controller",
    .watches = world_watches,
    .plan = world_plan,
};

static void
world_start(struct world *world, const struct reconciler *reconciler)
{
    struct reconcile_spec spec = {
        .loop = world->loop,
        .client = &world->fake->client,
        .informers = world->informers,
        .registry = world->registry,
        .env = &world->env,
    };

    world->reconcile = reconcile_start(reconciler, &spec);
    fake_client_settle(world->loop);
}

static int
world_open(void **state)
{
    static struct world world;
    static const struct resource *const resources[] = { &pods, &sets };

    clock_stop(1764000000000);
    world = (struct world){ .loop = loop_new() };
    world.fake = fake_client_new(world.loop);
    world.informers = informers_new(world.loop, &world.fake->client);
    world.registry = registry_new(resources, 2);
    world.env.part = &world;
    *state = &world;
    return 0;
}

static void
world_stopped(void *ctx)
{
    struct world *world = ctx;

    world->is_stopped = true;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    if (!world->is_stopped) {
        reconcile_stop(world->reconcile, world_stopped, world);
    }
    fake_client_settle(world->loop);
    assert_true(world->is_stopped);
    informers_free(world->informers);
    fake_client_settle(world->loop);
    client_free(&world->fake->client);
    registry_unref(world->registry);
    loop_free(world->loop);
    str_done(&world->seen);
    clock_run();
    return 0;
}

/* Starts with one set "web" at revision 5, both kinds listed at 10. */
static void
world_ready(struct world *world)
{
    struct object *web = set("web", 5);

    world_start(world, &world_reconciler);
    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/pods?limit"), NULL, 0, 10, NULL);
    fake_client_settle(world->loop);
    assert_int_equal(world->plans, 0); /* not before all kinds are there */
    assert_false(reconcile_is_idle(world->reconcile));
    fake_client_list(fake_client_expect(world->fake, "GET /apis/apps/v1/replicasets?limit"), &web,
                     1, 10, NULL);
    object_unref(web);
    fake_client_settle(world->loop);
}

static void
world_expect(struct world *world, const char *seen)
{
    fake_client_settle(world->loop);
    str_putc(&world->seen, '\0');
    assert_string_equal(world->seen.at, seen);
    world->seen.size = 0;
}

/* Writes that wait: two watches do, too. */
static size_t
world_writes(struct world *world)
{
    fake_client_settle(world->loop);
    return fake_client_waiting(world->fake) - 2;
}

/* ---- when plans run ---- */

static void
plan_notes(struct world *world, const struct plan_in *in, struct plan *out)
{
    (void)out;
    str_putf(&world->seen, STR_FMT "|" STR_FMT "|" STR_FMT "@%lld pods=%zu ", STR_ARG(in->key),
             STR_ARG(in->ns), STR_ARG(in->name), (long long)in->now_ms % 100000,
             cache_len(in->cache, &pods));
}

static void
test_changes_become_keys(void **state)
{
    struct world *world = *state;
    struct object *mine = pod("p", "web", 11);
    struct object *other = pod("q", "gone", 12);
    struct fake_call *watch;

    world->plan = plan_notes;
    world_ready(world);
    world_expect(world, "a/web|a|web@0 pods=0 ");
    assert_true(reconcile_is_idle(world->reconcile));
    watch = fake_client_expect(world->fake, "GET /api/v1/pods?");
    fake_client_event(watch, WATCH_ADDED, mine, 11);
    fake_client_event(watch, WATCH_ADDED, other, 12);
    assert_false(reconcile_is_idle(world->reconcile));
    world_expect(world, "a/web|a|web@0 pods=2 ");
    reconcile_kick(world->reconcile, (struct str){ 0 }, STR("node"));
    world_expect(world, "node||node@0 pods=2 ");
    object_unref(mine);
    object_unref(other);
}

static void
plan_in_five_seconds(struct world *world, const struct plan_in *in, struct plan *out)
{
    plan_notes(world, in, out);
    if (world->plans == 1) {
        plan_again(out, in->now_ms + 5000);
    }
}

static void
test_again_at_a_time(void **state)
{
    struct world *world = *state;

    world->plan = plan_in_five_seconds;
    world_ready(world);
    world_expect(world, "a/web|a|web@0 pods=0 ");
    clock_warp(4999);
    world_expect(world, "");
    clock_warp(1);
    world_expect(world, "a/web|a|web@5000 pods=0 ");
    clock_warp(100000);
    world_expect(world, "");
}

/* ---- how they are carried out ---- */

/* Nine pods that are missing, then the status; says what the last plan came to. */
static void
plan_nine_pods(struct world *world, const struct plan_in *in, struct plan *out)
{
    struct object *web = cache_get(in->cache, &sets, in->ns, in->name);

    for (size_t i = 0; i < in->last_len; i++) {
        str_putf(&world->seen, "%d:%s " STR_FMT " %s; ", in->last[i].group,
                 plan_verb_name(in->last[i].verb), STR_ARG(in->last[i].name),
                 in->last[i].err == NULL ? "ok" : err_reason(in->last[i].err));
    }
    plan_group(out, 0);
    for (int i = 0; i < 9; i++) {
        struct str name = arena_printf(in->arena, "p%d", i);
        if (cache_get(in->cache, &pods, in->ns, name) == NULL) {
            plan_create(out, &pods, in->ns, name, STR("{\"kind\":\"Pod\"}"));
            plan_event_after(out, web, EVENT_NORMAL, "SuccessfulCreate", NULL,
                             "Created pod: " STR_FMT, STR_ARG(name));
        }
    }
    plan_group(out, 0);
    plan_event(out, web, EVENT_NORMAL, "Reached", NULL, "second group");
    plan_write(out, PLAN_PATCH, web, STR("{}"), 0);
    plan_group(out, GROUP_ALWAYS);
    plan_write(out, PLAN_STATUS, web, STR("{\"metadata\":{\"name\":\"web\"}}"), PRE_REV);
}

static void
answer_pod(struct world *world, const char *name, uint64_t rev)
{
    struct object *object = pod(name, "web", rev);

    fake_client_answer(fake_client_expect(world->fake, "POST /api/v1/namespaces/a/pods"), object);
    object_unref(object);
}

static void
test_slow_start_and_always(void **state)
{
    struct world *world = *state;
    struct object *web;

    world->plan = plan_nine_pods;
    world_ready(world);
    assert_int_equal(world_writes(world), 1);
    assert_int_equal(world->fake->first->cause_rev, 0);
    answer_pod(world, "p0", 20);
    /* Its answer is in the cache before anything else happens. */
    assert_non_null(cache_get(informers_cache(world->informers), &pods, STR("a"), STR("p0")));
    assert_int_equal(world_writes(world), 2 + 1); /* and the event of the first */
    answer_pod(world, "p1", 21);
    assert_int_equal(world_writes(world), 1 + 1); /* the batch is not through */
    answer_pod(world, "p2", 22);
    assert_int_equal(world_writes(world), 4 + 1);
    answer_pod(world, "p3", 23);
    fake_client_refuse(fake_client_expect(world->fake, "POST /api/v1/namespaces/a/pods"),
                       ERR_FORBIDDEN, NULL);
    answer_pod(world, "p5", 24);
    answer_pod(world, "p6", 25);
    /* Nothing new of that group, not the next one, but the status. */
    (void)fake_client_expect(world->fake, "PUT /apis/apps/v1/namespaces/a/replicasets/web/status?"
                                          "fieldManager=replicaset");
    assert_int_equal(world_writes(world), 1 + 1);
    web = set("web", 30);
    fake_client_answer(fake_client_expect(world->fake, "PUT"), web);
    object_unref(web);
    assert_int_equal(world->plans, 1);
    /* The own writes made the key dirty: planned again at once, and told what came of it. */
    world_expect(world, "0:create p0 ok; 0:create p1 ok; 0:create p2 ok; 0:create p3 ok; "
                        "0:create p4 Forbidden; 0:create p5 ok; 0:create p6 ok; 2:status web ok; ");
    assert_int_equal(world->plans, 2);
    answer_pod(world, "p4", 31);
    answer_pod(world, "p7", 32);
    answer_pod(world, "p8", 33);
    (void)fake_client_expect(world->fake, "PATCH /apis/apps/v1/namespaces/a/replicasets/web");
}

/* One write of the kind that the test names. */
static enum plan_verb one_verb;
static unsigned one_pre;
static const char *one_body;
static void
plan_one(struct world *world, const struct plan_in *in, struct plan *out)
{
    struct object *web = cache_get(in->cache, &sets, in->ns, in->name);

    str_putf(&world->seen, "%s ", web == NULL ? "gone" : "there");
    if (web == NULL) {
        return;
    }
    if (one_verb == PLAN_SUB) {
        plan_sub(out, "finalize", web, str_of(one_body), one_pre);
    } else {
        plan_write(out, one_verb, web, str_of(one_body), one_pre);
    }
}

static const struct {
    enum plan_verb verb;
    unsigned pre;
    const char *body, *line, *type, *sent;
} shapes[] = {
    { PLAN_UPDATE, PRE_REV | PRE_UID, "{\"metadata\":{\"name\":\"web\"}}", "PUT …?",
      "application/json",
      "{\"metadata\":{\"name\":\"web\",\"resourceVersion\":\"5\",\"uid\":\"u-web\"}}" },
    { PLAN_STATUS, PRE_REV, "{\"status\":{}}", "PUT …/status?", "application/json",
      "{\"status\":{},\"metadata\":{\"resourceVersion\":\"5\"}}" },
    { PLAN_PATCH, PRE_UID, "{\"a\":1}", "PATCH …?", "application/strategic-merge-patch+json",
      "{\"a\":1,\"metadata\":{\"uid\":\"u-web\"}}" },
    { PLAN_PATCH_STATUS, 0, "{\"a\":1}", "PATCH …/status?", "application/merge-patch+json",
      "{\"a\":1}" },
    { PLAN_DELETE, 0, "", "DELETE …", "application/json", "" },
    { PLAN_DELETE, PRE_UID | PRE_REV, "", "DELETE …", "application/json",
      "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"resourceVersion\":"
      "\"5\",\"uid\":\"u-web\"}}" },
    { PLAN_DELETE, PRE_UID, "{\"gracePeriodSeconds\":0}", "DELETE …", "application/json",
      "{\"gracePeriodSeconds\":0,\"preconditions\":{\"uid\":\"u-web\"}}" },
    { PLAN_EVICT, PRE_UID, "", "POST …/eviction?", "application/json",
      "{\"kind\":\"Eviction\",\"apiVersion\":\"policy/v1\",\"deleteOptions\":{\"preconditions\":{"
      "\"uid\":\"u-web\"}},\"metadata\":{\"name\":\"web\",\"namespace\":\"a\"}}" },
    { PLAN_BIND, PRE_UID, "{\"metadata\":{}}", "POST …/binding?", "application/json",
      "{\"metadata\":{\"uid\":\"u-web\"}}" },
    { PLAN_SCALE, 0, "{\"spec\":{\"replicas\":2}}", "PATCH …/scale?",
      "application/merge-patch+json", "{\"spec\":{\"replicas\":2}}" },
    { PLAN_SUB, 0, "{\"spec\":{}}", "PUT …/finalize?", "application/json", "{\"spec\":{}}" },
};

static void
test_shapes_of_writes(void **state)
{
    struct world *world = *state;
    AUTO_ARENA struct arena *arena = arena_new();

    world->plan = plan_one;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct str rest;
        struct str method = str_cut(str_of(shapes[i].line), ' ', &rest);
        struct str tail = str_slice(rest.at + strlen("…"), rest.size - strlen("…"));
        struct str line =
            arena_printf(arena, STR_FMT " /apis/apps/v1/namespaces/a/replicasets/web" STR_FMT,
                         STR_ARG(method), STR_ARG(tail));
        struct fake_call *call;

        one_verb = shapes[i].verb;
        one_pre = shapes[i].pre;
        one_body = shapes[i].body;
        if (i == 0) {
            world_ready(world);
        } else {
            reconcile_kick(world->reconcile, STR("a"), STR("web"));
            fake_client_settle(world->loop);
        }
        call = fake_client_expect(world->fake, line.at);
        assert_string_equal(call->body, shapes[i].sent);
        assert_string_equal(call->type, shapes[i].type);
        fake_client_refuse(call, ERR_INVALID, NULL);
        fake_client_settle(world->loop);
    }
}

/* ---- what the next plan sees ---- */

static void
test_a_deleted_object_is_gone_at_once(void **state)
{
    struct world *world = *state;
    struct fake_call *watch;
    struct object *past = set("web", 8);

    one_verb = PLAN_DELETE;
    one_pre = PRE_UID;
    one_body = "";
    world->plan = plan_one;
    world_ready(world);
    world_expect(world, "there ");
    fake_client_answer(fake_client_expect(world->fake, "DELETE"), NULL); /* a Status */
    world_expect(world, "gone ");
    /* News from before the deletion do not bring it back. */
    watch = fake_client_expect(world->fake, "GET /apis/apps/v1/replicasets?");
    fake_client_event(watch, WATCH_MODIFIED, past, 12);
    world_expect(world, "");
    object_unref(past);
    assert_int_equal(world_writes(world), 0);
}

static void
test_not_found_is_believed(void **state)
{
    struct world *world = *state;

    one_verb = PLAN_PATCH;
    one_pre = 0;
    one_body = "{}";
    world->plan = plan_one;
    world_ready(world);
    /* Something else was not found: no proof. */
    fake_client_refuse(fake_client_expect(world->fake, "PATCH"), ERR_NOT_FOUND, "namespace");
    world_expect(world, "there there ");
    fake_client_refuse(fake_client_expect(world->fake, "PATCH"), ERR_NOT_FOUND, "web");
    world_expect(world, "gone ");
}

static void
test_conflicts(void **state)
{
    struct world *world = *state;
    struct object *web;

    one_verb = PLAN_STATUS;
    one_pre = PRE_REV;
    one_body = "{}";
    world->plan = plan_one;
    world_ready(world);
    for (int i = 1; i <= 4; i++) {
        fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_CONFLICT, "web");
        fake_client_settle(world->loop);
        assert_int_equal(world->plans, i + 1); /* at once */
    }
    for (int64_t wait_ms = 5; wait_ms <= 20; wait_ms *= 2) { /* from the fifth with backoff */
        int plans = world->plans;
        fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_CONFLICT, "web");
        clock_warp(wait_ms - 1);
        fake_client_settle(world->loop);
        assert_int_equal(world->plans, plans);
        clock_warp(1);
        fake_client_settle(world->loop);
        assert_int_equal(world->plans, plans + 1);
    }
    /* Success: it starts over. */
    web = set("web", 40);
    fake_client_answer(fake_client_expect(world->fake, "PUT"), web);
    fake_client_settle(world->loop);
    object_unref(web);
    assert_string_equal(fake_client_expect(world->fake, "PUT")->body,
                        "{\"metadata\":{\"resourceVersion\":\"40\"}}");
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_CONFLICT, "web");
    fake_client_settle(world->loop);
    (void)fake_client_expect(world->fake, "PUT");
}

static void
test_unknown_outcome_waits_for_a_list(void **state)
{
    struct world *world = *state;
    struct object *web = set("web", 50);

    one_verb = PLAN_STATUS;
    one_pre = PRE_REV;
    one_body = "{}";
    world->plan = plan_one;
    world_ready(world);
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_TIMEOUT, NULL);
    clock_warp(60000);
    fake_client_settle(world->loop);
    assert_int_equal(world->plans, 1);
    assert_false(reconcile_is_idle(world->reconcile));
    /* It was applied after all: the next plan sees it. */
    fake_client_list(fake_client_expect(world->fake, "GET /apis/apps/v1/replicasets?limit"), &web,
                     1, 50, NULL);
    object_unref(web);
    fake_client_settle(world->loop);
    assert_string_equal(fake_client_expect(world->fake, "PUT")->body,
                        "{\"metadata\":{\"resourceVersion\":\"50\"}}");
    /* Stopping does not wait for a list that may never come. */
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_UNAVAILABLE, NULL);
    fake_client_settle(world->loop);
    reconcile_stop(world->reconcile, world_stopped, world);
    fake_client_settle(world->loop);
    assert_true(world->is_stopped);
}

static void
test_failures_back_off(void **state)
{
    struct world *world = *state;
    struct fake_call *call;
    struct err *err = NULL;

    one_verb = PLAN_STATUS;
    one_pre = 0;
    one_body = "{}";
    world->plan = plan_one;
    world_ready(world);
    fake_client_refuse(fake_client_expect(world->fake, "PUT"), ERR_INVALID, NULL);
    world_expect(world, "there ");
    clock_warp(5);
    world_expect(world, "there ");
    /* A server that says when is believed. */
    call = fake_client_expect(world->fake, "PUT");
    (void)err_set(&err, ERR_TOO_MANY, "slow down");
    err->retry_after_s = 3;
    fake_client_fail(call, err);
    clock_warp(2999);
    world_expect(world, "");
    clock_warp(1);
    world_expect(world, "there ");
}

static void
test_stop_cancels(void **state)
{
    struct world *world = *state;

    one_verb = PLAN_STATUS;
    one_pre = 0;
    one_body = "{}";
    world->plan = plan_one;
    world_ready(world);
    (void)fake_client_expect(world->fake, "PUT");
    reconcile_stop(world->reconcile, world_stopped, world);
    assert_false(world->is_stopped); /* never inside the call */
    fake_client_settle(world->loop);
    assert_true(world->is_stopped);
    assert_int_equal(world->plans, 1);
    assert_int_equal(fake_client_waiting(world->fake), 0);
}

/* ---- every kind ---- */

static const struct watch_spec all_watches[] = { { "", "", "*", NULL, NULL }, { 0 } };
static const struct reconciler all_reconciler = { .name = "gc",
                                                  .watches = all_watches,
                                                  .plan = world_plan };

static void
test_all_kinds_follow_the_registry(void **state)
{
    struct world *world = *state;
    static const struct resource *const more[] = { &pods, &widgets, &reviews };
    struct registry *registry = registry_new(more, 3);
    struct object *web = set("web", 5);

    world->plan = plan_notes;
    world_start(world, &all_reconciler);
    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/pods?"), NULL, 0, 10, NULL);
    fake_client_list(fake_client_expect(world->fake, "GET /apis/apps/v1/replicasets?"), &web, 1, 10,
                     NULL);
    object_unref(web);
    world_expect(world, "a/web|a|web@0 pods=0 ");
    /* One kind comes, one goes, one stays, one is never stored. */
    reconcile_set_registry(world->reconcile, registry);
    registry_unref(registry);
    assert_false(reconcile_is_idle(world->reconcile));
    fake_client_settle(world->loop);
    assert_int_equal(fake_client_waiting(world->fake), 2);
    (void)fake_client_expect(world->fake, "GET /api/v1/pods?resourceVersion=10&watch=true");
    fake_client_list(fake_client_expect(world->fake, "GET /apis/w.io/v1/widgets?limit"), NULL, 0,
                     20, NULL);
    fake_client_settle(world->loop);
    assert_true(reconcile_is_idle(world->reconcile));
}

int
main(void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_changes_become_keys),
        WITH_WORLD(test_again_at_a_time),
        WITH_WORLD(test_slow_start_and_always),
        WITH_WORLD(test_shapes_of_writes),
        WITH_WORLD(test_a_deleted_object_is_gone_at_once),
        WITH_WORLD(test_not_found_is_believed),
        WITH_WORLD(test_conflicts),
        WITH_WORLD(test_unknown_outcome_waits_for_a_list),
        WITH_WORLD(test_failures_back_off),
        WITH_WORLD(test_stop_cancels),
        WITH_WORLD(test_all_kinds_follow_the_registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
