/* binnacle: the sub-commands, and `serve`, which joins the parts of the control plane.
 *
 * The only composition root: it opens the data directory, the store, the API server and its
 * listeners, waits for a signal, and closes them in the opposite order. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "api/registry.h"
#include "apiserver/apiserver.h"
#include "apiserver/data_dir.h"
#include "base/err.h"
#include "base/job.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "net/server.h"
#include "net/tls.h"
#include "store/seal.h"
#include "store/store.h"

#define LOG_MODULE "serve"

enum { JOB_THREADS = 2, STOP_GRACE_MS = 5000 };

/* ---- serve ---- */

struct serve {
    const struct options *options;
    struct data_dir *dir;
    struct data_dir_certs certs;
    struct loop *loop;
    struct job_pool *jobs;
    struct seal *seal;
    struct store *store;
    struct registry *registry;
    struct apiserver *api;
    struct tls_ctx *tls;
    struct server *server;
    uv_signal_t signals[2];
    bool is_stopping;
    struct err *error; /* why it ends, NULL: it was asked to */
};

/* systemd's readiness protocol: a datagram to the socket that it names. */
static void
notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path)) {
        return;
    }
    size_t size = strlen(path);
    memcpy(to.sun_path, path, size);
    if (path[0] == '@') {
        to.sun_path[0] = '\0';
    }
    AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (fd < 0 ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, length) < 0) {
        log_warn("systemd is not told state=%s errno=%d", state, errno);
    }
}

static void
store_closed(void *ctx)
{
    struct serve *serve = ctx;
    loop_stop(serve->loop);
}

static void
api_stopped(void *ctx)
{
    struct serve *serve = ctx;
    store_close(serve->store, store_closed, serve);
}

static void
server_closed(void *ctx)
{
    struct serve *serve = ctx;
    serve->server = NULL;
    apiserver_stop(serve->api, api_stopped, serve);
}

/* Takes over the reason, NULL when it was asked for. */
static void
stop(struct serve *serve, struct err *owned)
{
    if (serve->is_stopping) {
        err_free(owned);
        return;
    }
    serve->is_stopping = true;
    serve->error = owned;
    notify("STOPPING=1");
    for (size_t i = 0; i < ARRAY_LEN(serve->signals); i++) {
        uv_close((uv_handle_t *)&serve->signals[i], NULL);
    }
    if (serve->server != NULL) {
        server_close(serve->server, STOP_GRACE_MS, server_closed, serve);
    } else {
        server_closed(serve);
    }
}

static void
on_signal(uv_signal_t *handle, int number)
{
    log_info("stopping signal=%d", number);
    stop(handle->data, NULL);
}

static int
listen_all(struct serve *serve, struct err **err)
{
    AUTO_FREE char *socket_path = data_dir_file(serve->dir, "socket");
    const char *address = options_text(serve->options, OPT_LISTEN);
    int port = 0;
    serve->server = server_new(serve->loop, apiserver_handler(serve->api), NULL);
    if (tls_server(serve->certs.serving_cert, serve->certs.serving_key, serve->certs.client_ca,
                   &serve->tls, err) < 0 ||
        server_listen_tcp(serve->server, address, serve->tls, &port, err) < 0 ||
        server_listen_unix(serve->server, socket_path, err) < 0) {
        return -1;
    }
    AUTO_FREE char *url = mem_printf("https://127.0.0.1:%d", port);
    if (data_dir_kubeconfig(serve->dir, url, err) < 0) {
        return -1;
    }
    printf("binnacle is ready: %s, kubeconfig %s/admin.kubeconfig\n", url,
           data_dir_path(serve->dir));
    (void)fflush(stdout);
    notify("READY=1");
    return 0;
}

static void
on_ready(void *ctx, struct err *owned)
{
    struct serve *serve = ctx;
    if (owned == NULL && !serve->is_stopping) {
        (void)listen_all(serve, &owned);
    }
    if (owned != NULL) {
        stop(serve, owned);
    }
}

static int
open_store(struct serve *serve, struct err **err)
{
    AUTO_FREE char *key = data_dir_file(serve->dir, "seal.key");
    AUTO_FREE char *database = data_dir_file(serve->dir, "binnacle.db");
    struct str where = str_of(options_text(serve->options, OPT_STORE));
    const char *path = database;
    if (str_has_prefix(where, STR("sqlite:"))) {
        path = where.at + sizeof("sqlite:") - 1;
    } else if (where.size > 0) {
        return err_set(err, ERR_BAD_REQUEST, "--store '" STR_FMT "' is not known: sqlite:PATH is",
                       STR_ARG(where));
    }
    bool is_new = access(path, F_OK) < 0;
    if (seal_open(key, is_new, &serve->seal, err) < 0) {
        return -1;
    }
    return store_sqlite_open(serve->loop, path, serve->seal, NULL, &serve->store, err);
}

