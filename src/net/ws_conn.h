/* A byte stream inside a WebSocket's messages: how port-forward's SPDY is tunnelled.  Loop thread. */
#ifndef BINNACLE_NET_WS_CONN_H
#define BINNACLE_NET_WS_CONN_H

struct conn;
struct err;
struct http_request;
struct loop;

/* Answers the handshake as ws_accept. The bytes of all messages in order are what the conn reads;
 * each write is a binary message. WebSockets have no half-close: shut_write closes both ways. */
int ws_conn_accept(struct http_request *request, struct loop *loop, const char *const *protocols,
                   struct conn **ret, struct err **err);

#endif
