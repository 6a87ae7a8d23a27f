/* The pager: what of the lines is visible, moving, searching.  Called by text and log views;
 * console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/pager.h"

#include <ctype.h>

#include "ui/pattern.h"
#include "ui/text.h"

/* How one line is coloured: [from, to) in one role, what follows in another. */
struct paint {
    size_t from, to;
    enum role role, rest;
};

void
pager_init(struct pager *pager, const struct pager_source *source, const void *ctx)
{
    *pager = (struct pager){ .source = source, .ctx = ctx, .match = UINT64_MAX };
    pager->height = 1;
    pager->width = 80;
}

void
pager_done(struct pager *pager)
{
    pattern_free(STEAL(pager->pattern));
}

/* ---- lines ---- */

static uint64_t
first_line(const struct pager *pager)
{
    return pager->source->first(pager->ctx);
}

static uint64_t
end_line(const struct pager *pager)
{
    return pager->source->end(pager->ctx);
}

static size_t
rows_of(const struct pager *pager, uint64_t number)
{
    return pager->is_wrapped ? text_wrap_len(pager->source->line(pager->ctx, number), pager->width)
                             : 1;
}

/* ---- moving ---- */

/* One row up or down; false at the end of the text. */
static bool
step_up(struct pager *pager)
{
    if (pager->top_row > 0) {
        pager->top_row--;
        return true;
    }
    if (pager->top <= first_line(pager)) {
        return false;
    }
    pager->top--;
    pager->top_row = rows_of(pager, pager->top) - 1;
    return true;
}

static bool
step_down(struct pager *pager)
{
    if (pager->top_row + 1 < rows_of(pager, pager->top)) {
        pager->top_row++;
        return true;
    }
    if (pager->top + 1 >= end_line(pager)) {
        return false;
    }
    pager->top++;
    pager->top_row = 0;
    return true;
}

/* The top such that the last row stands on the last line. */
static void
go_to_end(struct pager *pager)
{
    uint64_t first = first_line(pager);

    pager->top = end_line(pager);
    pager->top_row = 0;
    if (!pager->is_wrapped) {
        uint64_t height = (uint64_t)pager->height;
        pager->top = pager->top - first > height ? pager->top - height : first;
        return;
    }
    for (int row = 0; row < pager->height && step_up(pager); row++) {
    }
}

/* Lines may have gone at the front, and the end must not be scrolled over. */
static void
settle(struct pager *pager)
{
    uint64_t first = first_line(pager), end = end_line(pager);
    struct pager last;

    if (pager->top < first) {
        pager->top = first;
        pager->top_row = 0;
    }
    if (pager->is_following) {
        go_to_end(pager);
        return;
    }
    if (end - pager->top >= (uint64_t)pager->height) {
        return;
    }
    last = *pager;
    go_to_end(&last);
    if (pager->top > last.top || (pager->top == last.top && pager->top_row > last.top_row)) {
        pager->top = last.top;
        pager->top_row = last.top_row;
    }
}

void
pager_move(struct pager *pager, int64_t rows)
{
    settle(pager);
    pager->is_following = false;
    while (rows < 0 && step_up(pager)) {
        rows++;
    }
    while (rows > 0 && step_down(pager)) {
        rows--;
    }
    settle(pager);
}

void
pager_top(struct pager *pager)
{
    pager->is_following = false;
    pager->top = first_line(pager);
    pager->top_row = 0;
}

void
pager_bottom(struct pager *pager)
{
    go_to_end(pager);
}

void
pager_scroll(struct pager *pager, int columns)
{
    pager->left = pager->left + columns < 0 ? 0 : pager->left + columns;
}

/* ---- search ---- */

void
pager_search(struct pager *pager, struct str text)
{
    pattern_free(pager->pattern);
    pager->pattern = pattern_new(text);
    pager->match = UINT64_MAX;
}

struct str
pager_pattern(const struct pager *pager)
{
    return pattern_text(pager->pattern);
}

void
pager_hunt(struct pager *pager, int step, bool turns)
{
    uint64_t first = first_line(pager);
    bool has_match = pager->match != UINT64_MAX && pager->match >= first;

    pager->look = (struct pager_look){ .step = step, .turns = turns };
    pager->look.from = pager->top;
    if (has_match) {
        pager->look.at = step > 0 ? pager->match + 1 : pager->match - 1;
    } else {
        pager->look.at = step > 0 ? pager->top : pager->top - 1;
    }
}

