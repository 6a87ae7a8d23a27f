/* Bodies of bytes that are already there.  Made by handlers, pulled by the streams, on the loop. */
#include "config.h" /* IWYU pragma: keep */

#include "net/body.h"

#include "base/buf.h"
#include "base/mem.h"

struct body_bytes {
    struct body body;
    struct buf *buf;
    size_t at; /* bytes given so far */
};

static enum pull_rc body_bytes_pull(struct body *body, struct iovec *iov, int *io_len,
                                    size_t max_bytes);
static void body_bytes_done(struct body *body);

struct body *
body_of_buf(struct buf *owned)
{
    struct body_bytes *b = MEM_NEW(struct body_bytes);

    b->body.pull = body_bytes_pull;
    b->body.done = body_bytes_done;
    b->body.size = owned == NULL ? 0 : (int64_t)owned->size;
    b->buf = owned;
    return &b->body;
}

struct body *
body_of_copy(struct str bytes)
{
    return body_of_buf(buf_copy(bytes));
}

void
body_free(struct body *body)
{
    if (body != NULL) {
        body->done(body);
    }
}

static enum pull_rc
body_bytes_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct body_bytes *b = container_of(body, struct body_bytes, body);
    struct str all = buf_str(b->buf);
    size_t size = all.size - b->at < max_bytes ? all.size - b->at : max_bytes;

    if (size > 0) {
        iov[0] = (struct iovec){ (char *)(uintptr_t)all.at + b->at, size };
    }
    *io_len = size == 0 ? 0 : 1;
    b->at += size;
    return b->at == all.size ? PULL_END : PULL_MORE;
}

static void
body_bytes_done(struct body *body)
{
    struct body_bytes *b = container_of(body, struct body_bytes, body);

    buf_unref(b->buf);
    mem_free(b);
}
