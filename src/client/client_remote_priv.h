/* Inside client_remote*.c: the client over HTTP and one call of it. */
#ifndef BINNACLE_CLIENT_CLIENT_REMOTE_PRIV_H
#define BINNACLE_CLIENT_CLIENT_REMOTE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "client/client.h"

struct arena;
struct err;
struct http_answer;
struct http_call;
struct http_client;

struct remote {
    struct client client;
    struct http_client *http;  /* both kinds of call */
    struct http_client *http1; /* upgrades, made when first needed */
    char *address, *authority, *path_prefix, *token, *user_agent, *impersonate_user;
    struct tls_ctx *tls, *tls_http1;
    void (*dial)(void *ctx, void (*done)(void *ctx, struct conn *conn, struct err *owned),
                 void *done_ctx);
    void *dial_ctx;
    struct remote_call *calls;
    bool is_freed; /* the last call to end frees it */
};
enum remote_kind { REMOTE_CALL, REMOTE_WATCH, REMOTE_STREAM, REMOTE_UPGRADE };
struct remote_call {
    struct handle handle;
    struct remote_call *prev, *next;
    enum remote_kind kind;
    struct http_call *http;
    struct arena *arena; /* of the request */
    const struct resource *resource;
    enum verb verb;
    enum call_accept accept;
    int status;
    int retry_after_s;
    struct str_builder in;   /* a plain answer, an error's body, or the line of a watch */
    struct err *err;         /* decided before HTTP's end */
    int64_t heard_ms;        /* a watch: when bytes came last, mono */
    struct loop_timer *idle; /* …and when that is too long ago */
    bool is_paused, is_cancelled;
    bool is_delivered; /* an upgrade was handed over */
    struct str key;    /* Sec-WebSocket-Key */
    call_done_fn *done;
    watch_fn *event;
    stream_fn *data;
    upgraded_fn *upgraded;
    void *ctx;
};
static inline bool
remote_is_refused(const struct remote_call *call)
{
    return call->status >= 400;
}

/* client_remote_watch.c: bytes of a watch; → how many were taken. */
size_t client_remote_watch_data(struct remote_call *call, const char *bytes, size_t size);

/* client_remote_upgrade.c */
void client_remote_upgraded(void *ctx, const struct http_answer *answer, struct conn *conn);
struct handle *client_remote_upgrade(struct client *client, const struct call *call,
                                     const char *protocols, upgraded_fn *done, void *ctx);

/* client_remote.c, for the others: begins an HTTP call; adds the extra headers. */
struct http_header;
void client_remote_begin(struct remote_call *made, const struct call *call,
                         const struct http_header *extra, size_t extra_len);
struct remote_call *client_remote_make(struct client *client, enum remote_kind kind, void *ctx);
/* Ends it early: no more callbacks but the last one, with this error. */
void client_remote_give_up(struct remote_call *call, struct err *owned);

#endif