static int
open_all(struct serve *serve, struct err **err)
{
    AUTO_FREE char *path = options_data_dir(serve->options);
    if (data_dir_open(path, &serve->dir, err) < 0 ||
        data_dir_certs(serve->dir, serve->options, &serve->certs, err) < 0) {
        return -1;
    }
    int audit_fd = data_dir_audit(serve->dir, err);
    if (audit_fd < 0) {
        return -1;
    }
    serve->loop = loop_new();
    if (open_store(serve, err) < 0) {
        mem_close_fd(&audit_fd);
        return -1;
    }
    serve->jobs = job_pool_new(serve->loop, JOB_THREADS);
    serve->registry = registry_new(kinds_builtin, kinds_builtin_len);
    struct apiserver_spec spec = {
        .loop = serve->loop,
        .jobs = serve->jobs,
        .store = serve->store,
        .registry = serve->registry,
        .cluster_domain = options_text(serve->options, OPT_CLUSTER_DOMAIN),
        .service_cidr = options_text(serve->options, OPT_SERVICE_CIDR),
        .audit_fd = audit_fd,
        .data_dir_owner = data_dir_owner_name(serve->dir),
        .owner_uid = data_dir_owner_uid(serve->dir),
        .ca_pem = serve->certs.serving_ca,
    };
    serve->api = apiserver_new(&spec);
    return 0;
}

static void
watch_signals(struct serve *serve)
{
    static const int numbers[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        (void)uv_signal_init(loop_uv(serve->loop), &serve->signals[i]);
        serve->signals[i].data = serve;
        (void)uv_signal_start(&serve->signals[i], on_signal, numbers[i]);
    }
}

static void
free_all(struct serve *serve)
{
    apiserver_free(serve->api);
    job_pool_free(serve->jobs);
    registry_unref(serve->registry);
    tls_unref(serve->tls);
    seal_free(serve->seal);
    loop_free(serve->loop);
    data_dir_close(serve->dir);
}

static int
cmd_serve(const struct options *options, struct err **err)
{
    struct serve serve = { .options = options };
    if (options->rest_len > 0) {
        return err_set(err, ERR_BAD_REQUEST, "serve takes options only, not '%s'",
                       options->rest[0]);
    }
    int rc = open_all(&serve, err);
    if (rc == 0) {
        watch_signals(&serve);
        apiserver_start(serve.api, on_ready, &serve);
        loop_run(serve.loop);
        if (serve.error != NULL) {
            err_move(err, &serve.error);
            rc = -1;
        }
    }
    free_all(&serve);
    return rc;
}

/* ---- the others ---- */

static int
cmd_version(const struct options *options, struct err **err)
{
    (void)options;
    (void)err;
    printf("binnacle %s (Kubernetes v1.35)\n", BINNACLE_VERSION);
    return 0;
}

static const struct command {
    const char *name, *help;
    int (*run)(const struct options *options, struct err **err);
} commands[] = {
    { "serve", "the control plane, without a console", cmd_serve },
    { "version", "what this is", cmd_version },
};

static int
usage(FILE *out)
{
    (void)fprintf(out, "usage: binnacle COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        (void)fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    (void)fprintf(out, "\nbinnacle COMMAND --help: its options\n");
    return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(const struct command *command, int argc, char **argv)
{
    struct options options = { 0 };
    AUTO_ERR struct err *err = NULL;
    int rc = options_parse(&options, command->name, argc, argv, &err);
    if (rc == 0 && options_bool(&options, OPT_HELP)) {
        AUTO_STR struct str_builder text = { 0 };
        options_help(&text, command->name);
        printf("binnacle %s: %s\n\n" STR_FMT, command->name, command->help,
               STR_ARG(str_view(&text)));
    } else if (rc == 0) {
        if (log_setup(options_text(&options, OPT_LOG_LEVEL)) < 0) {
            rc = err_set(&err, ERR_BAD_REQUEST, "--log-level '%s' is not known",
                         options_text(&options, OPT_LOG_LEVEL));
        } else {
            rc = command->run(&options, &err);
        }
    }
    options_done(&options);
    if (rc < 0) {
        (void)fprintf(stderr, "binnacle: %s\n", err->message);
    }
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        return usage(stderr);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run(&commands[i], argc - 2, argv + 2);
        }
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return usage(stdout);
    }
    (void)fprintf(stderr, "binnacle: '%s' is no command\n", argv[1]);
    return usage(stderr);
}
