/* Values as YAML: the block style that sigs.k8s.io/yaml prints, and with it kubectl -o yaml.
 *
 * Called by the console and by answers in YAML, on any thread. Where a line breaks and how a text
 * is quoted follows go-yaml v2 (a translation of libyaml's emitter), whose state these are: the
 * column, and whether all of the line so far was blank or indicators such as "- ". */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>

#include "base/doc.h"
#include "base/doc_priv.h"
#include "base/doc_yaml.h"
#include "base/doc_yaml_priv.h"
#include "base/mem.h"

enum {
    EMIT_INDENT = 2,
    EMIT_WIDTH = 80,     /* texts are folded at the first blank behind this column */
    EMIT_LONG_KEY = 128, /* longer ones (in bytes) need "? key" and ": value" */
    EMIT_ROOT = -1       /* indentation outside of everything */
};

enum emit_place { EMIT_AT_ROOT, EMIT_IN_SEQUENCE, EMIT_IN_MAPPING, EMIT_AS_KEY };

enum emit_style { EMIT_PLAIN, EMIT_SINGLE, EMIT_DOUBLE, EMIT_LITERAL };

struct emit {
    struct str_builder *out;
    int column; /* characters in this line */
    int indent; /* of the container we are in */
    bool blank; /* a blank stands before, or the line begins */
    bool fresh; /* nothing but blanks and "-", "?", ":" in this line */
};

static void emit_value(struct emit *e, struct val v, enum emit_place place);

void
doc_yaml_write(struct str_builder *out, struct val v)
{
    struct emit e = { .out = out, .indent = EMIT_ROOT, .blank = true, .fresh = true };
    emit_value(&e, v, EMIT_AT_ROOT);
    if (e.column > 0) {
        str_putc(out, '\n');
    }
}

/* ---- characters ---- */

static size_t
emit_width(char first)
{
    unsigned char c = (unsigned char)first;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* A line break of YAML 1.1: LF, CR, NEL, LS, PS. */
static bool
emit_is_break(const char *p, size_t width)
{
    return *p == '\n' || *p == '\r' || (width == 2 && memcmp(p, "\xc2\x85", 2) == 0) ||
           (width == 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0));
}

/* Printable in the eyes of libyaml, which takes nothing beyond U+FFFF. */
static bool
emit_is_printable(const char *p, size_t width)
{
    switch (width) {
    case 1:
        return *p == '\n' || (*p >= 0x20 && *p <= 0x7e);
    case 2:
        return *p != '\xc2' || (unsigned char)p[1] >= 0xa0;
    case 3:
        return memcmp(p, "\xef\xbb\xbf", 3) != 0 && memcmp(p, "\xef\xbf\xbe", 3) != 0 &&
               memcmp(p, "\xef\xbf\xbf", 3) != 0;
    default:
        return false;
    }
}

static void
emit_put(struct emit *e, char c)
{
    str_putc(e->out, c);
    e->column++;
}

static void
emit_char(struct emit *e, const char *p, size_t width)
{
    str_put(e->out, str_slice(p, width));
    e->column++;
}

static void
emit_line(struct emit *e)
{
    str_putc(e->out, '\n');
    e->column = 0;
}

/* A line break out of a text. */
static void
emit_break(struct emit *e, const char *p, size_t width)
{
    str_put(e->out, str_slice(p, width));
    e->column = 0;
}

/* Goes to the present indentation, in a new line unless this one is still blank up to there. */
static void
emit_indent(struct emit *e)
{
    int indent = e->indent < 0 ? 0 : e->indent;
    if (!e->fresh || e->column > indent || (e->column == indent && !e->blank)) {
        emit_line(e);
    }
    while (e->column < indent) {
        emit_put(e, ' ');
    }
    e->blank = true;
    e->fresh = true;
}

/* Something that has a blank before it. */
static void
emit_mark(struct emit *e, struct str mark, bool keeps_fresh)
{
    if (!e->blank) {
        emit_put(e, ' ');
    }
    str_put(e->out, mark);
    e->column += (int)mark.size;
    e->blank = false;
    e->fresh = e->fresh && keeps_fresh;
}

