/* The API server, killed under load at the fault points of a commit and at random moments, with
 * compaction running. Its clients know of every create what they were told; after each death they
 * repeat what was not answered, and a watch goes on behind its last revision. In the end: every
 * acknowledged object is there as it was acknowledged, no name has two objects, revisions never went
 * back, the watch saw every object once and in order.
 *
 * The program is its own victim: with "child DIR FAULT" it serves DIR on a socket until it dies.
 * SERVE_KILLS in the environment: how many deaths (default 52: thirteen at each of the three points,
 * thirteen at any moment). */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/object.h"
#include "api/registry.h"
#include "apiserver/apiserver.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/job.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/proc.h"
#include "client/client.h"
#include "net/server.h"
#include "store/seal.h"
#include "store/store.h"
#include "tests/lib/store_box.h"

enum { WRITERS = 8, KILLS = 52, COMPACT_MS = 20, KEEP_REVS = 100, WAIT_MS = 60000, RETRY_MS = 5 };

/* ---- the child ---- */

struct child {
    struct loop *loop;
    struct store *store;
    struct apiserver *api;
    struct server *server;
    const char *dir;
};

static void child_compact(void *ctx);

static void
child_compacted(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct child *child = ctx;
    (void)rc;
    (void)rev;
    (void)current;
    err_free(owned);
    (void)loop_timer(child->loop, clock_mono_ms() + COMPACT_MS, child_compact, child);
}

static void
child_compact(void *ctx)
{
    struct child *child = ctx;
    uint64_t rev = child->store->rev;
    if (rev > KEEP_REVS && rev - KEEP_REVS > child->store->compact_rev) {
        store_compact(child->store, rev - KEEP_REVS, child_compacted, child);
    } else {
        (void)loop_timer(child->loop, clock_mono_ms() + COMPACT_MS, child_compact, child);
    }
}

static void
child_ready(void *ctx, struct err *owned)
{
    struct child *child = ctx;
    struct err *err = owned;
    AUTO_FREE char *socket = mem_printf("%s/socket", child->dir);
    (void)unlink(socket);
    child->server = server_new(child->loop, apiserver_handler(child->api), NULL);
    if (err != NULL || server_listen_unix(child->server, socket, &err) < 0) {
        (void)dprintf(1, "cannot serve: %s\n", err->message);
        _exit(2);
    }
    (void)dprintf(1, "ready\n");
    child_compact(child);
}

static int
child_main(char **argv)
{
    static struct child child;
    struct err *err = NULL;
    struct seal *seal = NULL;
    AUTO_FREE char *path = mem_printf("%s/db", argv[0]);
    AUTO_FREE char *seal_path = mem_printf("%s/seal.key", argv[0]);
    child.dir = argv[0];
    child.loop = loop_new();
    if (seal_open(seal_path, access(path, F_OK) < 0, &seal, &err) != 0 ||
        store_sqlite_open(child.loop, path, seal, NULL, &child.store, &err) != 0 ||
        (argv[1][0] != '\0' && fault_arm(argv[1], &err) != 0)) {
        (void)dprintf(1, "cannot open: %s\n", err->message);
        return 2;
    }
    struct apiserver_spec spec = { .loop = child.loop,
                                   .jobs = job_pool_new(child.loop, 1),
                                   .store = child.store,
                                   .registry = registry_new(kinds_builtin, kinds_builtin_len),
                                   .audit_fd = -1,
                                   .cluster_domain = "cluster.local",
                                   .service_cidr = "10.43.0.0/16",
                                   .owner_uid = getuid() };
    child.api = apiserver_new(&spec);
    apiserver_start(child.api, child_ready, &child);
    loop_run(child.loop); /* until it dies */
    return 1;
}

/* ---- the parent: server and clients ---- */

struct writer {
    int number, count;
    bool is_idle;
    char name[32];
};
struct acked {
    char *uid;
    uint64_t rev;
};
static struct {
    struct store_box box;
    const char *self;
    struct registry *registry;
    const struct resource *row;
    struct client *client;
    struct proc *victim;
    struct loop_timer *killer;
    struct handle *watch;
    struct map acks;  /* name → struct acked */
    struct map added; /* name → struct acked, as the watch saw it */
    struct writer writers[WRITERS];
    uint64_t newest, floor, watch_rev; /* floor: the newest of all servers that died */
    size_t tried, repeated, watches;
    bool is_up, is_dead, is_ending, watch_is_on;
} world;

static void write_next(struct writer *writer);
static void watch_on(void);

static void
kill_it(void *ctx)
{
    (void)ctx;
    world.killer = NULL;
    if (world.victim != NULL) {
        proc_kill(world.victim, SIGKILL);
    }
}

