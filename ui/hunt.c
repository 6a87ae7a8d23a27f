/* Searching in slices: a log of 32 MiB takes long to look through, and a key must be answered at once.
 * Called by the views on a pager; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/hunt.h"

#include "base/clock.h"
#include "base/loop.h"
#include "ui/pager.h"
#include "ui/ui.h"

/* Of a slice: what a millisecond is enough for, also with a regular expression. */
enum { SLICE_BYTES = 64 << 10 };

static void
go_on(void *ctx)
{
    struct hunt *hunt = ctx;

    hunt->next = NULL;
    switch (pager_hunt_slice(hunt->pager, SLICE_BYTES)) {
    case PAGER_MORE:
        /* What is due already runs in the next round, after input and output. */
        hunt->next = loop_timer(ui_loop(hunt->ui), clock_mono_ms(), go_on, hunt);
        return;
    case PAGER_NOTHING:
        if (hunt->is_final) {
            ui_flash(hunt->ui, ROLE_WARN, "no match%s",
                     hunt->step == 0  ? ""
                     : hunt->step > 0 ? " below"
                                      : " above");
        }
        break;
    case PAGER_FOUND:
    default:
        break;
    }
    ui_dirty(hunt->ui);
}

void
hunt_init(struct hunt *hunt, struct ui *ui, struct pager *pager)
{
    *hunt = (struct hunt){ .ui = ui, .pager = pager };
}

void
hunt_stop(struct hunt *hunt)
{
    loop_timer_cancel(STEAL(hunt->next));
}

void
hunt_step(struct hunt *hunt, int step)
{
    hunt_stop(hunt);
    hunt->step = step;
    hunt->is_final = true;
    pager_hunt(hunt->pager, step, false);
    go_on(hunt);
}

void
hunt_text(struct hunt *hunt, struct str text, bool is_final)
{
    hunt_stop(hunt);
    pager_search(hunt->pager, text);
    hunt->step = 0;
    hunt->is_final = is_final;
    if (text.size > 0) {
        pager_hunt(hunt->pager, 1, true);
        go_on(hunt);
    }
}

bool
hunt_is_on(const struct hunt *hunt)
{
    return hunt->next != NULL;
}
