/* The event ring: references to the objects before and after each change, bounded by the bytes that
 * nothing else keeps alive (32 MiB), but never fewer than 1,024 events. Called by sink.c for every
 * event and by cursors. Loop thread. */
#include "config.h"

#include "apiserver/sink_ring.h"

#include "api/object.h"
#include "base/buf.h"
#include "base/mem.h"

enum { RING_BYTES = 32 << 20, RING_MIN = 1024, ROW_MIN = 16 };

void
sink_ring_init(struct sink_ring *ring, const struct sink_limits *limits)
{
    if (limits != NULL) {
        ring->limits = *limits;
    }
    if (ring->limits.ring_bytes == 0) {
        ring->limits.ring_bytes = RING_BYTES;
    }
    if (ring->limits.ring_min == 0) {
        ring->limits.ring_min = RING_MIN;
    }
}

void
sink_slot_free(struct sink_slot *slot)
{
    object_unref(slot->old);
    object_unref(slot->now);
    object_unref(slot->gone);
    for (size_t i = 0; i < SINK_ENCODINGS; i++) {
        buf_unref(slot->encodings[i].bytes);
    }
    mem_free(slot);
}

/* The oldest event of the ring is also the oldest of its row. */
static void
drop_oldest(struct sink_ring *ring)
{
    struct sink_slot *slot = ring->oldest;
    struct sink_row *row = slot->row;
    row->at[row->first & (row->capacity - 1)] = NULL;
    row->first++;
    row->floor_rev = slot->rev;
    ring->oldest = slot->next;
    if (ring->oldest == NULL) {
        ring->newest = NULL;
    }
    ring->bytes -= slot->cost;
    ring->len--;
    sink_slot_free(slot);
}

void
sink_ring_done(struct sink_ring *ring)
{
    while (ring->oldest != NULL) {
        drop_oldest(ring);
    }
}

void
sink_row_done(struct sink_row *row)
{
    mem_free(row->at);
    row->at = NULL;
}

static void
grow(struct sink_row *row)
{
    size_t capacity = row->capacity == 0 ? ROW_MIN : row->capacity * 2;
    struct sink_slot **at = mem_new_array(capacity, sizeof(struct sink_slot *));
    for (uint64_t seq = row->first; seq < row->next; seq++) {
        at[seq & (capacity - 1)] = row->at[seq & (row->capacity - 1)];
    }
    mem_free(row->at);
    row->at = at;
    row->capacity = capacity;
}

void
sink_ring_push(struct sink_ring *ring, struct sink_row *row, uint64_t rev, struct object *old,
               struct object *now)
{
    struct sink_slot *slot = MEM_NEW(struct sink_slot);
    slot->rev = rev;
    slot->old = old;
    slot->now = now;
    slot->row = row;
    slot->cost = sizeof(*slot) + (old == NULL ? 0 : object_size(old));
    if (row->next - row->first == row->capacity) {
        grow(row);
    }
    row->at[row->next & (row->capacity - 1)] = slot;
    row->next++;
    if (ring->newest == NULL) {
        ring->oldest = slot;
    } else {
        ring->newest->next = slot;
    }
    ring->newest = slot;
    ring->bytes += slot->cost;
    ring->len++;
    while (ring->bytes > ring->limits.ring_bytes && ring->len > ring->limits.ring_min) {
        drop_oldest(ring);
    }
}

struct sink_slot *
sink_row_at(const struct sink_row *row, uint64_t seq)
{
    return seq < row->first || seq >= row->next ? NULL : row->at[seq & (row->capacity - 1)];
}

uint64_t
sink_row_seek(const struct sink_row *row, uint64_t rev)
{
    uint64_t low = row->first;
    uint64_t high = row->next;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (sink_row_at(row, middle)->rev > rev) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
