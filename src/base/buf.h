/* Counted, immutable-after-fill bytes: what crosses threads and outlives a call. */
#ifndef BINNACLE_BASE_BUF_H
#define BINNACLE_BASE_BUF_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

struct buf {
    atomic_uint refs;
    size_t size; /* bytes in at[] */
    char at[];   /* followed by one NUL that size does not count */
};

struct buf *buf_new(size_t size_bytes); /* one reference; fill at[] before sharing */
struct buf *buf_copy(struct str bytes); /* one reference */
struct buf *buf_ref(struct buf *buf);   /* NULL gives NULL */
void buf_unref(struct buf *buf);        /* NULL allowed */
static inline struct str
buf_str(const struct buf *buf)
{
    return buf == NULL ? (struct str){ 0 } : (struct str){ buf->at, buf->size };
}
void buf_cleanup(struct buf **buf);
#define AUTO_BUF AUTO(buf_cleanup)

#endif
