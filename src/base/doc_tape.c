/* JSON text to tape: one strict pass (RFC 8259), eight bytes at a time inside strings.
 *
 * Called by doc.c only, on any thread. Every syntax error has the text of Go's encoding/json, since
 * API clients see it. Numbers outside the range of a float64 are refused here, so that whatever has
 * a tape can also be printed. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_priv.h"

#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    TAPE_FIRST_NODES = 4096, /* most nodes allocated before any is needed */
    TAPE_BYTES_PER_NODE = 8, /* what API objects come to, a little generous */
    TAPE_LONG_NUMBER = 300   /* shorter ones without an exponent are finite */
};

static const uint32_t TAPE_NONE = UINT32_MAX;

struct tape_maker {
    const char *begin, *end;
    struct arena *arena; /* NULL: heap */
    struct doc_node *nodes;
    uint32_t len, capacity;
    uint32_t inner; /* innermost open container, TAPE_NONE at the top; its skip is the next outer */
    bool is_object; /* that container's type */
    uint32_t count; /* and its members so far; those of outer ones wait in their nodes */
    uint32_t depth, deepest;
    char *side;
    uint32_t side_size, side_capacity;
    const char *fail_at;  /* the byte that cannot be here; end: too short */
    const char *fail_why; /* Go's words for where we were; NULL: all is well */
    bool in_token;        /* what fails at the end is a token: Go then complains about a blank */
    struct str too_large; /* the first number that no float64 holds */
};

static bool tape_build(struct tape_maker *m);
static int tape_error(const struct tape_maker *m, struct err **err);

struct doc_tape *
doc_tape_make(struct arena *arena, struct str bytes, struct err **err)
{
    if (bytes.size > DOC_MAX_SIZE) {
        (void)err_set(err, ERR_TOO_LARGE, "document of %zu bytes: at most %d are allowed",
                      bytes.size, DOC_MAX_SIZE);
        return NULL;
    }
    if (bytes.size == 0) {
        bytes = STR(""); /* what is absent has no address to count from */
    }
    struct tape_maker m = {
        .begin = bytes.at, .end = bytes.at + bytes.size, .arena = arena, .inner = TAPE_NONE
    };
    uint32_t guess = (uint32_t)(bytes.size / TAPE_BYTES_PER_NODE) + 8;
    m.capacity = guess < TAPE_FIRST_NODES ? guess : TAPE_FIRST_NODES;
    size_t first_size = m.capacity * sizeof(struct doc_node);
    m.nodes = arena != NULL ? arena_alloc(arena, first_size) : mem_new(first_size);
    if (!tape_build(&m) || m.too_large.size > 0) {
        (void)tape_error(&m, err);
        if (arena == NULL) {
            mem_free(m.nodes);
            mem_free(m.side);
        }
        return NULL;
    }
    struct doc_tape *tape =
        arena != NULL ? ARENA_NEW(arena, struct doc_tape) : MEM_NEW(struct doc_tape);
    *tape = (struct doc_tape){ .nodes = m.nodes, .side = m.side, .len = m.len, .depth = m.deepest };
    return tape;
}

void
doc_tape_free(struct doc_tape *tape)
{
    if (tape != NULL) {
        mem_free(tape->nodes);
        mem_free(tape->side);
        mem_free(tape);
    }
}

/* ---- errors ---- */

static __attribute__((cold, noinline)) const char *
tape_fail(struct tape_maker *m, const char *at, const char *why)
{
    m->fail_at = at;
    m->fail_why = why;
    return NULL;
}

static __attribute__((cold, noinline)) const char *
tape_fail_token(struct tape_maker *m, const char *at, const char *why)
{
    m->in_token = true;
    return tape_fail(m, at, why);
}

