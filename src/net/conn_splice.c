/* Two streams joined: what one says the other hears.  Used by reach, port-forward and the agent's
 * tunnels, on the loop thread.  Bounded memory: one buffer each way, read only when it is empty. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>

#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"

enum {
    CONN_SPLICE_SIZE = 16 << 10,
    CONN_SPLICE_ROUNDS = 16, /* buffers moved in one turn, then others get theirs */
};

struct conn_way {
    struct conn *from, *to; /* borrowed from the splice */
    size_t begin, end;      /* what is in the buffer */
    bool is_over;           /* from has ended and to was told */
    bool must_write;        /* to takes nothing now */
    char buffer[CONN_SPLICE_SIZE];
};

struct conn_splice {
    struct loop *loop;
    struct conn *conn[2];
    struct conn_way *way[2]; /* way[i] reads from conn[i] */
    bool is_ending;
    void (*done)(void *ctx);
    void *ctx;
};

static void conn_splice_ready(void *ctx, int ready);
static int conn_way_move(struct conn_way *way);
static void conn_splice_want(struct conn_splice *splice);
static void conn_splice_end(void *ctx);

struct conn_splice *
conn_splice(struct loop *loop, struct conn *a, struct conn *b, void (*done)(void *ctx), void *ctx)
{
    struct conn_splice *splice = MEM_NEW(struct conn_splice);

    splice->loop = loop;
    splice->conn[0] = a;
    splice->conn[1] = b;
    splice->done = done;
    splice->ctx = ctx;
    for (int i = 0; i < 2; i++) {
        splice->way[i] = MEM_NEW(struct conn_way);
        splice->way[i]->from = splice->conn[i];
        splice->way[i]->to = splice->conn[1 - i];
    }
    conn_splice_want(splice);
    return splice;
}

void
conn_splice_cancel(struct conn_splice *splice)
{
    if (splice->is_ending) {
        return;
    }
    splice->is_ending = true;
    for (int i = 0; i < 2; i++) {
        conn_want(splice->conn[i], 0, NULL, NULL);
    }
    loop_defer(splice->loop, conn_splice_end, splice);
}

/* Whichever end moved: both ways are tried, it costs one system call at most. */
static void
conn_splice_ready(void *ctx, int ready)
{
    struct conn_splice *splice = ctx;

    (void)ready;
    if (conn_way_move(splice->way[0]) < 0 || conn_way_move(splice->way[1]) < 0 ||
        (splice->way[0]->is_over && splice->way[1]->is_over)) {
        conn_splice_cancel(splice);
        return;
    }
    conn_splice_want(splice);
}

/* -1: one end is broken. */
static int
conn_way_move(struct conn_way *way)
{
    way->must_write = false;
    for (int round = 0; round < CONN_SPLICE_ROUNDS && !way->is_over; round++) {
        if (way->begin == way->end) {
            ssize_t size = conn_read(way->from, way->buffer, sizeof(way->buffer));

            if (size < 0) {
                return errno == EAGAIN ? 0 : -1;
            }
            if (size == 0) {
                way->is_over = true;
                conn_shut_write(way->to);
                return 0;
            }
            way->begin = 0;
            way->end = (size_t)size;
        }
        struct iovec iov = { way->buffer + way->begin, way->end - way->begin };
        ssize_t size = conn_writev(way->to, &iov, 1);

        if (size < 0) {
            way->must_write = errno == EAGAIN;
            return errno == EAGAIN ? 0 : -1;
        }
        way->begin += (size_t)size;
    }
    way->must_write = way->begin < way->end;
    return 0;
}

static void
conn_splice_want(struct conn_splice *splice)
{
    for (int i = 0; i < 2; i++) {
        const struct conn_way *out = splice->way[i];
        const struct conn_way *in = splice->way[1 - i];
        int ready =
            (out->is_over || out->must_write ? 0 : CONN_READ) | (in->must_write ? CONN_WRITE : 0);

        conn_want(splice->conn[i], ready, conn_splice_ready, splice);
    }
}

static void
conn_splice_end(void *ctx)
{
    struct conn_splice *splice = ctx;
    void (*done)(void *) = splice->done;
    void *done_ctx = splice->ctx;

    for (int i = 0; i < 2; i++) {
        conn_close(splice->conn[i]);
        mem_free(splice->way[i]);
    }
    mem_free(splice);
    done(done_ctx);
}
