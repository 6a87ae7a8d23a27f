/* Strategic merge patch, by the rows' patch strategies and merge keys.  Called by the patch step.
 *
 * Follows k8s.io/apimachinery/pkg/util/strategicpatch (release 1.35), StrategicMergeMapPatch:
 * directives $patch, $retainKeys, $setElementOrder/<list>, $deleteFromPrimitiveList/<list>. Depth is
 * bounded by the documents'. */
#include "config.h"

#include "api/patch.h"

#include "api/quote.h"
#include "api/schema.h"
#include "api/tree.h"
#include "base/arena.h"
#include "base/err.h"

#define DIRECTIVE STR("$patch")
#define RETAIN STR("$retainKeys")
#define ORDER_PREFIX STR("$setElementOrder/")
#define DELETE_PREFIX STR("$deleteFromPrimitiveList/")

struct merge {
    struct arena *arena;
    struct err **err;
};

/* What the rows say of one member; no row (unknown fields, values of maps): replace. */
struct member {
    const struct type *type;
    bool is_merged; /* lists: by merge key or as a set; maps and objects: always but for replace */
    struct str merge_key;
};

static bool merge_map(struct merge *m, const struct type *type, struct tree *live,
                      struct tree *patch);

static struct member
member_of(const struct type *type, struct str key)
{
    const struct field *field = type == NULL ? NULL : type_field(type, key);
    struct member out = { 0 };
    if (field == NULL) {
        out.is_merged = false;
        return out;
    }
    bool is_list = field->card == CARD_LIST;
    bool says_merge = field->patch == PATCH_MERGE || field->patch == PATCH_MERGE_RETAIN_KEYS;
    out.is_merged = is_list ? says_merge : field->patch != PATCH_REPLACE;
    out.merge_key = str_of(field->merge_key);
    /* The values of a map have their own names as keys: only a list's items have the type's rows. */
    out.type = field->type == FIELD_OBJECT && field->card != CARD_MAP ? field->of : NULL;
    return out;
}

/* A 400 of `before` and then what it is about. */
static bool
bad(struct merge *m, const char *before, struct str what)
{
    (void)err_set(m->err, ERR_BAD_REQUEST, "%s" STR_FMT, before, STR_ARG(what));
    return false;
}

/* A map as Go prints it; {NULL,0} only when memory of our own is broken. */
static struct str
go_map(struct merge *m, const struct tree *map)
{
    AUTO_ERR struct err *err = NULL;
    const struct doc *doc = doc_parse(m->arena, tree_json(m->arena, map), &err);
    return doc == NULL ? (struct str){ 0 } : quote_go_value(doc_root(doc), m->arena);
}

/* These two are plain errors upstream, so a 500 without a reason (mergepatch/errors.go). */
static bool
no_merge_key(struct merge *m, const struct tree *item, struct str merge_key)
{
    (void)err_set(m->err, ERR_UNKNOWN,
                  "map: " STR_FMT " does not contain declared merge key: " STR_FMT,
                  STR_ARG(go_map(m, item)), STR_ARG(merge_key));
    return false;
}

static bool
unknown_directive(struct merge *m, const struct tree *map, struct str directive)
{
    (void)err_set(m->err, ERR_UNKNOWN, "unknown patch type: " STR_FMT " in map: " STR_FMT,
                  STR_ARG(directive), STR_ARG(go_map(m, map)));
    return false;
}

static struct str
without_prefix(struct str s, struct str prefix)
{
    return str_slice(s.at + prefix.size, s.size - prefix.size);
}

static bool
is_directive(struct str key)
{
    return str_eq(key, DIRECTIVE) || str_eq(key, RETAIN) || str_has_prefix(key, ORDER_PREFIX) ||
           str_has_prefix(key, DELETE_PREFIX);
}

/* Directives and nulls of a value that is new to the live object. */
static void
clean(struct arena *arena, struct tree *t)
{
    tree_open(arena, t);
    for (struct tree *c = t->first, *next; c != NULL; c = next) {
        next = c->next;
        if (t->type == DOC_OBJECT && (c->type == DOC_NULL || is_directive(c->key))) {
            tree_cut(t, c);
            continue;
        }
        struct tree *directive = c->type == DOC_OBJECT ? tree_get(arena, c, DIRECTIVE) : NULL;
        if (t->type == DOC_ARRAY && directive != NULL && str_is(tree_text(directive), "delete")) {
            tree_cut(t, c);
            continue;
        }
        clean(arena, c);
    }
}

static void
set_clean(struct merge *m, struct tree *live, struct str key, struct tree *value)
{
    struct tree *copy = tree_copy(m->arena, value);
    clean(m->arena, copy);
    tree_set(m->arena, live, key, copy);
}

/* ---- lists ---- */

static struct tree *
key_of(struct merge *m, struct tree *item, struct str merge_key)
{
    return merge_key.size == 0 ? item : tree_get(m->arena, item, merge_key);
}

