/* A table on the grid: which columns fit, their widths, and the visible rows.  Called by views when
 * they draw; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/table.h"
#include "ui/text.h"

enum {
    GAP = 2,
    GUTTER = 1,
    MORE_WIDTH = 2,
    GLYPH_WIDTH = 2,
    NAME_LEAST = 16,
    TEXT_LEAST = 14,
    STATE_LEAST = 20
};

/* The columns that are drawn, from left to right. */
struct layout {
    size_t columns[TABLE_COLUMNS_MAX];
    int widths[TABLE_COLUMNS_MAX];
    size_t len;
    bool has_left, has_right; /* columns that are scrolled or cut away */
};

/* One drawing. */
struct pen {
    const struct table *table;
    struct layout layout;
    struct grid *grid;
    int64_t now_ms;
};

/* ---- layout ---- */

/* NAMESPACE and NAME stay when the rest scrolls. */
static bool
is_frozen(const struct table *table, size_t column)
{
    return column < (table->has_ns ? 2U : 1U);
}

static int
natural_width(const struct table_column *column)
{
    return column->width + (column->is_state ? GLYPH_WIDTH : 0);
}

static bool
is_hidden(const struct table *table, size_t column)
{
    return (table->hidden >> column & 1) != 0;
}

/* Everything that there is to show stands side by side: nobody has to ask for it. */
static bool
all_fit(const struct table *table, int width)
{
    int total = GUTTER - GAP;

    for (size_t i = 0; i < table->column_len; i++) {
        total += is_hidden(table, i) ? 0 : natural_width(&table->columns[i]) + GAP;
    }
    return total <= width;
}

static void
choose_columns(const struct table *table, int width, struct layout *layout)
{
    bool is_wide = table->is_wide || all_fit(table, width);
    int skip = table->first_column;

    for (size_t i = 0; i < table->column_len; i++) {
        if ((table->columns[i].priority > 0 && !is_wide) || is_hidden(table, i)) {
            continue;
        }
        if (!is_frozen(table, i) && skip > 0) {
            skip--;
            layout->has_left = true;
            continue;
        }
        layout->columns[layout->len] = i;
        layout->widths[layout->len++] = natural_width(&table->columns[i]);
    }
}

static int
total_width(const struct layout *layout)
{
    int total = GUTTER;

    for (size_t i = 0; i < layout->len; i++) {
        total += layout->widths[i] + (i > 0 ? GAP : 0);
    }
    return total;
}

static int
least_width(const struct table *table, size_t column)
{
    const struct table_column *c = &table->columns[column];
    int natural = natural_width(c);
    int least = is_frozen(table, column) ? NAME_LEAST : c->is_state ? STATE_LEAST : TEXT_LEAST;

    if (c->type == TABLE_SINCE) {
        least = text_width(str_of(c->name)); /* "17 (41s ago)" is shown as "17" */
    } else if (c->type != TABLE_TEXT || c->is_right) {
        return natural;
    }
    return natural < least ? natural : least;
}

/* Texts beside numbers go first; then columns are taken off the widest text until all fit. False:
 * they are as narrow as may be. */
static bool
shrink(const struct table *table, struct layout *layout, int width)
{
    int over = total_width(layout) - width;

    for (size_t i = 0; i < layout->len && over > 0; i++) {
        if (table->columns[layout->columns[i]].type == TABLE_SINCE) {
            layout->widths[i] = least_width(table, layout->columns[i]);
            over = total_width(layout) - width;
        }
    }
    for (; over > 0; over--) {
        size_t widest = layout->len;
        for (size_t i = 0; i < layout->len; i++) {
            bool can = layout->widths[i] > least_width(table, layout->columns[i]);
            if (can && (widest == layout->len || layout->widths[i] > layout->widths[widest])) {
                widest = i;
            }
        }
        if (widest == layout->len) {
            return false;
        }
        layout->widths[widest]--;
    }
    return true;
}

/* A column that says nothing, as far as the first rows tell. */
static bool
is_blank(const struct table *table, size_t column)
{
    enum { ROWS = 100 };

    for (size_t i = 0; i < table->shown_len && i < ROWS; i++) {
        struct str text = table_cell_text(table->shown[i], column);
        if (text.size > 0 && !str_is(text, "<none>")) {
            return false;
        }
    }
    return true;
}

/* How dear a column is: the name is the last to go, before it the state, the age, the namespace; what
 * says nothing goes first. */
static int
dearness(const struct table *table, size_t column)
{
    bool is_ns = table->has_ns && column == 0;

    return is_frozen(table, column) && !is_ns         ? 4
           : table->columns[column].is_state          ? 3
           : table->columns[column].type == TABLE_AGE ? 2
           : is_ns                                    ? 1
           : is_blank(table, column)                  ? -1
                                                      : 0;
}

/* The last of the least dear columns goes. */
static void
drop_column(const struct table *table, struct layout *layout)
{
    size_t at = layout->len - 1;

    for (size_t i = layout->len; i > 0; i--) {
        if (dearness(table, layout->columns[i - 1]) < dearness(table, layout->columns[at])) {
            at = i - 1;
        }
    }
    layout->len--;
    for (size_t i = at; i < layout->len; i++) {
        layout->columns[i] = layout->columns[i + 1];
        layout->widths[i] = layout->widths[i + 1];
    }
    layout->has_right = true;
}

static struct layout
layout_of(const struct table *table, int width)
{
    struct layout layout = { 0 };

    choose_columns(table, width, &layout);
    while (!shrink(table, &layout, layout.has_right ? width - MORE_WIDTH : width) &&
           layout.len > 1) {
        drop_column(table, &layout);
        for (size_t i = 0; i < layout.len; i++) {
            layout.widths[i] = natural_width(&table->columns[layout.columns[i]]);
        }
    }
    return layout;
}

