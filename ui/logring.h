/* Lines in a ring of bytes: the oldest go when it is full.  Console's thread; no I/O. */
#ifndef BINNACLE_UI_LOGRING_H
#define BINNACLE_UI_LOGRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"

enum { LOGRING_LINE_MAX = 16 * 1024 }; /* bytes; longer ones go on in the next line */

struct logring_line {
    uint64_t at; /* byte since the beginning of time */
    uint32_t size;
    uint32_t text_at; /* behind the time stamp; 0: it has none */
};
struct logring {
    char *bytes;
    size_t capacity, allocated;     /* allocated: grows up to capacity */
    uint64_t end_byte;              /* of the newest line */
    VEC(struct logring_line) lines; /* a ring, too: line n at n % capacity */
    uint64_t first, end;            /* numbers of the lines that are there */
    struct str_builder partial;     /* a line whose end has not come */
    int64_t known_us;               /* lines up to this time are there already, 0: none */
};

void logring_init(struct logring *ring, size_t capacity_bytes);
void logring_done(struct logring *ring);
void logring_clear(struct logring *ring); /* numbers go on */
/* The stream begins anew, at the newest line or before it: lines that are there are left out. Time
 * of that line, {NULL,0} when there is none. */
struct str logring_resume(struct logring *ring);
/* Bytes as they come, in any pieces; cleaned here. Time stamps (RFC 3339 and a blank) are told from
 * the text when has_times. */
void logring_add(struct logring *ring, const void *bytes, size_t size, bool has_times);
void logring_flush(struct logring *ring, bool has_times); /* the partial line is a line */
/* {NULL,0}: it is not there (any more). */
struct str logring_line(const struct logring *ring, uint64_t number, bool with_time);

#endif
