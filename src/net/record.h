/* Bytes on their way into a conn, one TLS record at a time.  Loop thread.
 *
 * What is added gathers in a stage of RECORD_SIZE bytes that all connections of one owner share, so
 * an idle or flowing connection has no buffer of its own. When the conn takes no more, the rest
 * moves into a buffer of the connection, nothing can be added until that has left, and order is
 * kept. A pass that adds ends with record_flush. */
#ifndef BINNACLE_NET_RECORD_H
#define BINNACLE_NET_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct conn;

enum { RECORD_SIZE = 16384 };

struct record {
    struct conn *conn; /* borrowed */
    char *stage;       /* borrowed, RECORD_SIZE bytes */
    size_t size;       /* bytes in stage */
    char *left;        /* what the conn did not take, NULL: nothing */
    size_t left_at, left_size;
    int64_t blocked_ms; /* since when no byte has moved, 0: not blocked */
    bool is_broken;     /* the conn failed: nothing leaves any more */
};

static inline bool
record_is_blocked(const struct record *r)
{
    return r->left != NULL;
}
/* Room without flushing; 0 while blocked or broken. */
static inline size_t
record_room(const struct record *r)
{
    return r->left != NULL || r->is_broken ? 0 : RECORD_SIZE - r->size;
}
/* Makes room for at least `size` ≤ RECORD_SIZE bytes by flushing when needed; false: blocked. */
bool record_need(struct record *r, size_t size);
/* Where the next bytes go, up to record_room; then record_added. */
static inline char *
record_end(struct record *r)
{
    return r->stage + r->size;
}
static inline void
record_added(struct record *r, size_t size)
{
    r->size += size;
}
/* Adds what there is room for, flushing as needed → bytes taken, less than all when blocked. */
size_t record_put(struct record *r, struct str bytes);
/* Writes; true: nothing is left. */
bool record_flush(struct record *r);
/* The end of a turn: flushes. → there is room again that the writer was denied earlier in the turn:
 * it must be asked once more, as no descriptor tells of room that came before anybody waited. */
bool record_settle(struct record *r);
/* Everything not yet written, for a connection that changes hands; the record is empty then. */
void record_take(struct record *r, struct str_builder *to);
void record_done(struct record *r);

#endif
