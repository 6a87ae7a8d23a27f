/* A connection of the HTTP client: dialling, handshake, turns, idleness, end.  Made by
 * http_client.c, driven by the loop; http1_client.c and http2_client.c do the talking. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client_priv.h"
#include "net/tls.h"

enum {
    HTTP_CLIENT_READS = 8,           /* buffers read in one turn, then others get theirs */
    HTTP_CLIENT_IDLE_MS = 90 * 1000, /* as Go's transport */
};

static void http_client_conn_dialled(void *ctx, struct conn *conn, struct err *owned);
static void http_client_conn_shaken(void *ctx, struct conn *conn, struct err *owned);
static void http_client_conn_failed(struct http_client_conn *cc, struct err *owned);
static void http_client_conn_open(struct http_client_conn *cc,
                                  const struct http_client_proto *proto);
static void http_client_conn_ready(void *ctx, int ready);
static void http_client_conn_turn(void *ctx);
static void http_client_conn_read(struct http_client_conn *cc, char *buffer);
static void http_client_conn_settle(struct http_client_conn *cc, int ready);
static void http_client_conn_wait(struct http_client_conn *cc);
static void http_client_conn_idle(void *ctx);
static void http_client_conn_free(struct http_client_conn *cc);

void
http_client_conn_dial(struct http_client *client)
{
    struct http_client_conn *cc = MEM_NEW(struct http_client_conn);

    cc->client = client;
    client->refs++;
    cc->next = client->conns;
    if (cc->next != NULL) {
        cc->next->prev = cc;
    }
    client->conns = cc;
    client->conn_len++;
    client->dial_len++;
    cc->is_dialling = true;
    if (client->spec.dial != NULL) {
        client->spec.dial(client->spec.dial_ctx, http_client_conn_dialled, cc);
    } else {
        (void)conn_dial(client->loop, client->spec.address, client->spec.dial_timeout_ms,
                        http_client_conn_dialled, cc);
    }
}

void
http_client_conn_kick(struct http_client_conn *cc)
{
    if (!cc->is_kicked) {
        cc->is_kicked = true;
        loop_defer(cc->client->loop, http_client_conn_turn, cc);
    }
}

void
http_client_conn_broken(struct http_client_conn *cc, struct err *owned)
{
    if (cc->is_over) {
        err_free(owned);
        return;
    }
    cc->is_over = true;
    cc->err = owned;
    http_client_conn_kick(cc);
}

static void
http_client_conn_dialled(void *ctx, struct conn *conn, struct err *owned)
{
    struct http_client_conn *cc = ctx;
    struct http_client *client = cc->client;

    cc->is_dialling = false;
    if (owned != NULL || cc->is_over) {
        conn_close(conn);
        http_client_conn_failed(cc, owned);
        return;
    }
    if (client->spec.tls == NULL) {
        cc->conn = conn;
        http_client_conn_open(cc, client->proto);
        return;
    }
    cc->conn = tls_connect(client->loop, client->spec.tls, conn, client->spec.dial_timeout_ms,
                           http_client_conn_shaken, cc);
}

static void
http_client_conn_shaken(void *ctx, struct conn *conn, struct err *owned)
{
    struct http_client_conn *cc = ctx;

    cc->conn = conn;
    if (owned != NULL) {
        (void)err_wrap(&owned, "connect to '%s'", cc->client->authority);
        http_client_conn_failed(cc, owned);
        return;
    }
    cc->client->proto =
        strcmp(tls_alpn(conn), "h2") == 0 ? &http2_client_proto : &http1_client_proto;
    http_client_conn_open(cc, cc->client->proto);
}

/* Nobody answers: all that wait for a connection hear why. */
static void
http_client_conn_failed(struct http_client_conn *cc, struct err *owned)
{
    struct http_client *client = cc->client;

    while (owned != NULL && client->queue.first != NULL) {
        http_call_finish(client->queue.first, err_copy(owned));
    }
    cc->is_over = true;
    err_free(owned);
    http_client_conn_kick(cc);
}

static void
http_client_conn_open(struct http_client_conn *cc, const struct http_client_proto *proto)
{
    cc->client->dial_len--;
    cc->proto = proto;
    cc->out = (struct record){ .conn = cc->conn };
    cc->reads = true;
    proto->open(cc);
    http_client_schedule(cc->client);
    http_client_conn_kick(cc);
}

