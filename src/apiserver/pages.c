/* Lists in pages: each page of one list shows one revision, so the state that the first page showed
 * is pinned for a while. Tokens are kube-apiserver's (apiserver/pkg/storage/continue.go), which
 * clients treat as opaque and tests do not. Called by rest_read.c. Loop thread. */
#include "config.h"

#include "apiserver/pages.h"

#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"
#include "client/cache.h"

enum { KEEP_MS = 5 * 60 * 1000, KEEP_BYTES = 64 << 20, KEEP_MAX = 64 };

struct kept {
    struct cache *root;
    int64_t until_ms;
    uint64_t dead_mark; /* sink_dead_bytes when it was pinned */
};
struct pages {
    struct loop *loop;
    struct sink *sink;
    VEC(struct kept) kept; /* oldest first */
    struct loop_timer *timer;
};

static void arm(struct pages *pages);

struct pages *
pages_new(struct loop *loop, struct sink *sink)
{
    struct pages *pages = MEM_NEW(struct pages);
    pages->loop = loop;
    pages->sink = sink;
    return pages;
}

static void
drop_first(struct pages *pages)
{
    cache_free(pages->kept.at[0].root);
    VEC_DEL(pages->kept, 0);
}

void
pages_free(struct pages *pages)
{
    if (pages == NULL) {
        return;
    }
    loop_timer_cancel(pages->timer);
    while (pages->kept.len > 0) {
        drop_first(pages);
    }
    VEC_DONE(pages->kept);
    mem_free(pages);
}

static void
trim(struct pages *pages)
{
    int64_t now = clock_mono_ms();
    uint64_t dead = sink_dead_bytes(pages->sink);
    while (pages->kept.len > 0 &&
           (pages->kept.at[0].until_ms <= now || pages->kept.len > KEEP_MAX ||
            dead - pages->kept.at[0].dead_mark > KEEP_BYTES)) {
        drop_first(pages);
    }
}

static void
on_timer(void *ctx)
{
    struct pages *pages = ctx;
    pages->timer = NULL;
    trim(pages);
    arm(pages);
}

static void
arm(struct pages *pages)
{
    if (pages->timer == NULL && pages->kept.len > 0) {
        int64_t soon = clock_mono_ms() + 10000; /* the bytes bound is looked at, too */
        int64_t until = pages->kept.at[0].until_ms;
        pages->timer = loop_timer(pages->loop, until < soon ? until : soon, on_timer, pages);
    }
}

void
pages_keep(struct pages *pages)
{
    struct cache *now = sink_cache(pages->sink);
    trim(pages);
    if (pages->kept.len > 0) {
        struct kept *last = &pages->kept.at[pages->kept.len - 1];
        if (cache_rev(last->root) == cache_rev(now)) {
            last->until_ms = clock_mono_ms() + KEEP_MS;
            return;
        }
    }
    struct kept kept = { .root = cache_ref(now),
                         .until_ms = clock_mono_ms() + KEEP_MS,
                         .dead_mark = sink_dead_bytes(pages->sink) };
    VEC_ADD(pages->kept, kept);
    trim(pages);
    arm(pages);
}

struct cache *
pages_pin(struct pages *pages, uint64_t rev)
{
    struct cache *now = sink_cache(pages->sink);
    if (cache_rev(now) == rev) {
        return cache_ref(now);
    }
    trim(pages);
    for (size_t i = 0; i < pages->kept.len; i++) {
        if (cache_rev(pages->kept.at[i].root) == rev) {
            return cache_ref(pages->kept.at[i].root);
        }
    }
    return NULL;
}

/* ---- tokens ---- */

/* RFC 4648 §5 without padding, as Go's RawURLEncoding, from and to the standard alphabet. */
static struct str
to_url(struct str standard, struct arena *arena)
{
    char *text = arena_dupz(arena, standard);
    size_t size = standard.size;
    while (size > 0 && text[size - 1] == '=') {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    }
    return str_slice(text, size);
}

static struct str
from_url(struct str url, struct arena *arena)
{
    size_t padded = (url.size + 3) / 4 * 4;
    char *text = arena_alloc(arena, padded + 1);
    for (size_t i = 0; i < padded; i++) {
        char c = i < url.size ? url.at[i] : '=';
        text[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    return str_slice(text, padded);
}

struct str
pages_token_text(const struct pages_token *token, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kv(&w, "v", STR("meta.k8s.io/v1"));
    jw_kint(&w, "rv", token->rev);
    jw_kv(&w, "start", token->start);
    jw_end(&w);
    return to_url(base64_encode(jw_done(&w), arena), arena);
}

/* Keys of this API have no dot segments, doubled slashes or leading slash. */
static bool
is_clean(struct str start)
{
    struct str left = start;
    while (left.size > 0) {
        struct str rest;
        struct str segment = str_cut(left, '/', &rest);
        if (segment.size == 0 || str_is(segment, ".") || str_is(segment, "..")) {
            return false;
        }
        left = rest;
    }
    return start.size > 0;
}

int
pages_token_parse(struct str text, struct arena *arena, struct pages_token *ret, struct err **err)
{
    struct str json;
    AUTO_ERR struct err *why = NULL;
    const struct doc *doc = base64_decode(from_url(text, arena), arena, &json, NULL) < 0
                                ? NULL
                                : doc_parse(arena, json, &why);
    if (doc == NULL) {
        return err_set(err, ERR_BAD_REQUEST,
                       "invalid continue token: continue key is not valid: %s",
                       why == NULL ? "illegal base64 data" : why->message);
    }
    struct val root = doc_root(doc);
    if (!val_is_str(val_get(root, "v"), "meta.k8s.io/v1")) {
        return err_set(
            err, ERR_BAD_REQUEST,
            "invalid continue token: continue key is not valid: server does not recognize this encoded version " STR_FMT,
            STR_ARG(val_str(val_get(root, "v"))));
    }
    int64_t rev = val_int(val_get(root, "rv"), 0);
    if (rev == 0) {
        return err_set(
            err, ERR_BAD_REQUEST,
            "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion "
            "(version meta.k8s.io/v1)");
    }
    struct str start = val_str(val_get(root, "start"));
    if (start.size == 0) {
        return err_set(
            err, ERR_BAD_REQUEST,
            "invalid continue token: continue key is not valid: encoded start key empty (version "
            "meta.k8s.io/v1)");
    }
    if (!is_clean(start)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "invalid continue token: continue key is not valid: " STR_FMT,
                       STR_ARG(start));
    }
    ret->rev = rev;
    ret->start = start;
    return 0;
}
