/* gzip over any body, as it is pulled.  Asked for by handlers, on the loop thread: level 1 does
 * 300 MB/s, so one pull stays far below a millisecond. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <zlib.h>

#include "base/mem.h"
#include "net/body.h"

enum {
    BODY_GZIP_LEVEL = 1,
    BODY_GZIP_WINDOW = 15 + 16, /* with gzip's own header */
    BODY_GZIP_MEMORY = 8,
    BODY_GZIP_IN_SIZE = 16 << 10, /* asked of the inner body in one pull */
    BODY_GZIP_ROUNDS = 8,         /* inner pulls in one of ours */
};

struct body_gzip {
    struct body body;
    struct body *inner; /* owned */
    z_stream z;
    bool has_pending; /* bytes went in since the last flush */
    bool is_over;     /* the trailer is in out */
    char *out;        /* compressed, not given yet */
    size_t out_at, out_size, out_capacity;
};

static enum pull_rc body_gzip_pull(struct body *body, struct iovec *iov, int *io_len,
                                   size_t max_bytes);
static enum pull_rc body_gzip_feed(struct body_gzip *g);
static void body_gzip_done(struct body *body);
static void body_gzip_woken(struct body *inner);
static void body_gzip_deflate(struct body_gzip *g, struct iovec in, int flush);

struct body *
body_gzip(struct body *inner)
{
    struct body_gzip *g = MEM_NEW(struct body_gzip);
    int rc = deflateInit2(&g->z, BODY_GZIP_LEVEL, Z_DEFLATED, BODY_GZIP_WINDOW, BODY_GZIP_MEMORY,
                          Z_DEFAULT_STRATEGY);

    assert(rc == Z_OK); /* as any allocation */
    (void)rc;
    g->body.pull = body_gzip_pull;
    g->body.done = body_gzip_done;
    g->body.size = -1;
    g->inner = inner;
    inner->wake = body_gzip_woken;
    inner->stream = g;
    return &g->body;
}

static enum pull_rc
body_gzip_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct body_gzip *g = container_of(body, struct body_gzip, body);

    if (g->out_at == g->out_size) {
        g->out_at = g->out_size = 0; /* what the last pull gave was taken */
    }
    for (int round = 0; round < BODY_GZIP_ROUNDS && g->out_size == 0 && !g->is_over; round++) {
        enum pull_rc rc = body_gzip_feed(g);

        if (rc == PULL_ABORT || (rc == PULL_WAIT && g->out_size == 0)) {
            *io_len = 0;
            return rc;
        }
    }
    size_t size = g->out_size - g->out_at;

    size = size < max_bytes ? size : max_bytes;
    if (size > 0) {
        iov[0] = (struct iovec){ g->out + g->out_at, size };
    }
    *io_len = size == 0 ? 0 : 1;
    g->out_at += size;
    return g->is_over && g->out_at == g->out_size ? PULL_END : PULL_MORE;
}

/* One pull of the inner body into out. */
static enum pull_rc
body_gzip_feed(struct body_gzip *g)
{
    struct iovec in[BODY_IOV_MAX];
    int in_len = BODY_IOV_MAX;
    enum pull_rc rc = g->inner->pull(g->inner, in, &in_len, BODY_GZIP_IN_SIZE);

    if (rc == PULL_ABORT) {
        return rc;
    }
    for (int i = 0; i < in_len; i++) {
        body_gzip_deflate(g, in[i], Z_NO_FLUSH);
        g->has_pending |= in[i].iov_len > 0;
    }
    if (rc == PULL_END) {
        body_gzip_deflate(g, (struct iovec){ 0 }, Z_FINISH);
        g->is_over = true;
    } else if (rc == PULL_WAIT && g->has_pending) {
        body_gzip_deflate(g, (struct iovec){ 0 }, Z_SYNC_FLUSH); /* a watcher gets it now */
        g->has_pending = false;
    }
    return rc;
}

static void
body_gzip_done(struct body *body)
{
    struct body_gzip *g = container_of(body, struct body_gzip, body);

    (void)deflateEnd(&g->z); /* an unfinished stream is what it complains of */
    g->inner->done(g->inner);
    mem_free(g->out);
    mem_free(g);
}

static void
body_gzip_woken(struct body *inner)
{
    struct body_gzip *g = inner->stream;

    if (g->body.wake != NULL) {
        g->body.wake(&g->body);
    }
}

static void
body_gzip_deflate(struct body_gzip *g, struct iovec in, int flush)
{
    g->z.next_in = in.iov_base;
    g->z.avail_in = (unsigned)in.iov_len;
    do {
        if (g->out_capacity - g->out_size < BODY_GZIP_IN_SIZE) {
            g->out_capacity += 2 * BODY_GZIP_IN_SIZE;
            g->out = mem_resize(g->out, g->out_capacity);
        }
        g->z.next_out = (unsigned char *)g->out + g->out_size;
        g->z.avail_out = (unsigned)(g->out_capacity - g->out_size);
        (void)deflate(&g->z, flush); /* Z_BUF_ERROR: nothing was left to do */
        g->out_size = g->out_capacity - g->z.avail_out;
    } while (g->z.avail_out == 0);
}
