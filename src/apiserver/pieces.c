/* The queue between what makes an answer (objects, shared frames) and the stream that takes it in
 * parts: references instead of copies. Used by the bodies of encode*.c and rest_watch.c. */
#include "config.h"

#include "apiserver/pieces.h"

#include <assert.h>

#include "api/object.h"
#include "base/buf.h"

size_t
pieces_room(const struct pieces *pieces)
{
    return PIECES_MAX - pieces->len;
}

void
pieces_put(struct pieces *pieces, struct str bytes, struct object *object, struct buf *buf)
{
    assert(pieces->len < PIECES_MAX && bytes.size > 0);
    pieces->at[(pieces->first + pieces->len) % PIECES_MAX] =
        (struct piece){ .bytes = bytes, .object = object, .buf = buf };
    pieces->len++;
    pieces->size += bytes.size;
}

static void
drop(struct pieces *pieces, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        struct piece *piece = &pieces->at[pieces->first];
        object_unref(piece->object);
        buf_unref(piece->buf);
        *piece = (struct piece){ 0 };
        pieces->first = (pieces->first + 1) % PIECES_MAX;
        pieces->len--;
    }
}

int
pieces_take(struct pieces *pieces, struct iovec *iov, int len, size_t max_bytes)
{
    drop(pieces, pieces->taken);
    pieces->taken = 0;
    int count = 0;
    size_t at = 0;
    while (count < len && at < pieces->len && max_bytes > 0) {
        const struct piece *piece = &pieces->at[(pieces->first + at) % PIECES_MAX];
        size_t left = piece->bytes.size - pieces->offset;
        size_t size = left < max_bytes ? left : max_bytes;
        iov[count++] =
            (struct iovec){ .iov_base = (char *)(uintptr_t)piece->bytes.at + pieces->offset,
                            .iov_len = size };
        max_bytes -= size;
        pieces->size -= size;
        if (size < left) {
            pieces->offset += size;
            break;
        }
        pieces->offset = 0;
        at++;
    }
    pieces->taken = at;
    return count;
}

void
pieces_done(struct pieces *pieces)
{
    drop(pieces, pieces->len);
    pieces->taken = pieces->offset = pieces->size = 0;
}