static void
go_to_match(struct pager *pager, uint64_t at)
{
    uint64_t first = first_line(pager);

    pager->match = at;
    pager->is_following = false;
    if (at < pager->top || at - pager->top >= (uint64_t)pager->height) {
        /* A third from the top, so that what led to it is seen. */
        uint64_t lead = (uint64_t)pager->height / 3;
        pager->top = at - first > lead ? at - lead : first;
        pager->top_row = 0;
    }
}

enum pager_hunt
pager_hunt_slice(struct pager *pager, size_t bytes)
{
    enum { LINE_BYTES = 64 }; /* what a line costs whatever is in it */
    struct pager_look *look = &pager->look;
    size_t done = 0;

    if (pager->pattern == NULL) {
        return PAGER_NOTHING;
    }
    while (done < bytes) {
        uint64_t first = first_line(pager), end = end_line(pager);
        /* Lines went at the front meanwhile. */
        look->at = look->step > 0 && look->at < first ? first : look->at;
        if (look->at < first || look->at >= end) {
            if (!look->turns) {
                return PAGER_NOTHING;
            }
            *look = (struct pager_look){ .step = -look->step, .at = look->from - 1 };
            continue;
        }
        struct str line = pager->source->line(pager->ctx, look->at);
        done += line.size + LINE_BYTES;
        if (pattern_matches(pager->pattern, line)) {
            go_to_match(pager, look->at);
            return PAGER_FOUND;
        }
        look->at += (uint64_t)(int64_t)look->step;
    }
    return PAGER_MORE;
}

/* ---- colours ---- */

static bool
is_number(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.at[i] < '0' || text.at[i] > '9') && strchr("+-.eE_xobm", text.at[i]) == NULL) {
            return false;
        }
    }
    return text.size > 0 && (isdigit((unsigned char)text.at[0]) || text.at[0] == '-');
}

static struct paint
paint_yaml(struct str line)
{
    struct paint paint = { 0, 0, ROLE_YAML_KEY, ROLE_YAML_TEXT };
    struct str value;
    size_t colon;

    while (paint.from < line.size && (line.at[paint.from] == ' ' || line.at[paint.from] == '-')) {
        paint.from++;
    }
    colon = paint.from;
    while (colon < line.size &&
           !(line.at[colon] == ':' && (colon + 1 == line.size || line.at[colon + 1] == ' '))) {
        colon++;
    }
    paint.to = colon < line.size ? colon + 1 : paint.from;
    value = str_trim(str_slice(line.at + paint.to, line.size - paint.to));
    if (is_number(value) || str_is(value, "true") || str_is(value, "false") ||
        str_is(value, "null")) {
        paint.rest = ROLE_YAML_NUMBER;
    }
    return paint;
}

/* Bytes up to the colon that ends a key, or to the end of a line that is one name. */
static size_t
key_end(struct str line, size_t from)
{
    size_t i = from;

    while (i < line.size && line.at[i] != ':' &&
           !(line.at[i] == ' ' && i + 1 < line.size && line.at[i + 1] == ' ')) {
        i++;
    }
    return i;
}

/* "Name:    value", "Events:", "  nginx", "  Warning  …". */
static struct paint
paint_describe(struct str line)
{
    struct paint paint = { 0, 0, ROLE_YAML_KEY, ROLE_TEXT };
    size_t end;

    while (paint.from < line.size && line.at[paint.from] == ' ') {
        paint.from++;
    }
    end = key_end(line, paint.from);
    paint.to = paint.from;
    if (str_has_prefix(line, STR("  Warning "))) {
        paint.to = paint.from + strlen("Warning");
        paint.role = ROLE_WARN;
    } else if (end == line.size && paint.from == 2) {
        paint.to = end; /* a name that heads what follows: a container */
        paint.role = ROLE_ACCENT;
    } else if (end < line.size && line.at[end] == ':' &&
               (end + 1 == line.size || line.at[end + 1] == ' ')) {
        paint.to = end + 1;
        paint.role = paint.from == 0 && paint.to == line.size ? ROLE_TITLE : ROLE_YAML_KEY;
    }
    return paint;
}

/* Heads at the margin; keys in the first column of what is indented. */
static struct paint
paint_help(struct str line)
{
    struct paint paint = { 0, line.size, ROLE_TITLE, ROLE_TEXT };

    if (line.size > 2 && line.at[0] == ' ') {
        paint.role = ROLE_KEY;
        paint.to = line.size < 24 ? line.size : 24;
    }
    return paint;
}

static struct paint
paint_of(const struct pager *pager, struct str line)
{
    switch (pager->syntax) {
    case PAGER_YAML:
        return paint_yaml(line);
    case PAGER_DESCRIBE:
        return paint_describe(line);
    case PAGER_HELP:
        return paint_help(line);
    case PAGER_PLAIN:
    default:
        return (struct paint){ 0, 0, ROLE_TEXT, ROLE_TEXT };
    }
}