static void
on_line(void *ctx, bool is_stderr, struct str line)
{
    (void)ctx;
    if (!is_stderr && str_is(line, "ready")) {
        world.is_up = true;
    } else {
        fail_msg("the child says: " STR_FMT, STR_ARG(line));
    }
}

static void
on_death(void *ctx, const struct proc_result *result, struct err *owned)
{
    (void)ctx;
    assert_null(owned);
    assert_int_equal(result->status, 128 + SIGKILL);
    world.victim = NULL;
    world.floor = world.newest;
    world.is_dead = true;
    world.is_up = false;
}

/* ---- creates ---- */

static void
remember(struct map *map, const struct object *object)
{
    struct acked *acked = MEM_NEW(struct acked);
    acked->uid = str_dup(object->uid);
    acked->rev = object->rev;
    struct acked *before = map_put(map, object->name, acked);
    assert_null(before); /* two objects of one name */
}

static void
retry(void *ctx)
{
    write_next(ctx);
}

static void
on_created(void *ctx, const struct reply *reply, struct err *owned)
{
    struct writer *writer = ctx;
    if (owned == NULL) {
        assert_true(reply->rev > world.floor); /* revisions never go back */
        remember(&world.acks, reply->object);
        world.newest = reply->rev > world.newest ? reply->rev : world.newest;
        writer->count++;
        writer->name[0] = '\0';
        write_next(writer);
        return;
    }
    if (owned->code == ERR_ALREADY_EXISTS) { /* the unanswered try had been taken */
        writer->count++;
        writer->name[0] = '\0';
    } else {
        world.repeated++;
    }
    err_free(owned);
    (void)loop_timer(world.box.loop, clock_mono_ms() + RETRY_MS, retry, writer);
}

static void
write_next(struct writer *writer)
{
    writer->is_idle = world.is_ending && writer->name[0] == '\0';
    if (writer->is_idle) {
        return;
    }
    if (!world.is_up) {
        (void)loop_timer(world.box.loop, clock_mono_ms() + RETRY_MS, retry, writer);
        return;
    }
    if (writer->name[0] == '\0') {
        world.tried++;
        (void)snprintf(writer->name, sizeof(writer->name), "w%d-%06d", writer->number,
                       writer->count);
    }
    AUTO_FREE char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"}}", writer->name);
    struct call call = call_of(VERB_CREATE, world.row, STR("default"), STR(""));
    call.body = str_of(body);
    (void)client_call(world.client, &call, on_created, writer);
}

/* ---- the watch ---- */

static void
on_event(void *ctx, const struct watch_event *event)
{
    (void)ctx;
    assert_true(event->rev > world.watch_rev);
    world.watch_rev = event->rev;
    if (event->type != WATCH_BOOKMARK) {
        assert_int_equal(event->type, WATCH_ADDED);
        remember(&world.added, event->object);
    }
}

static void
watch_again(void *ctx)
{
    (void)ctx;
    watch_on();
}

static void
on_watch_end(void *ctx, const struct reply *reply, struct err *owned)
{
    (void)ctx;
    (void)reply;
    if (owned != NULL && err_http(owned) == 410) {
        fail_msg("the watch expired: %s", owned->message);
    }
    err_free(owned);
    world.watch = NULL;
    if (world.watch_is_on) {
        (void)loop_timer(world.box.loop, clock_mono_ms() + RETRY_MS, watch_again, NULL);
    }
}

static void
watch_on(void)
{
    char rev[32];
    if (!world.is_up) {
        (void)loop_timer(world.box.loop, clock_mono_ms() + RETRY_MS, watch_again, NULL);
        return;
    }
    world.watches++;
    (void)snprintf(rev, sizeof(rev), "%" PRIu64, world.watch_rev);
    struct call call = call_of(VERB_WATCH, world.row, STR("default"), STR(""));
    call.resource_version = str_of(rev);
    world.watch = client_watch(world.client, &call, on_event, on_watch_end, NULL);
}

/* ---- the test ---- */

static void
turn_until(const bool *flag, const bool *or_flag)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (!*flag && !*or_flag) {
        assert_true(clock_mono_ms() < until);
        (void)loop_turn(world.box.loop, 10);
    }
}

static void
start_server(const char *fault)
{
    const char *argv[] = { world.self, "child", world.box.dir, fault, NULL };
    const struct proc_spec spec = { .argv = argv, .timeout_ms = WAIT_MS, .line = on_line };
    world.is_dead = false;
    world.victim = proc_start(world.box.loop, &spec, on_death, NULL);
    turn_until(&world.is_up, &world.is_dead); /* it may die of its own first writes */
}

