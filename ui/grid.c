/* The cell grid: putting text, boxes and overlays into cells, and dumping them.  Called by every
 * view while it draws and by the screen when it compares; the console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/grid.h"

#include "ui/text.h"

static const struct {
    const char *name;
    char letter;
} roles[ROLE_LEN] = {
#define ROLE(id, name, letter) [ROLE_##id] = { name, letter },
#include "ui/roles.def"
#undef ROLE
};

static const struct {
    uint32_t rune;
    char ascii;
} glyphs[GLYPH_LEN] = {
    [GLYPH_ELLIPSIS] = { 0x2026, '~' }, [GLYPH_DOT] = { 0x25cf, 'o' },
    [GLYPH_RING] = { 0x25cb, '.' },     [GLYPH_CHECK] = { 0x2713, 'v' },
    [GLYPH_CROSS] = { 0x2717, 'x' },    [GLYPH_BANG] = { 0x25b2, '!' },
    [GLYPH_CURSOR] = { 0x258c, '>' },   [GLYPH_MARK] = { 0x2022, '*' },
    [GLYPH_UP] = { 0x2191, '^' },       [GLYPH_DOWN] = { 0x2193, 'v' },
    [GLYPH_LEFT] = { 0x2039, '<' },     [GLYPH_RIGHT] = { 0x203a, '>' },
    [GLYPH_BULLET] = { 0x00b7, '-' },
};

static const struct grid_cell blank = { .rune = ' ', .width = 1, .role = ROLE_TEXT };

uint32_t
grid_glyph(const struct grid *grid, enum grid_glyph glyph)
{
    return grid->is_ascii ? (uint32_t)glyphs[glyph].ascii : glyphs[glyph].rune;
}

static int
clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void
grid_init(struct grid *grid, int width, int height)
{
    *grid = (struct grid){ .cursor_x = -1, .cursor_y = -1 };
    grid->width = clamp(width, 1, GRID_MAX_WIDTH);
    grid->height = clamp(height, 1, GRID_MAX_HEIGHT);
    grid->cells =
        mem_new_array((size_t)grid->width * (size_t)grid->height, sizeof(struct grid_cell));
    grid_clear(grid);
}

void
grid_done(struct grid *grid)
{
    mem_free(grid->cells);
    *grid = (struct grid){ 0 };
}

void
grid_clear(struct grid *grid)
{
    size_t len = (size_t)grid->width * (size_t)grid->height;

    for (size_t i = 0; i < len; i++) {
        grid->cells[i] = blank;
    }
    grid->cursor_x = -1;
    grid->cursor_y = -1;
}

static struct grid_cell *
cell_at(struct grid *grid, int x, int y)
{
    if (x < 0 || y < 0 || x >= grid->width || y >= grid->height) {
        return NULL;
    }
    return &grid->cells[(size_t)y * (size_t)grid->width + (size_t)x];
}

const struct grid_cell *
grid_at(const struct grid *grid, int x, int y)
{
    if (x < 0 || y < 0 || x >= grid->width || y >= grid->height) {
        return NULL;
    }
    return &grid->cells[(size_t)y * (size_t)grid->width + (size_t)x];
}

bool
grid_cell_eq(const struct grid_cell *a, const struct grid_cell *b)
{
    return a->rune == b->rune && a->width == b->width && a->role == b->role && a->over == b->over &&
           a->marks[0] == b->marks[0] && a->marks[1] == b->marks[1];
}

/* A cell is about to be overwritten: the other half of a wide character becomes a blank. */
static void
break_wide(struct grid *grid, int x, int y)
{
    struct grid_cell *cell = cell_at(grid, x, y);
    struct grid_cell *other;

    if (cell == NULL || cell->width == 1) {
        return;
    }
    other = cell_at(grid, cell->width == 2 ? x + 1 : x - 1, y);
    if (other != NULL && other->width != 1) {
        other->rune = ' ';
        other->width = 1;
        other->marks[0] = other->marks[1] = 0;
    }
}

static void
set_cell(struct grid *grid, int x, int y, uint32_t rune, int width, enum role role)
{
    struct grid_cell *cell = cell_at(grid, x, y);
    struct grid_cell *right;

    if (cell == NULL) {
        return;
    }
    break_wide(grid, x, y);
    *cell = (struct grid_cell){ .rune = rune, .width = (uint8_t)width, .role = (uint8_t)role };
    if (width != 2) {
        return;
    }
    right = cell_at(grid, x + 1, y);
    if (right == NULL) {
        cell->rune = ' ';
        cell->width = 1;
        return;
    }
    break_wide(grid, x + 1, y);
    *right = (struct grid_cell){ .rune = ' ', .width = 0, .role = (uint8_t)role };
}

static void
add_mark(struct grid *grid, int x, int y, uint32_t rune)
{
    struct grid_cell *cell = cell_at(grid, x, y);

    if (cell != NULL && cell->width == 0) {
        cell = cell_at(grid, x - 1, y);
    }
    for (size_t i = 0; cell != NULL && i < GRID_MARKS; i++) {
        if (cell->marks[i] == 0) {
            cell->marks[i] = rune;
            return;
        }
    }
}

void
grid_fill(struct grid *grid, struct grid_rect rect, enum role role)
{
    for (int y = rect.y; y < rect.y + rect.height; y++) {
        for (int x = rect.x; x < rect.x + rect.width; x++) {
            set_cell(grid, x, y, ' ', 1, role);
        }
    }
}

