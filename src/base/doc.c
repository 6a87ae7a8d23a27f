/* JSON documents and their values: life of a tape, and the getters.
 *
 * Used everywhere, on any thread. The tape of a counted doc is made by whoever needs it first and
 * published by compare-exchange: a maker who comes second throws its own away. pins counts the
 * readers; doc_take_tape only takes a tape away while it holds pins at zero by DOC_DROPPING. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc.h"

#include <math.h>
#include <sched.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/doc_priv.h"
#include "base/err.h"
#include "base/mem.h"

static const unsigned DOC_DROPPING = 1U << 31;

/* ---- documents ---- */

struct doc *
doc_trust(struct arena *arena, struct str bytes)
{
    struct doc *doc = ARENA_NEW(arena, struct doc);
    doc->bytes = bytes;
    doc->arena = arena;
    atomic_init(&doc->tape, NULL);
    return doc;
}

struct doc *
doc_parse(struct arena *arena, struct str bytes, struct err **err)
{
    struct doc_tape *tape = doc_tape_make(arena, bytes, err);
    if (tape == NULL) {
        return NULL;
    }
    struct doc *doc = doc_trust(arena, bytes);
    atomic_store_explicit(&doc->tape, tape, memory_order_release);
    return doc;
}

struct doc *
doc_new(struct buf *bytes)
{
    struct doc *doc = MEM_NEW(struct doc);
    doc->buf = bytes;
    doc->bytes = buf_str(bytes);
    atomic_init(&doc->tape, NULL);
    atomic_init(&doc->refs, 1);
    atomic_init(&doc->pins, 0);
    return doc;
}

struct doc *
doc_ref(struct doc *doc)
{
    if (doc != NULL) {
        (void)atomic_fetch_add_explicit(&doc->refs, 1, memory_order_relaxed);
    }
    return doc;
}

void
doc_unref(struct doc *doc)
{
    if (doc == NULL) {
        return;
    }
    assert(doc->arena == NULL);
    if (atomic_fetch_sub_explicit(&doc->refs, 1, memory_order_acq_rel) == 1) {
        doc_tapes_forget(doc);
        doc_tape_free(atomic_load_explicit(&doc->tape, memory_order_relaxed));
        buf_unref(doc->buf);
        mem_free(doc);
    }
}

/* The tape, made if nobody has yet. Bytes that are no JSON (a damaged store) give a tape with one
 * absent node, so that they are not parsed again and again. */
static struct doc_tape *
doc_need_tape(struct doc *doc)
{
    struct doc_tape *tape = atomic_load_explicit(&doc->tape, memory_order_acquire);
    if (tape != NULL) {
        return tape;
    }
    AUTO_ERR struct err *err = NULL;
    struct doc_tape *mine = doc_tape_make(doc->arena, doc->bytes, &err);
    if (mine == NULL) {
        size_t size = sizeof(struct doc_node);
        mine =
            doc->arena != NULL ? ARENA_NEW(doc->arena, struct doc_tape) : MEM_NEW(struct doc_tape);
        mine->nodes = doc->arena != NULL ? arena_alloc(doc->arena, size) : mem_new(size);
        mine->len = 1;
    }
    if (atomic_compare_exchange_strong_explicit(&doc->tape, &tape, mine, memory_order_acq_rel,
                                                memory_order_acquire)) {
        if (doc->arena == NULL) {
            doc_tapes_add(doc, mine);
        }
        return mine;
    }
    doc_tape_free(mine); /* only counted docs are raced for: mine is on the heap */
    return tape;
}

void
doc_pin(struct doc *doc)
{
    unsigned pins = atomic_fetch_add_explicit(&doc->pins, 1, memory_order_acq_rel);
    while ((pins & DOC_DROPPING) != 0) { /* for the few instructions of an exchange */
        (void)sched_yield();
        pins = atomic_load_explicit(&doc->pins, memory_order_acquire);
    }
    (void)doc_need_tape(doc);
}

void
doc_unpin(struct doc *doc)
{
    unsigned pins = atomic_fetch_sub_explicit(&doc->pins, 1, memory_order_release);
    assert((pins & ~DOC_DROPPING) > 0);
    (void)pins;
}

