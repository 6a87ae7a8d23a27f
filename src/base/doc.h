/* JSON documents: an immutable tape over the raw bytes, values by value, a writer and edits.
 *
 * A doc holds bytes and, on demand, their tape (16 bytes a node). Counted docs (doc_new) are shared
 * between threads: the tape is made on demand, published by compare-exchange, kept while a pin
 * holds it and dropped by doc_tapes_trim when nothing does. Arena docs (doc_parse, doc_trust) live
 * and die with their arena. Any thread may read. */
#ifndef BINNACLE_BASE_DOC_H
#define BINNACLE_BASE_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct buf;
struct doc;
struct err;

enum doc_type {
    DOC_ABSENT,
    DOC_NULL,
    DOC_FALSE,
    DOC_TRUE,
    DOC_NUMBER,
    DOC_STRING,
    DOC_OBJECT,
    DOC_ARRAY
};

enum { DOC_MAX_DEPTH = 256, DOC_MAX_SIZE = 64 << 20 /* bytes; callers usually bound tighter */ };

/* A value by value; absent is {0}, and every getter takes it. Read it only while its doc is alive
 * and, for a counted doc, pinned. */
struct val {
    const struct doc *doc;
    uint32_t at; /* node in the tape */
};

/* ---- documents ---- */

/* Parses strictly (RFC 8259: UTF-8 checked, no trailing bytes, depth ≤ DOC_MAX_DEPTH, numbers that
 * a float64 holds). Bytes are referenced, not copied: they must outlive the arena's use. Errors
 * (ERR_BAD_REQUEST, ERR_TOO_LARGE) read as Go's encoding/json: `invalid character 'x' after object
 * key`. Duplicates are kept and seen by VAL_EACH, val_get finds the last. */
struct doc *doc_parse(struct arena *arena, struct str bytes, struct err **err);
/* An arena doc over bytes that are known to be valid JSON, e.g. just written: parsed by the first
 * doc_root, which must come before other threads see it. */
struct doc *doc_trust(struct arena *arena, struct str bytes);
/* A counted doc over bytes that are known to be valid JSON (canonical, from the store or the
 * walker). Takes over the caller's reference to bytes. */
struct doc *doc_new(struct buf *bytes);
struct doc *doc_ref(struct doc *doc);
void doc_unref(struct doc *doc); /* NULL allowed; arena docs must not get here */
void doc_pin(struct doc *doc);   /* the tape stays until doc_unpin; makes it if need be */
void doc_unpin(struct doc *doc);
struct str doc_bytes(const struct doc *doc);
struct buf *doc_buf(const struct doc *doc); /* counted bytes, not referenced; NULL: arena doc */
/* Makes the tape of a counted doc: pin it first. Absent for NULL, and for trusted bytes that turn
 * out to be no JSON (a damaged store). */
struct val doc_root(const struct doc *doc);
void doc_drop_tape(struct doc *doc); /* frees the tape of a counted doc unless pinned */
/* Drops tapes that nobody has pinned, oldest first, until what is left of all of the process needs
 * no more than keep_bytes. Between callbacks of the loop only: loop_on_idle. */
void doc_tapes_trim(size_t keep_bytes);
size_t doc_tapes_size(void); /* bytes of all tapes of counted docs */

/* ---- values ---- */

enum doc_type val_type(struct val v);
static inline bool
val_is(struct val v)
{
    return v.doc != NULL;
}
struct val val_member(struct val object, struct str key); /* the last member of that name */
static inline struct val
val_get(struct val object, const char *key) /* same; the length of a literal is known */
{
    return val_member(object, str_of(key));
}
/* Dotted path of plain member names: "spec.template.metadata". */
struct val val_at(struct val v, const char *dotted);
struct val val_item(struct val array, size_t index);
size_t val_len(struct val v);     /* members or items, 0 for others */
struct str val_raw(struct val v); /* the bytes of the whole value */
/* Text of a string. Without escapes it is a slice of the document; with escapes it is decoded into
 * memory that lives as long as the tape. {NULL,0} when absent or no string. */
struct str val_str(struct val v);
bool val_is_str(struct val v, const char *z);
int64_t val_int(struct val v, int64_t or_else); /* integers only (1.0 and 1e3 count when whole) */
/* As Go takes an integer: digits only, within int64. False for anything else (1.0, 2^63, "1"). */
bool val_to_int(struct val v, int64_t *ret_value);
double val_num(struct val v, double or_else);
bool val_bool(struct val v, bool or_else);
bool val_eq(struct val a, struct val b); /* same JSON value: member order and number text ignored */

