/* UTF-8 by columns, and the sanitizer that every piece of foreign text passes.  Called by the grid,
 * the tables and the text views; pure, any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/text.h"

#include <wchar.h>

/* ---- UTF-8 ---- */

static bool
is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

uint32_t
text_next(struct str text, size_t *at)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)text.at + *at;
    size_t left = text.size - *at;
    size_t size = p[0] < 0x80             ? 1
                  : (p[0] & 0xe0) == 0xc0 ? 2
                  : (p[0] & 0xf0) == 0xe0 ? 3
                  : (p[0] & 0xf8) == 0xf0 ? 4
                                          : 0;
    uint32_t rune;

    *at += 1;
    if (size == 1) {
        return p[0];
    }
    if (size == 0 || size > left) {
        return TEXT_REPLACEMENT;
    }
    rune = p[0] & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if (!is_tail(p[i])) {
            return TEXT_REPLACEMENT;
        }
        rune = rune << 6 | (p[i] & 0x3fU);
    }
    if (rune < least[size] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) {
        return TEXT_REPLACEMENT;
    }
    *at += size - 1;
    return rune;
}

size_t
text_encode(uint32_t rune, char out[4])
{
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (char)(0xc0 | rune >> 6);
        out[1] = (char)(0x80 | (rune & 0x3f));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (char)(0xe0 | rune >> 12);
        out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
        out[2] = (char)(0x80 | (rune & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | rune >> 18);
    out[1] = (char)(0x80 | (rune >> 12 & 0x3f));
    out[2] = (char)(0x80 | (rune >> 6 & 0x3f));
    out[3] = (char)(0x80 | (rune & 0x3f));
    return 4;
}

/* ---- columns ---- */

/* Characters that change the order or the look of others without being seen: never drawn. Joiners
 * and variation selectors are among them because terminals disagree on what they do to widths. */
static bool
is_invisible(uint32_t rune)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c },   { 0x180e, 0x180e },
        { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },   { 0xfe00, 0xfe0f },
        { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
    };

    if (rune < ranges[0].first) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (rune >= ranges[i].first && rune <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static bool
is_control(uint32_t rune)
{
    return rune < ' ' || (rune >= 0x7f && rune < 0xa0);
}

int
text_rune_width(uint32_t rune)
{
    int width;

    if (rune < 0x7f) {
        return 1;
    }
    if (is_invisible(rune)) {
        return -1;
    }
    width = wcwidth((wchar_t)rune);
    return width < 0 ? 1 : width > 2 ? 2 : width;
}

int
text_width(struct str text)
{
    int width = 0;

    (void)text_fit(text, INT32_MAX, &width);
    return width;
}

size_t
text_fit(struct str text, int width, int *ret_width)
{
    int used = 0;
    size_t at = 0;

    while (at < text.size) {
        size_t next = at;
        int columns = text_rune_width(text_next(text, &next));
        if (columns > 0 && columns > width - used) {
            break;
        }
        used += columns > 0 ? columns : 0;
        at = next;
    }
    *ret_width = used;
    return at;
}

/* ---- sanitizer ---- */

/* Skips bytes from low to high - 1, then one final byte up to 0x7e if it is there. */
static size_t
sequence_end(struct str text, size_t at, unsigned char low, unsigned char high)
{
    const unsigned char *p = (const unsigned char *)text.at;

    while (at < text.size && p[at] >= low && p[at] < high) {
        at++;
    }
    return at < text.size && p[at] >= high && p[at] < 0x7f ? at + 1 : at;
}

/* The end of a string (OSC, DCS …): BEL or ESC \; a line feed ends one that was never closed. */
static size_t
string_end(struct str text, size_t at)
{
    while (at < text.size && text.at[at] != '\n' && text.at[at] != 0x07 && text.at[at] != 0x1b) {
        at++;
    }
    if (at < text.size && text.at[at] == 0x07) {
        return at + 1;
    }
    return at + 1 < text.size && text.at[at] == 0x1b && text.at[at + 1] == '\\' ? at + 2 : at;
}

/* Where the escape sequence ends whose ESC stands at `at`. */
static size_t
escape_end(struct str text, size_t at)
{
    unsigned char kind;

    at++;
    if (at >= text.size) {
        return at;
    }
    kind = (unsigned char)text.at[at];
    if (kind == '[') {
        return sequence_end(text, at + 1, 0x20, 0x40);
    }
    if (kind != '\0' && strchr("]PX^_", kind) != NULL) {
        return string_end(text, at + 1);
    }
    if (kind >= 0x20 && kind < 0x30) { /* ESC ( B and the like */
        return sequence_end(text, at + 1, 0x20, 0x30);
    }
    return kind >= 0x30 && kind < 0x7f ? at + 1 : at;
}

static void
put_tab(struct str_builder *out, int *column)
{
    do {
        str_putc(out, ' ');
        *column += 1;
    } while (*column % TEXT_TAB != 0);
}

void
text_clean(struct str_builder *out, struct str text, bool keep_lines)
{
    int column = 0;

    for (size_t at = 0; at < text.size;) {
        size_t from = at;
        uint32_t rune = text_next(text, &at);
        if (rune == 0x1b) {
            at = escape_end(text, from);
        } else if (rune == '\n') {
            str_putc(out, keep_lines ? '\n' : ' ');
            column = 0;
        } else if (rune == '\t') {
            put_tab(out, &column);
        } else if (is_control(rune) || is_invisible(rune)) {
            continue;
        } else if (rune == TEXT_REPLACEMENT) {
            str_putz(out, "\xef\xbf\xbd");
            column++;
        } else {
            str_put(out, str_slice(text.at + from, at - from));
            column += text_rune_width(rune);
        }
    }
}

bool
text_is_clean(struct str text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t rune = text_next(text, &at);
        if (is_control(rune) || rune == TEXT_REPLACEMENT || is_invisible(rune)) {
            return false;
        }
    }
    return true;
}

/* ---- wrapping ---- */

size_t
text_wrap_len(struct str line, int width)
{
    size_t rows = 0;

    while (line.size > 0) {
        struct str row = text_wrap_row(line, width, 0);
        line = str_slice(line.at + row.size, line.size - row.size);
        rows++;
    }
    return rows == 0 ? 1 : rows;
}

struct str
text_wrap_row(struct str line, int width, size_t row)
{
    size_t size;
    int used = 0;

    for (;; row--) {
        size = text_fit(line, width < 1 ? 1 : width, &used);
        if (size == 0 && line.size > 0) {
            (void)text_next(line, &size); /* wider than the whole row: cut off by the grid */
        }
        if (row == 0 || size == line.size) {
            break;
        }
        line = str_slice(line.at + size, line.size - size);
    }
    return row == 0 ? str_slice(line.at, size) : (struct str){ 0 };
}