bool
doc_take_tape(struct doc *doc)
{
    unsigned none = 0;
    if (!atomic_compare_exchange_strong_explicit(&doc->pins, &none, DOC_DROPPING,
                                                 memory_order_acq_rel, memory_order_relaxed)) {
        return false;
    }
    struct doc_tape *tape = atomic_exchange_explicit(&doc->tape, NULL, memory_order_acq_rel);
    (void)atomic_fetch_and_explicit(&doc->pins, ~DOC_DROPPING, memory_order_release);
    doc_tape_free(tape);
    return true;
}

struct str
doc_bytes(const struct doc *doc)
{
    return doc == NULL ? (struct str){ 0 } : doc->bytes;
}

struct buf *
doc_buf(const struct doc *doc)
{
    return doc == NULL ? NULL : doc->buf;
}

struct val
doc_root(const struct doc *doc)
{
    if (doc == NULL) {
        return (struct val){ 0 };
    }
    /* The tape is a cache: making it does not change what the document is. */
    const struct doc_tape *tape = doc_need_tape((struct doc *)(uintptr_t)doc);
    bool valid = doc_node_type(tape->nodes) != DOC_ABSENT;
    return (struct val){ .doc = valid ? doc : NULL, .at = 0 };
}

/* ---- containers ---- */

static inline const struct doc_node *
val_node(struct val v)
{
    return v.doc == NULL ? NULL : &doc_tape_of(v)->nodes[v.at];
}

enum doc_type
val_type(struct val v)
{
    const struct doc_node *node = val_node(v);
    return node == NULL ? DOC_ABSENT : doc_node_type(node);
}

struct val
val_member(struct val object, struct str key)
{
    if (val_type(object) != DOC_OBJECT) {
        return (struct val){ 0 };
    }
    const struct doc_tape *tape = doc_tape_of(object);
    const struct doc_node *nodes = tape->nodes;
    uint32_t found = 0; /* the root is no member's value */
    uint32_t end = nodes[object.at].skip;
    const char *bytes = object.doc->bytes.at;
    char first = key.size == 0 ? '"' : key.at[0]; /* what stands where an empty key begins */
    for (uint32_t at = object.at + 1; at < end; at = doc_node_next(nodes, at + 1)) {
        const struct doc_node *node = &nodes[at];
        bool is_plain = (node->info & DOC_NODE_ESCAPED) == 0;
        if (is_plain && (node->len != key.size || bytes[node->off] != first)) {
            continue; /* nearly all of them */
        }
        if (str_eq(doc_node_text(object.doc, tape, node), key)) {
            found = at + 1;
        }
    }
    return (struct val){ .doc = found == 0 ? NULL : object.doc, .at = found };
}

struct val
val_at(struct val v, const char *dotted)
{
    struct str rest = str_of(dotted);
    while (rest.at != NULL && v.doc != NULL) {
        const char *dot = memchr(rest.at, '.', rest.size);
        size_t size = dot == NULL ? rest.size : (size_t)(dot - rest.at);
        v = val_member(v, str_slice(rest.at, size));
        rest = dot == NULL ? (struct str){ 0 } : str_slice(dot + 1, rest.size - size - 1);
    }
    return v;
}

struct val
val_item(struct val array, size_t index)
{
    if (val_type(array) != DOC_ARRAY) {
        return (struct val){ 0 };
    }
    const struct doc_node *nodes = doc_tape_of(array)->nodes;
    uint32_t end = nodes[array.at].skip;
    for (uint32_t at = array.at + 1; at < end; at = doc_node_next(nodes, at)) {
        if (index-- == 0) {
            return (struct val){ .doc = array.doc, .at = at };
        }
    }
    return (struct val){ 0 };
}

size_t
val_len(struct val v)
{
    const struct doc_node *node = val_node(v);
    if (node == NULL || doc_node_type(node) < DOC_OBJECT) {
        return 0;
    }
    uint32_t count = node->info >> DOC_NODE_COUNT_SHIFT;
    if (count < DOC_NODE_COUNT_MAX) {
        return count;
    }
    size_t len = 0;
    VAL_EACH (it, v) {
        len++;
    }
    return len;
}

struct val_iter
val_iter(struct val v)
{
    const struct doc_node *node = val_node(v);
    if (node == NULL || doc_node_type(node) < DOC_OBJECT) {
        return (struct val_iter){ 0 };
    }
    return (struct val_iter){
        .value = v, .next = v.at + 1, .end = node->skip, .keyed = doc_node_type(node) == DOC_OBJECT
    };
}

