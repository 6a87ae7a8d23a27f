/* The filter of a table: terms joined by "and", on all cells or one column.  Console's thread.
 *
 *   rx        a regular expression (extended, case ignored) somewhere in the joined cells
 *   !term     not that
 *   col:rx    only in that column        col>n col<n   numbers, quantities, ages ("5m")
 *   -f abc    letters in this order      -l sel        a label selector, for the server
 *
 * What is no regular expression yet, while it is typed, is taken as plain text. */
#ifndef BINNACLE_UI_FILTER_H
#define BINNACLE_UI_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { FILTER_TERMS_MAX = 16 };

struct filter;

enum filter_unit { FILTER_TEXT, FILTER_NUMBER, FILTER_SECONDS };
struct filter_cell {
    struct str text; /* {NULL,0}: no such column */
    enum filter_unit unit;
    double number; /* unless FILTER_TEXT */
};
/* What a filter looks at. */
struct filter_row {
    const char *text; /* the joined cells, NUL-terminated */
    const void *ctx;
    struct filter_cell (*cell)(const void *ctx, struct str column); /* by name, any case */
};

struct filter *filter_new(struct str text); /* NULL when there is nothing to filter by */
void filter_free(struct filter *filter);
struct str filter_text(const struct filter *filter);     /* as typed */
struct str filter_selector(const struct filter *filter); /* of -l, "" none */
bool filter_matches(const struct filter *filter, const struct filter_row *row);
/* A number as filters and sorting read it: "3", "1.5", "200m", "64Mi"; in FILTER_SECONDS "2d3h". */
bool filter_number(struct str text, enum filter_unit unit, double *ret);

#endif