/* Place of the item with the same key (or value) in a list, -1 when there is none. */
static int64_t
place(struct merge *m, struct tree *list, struct tree *item, struct str merge_key)
{
    struct tree *key = key_of(m, item, merge_key);
    int64_t i = 0;
    tree_open(m->arena, list);
    for (struct tree *c = list->first; c != NULL && key != NULL; c = c->next, i++) {
        struct tree *other = key_of(m, c, merge_key);
        if (other != NULL && tree_eq(m->arena, other, key)) {
            return i;
        }
    }
    return -1;
}

static struct tree *
same(struct merge *m, struct tree *list, struct tree *item, struct str merge_key)
{
    int64_t i = place(m, list, item, merge_key);
    return i < 0 ? NULL : tree_item(m->arena, list, (size_t)i);
}

/* $patch items: replace empties the live list, delete takes items out. They leave the patch. */
static bool
special_items(struct merge *m, struct tree *live, struct tree *patch, struct str merge_key)
{
    bool replaces = false;
    for (struct tree *c = patch->first, *next; c != NULL; c = next) {
        next = c->next;
        struct tree *directive = tree_get(m->arena, c, DIRECTIVE);
        if (directive == NULL) {
            continue;
        }
        struct str text = tree_text(directive);
        if (str_is(text, "replace")) {
            replaces = true;
        } else if (str_is(text, "delete")) {
            if (key_of(m, c, merge_key) == NULL) {
                return no_merge_key(m, c, merge_key);
            }
            for (struct tree *old; (old = same(m, live, c, merge_key)) != NULL;) {
                tree_cut(live, old);
            }
        } else if (str_is(text, "merge")) {
            (void)err_set(m->err, ERR_UNKNOWN,
                          "merging lists cannot yet be specified in the patch");
            return false;
        } else {
            return unknown_directive(m, c, text);
        }
        tree_cut(patch, c);
    }
    while (replaces && live->first != NULL) {
        tree_cut(live, live->first);
    }
    return true;
}

static bool
merge_items(struct merge *m, const struct member *member, struct tree *live, struct tree *patch)
{
    for (struct tree *c = patch->first; c != NULL; c = c->next) {
        if (member->merge_key.size != 0 && key_of(m, c, member->merge_key) == NULL) {
            return no_merge_key(m, c, member->merge_key);
        }
        struct tree *old = same(m, live, c, member->merge_key);
        if (old == NULL) {
            struct tree *copy = tree_copy(m->arena, c);
            clean(m->arena, copy);
            tree_add(m->arena, live, copy);
        } else if (member->merge_key.size != 0 && !merge_map(m, member->type, old, c)) {
            return false;
        }
    }
    return true;
}

/* Puts a merged list in order: items named by `order` as it names them, the others where they stood
 * in the server's list relative to those (strategicpatch's normalizeElementOrder). */
static void
normalize(struct merge *m, struct tree *merged, struct tree *order, struct tree *server,
          struct str merge_key)
{
    struct tree *named = tree_new(m->arena, DOC_ARRAY), *rest = tree_new(m->arena, DOC_ARRAY);
    tree_open(m->arena, merged);
    tree_open(m->arena, order);
    for (struct tree *o = order->first; o != NULL; o = o->next) {
        struct tree *item = same(m, merged, o, merge_key);
        if (item != NULL) {
            tree_cut(merged, item);
            tree_add(m->arena, named, item);
        }
    }
    for (struct tree *c; (c = merged->first) != NULL;) {
        tree_cut(merged, c);
        tree_add(m->arena, rest, c);
    }
    while (named->first != NULL || rest->first != NULL) {
        bool takes_rest = named->first == NULL;
        if (!takes_rest && rest->first != NULL) {
            int64_t left = place(m, server, rest->first, merge_key);
            int64_t right = place(m, server, named->first, merge_key);
            takes_rest = left >= 0 && right >= 0 && left < right;
        }
        struct tree *from = takes_rest ? rest : named, *c = from->first;
        tree_cut(from, c);
        tree_add(m->arena, merged, c);
    }
}

static bool
merge_list(struct merge *m, const struct member *member, struct tree *live, struct tree *patch)
{
    tree_open(m->arena, live);
    tree_open(m->arena, patch);
    struct tree *server = tree_copy(m->arena, live);
    bool is_objects = member->type != NULL;
    if (is_objects && !special_items(m, live, patch, member->merge_key)) {
        return false;
    }
    if (!merge_items(m, member, live, patch)) {
        return false;
    }
    normalize(m, live, patch, server, member->merge_key);
    return true;
}

/* ---- maps ---- */

static bool
retain_keys(struct merge *m, struct tree *live, struct tree *patch)
{
    struct tree *keep = tree_get(m->arena, patch, RETAIN);
    if (keep == NULL) {
        return true;
    }
    tree_cut(patch, keep);
    for (struct tree *c = patch->first; c != NULL; c = c->next) {
        if (is_directive(c->key)) {
            continue;
        }
        if (place(m, keep, tree_str(m->arena, c->key), (struct str){ 0 }) < 0) {
            return bad(m, "invalid patch format of retainKeys directive, it must contain ", c->key);
        }
    }
    tree_open(m->arena, live);
    for (struct tree *c = live->first, *next; c != NULL; c = next) {
        next = c->next;
        if (place(m, keep, tree_str(m->arena, c->key), (struct str){ 0 }) < 0) {
            tree_cut(live, c);
        }
    }
    return true;
}