/* A byte as Go's quoteChar prints it, where it takes the byte for a code point. */
static void
tape_quote(char *out, size_t out_size, unsigned char c)
{
    static const char names[] = "\aa\bb\ff\nn\rr\tt\vv\\\\''";
    for (size_t i = 0; names[i] != '\0'; i += 2) {
        if ((unsigned char)names[i] == c) {
            (void)snprintf(out, out_size, "'\\%c'", names[i + 1]);
            return;
        }
    }
    if (c < 0x20 || c == 0x7f) {
        (void)snprintf(out, out_size, "'\\x%02x'", c);
    } else if (c < 0x7f) {
        (void)snprintf(out, out_size, "'%c'", c);
    } else if (c <= 0xa0 || c == 0xad) { /* not printable in Latin-1 */
        (void)snprintf(out, out_size, "'\\u%04x'", c);
    } else {
        char rune[5] = { 0 };
        (void)doc_utf8_put(rune, c);
        (void)snprintf(out, out_size, "'%s'", rune);
    }
}

static int
tape_error(const struct tape_maker *m, struct err **err)
{
    if (m->fail_why == NULL) { /* Go decodes numbers after it has checked the whole text */
        return err_set(err, ERR_BAD_REQUEST,
                       "json: cannot unmarshal number %.*s into Go value of type float64",
                       m->too_large.size < 64 ? (int)m->too_large.size : 64, m->too_large.at);
    }
    if (m->fail_at == NULL) { /* a whole sentence, not one about a byte */
        return err_set(err, ERR_BAD_REQUEST, "%s", m->fail_why);
    }
    if (m->fail_at == m->end && !m->in_token) {
        return err_set(err, ERR_BAD_REQUEST, "unexpected end of JSON input");
    }
    char quoted[16];
    tape_quote(quoted, sizeof(quoted), m->fail_at == m->end ? ' ' : (unsigned char)*m->fail_at);
    return err_set(err, ERR_BAD_REQUEST, "invalid character %s %s", quoted, m->fail_why);
}

/* ---- memory ---- */

static __attribute__((cold, noinline)) void
tape_grow(struct tape_maker *m)
{
    size_t old = m->capacity * sizeof(struct doc_node);
    m->nodes = m->arena != NULL ? arena_grow(m->arena, m->nodes, old, old * 2)
                                : mem_resize(m->nodes, old * 2);
    m->capacity *= 2;
}

static inline __attribute__((always_inline)) struct doc_node *
tape_push(struct tape_maker *m, enum doc_type type, const char *at, size_t size)
{
    if (__builtin_expect(m->len == m->capacity, 0)) {
        tape_grow(m);
    }
    struct doc_node *node = &m->nodes[m->len++];
    node->off = (uint32_t)(at - m->begin);
    node->len = (uint32_t)size;
    node->skip = 0;
    node->info = type;
    return node;
}

static void
tape_side_reserve(struct tape_maker *m, uint32_t size)
{
    if (m->side_capacity - m->side_size >= size) {
        return;
    }
    uint32_t capacity = m->side_capacity < 128 ? 256 : m->side_capacity * 2;
    while (capacity - m->side_size < size) {
        capacity *= 2; /* ends: all side bytes together are fewer than 5/2 of a bounded text */
    }
    m->side = m->arena != NULL ? arena_grow(m->arena, m->side, m->side_capacity, capacity)
                               : mem_resize(m->side, capacity);
    m->side_capacity = capacity;
}

/* ---- strings ---- */

static int
tape_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a backslash makes of the byte behind it; 'u' has more to say, 0 is refused. */
static const char tape_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b', ['f'] = '\f',
    ['n'] = '\n', ['r'] = '\r',  ['t'] = '\t', ['u'] = 'u',
};

/* Checks the escape at the backslash; → behind it. */
static const char *
tape_escape(struct tape_maker *m, const char *p)
{
    if (++p == m->end || tape_escapes[(unsigned char)*p] == '\0') {
        return tape_fail_token(m, p, "in string escape code");
    }
    if (*p != 'u') {
        return p + 1;
    }
    for (int i = 0; i < 4; i++) {
        if (++p == m->end || tape_hex((unsigned char)*p) < 0) {
            return tape_fail_token(m, p, "in \\u hexadecimal character escape");
        }
    }
    return p + 1;
}

