/* The model of a table: rows by uid, so that selection, marks and scroll survive whatever comes;
 * sorted and filtered as rows change, drawn only where visible.  Console's thread; no I/O. */
#ifndef BINNACLE_UI_TABLE_H
#define BINNACLE_UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "ui/actions.h"
#include "ui/grid.h"
#include "ui/state.h"

struct filter;

enum { TABLE_COLUMNS_MAX = 64, TABLE_CELL_MAX = 4096, TABLE_FRESH_MS = 2000 };

enum table_type {
    TABLE_TEXT,
    TABLE_NUMBER, /* integers and quantities: to the right */
    TABLE_AGE,    /* since creation; drawn from the clock */
    TABLE_SINCE,  /* text with an age in it that grows: "5m", "3 (41s ago)" */
};
struct table_column {
    char *name; /* upper case */
    enum table_type type;
    int priority; /* > 0: only when wide */
    bool is_right, is_state;
    int width; /* of the widest cell, name included */
};
struct table_cell {
    uint32_t at, size; /* in the row's text */
    int32_t width;     /* columns */
    bool has_number;
    double number;             /* to sort and filter by, unless it is an age alone */
    int64_t began_ms;          /* ages: Unix time they count from; 0: none */
    uint16_t age_at, age_size; /* SINCE: the part of the cell that is an age */
};
struct table_row {
    char *key; /* uid, or namespace/name of what has none */
    char *ns, *name;
    int64_t created_ms;       /* Unix time, 0: unknown */
    char *text;               /* cells joined by blanks, NUL at the end */
    struct table_cell *cells; /* one per column */
    enum state state;
    uint64_t changed;             /* columns that changed, bits */
    int64_t changed_ms, added_ms; /* when; 0: by a list */
    int64_t seen_ms;              /* when the server sent it */
    bool is_marked, is_deleting, is_shown;
    uint64_t generation; /* of the list that had it last */
};
struct table {
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t column_len;
    struct map rows;          /* key → struct table_row */
    struct table_row **shown; /* what passes the filter, in order */
    size_t shown_len, shown_capacity;
    const struct filter *filter; /* borrowed */
    int sort;                    /* column, -1: namespace and name */
    bool is_descending, is_wide, has_ns, only_faults;
    char *cursor_key; /* the row under the cursor, NULL: none yet */
    size_t cursor;    /* its place */
    int offset;       /* its line on the screen: the anchor of the scroll */
    bool is_at_top;   /* the first row was on the screen: what comes before it is seen, too */
    char *anchor_key; /* last mark, for ranges */
    size_t marked_len;
    uint64_t hidden;  /* columns that are not drawn, bits */
    int first_column; /* columns scrolled away behind the first */
    uint64_t generation;
    bool is_loading; /* between begin and end */
    bool needs_sort; /* the order is made anew before it is used */
};

struct table *table_new(void);
void table_free(struct table *table);

/* ---- what comes from the server ---- */

/* columnDefinitions of a Table; has_ns adds a column NAMESPACE. Other columns than before: all rows
 * go. */
void table_clear(struct table *table); /* no columns, no rows */
void table_columns(struct table *table, struct val definitions, bool has_ns);
/* A whole list follows: rows that it does not name are gone at its end. */
void table_begin(struct table *table);
void table_end(struct table *table);
/* One row of a Table, new or changed. now_ms is Unix time. */
void table_put(struct table *table, struct val row, int64_t now_ms);
void table_del(struct table *table, struct val row);
/* table_rows.c: a row without a place yet; NULL when it has no name. */
struct table_row *table_row_new(const struct table *table, struct val row, int64_t now_ms);
void table_row_free(struct table_row *row);
void table_grow(struct table *table, const struct table_row *row); /* columns to its cells */
char *table_row_key(struct val row); /* owned by the caller, NULL: none */
/* Compares with what stood there before: what changed, and marks that stay. */
void table_row_follow(struct table_row *row, const struct table_row *old, const struct table *table,
                      int64_t now_ms);

/* ---- what is shown ---- */

void table_set_filter(struct table *table, const struct filter *filter); /* borrowed */
void table_hide(struct table *table, struct str column); /* by name; nothing when it is not there */
void table_set_faults(struct table *table, bool only_faults);
/* By a column's name; the one that sorts already: turned round. False: there is none. */
bool table_sort_by(struct table *table, struct str column);
void table_sort_next(struct table *table, int step); /* a column to the left or right */
void table_sort_reverse(struct table *table);
/* Makes what follows true after changes: order, cursor. Everything below calls it. */
void table_settle(struct table *table);
size_t table_len(const struct table *table); /* all rows */
size_t table_shown(struct table *table);
const struct table_row *table_row(struct table *table, size_t index);
const struct table_row *table_find(const struct table *table, struct str key); /* or NULL */
struct str table_cell_text(const struct table_row *row, size_t column);
/* Cell with its age as of now. */
struct str table_cell_now(const struct table *table, const struct table_row *row, size_t column,
                          int64_t now_ms, char text[TABLE_CELL_MAX]);

/* ---- cursor and marks ---- */

const struct table_row *table_current(struct table *table);   /* NULL: no rows */
void table_move(struct table *table, int64_t by, int height); /* rows; clamped */
/* UP, DOWN, pages, TOP, BOTTOM of a table that shows height rows; false: another action. */
bool table_move_by(struct table *table, enum action action, int height);
void table_select(struct table *table, struct str key);
void table_mark(struct table *table);       /* turns the mark of the current row, goes on */
void table_mark_range(struct table *table); /* from the last mark to here */
void table_unmark(struct table *table);
/* The rows an action is for: the marked ones, else the current; → how many of max were put in. */
size_t table_chosen(struct table *table, const struct table_row **ret_rows, size_t max);
size_t table_marked_hidden(struct table *table); /* marked, but not shown */

/* ---- drawing (table_draw.c) ---- */

/* Head line and rows. */
void table_draw(struct table *table, struct grid *grid, struct grid_rect rect, int64_t now_ms);
void table_write_csv(struct table *table, int64_t now_ms, struct str_builder *out);

#endif
