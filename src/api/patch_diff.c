/* Merge patches (RFC 7386) from two versions of a document, and where such a patch meets what others
 * changed meanwhile.  Called by whoever lets people edit objects; pure.
 *
 * null and absent are the same here, as they are to a merge patch. Recursion is bounded by the depth
 * of documents. */
#include "config.h" /* IWYU pragma: keep */

#include "api/patch.h"

static struct val
present(struct val v)
{
    return val_type(v) == DOC_NULL ? (struct val){ 0 } : v;
}

static bool
is_same(struct val a, struct val b)
{
    return val_is(a) && val_is(b) ? val_eq(a, b) : val_is(a) == val_is(b);
}

static void
write_members(struct jw *w, struct val from, struct val to)
{
    jw_obj(w);
    VAL_EACH (it, to) {
        struct val was = present(val_member(from, it.key)), now = present(it.value);
        if (!val_is(now) || is_same(was, now)) {
            continue;
        }
        jw_key(w, it.key);
        if (val_type(was) == DOC_OBJECT && val_type(now) == DOC_OBJECT) {
            write_members(w, was, now);
        } else {
            jw_val(w, now);
        }
    }
    VAL_EACH (it, from) {
        if (val_is(present(it.value)) && !val_is(present(val_member(to, it.key)))) {
            jw_key(w, it.key);
            jw_null(w);
        }
    }
    jw_end(w);
}

struct str
patch_merge_make(struct arena *arena, struct val from, struct val to)
{
    struct jw w;

    jw_init(&w, arena);
    write_members(&w, from, to);
    return jw_done(&w);
}

static void
find_clashes(struct val was, struct val now, struct val patch, struct str path,
             struct str_builder *out)
{
    VAL_EACH (it, patch) {
        AUTO_STR struct str_builder below = { 0 };
        struct val old = present(val_member(was, it.key)), live = present(val_member(now, it.key));

        str_putf(&below, STR_FMT "%s" STR_FMT, STR_ARG(path), path.size == 0 ? "" : ".",
                 STR_ARG(it.key));
        if (val_type(it.value) == DOC_OBJECT && val_type(old) == DOC_OBJECT &&
            val_type(live) == DOC_OBJECT) {
            find_clashes(old, live, it.value, str_view(&below), out);
        } else if (!is_same(old, live)) {
            str_putf(out, "%s" STR_FMT, out->size == 0 ? "" : "\n", STR_ARG(str_view(&below)));
        }
    }
}

void
patch_merge_clashes(struct val was, struct val now, struct val patch, struct str_builder *ret_paths)
{
    find_clashes(was, now, patch, (struct str){ 0 }, ret_paths);
}
