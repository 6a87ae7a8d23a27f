/* The model of a table: rows by key, their order, cursor and marks.  Called by views that feed and
 * drive it; console's thread.
 *
 * shown[] is always in order, but for needs_sort: then it is made anew, from all rows, before the
 * next use. One changed row moves by binary search. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/table.h"

#include <stdlib.h>

#include "ui/filter.h"
#include "ui/text.h"

/* ---- life ---- */

struct table *
table_new(void)
{
    struct table *table = MEM_NEW(struct table);

    table->sort = -1;
    return table;
}

static void
free_row(void *row)
{
    table_row_free(row);
}

static void
cleanup_row(struct table_row **row)
{
    table_row_free(*row);
}

void
table_clear(struct table *table)
{
    for (size_t i = 0; i < table->column_len; i++) {
        mem_free(table->columns[i].name);
    }
    map_done(&table->rows, free_row);
    table->column_len = 0;
    table->shown_len = 0;
    table->marked_len = 0;
    table->sort = -1;
    table->first_column = 0;
}

void
table_free(struct table *table)
{
    if (table == NULL) {
        return;
    }
    table_clear(table);
    mem_free(table->shown);
    mem_free(table->cursor_key);
    mem_free(table->anchor_key);
    mem_free(table);
}

/* ---- order ---- */

