/* client/informer: list, watch, again after whatever ends it, own writes ahead of both; and the local
 * form over a source. */
#include "config.h" /* IWYU pragma: keep */

#include "client/informer.h"

#include <stdio.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

static const struct selectable selectables[] = {
    { .label = "spec.nodeName", .path = "spec.nodeName", .index = 1 },
};
static const struct resource pods = {
    .group = "",
    .version = "v1",
    .kind = "Pod",
    .plural = "pods",
    .flags = RES_NAMESPACED,
    .verbs = VERB_ALL,
    .selectables = selectables,
    .selectable_len = ARRAY_LEN(selectables),
};

static struct object *
pod(const char *name, const char *uid, uint64_t rev, const char *node)
{
    return fake_client_object(&pods, rev,
                              "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                              "\"%s\",\"namespace\":\"a\",\"uid\":\"%s\"},\"spec\":{\"nodeName\":"
                              "\"%s\"}}",
                              name, uid, node);
}

/* ---- a world with one informer, whose changes are written down ---- */

struct world {
    struct loop *loop;
    struct fake_client *fake;
    struct informers *informers;
    struct informer *informer;
    struct str_builder seen;
    int refreshed;
    bool do_close; /* delete the informer inside the next change */
};

static void
world_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct world *world = ctx;
    const struct object *object = now == NULL ? old : now;

    str_putf(&world->seen, "%s" STR_FMT "@%llu ",
             old == NULL   ? "+"
             : now == NULL ? "-"
                           : "~",
             STR_ARG(object->name), (unsigned long long)rev);
    if (world->do_close) {
        world->do_close = false;
        informer_del(world->informer);
        world->informer = NULL;
    }
}

static void
world_synced(void *ctx)
{
    struct world *world = ctx;

    str_putz(&world->seen, "synced ");
}

static void
world_refreshed(void *ctx)
{
    struct world *world = ctx;

    world->refreshed++;
}

static void
world_expect(struct world *world, const char *seen)
{
    fake_client_settle(world->loop);
    str_putc(&world->seen, '\0');
    assert_string_equal(world->seen.at, seen);
    world->seen.size = 0;
}

static void
world_add(struct world *world, const char *field_selector)
{
    struct informer_spec spec = { .resource = &pods, .field_selector = str_of(field_selector) };

    world->informer = informer_add(world->informers, &spec, world_changed, world_synced, world);
    fake_client_settle(world->loop);
}

static int
world_open(void **state)
{
    static struct world world;

    clock_stop(1764000000000);
    world = (struct world){ .loop = loop_new() };
    world.fake = fake_client_new(world.loop);
    world.informers = informers_new(world.loop, &world.fake->client);
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    informers_free(world->informers);
    fake_client_settle(world->loop);
    client_free(&world->fake->client);
    loop_free(world->loop);
    str_done(&world->seen);
    clock_run();
    return 0;
}

/* Answers the waiting list with these objects (references are taken over). */
static void
world_list(struct world *world, uint64_t rev, struct object *a, struct object *b)
{
    struct object *items[2] = { a, b };
    size_t len = a == NULL ? 0 : b == NULL ? 1 : 2;

    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/pods?"), items, len, rev, NULL);
    object_unref(a);
    object_unref(b);
}

static struct fake_call *
world_watch(struct world *world)
{
    struct fake_call *call;

    fake_client_settle(world->loop);
    call = fake_client_expect(world->fake, "GET /api/v1/pods?");
    assert_true(str_contains(str_of(call->line), STR("watch=true")));
    return call;
}

static void
world_event(struct world *world, enum watch_type type, struct object *owned)
{
    fake_client_event(world_watch(world), type, owned, owned->rev);
    object_unref(owned);
}

static uint64_t
world_rev_of(struct world *world, const char *name)
{
    const struct object *object =
        cache_get(informers_cache(world->informers), &pods, STR("a"), str_of(name));

    return object == NULL ? 0 : object->rev;
}

