/* One cell of a Table row, as columns' functions write it.  Pure. */
#ifndef BINNACLE_API_CELL_H
#define BINNACLE_API_CELL_H

#include <stdbool.h>
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
/* metadata.creationTimestamp as an age: a column's function. */
void cell_age_of(struct cell *cell, struct val object);
/* The text, or what stands for none. */
void cell_str_or(struct cell *cell, struct str text, const char *or_else);
void cell_bool(struct cell *cell, bool value);
void cell_count(struct cell *cell, struct val list_or_map, struct val more); /* members of both */
/* "app=web,tier=front" of matchLabels and expressions; "<none>" for nothing. */
void cell_selector(struct cell *cell, struct val label_selector);
/* Names or images of a pod template's containers, comma between. */
void cell_containers(struct cell *cell, struct val pod_spec, const char *member);
/* Items of a list joined by ','. */
void cell_joined(struct cell *cell, struct val list, const char *or_else);

#endif
