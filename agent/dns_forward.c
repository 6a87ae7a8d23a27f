/* Questions for other name servers. Called by dns_server; loop thread.
 *
 * Each try is from a port of its own and has an id of its own, so that answers are hard to forge. The
 * first server is drawn by lot, as CoreDNS does; who does not answer in time or refuses is followed by the
 * next one. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/dns_stream.h"
#include "agent/dns_wire.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"

enum {
    TRIES = 3,
    TRY_MS = 2000,
    SERVERS_MAX = 8,
    FILE_MAX = 64 * 1024,
    LOOK_MS = 5000, /* between two looks at resolv.conf */
    ADDRESS_SIZE = 64,
};

struct dns_forward {
    struct dns_forward_spec spec;
    char servers[SERVERS_MAX][ADDRESS_SIZE]; /* numeric */
    size_t server_len;
    int64_t look_ms; /* mono: the next one */
    struct timespec changed;
    char answer[DNS_WIRE_MAX];
};
/* Outlives the question: connecting ends when it ends. */
struct dialling {
    struct dns_ask *ask; /* NULL: nobody waits any more */
    struct conn_dial *dial;
};
struct dns_ask {
    struct dns_forward *forward;
    char *question; /* with the id of this try */
    size_t size;
    uint16_t id; /* the client's */
    bool is_tcp;
    size_t first; /* server of the first try */
    int tries;
    struct conn *conn; /* UDP */
    struct dialling *dialling;
    struct dns_stream *stream;
    struct loop_timer *timer;
    dns_forward_fn *done;
    void *ctx;
};

static void try_next(void *ctx);

/* ---- servers ---- */

static void
read_servers(struct dns_forward *forward, struct str text)
{
    forward->server_len = 0;
    while (text.size > 0 && forward->server_len < SERVERS_MAX) {
        struct str rest, line = str_trim(str_cut(text, '\n', &text));
        struct str word = str_cut(line, ' ', &rest);
        struct ip ip;

        if (!str_is(word, "nameserver")) {
            word = str_cut(line, '\t', &rest);
        }
        rest = str_trim(rest);
        if (str_is(word, "nameserver") && rest.size < ADDRESS_SIZE && ip_parse(rest, false, &ip) &&
            !str_is(rest, forward->spec.own_address)) {
            (void)snprintf(forward->servers[forward->server_len++], ADDRESS_SIZE, STR_FMT,
                           STR_ARG(rest));
        }
    }
}

/* A small file: reading it does not keep the loop. */
static void
look_at_servers(struct dns_forward *forward)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct str text = { 0 };
    struct stat now;

    if (clock_mono_ms() < forward->look_ms) {
        return;
    }
    forward->look_ms = clock_mono_ms() + LOOK_MS;
    if (stat(forward->spec.resolv_conf, &now) < 0 ||
        (now.st_mtim.tv_sec == forward->changed.tv_sec &&
         now.st_mtim.tv_nsec == forward->changed.tv_nsec)) {
        return; /* gone: those that were known serve on */
    }
    if (disk_read(arena, forward->spec.resolv_conf, FILE_MAX, false, &text, &err) == 0) {
        forward->changed = now.st_mtim;
        read_servers(forward, text);
    }
}

/* ---- one try ---- */

static void
drop_try(struct dns_ask *ask)
{
    loop_timer_cancel(ask->timer);
    conn_close(ask->conn);
    dns_stream_free(ask->stream);
    if (ask->dialling != NULL) {
        ask->dialling->ask = NULL;
        conn_dial_cancel(ask->dialling->dial);
    }
    ask->timer = NULL;
    ask->conn = NULL;
    ask->stream = NULL;
    ask->dialling = NULL;
}

static void
ask_free(struct dns_ask *ask)
{
    drop_try(ask);
    mem_free(ask->question);
    mem_free(ask);
}

static void
finish(struct dns_ask *ask, struct str answer)
{
    dns_forward_fn *done = ask->done;
    void *ctx = ask->ctx;

    ask_free(ask);
    done(ctx, answer);
}

/* Not at once: whoever calls may still hold what this try was made of. */
static void
try_again(struct dns_ask *ask)
{
    loop_timer_cancel(ask->timer);
    ask->timer = loop_timer(ask->forward->spec.loop, 0, try_next, ask);
}

static bool
take(struct dns_ask *ask, size_t size)
{
    struct str answer = str_slice(ask->forward->answer, size);

    if (!dns_wire_is_answer(str_slice(ask->question, ask->size), answer)) {
        return false;
    }
    dns_wire_set_id(ask->forward->answer, ask->id);
    finish(ask, answer);
    return true;
}

