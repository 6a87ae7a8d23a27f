/* Bytes on their way into a pulled body, with what keeps them alive.  Loop thread. */
#ifndef BINNACLE_APISERVER_PIECES_H
#define BINNACLE_APISERVER_PIECES_H

#include <stddef.h>
#include <sys/uio.h>

#include "base/str.h"

struct buf;
struct object;

enum { PIECES_MAX = 16 };
struct piece {
    struct str bytes;
    struct object *object; /* a reference, or NULL */
    struct buf *buf;       /* a reference, or NULL */
};
struct pieces {
    struct piece at[PIECES_MAX];
    size_t first, len; /* a circle: the oldest one, and how many */
    size_t offset;     /* bytes of the oldest one that were taken */
    size_t taken;      /* whole pieces given by the last take: let go by the next one */
    size_t size;       /* bytes that wait */
};

size_t pieces_room(const struct pieces *pieces);
/* Static or otherwise long-lived bytes: both NULL. Takes over the reference given. */
void pieces_put(struct pieces *pieces, struct str bytes, struct object *object, struct buf *buf);
/* Lets go of what the last call gave and gives the next bytes, at most max_bytes in len iovecs. */
int pieces_take(struct pieces *pieces, struct iovec *iov, int len, size_t max_bytes);
void pieces_done(struct pieces *pieces); /* lets go of everything */

#endif
