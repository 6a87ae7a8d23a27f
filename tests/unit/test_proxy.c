/* When the service proxy runs nft, and what it does when that fails: an nft of the test's own writes down
 * what it is told. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/backends.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/job.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/informer.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

enum { TURN_MS = 10, QUIET_TURNS = 80, TURNS_MAX = 3000, TOLD_MAX = 64 * 1024 };

struct world {
    char dir[64], was_path[512];
    struct arena *arena;
    struct loop *loop;
    struct fake_client *fake;
    struct registry *registry;
    struct informers *informers;
    struct job_pool *jobs;
    struct backends *backends;
    struct proxy *proxy;
    int healthy, sick;
};

static void
health(void *ctx, struct str problem)
{
    struct world *world = ctx;

    world->healthy += problem.size == 0 ? 1 : 0;
    world->sick += problem.size > 0 ? 1 : 0;
}

static void
write_file(struct world *world, const char *name, const char *text, int mode)
{
    AUTO_FREE char *path = mem_printf("%s/%s", world->dir, name);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Each run is one file told.N; "fail" in the folder makes the next one fail. */
static void
make_nft(struct world *world)
{
    AUTO_FREE char *script = NULL;
    AUTO_FREE char *path = NULL;

    (void)snprintf(world->dir, sizeof(world->dir), "/tmp/binnacle-proxy.XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    script = mem_printf("#!/bin/sh\ncd %s\nn=$(cat count); cat >told.$n; echo $((n + 1)) >count\n"
                        "[ ! -e fail ] || { rm fail; echo no such thing >&2; exit 1; }\n",
                        world->dir);
    write_file(world, "nft", script, 0755);
    write_file(world, "count", "0\n", 0644);
    (void)snprintf(world->was_path, sizeof(world->was_path), "%s", getenv("PATH"));
    path = mem_printf("%s:%s", world->dir, world->was_path);
    assert_int_equal(setenv("PATH", path, 1), 0);
}

static int
world_open(void **state)
{
    static struct world world;

    clock_stop(1764000000000);
    world = (struct world){ .arena = arena_new(),
                            .loop = loop_new(),
                            .registry = registry_new(kinds_builtin, kinds_builtin_len) };
    make_nft(&world);
    world.fake = fake_client_new(world.loop);
    world.informers = informers_new(world.loop, &world.fake->client);
    world.jobs = job_pool_new(world.loop, 1);
    world.backends = backends_new();
    world.proxy = proxy_new(&(struct proxy_spec){ .loop = world.loop,
                                                  .jobs = world.jobs,
                                                  .client = &world.fake->client,
                                                  .backends = world.backends,
                                                  .registry = world.registry,
                                                  .node_name = STR("n1"),
                                                  .health = health,
                                                  .ctx = &world });
    backends_follow(world.backends, world.informers, world.registry);
    fake_client_settle(world.loop);
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;
    AUTO_FREE char *nft = mem_printf("%s/nft", world->dir);
    AUTO_FREE char *count = mem_printf("%s/count", world->dir);

    proxy_free(world->proxy);
    backends_free(world->backends);
    informers_free(world->informers);
    job_pool_free(world->jobs);
    siginfo_t child;
    while (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) {
        (void)loop_turn(world->loop, 10); /* nft was cut off: until it is known to have ended */
    }
    fake_client_settle(world->loop);
    client_free(&world->fake->client);
    registry_unref(world->registry);
    loop_free(world->loop);
    for (int i = 0; i < 10; i++) {
        AUTO_FREE char *told = mem_printf("%s/told.%d", world->dir, i);

        (void)unlink(told);
    }
    (void)unlink(nft);
    (void)unlink(count);
    (void)rmdir(world->dir);
    (void)setenv("PATH", world->was_path, 1);
    arena_free(world->arena);
    clock_run();
    return 0;
}

static struct str
read_file(struct world *world, const char *name)
{
    AUTO_FREE char *path = mem_printf("%s/%s", world->dir, name);
    AUTO_FREE char *bytes = mem_new(TOLD_MAX);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, bytes, TOLD_MAX);

    return arena_dup(world->arena, str_slice(bytes, size > 0 ? (size_t)size : 0));
}

static bool
has_run(struct world *world, int number)
{
    int64_t runs;

    return str_to_int(str_trim(read_file(world, "count")), &runs) && runs > number;
}