/* ---- drawing ---- */

static void
draw_head(const struct pen *pen, struct grid_rect rect)
{
    const struct table *table = pen->table;
    const struct layout *layout = &pen->layout;
    struct grid *grid = pen->grid;
    int x = rect.x + GUTTER;

    for (size_t i = 0; i < layout->len; i++) {
        const struct table_column *column = &table->columns[layout->columns[i]];
        bool is_sort = table->sort == (int)layout->columns[i];
        int width = layout->widths[i];
        int used = text_width(str_of(column->name));
        if (column->is_right) {
            grid_put_right(grid, x, rect.y, width, str_of(column->name), ROLE_HEADER);
        } else {
            (void)grid_put_fit(grid, x, rect.y, width, str_of(column->name), ROLE_HEADER);
        }
        if (is_sort) {
            int at = column->is_right ? x + width : x + (used < width ? used : width);
            (void)grid_put_glyph(grid, at, rect.y, table->is_descending ? GLYPH_DOWN : GLYPH_UP,
                                 ROLE_ACCENT);
        }
        x += width + GAP;
    }
    if (layout->has_left) {
        (void)grid_put_glyph(grid, rect.x, rect.y, GLYPH_LEFT, ROLE_ACCENT);
    }
    if (layout->has_right) {
        (void)grid_put_glyph(grid, rect.x + rect.width - 1, rect.y, GLYPH_RIGHT, ROLE_ACCENT);
    }
}

static enum role
cell_role(const struct table *table, const struct table_row *row, size_t column, int64_t now_ms)
{
    const struct table_column *c = &table->columns[column];
    bool is_changed =
        (row->changed >> column & 1) != 0 && now_ms - row->changed_ms < TABLE_FRESH_MS;

    if (c->is_state) {
        return state_role(state_of(table_cell_text(row, column)));
    }
    if (is_changed) {
        return ROLE_CHANGED;
    }
    if (row->added_ms != 0 && now_ms - row->added_ms < TABLE_FRESH_MS) {
        return ROLE_NEW;
    }
    if (row->is_deleting || row->state == STATE_DONE) {
        return ROLE_DIM;
    }
    if (strcmp(c->name, "READY") == 0 && row->state == STATE_WARN) {
        return ROLE_WARN;
    }
    return c->type == TABLE_AGE || (table->has_ns && column == 0) ? ROLE_DIM : ROLE_TEXT;
}

static void
draw_cell(const struct pen *pen, const struct table_row *row, size_t column, struct grid_rect at)
{
    char scratch[TABLE_CELL_MAX];
    struct str text = table_cell_now(pen->table, row, column, pen->now_ms, scratch);
    enum role role = cell_role(pen->table, row, column, pen->now_ms);
    enum grid_glyph glyph;

    if (row->cells[column].age_at > 0 && text_width(text) > at.width) {
        struct str unused;
        text = str_cut(text, ' ', &unused);
    }
    if (pen->table->columns[column].is_state && at.width > GLYPH_WIDTH) {
        if (state_glyph(state_of(text), &glyph)) {
            (void)grid_put_glyph(pen->grid, at.x, at.y, glyph, role);
        }
        at.x += GLYPH_WIDTH;
        at.width -= GLYPH_WIDTH;
    }
    if (pen->table->columns[column].is_right) {
        grid_put_right(pen->grid, at.x, at.y, at.width, text, role);
    } else {
        (void)grid_put_fit(pen->grid, at.x, at.y, at.width, text, role);
    }
}

static void
draw_row(const struct pen *pen, const struct table_row *row, struct grid_rect line)
{
    struct grid_rect at = { line.x + GUTTER, line.y, 0, 1 };

    for (size_t i = 0; i < pen->layout.len; i++) {
        at.width = pen->layout.widths[i];
        draw_cell(pen, row, pen->layout.columns[i], at);
        at.x += at.width + GAP;
    }
    if (row->is_marked) {
        (void)grid_put_glyph(pen->grid, line.x, line.y, GLYPH_MARK, ROLE_MARK);
    }
}

/* The first row on the screen, so that the cursor stays on its line as far as there are rows. */
static size_t
top_row(struct table *table, size_t height)
{
    size_t top;

    table->offset = (size_t)table->offset >= height ? (int)height - 1 : table->offset;
    table->offset = (size_t)table->offset > table->cursor ? (int)table->cursor : table->offset;
    if (table->is_at_top && table->cursor < height) {
        table->offset = (int)table->cursor;
    }
    top = table->cursor - (size_t)table->offset;
    if (top > 0 && table->shown_len - top < height) {
        top = table->shown_len > height ? table->shown_len - height : 0;
        table->offset = (int)(table->cursor - top);
    }
    table->is_at_top = top == 0;
    return top;
}

void
table_draw(struct table *table, struct grid *grid, struct grid_rect rect, int64_t now_ms)
{
    struct pen pen = { .table = table, .grid = grid, .now_ms = now_ms };
    size_t top;

    table_settle(table); /* the layout looks at the rows, too */
    pen.layout = layout_of(table, rect.width);
    draw_head(&pen, rect);
    if (rect.height <= 1 || table->shown_len == 0) {
        return;
    }
    top = top_row(table, (size_t)rect.height - 1);
    for (int i = 1; i < rect.height && top < table->shown_len; i++, top++) {
        struct grid_rect line = { rect.x, rect.y + i, rect.width, 1 };
        draw_row(&pen, table->shown[top], line);
        if (top == table->cursor) {
            if (!table->shown[top]->is_marked) {
                (void)grid_put_glyph(grid, line.x, line.y, GLYPH_CURSOR, ROLE_ACCENT);
            }
            grid_over(grid, line, ROLE_CURSOR);
        }
    }
}
