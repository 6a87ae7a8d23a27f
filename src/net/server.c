/* The HTTP server: listeners, how many connections, and the orderly end.  Made by whoever composes
 * a program; runs on the loop thread.  server_conn.c has the connections. */
#include "config.h" /* IWYU pragma: keep */

#include "net/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/server_priv.h"
#include "net/tls.h"

#define LOG_MODULE "net"

enum {
    SERVER_BACKLOG = 1024,
    SERVER_ACCEPTS = 64,   /* in one turn */
    SERVER_PAUSE_MS = 100, /* when descriptors run out */
    /* A dead peer is noticed after about two minutes, also on a silent watch. */
    SERVER_KEEP_IDLE_S = 60,
    SERVER_KEEP_INTERVAL_S = 15,
    SERVER_KEEP_COUNT = 4,
};

struct server_listener {
    struct server_listener *next;
    struct server *server;
    uv_poll_t poll;
    int fd;
    struct tls_ctx *tls; /* NULL: plain */
    char *path;          /* unix: removed at the end */
    struct loop_timer *pause;
};

static struct server_listener *server_listener_new(struct server *server, int fd,
                                                   struct tls_ctx *tls);
static void server_listener_close(struct server_listener *listener);
static void server_listener_freed(uv_handle_t *handle);
static void server_listener_ready(uv_poll_t *poll, int status, int events);
static void server_listener_resume(void *ctx);
static bool server_accept(struct server_listener *listener);
static void server_tune(int fd);
static int server_bind(const struct sockaddr_storage *address, socklen_t size, struct err **err);
static int server_bind_unix(const char *path, struct err **err);
static bool server_socket_is_dead(const struct sockaddr_storage *address, socklen_t size);
static void server_cut_all(void *ctx);
static void server_free(void *ctx);

struct server *
server_new(struct loop *loop, const struct http_handler *handler,
           const struct server_limits *limits)
{
    struct server *server = MEM_NEW(struct server);
    struct server_limits *l = &server->limits;

    server->loop = loop;
    server->handler = *handler;
    if (limits != NULL) {
        *l = *limits;
    }
    l->max_connections = l->max_connections == 0 ? 10000 : l->max_connections;
    l->idle_timeout_ms = l->idle_timeout_ms == 0 ? 300 * 1000 : l->idle_timeout_ms;
    l->header_timeout_ms = l->header_timeout_ms == 0 ? 10 * 1000 : l->header_timeout_ms;
    l->send_timeout_ms = l->send_timeout_ms == 0 ? 60 * 1000 : l->send_timeout_ms;
    return server;
}

int
server_listen_tcp(struct server *server, const char *address, struct tls_ctx *tls, int *ret_port,
                  struct err **err)
{
    struct sockaddr_storage at;
    socklen_t size = 0;

    if (address_parse(address, &at, &size, err) < 0) {
        return -1;
    }
    if (at.ss_family == AF_UNIX) {
        return err_set(err, ERR_BAD_REQUEST, "'%s' is not ADDRESS:PORT", address);
    }
    int fd = server_bind(&at, size, err);

    if (fd < 0) {
        return err_wrap(err, "listen on '%s'", address);
    }
    size = sizeof(at);
    if (ret_port != NULL) {
        (void)getsockname(fd, (struct sockaddr *)&at, &size); /* it is bound */
        *ret_port = address_port(&at);
    }
    (void)server_listener_new(server, fd, tls);
    return 0;
}

int
server_listen_unix(struct server *server, const char *path, struct err **err)
{
    int fd = server_bind_unix(path, err);

    if (fd < 0) {
        return err_wrap(err, "listen on '%s'", path);
    }
    server_listener_new(server, fd, NULL)->path = mem_strdup(path);
    return 0;
}

void
server_serve(struct server *server, struct conn *conn, const char *address)
{
    (void)server_conn_new(server, conn, NULL, address);
}

void
server_close(struct server *server, int64_t grace_ms, void (*done)(void *ctx), void *ctx)
{
    server->is_closing = true;
    server->closed = done;
    server->closed_ctx = ctx;
    while (server->listeners != NULL) {
        struct server_listener *listener = server->listeners;

        server->listeners = listener->next;
        server_listener_close(listener);
    }
    for (struct server_conn *c = server->conns; c != NULL; c = c->next) {
        if (c->proto == NULL) {
            c->is_over = true;
        } else {
            c->proto->drain(c);
        }
        server_conn_kick(c);
    }
    server->grace = loop_timer(server->loop, clock_mono_ms() + grace_ms, server_cut_all, server);
    server_check_closed(server);
}

struct str
server_date(struct server *server)
{
    int64_t now_ms = clock_wall_ms();

    if (server->date_s != now_ms / 1000) {
        server->date_s = now_ms / 1000;
        http_date(now_ms, server->date);
    }
    return str_of(server->date);
}

/* The last one out ends the server. */
void
server_check_closed(struct server *server)
{
    if (server->is_closing && server->conns == NULL && !server->is_ending) {
        server->is_ending = true;
        loop_timer_cancel(STEAL(server->grace));
        loop_defer(server->loop, server_free, server);
    }
}