static void
http_client_conn_ready(void *ctx, int ready)
{
    http_client_conn_settle(ctx, ready);
}

static void
http_client_conn_turn(void *ctx)
{
    struct http_client_conn *cc = ctx;

    cc->is_kicked = false;
    if (cc->is_dialling || (cc->proto == NULL && !cc->is_over)) {
        return; /* the dial comes back, and then it dies */
    }
    http_client_conn_settle(cc, 0);
}

static void
http_client_conn_read(struct http_client_conn *cc, char *buffer)
{
    struct err *err = NULL;

    for (int i = 0; i < HTTP_CLIENT_READS && cc->reads && !cc->is_over; i++) {
        ssize_t size = conn_read(cc->conn, buffer, RECORD_SIZE);

        if (size > 0) {
            cc->proto->input(cc, buffer, (size_t)size);
        } else if (size == 0) {
            cc->reads = false;
            cc->proto->end(cc);
            http_client_conn_broken(cc, NULL);
        } else if (errno != EAGAIN) {
            (void)err_set(&err, ERR_UNAVAILABLE, "connection to '%s' broke: %s",
                          cc->client->authority, strerror(errno));
            http_client_conn_broken(cc, err);
        }
        if (size < RECORD_SIZE) {
            break;
        }
    }
}

/* A turn: reads, writes, then dies or says what it waits for. */
static void
http_client_conn_settle(struct http_client_conn *cc, int ready)
{
    char *buffers = mem_new_raw(2 * (size_t)RECORD_SIZE); /* a record to write, one to read */

    cc->out.stage = buffers;
    if ((ready & CONN_READ) != 0) {
        http_client_conn_read(cc, buffers + RECORD_SIZE);
    }
    if (cc->conn != NULL && !cc->is_over) {
        cc->has_more = false;
        if (record_flush(&cc->out)) {
            cc->proto->pump(cc);
        }
        cc->has_more |= record_settle(&cc->out);
        /* A server may answer and close while we still write: what it said counts. */
        if (cc->out.is_broken && !cc->reads) {
            http_client_conn_broken(cc, NULL);
        }
    }
    mem_free(buffers);
    cc->out.stage = NULL;
    if (cc->is_over) {
        http_client_conn_free(cc);
        return;
    }
    http_client_schedule(cc->client);
    http_client_conn_wait(cc);
}

static void
http_client_conn_wait(struct http_client_conn *cc)
{
    bool writes = (record_is_blocked(&cc->out) || cc->has_more) && !cc->out.is_broken;

    conn_want(cc->conn, (cc->reads ? CONN_READ : 0) | (writes ? CONN_WRITE : 0),
              http_client_conn_ready, cc);
    if (cc->calls.len > 0) {
        loop_timer_cancel(STEAL(cc->idle));
    } else if (cc->is_draining) {
        http_client_conn_broken(cc, NULL);
    } else if (cc->idle == NULL) {
        cc->idle = loop_timer(cc->client->loop, clock_mono_ms() + HTTP_CLIENT_IDLE_MS,
                              http_client_conn_idle, cc);
    }
}

static void
http_client_conn_idle(void *ctx)
{
    struct http_client_conn *cc = ctx;

    cc->idle = NULL;
    http_client_conn_broken(cc, NULL);
}

static void
http_client_conn_free(struct http_client_conn *cc)
{
    struct http_client *client = cc->client;

    if (cc->is_kicked) {
        return; /* its turn frees it */
    }
    cc->is_kicked = true; /* what ends now may kick: not any more */
    while (cc->calls.first != NULL) {
        if (cc->err == NULL) {
            http_call_requeue(cc->calls.first, false);
        } else {
            http_call_finish(cc->calls.first, err_copy(cc->err));
        }
    }
    loop_timer_cancel(cc->idle);
    if (cc->proto != NULL) {
        cc->proto->close(cc);
    } else {
        client->dial_len--;
    }
    record_done(&cc->out);
    conn_close(cc->conn);
    err_free(cc->err);
    *(cc->prev == NULL ? &client->conns : &cc->prev->next) = cc->next;
    if (cc->next != NULL) {
        cc->next->prev = cc->prev;
    }
    client->conn_len--;
    mem_free(cc);
    http_client_schedule(client);
    http_client_unref(client);
}