/* ---- the remote form ---- */

static void
test_lists_then_watches(void **state)
{
    struct world *world = *state;
    struct fake_call *call;

    world_add(world, NULL);
    call = fake_client_expect(world->fake, "GET /api/v1/pods?limit=500");
    assert_false(str_contains(str_of(call->line), STR("watch")));
    assert_false(informer_is_synced(world->informer));
    world_list(world, 10, pod("y", "2", 5, "n"), pod("x", "1", 7, "n"));
    world_expect(world, "+x@7 +y@5 synced ");
    assert_true(informer_is_synced(world->informer));
    call = world_watch(world);
    assert_true(str_contains(str_of(call->line), STR("resourceVersion=10&")));
    assert_true(str_contains(str_of(call->line), STR("allowWatchBookmarks=true")));
    world_event(world, WATCH_MODIFIED, pod("x", "1", 11, "n"));
    world_event(world, WATCH_ADDED, pod("z", "3", 12, "n"));
    world_event(world, WATCH_DELETED, pod("y", "2", 13, "n"));
    world_expect(world, "~x@11 +z@12 -y@13 ");
    assert_int_equal(cache_rev(informers_cache(world->informers)), 13);
    /* A bookmark moves the place where the next watch begins. */
    fake_client_event(world_watch(world), WATCH_BOOKMARK, NULL, 40);
    clock_warp(300 * 1000);
    fake_client_end(world_watch(world));
    assert_true(str_contains(str_of(world_watch(world)->line), STR("resourceVersion=40&")));
    world_expect(world, "");
}

static void
test_pages(void **state)
{
    struct world *world = *state;
    struct object *items[1] = { pod("x", "1", 7, "n") };

    world_add(world, NULL);
    fake_client_list(fake_client_expect(world->fake, "GET"), items, 1, 10, "next");
    object_unref(items[0]);
    world_expect(world, ""); /* nothing of half a list */
    assert_int_equal(cache_len(informers_cache(world->informers), &pods), 0);
    (void)fake_client_expect(world->fake, "GET /api/v1/pods?limit=500&continue=next");
    /* The pages expired: from the start. */
    fake_client_refuse(world->fake->first, ERR_EXPIRED, NULL);
    fake_client_settle(world->loop);
    clock_warp(2000);
    fake_client_settle(world->loop);
    world_list(world, 12, pod("y", "2", 11, "n"), NULL);
    world_expect(world, "+y@11 synced ");
    (void)world_watch(world);
}

static void
test_lists_again_after_410_and_keeps_references(void **state)
{
    struct world *world = *state;
    const struct object *same;

    world_add(world, NULL);
    world_list(world, 10, pod("x", "1", 7, "n"), pod("y", "2", 5, "n"));
    world_expect(world, "+x@7 +y@5 synced ");
    same = cache_get(informers_cache(world->informers), &pods, STR("a"), STR("x"));
    fake_client_refuse(world_watch(world), ERR_EXPIRED, NULL);
    fake_client_settle(world->loop);
    world_list(world, 30, pod("x", "1", 7, "n"), pod("z", "3", 20, "n"));
    world_expect(world, "-y@30 +z@20 ");
    assert_ptr_equal(cache_get(informers_cache(world->informers), &pods, STR("a"), STR("x")), same);
    /* Deleted and made again unseen: two changes. */
    fake_client_refuse(world_watch(world), ERR_GONE, NULL);
    fake_client_settle(world->loop);
    world_list(world, 50, pod("x", "9", 40, "n"), pod("z", "3", 20, "n"));
    world_expect(world, "-x@40 +x@40 ");
    (void)world_watch(world);
}

