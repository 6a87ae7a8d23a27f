/* The cluster's name server: sockets, and the way of a question. Called by the agent; loop thread.
 *
 * A question is parsed, looked up in the zone, and answered at once; or asked of others, with the answer
 * handed on as it came. An alias that leads out of the zone is both. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dns_forward.h"
#include "agent/dns_memo.h"
#include "agent/dns_stream.h"
#include "agent/dns_wire.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"

enum {
    QUESTION_MAX = 4096,
    A_TURN = 32, /* datagrams, before others have their turn */
    WAITING_MAX = 1000,
    CLIENTS_MAX = 128, /* by TCP */
    BACKLOG = 64,
    IDLE_MS = 10 * 1000,
    ALIASES_MAX = 8,
};

/* A client by TCP: one question after the other. */
struct client {
    struct client *next, **place;
    struct dns_server *server;
    struct dns_stream *stream;
    struct query *query; /* being asked of others */
    struct loop_timer *idle;
};
/* A question that others are asked. */
struct query {
    struct query *next, **place;
    struct dns_server *server;
    struct arena *arena;
    struct dns_wire *wire;
    struct dns_answer answer; /* begins with an alias; else nothing */
    struct client *client;    /* NULL: UDP */
    struct sockaddr_in from;
    struct dns_ask *ask;
};
struct dns_server {
    struct dns_server_spec spec;
    int udp, tcp, port;               /* sockets, owned by: */
    struct conn *udp_conn, *tcp_conn; /* here to be told when they are ready */
    struct dns_memo *memo;            /* of answers by UDP */
    struct client *clients;
    size_t client_len;
    struct query *queries;
    size_t query_len;
    char in[QUESTION_MAX];
};

/* ---- answers ---- */

static void
send_answer(struct query *query, struct str bytes)
{
    if (query->client != NULL) {
        dns_stream_send(query->client->stream, bytes);
    } else if (bytes.size > 0) { /* when it does not go out, the client asks again */
        (void)sendto(query->server->udp, bytes.at, bytes.size, 0,
                     (const struct sockaddr *)&query->from, sizeof(query->from));
    }
}

static size_t
max_of(const struct query *query)
{
    return query->client != NULL ? DNS_WIRE_MAX : dns_wire_udp_max(query->wire);
}

static void
query_free(struct query *query)
{
    dns_forward_cancel(query->ask);
    if (query->place != NULL) {
        *query->place = query->next;
        if (query->next != NULL) {
            query->next->place = query->place;
        }
        query->server->query_len--;
    }
    if (query->client != NULL) {
        query->client->query = NULL;
    }
    dns_wire_free(query->wire);
    arena_free(query->arena);
    mem_free(query);
}

static void
refuse(struct query *query, int rcode)
{
    send_answer(query, dns_wire_refuse(query->wire, rcode, query->arena));
}

/* ---- others ---- */

static void
others_answered(void *ctx, struct str bytes)
{
    struct query *query = ctx;
    struct client *client = query->client;

    query->ask = NULL;
    if (client == NULL && (bytes.size > max_of(query) || dns_wire_is_cut(bytes))) {
        send_answer(query, dns_wire_cut(query->wire, query->arena));
    } else if (query->answer.alias.size > 0) {
        send_answer(query, dns_wire_answer(query->wire, &query->answer, bytes, max_of(query),
                                           query->arena));
    } else if (bytes.size == 0) {
        refuse(query, DNS_SERVFAIL);
    } else {
        send_answer(query, bytes);
    }
    query_free(query);
    if (client != NULL) {
        dns_stream_next(client->stream);
    }
}

/* → it waits; else it was refused */
static bool
ask_others(struct query *query, struct str question)
{
    struct dns_server *server = query->server;

    if (server->query_len >= WAITING_MAX || question.size == 0) {
        refuse(query, DNS_SERVFAIL);
        return false;
    }
    query->place = &server->queries;
    query->next = server->queries;
    if (query->next != NULL) {
        query->next->place = &query->next;
    }
    server->queries = query;
    server->query_len++;
    query->ask = dns_forward_ask(server->spec.forward, question, query->client != NULL,
                                 others_answered, query);
    return true;
}

/* ---- questions ---- */

