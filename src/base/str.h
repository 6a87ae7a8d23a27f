/* Slices of bytes, and a growing text builder.  Any thread. */
#ifndef BINNACLE_BASE_STR_H
#define BINNACLE_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* A slice: never owned, not terminated, {NULL, 0} when absent. */
struct str {
    const char *at;
    size_t size;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).size, (s).at == NULL ? "" : (s).at

static inline struct str
str_of(const char *z)
{
    return (struct str){ z, z == NULL ? 0 : strlen(z) };
}

static inline struct str
str_slice(const char *at, size_t size)
{
    return (struct str){ at, size };
}

static inline bool
str_eq(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool
str_is(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

int str_cmp(struct str a, struct str b); /* byte order; a prefix sorts first */
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);
bool str_eq_nocase(struct str a, struct str b); /* ASCII */
struct str str_trim(struct str s);              /* ASCII white space on both ends */
/* Cuts s at the first `at`: *ret_rest is what follows, {NULL,0} when `at` is not there. */
struct str str_cut(struct str s, char at, struct str *ret_rest);
/* Decimal integer, whole slice, no sign prefix '+', range checked: false when it is none. */
bool str_to_int(struct str s, int64_t *ret_value);
bool str_to_uint(struct str s, uint64_t *ret_value);
char *str_dup(struct str s);     /* NUL-terminated copy, owned by the caller */
uint64_t str_hash(struct str s); /* not for hostile keys: see map.h */

/* Text builder: grows, aborts on OOM; `max` bounds it (0: 64 MiB): what is past it is cut off,
 * `overflow` is set and every later put is left out. Zero-initialised is ready to use. */
struct str_builder {
    char *at;
    size_t size, capacity, max;
    bool overflow;
};

void str_put(struct str_builder *b, struct str s);
void str_putz(struct str_builder *b, const char *z);
void str_putc(struct str_builder *b, char c);
void str_putf(struct str_builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vputf(struct str_builder *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
char *str_steal(struct str_builder *b);           /* NUL-terminated, the builder is empty again */
struct str str_view(const struct str_builder *b); /* until the next put */
static inline struct str
str_rest(const struct str_builder *b, size_t at) /* from byte `at` on; until the next put */
{
    return b->size == at ? (struct str){ 0 } : (struct str){ b->at + at, b->size - at };
}
void str_done(struct str_builder *b); /* frees; for AUTO_STR too */
#define AUTO_STR AUTO(str_done)

/* Lists of slices, e.g. of split text; items point into what was split. The last
 * item that fits keeps the rest unsplit; an empty slice is one empty piece. */
size_t str_split(struct str s, char at, struct str *items, size_t max_items); /* → pieces found */

#endif
