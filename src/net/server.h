/* Listeners: HTTP/2 and HTTP/1.1 on TLS and on a Unix socket.  Loop thread. */
#ifndef BINNACLE_NET_SERVER_H
#define BINNACLE_NET_SERVER_H

#include <stdint.h>

#include "net/http.h"

struct err;
struct loop;
struct server;
struct tls_ctx;

struct server_limits {
    int max_connections;       /* 0: 10,000; further ones are closed */
    int64_t idle_timeout_ms;   /* no stream open; 0: 5 min */
    int64_t header_timeout_ms; /* request line to last header; 0: 10 s */
    int64_t send_timeout_ms;   /* no progress while bytes wait to be sent; 0: 60 s */
};
struct server *server_new(struct loop *loop, const struct http_handler *handler,
                          const struct server_limits *limits);
/* "127.0.0.1:6443", port 0 picks one; tls NULL: plain (tests, loopback only). */
int server_listen_tcp(struct server *server, const char *address, struct tls_ctx *tls,
                      int *ret_port, struct err **err);
int server_listen_unix(struct server *server, const char *path, struct err **err); /* mode 0600 */
/* An accepted stream from elsewhere (tunnel, memory pair): HTTP/1.1 or 2 by its first bytes. */
void server_serve(struct server *server, struct conn *conn, const char *address);
/* Stops listening, sends GOAWAY, waits for streams up to grace_ms, then cuts; done once. */
void server_close(struct server *server, int64_t grace_ms, void (*done)(void *ctx), void *ctx);

#endif
