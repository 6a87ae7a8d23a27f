/* The JSON writer: one growing text, escaped as Go's encoding/json does it.
 *
 * Called by everybody who makes JSON; a writer belongs to one thread. Strings are copied and
 * checked eight bytes at a time. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_priv.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

enum { WRITE_FIRST_SIZE = 256 };

static void write_value(struct jw *w);

/* ---- memory ---- */

static __attribute__((noinline)) void
write_grow(struct jw *w, size_t size)
{
    size_t capacity = w->capacity == 0 ? WRITE_FIRST_SIZE : w->capacity * 2;
    while (capacity - w->size < size) {
        capacity *= 2;
    }
    w->at = w->arena != NULL ? arena_grow(w->arena, w->at, w->capacity, capacity)
                             : mem_resize(w->at, capacity);
    w->capacity = capacity;
}

static inline char *
write_reserve(struct jw *w, size_t size)
{
    if (w->capacity - w->size < size) {
        write_grow(w, size);
    }
    return w->at + w->size;
}

static inline void
write_byte(struct jw *w, char c)
{
    *write_reserve(w, 1) = c;
    w->size++;
}

void
doc_write_reserve(struct jw *w, size_t size)
{
    (void)write_reserve(w, size);
}

void
doc_write_bytes(struct jw *w, const char *at, size_t size)
{
    if (size > 0) {
        memcpy(write_reserve(w, size), at, size);
        w->size += size;
    }
}

/* ---- structure ---- */

void
jw_init(struct jw *w, struct arena *arena)
{
    *w = (struct jw){ .arena = arena };
}

static bool
write_in_object(const struct jw *w)
{
    uint32_t inner = w->depth - 1;
    return w->depth > 0 && (w->stack[inner / 8] >> (inner % 8) & 1) != 0;
}

static void
write_open(struct jw *w, bool object)
{
    assert(w->depth < DOC_MAX_DEPTH);
    write_value(w);
    uint8_t bit = (uint8_t)(1U << (w->depth % 8));
    uint8_t *byte = &w->stack[w->depth / 8];
    *byte = (uint8_t)(object ? *byte | bit : *byte & ~bit);
    w->depth++;
    w->need_comma = false;
    write_byte(w, object ? '{' : '[');
}

void
jw_obj(struct jw *w)
{
    write_open(w, true);
}

void
jw_arr(struct jw *w)
{
    write_open(w, false);
}

void
jw_end(struct jw *w)
{
    assert(w->depth > 0 && !w->after_key);
    write_byte(w, write_in_object(w) ? '}' : ']');
    w->depth--;
    w->need_comma = true;
}

/* Comma and bookkeeping before a value. */
static void
write_value(struct jw *w)
{
    if (write_in_object(w)) {
        assert(w->after_key);
        w->after_key = false;
    } else if (w->need_comma) {
        assert(w->depth > 0); /* one value at the top */
        write_byte(w, ',');
    }
    w->need_comma = true;
}

void
jw_key(struct jw *w, struct str key)
{
    assert(write_in_object(w) && !w->after_key);
    if (w->need_comma) {
        write_byte(w, ',');
    }
    doc_write_text(w, key);
    write_byte(w, ':');
    w->after_key = true;
}

void
jw_key_plain(struct jw *w, struct str key)
{
    assert(write_in_object(w) && !w->after_key);
    char *at = write_reserve(w, key.size + 4);
    if (w->need_comma) {
        *at++ = ',';
    }
    *at++ = '"';
    memcpy(at, key.at, key.size);
    at[key.size] = '"';
    at[key.size + 1] = ':';
    w->size = (size_t)(at + key.size + 2 - w->at);
    w->after_key = true;
}

void
jw_keyz(struct jw *w, const char *key)
{
    jw_key(w, str_of(key));
}

/* ---- strings ---- */

/* Marks where Go's encoder does not copy a byte as it is; " and & differ in one bit, < and > too. */
static inline uint64_t
write_word_stops(uint64_t word)
{
    return (word | doc_word_below(word, 0x20) | doc_word_eq(word | DOC_ONES * 4, '&') |
            doc_word_eq(word | DOC_ONES * 2, '>') | doc_word_eq(word, '\\')) &
           DOC_HIGHS;
}

static inline bool
write_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* Writes the one character at p, which is not plain; → behind it. Bytes that are no UTF-8 become
 * U+FFFD, one for each byte, as in Go. */
