/* The ring of recent events, one row per resource over one budget.  Loop thread; sink*.c only. */
#ifndef BINNACLE_APISERVER_SINK_RING_H
#define BINNACLE_APISERVER_SINK_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/sink.h"

struct resource;

struct sink_slot {
    uint64_t rev;
    struct object *old, *now, *gone; /* references; gone is made on demand */
    struct {
        uint32_t id;
        struct buf *bytes;
    } encodings[SINK_ENCODINGS];
    struct sink_row *row;
    struct sink_slot *next; /* in the order of the whole ring */
    size_t cost;            /* bytes that only the ring keeps alive */
};
/* Events of one resource, addressed by a sequence number that never repeats. */
struct sink_row {
    struct sink_slot **at; /* circular, capacity is a power of two */
    size_t capacity;
    uint64_t first, next; /* sequence numbers of the oldest one kept and of the one to come */
    uint64_t floor_rev;   /* every event behind this revision is in the row */
};
struct sink_ring {
    struct sink_slot *oldest, *newest;
    size_t bytes, len;
    struct sink_limits limits;
};

void sink_ring_init(struct sink_ring *ring, const struct sink_limits *limits);
void sink_ring_done(struct sink_ring *ring);
void sink_row_done(struct sink_row *row); /* after the ring is done */
/* Takes over the references; drops the oldest events beyond the budget. */
void sink_ring_push(struct sink_ring *ring, struct sink_row *row, uint64_t rev, struct object *old,
                    struct object *now);
struct sink_slot *sink_row_at(const struct sink_row *row, uint64_t seq); /* NULL: not there */
/* The sequence number of the first event behind rev. */
uint64_t sink_row_seek(const struct sink_row *row, uint64_t rev);
void sink_slot_free(struct sink_slot *slot);

#endif