/* Every $setElementOrder/<list> together with its list; both leave the patch. */
static bool
ordered_lists(struct merge *m, const struct type *type, struct tree *live, struct tree *patch)
{
    for (struct tree *c = patch->first, *next; c != NULL; c = next) {
        next = c->next;
        if (!str_has_prefix(c->key, ORDER_PREFIX)) {
            continue;
        }
        struct str name = without_prefix(c->key, ORDER_PREFIX);
        struct member member = member_of(type, name);
        struct tree *old = tree_get(m->arena, live, name), *list = tree_get(m->arena, patch, name);
        tree_cut(patch, c);
        struct tree *server =
            old == NULL ? tree_new(m->arena, DOC_ARRAY) : tree_copy(m->arena, old);
        if (list != NULL) {
            next = next == list ? list->next : next;
            tree_cut(patch, list);
            if (old == NULL || old->type != list->type) {
                set_clean(m, live, name, list);
            } else if (!merge_list(m, &member, old, list)) {
                return false;
            }
        }
        struct tree *merged = tree_get(m->arena, live, name);
        if (merged != NULL && merged->type == DOC_ARRAY && c->type == DOC_ARRAY) {
            normalize(m, merged, c, server, member.merge_key);
        }
    }
    return true;
}

static void
delete_from_primitives(struct merge *m, struct tree *live, struct tree *values)
{
    tree_open(m->arena, values);
    for (struct tree *c = values->first; c != NULL; c = c->next) {
        for (struct tree *old; (old = same(m, live, c, (struct str){ 0 })) != NULL;) {
            tree_cut(live, old);
        }
    }
}

static bool
merge_member(struct merge *m, const struct type *type, struct tree *live, struct tree *c)
{
    if (str_has_prefix(c->key, DELETE_PREFIX)) {
        struct tree *old = tree_get(m->arena, live, without_prefix(c->key, DELETE_PREFIX));
        if (old != NULL && old->type == DOC_ARRAY) {
            delete_from_primitives(m, old, c);
        }
        return true;
    }
    if (c->type == DOC_NULL) {
        (void)tree_del(m->arena, live, c->key);
        return true;
    }
    struct tree *old = tree_get(m->arena, live, c->key);
    if (old == NULL || old->type != c->type || (c->type != DOC_OBJECT && c->type != DOC_ARRAY)) {
        set_clean(m, live, c->key, c);
        return true;
    }
    struct member member = member_of(type, c->key);
    bool merges = c->type == DOC_OBJECT ? member.is_merged || type == NULL : member.is_merged;
    if (!merges) {
        tree_set(m->arena, live, c->key, tree_copy(m->arena, c));
        return true;
    }
    return c->type == DOC_OBJECT ? merge_map(m, member.type, old, c)
                                 : merge_list(m, &member, old, c);
}

/* `$patch: replace` leaves the patch's members alone, `delete` leaves none. */
static bool
map_directive(struct merge *m, struct tree *live, struct tree *patch, struct tree *directive)
{
    struct str text = tree_text(directive);
    if (!str_is(text, "replace") && !str_is(text, "delete")) {
        return unknown_directive(m, patch, text);
    }
    tree_cut(patch, directive);
    while (live->first != NULL) {
        tree_cut(live, live->first);
    }
    for (struct tree *c = patch->first; c != NULL && str_is(text, "replace"); c = c->next) {
        tree_set(m->arena, live, c->key, tree_copy(m->arena, c));
    }
    return true;
}

static bool
merge_map(struct merge *m, const struct type *type, struct tree *live, struct tree *patch)
{
    tree_open(m->arena, live);
    tree_open(m->arena, patch);
    struct tree *directive = tree_get(m->arena, patch, DIRECTIVE);
    if (directive != NULL) {
        return map_directive(m, live, patch, directive);
    }
    if (!retain_keys(m, live, patch) || !ordered_lists(m, type, live, patch)) {
        return false;
    }
    for (struct tree *c = patch->first; c != NULL; c = c->next) {
        if (!merge_member(m, type, live, c)) {
            return false;
        }
    }
    return true;
}

int
patch_strategic(struct arena *arena, const struct type *type, const struct doc *live,
                struct val patch, struct str *ret, struct err **err)
{
    if (val_type(patch) != DOC_OBJECT) {
        static const char *const kinds[] = {
            [DOC_ABSENT] = "null",   [DOC_NULL] = "null",     [DOC_FALSE] = "bool",
            [DOC_TRUE] = "bool",     [DOC_NUMBER] = "number", [DOC_STRING] = "string",
            [DOC_OBJECT] = "object", [DOC_ARRAY] = "array",
        };
        return err_set(err, ERR_BAD_REQUEST,
                       "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                       kinds[val_type(patch)]);
    }
    struct merge m = { arena, err };
    struct tree *root = tree_of(arena, doc_root(live));
    if (!merge_map(&m, type, root, tree_of(arena, patch))) {
        return -1;
    }
    *ret = tree_json(arena, root);
    return 0;
}
