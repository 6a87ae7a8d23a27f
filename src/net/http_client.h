/* HTTP/2 and HTTP/1.1 client over a conn or an address; shared by client, reach and grpc.  Loop. */
#ifndef BINNACLE_NET_HTTP_CLIENT_H
#define BINNACLE_NET_HTTP_CLIENT_H

#include <stdint.h>

#include "net/conn.h"
#include "net/http.h"

struct err;
struct http_call;
struct http_client;
struct loop;
struct tls_ctx;

struct http_client_spec {
    const char *address;   /* "10.0.0.1:6443" or "unix:/path" */
    const char *authority; /* Host / :authority */
    struct tls_ctx *tls;   /* NULL: plain; a reference is taken */
    bool http2;            /* prior knowledge on plain conns; TLS takes what ALPN says */
    int64_t dial_timeout_ms;
    /* When set, connections come from here instead of `address` (a tunnel). */
    void (*dial)(void *ctx, conn_dial_fn *done, void *done_ctx);
    void *dial_ctx;
};
struct http_answer {
    int status;
    const struct http_header *headers; /* valid during the call */
    size_t header_len;
    const struct http_header *trailers;
    size_t trailer_len;
};
struct http_call_spec {
    const char *method, *path; /* path with query */
    const struct http_header *headers;
    size_t header_len;
    struct body *body;  /* request body or NULL; ownership moves */
    int64_t timeout_ms; /* to the end of the answer, 0: none */
    /* Status and headers are there; return false to give up. */
    bool (*headers_fn)(void *ctx, const struct http_answer *answer);
    /* Bytes of the answer; return how many were taken: fewer pause until http_call_resume. */
    size_t (*data_fn)(void *ctx, const void *bytes, size_t size);
    /* Exactly once, never inside http_client_call; err NULL: the answer ended properly. */
    void (*done_fn)(void *ctx, const struct http_answer *answer, struct err *owned);
    /* 101: the connection is the caller's; done_fn follows. NULL: a 101 is an error. HTTP/1.1 only:
     * over TLS the client's ctx must offer nothing else. */
    void (*upgraded_fn)(void *ctx, const struct http_answer *answer, struct conn *conn);
    void *ctx;
};
struct http_client *http_client_new(struct loop *loop, const struct http_client_spec *spec);
struct http_call *http_client_call(struct http_client *client, const struct http_call_spec *spec);
void http_call_cancel(struct http_call *call); /* done with CANCELLED follows */
void http_call_resume(struct http_call *call);
void http_client_free(struct http_client *client); /* cancels what runs */

#endif
