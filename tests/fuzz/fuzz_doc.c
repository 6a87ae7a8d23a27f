/* Fuzz target of base/doc. The text up to the last line break is a document, the rest a pointer to
 * edit at. What parses must survive: canonical form, equality, edits, strings written again. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static struct val
parse(struct arena *arena, struct str text)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = doc_parse(arena, text, &err);

    check((doc == NULL) == (err != NULL));
    return doc_root(doc);
}

/* Reads every value in every way. */
static size_t
visit(struct val v)
{
    size_t seen = 1, members = 0;

    check(val_raw(v).size > 0);
    check(val_str(v).at == NULL || val_type(v) == DOC_STRING);
    (void)val_int(v, 0);
    (void)val_num(v, 0);
    VAL_EACH (it, v) {
        check((it.key.at != NULL) == (val_type(v) == DOC_OBJECT));
        check(it.key.at == NULL || val_is(val_member(v, it.key)));
        seen += visit(it.value);
        members++;
    }
    check(members == val_len(v));
    check(val_is(val_item(v, 0)) == (val_type(v) == DOC_ARRAY && members > 0));
    return seen;
}

static struct str
canonical(struct arena *arena, struct val v)
{
    struct jw w;

    jw_init(&w, arena);
    jw_canonical(&w, v);
    return jw_done(&w);
}

static void
try_edits(struct arena *arena, struct val v, struct str pointer)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *edited = NULL;
    struct edit e;
    char *path = arena_dupz(arena, pointer);

    edit_init(&e, arena);
    edit_set(&e, path, STR("{\"a\":[1,{\"b\":2}],\"a/~\":\"x\"}"));
    edit_insert(&e, path, STR("[ ]"));
    edit_set_str(&e, path, pointer);
    edit_del(&e, path);
    edit_set_int(&e, path, -1);
    if (edit_apply(v.doc, &e, &edited, &err) == 0) {
        check(visit(doc_root(edited)) > 0);
        edit_init(&e, arena);
        edit_del(&e, path);
        check(edit_apply(edited, &e, &edited, &err) == 0 || err != NULL);
        check(val_is(doc_root(edited)));
    }
}

static void
write_string(struct arena *arena, struct str text)
{
    struct jw w;

    jw_init(&w, arena);
    jw_str(&w, text);
    struct val v = parse(arena, jw_done(&w));
    check(val_type(v) == DOC_STRING);
    jw_init(&w, arena);
    jw_str(&w, val_str(v));
    check(val_eq(v, parse(arena, jw_done(&w))));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str text = { (const char *)data, size };
    const char *line = size == 0 ? NULL : memrchr(data, '\n', size);
    struct str pointer = { 0 };

    if (line != NULL) {
        pointer = str_slice(line + 1, size - (size_t)(line + 1 - text.at));
        text.size = (size_t)(line - text.at);
    }
    struct val v = parse(arena, text);
    if (val_is(v)) {
        check(visit(v) > 0);
        struct str first = canonical(arena, v);
        struct val again = parse(arena, first);
        check(val_is(again) && val_eq(v, again));
        struct str second = canonical(arena, again); /* -0.0 → -0 → 0, as in Go */
        check(str_eq(second, canonical(arena, parse(arena, second))));
        try_edits(arena, v, pointer);
    }
    write_string(arena, text);
    return 0;
}
