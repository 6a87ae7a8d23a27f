/* Cells of Tables.  Called by columns*.c; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "api/cell.h"

#include "api/columns.h"
#include "base/clock.h"

void
cell_str(struct cell *cell, struct str text)
{
    jw_str(cell->out, text);
}

void
cell_int(struct cell *cell, int64_t value)
{
    jw_int(cell->out, value);
}

void
cell_age(struct cell *cell, struct str time)
{
    int64_t wall_us;
    char text[32];
    if (time.size == 0 || clock_parse(time, &wall_us) < 0) {
        jw_strz(cell->out, "<unknown>");
        return;
    }
    jw_str(cell->out, columns_age_text(cell->now_ms - wall_us / 1000, text));
}
