/* A byte stream of any kind: tcp, tls, unix, ssh, memory, tunnel.  Loop thread. */
#ifndef BINNACLE_NET_CONN_H
#define BINNACLE_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/str.h"

struct conn;
struct err;
struct loop;
struct tls_ctx;

enum conn_want { CONN_READ = 1, CONN_WRITE = 2 };
typedef void conn_ready_fn(void *ctx, int ready); /* CONN_READ | CONN_WRITE */

struct conn_ops {
    /* ≥ 0: bytes; 0 from readv: end of stream; -1 with errno EAGAIN: later; other errno: broken.
     * After EAGAIN from writev the same bytes must be offered again first: a tls conn has already
     * encrypted them. */
    ssize_t (*readv)(struct conn *, const struct iovec *, int len);
    ssize_t (*writev)(struct conn *, const struct iovec *, int len);
    void (*want)(struct conn *, int ready, conn_ready_fn *fn,
                 void *ctx); /* 0: nothing; level-triggered */
    void (*shut_write)(struct conn *);
    void (*close)(struct conn *); /* frees; no callback comes after */
};
struct conn {
    const struct conn_ops *ops;
};
static inline ssize_t
conn_read(struct conn *c, void *to, size_t size)
{
    struct iovec iov = { to, size };
    return c->ops->readv(c, &iov, 1);
}
static inline ssize_t
conn_writev(struct conn *c, const struct iovec *iov, int len)
{
    return c->ops->writev(c, iov, len);
}
static inline void
conn_want(struct conn *c, int ready, conn_ready_fn *fn, void *ctx)
{
    c->ops->want(c, ready, fn, ctx);
}
static inline void
conn_shut_write(struct conn *c)
{
    c->ops->shut_write(c);
}
static inline void
conn_close(struct conn *c)
{
    if (c != NULL) {
        c->ops->close(c);
    }
}

/* A connected non-blocking socket becomes a conn (the fd is owned). */
struct conn *conn_of_fd(struct loop *loop, int fd);
/* Both ends of an in-memory stream with a bounded buffer each way: tests, local streams. */
void conn_pair(struct loop *loop, struct conn *ret[2]);

typedef void conn_dial_fn(void *ctx, struct conn *conn, struct err *owned);
struct conn_dial;
/* conn, but what was already read from it comes first, and what is still to be written (may be
 * empty) leaves first: how a connection changes hands. Both are copied. */
struct conn *conn_with(struct loop *loop, struct conn *owned, struct str read_first,
                       struct str write_first);

/* Numeric address "10.0.0.1:6443", "[::1]:6443", or "unix:/path". done exactly once, later. */
struct conn_dial *conn_dial(struct loop *loop, const char *address, int64_t timeout_ms,
                            conn_dial_fn *done, void *ctx);
void conn_dial_cancel(struct conn_dial *dial); /* done with CANCELLED follows */

/* Copies bytes both ways until both ends are shut or one breaks, then closes both; done exactly
 * once, never inside the call. The splice is gone when done is called. */
struct conn_splice;
struct conn_splice *conn_splice(struct loop *loop, struct conn *a, struct conn *b,
                                void (*done)(void *ctx), void *ctx);
void conn_splice_cancel(struct conn_splice *splice); /* cuts; done follows */

#endif
