/* JSON patch and merge patch.  Called by the patch step; any thread, large ones in a job.
 *
 * Behaviour follows evanphx/json-patch v4 as kube-apiserver uses it (lenient on its quirks: a
 * missing value is null, `test` of an absent member equals null, `copy` from an absent member gives
 * null); errors are those of k8s.io/apiserver/pkg/endpoints/handlers/patch.go. */
#include "config.h"

#include "api/patch.h"

#include "api/tree.h"
#include "base/arena.h"
#include "base/err.h"

enum {
    PATCH_MAX_COPY_BYTES = 3 << 20
}; /* json-patch's AccumulatedCopySizeLimit in kube-apiserver */

struct pointer {
    struct tree *parent; /* container that the last part names a place in */
    struct str last;
};

struct run {
    struct arena *arena;
    struct tree *root;
    size_t copied_bytes;
};

/* ---- merge patch ---- */

/* Members that are null, at any depth; items of lists stay. */
static void
drop_nulls(struct arena *arena, struct tree *t)
{
    tree_open(arena, t);
    for (struct tree *m = t->first, *next; m != NULL; m = next) {
        next = m->next;
        if (m->type == DOC_NULL && t->type == DOC_OBJECT) {
            tree_cut(t, m);
        } else {
            drop_nulls(arena, m);
        }
    }
}

static void
merge_into(struct arena *arena, struct tree *to, struct val patch)
{
    VAL_EACH (it, patch) {
        if (val_type(it.value) == DOC_NULL) {
            (void)tree_del(arena, to, it.key);
            continue;
        }
        struct tree *old = tree_get(arena, to, it.key);
        if (old != NULL && old->type == DOC_OBJECT && val_type(it.value) == DOC_OBJECT) {
            merge_into(arena, old, it.value);
            continue;
        }
        struct tree *now = tree_of(arena, it.value);
        drop_nulls(arena, now);
        tree_set(arena, to, it.key, now);
    }
}

static const char *
go_kind(struct val v)
{
    switch (val_type(v)) {
    case DOC_ARRAY:
        return "array";
    case DOC_STRING:
        return "string";
    case DOC_NUMBER:
        return "number";
    case DOC_TRUE:
    case DOC_FALSE:
        return "bool";
    case DOC_OBJECT:
        return "object";
    case DOC_NULL:
    case DOC_ABSENT:
        break;
    }
    return "null";
}

int
patch_merge(struct arena *arena, const struct doc *live, struct val patch, struct str *ret,
            struct err **err)
{
    if (val_type(patch) != DOC_OBJECT) {
        return err_set(err, ERR_BAD_REQUEST,
                       "error decoding patch: json: cannot unmarshal %s into Go value of type "
                       "map[string]interface {}",
                       go_kind(patch));
    }
    struct tree *root = tree_of(arena, doc_root(live));
    merge_into(arena, root, patch);
    *ret = tree_json(arena, root);
    return 0;
}

/* ---- JSON patch ---- */

/* kube-apiserver hides why an operation failed: always this Status. */
static int
rejected(struct err **err)
{
    (void)err_set(err, ERR_INVALID,
                  "the server rejected our request due to an error in our request");
    return err_details(err, "", "", "");
}

static struct str
unescape(struct arena *arena, struct str part)
{
    if (part.size == 0 || memchr(part.at, '~', part.size) == NULL) {
        return part;
    }
    char *to = arena_alloc(arena, part.size);
    size_t size = 0;
    for (size_t i = 0; i < part.size; i++) {
        if (part.at[i] == '~' && i + 1 < part.size &&
            (part.at[i + 1] == '0' || part.at[i + 1] == '1')) {
            to[size++] = part.at[++i] == '0' ? '~' : '/';
        } else {
            to[size++] = part.at[i];
        }
    }
    return str_slice(to, size);
}

/* json-patch's indexes: "-" is handled by the callers that allow it; negative ones count from the
 * end. Returns -1 when it is no index of 0…max. */
static int64_t
index_of(struct str part, int64_t len, int64_t max)
{
    int64_t i;
    if (!str_to_int(part, &i)) {
        return -1;
    }
    if (i < 0) {
        i += len;
    }
    return i >= 0 && i <= max ? i : -1;
}

static struct tree *
child(struct run *run, struct tree *parent, struct str part)
{
    if (parent == NULL) {
        return NULL;
    }
    if (parent->type == DOC_OBJECT) {
        return tree_get(run->arena, parent, part);
    }
    int64_t len = (int64_t)parent->len;
    int64_t i = parent->type == DOC_ARRAY ? index_of(part, len, len - 1) : -1;
    return i < 0 ? NULL : tree_item(run->arena, parent, (size_t)i);
}

/* Walks to the parent of what the pointer names. What stands before the first '/' is ignored, as
 * json-patch splits at '/' and drops the first piece. */
static bool
walk(struct run *run, struct str text, struct pointer *ret)
{
    struct str rest;
    (void)str_cut(text, '/', &rest);
    if (rest.at == NULL) {
        return false;
    }
    struct tree *at = run->root;
    for (;;) {
        struct str part = str_cut(rest, '/', &rest);
        if (rest.at == NULL) {
            *ret = (struct pointer){ at, unescape(run->arena, part) };
            return at != NULL && (at->type == DOC_OBJECT || at->type == DOC_ARRAY);
        }
        at = child(run, at, unescape(run->arena, part));
        if (at == NULL) {
            return false;
        }
    }
}