static void
test_backs_off(void **state)
{
    struct world *world = *state;
    int64_t wait_ms = 800;

    world_add(world, NULL);
    for (int i = 0; i < 8; i++) {
        fake_client_refuse(fake_client_expect(world->fake, "GET"), ERR_IO, NULL);
        clock_warp(wait_ms - 1);
        fake_client_settle(world->loop);
        assert_int_equal(fake_client_waiting(world->fake), 0);
        clock_warp(wait_ms + 1); /* at most as much again by jitter */
        fake_client_settle(world->loop);
        assert_int_equal(fake_client_waiting(world->fake), 1);
        wait_ms = wait_ms * 2 < 30000 ? wait_ms * 2 : 30000;
    }
    world_list(world, 3, NULL, NULL);
    world_expect(world, "synced ");
    /* A watch that ends at once is not asked for again at once. */
    fake_client_end(world_watch(world));
    fake_client_settle(world->loop);
    assert_int_equal(fake_client_waiting(world->fake), 0);
    clock_warp(1600);
    (void)world_watch(world);
}

static void
test_own_writes_come_first(void **state)
{
    struct world *world = *state;
    struct object *mine = pod("x", "1", 20, "n");

    world_add(world, NULL);
    world_list(world, 10, pod("x", "1", 7, "n"), NULL);
    world_expect(world, "+x@7 synced ");
    informer_take(world->informers, mine);
    world_expect(world, "~x@20 ");
    /* What the watch tells of the time before is not believed, nor is its own event repeated. */
    world_event(world, WATCH_MODIFIED, pod("x", "1", 15, "n"));
    world_event(world, WATCH_MODIFIED, pod("x", "1", 20, "n"));
    world_expect(world, "");
    /* Nor a list at a lower revision: neither that it is older nor that it is not there. */
    fake_client_refuse(world_watch(world), ERR_EXPIRED, NULL);
    fake_client_settle(world->loop);
    world_list(world, 18, pod("x", "1", 15, "n"), NULL);
    world_expect(world, "");
    fake_client_refuse(world_watch(world), ERR_EXPIRED, NULL);
    fake_client_settle(world->loop);
    world_list(world, 19, NULL, NULL);
    world_expect(world, "");
    assert_int_equal(world_rev_of(world, "x"), 20);
    object_unref(mine);
}

static void
test_own_deletes(void **state)
{
    struct world *world = *state;

    world_add(world, NULL);
    world_list(world, 10, pod("x", "1", 7, "n"), NULL);
    world_expect(world, "+x@7 synced ");
    informer_take_deleted(world->informers, &pods, STR("a"), STR("x"), STR("1"));
    world_expect(world, "-x@7 ");
    /* Older news of that uid are ignored, until its end has come by the watch. */
    world_event(world, WATCH_MODIFIED, pod("x", "1", 12, "n"));
    world_expect(world, "");
    world_event(world, WATCH_ADDED, pod("x", "2", 14, "n"));
    world_expect(world, "+x@14 ");
    world_event(world, WATCH_DELETED, pod("x", "1", 13, "n"));
    world_expect(world, "");
    assert_int_equal(world_rev_of(world, "x"), 14);
}

static void
test_a_write_that_leaves_the_selector(void **state)
{
    struct world *world = *state;
    struct object *other = pod("x", "1", 20, "m");
    struct object *back = pod("x", "1", 30, "n");

    world_add(world, "spec.nodeName=n");
    (void)fake_client_expect(world->fake, "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit");
    world_list(world, 10, pod("x", "1", 7, "n"), NULL);
    world_expect(world, "+x@7 synced ");
    informer_take(world->informers, other);
    world_expect(world, "-x@20 ");
    world_event(world, WATCH_MODIFIED, pod("x", "1", 15, "n")); /* the past */
    world_expect(world, "");
    world_event(world, WATCH_DELETED, pod("x", "1", 20, "n"));
    world_expect(world, "");
    informer_take(world->informers, back);
    world_expect(world, "+x@30 ");
    object_unref(other);
    object_unref(back);
}

