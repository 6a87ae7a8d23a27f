/* Rows of a table out of the server's Table rows: cells as clean text, numbers to sort by, ages that
 * go on by the clock.  Called by table.c for each row that comes; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/table.h"

#include <stdio.h>

#include "api/columns.h"
#include "base/clock.h"
#include "ui/filter.h"
#include "ui/text.h"

/* ---- columns ---- */

/* Ages inside text, as the server's printers write them. */
static const char *const since_names[] = { "RESTARTS", "LAST SEEN", "FIRST SEEN", "LAST SCHEDULE" };
static const char *const state_names[] = { "STATUS", "PHASE", "STATE", "CONDITION" };
static const char *const right_names[] = { "READY",     "COMPLETIONS", "DURATION", "UP-TO-DATE",
                                           "AVAILABLE", "DESIRED",     "CURRENT" };

static bool
is_among(const char *name, const char *const *names, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum table_type
type_of(const char *name, struct str type)
{
    if (strcmp(name, "AGE") == 0) {
        return TABLE_AGE;
    }
    if (str_is(type, "integer") || str_is(type, "number")) {
        return TABLE_NUMBER;
    }
    if (str_is(type, "date") || is_among(name, since_names, ARRAY_LEN(since_names))) {
        return TABLE_SINCE;
    }
    return TABLE_TEXT;
}

static char *
upper_name(struct str name)
{
    AUTO_STR struct str_builder out = { .max = 256 };

    text_clean(&out, name, false);
    for (size_t i = 0; i < out.size; i++) {
        out.at[i] = out.at[i] >= 'a' && out.at[i] <= 'z' ? (char)(out.at[i] - 32) : out.at[i];
    }
    return str_steal(&out);
}

static void
add_column(struct table *table, char *name, enum table_type type, int priority)
{
    struct table_column *column = &table->columns[table->column_len++];

    *column = (struct table_column){ .name = name, .type = type, .priority = priority };
    column->width = text_width(str_of(name));
    column->is_right = type != TABLE_TEXT || is_among(name, right_names, ARRAY_LEN(right_names));
}

static bool
has_column(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->column_len; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The column that says how the object is: a status, else an event's type, else a count. */
static void
choose_state(struct table *table)
{
    const char *wanted = has_column(table, "LAST SEEN") ? "TYPE" : "READY";
    struct table_column *found = NULL;

    for (size_t i = 0; i < table->column_len; i++) {
        struct table_column *column = &table->columns[i];
        bool is_status = is_among(column->name, state_names, ARRAY_LEN(state_names));
        if ((is_status && (found == NULL || strcmp(found->name, wanted) == 0)) ||
            (found == NULL && strcmp(column->name, wanted) == 0 && column->type == TABLE_TEXT)) {
            found = column;
        }
    }
    if (found != NULL) {
        found->is_state = true;
        found->is_right = false;
    }
}

static bool
has_same_columns(const struct table *table, struct val definitions, bool has_ns)
{
    size_t i = has_ns ? 1 : 0;

    if (table->column_len == 0 || table->has_ns != has_ns ||
        val_len(definitions) + i != table->column_len) {
        return false;
    }
    VAL_EACH (it, definitions) {
        AUTO_FREE char *name = upper_name(val_str(val_get(it.value, "name")));
        if (strcmp(name, table->columns[i++].name) != 0) {
            return false;
        }
    }
    return true;
}

void
table_columns(struct table *table, struct val definitions, bool has_ns)
{
    if (val_len(definitions) == 0 || has_same_columns(table, definitions, has_ns)) {
        return;
    }
    table_clear(table);
    table->has_ns = has_ns;
    if (has_ns) {
        add_column(table, mem_strdup("NAMESPACE"), TABLE_TEXT, 0);
    }
    VAL_EACH (it, definitions) {
        char *name;
        if (table->column_len == TABLE_COLUMNS_MAX) {
            break;
        }
        name = upper_name(val_str(val_get(it.value, "name")));
        add_column(table, name, type_of(name, val_str(val_get(it.value, "type"))),
                   (int)val_int(val_get(it.value, "priority"), 0));
    }
    choose_state(table);
}

/* ---- cells ---- */

static void
put_cell_text(struct str_builder *out, struct val value)
{
    struct str text = val_str(value);

    if (text.at == NULL) {
        text = val_type(value) == DOC_NULL ? (struct str){ 0 } : val_raw(value);
    }
    text = str_trim(text);
    text.size = text.size > TABLE_CELL_MAX ? TABLE_CELL_MAX : text.size;
    if (text_is_clean(text)) {
        str_put(out, text);
    } else {
        text_clean(out, text, false);
    }
}

/* The age in "5m", "3 (41s ago)", "5m (x12 over 1h)": where it stands, -1 when there is none. */
static int64_t
find_age(struct str text, size_t *ret_at, size_t *ret_size)
{
    double seconds = 0;
    size_t from = 0;

    while (from < text.size) {
        size_t to = from;
        while (to < text.size && text.at[to] != ' ' && text.at[to] != ')' && text.at[to] != '(') {
            to++;
        }
        if (filter_number(str_slice(text.at + from, to - from), FILTER_SECONDS, &seconds)) {
            *ret_at = from;
            *ret_size = to - from;
            return (int64_t)seconds;
        }
        from = to + 1;
    }
    return -1;
}

static void
read_since(struct table_cell *cell, struct str text, int64_t now_ms)
{
    size_t at = 0, size = 0;
    struct str unused;
    int64_t seconds = find_age(text, &at, &size);

    cell->has_number = filter_number(str_cut(text, ' ', &unused), FILTER_NUMBER, &cell->number);
    if (seconds >= 0) {
        cell->began_ms = now_ms - seconds * 1000;
        cell->age_at = (uint16_t)at;
        cell->age_size = (uint16_t)size;
        cell->has_number = at == 0 ? false : cell->has_number;
    }
}

static void
read_cell(const struct table_column *column, struct table_row *row, struct table_cell *cell,
          int64_t now_ms)
{
    struct str text = str_slice(row->text + cell->at, cell->size);

    switch (column->type) {
    case TABLE_AGE:
        if (row->created_ms != 0) {
            cell->began_ms = row->created_ms;
        } else {
            read_since(cell, text, now_ms);
        }
        break;
    case TABLE_SINCE:
        read_since(cell, text, now_ms);
        break;
    case TABLE_NUMBER:
    case TABLE_TEXT:
    default:
        cell->has_number = filter_number(text, FILTER_NUMBER, &cell->number);
        break;
    }
    cell->width = text_width(text);
}

static enum state
row_state(const struct table *table, const struct table_row *row)
{
    enum state state = STATE_NONE, ready = STATE_NONE;

    for (size_t i = 0; i < table->column_len; i++) {
        if (table->columns[i].is_state) {
            state = state_of(table_cell_text(row, i));
        } else if (strcmp(table->columns[i].name, "READY") == 0) {
            ready = state_of(table_cell_text(row, i));
        }
    }
    return state == STATE_OK && ready == STATE_WARN ? STATE_WARN : state;
}

static int64_t
time_ms(struct val time)
{
    int64_t us = 0;

    return val_is(time) && clock_parse(val_str(time), &us) == 0 ? us / 1000 : 0;
}

char *
table_row_key(struct val row)
{
    struct val meta = val_at(row, "object.metadata");
    struct str uid = val_str(val_get(meta, "uid"));
    struct str ns = val_str(val_get(meta, "namespace"));
    struct str name = val_str(val_get(meta, "name"));

    if (uid.size > 0) {
        return str_dup(uid);
    }
    return name.size == 0 ? NULL : mem_printf(STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));
}

/* All cells into one text; where each stands. */
static void
fill_cells(const struct table *table, struct table_row *row, struct val cells)
{
    AUTO_STR struct str_builder text = { 0 };
    struct val_iter it = val_iter(cells);
    size_t i = 0;

    if (table->has_ns) {
        str_putz(&text, row->ns);
        row->cells[i++].size = (uint32_t)text.size;
        str_putc(&text, ' ');
    }
    for (; i < table->column_len && val_step(&it); i++) {
        row->cells[i].at = (uint32_t)text.size;
        if (table->columns[i].type != TABLE_AGE || row->created_ms == 0) {
            put_cell_text(&text, it.value);
        }
        row->cells[i].size = (uint32_t)text.size - row->cells[i].at;
        str_putc(&text, ' ');
    }
    row->text = str_steal(&text);
}

struct table_row *
table_row_new(const struct table *table, struct val value, int64_t now_ms)
{
    struct val meta = val_at(value, "object.metadata");
    char *key = table_row_key(value);
    struct table_row *row;

    if (key == NULL) {
        return NULL;
    }
    row = MEM_NEW(struct table_row);
    row->key = key;
    row->ns = str_dup(val_str(val_get(meta, "namespace")));
    row->name = str_dup(val_str(val_get(meta, "name")));
    row->created_ms = time_ms(val_get(meta, "creationTimestamp"));
    row->is_deleting = val_is(val_get(meta, "deletionTimestamp"));
    row->added_ms = now_ms;
    row->seen_ms = now_ms;
    row->cells = mem_new_array(table->column_len, sizeof(struct table_cell));
    fill_cells(table, row, val_get(value, "cells"));
    for (size_t i = 0; i < table->column_len; i++) {
        read_cell(&table->columns[i], row, &row->cells[i], now_ms);
    }
    row->state = row_state(table, row);
    return row;
}

void
table_row_free(struct table_row *row)
{
    if (row == NULL) {
        return;
    }
    mem_free(row->key);
    mem_free(row->ns);
    mem_free(row->name);
    mem_free(row->text);
    mem_free(row->cells);
    mem_free(row);
}

void
table_grow(struct table *table, const struct table_row *row)
{
    enum { AGE_WIDTH = 5 };

    for (size_t i = 0; i < table->column_len; i++) {
        const struct table_cell *cell = &row->cells[i];
        int width = cell->width;
        if (cell->began_ms != 0) {
            width += AGE_WIDTH - cell->age_size > 0 ? AGE_WIDTH - cell->age_size : 0;
        }
        if (width > table->columns[i].width) {
            table->columns[i].width = width;
        }
    }
}

/* The cell without its age: what a change is seen by. */
static struct str
lasting_part(const struct table_row *row, size_t column)
{
    struct str text = table_cell_text(row, column);

    return row->cells[column].age_size > 0 ? str_slice(text.at, row->cells[column].age_at) : text;
}

void
table_row_follow(struct table_row *row, const struct table_row *old, const struct table *table,
                 int64_t now_ms)
{
    bool is_fresh = now_ms - old->changed_ms < TABLE_FRESH_MS;

    row->is_marked = old->is_marked;
    row->added_ms = old->added_ms;
    row->changed = is_fresh ? old->changed : 0;
    row->changed_ms = old->changed_ms;
    for (size_t i = 0; i < table->column_len; i++) {
        if (!str_eq(lasting_part(row, i), lasting_part(old, i))) {
            row->changed |= 1ULL << i;
            row->changed_ms = now_ms;
        }
    }
}

/* ---- reading ---- */

struct str
table_cell_text(const struct table_row *row, size_t column)
{
    return str_slice(row->text + row->cells[column].at, row->cells[column].size);
}

struct str
table_cell_now(const struct table *table, const struct table_row *row, size_t column,
               int64_t now_ms, char text[TABLE_CELL_MAX])
{
    const struct table_cell *cell = &row->cells[column];
    struct str whole = table_cell_text(row, column);
    char age_text[32];
    struct str age;
    size_t rest_at = (size_t)cell->age_at + cell->age_size;
    int size;

    if (cell->began_ms == 0) {
        return table->columns[column].type == TABLE_AGE && whole.size == 0 ? STR("<unknown>")
                                                                           : whole;
    }
    age = columns_age_text(now_ms - cell->began_ms, age_text);
    if (whole.size == 0) {
        size = snprintf(text, TABLE_CELL_MAX, STR_FMT, STR_ARG(age));
    } else {
        size = snprintf(text, TABLE_CELL_MAX, "%.*s" STR_FMT "%.*s", (int)cell->age_at, whole.at,
                        STR_ARG(age), (int)(whole.size - rest_at), whole.at + rest_at);
    }
    return str_slice(text, size < TABLE_CELL_MAX ? (size_t)size : TABLE_CELL_MAX - 1);
}

/* ---- CSV ---- */

static void
put_quoted(struct str_builder *out, struct str text)
{
    str_putc(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"') {
            str_putc(out, '"');
        }
        str_putc(out, text.at[i]);
    }
    str_putc(out, '"');
}

void
table_write_csv(struct table *table, int64_t now_ms, struct str_builder *out)
{
    char text[TABLE_CELL_MAX];

    for (size_t i = 0; i < table->column_len; i++) {
        str_putz(out, i == 0 ? "" : ",");
        put_quoted(out, str_of(table->columns[i].name));
    }
    str_putc(out, '\n');
    for (size_t r = 0; r < table_shown(table); r++) {
        for (size_t i = 0; i < table->column_len; i++) {
            str_putz(out, i == 0 ? "" : ",");
            put_quoted(out, table_cell_now(table, table->shown[r], i, now_ms, text));
        }
        str_putc(out, '\n');
    }
}
