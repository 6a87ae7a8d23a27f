/* What the server, its connections, their requests and the two protocols share.  Loop thread.
 *
 * A connection is only written to, and only dies, in its turn: after bytes came (server_conn_ready),
 * in a call deferred by server_conn_kick, or when its timer fires. Everything else, also what
 * handlers and bodies call, changes state and kicks. */
#ifndef BINNACLE_NET_SERVER_PRIV_H
#define BINNACLE_NET_SERVER_PRIV_H

#include "net/conn.h"
#include "net/http_priv.h"
#include "net/record.h"
#include "net/server.h"

struct server_conn;
struct server_stream;
struct tls_ctx;

/* One HTTP version on one connection. Sets c->ends or is_over when the connection is to end. */
struct server_proto {
    void (*open)(struct server_conn *c);
    void (*input)(struct server_conn *c, const char *bytes, size_t size);
    void (*end)(struct server_conn *c);   /* the peer will send no more */
    void (*pump)(struct server_conn *c);  /* writes what can be written; record is flushed after */
    void (*drain)(struct server_conn *c); /* no new requests; is_over when the last is answered */
    /* Something should have been sent for long: ends what stood still since before_ms. */
    void (*stalled)(struct server_conn *c, int64_t before_ms);
    void (*close)(struct server_conn *c); /* ends all requests, frees session */
};
extern const struct server_proto http1_proto;
extern const struct server_proto http2_proto;

struct server {
    struct loop *loop;
    struct http_handler handler;
    struct server_limits limits;
    struct server_listener *listeners;
    struct server_conn *conns; /* list of all */
    int conn_len;
    bool is_closing, is_ending; /* server_close was called; server_free is under way */
    struct loop_timer *grace;
    void (*closed)(void *ctx);
    void *closed_ctx;
    int64_t date_s; /* second that date stands for */
    char date[HTTP_DATE_SIZE];
    char stage[RECORD_SIZE]; /* of the connection whose turn it is */
    char in[RECORD_SIZE];
};

struct server_conn {
    struct server *server;
    struct server_conn *prev, *next;
    struct conn *conn; /* owned; NULL: it was upgraded away */
    struct record out;
    const struct server_proto *proto; /* NULL: still in the handshake, or before the first bytes */
    void *session;                    /* proto's */
    struct http_peer peer;
    char address[64];
    struct loop_timer *timer;
    int64_t timer_ms;  /* when it fires */
    int64_t header_ms; /* since when a head is incomplete, 0: none is */
    int64_t idle_ms;   /* since when nothing is asked, 0: something is */
    int64_t ready_ms;  /* since when some body could go on but for the peer's windows, 0: none */
    int64_t linger_ms; /* since when only the peer's end is awaited, 0: not */
    size_t lingered;   /* bytes dropped meanwhile */
    bool reads;        /* wants bytes (proto may stop it) */
    bool has_more;     /* pump stopped for the sake of others */
    bool is_reading;   /* inside the reading half of its turn */
    bool is_kicked;    /* a turn is under way */
    bool ends;         /* dies when all is written: then it lingers for the peer's end */
    bool is_over;      /* dies at the end of this turn */
    bool is_ended;     /* the peer sends no more */
    char first[24];    /* sniffed bytes */
    size_t first_size;
};

/* One request and its answer, of either version. */
struct server_stream {
    struct http_stream base;
    struct http_request request;
    struct server_conn *c;
    struct body *body;     /* NULL: none, or done */
    struct intake *intake; /* NULL: none, or done */
    int64_t moved_ms;      /* when body last gave something or was woken */
    bool is_asked;         /* the handler knows of it */
    bool is_answered;      /* http_respond was called */
    bool is_waiting;       /* body owes a wake */
    bool is_paused;        /* intake owes a wake */
};

/* A new connection in the server's list; TLS contexts handshake first. NULL: over the limit, conn is
 * closed. */
struct server_conn *server_conn_new(struct server *server, struct conn *conn, struct tls_ctx *tls,
                                    const char *address);
void server_conn_kick(struct server_conn *c);
void server_check_closed(struct server *server);
struct str server_date(struct server *server);

/* A stream of stream_size bytes that begins with a struct server_stream. */
struct server_stream *server_stream_new(struct server_conn *c, const struct http_stream_ops *ops,
                                        size_t stream_size);
/* Headers are complete: calls the handler. */
void server_stream_ask(struct server_stream *s);
/* Gives bytes of the request's body → how many were taken; without an intake all are dropped. */
size_t server_stream_push(struct server_stream *s, struct str bytes, bool end);
/* The rest of the request's body will never come. */
void server_stream_cut_intake(struct server_stream *s);
/* The answer's body is there: s->body, with wake set to `wake`. */
void server_stream_body(struct server_stream *s, struct body *body, void (*wake)(struct body *));
/* One pull; keeps is_waiting and moved_ms. Gives at most *io_len pieces. */
enum pull_rc server_stream_pull(struct server_stream *s, struct iovec *iov, int *io_len,
                                size_t max_bytes);
void server_stream_body_done(struct server_stream *s);
/* Ends whatever is left, calls closed when the handler knows of it, frees s. */
void server_stream_end(struct server_stream *s);

#endif
