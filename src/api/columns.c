/* Tables: definitions, rows, PartialObjectMetadata, ages.  Called by encode; pure, any thread.
 *
 * The form is meta.k8s.io/v1 Table as kube-apiserver answers it (api-compat §7); the cells of each
 * kind stand in columns_<area>.c beside the rows that name them. */
#include "config.h" /* IWYU pragma: keep */

#include "api/columns.h"

#include <stdio.h>

#include "api/cell.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"

/* ---- ages ---- */

/* k8s.io/apimachinery/pkg/util/duration.HumanDuration. */
struct str
columns_age_text(int64_t age_ms, char text[32])
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400, YEAR = 365 * DAY };
    static const struct {
        int64_t below_s, unit_s, rest_s; /* rest_s 0: one unit only */
        char unit, rest;
    } steps[] = {
        { 2 * MINUTE, 1, 0, 's', 0 },          { 10 * MINUTE, MINUTE, 1, 'm', 's' },
        { 3 * HOUR, MINUTE, 0, 'm', 0 },       { 8 * HOUR, HOUR, MINUTE, 'h', 'm' },
        { 48 * HOUR, HOUR, 0, 'h', 0 },        { 8 * DAY, DAY, HOUR, 'd', 'h' },
        { 2 * (int64_t)YEAR, DAY, 0, 'd', 0 }, { 8 * (int64_t)YEAR, YEAR, DAY, 'y', 'd' },
        { INT64_MAX, YEAR, 0, 'y', 0 },
    };
    int64_t s = age_ms / 1000;
    size_t i = 0;
    if (s < -1) {
        return str_of("<invalid>");
    }
    s = s < 0 ? 0 : s;
    while (s >= steps[i].below_s) {
        i++;
    }
    int64_t first = s / steps[i].unit_s;
    int64_t rest = steps[i].rest_s == 0 ? 0 : s % steps[i].unit_s / steps[i].rest_s;
    int size = rest == 0 ? snprintf(text, 32, "%lld%c", (long long)first, steps[i].unit)
                         : snprintf(text, 32, "%lld%c%lld%c", (long long)first, steps[i].unit,
                                    (long long)rest, steps[i].rest);
    return str_slice(text, (size_t)size);
}

/* ---- columns ---- */

static void
created_at(struct cell *cell, struct val object)
{
    cell_str(cell, val_str(val_at(object, "metadata.creationTimestamp")));
}

/* Kinds without a printer of their own. */
static const struct column plain[] = {
    { .name = "Name", .type = "string", .format = "name", .path = "metadata.name" },
    { .name = "Created At", .type = "date", .cell = created_at },
};

static const struct column *
columns_of(const struct resource *resource, size_t *ret_len)
{
    *ret_len = resource->columns == NULL ? ARRAY_LEN(plain) : resource->column_len;
    return resource->columns == NULL ? plain : resource->columns;
}

void
columns_definitions(const struct resource *resource, struct jw *out)
{
    size_t len;
    const struct column *columns = columns_of(resource, &len);
    jw_arr(out);
    for (size_t i = 0; i < len; i++) {
        const struct column *c = &columns[i];
        jw_obj(out);
        jw_keyz(out, "name");
        jw_strz(out, c->name);
        jw_keyz(out, "type");
        jw_strz(out, c->type);
        jw_keyz(out, "format");
        jw_strz(out, c->format == NULL ? "" : c->format);
        jw_keyz(out, "description");
        jw_strz(out, c->doc == NULL ? "" : c->doc);
        jw_keyz(out, "priority");
        jw_int(out, c->priority);
        jw_end(out);
    }
    jw_end(out);
}

static void
write_path_cell(struct cell *cell, const struct column *column, struct val object)
{
    struct val v = val_at(object, column->path);
    if (strcmp(column->type, "date") == 0) {
        cell_age(cell, val_str(v));
    } else if (val_is(v)) {
        jw_val(cell->out, v);
    } else if (strcmp(column->type, "string") == 0) {
        jw_strz(cell->out, "");
    } else {
        jw_null(cell->out);
    }
}

static void
write_cells(const struct object *object, int64_t now_ms, struct arena *arena, struct jw *out)
{
    size_t len;
    const struct column *columns = columns_of(object->resource, &len);
    struct cell cell = { .out = out, .arena = arena, .now_ms = now_ms, .object = object };
    struct val root = object_val(object);
    jw_arr(out);
    for (size_t i = 0; i < len; i++) {
        if (columns[i].cell != NULL) {
            columns[i].cell(&cell, root);
        } else {
            write_path_cell(&cell, &columns[i], root);
        }
    }
    jw_end(out);
}

void
columns_row(const struct object *object, enum columns_include include, int64_t now_ms,
            struct arena *arena, struct jw *out)
{
    object_pin(object);
    jw_obj(out);
    jw_keyz(out, "cells");
    write_cells(object, now_ms, arena, out);
    switch (include) {
    case INCLUDE_METADATA:
        jw_keyz(out, "object");
        columns_partial(object, out);
        break;
    case INCLUDE_OBJECT:
        jw_keyz(out, "object");
        jw_raw(out, object_bytes(object));
        break;
    case INCLUDE_NONE:
        jw_keyz(out, "object");
        jw_null(out);
        break;
    }
    jw_end(out);
    object_unpin(object);
}

void
columns_partial(const struct object *object, struct jw *out)
{
    object_pin(object);
    jw_obj(out);
    jw_kvz(out, "kind", "PartialObjectMetadata");
    jw_kvz(out, "apiVersion", "meta.k8s.io/v1");
    jw_keyz(out, "metadata");
    jw_val(out, val_get(object_val(object), "metadata"));
    jw_end(out);
    object_unpin(object);
}