/* "@ 30 IN A 10.43.0.20" of the name that was asked for second → "web.shop… 30 IN A 10.43.0.20" */
static void
add_records(struct query *query, struct str name, const struct dns_answer *more)
{
    struct dns_records *all = &query->answer.answer;
    struct str *at = arena_array(query->arena, all->len + more->answer.len + 1, sizeof(*at));

    for (size_t i = 0; i < all->len; i++) {
        at[i] = all->at[i];
    }
    for (size_t i = 0; i < more->answer.len; i++) {
        struct str record = more->answer.at[i];

        at[all->len++] =
            arena_printf(query->arena, STR_FMT "." STR_FMT, STR_ARG(name),
                         STR_ARG(str_slice(record.at + 1, record.size - 1))); /* but the "@" */
    }
    all->at = at;
}

/* An alias may lead to another name of the zone, several times. */
static void
follow_alias(struct query *query)
{
    struct dns_question question = *dns_wire_question(query->wire);
    struct dns_answer more;

    for (int i = 0; i < ALIASES_MAX && query->answer.alias.size > 0; i++) {
        question.name = query->answer.alias;
        dns_zone_answer(query->server->spec.zone, &question, query->arena, &more);
        if (!more.is_ours) {
            return;
        }
        add_records(query, question.name, &more);
        query->answer.alias = more.alias;
    }
}

/* → it waits for others; else it has its answer */
static bool
answer(struct query *query, struct str bytes)
{
    const struct dns_question *question = dns_wire_question(query->wire);
    const struct dns_zone *zone = query->server->spec.zone;

    if (dns_wire_problem(query->wire) != DNS_NOERROR) {
        refuse(query, dns_wire_problem(query->wire));
        return false;
    }
    dns_zone_answer(zone, question, query->arena, &query->answer);
    if (!query->answer.is_ours) {
        return ask_others(query, bytes);
    }
    if (!dns_zone_is_ready(zone)) {
        refuse(query, DNS_SERVFAIL); /* better than "no such name" */
        return false;
    }
    follow_alias(query);
    if (query->answer.alias.size > 0) {
        return ask_others(
            query, dns_wire_ask(query->answer.alias, question->type, question->id, query->arena));
    }
    struct str reply = dns_wire_answer(query->wire, &query->answer, (struct str){ 0 },
                                       max_of(query), query->arena);

    if (query->client == NULL && query->answer.answer.len <= 1) { /* more are in turn */
        dns_memo_put(query->server->memo, dns_zone_age(zone), bytes, reply);
    }
    send_answer(query, reply);
    return false;
}

/* NULL: it has its answer, or gets none. */
static struct query *
take(struct dns_server *server, struct str bytes, struct client *client,
     const struct sockaddr_in *from)
{
    struct dns_wire *wire = dns_wire_new(bytes);
    struct query *query;

    if (wire == NULL) {
        return NULL;
    }
    query = MEM_NEW(struct query);
    query->server = server;
    query->arena = arena_new();
    query->wire = wire;
    query->client = client;
    query->from = from != NULL ? *from : (struct sockaddr_in){ 0 };
    if (!answer(query, bytes)) {
        query_free(query);
        return NULL;
    }
    return query;
}

/* ---- UDP ---- */

static void
udp_take(struct dns_server *server, struct str bytes, const struct sockaddr_in *from)
{
    struct str reply;

    if (dns_memo_get(server->memo, dns_zone_age(server->spec.zone), bytes, &reply)) {
        (void)sendto(server->udp, reply.at, reply.size, 0, (const struct sockaddr *)from,
                     sizeof(*from)); /* when it does not go out, the client asks again */
        return;
    }
    (void)take(server, bytes, NULL, from);
}

static void
udp_ready(void *ctx, int what)
{
    struct dns_server *server = ctx;

    (void)what;
    for (int i = 0; i < A_TURN; i++) {
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        ssize_t got = recvfrom(server->udp, server->in, sizeof(server->in), 0,
                               (struct sockaddr *)&from, &size);

        if (got < 0) {
            return; /* later; or an error of an earlier answer, which is read so */
        }
        udp_take(server, str_slice(server->in, (size_t)got), &from);
    }
}

