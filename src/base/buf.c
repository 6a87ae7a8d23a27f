/* Counted bytes: filled once by their maker, then shared by loop, store threads, jobs and streams
 * without a lock.  Any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/buf.h"

#include <assert.h>
#include <stdint.h>

#include "base/mem.h"

struct buf *
buf_new(size_t size_bytes)
{
    assert(size_bytes < SIZE_MAX - sizeof(struct buf));
    struct buf *buf = mem_new_raw(sizeof(*buf) + size_bytes + 1);

    atomic_init(&buf->refs, 1);
    buf->size = size_bytes;
    buf->at[size_bytes] = '\0';
    return buf;
}

struct buf *
buf_copy(struct str bytes)
{
    struct buf *buf = buf_new(bytes.size);

    if (bytes.size > 0) {
        memcpy(buf->at, bytes.at, bytes.size);
    }
    return buf;
}

struct buf *
buf_ref(struct buf *buf)
{
    if (buf != NULL) {
        atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
    }
    return buf;
}

void
buf_unref(struct buf *buf)
{
    if (buf == NULL) {
        return;
    }
    /* Acquire and release: the last owner sees all that the others did before it frees. */
    unsigned before = atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel);

    assert(before > 0);
    if (before == 1) {
        mem_free(buf);
    }
}

void
buf_cleanup(struct buf **buf)
{
    buf_unref(*buf);
    *buf = NULL;
}