void
grid_over(struct grid *grid, struct grid_rect rect, enum role over)
{
    for (int y = rect.y; y < rect.y + rect.height; y++) {
        for (int x = rect.x; x < rect.x + rect.width; x++) {
            struct grid_cell *cell = cell_at(grid, x, y);
            if (cell != NULL) {
                cell->over = (uint8_t)over;
            }
        }
    }
}

int
grid_put(struct grid *grid, int x, int y, int max_width, struct str text, enum role role)
{
    int used = 0;

    for (size_t at = 0; at < text.size;) {
        uint32_t rune = text_next(text, &at);
        int width = text_rune_width(rune);
        if (width < 0) {
            continue;
        }
        if (width == 0) {
            if (used > 0) {
                add_mark(grid, x + used - 1, y, rune);
            }
            continue;
        }
        if (used + width > max_width) {
            break;
        }
        if (rune < ' ' || (rune >= 0x7f && rune < 0xa0)) {
            rune = TEXT_REPLACEMENT;
        }
        set_cell(grid, x + used, y, rune, width, role);
        used += width;
    }
    return used;
}

int
grid_putz(struct grid *grid, int x, int y, int max_width, const char *text, enum role role)
{
    return grid_put(grid, x, y, max_width, str_of(text), role);
}

int
grid_put_fit(struct grid *grid, int x, int y, int width, struct str text, enum role role)
{
    int fits = 0;

    if (width <= 0) {
        return 0;
    }
    if (text_fit(text, width, &fits) == text.size) {
        return grid_put(grid, x, y, width, text, role);
    }
    fits = grid_put(grid, x, y, width - 1, text, role);
    return fits + grid_put_glyph(grid, x + fits, y, GLYPH_ELLIPSIS, role);
}

void
grid_put_right(struct grid *grid, int x, int y, int width, struct str text, enum role role)
{
    int columns = text_width(text);

    if (columns >= width) {
        (void)grid_put_fit(grid, x, y, width, text, role);
        return;
    }
    (void)grid_put(grid, x + width - columns, y, columns, text, role);
}

int
grid_put_glyph(struct grid *grid, int x, int y, enum grid_glyph glyph, enum role role)
{
    set_cell(grid, x, y, grid_glyph(grid, glyph), 1, role);
    return 1;
}

void
grid_box(struct grid *grid, struct grid_rect rect, enum role role)
{
    /* horizontal, vertical, the four corners */
    static const uint32_t fine[] = { 0x2500, 0x2502, 0x256d, 0x256e, 0x2570, 0x256f };
    static const uint32_t plain[] = { '-', '|', '+', '+', '+', '+' };
    const uint32_t *line = grid->is_ascii ? plain : fine;
    int right = rect.x + rect.width - 1;
    int bottom = rect.y + rect.height - 1;

    for (int x = rect.x + 1; x < right; x++) {
        set_cell(grid, x, rect.y, line[0], 1, role);
        set_cell(grid, x, bottom, line[0], 1, role);
    }
    for (int y = rect.y + 1; y < bottom; y++) {
        set_cell(grid, rect.x, y, line[1], 1, role);
        set_cell(grid, right, y, line[1], 1, role);
    }
    set_cell(grid, rect.x, rect.y, line[2], 1, role);
    set_cell(grid, right, rect.y, line[3], 1, role);
    set_cell(grid, rect.x, bottom, line[4], 1, role);
    set_cell(grid, right, bottom, line[5], 1, role);
}

/* ---- dumps ---- */

static void
put_rune(struct str_builder *out, uint32_t rune)
{
    char bytes[4];

    str_put(out, str_slice(bytes, text_encode(rune, bytes)));
}

/* Columns of row y up to its last cell that is not an untouched blank. */
static int
used_columns(const struct grid *grid, int y, bool is_text)
{
    int used = grid->width;

    while (used > 0) {
        const struct grid_cell *cell = grid_at(grid, used - 1, y);
        if (cell->rune != ' ' || cell->width != 1 ||
            (!is_text && (cell->role != ROLE_TEXT || cell->over != ROLE_TEXT))) {
            break;
        }
        used--;
    }
    return used;
}

void
grid_dump_text(const struct grid *grid, struct str_builder *out)
{
    for (int y = 0; y < grid->height; y++) {
        int used = used_columns(grid, y, true);
        for (int x = 0; x < used; x++) {
            const struct grid_cell *cell = grid_at(grid, x, y);
            if (cell->width == 0) {
                continue;
            }
            put_rune(out, cell->rune);
            for (size_t i = 0; i < GRID_MARKS && cell->marks[i] != 0; i++) {
                put_rune(out, cell->marks[i]);
            }
        }
        str_putc(out, '\n');
    }
}

void
grid_dump_roles(const struct grid *grid, struct str_builder *out)
{
    for (int y = 0; y < grid->height; y++) {
        int used = used_columns(grid, y, false);
        for (int x = 0; x < used; x++) {
            const struct grid_cell *cell = grid_at(grid, x, y);
            str_putc(out, roles[cell->over != ROLE_TEXT ? cell->over : cell->role].letter);
        }
        str_putc(out, '\n');
    }
}

const char *
grid_role_name(enum role role)
{
    return roles[role].name;
}
