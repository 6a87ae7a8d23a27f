/* Between the files that run probes and hooks. */
#ifndef BINNACLE_AGENT_HANDLER_PRIV_H
#define BINNACLE_AGENT_HANDLER_PRIV_H

#include "agent/handler.h"
#include "net/http.h"

struct arena;
struct conn_dial;
struct cri_call;
struct grpc_call;
struct http_call;
struct http_client;
struct loop_timer;
struct tls_ctx;

struct handler {
    struct loop *loop;
    struct arena *arena;
    handler_fn *done;
    void *ctx;
    int64_t end_ms, timeout_ms;
    bool is_cancelled, is_hook;
    /* What runs: one of them. */
    struct cri_call *exec;
    struct conn_dial *dial;
    struct http_call *http;
    struct grpc_call *grpc;
    struct loop_timer *timer;
    /* Of a command, of an address: for the texts. */
    struct str command, address;
    struct http_client *client; /* httpGet, grpc */
    /* httpGet. */
    struct tls_ctx *tls;
    struct str scheme, host, path, location;
    struct http_header headers[32];
    size_t header_len;
    struct str_builder body; /* of the last answer, cut */
    int redirects, status;
    uint64_t health; /* grpc: what the server says of itself */
    /* The outcome, when it is told in a later round. */
    enum probe_outcome outcome;
    struct str text;
};

/* Tells the outcome, unless it was cancelled, and frees. */
void handler_finish(struct handler *handler, enum probe_outcome outcome, struct str text,
                    bool is_warning);
void handler_refuse(struct handler *handler, struct str text); /* it cannot be run: told later */
/* "10.0.0.1:80" or "[fd00::1]:80" */
struct str handler_address(struct arena *arena, struct str host, int port);

/* handler_grpc.c: a Probe's grpc member. */
void handler_grpc(struct handler *handler, const struct handler_in *in, struct val grpc);

#endif
