/* The console in a pty, as people feel it: first pod on the screen, change to glass, keys, filter,
 * sort, bytes and processor time when nothing happens.
 *
 * Usage: bench_console BINNACLE [PODS [COMMAND…]].  Starts `BINNACLE serve` in a directory of its own,
 * makes PODS pods (default 10), then runs the console, or COMMAND (k9s …), with KUBECONFIG set, on a
 * terminal of 80x24. */
#include "config.h" /* IWYU pragma: keep */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "api/registry.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/kubeconf.h"

enum { WAIT_MS = 30000, EVENTS = 100, KEYS = 200, IDLE_MS = 5000, IN_FLIGHT = 32 };

struct bench {
    struct loop *loop;
    struct client *client;
    const struct resource *pods;
    char *dir;
    char *kubeconfig;
    pid_t serve, console;
    int pty;
    uv_poll_t poll;
    struct str_builder seen; /* what the terminal got since the last mark */
    uint64_t bytes;
    int64_t read_us;  /* when it last got something */
    int64_t event_us; /* when our own watch saw the last change */
    size_t made, asked, wanted, failed;
};

/* What was started, so that nothing is left running whatever goes wrong. */
static pid_t started[2];

static void
stop_started(void)
{
    for (size_t i = 0; i < ARRAY_LEN(started); i++) {
        if (started[i] > 0) {
            (void)kill(started[i], SIGTERM);
            (void)waitpid(started[i], NULL, 0);
        }
    }
}

static void
die(const char *what)
{
    fprintf(stderr, "bench_console: %s\n", what);
    stop_started();
    exit(1);
}

/* ---- the control plane ---- */

static void
start_serve(struct bench *bench, const char *program)
{
    char command[] = "serve", dir_flag[] = "--data-dir", listen[] = "--listen",
         address[] = "127.0.0.1:0";
    AUTO_FREE char *path = mem_strdup(program);
    const char *place = getenv("TMPDIR");
    int64_t deadline = clock_mono_ms() + WAIT_MS;
    struct kubeconf conf = { 0 };
    AUTO_ERR struct err *err = NULL;

    bench->dir = mem_printf("%s/bench-console-XXXXXX", place == NULL ? "/tmp" : place);
    char *argv[] = { path, command, dir_flag, bench->dir, listen, address, NULL };

    if (mkdtemp(bench->dir) == NULL ||
        posix_spawn(&bench->serve, program, NULL, NULL, argv, environ) != 0) {
        die("cannot start serve");
    }
    started[1] = bench->serve;
    bench->kubeconfig = mem_printf("%s/admin.kubeconfig", bench->dir);
    AUTO_FREE char *socket = mem_printf("%s/socket", bench->dir);
    while (access(socket, F_OK) != 0 || access(bench->kubeconfig, R_OK) != 0) {
        if (clock_mono_ms() > deadline) {
            die("serve does not answer");
        }
        (void)loop_turn(bench->loop, 20);
    }
    if (kubeconf_load(bench->kubeconfig, NULL, &conf, &err) != 0 ||
        kubeconf_client(bench->loop, &conf, "bench", &bench->client, &err) != 0) {
        die(err->message);
    }
    kubeconf_done(&conf);
}

static void on_made(void *ctx, const struct reply *reply, struct err *owned);

static void
make_next(struct bench *bench)
{
    AUTO_FREE char *body = mem_printf(
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"pod-%05zu\"},\"spec\":{"
        "\"serviceAccountName\":\"default\",\"containers\":[{\"name\":\"c\",\"image\":\"nginx\"}]}}",
        bench->asked++);
    struct call call = call_of(VERB_CREATE, bench->pods, STR("default"), (struct str){ 0 });

    call.body = str_of(body);
    call.accept = ACCEPT_RAW;
    (void)client_call(bench->client, &call, on_made, bench);
}

static void
on_made(void *ctx, const struct reply *reply, struct err *owned)
{
    struct bench *bench = ctx;

    (void)reply;
    if (owned != NULL) {
        /* The service account may not be there yet. */
        bench->failed++;
        err_free(owned);
        bench->asked = bench->asked > bench->made ? bench->made : bench->asked;
    } else {
        bench->made++;
    }
    if (bench->asked < bench->wanted) {
        make_next(bench);
    }
}

/* One after the other until the account is there, then many. */
static void
make_pods(struct bench *bench, size_t wanted)
{
    int64_t deadline = clock_mono_ms() + 10 * WAIT_MS;

    bench->wanted = 1;
    make_next(bench);
    while (bench->made < wanted) {
        if (bench->made == 1 && bench->wanted == 1) {
            bench->wanted = wanted;
            for (size_t i = 0; i < IN_FLIGHT && bench->asked < wanted; i++) {
                make_next(bench);
            }
        }
        (void)loop_turn(bench->loop, 10);
        if (clock_mono_ms() > deadline) {
            die("cannot make the pods");
        }
    }
}