static struct server_listener *
server_listener_new(struct server *server, int fd, struct tls_ctx *tls)
{
    struct server_listener *listener = MEM_NEW(struct server_listener);

    listener->server = server;
    listener->fd = fd;
    listener->tls = tls == NULL ? NULL : tls_ref(tls);
    listener->next = server->listeners;
    server->listeners = listener;
    (void)uv_poll_init(loop_uv(server->loop), &listener->poll, fd); /* a socket can be polled */
    server_listener_resume(listener);
    return listener;
}

static void
server_listener_close(struct server_listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
    loop_timer_cancel(STEAL(listener->pause));
    (void)close(listener->fd);
    if (listener->path != NULL) {
        (void)unlink(listener->path);
    }
    tls_unref(listener->tls);
    uv_close((uv_handle_t *)&listener->poll, server_listener_freed);
}

static void
server_listener_freed(uv_handle_t *handle)
{
    struct server_listener *listener =
        container_of((uv_poll_t *)handle, struct server_listener, poll);

    mem_free(listener->path);
    mem_free(listener);
}

static void
server_listener_ready(uv_poll_t *poll, int status, int events)
{
    struct server_listener *listener = container_of(poll, struct server_listener, poll);

    (void)status;
    (void)events;
    for (int i = 0; i < SERVER_ACCEPTS; i++) {
        if (!server_accept(listener)) {
            return;
        }
    }
}

static void
server_listener_resume(void *ctx)
{
    struct server_listener *listener = ctx;

    listener->pause = NULL;
    (void)uv_poll_start(&listener->poll, UV_READABLE, server_listener_ready);
}

/* false: none is waiting, or none can be had. */
static bool
server_accept(struct server_listener *listener)
{
    struct server *server = listener->server;
    struct sockaddr_storage from = { 0 };
    socklen_t size = sizeof(from);
    char address[ADDRESS_TEXT_SIZE];
    int fd = accept4(listener->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warn("no descriptors for new connections error=%s", strerror(errno));
            (void)uv_poll_stop(&listener->poll);
            listener->pause = loop_timer(server->loop, clock_mono_ms() + SERVER_PAUSE_MS,
                                         server_listener_resume, listener);
        }
        return errno == EINTR || errno == ECONNABORTED;
    }
    address_text(&from, address);
    bool is_unix = listener->path != NULL;

    if (!is_unix) {
        server_tune(fd);
    }
    struct ucred peer = { .uid = (uid_t)-1 };
    socklen_t peer_size = sizeof(peer);

    if (is_unix && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) < 0) {
        (void)close(fd);
        return true;
    }
    struct server_conn *c =
        server_conn_new(server, conn_of_fd(server->loop, fd), listener->tls, address);

    if (c != NULL) {
        c->peer.is_unix = is_unix;
        c->peer.uid = peer.uid;
    }
    return true;
}

static void
server_tune(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, SERVER_KEEP_IDLE_S },
        { IPPROTO_TCP, TCP_KEEPINTVL, SERVER_KEEP_INTERVAL_S },
        { IPPROTO_TCP, TCP_KEEPCNT, SERVER_KEEP_COUNT },
    };

    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        /* Without them it still works, later and slower. */
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof(options[i].value));
    }
}

static int
server_bind(const struct sockaddr_storage *address, socklen_t size, struct err **err)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0) {
        return err_sys(err, errno, "socket");
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* else bind tells */
    if (address->ss_family == AF_UNIX) {
        (void)fchmod(fd, 0600); /* before bind: there is no moment with other rights */
    }
    if (bind(fd, (const struct sockaddr *)address, size) < 0 || listen(fd, SERVER_BACKLOG) < 0) {
        int sys = errno;

        (void)close(fd);
        return err_sys(err, sys, "bind");
    }
    return fd;
}

/* A socket file that nobody answers on is what a kill -9 left. */
static int
server_bind_unix(const char *path, struct err **err)
{
    AUTO_FREE char *text = mem_printf("unix:%s", path);
    struct sockaddr_storage at;
    socklen_t size = 0;

    if (address_parse(text, &at, &size, err) < 0) {
        return -1;
    }
    if (access(path, F_OK) == 0) {
        if (!server_socket_is_dead(&at, size)) {
            return err_set(err, ERR_CONFLICT, "someone answers there already");
        }
        (void)unlink(path); /* else bind tells */
    }
    return server_bind(&at, size, err);
}

static bool
server_socket_is_dead(const struct sockaddr_storage *address, socklen_t size)
{
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 && connect(fd, (const struct sockaddr *)address, size) < 0 &&
           errno == ECONNREFUSED;
}

static void
server_cut_all(void *ctx)
{
    struct server *server = ctx;

    server->grace = NULL;
    for (struct server_conn *c = server->conns; c != NULL; c = c->next) {
        c->is_over = true;
        server_conn_kick(c);
    }
}

static void
server_free(void *ctx)
{
    struct server *server = ctx;
    void (*done)(void *) = server->closed;
    void *done_ctx = server->closed_ctx;

    mem_free(server);
    if (done != NULL) {
        done(done_ctx);
    }
}
