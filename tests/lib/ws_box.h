/* A WebSocket client and, behind an HTTP server in memory, whatever a test puts there. */
#ifndef BINNACLE_TESTS_LIB_WS_BOX_H
#define BINNACLE_TESTS_LIB_WS_BOX_H

#include <stdbool.h>

#include "base/str.h"
#include "net/ws.h"

struct err;
struct http_client;
struct loop;
struct server;

struct ws_box {
    struct loop *loop;
    struct server *server;
    struct http_client *client;
    struct ws_hello hello;
    int status;          /* of the handshake */
    struct err *refused; /* what `serve` said; its code was the answer */
    /* Answers the handshake, or -1. */
    int (*serve)(struct ws_box *box, struct http_request *request, struct err **err);

    struct ws *ws;            /* the client's */
    struct str_builder heard; /* "t:text\n" and "b:bytes\n" */
    bool is_deaf;             /* hears one message, then pauses */
    int code;                 /* 0: not closed */
    bool is_server_closed;
};

void ws_box_open(struct ws_box *box, const char *const *protocols,
                 int (*serve)(struct ws_box *, struct http_request *, struct err **));
void ws_box_run(struct ws_box *box); /* until nothing is due */
void ws_box_close(struct ws_box *box);

#endif
