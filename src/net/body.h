/* Answers are pulled, request bodies are pushed.  Loop thread.  CONTRACTS §6. */
#ifndef BINNACLE_NET_BODY_H
#define BINNACLE_NET_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/str.h"

struct arena;
struct buf;
struct err;

enum pull_rc { PULL_MORE, PULL_WAIT, PULL_END, PULL_ABORT };
enum { BODY_IOV_MAX = 16 };

struct body {
    /* Called only when the stream can send, at most 2 ms a call. Gives up to *io_len pieces of at
     * most max_bytes in all; the stream takes all of them before it returns (they live that long).
     * END may come with bytes. After WAIT the body owes one wake(). ABORT cuts the stream. */
    enum pull_rc (*pull)(struct body *, struct iovec *iov, int *io_len, size_t max_bytes);
    void (*done)(struct body *); /* exactly once: sent, or the peer went away; frees */
    void (*wake)(struct body *); /* set by the stream */
    void *stream;                /* the stream's own */
    int64_t size;                /* Content-Length when known, else -1 */
};

struct intake {
    /* Takes bytes; 0: stop reading until wake(). end comes once, maybe with no bytes. */
    ssize_t (*push)(struct intake *, const void *bytes, size_t size, bool end);
    void (*done)(struct intake *, struct err *owned); /* exactly once; err: it did not all arrive */
    void (*wake)(struct intake *);                    /* set by the stream */
    void *stream;
};

/* One piece of counted bytes (takes the reference), or bytes copied. */
struct body *body_of_buf(struct buf *owned);
struct body *body_of_copy(struct str bytes);
/* gzip over a body (level 1); size becomes -1. */
struct body *body_gzip(struct body *inner);
void body_free(struct body *body); /* for a body that no stream took: calls done */

#endif
