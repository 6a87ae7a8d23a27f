/* The server's HTTP/2 session, its streams and the header block that is coming in.  Loop thread. */
#ifndef BINNACLE_NET_HTTP2_PRIV_H
#define BINNACLE_NET_HTTP2_PRIV_H

#include "net/http2_io.h"
#include "net/server_priv.h"

struct http2_block;
extern const struct http_stream_ops http2_stream_ops; /* in http2_answer.c */

struct http2_stream {
    struct server_stream s; /* first */
    struct http2 *h;
    struct http2_stream *prev, *next; /* of h->streams */
    struct http2_stream *next_yielded, *next_held;
    char *held; /* body bytes that a paused intake has not taken, NULL: none */
    size_t held_at, held_size;
    struct http_header *trailers; /* one allocation with their text */
    size_t trailer_len;
    int32_t id;
    int refuse;      /* status to answer instead of asking the handler, 0: none */
    bool has_all;    /* END_STREAM came */
    bool is_ready;   /* has a body that is not waiting */
    bool is_yielded; /* in h->yielded */
};

struct http2 {
    struct http2_io io;
    struct server_conn *c;
    struct http2_stream *streams; /* all */
    struct http2_stream *yielded; /* pulled without bytes: again in the next turn */
    struct http2_stream *held;    /* with held bytes */
    struct http2_block *block;    /* NULL while nothing is asked */
    size_t stream_len, ready_len;
    double resets; /* leaky bucket, see http2_count_reset */
    int64_t resets_ms;
    bool has_settings; /* the client's first SETTINGS came */
    bool is_draining;
};

/* Takes the stream out of its session and ends its request. */
void http2_stream_free(struct http2_stream *stream);

/* Collects one header block, so that a request keeps exactly what it needs. */
struct http2_block *http2_block_new(void);
void http2_block_free(struct http2_block *block); /* NULL allowed */
void http2_block_reset(struct http2_block *block);
/* -1: it is so far over every limit that the stream is to be cut. */
int http2_block_add(struct http2_block *block, struct str name, struct str value);
/* Fills the request from its arena. → 0 or the status to refuse it with. */
int http2_block_take(struct http2_block *block, struct http_request *request);

#endif