static uint32_t
tape_hex4(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 4 | (uint32_t)tape_hex((unsigned char)p[i]);
    }
    return value;
}

/* The rune of a valid \u escape, p behind its u; a pair of surrogates is one rune, a lone one is
 * U+FFFD as in Go. *ret_next is behind all that was used. */
static uint32_t
tape_rune(const char *p, const char *end, const char **ret_next)
{
    uint32_t rune = tape_hex4(p);
    p += 4;
    *ret_next = p;
    if (rune < 0xd800 || rune > 0xdfff) {
        return rune;
    }
    if (rune < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        uint32_t low = tape_hex4(p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *ret_next = p + 6;
            return 0x10000 + ((rune - 0xd800) << 10 | (low - 0xdc00));
        }
    }
    return 0xfffd;
}

/* Decodes a checked string into side, where node->skip then points. */
static void
tape_decode(struct tape_maker *m, struct doc_node *node)
{
    const char *p = m->begin + node->off, *end = p + node->len;
    uint32_t size = 0;
    tape_side_reserve(m, node->len + (uint32_t)sizeof(size));
    char *to = m->side + m->side_size + sizeof(size), *start = to;
    while (p < end) {
        if (*p != '\\') {
            *to++ = *p++;
        } else if (p[1] != 'u') {
            *to++ = tape_escapes[(unsigned char)p[1]];
            p += 2;
        } else {
            to += doc_utf8_put(to, tape_rune(p + 2, end, &p));
        }
    }
    size = (uint32_t)(to - start);
    memcpy(start - sizeof(size), &size, sizeof(size));
    node->skip = m->side_size;
    node->info |= DOC_NODE_ESCAPED;
    m->side_size += size + (uint32_t)sizeof(size);
}

/* → the first byte from p on that is not plain ASCII text of a string, or end. Sixteen bytes a
 * step: most strings end in the first, so that its branch is foreseen. */
static inline __attribute__((always_inline)) const char *
tape_plain(const char *p, const char *end)
{
    while (end - p >= 16) {
        uint64_t first = doc_word_stops(doc_word(p));
        uint64_t second = doc_word_stops(doc_word(p + 8));
        if ((first | second) != 0) {
            size_t ahead = first != 0 ? 0 : 8;
            return p + ahead + doc_word_first(first != 0 ? first : second);
        }
        p += 16;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\') {
        p++;
    }
    return p;
}

/* A string that is not plain to its end: `at` is the first byte that needs a look. */
static __attribute__((noinline)) const char *
tape_string_slow(struct tape_maker *m, const char *start, const char *at)
{
    bool escaped = false;
    while (at == m->end || *at != '"') {
        if (at == m->end) {
            return tape_fail(m, at, "");
        }
        unsigned char c = (unsigned char)*at;
        if (c >= 0x80) {
            size_t size = doc_utf8_size(at, m->end);
            if (size == 0) {
                return tape_fail(m, NULL, "invalid UTF-8 in string literal");
            }
            at += size;
            if (at < m->end && (unsigned char)*at >= 0x80) {
                continue;
            }
        } else if (c == '\\') {
            escaped = true;
            at = tape_escape(m, at);
            if (at == NULL) {
                return NULL;
            }
        } else {
            return tape_fail(m, at, "in string literal");
        }
        at = tape_plain(at, m->end);
    }
    struct doc_node *node = tape_push(m, DOC_STRING, start, (size_t)(at - start));
    if (escaped) {
        tape_decode(m, node);
    }
    return at + 1;
}

/* p is at the opening quote. */
static inline __attribute__((always_inline)) const char *
tape_string(struct tape_maker *m, const char *p)
{
    const char *start = p + 1, *at = tape_plain(start, m->end);
    if (__builtin_expect(at == m->end || *at != '"', 0)) {
        return tape_string_slow(m, start, at);
    }
    (void)tape_push(m, DOC_STRING, start, (size_t)(at - start));
    return at + 1;
}

