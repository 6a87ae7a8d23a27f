/* The ring of log lines.  Called by the log view for what the stream brings; console's thread.
 *
 * A line's bytes stand in one piece: one that would wrap round begins at the front, and the rest of
 * the end is skipped. Memory is taken as it is needed, up to the capacity. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/logring.h"

#include "base/clock.h"
#include "ui/text.h"

enum { FIRST_BYTES = 256 * 1024, FIRST_LINES = 4096 };

void
logring_init(struct logring *ring, size_t capacity_bytes)
{
    *ring = (struct logring){ .capacity = capacity_bytes };
}

void
logring_done(struct logring *ring)
{
    mem_free(ring->bytes);
    mem_free(ring->lines.at);
    str_done(&ring->partial);
    *ring = (struct logring){ 0 };
}

void
logring_clear(struct logring *ring)
{
    ring->first = ring->end;
}

static struct logring_line *
slot(const struct logring *ring, uint64_t number)
{
    return &ring->lines.at[number % ring->lines.capacity];
}

struct str
logring_resume(struct logring *ring)
{
    const struct logring_line *last;
    struct str time;

    ring->partial.size = 0;
    ring->known_us = 0;
    if (ring->first == ring->end) {
        return (struct str){ 0 };
    }
    last = slot(ring, ring->end - 1);
    if (last->text_at == 0) {
        return (struct str){ 0 };
    }
    time = str_slice(ring->bytes + last->at % ring->allocated, last->text_at - 1);
    return clock_parse(time, &ring->known_us) == 0 ? time : (struct str){ 0 };
}

/* Room for one more line: the table of lines doubles, its numbers move to their new places. */
static void
grow_lines(struct logring *ring)
{
    size_t capacity = ring->lines.capacity == 0 ? FIRST_LINES : ring->lines.capacity * 2;
    struct logring_line *at;

    if (ring->end - ring->first < ring->lines.capacity) {
        return;
    }
    at = mem_new_array(capacity, sizeof(*at));
    for (uint64_t n = ring->first; n < ring->end; n++) {
        at[n % capacity] = *slot(ring, n);
    }
    mem_free(ring->lines.at);
    ring->lines.at = at;
    ring->lines.capacity = capacity;
}

/* While the ring is not at its full size it has never wrapped, so growing keeps the places. */
static void
grow_bytes(struct logring *ring, size_t size)
{
    size_t allocated = ring->allocated == 0 ? FIRST_BYTES : ring->allocated;

    while (allocated < ring->capacity && ring->end_byte + size > allocated) {
        allocated *= 2;
    }
    allocated = allocated > ring->capacity ? ring->capacity : allocated;
    if (allocated > ring->allocated) {
        ring->bytes = mem_resize(ring->bytes, allocated);
        ring->allocated = allocated;
    }
}

/* "2026-11-24T07:00:00.123456789Z text" */
static uint32_t
stamp_size(struct str line)
{
    size_t i = 0;

    while (i < line.size && i < 40 && line.at[i] != ' ') {
        i++;
    }
    return i >= 20 && i < line.size && line.at[i] == ' ' && line.at[4] == '-' && line.at[10] == 'T'
               ? (uint32_t)i + 1
               : 0;
}

/* Has this line been seen before the stream began anew? */
static bool
is_known(struct logring *ring, struct str line, uint32_t stamp)
{
    int64_t us = 0;

    if (ring->known_us == 0 || stamp == 0 || clock_parse(str_slice(line.at, stamp - 1), &us) != 0) {
        return false;
    }
    if (us <= ring->known_us) {
        return true;
    }
    ring->known_us = 0; /* lines come in the order of their times */
    return false;
}

static void
put_line(struct logring *ring, struct str line, bool has_times)
{
    struct logring_line entry = { .size = (uint32_t)line.size };
    uint64_t rest;

    entry.text_at = has_times ? stamp_size(line) : 0;
    if (line.size > ring->capacity || is_known(ring, line, entry.text_at)) {
        return;
    }
    grow_bytes(ring, line.size);
    rest = ring->allocated - ring->end_byte % ring->allocated;
    entry.at = rest < line.size ? ring->end_byte + rest : ring->end_byte;
    ring->end_byte = entry.at + line.size;
    while (ring->first < ring->end &&
           slot(ring, ring->first)->at + ring->allocated < ring->end_byte) {
        ring->first++;
    }
    grow_lines(ring);
    *slot(ring, ring->end) = entry;
    ring->end++;
    if (line.size > 0) {
        memcpy(ring->bytes + entry.at % ring->allocated, line.at, line.size);
    }
}

static void
add_line(struct logring *ring, struct str line, bool has_times)
{
    AUTO_STR struct str_builder clean = { 0 };

    if (text_is_clean(line)) {
        put_line(ring, line, has_times);
    } else {
        text_clean(&clean, line, false);
        put_line(ring, str_view(&clean), has_times);
    }
}

void
logring_add(struct logring *ring, const void *bytes, size_t size, bool has_times)
{
    struct str rest = { bytes, size };

    while (rest.size > 0) {
        const char *end = memchr(rest.at, '\n', rest.size);
        size_t piece = end == NULL ? rest.size : (size_t)(end - rest.at);
        size_t room = LOGRING_LINE_MAX - ring->partial.size;
        bool is_cut = piece > room;
        struct str part = str_slice(rest.at, is_cut ? room : piece);
        size_t taken = part.size + (!is_cut && end != NULL ? 1 : 0);
        if (!is_cut && end == NULL) {
            str_put(&ring->partial, part);
        } else if (ring->partial.size == 0) {
            add_line(ring, part, has_times);
        } else {
            str_put(&ring->partial, part);
            add_line(ring, str_view(&ring->partial), has_times);
            ring->partial.size = 0;
        }
        rest = str_slice(rest.at + taken, rest.size - taken);
    }
}

void
logring_flush(struct logring *ring, bool has_times)
{
    if (ring->partial.size > 0) {
        add_line(ring, str_view(&ring->partial), has_times);
        ring->partial.size = 0;
    }
}

struct str
logring_line(const struct logring *ring, uint64_t number, bool with_time)
{
    const struct logring_line *line;
    uint32_t skip;

    if (number < ring->first || number >= ring->end) {
        return (struct str){ 0 };
    }
    line = slot(ring, number);
    skip = with_time ? 0 : line->text_at;
    return str_slice(ring->bytes + line->at % ring->allocated + skip, line->size - skip);
}