/* Walks items of an array or members of an object, in document order, duplicates too:
 * VAL_EACH(it, list) { use(it.key, it.value); } */
struct val_iter {
    struct val value;
    struct str key;     /* decoded, {NULL,0} in an array */
    uint32_t next, end; /* nodes: of the next step, and behind the last */
    bool keyed;         /* an object */
};
struct val_iter val_iter(struct val v);
bool val_step(struct val_iter *iter); /* → value (and key, in an object) of the next one */
#define VAL_EACH(it, list) for (struct val_iter it = val_iter(list); val_step(&it);)

/* ---- writer ---- */

/* Writes JSON into an arena (or, with a NULL arena, into the heap: jw_cleanup). Strings are escaped
 * as Go's encoding/json does (with < > & U+2028 U+2029). Commas and colons are the writer's job.
 * Mistakes of order (a value without a key in an object, unbalanced ends) are asserted. */
struct jw {
    struct arena *arena;
    char *at;
    size_t size, capacity;
    uint32_t depth;
    uint8_t stack[DOC_MAX_DEPTH / 8]; /* 1: object */
    bool need_comma, after_key;
};

void jw_init(struct jw *w, struct arena *arena);
void jw_obj(struct jw *w);
void jw_arr(struct jw *w);
void jw_end(struct jw *w); /* closes the innermost object or array */
void jw_key(struct jw *w, struct str key);
void jw_keyz(struct jw *w, const char *key);
void jw_key_plain(struct jw *w, struct str key); /* of a row: no byte of it needs an escape */
void jw_str(struct jw *w, struct str s);
void jw_strz(struct jw *w, const char *z);
void jw_printf(struct jw *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jw_int(struct jw *w, int64_t i);
void jw_uint(struct jw *w, uint64_t u);
void jw_num(struct jw *w, double d); /* as Go prints a float64 */
void jw_bool(struct jw *w, bool b);
void jw_null(struct jw *w);
void jw_raw(struct jw *w, struct str json); /* verbatim: must be one JSON value */
void jw_val(struct jw *w, struct val v);    /* verbatim bytes of v; null when absent */
/* v as Go's json.Marshal prints it decoded into a map: keys in byte order, of duplicates the last,
 * integers within int64 as they are, other numbers as float64, strings escaped anew. */
void jw_canonical(struct jw *w, struct val v);
/* Pairs "key": value in one call; nothing is written for an empty string. */
void jw_kv(struct jw *w, const char *key, struct str value);
void jw_kvz(struct jw *w, const char *key, const char *value);
void jw_kint(struct jw *w, const char *key, int64_t value);
void jw_kbool(struct jw *w, const char *key, bool value);
/* Where the next byte goes, for callers that splice (e.g. resourceVersion). */
size_t jw_size(const struct jw *w);
struct str jw_done(struct jw *w); /* the text; the writer must be balanced */
struct buf *jw_buf(struct jw *w); /* same, as counted bytes (one reference) */
void jw_cleanup(struct jw *w);    /* frees the heap form; for AUTO(jw_cleanup) */

/* ---- edits ---- */

/* Changes to a document, collected and made at one go; what no edit touches keeps its bytes. Paths
 * are RFC 6901 pointers ("/spec/replicas", "/metadata/annotations/a~1b", "-" appends). Missing
 * objects on the way are made, null counts as missing. Later edits see earlier ones. The JSON given
 * is checked by edit_apply and must live until then. */
struct edit {
    struct arena *arena;
    struct edit_op *ops;
    size_t len, capacity;
};
void edit_init(struct edit *e, struct arena *arena);
void edit_set(struct edit *e, const char *pointer, struct str json);
void edit_set_str(struct edit *e, const char *pointer, struct str text);
void edit_set_int(struct edit *e, const char *pointer, int64_t i);
void edit_insert(struct edit *e, const char *pointer, struct str json); /* before that item */
void edit_del(struct edit *e, const char *pointer); /* nothing when it is not there */
/* *ret is an arena doc. A counted doc must be pinned. Fails (ERR_INVALID) on a path that leads
 * through a scalar or to no item of an array, and on JSON that is none. */
int edit_apply(const struct doc *doc, struct edit *e, struct doc **ret, struct err **err);

#endif
