/* An accepted connection: handshake, which version it speaks, its turns, its deadlines, its end.
 * Made by server.c, driven by the loop; http1.c and http2.c do the talking. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/server_priv.h"
#include "net/tls.h"

#define LOG_MODULE "net"

/* What an HTTP/2 client with prior knowledge says first (RFC 9113 3.4). */
static const char server_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum {
    SERVER_READS = 4, /* buffers read in one turn, then others get theirs */
    SERVER_LINGER_MS = 1000,
    SERVER_LINGER_SIZE = 256 << 10,
};

static void server_conn_shaken(void *ctx, struct conn *conn, struct err *owned);
static void server_conn_start(struct server_conn *c, const struct server_proto *proto);
static void server_conn_ready(void *ctx, int ready);
static void server_conn_turn(void *ctx);
static void server_conn_read(struct server_conn *c);
static void server_conn_input(struct server_conn *c, const char *bytes, size_t size);
static void server_conn_sniff(struct server_conn *c, const char *bytes, size_t size);
static void server_conn_settle(struct server_conn *c);
static void server_conn_linger(struct server_conn *c);
static int64_t server_conn_deadline(const struct server_conn *c);
static void server_conn_arm(struct server_conn *c);
static void server_conn_late(void *ctx);
static void server_conn_free(struct server_conn *c);

struct server_conn *
server_conn_new(struct server *server, struct conn *conn, struct tls_ctx *tls, const char *address)
{
    if (server->conn_len >= server->limits.max_connections || server->is_closing) {
        conn_close(conn);
        return NULL;
    }
    struct server_conn *c = MEM_NEW(struct server_conn);

    c->server = server;
    (void)snprintf(c->address, sizeof(c->address), "%s", address);
    c->peer.address = c->address;
    c->next = server->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    server->conns = c;
    server->conn_len++;
    if (tls != NULL) {
        c->conn = tls_accept(server->loop, tls, conn, server->limits.header_timeout_ms,
                             server_conn_shaken, c);
        return c;
    }
    c->conn = conn;
    server_conn_start(c, NULL);
    return c;
}

void
server_conn_kick(struct server_conn *c)
{
    if (!c->is_kicked && !c->is_reading) { /* after reading the turn writes anyway */
        c->is_kicked = true;
        loop_defer(c->server->loop, server_conn_turn, c);
    }
}

static void
server_conn_shaken(void *ctx, struct conn *conn, struct err *owned)
{
    struct server_conn *c = ctx;

    c->conn = conn;
    if (owned != NULL) {
        log_debug("TLS handshake failed peer=%s error=%s", c->address, owned->message);
        err_free(owned);
        c->is_over = true;
        server_conn_free(c);
        return;
    }
    c->peer.tls = tls_peer(conn);
    server_conn_start(c, strcmp(tls_alpn(conn), "h2") == 0 ? &http2_proto : &http1_proto);
}

/* proto NULL: the first bytes will tell. */
static void
server_conn_start(struct server_conn *c, const struct server_proto *proto)
{
    c->out = (struct record){ .conn = c->conn, .stage = c->server->stage };
    c->header_ms = clock_mono_ms();
    c->reads = true;
    if (proto != NULL) {
        c->proto = proto;
        proto->open(c);
    }
    server_conn_settle(c);
}

static void
server_conn_ready(void *ctx, int ready)
{
    struct server_conn *c = ctx;

    if ((ready & CONN_READ) != 0) {
        c->is_reading = true;
        server_conn_read(c);
        c->is_reading = false;
    }
    server_conn_settle(c);
}

static void
server_conn_turn(void *ctx)
{
    struct server_conn *c = ctx;

    c->is_kicked = false;
    if (c->is_over) {
        server_conn_free(c);
        return;
    }
    server_conn_settle(c);
}

static void
server_conn_read(struct server_conn *c)
{
    struct server *server = c->server;

    for (int i = 0; i < SERVER_READS && c->reads && !c->is_over; i++) {
        ssize_t size = conn_read(c->conn, server->in, sizeof(server->in));

        if (size > 0) {
            server_conn_input(c, server->in, (size_t)size);
        } else if (size == 0 || errno != EAGAIN) {
            c->reads = false;
            c->is_ended = true;
            if (c->proto == NULL || size < 0 || c->linger_ms != 0) {
                c->is_over = true; /* nothing was asked, or nothing can be answered */
            } else {
                c->proto->end(c);
            }
        }
        if (size < (ssize_t)sizeof(server->in)) {
            break; /* readiness is level-triggered: more calls again */
        }
    }
}

static void
server_conn_input(struct server_conn *c, const char *bytes, size_t size)
{
    if (c->linger_ms != 0) {
        c->lingered += size;
        c->is_over |= c->lingered > SERVER_LINGER_SIZE;
    } else if (c->proto == NULL) {
        server_conn_sniff(c, bytes, size);
    } else if (!c->ends) {
        c->proto->input(c, bytes, size);
    }
}

/* HTTP/2 when everything agrees with its preface and four bytes are there ("PRI " is no method we
 * know), HTTP/1.1 at the first difference. */
