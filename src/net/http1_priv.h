/* The server's HTTP/1.1 connection: reading is in http1.c, answering in http1_answer.c. */
#ifndef BINNACLE_NET_HTTP1_PRIV_H
#define BINNACLE_NET_HTTP1_PRIV_H

#include "net/http1_parse.h"
#include "net/server_priv.h"

struct http1 {
    struct server_conn *c;
    struct server_stream *s; /* the request being read or answered, NULL: none */
    struct str_builder in;   /* bytes that came and are not used yet */
    size_t in_at;
    size_t seen; /* of the head that is coming in: searched for its end */
    /* The request's body. */
    int64_t left; /* of Content-Length */
    struct http1_chunks chunks;
    bool is_chunked;
    bool has_all;
    bool is_expecting; /* 100-continue, and nothing was said yet */
    bool is_upgrade;   /* may become something else */
    bool keeps;        /* another request may follow */
    /* The answer. */
    struct str_builder out; /* heads that are to leave before the body */
    size_t out_at;
    int64_t answer_left; /* bytes its Content-Length still promises, -1: no such promise */
    bool answer_is_chunked;
    size_t pass_size; /* written in this turn */
};

extern const struct http_stream_ops http1_stream_ops;

void http1_continue(struct http1 *h);
/* Answers what is no request; the connection ends. */
void http1_refuse(struct http1 *h, int status);
/* Writes what can be written; true: the answer is complete. */
bool http1_answer_write(struct http1 *h);

#endif