static bool
put(struct run *run, const struct pointer *p, struct tree *value)
{
    if (p->parent->type == DOC_OBJECT) {
        tree_set(run->arena, p->parent, p->last, value);
        return true;
    }
    int64_t len = (int64_t)p->parent->len;
    int64_t i = str_is(p->last, "-") ? len : index_of(p->last, len + 1, len);
    if (i < 0) {
        return false;
    }
    tree_insert(run->arena, p->parent, tree_item(run->arena, p->parent, (size_t)i), value);
    return true;
}

static bool
take(struct run *run, struct str path, struct tree **ret)
{
    struct pointer p;
    if (!walk(run, path, &p)) {
        return false;
    }
    struct tree *old = child(run, p.parent, p.last);
    if (old == NULL) {
        return false;
    }
    if (p.parent->type == DOC_OBJECT) {
        (void)tree_del(run->arena, p.parent, p.last);
    } else {
        tree_cut(p.parent, old);
    }
    *ret = old;
    return true;
}

static struct tree *
null_tree(struct run *run)
{
    struct err *err = NULL;
    return tree_of(run->arena, doc_root(doc_parse(run->arena, STR("null"), &err)));
}

static struct tree *
value_of(struct run *run, struct val op)
{
    struct val value = val_get(op, "value");
    return val_is(value) ? tree_of(run->arena, value) : null_tree(run);
}

static bool
op_add(struct run *run, struct val op)
{
    struct pointer p;
    return walk(run, val_str(val_get(op, "path")), &p) && put(run, &p, value_of(run, op));
}

static bool
op_remove(struct run *run, struct val op)
{
    struct tree *old;
    return take(run, val_str(val_get(op, "path")), &old);
}

/* An absent member of an object counts as there, as in json-patch v4. */
static bool
op_replace(struct run *run, struct val op)
{
    struct pointer p;
    if (!walk(run, val_str(val_get(op, "path")), &p)) {
        return false;
    }
    if (p.parent->type == DOC_OBJECT) {
        return put(run, &p, value_of(run, op));
    }
    struct tree *old = child(run, p.parent, p.last);
    if (old == NULL) {
        return false;
    }
    tree_insert(run->arena, p.parent, old, value_of(run, op));
    tree_cut(p.parent, old);
    return true;
}

static bool
op_move(struct run *run, struct val op)
{
    struct tree *old;
    struct pointer p;
    return take(run, val_str(val_get(op, "from")), &old) &&
           walk(run, val_str(val_get(op, "path")), &p) && put(run, &p, old);
}

static bool
op_copy(struct run *run, struct val op)
{
    struct pointer from, to;
    if (!walk(run, val_str(val_get(op, "from")), &from)) {
        return false;
    }
    struct tree *old = child(run, from.parent, from.last);
    if (old == NULL && from.parent->type == DOC_ARRAY) {
        return false;
    }
    struct tree *copy = old == NULL ? null_tree(run) : tree_copy(run->arena, old);
    run->copied_bytes += tree_json(run->arena, copy).size;
    return run->copied_bytes <= PATCH_MAX_COPY_BYTES &&
           walk(run, val_str(val_get(op, "path")), &to) && put(run, &to, copy);
}

static bool
op_test(struct run *run, struct val op)
{
    struct pointer p;
    if (!walk(run, val_str(val_get(op, "path")), &p)) {
        return false;
    }
    struct tree *want = value_of(run, op), *have = child(run, p.parent, p.last);
    return have == NULL ? want->type == DOC_NULL : tree_eq(run->arena, have, want);
}

static const struct {
    const char *name;
    bool (*run)(struct run *run, struct val op);
} ops[] = {
    { "add", op_add },   { "remove", op_remove }, { "replace", op_replace },
    { "move", op_move }, { "copy", op_copy },     { "test", op_test },
};

static bool
run_op(struct run *run, struct val op)
{
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (val_is_str(val_get(op, "op"), ops[i].name)) {
            return ops[i].run(run, op);
        }
    }
    return false;
}

int
patch_json(struct arena *arena, const struct doc *live, struct val patch, struct str *ret,
           struct err **err)
{
    if (val_type(patch) != DOC_ARRAY) {
        return err_set(err, ERR_BAD_REQUEST,
                       "error decoding patch: json: cannot unmarshal %s into Go value of type "
                       "[]handlers.jsonPatchOp",
                       go_kind(patch));
    }
    if (val_len(patch) > PATCH_MAX_OPS) {
        return err_set(err, ERR_TOO_LARGE,
                       "The allowed maximum operations in a JSON patch is %d, got %zu",
                       PATCH_MAX_OPS, val_len(patch));
    }
    struct run run = { .arena = arena, .root = tree_of(arena, doc_root(live)) };
    VAL_EACH (it, patch) {
        if (!run_op(&run, it.value)) {
            return rejected(err);
        }
    }
    *ret = tree_json(arena, run.root);
    return 0;
}