/* ---- which style ---- */

struct emit_facts {
    bool multiline, plain, single, block; /* the last three: possible */
};

/* Indicators that a plain text must not begin with or contain. */
static bool
emit_is_indicator(struct str text, size_t i, bool after_blank)
{
    char c = text.at[i];
    bool before_blank = i + 1 >= text.size || text.at[i + 1] == ' ' || text.at[i + 1] == '\t';
    if (i > 0) {
        return (c == ':' && before_blank) || (c == '#' && after_blank);
    }
    if (c == '?' || c == ':' || c == '-') {
        return before_blank;
    }
    return c != '\0' && strchr("#,[]{}&*!|>'\"%@`", c) != NULL;
}

/* What a character is, as bits, for looking at two neighbours at once. */
enum { EMIT_IS_BLANK = 1, EMIT_IS_BREAK = 2, EMIT_IS_SPECIAL = 4, EMIT_IS_OTHER = 8 };

static unsigned
emit_kind(const char *p, size_t width)
{
    return *p == ' '                      ? EMIT_IS_BLANK
           : !emit_is_printable(p, width) ? EMIT_IS_SPECIAL | (*p == '\r' ? EMIT_IS_BREAK : 0)
           : emit_is_break(p, width)      ? EMIT_IS_BREAK
                                          : EMIT_IS_OTHER;
}

static struct emit_facts
emit_look(struct str text)
{
    bool indicators = str_has_prefix(text, STR("---")) || str_has_prefix(text, STR("..."));
    bool break_space = false, space_break = false, after_blank = true;
    unsigned all = 0, previous = 0;
    size_t width = 0;
    for (size_t i = 0; i < text.size; i += width) {
        const char *p = text.at + i;
        width = emit_width(*p);
        unsigned kind = emit_kind(p, width);
        indicators = indicators || emit_is_indicator(text, i, after_blank);
        break_space = break_space || (kind == EMIT_IS_BLANK && (previous & EMIT_IS_BREAK) != 0);
        space_break = space_break || ((kind & EMIT_IS_BREAK) != 0 && previous == EMIT_IS_BLANK);
        after_blank = kind != EMIT_IS_OTHER;
        previous = kind;
        all |= kind;
    }
    bool special = (all & EMIT_IS_SPECIAL) != 0;
    bool multiline = (all & EMIT_IS_BREAK) != 0 || str_contains(text, STR("\xc2\x85"));
    bool edges = text.size > 0 && (text.at[0] == ' ' || previous == EMIT_IS_BLANK);
    bool single = !break_space && !space_break && !special;
    return (struct emit_facts){
        .multiline = multiline,
        .plain = single && !edges && !multiline && !indicators,
        .single = single,
        .block = text.size > 0 && previous != EMIT_IS_BLANK && !space_break && !special,
    };
}

static enum emit_style
emit_choose(struct str text, const struct emit_facts *facts, bool as_key)
{
    bool is_text = doc_scalar_resolve(text).type == DOC_SCALAR_STR && !doc_scalar_is_base60(text) &&
                   !(as_key && str_is(text, "<<")); /* go-yaml forgets that this would merge */
    bool lines = memchr(text.at, '\n', text.size) != NULL;
    if (lines) {
        return facts->block && !as_key ? EMIT_LITERAL : EMIT_DOUBLE;
    }
    if (!is_text || (as_key && facts->multiline)) {
        return EMIT_DOUBLE;
    }
    return facts->plain ? EMIT_PLAIN : facts->single ? EMIT_SINGLE : EMIT_DOUBLE;
}

/* ---- texts ---- */

/* Plain or single quoted: a long line goes on in the next one at a single blank; a quote in quotes
 * is doubled. */
