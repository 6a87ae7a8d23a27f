/* An in-memory stream with two ends: tests, fuzzers and local streams.  Loop thread.  Each way has
 * a ring of CONN_PAIR_SIZE bytes; readiness is delivered by deferred calls, level-triggered. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"

enum { CONN_PAIR_SIZE = 64 << 10 };

struct conn_ring {
    char *at; /* CONN_PAIR_SIZE bytes, allocated with the first write */
    size_t begin, size;
    bool is_shut; /* its writer has said all */
};

struct conn_mem; /* the pair */
struct conn_mem_end {
    struct conn conn;
    struct conn_mem *pair;
    struct conn_ring in; /* what this end reads */
    int wanted;
    conn_ready_fn *fn;
    void *ctx;
    bool is_closed;
};

struct conn_mem {
    struct loop *loop;
    struct conn_mem_end end[2];
    bool is_posted; /* conn_mem_fire is under way */
};

static ssize_t conn_mem_readv(struct conn *conn, const struct iovec *iov, int len);
static ssize_t conn_mem_writev(struct conn *conn, const struct iovec *iov, int len);
static void conn_mem_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx);
static void conn_mem_shut_write(struct conn *conn);
static void conn_mem_close(struct conn *conn);
static struct conn_mem_end *conn_mem_other(struct conn_mem_end *end);
static int conn_mem_ready(struct conn_mem_end *end);
static void conn_mem_post(struct conn_mem *pair);
static void conn_mem_fire(void *ctx);
static size_t conn_ring_put(struct conn_ring *ring, const char *from, size_t size);
static size_t conn_ring_get(struct conn_ring *ring, char *to, size_t size);

static const struct conn_ops conn_mem_ops = {
    .readv = conn_mem_readv,
    .writev = conn_mem_writev,
    .want = conn_mem_want,
    .shut_write = conn_mem_shut_write,
    .close = conn_mem_close,
};

void
conn_pair(struct loop *loop, struct conn *ret[2])
{
    struct conn_mem *pair = MEM_NEW(struct conn_mem);

    pair->loop = loop;
    for (int i = 0; i < 2; i++) {
        pair->end[i].conn.ops = &conn_mem_ops;
        pair->end[i].pair = pair;
        ret[i] = &pair->end[i].conn;
    }
}

static ssize_t
conn_mem_readv(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn_mem_end *end = (struct conn_mem_end *)conn;
    size_t total = 0;

    for (int i = 0; i < len; i++) {
        total += conn_ring_get(&end->in, iov[i].iov_base, iov[i].iov_len);
    }
    if (total > 0) {
        conn_mem_post(end->pair);
        return (ssize_t)total;
    }
    if (end->in.is_shut) {
        return 0;
    }
    errno = EAGAIN;
    return -1;
}

static ssize_t
conn_mem_writev(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn_mem_end *end = (struct conn_mem_end *)conn;
    struct conn_mem_end *other = conn_mem_other(end);
    size_t total = 0;

    if (other->is_closed || other->in.is_shut) {
        errno = EPIPE;
        return -1;
    }
    for (int i = 0; i < len; i++) {
        total += conn_ring_put(&other->in, iov[i].iov_base, iov[i].iov_len);
    }
    if (total > 0) {
        conn_mem_post(end->pair);
        return (ssize_t)total;
    }
    errno = EAGAIN;
    return -1;
}

static void
conn_mem_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx)
{
    struct conn_mem_end *end = (struct conn_mem_end *)conn;

    end->wanted = ready;
    end->fn = fn;
    end->ctx = ctx;
    conn_mem_post(end->pair);
}

static void
conn_mem_shut_write(struct conn *conn)
{
    struct conn_mem_end *end = (struct conn_mem_end *)conn;

    conn_mem_other(end)->in.is_shut = true;
    conn_mem_post(end->pair);
}

static void
conn_mem_close(struct conn *conn)
{
    struct conn_mem_end *end = (struct conn_mem_end *)conn;
    struct conn_mem *pair = end->pair;

    end->is_closed = true;
    end->wanted = 0;
    conn_mem_other(end)->in.is_shut = true;
    mem_free(end->in.at);
    end->in = (struct conn_ring){ .is_shut = end->in.is_shut };
    conn_mem_post(pair); /* the other end learns it; with both closed that call frees */
}

static struct conn_mem_end *
conn_mem_other(struct conn_mem_end *end)
{
    return end == &end->pair->end[0] ? &end->pair->end[1] : &end->pair->end[0];
}

static int
conn_mem_ready(struct conn_mem_end *end)
{
    const struct conn_mem_end *other = conn_mem_other(end);
    int ready = end->in.size > 0 || end->in.is_shut ? CONN_READ : 0;

    if (other->is_closed || other->in.is_shut || other->in.size < CONN_PAIR_SIZE) {
        ready |= CONN_WRITE;
    }
    return end->is_closed ? 0 : ready & end->wanted;
}

static void
conn_mem_post(struct conn_mem *pair)
{
    bool is_over = pair->end[0].is_closed && pair->end[1].is_closed;

    if (!pair->is_posted &&
        (is_over || conn_mem_ready(&pair->end[0]) != 0 || conn_mem_ready(&pair->end[1]) != 0)) {
        pair->is_posted = true;
        loop_defer(pair->loop, conn_mem_fire, pair);
    }
}

static void
conn_mem_fire(void *ctx)
{
    struct conn_mem *pair = ctx;

    for (int i = 0; i < 2; i++) {
        struct conn_mem_end *end = &pair->end[i];
        int ready = conn_mem_ready(end);

        if (ready != 0) {
            end->fn(end->ctx, ready);
        }
    }
    if (pair->end[0].is_closed && pair->end[1].is_closed) {
        mem_free(pair);
        return;
    }
    pair->is_posted = false;
    conn_mem_post(pair);
}

static size_t
conn_ring_put(struct conn_ring *ring, const char *from, size_t size)
{
    size_t room = CONN_PAIR_SIZE - ring->size;
    size_t end = (ring->begin + ring->size) % CONN_PAIR_SIZE;

    size = size < room ? size : room;
    if (size == 0) {
        return 0;
    }
    if (ring->at == NULL) {
        ring->at = mem_new(CONN_PAIR_SIZE);
    }
    size_t first = CONN_PAIR_SIZE - end < size ? CONN_PAIR_SIZE - end : size;

    memcpy(ring->at + end, from, first);
    memcpy(ring->at, from + first, size - first);
    ring->size += size;
    return size;
}

static size_t
conn_ring_get(struct conn_ring *ring, char *to, size_t size)
{
    size = size < ring->size ? size : ring->size;
    if (size == 0) {
        return 0;
    }
    size_t first = CONN_PAIR_SIZE - ring->begin < size ? CONN_PAIR_SIZE - ring->begin : size;

    memcpy(to, ring->at + ring->begin, first);
    memcpy(to + first, ring->at, size - first);
    ring->begin = (ring->begin + size) % CONN_PAIR_SIZE;
    ring->size -= size;
    return size;
}
