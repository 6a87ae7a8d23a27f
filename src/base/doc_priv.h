/* Inside of doc: the tape's layout, word-wise scanning, and what the doc_*.c files share. */
#ifndef BINNACLE_BASE_DOC_PRIV_H
#define BINNACLE_BASE_DOC_PRIV_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;

enum {
    DOC_NODE_TYPE = 0x0f,    /* mask of enum doc_type in info */
    DOC_NODE_ESCAPED = 0x10, /* a string with escapes: its text stands in the tape's side bytes */
    DOC_NODE_FLOAT = 0x20,   /* a number with a fraction or an exponent */
    DOC_NODE_COUNT_SHIFT = 8 /* above it: members or items, saturating */
};
static const uint32_t DOC_NODE_COUNT_MAX = 0xffffff;

/* A member is two nodes, the key (a string) and its value. */
struct doc_node {
    uint32_t off;  /* first byte of the value; of a string: behind its quote */
    uint32_t len;  /* bytes of the value; of a string: between its quotes */
    uint32_t skip; /* container: the node behind it; escaped string: its place in side */
    uint32_t info; /* type, flags, count */
};

struct doc_tape {
    struct doc_node *nodes;
    char *side;     /* decoded strings, each behind its uint32_t size */
    uint32_t len;   /* nodes */
    uint32_t depth; /* deepest nesting: 0 for a scalar */
};

struct doc {
    struct str bytes;
    struct buf *buf;                 /* the counted owner of bytes; NULL in an arena doc */
    struct arena *arena;             /* NULL in a counted doc */
    _Atomic(struct doc_tape *) tape; /* NULL until someone needs it */
    atomic_uint refs;
    atomic_uint pins; /* readers of the tape, and DOC_DROPPING while it is taken away */
    /* doc_tapes.c's, under its lock. */
    struct doc *older, *newer;
    size_t tape_size;
    bool has_tape;
};
/* Counted docs with a tape: one was made; the doc ends. */
void doc_tapes_add(struct doc *doc, const struct doc_tape *tape);
void doc_tapes_forget(struct doc *doc);
bool doc_take_tape(struct doc *doc); /* frees it; false: pinned, or being dropped by another */

/* Parses bytes into a tape: in the arena, or on the heap (doc_tape_free) when arena is NULL. */
struct doc_tape *doc_tape_make(struct arena *arena, struct str bytes, struct err **err);
void doc_tape_free(struct doc_tape *tape); /* NULL allowed; never one in an arena */

/* Decodes a number's text; the whole text must be a JSON number. Infinite when out of range. */
double doc_number(struct str text);
/* Writes a finite number as Go does; → bytes, no NUL counted. */
enum doc_number_form {
    DOC_NUMBER_JSON,    /* encoding/json of a float64 */
    DOC_NUMBER_YAML,    /* go-yaml of a float64: FormatFloat(d, 'g', -1, 64) */
    DOC_NUMBER_YAML_KEY /* sigs.k8s.io/yaml of a float64 key: FormatFloat(d, 'g', -1, 32) */
};
enum { DOC_NUMBER_SIZE = 40 };
size_t doc_number_text(char to[DOC_NUMBER_SIZE], double d, enum doc_number_form form);

/* Length of the UTF-8 sequence at p (2 to 4), 0 when it is none (overlong, surrogate, cut off). */
size_t doc_utf8_size(const char *p, const char *end);
size_t doc_utf8_put(char *to, uint32_t rune); /* → bytes written, up to 4 */

/* Has any object in v two members of one name? */
bool doc_has_duplicates(struct val v);

/* Appending behind what the writer holds, without any structure: bytes, and a quoted string. */
void doc_write_reserve(struct jw *w, size_t size);
void doc_write_bytes(struct jw *w, const char *at, size_t size);
void doc_write_text(struct jw *w, struct str s);

static inline const struct doc_tape *
doc_tape_of(struct val v)
{
    const struct doc_tape *tape = atomic_load_explicit(&v.doc->tape, memory_order_acquire);
    assert(tape != NULL); /* a counted doc is read while pinned */
    return tape;
}

static inline enum doc_type
doc_node_type(const struct doc_node *node)
{
    return (enum doc_type)(node->info & DOC_NODE_TYPE);
}

/* The node behind the value at `at`. */
static inline uint32_t
doc_node_next(const struct doc_node *nodes, uint32_t at)
{
    return doc_node_type(&nodes[at]) >= DOC_OBJECT ? nodes[at].skip : at + 1;
}

static inline struct str
doc_node_text(const struct doc *doc, const struct doc_tape *tape, const struct doc_node *node)
{
    if ((node->info & DOC_NODE_ESCAPED) == 0) {
        return str_slice(doc->bytes.at + node->off, node->len);
    }
    uint32_t size;
    memcpy(&size, tape->side + node->skip, sizeof(size));
    return str_slice(tape->side + node->skip + sizeof(size), size);
}

/* ---- eight bytes at a time; the lowest byte of a word is the first in memory ---- */

static const uint64_t DOC_ONES = 0x0101010101010101, DOC_HIGHS = 0x8080808080808080;

static inline uint64_t
doc_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The next three set the high bit of bytes that are looked for. Bytes with their own high bit set
 * may be marked as well, and so may bytes above a mark (a borrow travels upwards): callers count
 * non-ASCII among what they look for, and use only the first mark. */
static inline uint64_t
doc_word_eq(uint64_t word, unsigned char c)
{
    return (word ^ DOC_ONES * c) - DOC_ONES;
}

static inline uint64_t
doc_word_below(uint64_t word, unsigned char c)
{
    return word - DOC_ONES * c;
}

/* Marks where a JSON string needs a look: quote, backslash, control characters, non-ASCII. */
static inline uint64_t
doc_word_stops(uint64_t word)
{
    return (word | doc_word_below(word, 0x20) | doc_word_eq(word, '"') | doc_word_eq(word, '\\')) &
           DOC_HIGHS;
}

static inline size_t
doc_word_first(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) >> 3;
}

#endif
