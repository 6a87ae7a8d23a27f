/* One cell of a Table row, as columns' functions write it.  Pure. */
#ifndef BINNACLE_API_CELL_H
#define BINNACLE_API_CELL_H

#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct object;

/* What a column's function writes into: exactly one JSON value per call. */
struct cell {
    struct jw *out;
    struct arena *arena;
    int64_t now_ms;
    const struct object *object;
};
void cell_str(struct cell *cell, struct str text);
void cell_int(struct cell *cell, int64_t value);
void cell_age(struct cell *cell, struct str time); /* "5m", "<unknown>" when absent */

#endif
