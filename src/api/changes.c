/* Differences of two documents as a list of places with both values, for history.
 *
 * The same walk as a comparison of field sets (fieldset.c), but it stops at the top of what was added
 * or removed and keeps the values. Depth is bounded by the documents'. Pure; any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "api/changes.h"

#include "api/fieldset_priv.h"
#include "api/ref.h"
#include "base/arena.h"

struct walk {
    struct arena *arena;
    struct str_builder path;
    int depth;
    size_t max;
    struct changes *out;
};

static void compare(struct walk *w, struct ref ref, struct val old, struct val now);

static void
add(struct walk *w, struct val old, struct val now)
{
    struct changes *out = w->out;
    if (out->len == w->max) {
        out->left++;
        return;
    }
    if (out->len == out->capacity) {
        size_t capacity = out->capacity == 0 ? 8 : out->capacity * 2;
        out->at = arena_grow(w->arena, out->at, out->capacity * sizeof(out->at[0]),
                             capacity * sizeof(out->at[0]));
        out->capacity = capacity;
    }
    struct str path = str_view(&w->path);
    size_t dot = path.size > 0 && path.at[0] == '.';
    path = str_slice(path.at + dot, path.size - dot);
    out->at[out->len++] = (struct change){ arena_dup(w->arena, path), old, now };
}

/* Items that share their keys are one thing: they are the same when all of them are. */
static bool
is_same(const struct child *a, const struct child *b)
{
    if (a->same_len != b->same_len) {
        return false;
    }
    for (size_t i = 0; i < a->same_len; i++) {
        if (!val_eq(a->same[i].value, b->same[i].value)) {
            return false;
        }
    }
    return true;
}

static void
compare_child(struct walk *w, const struct child_pair *pair)
{
    const struct child *old = pair->a, *now = pair->b;
    size_t size = w->path.size;
    fieldset_put_elem(&w->path, &pair->elem, w->arena);
    w->depth++;
    if (str_is(str_view(&w->path), ".metadata.managedFields")) {
        /* who owns which field is no change of the object */
    } else if (old->same == NULL && now->same == NULL) {
        compare(w, pair->ref, old->value, now->value);
    } else if (!is_same(old, now)) {
        add(w, old->value, now->value);
    }
    w->depth--;
    w->path.size = size;
}

static void
compare(struct walk *w, struct ref ref, struct val old, struct val now)
{
    bool is_both = val_is(old) && val_is(now);
    if (ref_shape(ref) == SHAPE_LEAF || !is_both || w->depth == DOC_MAX_DEPTH) {
        if (!is_both || !val_eq(old, now)) {
            add(w, old, now);
        }
        return;
    }
    struct child_pairs pairs = ref_pairs(w->arena, ref, old, now);
    for (struct child_pair pair; ref_pairs_next(&pairs, &pair);) {
        compare_child(w, &pair);
    }
}

struct changes
changes_of(struct arena *arena, const struct type *type, struct val old, struct val now, size_t max)
{
    struct changes out = { 0 };
    struct walk w = { .arena = arena, .max = max, .out = &out };
    if (val_is(old) && val_is(now)) {
        compare(&w, ref_root(type), old, now);
    }
    str_done(&w.path);
    return out;
}