/* ---- other scalars ---- */

static inline const char *
tape_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* Fraction and exponent of a number, if it has them. */
static const char *
tape_number_tail(struct tape_maker *m, const char *p)
{
    if (p < m->end && *p == '.') {
        const char *digits = p + 1;
        p = tape_digits(digits, m->end);
        if (p == digits) {
            return tape_fail_token(m, p, "after decimal point in numeric literal");
        }
    }
    if (p < m->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < m->end && (*p == '+' || *p == '-')) {
            p++;
        }
        const char *digits = p;
        p = tape_digits(digits, m->end);
        if (p == digits) {
            return tape_fail_token(m, p, "in exponent of numeric literal");
        }
    }
    return p;
}

static __attribute__((cold, noinline)) void
tape_number_range(struct tape_maker *m, struct str text)
{
    if (m->too_large.size == 0 && !isfinite(doc_number(text))) {
        m->too_large = text;
    }
}

static inline const char *
tape_number(struct tape_maker *m, const char *p)
{
    const char *start = p;
    p += *p == '-';
    if (p < m->end && *p == '0') {
        p++;
    } else {
        const char *digits = p;
        p = tape_digits(p, m->end);
        if (p == digits) {
            return tape_fail_token(m, p, "in numeric literal");
        }
    }
    uint32_t info = 0;
    if (p < m->end && (*p == '.' || *p == 'e' || *p == 'E')) {
        info = DOC_NODE_FLOAT;
        p = tape_number_tail(m, p);
        if (p == NULL) {
            return NULL;
        }
    }
    if (__builtin_expect(info != 0 || p - start > TAPE_LONG_NUMBER, 0)) {
        tape_number_range(m, str_slice(start, (size_t)(p - start)));
    }
    tape_push(m, DOC_NUMBER, start, (size_t)(p - start))->info |= info;
    return p;
}

static inline const char *
tape_literal(struct tape_maker *m, const char *p, enum doc_type type)
{
    static const struct {
        char text[6];
        uint8_t size;
        const char *why[5];
    } table[] = {
        [DOC_NULL] = { "null",
                       4,
                       { "", "in literal null (expecting 'u')", "in literal null (expecting 'l')",
                         "in literal null (expecting 'l')" } },
        [DOC_TRUE] = { "true",
                       4,
                       { "", "in literal true (expecting 'r')", "in literal true (expecting 'u')",
                         "in literal true (expecting 'e')" } },
        [DOC_FALSE] = { "false",
                        5,
                        { "", "in literal false (expecting 'a')",
                          "in literal false (expecting 'l')", "in literal false (expecting 's')",
                          "in literal false (expecting 'e')" } },
    };
    size_t size = table[type].size;
    for (size_t i = 1; i < size; i++) {
        if (p + i == m->end || p[i] != table[type].text[i]) {
            return tape_fail_token(m, p + i, table[type].why[i]);
        }
    }
    (void)tape_push(m, type, p, size);
    return p + size;
}

/* ---- structure ---- */