static void
emit_folded(struct emit *e, struct str text, bool quoted, bool may_fold)
{
    bool spaces = false, breaks = false;
    size_t width;
    for (size_t i = 0; i < text.size; i += width) {
        const char *p = text.at + i;
        width = emit_width(*p);
        bool inside = i > 0 && i + 1 < text.size;
        if (*p == ' ') {
            if (may_fold && !spaces && e->column > EMIT_WIDTH && inside && p[1] != ' ') {
                emit_indent(e);
            } else {
                emit_put(e, ' ');
            }
            spaces = true;
        } else if (emit_is_break(p, width)) { /* LS and PS, only in quotes */
            emit_break(e, p, width);
            e->fresh = true;
            breaks = true;
        } else {
            if (breaks) {
                emit_indent(e);
            }
            if (quoted && *p == '\'') {
                emit_put(e, '\'');
            }
            emit_char(e, p, width);
            e->fresh = false;
            spaces = false;
            breaks = false;
        }
    }
}

static void
emit_plain(struct emit *e, struct str text, bool may_fold)
{
    if (!e->blank) {
        emit_put(e, ' ');
    }
    if (!may_fold || e->column + (int)text.size <= EMIT_WIDTH) {
        str_put(e->out, text);
        for (size_t i = 0; i < text.size; i++) {
            e->column += (text.at[i] & 0xc0) != 0x80 ? 1 : 0;
        }
    } else {
        emit_folded(e, text, false, true);
    }
    e->blank = false;
    e->fresh = false;
}

static void
emit_escape(struct emit *e, const char *p, size_t width)
{
    static const struct {
        uint32_t rune;
        char letter;
    } named[] = {
        { 0, '0' },     { 7, 'a' },    { 8, 'b' },    { 9, 't' },      { 10, 'n' },
        { 11, 'v' },    { 12, 'f' },   { 13, 'r' },   { 0x1b, 'e' },   { '"', '"' },
        { '\\', '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
    };
    static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t rune = (unsigned char)*p & masks[width];
    char text[16];
    for (size_t i = 1; i < width; i++) {
        rune = rune << 6 | ((unsigned char)p[i] & 0x3f);
    }
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (rune == named[i].rune) {
            emit_put(e, '\\');
            emit_put(e, named[i].letter);
            return;
        }
    }
    int size = rune <= 0xff     ? snprintf(text, sizeof(text), "\\x%02X", rune)
               : rune <= 0xffff ? snprintf(text, sizeof(text), "\\u%04X", rune)
                                : snprintf(text, sizeof(text), "\\U%08X", rune);
    str_putz(e->out, text);
    e->column += size;
}

static void
emit_double(struct emit *e, struct str text, bool may_fold)
{
    bool spaces = false;
    bool bom = str_has_prefix(text, STR("\xef\xbb\xbf")); /* go-yaml then escapes everything */
    size_t width;
    emit_mark(e, STR("\""), false);
    for (size_t i = 0; i < text.size; i += width) {
        const char *p = text.at + i;
        width = emit_width(*p);
        bool inside = i > 0 && i + 1 < text.size;
        if (bom || *p == '"' || *p == '\\' || !emit_is_printable(p, width) ||
            emit_is_break(p, width)) {
            emit_escape(e, p, width);
            spaces = false;
        } else if (*p == ' ' && may_fold && !spaces && e->column > EMIT_WIDTH && inside) {
            emit_indent(e);
            if (p[1] == ' ') {
                emit_put(e, '\\');
            }
            spaces = true;
        } else {
            emit_char(e, p, width);
            spaces = *p == ' ';
        }
    }
    emit_put(e, '"');
    e->blank = false;
    e->fresh = false;
}

/* → the size of a text's last character, 0 for an empty text. */
static size_t
emit_last(struct str text)
{
    size_t size = 0;
    while (size < text.size) {
        size++;
        if ((text.at[text.size - size] & 0xc0) != 0x80) {
            break;
        }
    }
    return size;
}

static void
emit_literal(struct emit *e, struct str text)
{
    size_t last = emit_last(text);
    struct str head = str_slice(text.at, text.size - last);
    size_t second = emit_last(head);
    emit_mark(e, STR("|"), false);
    if (*text.at == ' ' || emit_is_break(text.at, emit_width(*text.at))) {
        emit_put(e, '0' + EMIT_INDENT);
    }
    if (!emit_is_break(text.at + text.size - last, last)) {
        emit_put(e, '-');
    } else if (head.size == 0 || emit_is_break(head.at + head.size - second, second)) {
        emit_put(e, '+');
    }
    emit_line(e);
    e->fresh = true;
    e->blank = true;
    bool breaks = true;
    size_t width;
    for (size_t i = 0; i < text.size; i += width) {
        const char *p = text.at + i;
        width = emit_width(*p);
        bool line = emit_is_break(p, width);
        if (line) {
            emit_break(e, p, width);
        } else {
            if (breaks) {
                emit_indent(e);
            }
            emit_char(e, p, width);
        }
        e->fresh = line;
        breaks = line;
    }
}

