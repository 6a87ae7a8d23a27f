/* strconv.Quote, and fmt's %v of maps: what apimachinery's messages print.
 *
 * Called by everybody who words an API error. Pure, any thread. */
#include "config.h"

#include "api/quote.h"

#include "base/arena.h"
#include "base/err.h"

/* Ranges above ASCII that unicode.IsPrint refuses: controls, spaces, formats, private use. */
static const struct {
    uint32_t first, last;
} quote_hidden[] = {
    { 0x80, 0xa0 },        { 0xad, 0xad },     { 0x600, 0x605 },   { 0x61c, 0x61c },
    { 0x6dd, 0x6dd },      { 0x70f, 0x70f },   { 0x1680, 0x1680 }, { 0x180e, 0x180e },
    { 0x2000, 0x200f },    { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },
    { 0xd800, 0xf8ff },    { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
    { 0xe0000, 0x10ffff },
};

static void quote_ascii(struct str_builder *out, unsigned char c);
static size_t quote_rune(struct str rest, uint32_t *ret_rune);
static void quote_value(struct str_builder *out, struct val v, int depth);

enum { QUOTE_VALUE_MAX = 4 * 1024 * 1024 /* bytes: more than a request's body */ };

struct str
quote_go(struct str text, struct arena *arena)
{
    AUTO_STR struct str_builder out = { 0 };
    str_putc(&out, '"');
    for (size_t i = 0; i < text.size;) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x80) {
            quote_ascii(&out, c);
            i++;
            continue;
        }
        uint32_t rune = 0;
        size_t size = quote_rune(str_slice(text.at + i, text.size - i), &rune);
        if (size == 0) {
            str_putf(&out, "\\x%02x", c);
            i++;
            continue;
        }
        bool hidden = false;
        for (size_t k = 0; k < sizeof(quote_hidden) / sizeof(quote_hidden[0]); k++) {
            hidden |= rune >= quote_hidden[k].first && rune <= quote_hidden[k].last;
        }
        if (!hidden) {
            str_put(&out, str_slice(text.at + i, size));
        } else if (rune < 0x10000) {
            str_putf(&out, "\\u%04x", rune);
        } else {
            str_putf(&out, "\\U%08x", rune);
        }
        i += size;
    }
    str_putc(&out, '"');
    return arena_dup(arena, str_view(&out));
}

struct str
quote_go_value(struct val v, struct arena *arena)
{
    AUTO_STR struct str_builder text = { .max = QUOTE_VALUE_MAX };
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    jw_init(&w, arena);
    jw_canonical(&w, v); /* Go sorts the keys of a map that it prints */
    const struct doc *sorted = doc_parse(arena, jw_done(&w), &err);
    if (sorted != NULL) {
        quote_value(&text, doc_root(sorted), 0);
    }
    return arena_dup(arena, str_view(&text));
}

static void
quote_ascii(struct str_builder *out, unsigned char c)
{
    static const char named[] = "\aa\bb\ff\nn\rr\tt\vv\\\\\"\"";
    for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
        if ((unsigned char)named[i] == c) {
            str_putc(out, '\\');
            str_putc(out, named[i + 1]);
            return;
        }
    }
    if (c < 0x20 || c == 0x7f) {
        str_putf(out, "\\x%02x", c);
    } else {
        str_putc(out, (char)c);
    }
}

/* Decodes one UTF-8 sequence of two to four bytes; 0 when it is none. */
static size_t
quote_rune(struct str rest, uint32_t *ret_rune)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *at = (const unsigned char *)rest.at;
    size_t size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
    if (size == 0 || size > rest.size || at[0] > 0xf4) {
        return 0;
    }
    uint32_t rune = at[0] & (0xffU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        rune = rune << 6 | (at[i] & 0x3fU);
    }
    if (rune < least[size] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) {
        return 0;
    }
    *ret_rune = rune;
    return size;
}

static void
quote_value(struct str_builder *out, struct val v, int depth)
{
    switch (val_type(v)) {
    case DOC_OBJECT:
    case DOC_ARRAY: {
        bool is_map = val_type(v) == DOC_OBJECT;
        bool is_first = true;
        str_putz(out, is_map ? "map[" : "[");
        VAL_EACH (it, v) {
            str_putz(out, is_first ? "" : " ");
            is_first = false;
            if (is_map) {
                str_put(out, it.key);
                str_putc(out, ':');
            }
            if (depth < DOC_MAX_DEPTH) {
                quote_value(out, it.value, depth + 1);
            }
        }
        str_putc(out, ']');
        break;
    }
    case DOC_STRING:
        str_put(out, val_str(v));
        break;
    case DOC_NULL:
        str_putz(out, "<nil>");
        break;
    case DOC_ABSENT:
    case DOC_FALSE:
    case DOC_TRUE:
    case DOC_NUMBER:
        str_put(out, val_raw(v));
        break;
    }
}