static int
cmp_number(double a, double b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

/* By the column that sorts; 0: equal there. What has no number comes last. */
static int
cmp_column(const struct table *table, const struct table_row *a, const struct table_row *b)
{
    const struct table_cell *x = &a->cells[table->sort];
    const struct table_cell *y = &b->cells[table->sort];

    if (x->began_ms != 0 && y->began_ms != 0 && !x->has_number && !y->has_number) {
        return cmp_number((double)y->began_ms, (double)x->began_ms); /* the younger, the less */
    }
    if (x->has_number && y->has_number) {
        return cmp_number(x->number, y->number);
    }
    if (table->columns[table->sort].type != TABLE_TEXT) {
        bool has_x = x->has_number || x->began_ms != 0;
        bool has_y = y->has_number || y->began_ms != 0;
        return (int)has_y - (int)has_x;
    }
    return str_cmp(table_cell_text(a, (size_t)table->sort),
                   table_cell_text(b, (size_t)table->sort));
}

static int
cmp_rows(const struct table *table, const struct table_row *a, const struct table_row *b)
{
    int order = table->sort < 0 ? 0 : cmp_column(table, a, b);

    if (order == 0) {
        order = strcmp(a->ns, b->ns);
    }
    if (order == 0) {
        order = strcmp(a->name, b->name);
    }
    if (order == 0) {
        order = strcmp(a->key, b->key);
    }
    return table->is_descending ? -order : order;
}

static int
cmp_for_qsort(const void *a, const void *b, void *table)
{
    return cmp_rows(table, *(struct table_row *const *)a, *(struct table_row *const *)b);
}

/* First place whose row does not come before this one. */
static size_t
place_of(const struct table *table, const struct table_row *row)
{
    size_t low = 0, high = table->shown_len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cmp_rows(table, table->shown[middle], row) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct filter_cell
cell_for_filter(const void *ctx, struct str name)
{
    const struct table *table = ((const void *const *)ctx)[0];
    const struct table_row *row = ((const void *const *)ctx)[1];

    for (size_t i = 0; i < table->column_len; i++) {
        const struct table_cell *cell = &row->cells[i];
        if (!str_eq_nocase(name, str_of(table->columns[i].name))) {
            continue;
        }
        if (cell->began_ms != 0 && !cell->has_number) {
            return (struct filter_cell){ table_cell_text(row, i), FILTER_SECONDS,
                                         (double)(row->seen_ms - cell->began_ms) / 1000 };
        }
        return (struct filter_cell){ table_cell_text(row, i),
                                     cell->has_number ? FILTER_NUMBER : FILTER_TEXT, cell->number };
    }
    return (struct filter_cell){ 0 };
}

static bool
passes(const struct table *table, const struct table_row *row)
{
    const void *ctx[] = { table, row };
    struct filter_row in = { row->text, ctx, cell_for_filter };

    if (table->only_faults && !state_is_fault(row->state)) {
        return false;
    }
    return filter_matches(table->filter, &in);
}

static void
show_row(struct table *table, size_t at, struct table_row *row)
{
    if (table->shown_len == table->shown_capacity) {
        table->shown =
            vec_room(table->shown, table->shown_len, &table->shown_capacity, sizeof(*table->shown));
    }
    memmove(table->shown + at + 1, table->shown + at,
            (table->shown_len - at) * sizeof(*table->shown));
    table->shown[at] = row;
    table->shown_len++;
}

static void
hide_row(struct table *table, const struct table_row *row)
{
    size_t at = place_of(table, row);

    if (row->is_shown && at < table->shown_len && table->shown[at] == row) {
        table->shown_len--;
        memmove(table->shown + at, table->shown + at + 1,
                (table->shown_len - at) * sizeof(*table->shown));
    }
}

static void
sort_all(struct table *table)
{
    size_t iter = 0;
    struct str key;
    void *value = NULL;

    table->shown_len = 0;
    while (map_next(&table->rows, &iter, &key, &value)) {
        struct table_row *row = value;
        row->is_shown = passes(table, row);
        if (row->is_shown) {
            show_row(table, table->shown_len, row);
        }
    }
    if (table->shown_len > 1) {
        qsort_r(table->shown, table->shown_len, sizeof(*table->shown), cmp_for_qsort, table);
    }
    table->needs_sort = false;
}

void
table_settle(struct table *table)
{
    const struct table_row *row;

    if (table->needs_sort) {
        sort_all(table);
    }
    if (table->shown_len == 0) {
        table->cursor = 0;
        return;
    }
    row = table->cursor_key == NULL ? NULL : table_find(table, str_of(table->cursor_key));
    if (row != NULL && row->is_shown) {
        table->cursor = place_of(table, row);
        return;
    }
    if (table->cursor >= table->shown_len) {
        table->cursor = table->shown_len - 1;
    }
    if (!table->is_loading) {
        table_select(table, str_of(table->shown[table->cursor]->key));
    }
}

/* ---- from the server ---- */

void
table_begin(struct table *table)
{
    table->is_loading = true;
    table->generation++;
}

/* Widths as of now: they only grow while rows come, so that columns do not jump. */
static void
measure(struct table *table)
{
    size_t iter = 0;
    struct str key;
    void *value = NULL;

    for (size_t i = 0; i < table->column_len; i++) {
        table->columns[i].width = text_width(str_of(table->columns[i].name));
    }
    while (map_next(&table->rows, &iter, &key, &value)) {
        table_grow(table, value);
    }
}

void
table_end(struct table *table)
{
    size_t iter = 0;
    struct str key;
    void *value = NULL;

    table->is_loading = false;
    table->needs_sort = true;
    while (map_next(&table->rows, &iter, &key, &value)) {
        struct table_row *row = value;
        if (row->generation != table->generation) {
            table->marked_len -= row->is_marked ? 1 : 0;
            (void)map_del(&table->rows, key);
            table_row_free(row);
        }
    }
    measure(table);
}

void
table_put(struct table *table, struct val value, int64_t now_ms)
{
    struct table_row *row;
    AUTO(cleanup_row) struct table_row *old = NULL;

    if (table->column_len == 0) {
        return;
    }
    row = table_row_new(table, value, now_ms);
    if (row == NULL) {
        return;
    }
    row->generation = table->generation;
    old = map_put(&table->rows, str_of(row->key), row);
    if (old != NULL) {
        table_row_follow(row, old, table, now_ms);
    } else if (table->is_loading) {
        row->added_ms = 0;
    }
    table_grow(table, row);
    if (table->is_loading || table->needs_sort) {
        table->needs_sort = true;
        return;
    }
    if (old != NULL) {
        hide_row(table, old);
    }
    row->is_shown = passes(table, row);
    if (row->is_shown) {
        show_row(table, place_of(table, row), row);
    }
}

void
table_del(struct table *table, struct val value)
{
    AUTO_FREE char *key = table_row_key(value);
    struct table_row *row = key == NULL ? NULL : map_del(&table->rows, str_of(key));

    if (row == NULL) {
        return;
    }
    table->marked_len -= row->is_marked ? 1 : 0;
    if (!table->needs_sort) {
        hide_row(table, row);
    }
    table_row_free(row);
}

/* ---- what is shown ---- */

void
table_set_filter(struct table *table, const struct filter *filter)
{
    table->filter = filter;
    table->needs_sort = true;
}

void
table_hide(struct table *table, struct str name)
{
    for (size_t i = 0; i < table->column_len; i++) {
        if (str_eq_nocase(str_of(table->columns[i].name), name)) {
            table->hidden |= 1ULL << i;
        }
    }
}

void
table_set_faults(struct table *table, bool only_faults)
{
    table->only_faults = only_faults;
    table->needs_sort = true;
}

bool
table_sort_by(struct table *table, struct str name)
{
    for (size_t i = 0; i < table->column_len; i++) {
        if (str_eq_nocase(str_of(table->columns[i].name), name)) {
            table->is_descending = table->sort == (int)i && !table->is_descending;
            table->sort = (int)i;
            table->needs_sort = true;
            return true;
        }
    }
    return false;
}

void
table_sort_next(struct table *table, int step)
{
    int next = table->sort + step;

    if (next >= -1 && next < (int)table->column_len) {
        table->sort = next;
        table->is_descending = false;
        table->needs_sort = true;
    }
}

void
table_sort_reverse(struct table *table)
{
    table->is_descending = !table->is_descending;
    table->needs_sort = true;
}

size_t
table_len(const struct table *table)
{
    return table->rows.len;
}

size_t
table_shown(struct table *table)
{
    table_settle(table);
    return table->shown_len;
}

const struct table_row *
table_row(struct table *table, size_t index)
{
    table_settle(table);
    return index < table->shown_len ? table->shown[index] : NULL;
}

const struct table_row *
table_find(const struct table *table, struct str key)
{
    return map_get(&table->rows, key);
}

/* ---- cursor and marks ---- */

static struct table_row *
current_row(struct table *table)
{
    table_settle(table);
    return table->shown_len == 0 ? NULL : table->shown[table->cursor];
}

const struct table_row *
table_current(struct table *table)
{
    return current_row(table);
}

void
table_select(struct table *table, struct str key)
{
    char *copy = str_dup(key);

    mem_free(table->cursor_key);
    table->cursor_key = copy;
}

void
table_move(struct table *table, int64_t by, int height)
{
    int64_t last, to;

    if (current_row(table) == NULL) {
        return;
    }
    last = (int64_t)table->shown_len - 1;
    to = (int64_t)table->cursor + by;
    to = to < 0 ? 0 : to > last ? last : to;
    by = to - (int64_t)table->cursor;
    by += table->offset;
    table->offset = by < 0 ? 0 : by >= height ? (height > 0 ? height - 1 : 0) : (int)by;
    table->cursor = (size_t)to;
    table_select(table, str_of(table->shown[to]->key));
}

bool
table_move_by(struct table *table, enum action action, int height)
{
    static const struct {
        enum action action;
        int64_t rows, pages;
    } moves[] = {
        { ACTION_UP, -1, 0 },       { ACTION_DOWN, 1, 0 },        { ACTION_PAGE_UP, 0, -1 },
        { ACTION_PAGE_DOWN, 0, 1 }, { ACTION_TOP, INT32_MIN, 0 }, { ACTION_BOTTOM, INT32_MAX, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        if (moves[i].action == action) {
            table_move(table, moves[i].rows + moves[i].pages * height, height);
            return true;
        }
    }
    return false;
}

static void
set_mark(struct table *table, struct table_row *row, bool is_marked)
{
    if (row->is_marked != is_marked) {
        row->is_marked = is_marked;
        table->marked_len += is_marked ? 1 : (size_t)-1;
    }
}

void
table_mark(struct table *table)
{
    struct table_row *row = current_row(table);

    if (row != NULL) {
        set_mark(table, row, !row->is_marked);
        mem_free(table->anchor_key);
        table->anchor_key = mem_strdup(row->key);
    }
}

void
table_mark_range(struct table *table)
{
    struct table_row *row = current_row(table);
    const struct table_row *anchor =
        table->anchor_key == NULL ? NULL : table_find(table, str_of(table->anchor_key));
    size_t from, to;

    if (row == NULL || anchor == NULL || !anchor->is_shown) {
        table_mark(table);
        return;
    }
    from = place_of(table, anchor);
    to = table->cursor;
    for (size_t i = from < to ? from : to; i <= (from < to ? to : from); i++) {
        set_mark(table, table->shown[i], true);
    }
}

void
table_unmark(struct table *table)
{
    size_t iter = 0;
    struct str key;
    void *value = NULL;

    while (map_next(&table->rows, &iter, &key, &value)) {
        set_mark(table, value, false);
    }
}

size_t
table_chosen(struct table *table, const struct table_row **ret_rows, size_t max)
{
    const struct table_row *row = current_row(table);
    size_t iter = 0, len = 0;
    struct str key;
    void *value = NULL;

    if (table->marked_len == 0) {
        if (row != NULL && max > 0) {
            ret_rows[len++] = row;
        }
        return len;
    }
    for (size_t i = 0; i < table->shown_len && len < max; i++) {
        if (table->shown[i]->is_marked) {
            ret_rows[len++] = table->shown[i];
        }
    }
    while (len < max && map_next(&table->rows, &iter, &key, &value)) {
        row = value;
        if (row->is_marked && !row->is_shown) {
            ret_rows[len++] = row;
        }
    }
    return len;
}

size_t
table_marked_hidden(struct table *table)
{
    size_t shown = 0;

    table_settle(table);
    for (size_t i = 0; i < table->shown_len; i++) {
        shown += table->shown[i]->is_marked ? 1 : 0;
    }
    return table->marked_len - shown;
}
