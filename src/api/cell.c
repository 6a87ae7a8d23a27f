/* Cells of Tables.  Called by columns*.c; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "api/cell.h"

#include "api/columns.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

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

void
cell_age_of(struct cell *cell, struct val object)
{
    cell_age(cell, val_str(val_at(object, "metadata.creationTimestamp")));
}

void
cell_str_or(struct cell *cell, struct str text, const char *or_else)
{
    cell_str(cell, text.size > 0 ? text : str_of(or_else));
}

void
cell_bool(struct cell *cell, bool value)
{
    jw_bool(cell->out, value);
}

void
cell_count(struct cell *cell, struct val list_or_map, struct val more)
{
    jw_uint(cell->out, val_len(list_or_map) + val_len(more));
}

void
cell_selector(struct cell *cell, struct val label_selector)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector = NULL;
    if (val_len(label_selector) == 0 ||
        selector_from_object(cell->arena, label_selector, &selector, &err) < 0) {
        cell_str(cell, STR("<none>"));
        return;
    }
    cell_str_or(cell, selector_text(selector, cell->arena), "<none>");
}

void
cell_containers(struct cell *cell, struct val pod_spec, const char *member)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_get(pod_spec, "containers")) {
        str_putf(&text, "%s" STR_FMT, text.size > 0 ? "," : "",
                 STR_ARG(val_str(val_get(it.value, member))));
    }
    cell_str(cell, str_view(&text));
}

void
cell_joined(struct cell *cell, struct val list, const char *or_else)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, list) {
        str_putf(&text, "%s" STR_FMT, text.size > 0 ? "," : "", STR_ARG(val_str(it.value)));
    }
    cell_str_or(cell, str_view(&text), or_else);
}
