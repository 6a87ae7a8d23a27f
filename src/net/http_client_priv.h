/* What the client, its calls, its connections and the two protocols share.  Loop thread.
 *
 * A call is QUEUED until a connection takes it, ACTIVE on one connection, then ENDED: done_fn comes
 * from a deferred call, so never inside http_client_call or a cancel. */
#ifndef BINNACLE_NET_HTTP_CLIENT_PRIV_H
#define BINNACLE_NET_HTTP_CLIENT_PRIV_H

#include "net/conn.h"
#include "net/http_client.h"
#include "net/http_priv.h"
#include "net/record.h"

struct http_client_conn;

enum http_call_state {
    HTTP_CALL_QUEUED,
    HTTP_CALL_ACTIVE,
    HTTP_CALL_PARKED, /* all came, but data_fn has not taken it all */
    HTTP_CALL_ENDED
};

/* Headers or trailers of an answer, as they come in. */
struct http_fields {
    struct http_header *at; /* in the call's arena */
    size_t len, capacity, bytes;
};

struct http_call {
    struct http_client *client;
    struct http_call *prev, *next; /* of the client's queue or the connection's calls */
    struct http_client_conn *cc;   /* while ACTIVE */
    enum http_call_state state;
    struct arena *arena;        /* of what follows */
    struct http_call_spec spec; /* method, path and headers copied; body moved to ours */
    struct body *body;          /* request body, NULL: none, or all sent */
    bool is_waiting;            /* body owes a wake */
    bool has_begun;             /* body was pulled, or bytes of an answer came: no second try */
    struct loop_timer *timer;
    struct http_answer answer;
    struct http_fields fields;
    bool has_headers; /* of the final answer */
    char *held;       /* bytes of the answer that data_fn has not taken, NULL: none */
    size_t held_at, held_size;
    bool is_paused; /* until http_call_resume */
    bool is_posted; /* http_call_turn is under way */
    int tries;
    int32_t id;      /* HTTP/2 */
    bool has_stream; /* … whose session may still ask for it */
    struct err *err; /* what done_fn will get */
};

struct http_client_proto {
    void (*open)(struct http_client_conn *cc);
    bool (*can_take)(const struct http_client_conn *cc);
    void (*start)(struct http_client_conn *cc, struct http_call *call);
    void (*input)(struct http_client_conn *cc, const char *bytes, size_t size);
    void (*end)(struct http_client_conn *cc); /* the server sends no more */
    void (*pump)(struct http_client_conn *cc);
    void (*woken)(struct http_client_conn *cc, struct http_call *call);              /* its body */
    void (*taken)(struct http_client_conn *cc, struct http_call *call, size_t size); /* of held */
    void (*dropped)(struct http_client_conn *cc, struct http_call *call);            /* given up */
    void (*close)(struct http_client_conn *cc);
};
extern const struct http_client_proto http1_client_proto;
extern const struct http_client_proto http2_client_proto;

struct http_calls {
    struct http_call *first, *last;
    size_t len;
};

struct http_client_conn {
    struct http_client *client;
    struct http_client_conn *prev, *next;
    struct conn *conn; /* owned; NULL while dialling, or upgraded away */
    struct record out;
    const struct http_client_proto *proto; /* NULL: not there yet */
    void *session;
    struct http_calls calls;
    struct loop_timer *idle;
    bool is_dialling;
    bool reads;
    bool has_more;
    bool is_draining; /* takes no new call */
    bool is_kicked;
    bool is_over;
    struct err *err; /* why, for its calls; NULL: the server closed it */
};

struct http_client {
    struct loop *loop;
    unsigned refs; /* the user's, and one for each call and connection */
    char *address, *authority;
    struct http_client_spec spec;          /* strings are the copies above */
    const struct http_client_proto *proto; /* what its connections speak, NULL: not known yet */
    struct http_calls queue, parked;
    struct http_client_conn *conns;
    size_t conn_len, dial_len;
    bool is_freed;
};

void http_client_unref(struct http_client *client);
void http_client_schedule(struct http_client *client); /* queued calls to connections */
void http_client_conn_dial(struct http_client *client);
void http_client_conn_kick(struct http_client_conn *cc);
void http_client_conn_broken(struct http_client_conn *cc, struct err *owned); /* ends it */

void http_calls_add(struct http_calls *calls, struct http_call *call);
void http_calls_del(struct http_calls *calls, struct http_call *call);
/* Off its connection, for another try when that is safe: unseen says that the server did nothing. */
void http_call_requeue(struct http_call *call, bool unseen);
/* Off its queue or connection; done_fn follows. Takes the error. */
void http_call_finish(struct http_call *call, struct err *owned);
/* A header of the block that is coming in; -1: over the limits. Copies. */
int http_call_field(struct http_call *call, struct str name, struct str value);
/* Its block is complete: the answer's, or trailers. false: the call has ended inside. */
bool http_call_block(struct http_call *call, int status);
/* Bytes of the answer → how many data_fn took; the rest is held. */
size_t http_call_data(struct http_call *call, struct str bytes);
void http_call_complete(struct http_call *call); /* the answer is all there */
/* One pull of the request body, as server_stream_pull. */
enum pull_rc http_call_pull(struct http_call *call, struct iovec *iov, int *io_len,
                            size_t max_bytes);
void http_call_body_done(struct http_call *call);

#endif
