/* The console's way to a control plane: `serve` runs as a process of its own, so that a lost terminal
 * never touches it.  Called by main.c; blocks until the console is left. */
#include "config.h" /* IWYU pragma: keep */

#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "ui/ui.h"

enum { START_MS = 20000, LOOK_MS = 20 };

/* Does somebody listen there? */
static bool
has_listener(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(to.sun_path)) {
        return false;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

/* `serve` with the options that it shares with the console; its lines go to serve.log. */
static int
start_serve(const struct options *options, const char *dir, pid_t *ret_pid, struct err **err)
{
    static const struct {
        enum option_id id;
        const char *flag;
    } shared[] = {
        { OPT_LISTEN, "--listen" },
        { OPT_ADVERTISE, "--advertise" },
        { OPT_AGENT, "--agent" },
        { OPT_CONFIG, "--config" },
        { OPT_STORE, "--store" },
        { OPT_POD_CIDR, "--pod-cidr" },
        { OPT_SERVICE_CIDR, "--service-cidr" },
        { OPT_CLUSTER_DOMAIN, "--cluster-domain" },
        { OPT_LOG_LEVEL, "--log-level" },
    };
    char program[] = "/proc/self/exe", command[] = "serve", dir_flag[] = "--data-dir";
    AUTO_FREE char *dir_text = mem_strdup(dir);
    AUTO_FREE char *log = mem_printf("%s/serve.log", dir);
    char *argv[4 + 2 * ARRAY_LEN(shared) + 1] = { program, command, dir_flag, dir_text };
    char *owned[2 * ARRAY_LEN(shared)] = { 0 };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    size_t len = 4, owned_len = 0;
    int rc;

    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        const char *text = options_text(options, shared[i].id);
        if (text[0] != '\0') {
            argv[len++] = owned[owned_len++] = mem_strdup(shared[i].flag);
            argv[len++] = owned[owned_len++] = mem_strdup(text);
        }
    }
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    (void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)posix_spawn_file_actions_adddup2(&files, 1, 2);
    rc = posix_spawn(ret_pid, program, &files, &attributes, argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    for (size_t i = 0; i < owned_len; i++) {
        mem_free(owned[i]);
    }
    return rc == 0 ? 0 : err_sys(err, rc, "start the control plane");
}

/* Until the socket answers; the process that ends first has said why in its log. */
static int
await_serve(const char *socket_path, const char *dir, pid_t pid, struct err **err)
{
    int64_t deadline = clock_mono_ms() + START_MS;
    int status = 0;

    (void)fprintf(stderr, "starting the control plane in %s\n", dir);
    while (!has_listener(socket_path)) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return err_set(err, ERR_IO, "the control plane ended at once: see %s/serve.log", dir);
        }
        if (clock_mono_ms() > deadline) {
            return err_set(err, ERR_IO, "the control plane does not answer: see %s/serve.log", dir);
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    return 0;
}

static int
find_serve(const struct options *options, const char *dir, const char *socket_path,
           struct err **err)
{
    pid_t pid = 0;

    if (has_listener(socket_path)) {
        return 0;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return err_sys(err, errno, "make '%s'", dir);
    }
    return start_serve(options, dir, &pid, err) == 0 ? await_serve(socket_path, dir, pid, err) : -1;
}

/* The process that holds the lock of the data directory has its number in it. */
static void
stop_serve(void *ctx)
{
    const char *dir = ctx;
    AUTO_FREE char *path = mem_printf("%s/lock", dir);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[32] = { 0 };
    int64_t pid = 0;

    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
        !str_to_int(str_trim(str_of(text)), &pid) || pid <= 1 || kill((pid_t)pid, SIGTERM) != 0) {
        (void)fprintf(stderr, "binnacle console: cannot stop the control plane of '%s'\n", dir);
    }
}

int
console_main(const struct options *options)
{
    AUTO_ERR struct err *err = NULL;
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *socket_path = NULL;
    struct ui_host host = { .stop = stop_serve };

    if (options_text(options, OPT_KUBECONFIG)[0] != '\0') {
        return ui_main(options, NULL);
    }
    dir = options_data_dir(options);
    socket_path = mem_printf("%s/socket", dir);
    if (find_serve(options, dir, socket_path, &err) != 0) {
        (void)fprintf(stderr, "binnacle console: %s\n", err->message);
        return 1;
    }
    host.socket_path = socket_path;
    host.ctx = dir;
    return ui_main(options, &host);
}
