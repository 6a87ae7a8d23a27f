/* The answer of …/history: rows, what changed between them, and the chain of causes of each.
 *
 * Values of Secrets are never part of it, nor are their annotations: kubectl keeps a copy of what was
 * applied there. Run by a job; reads what the loop has left to it. Any thread. */
#include "config.h"

#include <stdio.h>

#include "api/changes.h"
#include "api/registry.h"
#include "apiserver/req.h"
#include "apiserver/rest_history.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

enum {
    CHANGES_MAX = 100,    /* of one revision */
    VALUE_MAX = 4 << 10,  /* bytes of a value's JSON; a longer one is shown as a text, cut */
    ANSWER_MAX = 4 << 20, /* bytes; what is older comes with the next page */
    CAUSES_NEAR = 3,      /* of one revision */
};

/* Members of sealed objects whose values nobody is shown. */
static const char *const sealed[] = { "data", "stringData", "metadata.annotations" };

static bool
is_hidden(const struct resource *resource, struct str path)
{
    for (size_t i = 0; i < ARRAY_LEN(sealed) && (resource->flags & RES_SEAL) != 0; i++) {
        struct str at = str_of(sealed[i]);
        if (str_has_prefix(path, at) && (path.size == at.size || path.at[at.size] == '.')) {
            return true;
        }
    }
    return false;
}

static void
write_rev(struct jw *w, const char *key, uint64_t rev)
{
    jw_keyz(w, key);
    jw_printf(w, "%llu", (unsigned long long)rev);
}

/* As large values go: their beginning, as a text. */
static void
write_value(struct jw *w, const char *key, struct val v)
{
    struct str raw = val_raw(v);
    if (!val_is(v)) {
        return;
    }
    jw_keyz(w, key);
    if (raw.size <= VALUE_MAX) {
        jw_val(w, v);
        return;
    }
    size_t size = VALUE_MAX;
    while (size > 0 && ((unsigned char)raw.at[size] & 0xC0) == 0x80) {
        size--;
    }
    jw_printf(w, STR_FMT "…", (int)size, raw.at);
}

static void
write_change(struct jw *w, const struct resource *resource, const struct change *change)
{
    jw_obj(w);
    jw_kv(w, "path", change->path);
    if (is_hidden(resource, change->path)) {
        jw_kbool(w, "hidden", true);
    } else {
        write_value(w, "old", change->old);
        write_value(w, "new", change->now);
    }
    jw_end(w);
}

/* What made `row` of the revision before it, which may be gone. */
static void
write_changes(struct rest_history *h, struct jw *w, const struct rest_history_row *row,
              const struct rest_history_row *before)
{
    if (before == NULL || before->value == NULL) {
        jw_kbool(w, "changesUnknown", true);
        return;
    }
    AUTO_ARENA struct arena *arena = arena_new();
    struct val old = doc_root(doc_trust(arena, buf_str(before->value)));
    struct val now = doc_root(doc_trust(arena, buf_str(row->value)));
    struct changes changes = changes_of(arena, h->resource->type, old, now, CHANGES_MAX);
    jw_keyz(w, "changes");
    jw_arr(w);
    for (size_t i = 0; i < changes.len; i++) {
        write_change(w, h->resource, &changes.at[i]);
    }
    jw_end(w);
    if (changes.left > 0) {
        jw_kint(w, "changesLeft", (int64_t)changes.left);
    }
}

/* ---- causes ---- */

static void
write_time(struct jw *w, int64_t time_ms)
{
    char text[CLOCK_TEXT_SIZE];
    jw_kv(w, "time", clock_text_micro(time_ms * 1000, text));
}

static void
write_cause(struct jw *w, const struct rest_history_cause *cause)
{
    jw_obj(w);
    write_rev(w, "resourceVersion", cause->rev);
    if (!cause->is_kept) {
        jw_kbool(w, "gone", true);
    } else if (!cause->is_allowed) {
        jw_kbool(w, "hidden", true);
    } else {
        write_time(w, cause->time_ms);
        origin_write(&cause->origin, w);
        jw_keyz(w, "object");
        jw_obj(w);
        jw_kv(w, "group", cause->group);
        jw_kv(w, "resource", cause->plural);
        jw_kv(w, "namespace", cause->ns);
        jw_kv(w, "name", cause->name);
        jw_end(w);
    }
    jw_end(w);
}

/* The nearest first, at most CAUSES_NEAR of them, and last the author. */
static void
write_causes(const struct rest_history *h, struct jw *w, uint64_t rev)
{
    int left = 0;
    if (rev == 0) {
        return;
    }
    jw_keyz(w, "causes");
    jw_arr(w);
    for (int depth = 0; rev != 0 && depth < REST_HISTORY_DEPTH; depth++) {
        const struct rest_history_cause *cause = rest_history_cause(h, rev);
        if (cause == NULL) {
            break; /* beyond what one answer looks up */
        }
        rev = cause->cause_rev < rev ? cause->cause_rev : 0;
        if (depth < CAUSES_NEAR || rev == 0) {
            write_cause(w, cause);
        } else {
            left++;
        }
    }
    jw_end(w);
    if (left > 0) {
        jw_kint(w, "causesLeft", left); /* between the nearest and the author */
    }
}

/* ---- rows ---- */

static void
write_row(struct rest_history *h, struct jw *w, size_t i)
{
    const struct rest_history_row *row = &h->rows.at[i];
    const struct rest_history_row *before = i + 1 < h->rows.len ? row + 1 : NULL;
    bool is_created = row->create_rev == row->rev;
    jw_obj(w);
    write_rev(w, "resourceVersion", row->rev);
    write_time(w, row->time_ms);
    jw_kvz(w, "operation", row->value == NULL ? "deleted" : is_created ? "created" : "changed");
    origin_write(&row->origin, w);
    if (row->value != NULL && !is_created) {
        write_changes(h, w, row, before);
    }
    write_causes(h, w, row->cause_rev);
    jw_end(w);
}

void
rest_history_write(struct rest_history *h)
{
    struct jw w;
    size_t i = 0;
    jw_init(&w, h->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "HistoryList");
    jw_kvz(&w, "apiVersion", "binnacle.io/v1");
    jw_keyz(&w, "items");
    jw_arr(&w);
    for (; i < h->shown && (i == 0 || jw_size(&w) < ANSWER_MAX); i++) {
        write_row(h, &w, i);
    }
    jw_end(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    write_rev(&w, "resourceVersion", h->rows.at[0].rev);
    if (h->is_cut || i < h->shown) {
        write_rev(&w, "continue", h->rows.at[i - 1].rev);
    }
    jw_end(&w);
    jw_end(&w);
    h->json = jw_done(&w);
}