static const char *
write_special(struct jw *w, const char *p, const char *end)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    unsigned char c = (unsigned char)*p;
    if (c >= 0x80) {
        size_t size = doc_utf8_size(p, end);
        if (size == 0) {
            doc_write_bytes(w, "\\ufffd", 6);
            return p + 1;
        }
        bool line = size == 3 && memcmp(p, "\xe2\x80", 2) == 0 && ((unsigned char)p[2] | 1) == 0xa9;
        if (line) {
            doc_write_bytes(w, (unsigned char)p[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
        } else {
            doc_write_bytes(w, p, size);
        }
        return p + size;
    }
    for (size_t i = 0; i < sizeof(named) - 1; i += 2) {
        if ((unsigned char)named[i] == c) {
            char pair[2] = { '\\', named[i + 1] };
            doc_write_bytes(w, pair, 2);
            return p + 1;
        }
    }
    char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
    doc_write_bytes(w, escape, 6);
    return p + 1;
}

/* Copies plain text to `to`, which has room for it and seven bytes more (whole words are stored);
 * → the first byte that is not plain. */
static inline const char *
write_plain(char *to, const char *p, const char *end)
{
    while (end - p >= 8) {
        memcpy(to, p, 8);
        uint64_t stops = write_word_stops(doc_word(p));
        if (stops != 0) {
            return p + doc_word_first(stops);
        }
        p += 8;
        to += 8;
    }
    while (p < end && write_is_plain((unsigned char)*p)) {
        *to++ = *p++;
    }
    return p;
}

void
doc_write_text(struct jw *w, struct str s)
{
    const char *p = s.at, *end = s.size == 0 ? s.at : s.at + s.size;
    write_byte(w, '"');
    while (p < end) {
        const char *start = p;
        p = write_plain(write_reserve(w, (size_t)(end - p) + 8), p, end);
        w->size += (size_t)(p - start);
        while (p < end && !write_is_plain((unsigned char)*p)) {
            p = write_special(w, p, end);
        }
    }
    write_byte(w, '"');
}

void
jw_str(struct jw *w, struct str s)
{
    write_value(w);
    doc_write_text(w, s);
}

void
jw_strz(struct jw *w, const char *z)
{
    jw_str(w, str_of(z));
}

void
jw_printf(struct jw *w, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    assert(size >= 0);
    if ((size_t)size < sizeof(small)) {
        jw_str(w, str_slice(small, (size_t)size));
        return;
    }
    AUTO_FREE char *large = mem_new((size_t)size + 1);
    va_start(args, format);
    (void)vsnprintf(large, (size_t)size + 1, format, args);
    va_end(args);
    jw_str(w, str_slice(large, (size_t)size));
}

/* ---- other scalars ---- */

static void
write_uint(struct jw *w, bool negative, uint64_t u)
{
    char text[DOC_NUMBER_SIZE];
    char *p = text + sizeof(text);
    do {
        *--p = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (negative) {
        *--p = '-';
    }
    write_value(w);
    doc_write_bytes(w, p, (size_t)(text + sizeof(text) - p));
}

void
jw_int(struct jw *w, int64_t i)
{
    write_uint(w, i < 0, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}

void
jw_uint(struct jw *w, uint64_t u)
{
    write_uint(w, false, u);
}

void
jw_num(struct jw *w, double d)
{
    char text[DOC_NUMBER_SIZE];
    size_t size = doc_number_text(text, d, DOC_NUMBER_JSON);
    write_value(w);
    doc_write_bytes(w, text, size);
}

void
jw_bool(struct jw *w, bool b)
{
    jw_raw(w, b ? STR("true") : STR("false"));
}

void
jw_null(struct jw *w)
{
    jw_raw(w, STR("null"));
}

void
jw_raw(struct jw *w, struct str json)
{
    assert(json.size > 0);
    write_value(w);
    doc_write_bytes(w, json.at, json.size);
}

void
jw_val(struct jw *w, struct val v)
{
    jw_raw(w, val_is(v) ? val_raw(v) : STR("null"));
}

/* ---- pairs ---- */

void
jw_kv(struct jw *w, const char *key, struct str value)
{
    if (value.size > 0) {
        jw_keyz(w, key);
        jw_str(w, value);
    }
}

void
jw_kvz(struct jw *w, const char *key, const char *value)
{
    jw_kv(w, key, str_of(value));
}

void
jw_kint(struct jw *w, const char *key, int64_t value)
{
    jw_keyz(w, key);
    jw_int(w, value);
}

void
jw_kbool(struct jw *w, const char *key, bool value)
{
    jw_keyz(w, key);
    jw_bool(w, value);
}

/* ---- result ---- */

size_t
jw_size(const struct jw *w)
{
    return w->size;
}

struct str
jw_done(struct jw *w)
{
    assert(w->depth == 0 && w->need_comma);
    return str_slice(w->at, w->size);
}

struct buf *
jw_buf(struct jw *w)
{
    return buf_copy(jw_done(w));
}

void
jw_cleanup(struct jw *w)
{
    if (w->arena == NULL) {
        mem_free(w->at);
    }
    *w = (struct jw){ .arena = w->arena };
}