static void
on_event(void *ctx, const struct watch_event *event)
{
    struct bench *bench = ctx;

    (void)event;
    bench->event_us = clock_mono_us();
}

static void
on_over(void *ctx, const struct reply *reply, struct err *owned)
{
    (void)ctx;
    (void)reply;
    err_free(owned);
}

/* ---- the terminal ---- */

static void
on_output(uv_poll_t *poll, int status, int events)
{
    struct bench *bench = poll->data;
    char bytes[65536];
    ssize_t size = status < 0 ? 0 : read(bench->pty, bytes, sizeof(bytes));

    (void)events;
    if (size <= 0) {
        (void)uv_poll_stop(poll);
        return;
    }
    bench->read_us = clock_mono_us();
    bench->bytes += (uint64_t)size;
    str_put(&bench->seen, str_slice(bytes, (size_t)size));
}

/* The child takes the terminal as its own: the first that a session leader opens. */
static void
start_console(struct bench *bench, char *const *argv)
{
    struct winsize size = { .ws_row = 24, .ws_col = 80 };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char slave[64];

    bench->pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (bench->pty < 0 || grantpt(bench->pty) != 0 || unlockpt(bench->pty) != 0 ||
        ptsname_r(bench->pty, slave, sizeof(slave)) != 0 ||
        ioctl(bench->pty, TIOCSWINSZ, &size) != 0) {
        die("no pty");
    }
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    (void)posix_spawn_file_actions_addopen(&files, 0, slave, O_RDWR, 0);
    (void)posix_spawn_file_actions_adddup2(&files, 0, 1);
    (void)posix_spawn_file_actions_adddup2(&files, 0, 2);
    (void)setenv("TERM", "xterm-256color", 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)setenv("KUBECONFIG", bench->kubeconfig, 1);
    if (posix_spawnp(&bench->console, argv[0], &files, &attributes, argv, environ) != 0) {
        die("cannot start the console");
    }
    started[0] = bench->console;
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    bench->poll.data = bench;
    (void)uv_poll_init(loop_uv(bench->loop), &bench->poll, bench->pty);
    (void)uv_poll_start(&bench->poll, UV_READABLE, on_output);
}

static void
mark(struct bench *bench)
{
    bench->seen.size = 0;
}

/* Until text comes (NULL: anything); → time of the read that brought it. */
static int64_t
await(struct bench *bench, const char *text)
{
    int64_t deadline = clock_mono_ms() + WAIT_MS;

    while (text == NULL ? bench->seen.size == 0
                        : !str_contains(str_view(&bench->seen), str_of(text))) {
        (void)loop_turn(bench->loop, 50);
        if (clock_mono_ms() > deadline) {
            die(text == NULL ? "nothing comes" : text);
        }
    }
    return bench->read_us;
}

/* Until nothing has come for that long. */
static void
settle(struct bench *bench, int64_t quiet_ms)
{
    int64_t until_ms = clock_mono_ms() + quiet_ms;
    uint64_t bytes = bench->bytes;

    while (clock_mono_ms() < until_ms) {
        (void)loop_turn(bench->loop, 10);
        if (bench->bytes != bytes && clock_mono_ms() < until_ms) {
            bytes = bench->bytes;
            until_ms = clock_mono_ms() + quiet_ms;
        }
    }
    mark(bench);
}

static void
press(struct bench *bench, const char *keys)
{
    if (write(bench->pty, keys, strlen(keys)) < 0) {
        die("the console is gone");
    }
}

/* ---- figures ---- */

static int
cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

static void
print_times(const char *name, int64_t *us, size_t len, double limit_ms)
{
    double p50, p99;

    qsort(us, len, sizeof(*us), cmp);
    p50 = (double)us[len / 2] / 1000;
    p99 = (double)us[len - 1 - len / 100] / 1000;
    printf("%-32s p50 %8.2f ms   p99 %8.2f ms   limit %6.0f ms   %5.2f of it   %s\n", name, p50,
           p99, limit_ms, p99 / limit_ms, p99 <= limit_ms ? "met" : "MISSED");
}

static void
patch_reason(struct bench *bench, size_t pod, int number, char text[32])
{
    AUTO_FREE char *name = mem_printf("pod-%05zu", pod);
    AUTO_FREE char *body = NULL;
    struct call call = call_of(VERB_PATCH, bench->pods, STR("default"), str_of(name));

    /* Every letter is another than the one before it there: only what differs is written. */
    for (int i = 0; i < 8; i++) {
        text[i] = (char)('a' + (number / 10 * 7 + number % 10 + i * 3) % 26);
    }
    text[8] = '\0';
    body = mem_printf("{\"status\":{\"reason\":\"%s\"}}", text);
    call.subresource = "status";
    call.body = str_of(body);
    call.body_type = BODY_MERGE_PATCH;
    call.accept = ACCEPT_RAW;
    (void)client_call(bench->client, &call, on_over, bench);
}