static void
udp_ready(void *ctx, int what)
{
    struct dns_ask *ask = ctx;

    (void)what;
    for (;;) {
        ssize_t size = conn_read(ask->conn, ask->forward->answer, DNS_WIRE_MAX);

        if (size < 0) {
            if (errno != EAGAIN) {
                conn_want(ask->conn, 0, udp_ready, ask);
                try_again(ask); /* refused */
            }
            return;
        }
        if (take(ask, (size_t)size)) {
            return;
        }
    }
}

static void
message_came(void *ctx, struct str message)
{
    struct dns_ask *ask = ctx;

    if (message.size > 0) {
        memcpy(ask->forward->answer, message.at, message.size);
    }
    if (message.size == 0 || !take(ask, message.size)) {
        try_again(ask);
    }
}

static void
dialled(void *ctx, struct conn *conn, struct err *owned)
{
    struct dialling *dialling = ctx;
    struct dns_ask *ask = dialling->ask;

    err_free(owned);
    mem_free(dialling);
    if (ask == NULL) {
        conn_close(conn);
        return;
    }
    ask->dialling = NULL;
    if (conn == NULL) {
        try_again(ask);
        return;
    }
    ask->stream = dns_stream_new(conn, message_came, ask);
    dns_stream_send(ask->stream, str_slice(ask->question, ask->size));
}

/* A socket that hears only that server. */
static int
udp_open(const char *server, int port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    bool is_v4 = inet_pton(AF_INET, server, &v4.sin_addr) == 1;
    struct sockaddr *address = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    int fd;

    if (!is_v4 && inet_pton(AF_INET6, server, &v6.sin6_addr) != 1) {
        return -1;
    }
    fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, address, is_v4 ? sizeof(v4) : sizeof(v6)) < 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool
start_try(struct dns_ask *ask, const char *server)
{
    struct dns_forward *forward = ask->forward;
    char address[ADDRESS_SIZE + 16];
    uint16_t id;

    if (getrandom(&id, sizeof(id), 0) != sizeof(id)) {
        return false;
    }
    dns_wire_set_id(ask->question, id);
    if (ask->is_tcp) {
        (void)snprintf(address, sizeof(address), strchr(server, ':') != NULL ? "[%s]:%d" : "%s:%d",
                       server, forward->spec.port);
        ask->dialling = MEM_NEW(struct dialling);
        ask->dialling->ask = ask;
        ask->dialling->dial =
            conn_dial(forward->spec.loop, address, TRY_MS, dialled, ask->dialling);
        return true;
    }
    int fd = udp_open(server, forward->spec.port);

    if (fd < 0) {
        return false;
    }
    ask->conn = conn_of_fd(forward->spec.loop, fd);
    struct iovec iov = { ask->question, ask->size };

    conn_want(ask->conn, CONN_READ, udp_ready, ask);
    return conn_writev(ask->conn, &iov, 1) == (ssize_t)ask->size;
}

static void
try_next(void *ctx)
{
    struct dns_ask *ask = ctx;
    struct dns_forward *forward = ask->forward;

    ask->timer = NULL;
    drop_try(ask);
    look_at_servers(forward);
    if (ask->tries == TRIES || forward->server_len == 0) {
        finish(ask, (struct str){ 0 });
        return;
    }
    size_t at = (ask->first + (size_t)ask->tries++) % forward->server_len;

    if (start_try(ask, forward->servers[at])) {
        ask->timer = loop_timer(forward->spec.loop, clock_mono_ms() + TRY_MS, try_next, ask);
    } else {
        try_again(ask);
    }
}

/* ---- questions ---- */

struct dns_ask *
dns_forward_ask(struct dns_forward *forward, struct str question, bool is_tcp, dns_forward_fn *done,
                void *ctx)
{
    struct dns_ask *ask = MEM_NEW(struct dns_ask);
    uint8_t lot;

    if (getrandom(&lot, sizeof(lot), 0) < 0) {
        lot = 0; /* the first, then */
    }
    *ask =
        (struct dns_ask){ .forward = forward,
                          .question = mem_strndup(question.at, question.size),
                          .size = question.size,
                          .id = (uint16_t)((uint8_t)question.at[0] << 8 | (uint8_t)question.at[1]),
                          .is_tcp = is_tcp,
                          .first = lot,
                          .done = done,
                          .ctx = ctx };
    try_again(ask);
    return ask;
}

void
dns_forward_cancel(struct dns_ask *ask)
{
    if (ask != NULL) {
        ask_free(ask);
    }
}

struct dns_forward *
dns_forward_new(const struct dns_forward_spec *spec)
{
    struct dns_forward *forward = MEM_NEW(struct dns_forward);

    forward->spec = *spec;
    return forward;
}

void
dns_forward_free(struct dns_forward *forward)
{
    mem_free(forward);
}