bool
val_step(struct val_iter *iter)
{
    if (iter->next >= iter->end) {
        return false;
    }
    const struct doc *doc = iter->value.doc;
    const struct doc_tape *tape = doc_tape_of(iter->value);
    if (iter->keyed) {
        iter->key = doc_node_text(doc, tape, &tape->nodes[iter->next]);
        iter->next++;
    }
    iter->value.at = iter->next;
    iter->next = doc_node_next(tape->nodes, iter->next);
    return true;
}

/* ---- scalars ---- */

struct str
val_raw(struct val v)
{
    const struct doc_node *node = val_node(v);
    if (node == NULL) {
        return (struct str){ 0 };
    }
    bool quoted = doc_node_type(node) == DOC_STRING;
    return str_slice(v.doc->bytes.at + node->off - (quoted ? 1 : 0), node->len + (quoted ? 2 : 0));
}

struct str
val_str(struct val v)
{
    const struct doc_node *node = val_node(v);
    if (node == NULL || doc_node_type(node) != DOC_STRING) {
        return (struct str){ 0 };
    }
    return doc_node_text(v.doc, doc_tape_of(v), node);
}

bool
val_is_str(struct val v, const char *z)
{
    return val_type(v) == DOC_STRING && str_is(val_str(v), z);
}

bool
val_to_int(struct val v, int64_t *ret_value)
{
    const struct doc_node *node = val_node(v);
    if (node == NULL || doc_node_type(node) != DOC_NUMBER || (node->info & DOC_NODE_FLOAT) != 0) {
        return false;
    }
    return str_to_int(str_slice(v.doc->bytes.at + node->off, node->len), ret_value);
}

int64_t
val_int(struct val v, int64_t or_else)
{
    const double limit = 9223372036854775808.0;
    const struct doc_node *node = val_node(v);
    int64_t value;
    if (node == NULL || doc_node_type(node) != DOC_NUMBER) {
        return or_else;
    }
    if ((node->info & DOC_NODE_FLOAT) == 0) {
        return val_to_int(v, &value) ? value : or_else;
    }
    double number = val_num(v, 0);
    bool whole = number >= -limit && number < limit && number == trunc(number);
    return whole ? (int64_t)number : or_else;
}

double
val_num(struct val v, double or_else)
{
    const struct doc_node *node = val_node(v);
    if (node == NULL || doc_node_type(node) != DOC_NUMBER) {
        return or_else;
    }
    return doc_number(str_slice(v.doc->bytes.at + node->off, node->len));
}

bool
val_bool(struct val v, bool or_else)
{
    enum doc_type type = val_type(v);
    return type == DOC_TRUE || (type != DOC_FALSE && or_else);
}

/* ---- UTF-8 ---- */

size_t
doc_utf8_size(const char *p, const char *end)
{
    /* Some first bytes narrow the second: no overlong forms, no surrogates, nothing beyond
     * U+10FFFF. */
    static const struct {
        unsigned char first, low, high;
    } narrow[] = {
        { 0xe0, 0xa0, 0xbf }, { 0xed, 0x80, 0x9f }, { 0xf0, 0x90, 0xbf }, { 0xf4, 0x80, 0x8f }
    };
    const unsigned char *s = (const unsigned char *)p;
    size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || size > (size_t)(end - p)) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(narrow); i++) {
        if (s[0] == narrow[i].first) {
            return s[1] >= narrow[i].low && s[1] <= narrow[i].high ? size : 0;
        }
    }
    return size;
}

size_t
doc_utf8_put(char *to, uint32_t rune)
{
    if (rune < 0x80) {
        to[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        to[0] = (char)(0xc0 | rune >> 6);
        to[1] = (char)(0x80 | (rune & 0x3f));
        return 2;
    }
    if (rune < 0x10000) {
        to[0] = (char)(0xe0 | rune >> 12);
        to[1] = (char)(0x80 | (rune >> 6 & 0x3f));
        to[2] = (char)(0x80 | (rune & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | rune >> 18);
    to[1] = (char)(0x80 | (rune >> 12 & 0x3f));
    to[2] = (char)(0x80 | (rune >> 6 & 0x3f));
    to[3] = (char)(0x80 | (rune & 0x3f));
    return 4;
}
