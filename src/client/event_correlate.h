/* What client-go's EventCorrelator decides: count again, combine, or drop.  No I/O; loop thread. */
#ifndef BINNACLE_CLIENT_EVENT_CORRELATE_H
#define BINNACLE_CLIENT_EVENT_CORRELATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "client/event.h"

struct event_correlator;

struct event_seen {
    struct event_regarding regarding;
    enum event_type type;
    const char *reason;
    struct str note;
    struct str name; /* that a new Event would get */
    int64_t now_ms;  /* wall time */
};
struct event_verdict {
    bool is_dropped;  /* the spam filter says so */
    bool is_combined; /* many similar ones: the note gets a prefix */
    int64_t count;    /* above 1: the Event `name` is there, its count becomes this */
    int64_t first_ms; /* when it was seen first */
    struct str name;  /* valid until the next event_correlate */
};

/* One per component and host: these are not part of the keys. */
struct event_correlator *event_correlator_new(void);
void event_correlator_free(struct event_correlator *correlator);
void event_correlate(struct event_correlator *correlator, const struct event_seen *seen,
                     struct event_verdict *ret);

#endif