/* As much time goes by as the proxy ever waits; nft itself takes as long as it takes. */
static void
let_go_by(struct world *world)
{
    for (int i = 0; i < QUIET_TURNS; i++) {
        (void)loop_turn(world->loop, TURN_MS);
        clock_warp(TURN_MS);
    }
}

static void
until(struct world *world, const int *what, int wanted)
{
    for (int i = 0; i < TURNS_MAX && *what < wanted; i++) {
        (void)loop_turn(world->loop, TURN_MS);
    }
    assert_int_equal(*what, wanted);
}

/* What nft was told when it ran for that time. */
static struct str
told(struct world *world, int number)
{
    AUTO_FREE char *name = mem_printf("told.%d", number);

    let_go_by(world);
    for (int i = 0; i < TURNS_MAX && !has_run(world, number); i++) {
        (void)loop_turn(world->loop, TURN_MS);
    }
    return read_file(world, name);
}

static struct object *
service(struct world *world, const char *name, const char *ip)
{
    return fake_client_object(
        registry_any_version(world->registry, STR(""), STR("services")), 5,
        "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":"
        "\"shop\"},\"spec\":{\"clusterIP\":\"%s\",\"clusterIPs\":[\"%s\"],\"ports\":[{\"port\":80,"
        "\"protocol\":\"TCP\"}]}}",
        name, ip, ip);
}

static void
list_all(struct world *world)
{
    struct object *web = service(world, "web", "10.43.0.20");

    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/services"), &web, 1, 9, NULL);
    fake_client_list(
        fake_client_expect(world->fake, "GET /apis/discovery.k8s.io/v1/endpointslices"), NULL, 0, 9,
        NULL);
    object_unref(web);
    fake_client_settle(world->loop);
}

static void
list_nodes(struct world *world)
{
    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/nodes"), NULL, 0, 9, NULL);
    fake_client_settle(world->loop);
}

static void
add(struct world *world, const char *name, const char *ip)
{
    struct object *made = service(world, name, ip);

    backends_service(world->backends, NULL, made);
    object_unref(made);
}

/* Nothing is written before all is known; then it is one transaction, and the node is told. */
static void
test_begin(void **state)
{
    struct world *world = *state;
    struct str first;

    list_all(world);
    proxy_begin(world->proxy, (struct str){ 0 });
    let_go_by(world);
    assert_false(has_run(world, 0)); /* the nodes are not known yet */
    list_nodes(world);
    first = told(world, 0);
    assert_true(str_has_prefix(first, STR("add table ip binnacle\ndelete table ip binnacle\n")));
    assert_true(str_contains(first, STR("10.43.0.20 . tcp . 80")));
    until(world, &world->healthy, 1);
    assert_int_equal(world->sick, 0);
}

/* Changes that come together are one transaction with only what changed. */
static void
test_changes(void **state)
{
    struct world *world = *state;
    struct str second;

    list_all(world);
    list_nodes(world);
    proxy_begin(world->proxy, (struct str){ 0 });
    assert_true(told(world, 0).size > 0);
    until(world, &world->healthy, 1);
    add(world, "a", "10.43.0.21");
    add(world, "b", "10.43.0.22");
    second = told(world, 1);
    assert_true(str_contains(second, STR("10.43.0.21")) && str_contains(second, STR("10.43.0.22")));
    assert_false(str_contains(second, STR("10.43.0.20")));
    assert_false(str_contains(second, STR("delete table")));
    let_go_by(world);
    assert_false(has_run(world, 2));
    assert_int_equal(world->healthy, 1); /* told once */
}

/* What failed may have been half done by somebody else's hand: the whole table is written again. */
static void
test_failure(void **state)
{
    struct world *world = *state;
    struct str third;

    list_all(world);
    list_nodes(world);
    proxy_begin(world->proxy, (struct str){ 0 });
    assert_true(told(world, 0).size > 0);
    until(world, &world->healthy, 1);
    write_file(world, "fail", "", 0644);
    add(world, "a", "10.43.0.21");
    assert_true(told(world, 1).size > 0);
    until(world, &world->sick, 1);
    third = told(world, 2);
    assert_true(str_has_prefix(third, STR("add table ip binnacle\ndelete table ip binnacle\n")));
    assert_true(str_contains(third, STR("10.43.0.20")) && str_contains(third, STR("10.43.0.21")));
    until(world, &world->healthy, 2); /* well again */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_begin, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_changes, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_failure, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
