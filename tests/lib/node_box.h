/* A node's agent in the test's process, and the reach that finds it: it answers what the test says
 * and keeps what it hears. For tests of what goes through nodes. */
#ifndef BINNACLE_TESTS_LIB_NODE_BOX_H
#define BINNACLE_TESTS_LIB_NODE_BOX_H

#include <stdbool.h>

#include "base/str.h"

struct conn;
struct http_request;
struct pki_ca;
struct reach;
struct server;
struct tb;

struct node_box {
    struct tb *tb;
    struct pki_ca *ca;
    struct server *server;
    struct reach *reach;
    int port;

    int status;               /* of the next answer; 101: an upgrade */
    const char *headers[8];   /* name, value, … of the answer; NULL ends */
    const char *text;         /* its body; of an upgrade: what is said first */
    bool is_echoing;          /* says back what it hears after an upgrade */
    struct str_builder heard; /* requests: line, headers, body */
    struct str_builder said;  /* bytes after an upgrade */
    struct conn *conn;        /* the upgraded connection, NULL: it ended */
    bool is_silent;           /* requests are not answered */
    bool has_no_tunnels;      /* they get `status`, too */
    int closed;               /* requests whose stream ended */
};

/* Also makes the node "n1", the pods "web" (10.0.0.9, on n1) and "unbound", in "default". */
void node_box_open(struct node_box *box, struct tb *tb);
void node_box_close(struct node_box *box);                 /* before tb_free */
void node_box_say(struct node_box *box, const char *text); /* on the upgraded connection */
void node_box_hang_up(struct node_box *box);               /* the upgraded connection */

/* A raw client of tb's Unix socket. */
struct node_box_peer {
    struct tb *tb;
    int fd;
    struct str_builder in;
    bool is_ended;
};
void node_box_peer_open(struct node_box_peer *peer, struct tb *tb, const char *text);
void node_box_peer_say(struct node_box_peer *peer, struct str bytes);
/* Turns the loop until it heard the text (fails the test when that does not come), or the end. */
void node_box_peer_hear(struct node_box_peer *peer, const char *text);
void node_box_peer_look(struct node_box_peer *peer); /* once: hears what is there, or turns */
void node_box_peer_hear_end(struct node_box_peer *peer);
void node_box_peer_close(struct node_box_peer *peer);

#endif