/* ---- TCP ---- */

static void
client_free(struct client *client)
{
    *client->place = client->next;
    if (client->next != NULL) {
        client->next->place = client->place;
    }
    client->server->client_len--;
    loop_timer_cancel(client->idle);
    if (client->query != NULL) {
        query_free(client->query);
    }
    dns_stream_free(client->stream);
    mem_free(client);
}

static void
client_idle(void *ctx)
{
    struct client *client = ctx;

    client->idle = NULL;
    client_free(client);
}

static void
watch_idle(struct client *client)
{
    loop_timer_cancel(client->idle);
    client->idle =
        loop_timer(client->server->spec.loop, clock_mono_ms() + IDLE_MS, client_idle, client);
}

static void
read_next(void *ctx)
{
    struct client *client = ctx;

    watch_idle(client);
    dns_stream_next(client->stream);
}

static void
client_asked(void *ctx, struct str message)
{
    struct client *client = ctx;

    if (message.size == 0 || message.size > QUESTION_MAX) {
        client_free(client);
        return;
    }
    watch_idle(client);
    client->query = take(client->server, message, client, NULL);
    if (client->query == NULL) { /* not inside its own call */
        loop_timer_cancel(client->idle);
        client->idle = loop_timer(client->server->spec.loop, 0, read_next, client);
    }
}

static void
tcp_ready(void *ctx, int what)
{
    struct dns_server *server = ctx;
    int fd = accept4(server->tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *client;

    (void)what;
    if (fd < 0) {
        return;
    }
    if (server->client_len >= CLIENTS_MAX) {
        (void)close(fd);
        return;
    }
    client = MEM_NEW(struct client);
    client->server = server;
    client->place = &server->clients;
    client->next = server->clients;
    if (client->next != NULL) {
        client->next->place = &client->next;
    }
    server->clients = client;
    server->client_len++;
    client->stream = dns_stream_new(conn_of_fd(server->spec.loop, fd), client_asked, client);
    watch_idle(client);
}

/* ---- sockets ---- */

/* Bound, and its port. */
static int
open_socket(const struct dns_server_spec *spec, int type, int *port, struct err **err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
    socklen_t size = sizeof(address);
    int on = 1, fd;

    if (inet_pton(AF_INET, spec->address, &address.sin_addr) != 1) {
        return err_set(err, ERR_BAD_REQUEST, "'%s' is no IPv4 address", spec->address);
    }
    fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (const struct sockaddr *)&address, size) < 0 ||
        (type == SOCK_STREAM && listen(fd, BACKLOG) < 0) ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        int failed = errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        return err_sys(err, failed, "listen on %s:%d", spec->address, *port);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int
dns_server_new(const struct dns_server_spec *spec, struct dns_server **ret, struct err **err)
{
    int port = spec->port, tcp = open_socket(spec, SOCK_STREAM, &port, err);
    int udp = tcp < 0 ? -1 : open_socket(spec, SOCK_DGRAM, &port, err);
    struct dns_server *server;

    if (udp < 0) {
        if (tcp >= 0) {
            (void)close(tcp);
        }
        return -1;
    }
    server = MEM_NEW(struct dns_server);
    server->spec = *spec;
    server->memo = dns_memo_new();
    server->udp = udp;
    server->tcp = tcp;
    server->port = port;
    server->udp_conn = conn_of_fd(spec->loop, udp);
    server->tcp_conn = conn_of_fd(spec->loop, tcp);
    conn_want(server->udp_conn, CONN_READ, udp_ready, server);
    conn_want(server->tcp_conn, CONN_READ, tcp_ready, server);
    *ret = server;
    return 0;
}

void
dns_server_free(struct dns_server *server)
{
    if (server == NULL) {
        return;
    }
    while (server->clients != NULL) {
        client_free(server->clients);
    }
    while (server->queries != NULL) {
        query_free(server->queries);
    }
    conn_close(server->udp_conn);
    conn_close(server->tcp_conn);
    dns_memo_free(server->memo);
    mem_free(server);
}

int
dns_server_port(const struct dns_server *server)
{
    return server->port;
}

size_t
dns_server_waiting(const struct dns_server *server)
{
    return server->query_len;
}
