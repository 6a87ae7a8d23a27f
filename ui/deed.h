/* Changes to the cluster that are asked for in a table: the question, then the calls, then a line
 * about what came of it.  Console's thread.
 *
 * A deed holds the uids that it was asked for: what has another uid by then is left alone. It lives
 * on when its view is closed. */
#ifndef BINNACLE_UI_DEED_H
#define BINNACLE_UI_DEED_H

#include <stdbool.h>

struct deed;
struct resource;
struct table;
struct view;

/* Of the rows that table_chosen gives. force_now: with grace period 0 preset. */
void deed_delete(struct view *view, const struct resource *resource, struct table *table,
                 bool force_now);
void deed_scale(struct view *view, const struct resource *resource, struct table *table);
void deed_restart(struct view *view, const struct resource *resource, struct table *table);
void deed_cordon(struct view *view, const struct resource *resource, struct table *table,
                 bool cordons);

/* All deeds of a console, so that it can give them up at its end. */
struct deeds {
    struct deed *first;
};
void deed_drop_all(struct deeds *deeds);

#endif