static void
emit_text(struct emit *e, struct str text, bool as_key)
{
    struct emit_facts facts = emit_look(text);
    int outer = e->indent;
    e->indent = (outer < 0 ? 0 : outer) + EMIT_INDENT;
    switch (emit_choose(text, &facts, as_key)) {
    case EMIT_PLAIN:
        emit_plain(e, text, !as_key);
        break;
    case EMIT_SINGLE:
        emit_mark(e, STR("'"), false);
        emit_folded(e, text, true, !as_key);
        emit_put(e, '\'');
        e->blank = false;
        e->fresh = false;
        break;
    case EMIT_DOUBLE:
        emit_double(e, text, !as_key);
        break;
    case EMIT_LITERAL:
        emit_literal(e, text);
        break;
    }
    e->indent = outer;
}

/* ---- values ---- */

static void
emit_number(struct emit *e, struct val v)
{
    char text[DOC_NUMBER_SIZE];
    struct doc_scalar scalar = doc_scalar_resolve(val_raw(v));
    if (scalar.type == DOC_SCALAR_INT || scalar.type == DOC_SCALAR_UINT) {
        emit_mark(e, doc_scalar_decimal(&scalar, text), false);
        return;
    }
    emit_mark(e, str_slice(text, doc_number_text(text, val_num(v, 0), DOC_NUMBER_YAML)), false);
}

static void
emit_mapping(struct emit *e, struct val v)
{
    int outer = e->indent;
    e->indent = outer < 0 ? 0 : outer + EMIT_INDENT;
    VAL_EACH (it, v) {
        emit_indent(e);
        if (it.key.size <= EMIT_LONG_KEY && !emit_look(it.key).multiline) {
            emit_text(e, it.key, true);
            emit_put(e, ':');
            e->fresh = false;
        } else {
            emit_mark(e, STR("?"), true);
            emit_text(e, it.key, false);
            emit_indent(e);
            emit_mark(e, STR(":"), true);
        }
        emit_value(e, it.value, EMIT_IN_MAPPING);
    }
    e->indent = outer;
}

static void
emit_sequence(struct emit *e, struct val v, enum emit_place place)
{
    int outer = e->indent;
    bool aligned = place == EMIT_IN_MAPPING && !e->fresh; /* with its key */
    e->indent = outer < 0 ? 0 : outer + (aligned ? 0 : EMIT_INDENT);
    VAL_EACH (it, v) {
        emit_indent(e);
        emit_mark(e, STR("-"), true);
        emit_value(e, it.value, EMIT_IN_SEQUENCE);
    }
    e->indent = outer;
}

/* Recursion is bounded by the depth that a document can have. */
static void
emit_value(struct emit *e, struct val v, enum emit_place place)
{
    switch (val_type(v)) {
    case DOC_OBJECT:
        if (val_len(v) == 0) {
            emit_mark(e, STR("{}"), false);
        } else {
            emit_mapping(e, v);
        }
        break;
    case DOC_ARRAY:
        if (val_len(v) == 0) {
            emit_mark(e, STR("[]"), false);
        } else {
            emit_sequence(e, v, place);
        }
        break;
    case DOC_STRING:
        emit_text(e, val_str(v), false);
        break;
    case DOC_NUMBER:
        emit_number(e, v);
        break;
    case DOC_TRUE:
        emit_mark(e, STR("true"), false);
        break;
    case DOC_FALSE:
        emit_mark(e, STR("false"), false);
        break;
    case DOC_NULL:
    case DOC_ABSENT:
        emit_mark(e, STR("null"), false);
        break;
    }
}