static void
test_refresh_waits_for_a_list_begun_later(void **state)
{
    struct world *world = *state;

    world_add(world, NULL);
    informer_refresh(world->informers, &pods, world_refreshed, world);
    world_list(world, 10, NULL, NULL);
    fake_client_settle(world->loop);
    assert_int_equal(world->refreshed, 0); /* that one had begun before */
    world_list(world, 11, pod("x", "1", 11, "n"), NULL);
    assert_int_equal(world->refreshed, 1);
    world_expect(world, "synced +x@11 ");
    /* With a watch running, the list comes beside it. */
    (void)world_watch(world);
    informer_refresh(world->informers, &pods, world_refreshed, world);
    fake_client_settle(world->loop);
    assert_int_equal(fake_client_waiting(world->fake), 2);
    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/pods?limit"), NULL, 0, 20, NULL);
    assert_int_equal(world->refreshed, 2);
    world_expect(world, "-x@20 ");
    /* Of the time before that list the watch has nothing to tell. */
    world_event(world, WATCH_MODIFIED, pod("x", "1", 15, "n"));
    world_expect(world, "");
    informer_refresh(world->informers, &pods, world_refreshed, world);
    informer_refresh_cancel(world->informers, world);
    fake_client_settle(world->loop);
    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/pods?limit"), NULL, 0, 21, NULL);
    assert_int_equal(world->refreshed, 2);
}

static void
test_a_late_handler_gets_the_present(void **state)
{
    struct world *world = *state;
    struct informer *first;

    world_add(world, NULL);
    world_list(world, 10, pod("x", "1", 7, "n"), pod("y", "2", 8, "n"));
    world_expect(world, "+x@7 +y@8 synced ");
    first = world->informer;
    informer_del(first);
    /* The last handler took the stream with it: another begins afresh. */
    assert_int_equal(cache_len(informers_cache(world->informers), &pods), 0);
    fake_client_settle(world->loop);
    world_add(world, NULL);
    world_list(world, 10, pod("x", "1", 7, "n"), NULL);
    world_expect(world, "+x@7 synced ");
    first = world->informer;
    world_add(world, NULL);
    world_expect(world, "+x@7 synced "); /* no second list */
    world_event(world, WATCH_ADDED, pod("z", "3", 12, "n"));
    world_expect(world, "+z@12 +z@12 ");
    informer_del(first);
    world_event(world, WATCH_DELETED, pod("z", "3", 13, "n"));
    world_expect(world, "-z@13 ");
}

static void
test_closing_inside_a_handler(void **state)
{
    struct world *world = *state;
    struct object *taken;

    world_add(world, NULL);
    world->do_close = true;
    world_list(world, 10, pod("x", "1", 7, "n"), pod("y", "2", 8, "n"));
    world_expect(world, "+x@7 ");
    world_add(world, NULL);
    world_list(world, 10, pod("x", "1", 7, "n"), pod("y", "2", 8, "n"));
    world_expect(world, "+x@7 +y@8 synced ");
    world->do_close = true;
    fake_client_refuse(world_watch(world), ERR_EXPIRED, NULL);
    world_list(world, 20, NULL, NULL); /* both would be deleted */
    world_expect(world, "-x@20 ");
    world_add(world, NULL);
    world_list(world, 30, pod("x", "1", 7, "n"), NULL);
    world_expect(world, "+x@7 synced ");
    world->do_close = true;
    taken = pod("x", "9", 40, "n");
    informer_take(world->informers, taken);
    object_unref(taken);
    world_expect(world, "-x@40 ");
}

/* ---- the local form ---- */

struct source {
    struct cache *cache;
    informer_fn *fn;
    void *fn_ctx;
    int subscriptions;
};

static void *
source_subscribe(void *ctx, const struct resource *resource, informer_fn *fn, void *fn_ctx)
{
    struct source *source = ctx;

    assert_ptr_equal(resource, &pods);
    source->fn = fn;
    source->fn_ctx = fn_ctx;
    source->subscriptions++;
    return source;
}

