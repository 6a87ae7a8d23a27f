/* One Machine as the console follows it: added, read again at each change, its question answered.
 * Console's thread. */
#ifndef BINNACLE_UI_MACHINE_LANE_H
#define BINNACLE_UI_MACHINE_LANE_H

#include <stdbool.h>

#include "base/doc.h"
#include "base/str.h"
#include "client/machine_target.h"
#include "ui/grid.h"

struct arena;
struct dialog;
struct resource;
struct view;

struct machine_lane {
    struct view *view; /* whose asks and dialog it uses */
    const struct resource *machines;
    void (*changed)(struct machine_lane *lane);
    char *name;
    struct arena *arena; /* of the object */
    struct val object;   /* absent: not read yet */
    char *problem;       /* why not, or not anew; NULL: none */
    bool is_reading, is_stale;
    bool was_read;                       /* it was there once */
    bool wants_again;                    /* the steps are to run once more when it has been read */
    bool wants_removal, forgets;         /* it is to be taken out then; only forgotten */
    const struct machine_target *target; /* that it is added for; NULL: it was there */
    const struct machine_target_extra *extra;
    char put_off[64]; /* question that was answered or left for later */
};

void machine_lane_done(struct machine_lane *lane);
void machine_lane_add(struct machine_lane *lane);  /* creates it, or runs its steps again */
void machine_lane_read(struct machine_lane *lane); /* something changed */
void machine_lane_gone(struct machine_lane *lane);
void machine_lane_again(struct machine_lane *lane);

struct str machine_lane_phase(const struct machine_lane *lane);
enum role machine_lane_role(const struct machine_lane *lane); /* of its phase */
/* The question that stands; "" none. */
struct str machine_lane_question(const struct machine_lane *lane);
/* A dialog for it. The lane outlives the dialog. */
struct dialog *machine_lane_ask(struct machine_lane *lane);

#endif
