/* What GET …/history answers, as people read it: for `binnacle history` and the console.  Pure. */
#ifndef BINNACLE_CLIENT_HISTORY_H
#define BINNACLE_CLIENT_HISTORY_H

#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

/* One revision in a line. Control characters of foreign text are blanks by now. */
struct history_row {
    struct str rev;
    int64_t time_ms;       /* Unix time, 0: unknown */
    struct str who;        /* "kubernetes-admin", "deployment-controller", "bob (really admin)" */
    struct str with;       /* "kubectl scale", "binnacle-console" */
    struct str verb;       /* "patch scale" */
    struct str change;     /* "spec.replicas: 3 → 5", "created" */
    struct str because;    /* "812 by kubernetes-admin: kubectl scale"; absent: of itself */
    struct str author_rev; /* "812"; absent: likewise */
};
/* item: of the answer's items; texts live in the arena. */
void history_row(struct val item, struct arena *arena, struct history_row *ret);
/* All changes of one revision, a line "- path: old", "+ path: new" each, then what caused it. */
void history_details(struct val item, struct str_builder *out);

#endif