static void
die(int round)
{
    static const char *const points[] = { "store.commit.before_fsync", "store.commit.after_fsync",
                                          "store.commit.before_done" };
    int kind = round % 4;
    AUTO_FREE char *fault =
        kind < 3 ? mem_printf("%s=kill@%d", points[kind], 5 + rand() % 40) : mem_strdup("");
    start_server(fault);
    if (kind == 3) {
        world.killer =
            loop_timer(world.box.loop, clock_mono_ms() + 20 + rand() % 150, kill_it, NULL);
    }
    turn_until(&world.is_dead, &world.is_dead);
    if (world.killer != NULL) {
        loop_timer_cancel(STEAL(world.killer));
    }
}

static bool
is_quiet(void)
{
    for (int i = 0; i < WRITERS; i++) {
        if (!world.writers[i].is_idle) {
            return false;
        }
    }
    return true;
}

struct listed {
    bool is_done;
    uint64_t rev;
    size_t len;
};

static void
on_list(void *ctx, const struct reply *reply, struct err *owned)
{
    struct listed *listed = ctx;
    assert_null(owned);
    listed->is_done = true;
    listed->rev = reply->rev;
    listed->len = reply->item_len;
    for (size_t i = 0; i < reply->item_len; i++) {
        const struct object *object = reply->items[i];
        struct acked *acked = map_get(&world.acks, object->name);
        struct acked *added = map_get(&world.added, object->name);
        if (acked != NULL) { /* unanswered ones were not acknowledged */
            assert_true(str_is(object->uid, acked->uid));
            assert_int_equal(object->rev, acked->rev);
        }
        assert_non_null(added);
        assert_true(str_is(object->uid, added->uid));
        assert_int_equal(object->rev, added->rev);
    }
}

static void
check_everything(void)
{
    struct listed listed = { false, 0, 0 };
    struct call call = call_of(VERB_LIST, world.row, STR("default"), STR(""));
    (void)client_call(world.client, &call, on_list, &listed);
    turn_until(&listed.is_done, &listed.is_done);
    assert_int_equal(listed.len, world.tried);
    assert_int_equal(world.added.len, world.tried);
    assert_true(world.acks.len <= world.tried);
    assert_true(listed.rev >= world.newest);
    print_message("# %zu objects, %zu acknowledged, %zu tries repeated, %zu watches\n", world.tried,
                  world.acks.len, world.repeated, world.watches);
}

static void
free_acked(void *value)
{
    struct acked *acked = value;
    mem_free(acked->uid);
    mem_free(acked);
}

static void
nothing_acknowledged_is_lost(void **state)
{
    const char *asked = getenv("SERVE_KILLS");
    int64_t kills = KILLS;
    (void)state;
    (void)str_to_int(str_of(asked), &kills); /* as it was when there is no number */
    for (int i = 0; i < WRITERS; i++) {
        world.writers[i].number = i;
        write_next(&world.writers[i]);
    }
    world.watch_is_on = true;
    watch_on();
    for (int i = 0; i < (int)kills; i++) {
        die(i);
    }
    start_server("");
    world.is_ending = true;
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (!is_quiet() || world.added.len < world.tried) {
        assert_true(clock_mono_ms() < until);
        (void)loop_turn(world.box.loop, 10);
    }
    assert_true(world.acks.len > 0);
    check_everything();
    world.watch_is_on = false;
    proc_kill(world.victim, SIGKILL);
    turn_until(&world.is_dead, &world.is_dead);
    client_free(world.client);
    for (int i = 0; i < 50; i++) {
        (void)loop_turn(world.box.loop, 0);
    }
    map_done(&world.acks, free_acked);
    map_done(&world.added, free_acked);
}

static int
set_up(void **state)
{
    (void)state;
    store_box_init(&world.box, STORE_BOX_SQLITE);
    AUTO_FREE char *address = mem_printf("unix:%s/socket", world.box.dir);
    struct client_remote spec = { .address = address,
                                  .authority = "localhost",
                                  .user_agent = "kill-test" };
    world.client = client_remote_new(world.box.loop, &spec);
    world.registry = registry_new(kinds_builtin, kinds_builtin_len);
    world.row = registry_find(world.registry, STR(""), STR("v1"), STR("configmaps"));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    registry_unref(world.registry);
    store_box_free(&world.box);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost, set_up, tear_down),
    };
    if (argc == 4 && strcmp(argv[1], "child") == 0) {
        return child_main(argv + 2);
    }
    world.self = argv[0];
    srand((unsigned)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