/* ---- drawing ---- */

static size_t
clip(size_t value, size_t low, size_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Bytes [from, to) of a line, in their colours, with the matches that lie in them. */
static void
draw_part(const struct pager *pager, struct str line, size_t from, size_t to, struct grid *grid,
          struct grid_rect at)
{
    struct paint paint = paint_of(pager, line);
    size_t a = clip(paint.from, from, to), b = clip(paint.to, from, to);
    int x = at.x, right = at.x + at.width;
    size_t match_from = 0, match_to = 0, search = 0;

    x += grid_put(grid, x, at.y, right - x, str_slice(line.at + from, a - from), paint.rest);
    x += grid_put(grid, x, at.y, right - x, str_slice(line.at + a, b - a), paint.role);
    (void)grid_put(grid, x, at.y, right - x, str_slice(line.at + b, to - b), paint.rest);
    while (pattern_find(pager->pattern, line, search, &match_from, &match_to)) {
        size_t begin = clip(match_from, from, to), end = clip(match_to, from, to);
        int column = text_width(str_slice(line.at + from, begin - from));
        int width = text_width(str_slice(line.at + begin, end - begin));
        int room = at.width - column;
        if (room > 0 && width > 0) {
            grid_over(grid,
                      (struct grid_rect){ at.x + column, at.y, width < room ? width : room, 1 },
                      ROLE_MATCH);
        }
        if (match_from >= to) {
            break;
        }
        search = match_to > match_from ? match_to : match_from + 1;
    }
}

static void
draw_line(const struct pager *pager, uint64_t number, size_t row, struct grid *grid,
          struct grid_rect at)
{
    struct str line = pager->source->line(pager->ctx, number);
    int used = 0;

    if (pager->is_wrapped) {
        struct str part = text_wrap_row(line, pager->width, row);
        size_t from = part.at == NULL ? 0 : (size_t)(part.at - line.at);
        draw_part(pager, line, from, from + part.size, grid, at);
    } else {
        draw_part(pager, line, text_fit(line, pager->left, &used), line.size, grid, at);
    }
    if (number == pager->match) {
        grid_over(grid, (struct grid_rect){ at.x, at.y, 1, 1 }, ROLE_CURSOR);
    }
}

void
pager_draw(struct pager *pager, struct grid *grid, struct grid_rect rect)
{
    uint64_t number, end = end_line(pager);
    size_t row;

    pager->height = rect.height < 1 ? 1 : rect.height;
    pager->width = rect.width - 2 < 1 ? 1 : rect.width - 2;
    settle(pager);
    number = pager->top;
    row = pager->top_row;
    for (int y = 0; y < rect.height && number < end; y++) {
        struct grid_rect at = { rect.x + 1, rect.y + y, pager->width, 1 };
        draw_line(pager, number, row, grid, at);
        if (++row >= rows_of(pager, number)) {
            row = 0;
            number++;
        }
    }
}

/* ---- a source of one text ---- */

static uint64_t
text_first(const void *ctx)
{
    (void)ctx;
    return 0;
}

static uint64_t
text_end(const void *ctx)
{
    const struct pager_text *text = ctx;

    return text->starts.len;
}

static struct str
text_line(const void *ctx, uint64_t number)
{
    const struct pager_text *text = ctx;
    size_t from, to;

    if (number >= text->starts.len) {
        return (struct str){ 0 };
    }
    from = text->starts.at[number];
    to = number + 1 < text->starts.len ? text->starts.at[number + 1] - 1U : text->size;
    return str_slice(text->text + from, to - from);
}

const struct pager_source pager_text_source = { text_first, text_end, text_line };

void
pager_text_set(struct pager_text *text, struct str foreign)
{
    AUTO_STR struct str_builder clean = { 0 };

    text_clean(&clean, foreign, true);
    pager_text_done(text);
    if (clean.size > 0 && clean.at[clean.size - 1] == '\n') {
        clean.size--;
    }
    text->size = clean.size;
    text->text = str_steal(&clean);
    VEC_ADD(text->starts, 0);
    for (size_t i = 0; i < text->size; i++) {
        if (text->text[i] == '\n') {
            VEC_ADD(text->starts, (uint32_t)i + 1);
        }
    }
}

void
pager_text_done(struct pager_text *text)
{
    if (text->text != NULL) {
        mem_wipe(text->text, text->size); /* it may have been a secret */
    }
    mem_free(STEAL(text->text));
    VEC_DONE(text->starts);
    text->size = 0;
}