static void
server_conn_sniff(struct server_conn *c, const char *bytes, size_t size)
{
    size_t room = sizeof(c->first) - c->first_size;
    size_t kept = size < room ? size : room;

    memcpy(c->first + c->first_size, bytes, kept);
    c->first_size += kept;
    bool agrees = memcmp(c->first, server_preface, c->first_size) == 0;

    if (agrees && c->first_size < 4) {
        return;
    }
    size_t early = c->first_size - kept; /* bytes of earlier calls */

    c->proto = agrees ? &http2_proto : &http1_proto;
    c->proto->open(c);
    if (early > 0) {
        c->proto->input(c, c->first, early);
    }
    if (!c->is_over) {
        c->proto->input(c, bytes, size);
    }
}

/* End of every turn: writes, then dies or says what it waits for. */
static void
server_conn_settle(struct server_conn *c)
{
    if (c->proto != NULL && c->conn != NULL && c->linger_ms == 0) {
        c->has_more = false;
        if (record_flush(&c->out) && !c->is_over) {
            c->proto->pump(c);
        }
        c->has_more |= record_settle(&c->out);
        bool is_sent = !record_is_blocked(&c->out) && !c->has_more;

        c->is_over |= c->out.is_broken;
        if (c->ends && is_sent && !c->is_over) {
            server_conn_linger(c);
        }
    }
    if (c->is_over) {
        server_conn_free(c);
        return;
    }
    conn_want(c->conn,
              (c->reads ? CONN_READ : 0) |
                  (record_is_blocked(&c->out) || c->has_more ? CONN_WRITE : 0),
              server_conn_ready, c);
    server_conn_arm(c);
}

/* Closing with bytes unread would reset the connection, and the peer might lose the answer. */
static void
server_conn_linger(struct server_conn *c)
{
    if (c->is_ended) {
        c->is_over = true;
        return;
    }
    conn_shut_write(c->conn);
    c->linger_ms = clock_mono_ms();
    c->reads = true;
    c->header_ms = c->idle_ms = c->ready_ms = 0;
}

/* The next moment at which something is late, 0: never. */
static int64_t
server_conn_deadline(const struct server_conn *c)
{
    const struct server_limits *limits = &c->server->limits;
    const struct {
        int64_t since_ms, timeout_ms;
    } waits[] = {
        { c->header_ms, limits->header_timeout_ms },
        { c->idle_ms, limits->idle_timeout_ms },
        { c->out.blocked_ms, limits->send_timeout_ms },
        { c->ready_ms, limits->send_timeout_ms },
        { c->linger_ms, SERVER_LINGER_MS },
    };
    int64_t deadline = 0;

    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        int64_t at = waits[i].since_ms + waits[i].timeout_ms;

        if (waits[i].since_ms != 0 && (deadline == 0 || at < deadline)) {
            deadline = at;
        }
    }
    return deadline;
}

/* Timers are lazy: one that fires too early is armed again, so that requests do not touch them. */
static void
server_conn_arm(struct server_conn *c)
{
    int64_t deadline = server_conn_deadline(c);

    if (deadline == 0 || (c->timer != NULL && c->timer_ms <= deadline)) {
        return;
    }
    loop_timer_cancel(c->timer);
    c->timer_ms = deadline;
    c->timer = loop_timer(c->server->loop, deadline, server_conn_late, c);
}

static void
server_conn_late(void *ctx)
{
    struct server_conn *c = ctx;
    const struct server_limits *limits = &c->server->limits;
    int64_t now_ms = clock_mono_ms();
    const char *why = NULL;

    c->timer = NULL;
    if (c->linger_ms != 0 && now_ms - c->linger_ms >= SERVER_LINGER_MS) {
        c->is_over = true;
    } else if (c->header_ms != 0 && now_ms - c->header_ms >= limits->header_timeout_ms) {
        why = "headers took too long";
    } else if (c->out.blocked_ms != 0 && now_ms - c->out.blocked_ms >= limits->send_timeout_ms) {
        why = "the peer reads nothing";
    } else if (c->idle_ms != 0 && now_ms - c->idle_ms >= limits->idle_timeout_ms) {
        if (c->proto == NULL) {
            c->is_over = true;
        } else {
            c->proto->drain(c);
        }
    } else if (c->ready_ms != 0 && now_ms - c->ready_ms >= limits->send_timeout_ms) {
        c->ready_ms = now_ms;
        c->proto->stalled(c, now_ms - limits->send_timeout_ms);
    }
    if (why != NULL) {
        log_debug("connection cut peer=%s why=%s", c->address, why);
        c->is_over = true;
    }
    server_conn_settle(c);
}

static void
server_conn_free(struct server_conn *c)
{
    struct server *server = c->server;

    if (c->is_kicked) {
        return; /* its turn frees it */
    }
    loop_timer_cancel(STEAL(c->timer));
    if (c->proto != NULL) {
        c->is_kicked = true; /* what is ended now may kick: not any more */
        c->proto->close(c);
    }
    record_done(&c->out);
    conn_close(c->conn);
    if (c->peer.memo_free != NULL) {
        c->peer.memo_free(c->peer.memo);
    }
    *(c->prev == NULL ? &server->conns : &c->prev->next) = c->next;
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    server->conn_len--;
    mem_free(c);
    server_check_closed(server);
}