/* From the write, and from when another watcher knows of it. */
static void
measure_events(struct bench *bench)
{
    static int64_t from_write[EVENTS], from_event[EVENTS];
    char text[32];

    for (int i = 0; i < EVENTS; i++) {
        int64_t begun = clock_mono_us();
        int64_t seen;
        bench->event_us = 0;
        patch_reason(bench, (size_t)i % 10, i, text);
        seen = await(bench, text);
        while (bench->event_us == 0) {
            (void)loop_turn(bench->loop, 10);
        }
        from_write[i] = seen - begun;
        from_event[i] = seen > bench->event_us ? seen - bench->event_us : 0;
        settle(bench, 40);
    }
    print_times("write to glass", from_write, EVENTS, 50);
    print_times("event to glass", from_event, EVENTS, 50);
}

static void
measure_keys(struct bench *bench)
{
    static int64_t us[KEYS];

    for (int i = 0; i < KEYS; i++) {
        int64_t begun = clock_mono_us();
        mark(bench);
        press(bench, i % 14 < 7 ? "j" : "k");
        us[i] = await(bench, NULL) - begun;
        settle(bench, 3);
    }
    print_times("cursor key", us, KEYS, 5);
}

static void
measure_command(struct bench *bench, const char *name, const char *keys, double limit_ms)
{
    int64_t begun, us;

    settle(bench, 300);
    begun = clock_mono_us();
    press(bench, keys);
    us = await(bench, NULL) - begun;
    print_times(name, &us, 1, limit_ms);
}

/* Processor time of a process in ms, its resident memory in KiB. */
static void
usage(pid_t pid, int64_t *ret_cpu_ms, long *ret_kib)
{
    AUTO_FREE char *path = mem_printf("/proc/%d/stat", (int)pid);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[1024] = { 0 };
    const char *at;
    unsigned long user = 0, kernel = 0;
    long pages = 0;

    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return;
    }
    at = strrchr(text, ')');
    if (at != NULL && sscanf(at + 2,
                             "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d "
                             "%*d %*d %*u %*u %ld",
                             &user, &kernel, &pages) == 3) {
        *ret_cpu_ms = (int64_t)((user + kernel) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
        *ret_kib = pages * (sysconf(_SC_PAGESIZE) / 1024);
    }
}

static void
measure_idle(struct bench *bench)
{
    int64_t before_ms = 0, after_ms = 0, until_ms;
    uint64_t bytes;
    long kib = 0;

    settle(bench, 600);
    usage(bench->console, &before_ms, &kib);
    bytes = bench->bytes;
    until_ms = clock_mono_ms() + IDLE_MS;
    while (clock_mono_ms() < until_ms) {
        (void)loop_turn(bench->loop, 50);
    }
    usage(bench->console, &after_ms, &kib);
    printf("idle                             %.1f B/s (ages that grow), %.2f %% of a core, %ld KiB "
           "resident\n",
           (double)(bench->bytes - bytes) * 1000 / IDLE_MS,
           (double)(after_ms - before_ms) * 100 / IDLE_MS, kib);
}

int
main(int argc, char **argv)
{
    struct bench bench = { .loop = loop_new() };
    int64_t pods = 10, begun, us;
    char console[] = "console";
    char *own[3] = { NULL, console, NULL };
    struct call watch;

    if (argc < 2 || (argc > 2 && !str_to_int(str_of(argv[2]), &pods)) || pods < 10) {
        die("usage: bench_console BINNACLE [PODS [COMMAND...]], PODS at least 10");
    }
    own[0] = argv[1];
    for (size_t i = 0; i < kinds_builtin_len; i++) {
        if (strcmp(kinds_builtin[i]->plural, "pods") == 0) {
            bench.pods = kinds_builtin[i];
        }
    }
    start_serve(&bench, argv[1]);
    make_pods(&bench, (size_t)pods);
    watch = call_of(VERB_WATCH, bench.pods, (struct str){ 0 }, (struct str){ 0 });
    watch.accept = ACCEPT_TABLE;
    (void)client_watch(bench.client, &watch, on_event, on_over, &bench);
    printf("%" PRId64 " pods, terminal 80x24\n", pods);

    begun = clock_mono_us();
    start_console(&bench, argc > 3 ? argv + 3 : own);
    us = await(&bench, "pod-00000") - begun;
    print_times("first pod on the screen", &us, 1, pods <= 1000 ? 100 : 400);
    settle(&bench, 500);
    measure_events(&bench);
    measure_keys(&bench);
    measure_command(&bench, "sort by age", "A", 20);
    measure_command(&bench, "a key of the filter", "/", 20);
    measure_command(&bench, "the next", "7", 20);
    measure_idle(&bench);
    stop_started();
    printf("data directory left in %s\n", bench.dir);
    return 0;
}