static void
source_unsubscribe(void *ctx, void *subscription)
{
    struct source *source = ctx;

    assert_ptr_equal(subscription, source);
    source->subscriptions--;
}

static void
source_put(struct source *source, struct object *owned)
{
    AUTO_OBJECT struct object *old = cache_put(source->cache, owned);

    source->fn(source->fn_ctx, old, owned, owned->rev);
    object_unref(owned);
}

static void
test_local(void **state)
{
    struct world *world = *state;
    static const struct informer_source ops = { source_subscribe, source_unsubscribe };
    struct source source = { .cache = cache_new() };
    struct object *old = pod("x", "1", 7, "n");

    object_unref(cache_put(source.cache, old));
    object_unref(old);
    informers_free(world->informers);
    world->informers = informers_local(world->loop, source.cache, &ops, &source);
    assert_ptr_equal(informers_cache(world->informers), source.cache);
    struct informer_spec spec = { .resource = &pods };
    world->informer = informer_add(world->informers, &spec, world_changed, world_synced, world);
    /* Before the replay was begun: part of the present. */
    source_put(&source, pod("y", "2", 8, "n"));
    world_expect(world, "+x@7 +y@8 synced ");
    source_put(&source, pod("x", "1", 9, "n"));
    world_expect(world, "~x@9 ");
    informer_refresh(world->informers, &pods, world_refreshed, world);
    assert_int_equal(world->refreshed, 0); /* never inside the call */
    fake_client_settle(world->loop);
    assert_int_equal(world->refreshed, 1);
    informer_del(world->informer);
    assert_int_equal(source.subscriptions, 0);
    assert_int_equal(cache_len(source.cache, &pods), 2); /* it owns no tree */
    informers_free(world->informers);
    world->informers = NULL;
    cache_free(source.cache);
}

static void
test_long_replay_and_changes_meanwhile(void **state)
{
    struct world *world = *state;
    static const struct informer_source ops = { source_subscribe, source_unsubscribe };
    struct source source = { .cache = cache_new() };
    struct informer_spec spec = { .resource = &pods };
    char name[16];

    for (int i = 0; i < 1200; i++) {
        (void)snprintf(name, sizeof(name), "p%04d", i);
        struct object *object = pod(name, name, 1, "n");
        object_unref(cache_put(source.cache, object));
        object_unref(object);
    }
    informers_free(world->informers);
    world->informers = informers_local(world->loop, source.cache, &ops, &source);
    world->informer = informer_add(world->informers, &spec, world_changed, world_synced, world);
    while (world->seen.size == 0) {
        assert_true(loop_turn(world->loop, 0));
    }
    assert_false(informer_is_synced(world->informer)); /* a slice of it */
    source_put(&source, pod("p0000", "p0000", 2, "n"));
    source_put(&source, pod("p1199", "p1199", 3, "n"));
    fake_client_settle(world->loop);
    assert_true(
        str_has_suffix(str_view(&world->seen), STR("+p1198@1 +p1199@1 ~p0000@2 ~p1199@3 synced ")));
    informer_del(world->informer);
    informers_free(world->informers);
    world->informers = NULL;
    cache_free(source.cache);
}

int
main(void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_lists_then_watches),
        WITH_WORLD(test_pages),
        WITH_WORLD(test_lists_again_after_410_and_keeps_references),
        WITH_WORLD(test_backs_off),
        WITH_WORLD(test_own_writes_come_first),
        WITH_WORLD(test_own_deletes),
        WITH_WORLD(test_a_write_that_leaves_the_selector),
        WITH_WORLD(test_refresh_waits_for_a_list_begun_later),
        WITH_WORLD(test_a_late_handler_gets_the_present),
        WITH_WORLD(test_closing_inside_a_handler),
        WITH_WORLD(test_local),
        WITH_WORLD(test_long_replay_and_changes_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
