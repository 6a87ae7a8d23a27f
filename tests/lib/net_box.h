/* A server in memory with a handler that tests steer, and raw peers that say bytes to it. */
#ifndef BINNACLE_TESTS_LIB_NET_BOX_H
#define BINNACLE_TESTS_LIB_NET_BOX_H

#include "base/str.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/server.h"

struct loop;

/* A body of `size` bytes of a pattern (net_pattern), in pieces of at most `piece` (0: all that is
 * asked). With waits it gives one piece, then waits for net_body_wake. */
struct net_body {
    struct body body;
    struct net_box *box;
    size_t size, at, piece;
    bool waits, was_woken, aborts;
    int pulls;
    bool *is_gone; /* set when done comes */
};

struct net_box {
    struct loop *loop;
    struct server *server;
    struct http_request *request; /* the last one that was left unanswered ("/later…") */
    struct net_body *body;        /* the last one that waits ("/watch") */
    struct conn *upgraded;        /* "/upgrade" */
    struct str_builder taken;     /* what intakes took */
    size_t take_max;              /* bytes an intake takes before it pauses, 0: all */
    struct intake *paused;
    int asked, closed, bodies, bodies_done, intakes, intakes_done, intakes_failed;
    size_t pulled; /* bytes that bodies gave */
    bool is_closed;
};

/* Handler: /hello, /big?size=N&piece=N, /short (lies about its size), /abort, /watch, /later,
 * /echo (answers with the request's body), /take (intake, answers "ok" at its end), /upgrade,
 * /none (204), /headers (all request headers as "name: value\n"). */
void net_box_open(struct net_box *box, const struct server_limits *limits);
void net_box_close(struct net_box *box); /* closes the server and the loop, checks the counters */
void net_box_run(struct net_box *box);   /* until nothing is due */
void net_box_answer(struct net_box *box, int status, const char *text); /* box->request */
/* b comes from MEM_NEW and is freed by done; told: what body.size says. */
void net_body_init(struct net_body *b, struct net_box *box, size_t size, int64_t told);
void net_body_wake(struct net_body *body);
char net_pattern(size_t at);

struct net_peer {
    struct net_box *box;
    struct conn *conn;
    struct str_builder in; /* what it heard */
    size_t read_max;       /* stops reading there, 0: never */
    bool is_ended;         /* the server said all */
};
void net_peer_open(struct net_peer *peer, struct net_box *box);
void net_peer_of(struct net_peer *peer, struct net_box *box, struct conn *conn);
void net_peer_say(struct net_peer *peer, const char *text); /* and runs */
void net_peer_say_bytes(struct net_peer *peer, struct str bytes);
void net_peer_read_on(struct net_peer *peer, size_t read_max);
void net_peer_close(struct net_peer *peer);

#endif
