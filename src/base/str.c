/* Slices and the text builder.  Every module calls them, on any thread; no state of its own. */
#include "config.h" /* IWYU pragma: keep */

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { STR_MAX_DEFAULT = 64 * 1024 * 1024, STR_CAPACITY_MIN = 64 };

static bool str_is_space(char c);
static char str_lower(char c);
static size_t str_room(struct str_builder *b, size_t size);
static void str_grow(struct str_builder *b, size_t needed);
static size_t str_limit(const struct str_builder *b);

int
str_cmp(struct str a, struct str b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);

    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

bool
str_has_prefix(struct str s, struct str prefix)
{
    return s.size >= prefix.size && str_eq((struct str){ s.at, prefix.size }, prefix);
}

bool
str_has_suffix(struct str s, struct str suffix)
{
    if (s.size < suffix.size) {
        return false;
    }
    return suffix.size == 0 || memcmp(s.at + (s.size - suffix.size), suffix.at, suffix.size) == 0;
}

bool
str_contains(struct str s, struct str part)
{
    return part.size == 0 || (s.size != 0 && memmem(s.at, s.size, part.at, part.size) != NULL);
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (str_lower(a.at[i]) != str_lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

struct str
str_trim(struct str s)
{
    while (s.size > 0 && str_is_space(s.at[0])) {
        s.at++;
        s.size--;
    }
    while (s.size > 0 && str_is_space(s.at[s.size - 1])) {
        s.size--;
    }
    return s;
}

struct str
str_cut(struct str s, char at, struct str *ret_rest)
{
    const char *found = s.size == 0 ? NULL : memchr(s.at, at, s.size);

    if (found == NULL) {
        *ret_rest = (struct str){ 0 };
        return s;
    }
    size_t before = (size_t)(found - s.at);

    *ret_rest = (struct str){ found + 1, s.size - before - 1 };
    return (struct str){ s.at, before };
}

bool
str_to_int(struct str s, int64_t *ret_value)
{
    bool negative = s.size > 0 && s.at[0] == '-';
    uint64_t magnitude = 0;

    if (negative) {
        s.at++;
        s.size--;
    }
    if (!str_to_uint(s, &magnitude) || magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    /* Negated as unsigned, because -INT64_MIN does not exist. */
    *ret_value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

bool
str_to_uint(struct str s, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (s.size == 0) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        unsigned digit = (unsigned)(unsigned char)s.at[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

char *
str_dup(struct str s)
{
    return mem_strndup(s.at, s.size);
}

uint64_t
str_hash(struct str s)
{
    const uint64_t factor = 0x9e3779b97f4a7c15U;
    uint64_t hash = (s.size + 1) * factor;
    uint64_t word = 0;

    while (s.size >= sizeof(word)) {
        memcpy(&word, s.at, sizeof(word));
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
        s.at += sizeof(word);
        s.size -= sizeof(word);
    }
    if (s.size > 0) {
        word = 0;
        memcpy(&word, s.at, s.size);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    hash *= factor;
    return hash ^ (hash >> 29);
}

void
str_put(struct str_builder *b, struct str s)
{
    size_t size = str_room(b, s.size);

    if (size > 0) {
        memcpy(b->at + b->size, s.at, size);
        b->size += size;
    }
}

void
str_putz(struct str_builder *b, const char *z)
{
    str_put(b, str_of(z));
}

void
str_putc(struct str_builder *b, char c)
{
    if (b->size < b->capacity && !b->overflow) {
        b->at[b->size++] = c;
        return;
    }
    str_put(b, (struct str){ &c, 1 });
}

void
str_putf(struct str_builder *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    str_vputf(b, format, args);
    va_end(args);
}

void
str_vputf(struct str_builder *b, const char *format, va_list args)
{
    char text[256];
    va_list again;

    va_copy(again, args);
    int size = vsnprintf(text, sizeof(text), format, args);

    if (size < 0) {
        b->overflow = true; /* a result beyond INT_MAX bytes */
    } else if ((size_t)size < sizeof(text)) {
        str_put(b, (struct str){ text, (size_t)size });
    } else {
        AUTO_FREE char *longer = mem_vprintf(format, again);

        str_put(b, (struct str){ longer, (size_t)size });
    }
    va_end(again);
}

char *
str_steal(struct str_builder *b)
{
    char *text = mem_resize(b->at, b->size + 1);

    text[b->size] = '\0';
    *b = (struct str_builder){ .max = b->max };
    return text;
}

struct str
str_view(const struct str_builder *b)
{
    return (struct str){ b->at, b->size };
}

void
str_done(struct str_builder *b)
{
    mem_free(b->at);
    *b = (struct str_builder){ .max = b->max };
}

size_t
str_split(struct str s, char at, struct str *items, size_t max_items)
{
    size_t found = 0;

    while (found < max_items) {
        struct str rest = { 0 };
        /* The last item that fits keeps the rest unsplit, so that nothing is lost. */
        struct str item = found + 1 == max_items ? s : str_cut(s, at, &rest);

        items[found++] = item;
        if (rest.at == NULL) {
            break;
        }
        s = rest;
    }
    return found;
}

static bool
str_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char
str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Makes room for up to size bytes; returns how many may be written: fewer at the limit, where
 * overflow is set and everything that follows is left out. */
static size_t
str_room(struct str_builder *b, size_t size)
{
    if (b->overflow) {
        return 0;
    }
    if (size <= b->capacity - b->size) {
        return size;
    }
    size_t left = str_limit(b) - b->size;

    if (size > left) {
        b->overflow = true;
        size = left;
    }
    if (size > b->capacity - b->size) {
        str_grow(b, b->size + size);
    }
    return size;
}

static void
str_grow(struct str_builder *b, size_t needed)
{
    size_t capacity = b->capacity < STR_CAPACITY_MIN ? STR_CAPACITY_MIN : b->capacity * 2;
    size_t limit = str_limit(b);

    if (capacity < needed) {
        capacity = needed;
    }
    if (capacity > limit) {
        capacity = limit;
    }
    b->at = mem_resize(b->at, capacity);
    b->capacity = capacity;
}

static size_t
str_limit(const struct str_builder *b)
{
    return b->max == 0 ? STR_MAX_DEFAULT : b->max;
}