static inline __attribute__((always_inline)) const char *
tape_space(const struct tape_maker *m, const char *p)
{
    while (p < m->end && (unsigned char)*p <= ' ' &&
           (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) {
        p++;
    }
    return p;
}

static inline uint32_t
tape_info(const struct tape_maker *m)
{
    uint32_t count = m->count < DOC_NODE_COUNT_MAX ? m->count : DOC_NODE_COUNT_MAX;
    return (m->is_object ? DOC_OBJECT : DOC_ARRAY) | count << DOC_NODE_COUNT_SHIFT;
}

/* Closes the innermost container; p is behind its bracket. */
static inline __attribute__((always_inline)) const char *
tape_shut(struct tape_maker *m, const char *p)
{
    struct doc_node *node = &m->nodes[m->inner];
    m->inner = node->skip;
    node->skip = m->len;
    node->len = (uint32_t)(p - m->begin) - node->off;
    node->info = tape_info(m);
    if (--m->depth > 0) {
        uint32_t info = m->nodes[m->inner].info;
        m->is_object = (info & DOC_NODE_TYPE) == DOC_OBJECT;
        m->count = info >> DOC_NODE_COUNT_SHIFT;
    }
    return p;
}

/* A key and its colon; → at the value. */
static inline __attribute__((always_inline)) const char *
tape_key(struct tape_maker *m, const char *p)
{
    if (p == m->end || *p != '"') {
        return tape_fail(m, p, "looking for beginning of object key string");
    }
    p = tape_string(m, p);
    if (p == NULL) {
        return NULL;
    }
    p = tape_space(m, p);
    if (p == m->end || *p != ':') {
        return tape_fail(m, p, "after object key");
    }
    return tape_space(m, p + 1);
}

static inline __attribute__((always_inline)) const char *
tape_open(struct tape_maker *m, const char *p, enum doc_type type, bool *ret_whole)
{
    if (m->depth == DOC_MAX_DEPTH) {
        return tape_fail(m, NULL, "exceeded max depth");
    }
    if (m->depth > 0) {
        m->nodes[m->inner].info = tape_info(m);
    }
    uint32_t at = m->len;
    tape_push(m, type, p, 0)->skip = m->inner;
    m->inner = at;
    m->is_object = type == DOC_OBJECT;
    m->count = 0;
    m->depth++;
    m->deepest = m->depth > m->deepest ? m->depth : m->deepest;
    p = tape_space(m, p + 1);
    *ret_whole = p < m->end && *p == (type == DOC_OBJECT ? '}' : ']');
    if (*ret_whole) {
        return tape_shut(m, p + 1);
    }
    m->count = 1;
    return type == DOC_OBJECT ? tape_key(m, p) : p;
}

/* One scalar or empty container (*ret_whole), or all up to the first value of a container. */
static inline __attribute__((always_inline)) const char *
tape_value(struct tape_maker *m, const char *p, bool *ret_whole)
{
    *ret_whole = true;
    if (p == m->end) {
        return tape_fail(m, p, "");
    }
    switch (*p) {
    case '"':
        return tape_string(m, p);
    case '{':
        return tape_open(m, p, DOC_OBJECT, ret_whole);
    case '[':
        return tape_open(m, p, DOC_ARRAY, ret_whole);
    case 't':
        return tape_literal(m, p, DOC_TRUE);
    case 'f':
        return tape_literal(m, p, DOC_FALSE);
    case 'n':
        return tape_literal(m, p, DOC_NULL);
    default:
        if (*p == '-' || (*p >= '0' && *p <= '9')) {
            return tape_number(m, p);
        }
        return tape_fail(m, p, "looking for beginning of value");
    }
}

/* Behind a value inside a container: a comma (→ at the next value), or the end of the container,
 * which makes it a whole value itself. */
static inline __attribute__((always_inline)) const char *
tape_after(struct tape_maker *m, const char *p, bool *ret_whole)
{
    if (p < m->end && *p == ',') {
        *ret_whole = false;
        m->count++;
        p = tape_space(m, p + 1);
        return m->is_object ? tape_key(m, p) : p;
    }
    if (p < m->end && *p == (m->is_object ? '}' : ']')) {
        return tape_shut(m, p + 1);
    }
    return tape_fail(m, p, m->is_object ? "after object key:value pair" : "after array element");
}

static bool
tape_build(struct tape_maker *m)
{
    const char *p = tape_space(m, m->begin);
    bool whole = false;
    while (p != NULL) {
        p = whole ? tape_after(m, p, &whole) : tape_value(m, p, &whole);
        if (p == NULL) {
            break;
        }
        if (whole) {
            p = tape_space(m, p);
            if (m->depth == 0) {
                return p == m->end || tape_fail(m, p, "after top-level value") != NULL;
            }
        }
    }
    return false;
}
