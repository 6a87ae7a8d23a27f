/* A search that may take long, in slices between which keys and frames get their turn.  Console's
 * thread. */
#ifndef BINNACLE_UI_HUNT_H
#define BINNACLE_UI_HUNT_H

#include <stdbool.h>

#include "base/str.h"

struct loop_timer;
struct pager;
struct ui;

struct hunt {
    struct ui *ui;
    struct pager *pager;
    struct loop_timer *next; /* the next slice, NULL: it is over */
    int step;
    bool is_final; /* says so when there is nothing */
};

void hunt_init(struct hunt *hunt, struct ui *ui, struct pager *pager);
void hunt_stop(struct hunt *hunt); /* also its end */
/* To the next match (step 1) or the one before (-1) of what is searched for. */
void hunt_step(struct hunt *hunt, int step);
/* To the first match of a text, from where one is on, else before that. is_final: typed to its end. */
void hunt_text(struct hunt *hunt, struct str text, bool is_final);
bool hunt_is_on(const struct hunt *hunt);

#endif
