/* GET …/NAME/history: what an object was, and who changed it, with what, because of what. */
#ifndef BINNACLE_APISERVER_REST_HISTORY_H
#define BINNACLE_APISERVER_REST_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/origin.h"
#include "base/vec.h"

struct apiserver;
struct arena;
struct buf;
struct req;
struct resource;

/* One revision of the object; texts in the history's arena. */
struct rest_history_row {
    uint64_t rev, create_rev, cause_rev;
    int64_t time_ms;
    struct origin origin;
    struct buf *value; /* referenced; NULL: deleted */
};
/* A revision, of any object, that caused another. */
struct rest_history_cause {
    uint64_t rev, cause_rev;
    int64_t time_ms;
    struct origin origin;
    struct str group, plural, ns, name;
    bool is_kept;    /* its row is still there */
    bool is_allowed; /* who asks may read that object */
};
/* An answer while it is made. */
struct rest_history {
    struct req *req;
    struct arena *arena;
    const struct resource *resource;   /* of what is stored */
    size_t limit, shown;               /* rows asked for; rows that are answered */
    VEC(struct rest_history_row) rows; /* newest first, one more than shown when it is there */
    size_t size_bytes;                 /* of the rows' values */
    bool is_cut;                       /* there are older rows */
    VEC(struct rest_history_cause) causes;
    uint64_t asked_rev; /* the cause that is looked up */
    bool is_found;
    struct str json;
};
enum { REST_HISTORY_DEPTH = 64 /* links of a chain of causes that are followed */ };

void rest_history_mount(struct apiserver *server);
/* The cause with that revision, NULL: not looked up. */
const struct rest_history_cause *rest_history_cause(const struct rest_history *history,
                                                    uint64_t rev);
/* rest_history_write.c: the answer, of rows and causes alone. Any thread. */
void rest_history_write(struct rest_history *history);

#endif
