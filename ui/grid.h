/* The cell grid between views and the terminal: pure memory, so that screens are tested as text.
 *
 * Text is drawn by columns: a wide character takes two cells, combining characters join the cell
 * before them. Whatever the text holds, no control, escape or direction character gets in. */
#ifndef BINNACLE_UI_GRID_H
#define BINNACLE_UI_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum role {
#define ROLE(id, name, letter) ROLE_##id,
#include "ui/roles.def"
#undef ROLE
    ROLE_LEN
};

enum { GRID_MARKS = 2, GRID_MAX_WIDTH = 1000, GRID_MAX_HEIGHT = 500 };

struct grid_cell {
    uint32_t rune;              /* ' ' when empty */
    uint32_t marks[GRID_MARKS]; /* combining characters, 0: none */
    uint8_t width;              /* 1, 2; 0: right half of a wide character */
    uint8_t role;               /* enum role: what it is */
    uint8_t over;               /* enum role laid over it (CURSOR, MARK, MATCH), TEXT: none */
};

struct grid {
    int width, height;
    struct grid_cell *cells;
    int cursor_x, cursor_y; /* of the terminal's cursor; -1: hidden */
    bool is_ascii;          /* the terminal is not UTF-8: glyphs have plain stand-ins */
};

/* A rectangle of a grid: what a view may draw into. */
struct grid_rect {
    int x, y, width, height;
};

/* What we draw ourselves, with an ASCII stand-in. */
enum grid_glyph {
    GLYPH_ELLIPSIS,
    GLYPH_DOT,   /* running */
    GLYPH_RING,  /* pending */
    GLYPH_CHECK, /* done */
    GLYPH_CROSS, /* failed */
    GLYPH_BANG,  /* warning */
    GLYPH_CURSOR,
    GLYPH_MARK,
    GLYPH_UP,
    GLYPH_DOWN,
    GLYPH_LEFT,
    GLYPH_RIGHT,
    GLYPH_BULLET,
    GLYPH_LEN
};
uint32_t grid_glyph(const struct grid *grid, enum grid_glyph glyph);

void grid_init(struct grid *grid, int width, int height); /* clamped to 1 … GRID_MAX */
void grid_done(struct grid *grid);
void grid_clear(struct grid *grid);

void grid_fill(struct grid *grid, struct grid_rect rect, enum role role); /* blanks of that role */
/* Lays a role over cells that keep their own. */
void grid_over(struct grid *grid, struct grid_rect rect, enum role over);
/* Draws at most max_width columns of one line; → columns used. Outside the grid nothing happens. */
int grid_put(struct grid *grid, int x, int y, int max_width, struct str text, enum role role);
int grid_putz(struct grid *grid, int x, int y, int max_width, const char *text, enum role role);
/* The same, but text that does not fit ends in an ellipsis. */
int grid_put_fit(struct grid *grid, int x, int y, int width, struct str text, enum role role);
/* Right-aligned in width columns. */
void grid_put_right(struct grid *grid, int x, int y, int width, struct str text, enum role role);
int grid_put_glyph(struct grid *grid, int x, int y, enum grid_glyph glyph, enum role role);
void grid_box(struct grid *grid, struct grid_rect rect, enum role role);

const struct grid_cell *grid_at(const struct grid *grid, int x, int y); /* NULL outside */
bool grid_cell_eq(const struct grid_cell *a, const struct grid_cell *b);

/* One line per row, trailing blanks cut off; roles as letters, the overlay's letter where there is
 * one. For golden files and :save-screen. */
void grid_dump_text(const struct grid *grid, struct str_builder *out);
void grid_dump_roles(const struct grid *grid, struct str_builder *out);
const char *grid_role_name(enum role role); /* as theme files name it */

#endif
