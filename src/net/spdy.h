/* SPDY/3.1 as a client of Kubernetes' container runtimes speaks it: a few streams that we open, and
 * their bytes.  Loop thread.
 *
 * As the peer's library (moby/spdystream) there is no flow control: who stops reading stops the
 * connection. Headers that come from the peer say nothing that we need and are skipped. */
#ifndef BINNACLE_NET_SPDY_H
#define BINNACLE_NET_SPDY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct conn;
struct err;
struct http_header;
struct loop;
struct spdy;

enum { SPDY_STREAMS_MAX = 8 };

struct spdy_spec {
    struct loop *loop;
    /* Bytes of a stream, which live during the call. false: no more of any until spdy_resume. */
    bool (*data_fn)(void *ctx, unsigned stream, struct str bytes);
    void (*ended_fn)(void *ctx, unsigned stream); /* once a stream: the peer says no more there */
    void (*room_fn)(void *ctx);                   /* after spdy_send said false */
    /* Exactly once, unless spdy_free comes first: nothing is sent or received any more; err NULL: the
     * peer hung up properly. */
    void (*closed_fn)(void *ctx, struct err *owned);
    void *ctx;
};
struct spdy *spdy_new(struct conn *owned, const struct spdy_spec *spec);
/* A new stream with these headers → its number. At most SPDY_STREAMS_MAX. */
unsigned spdy_open(struct spdy *spdy, const struct http_header *headers, size_t len);
/* Copied. false: much is queued, wait for room_fn before the next; it is sent all the same. */
bool spdy_send(struct spdy *spdy, unsigned stream, struct str bytes);
void spdy_shut(struct spdy *spdy, unsigned stream); /* we say no more there */
void spdy_resume(struct spdy *spdy);
void spdy_free(struct spdy *spdy); /* cuts; no callback comes after; NULL allowed */

#endif
