/* YAML to JSON, second half: the tree of a document is written as JSON.
 *
 * Called by doc_yaml.c only, on any thread. A merge key stands for the members it brings, in its
 * place, so that the last member of a name counts as in go-yaml; and a document may blow up by
 * aliases only so far. After a failure nothing is undone: the whole conversion is thrown away. */
#include "config.h" /* IWYU pragma: keep */

#include <math.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_priv.h"
#include "base/doc_yaml.h"
#include "base/doc_yaml_priv.h"
#include "base/map.h"
#include "base/mem.h"

enum { CONV_FREE_EXPANSION = 64 << 10 /* bytes that aliases may always make */ };

struct conv {
    struct doc_tree *tree;
    struct jw w;
    size_t decoded, aliased; /* values so far: all, and those inside aliases */
    size_t alias_depth;
    size_t expanded, expansion_max; /* bytes that aliases have made, but for the present one */
    size_t alias_start;             /* where that one began */
    struct str_builder *duplicates; /* NULL: nobody asks */
    struct str_builder late; /* what is good YAML and no JSON: said when nothing else is wrong */
};

static bool conv_value(struct conv *c, struct doc_tree_node *node, size_t depth);
static bool conv_members(struct conv *c, struct doc_tree_node *mapping, struct map *seen,
                         size_t depth);

/* How much of a document may come from aliases: go-yaml's figures. */
static double
conv_alias_ratio(size_t decoded)
{
    const double low = 400000, high = 4000000;
    double n = (double)decoded;
    return n <= low ? 0.99 : n >= high ? 0.10 : 0.99 - 0.89 * ((n - low) / (high - low));
}

/* Counts one more value; false when aliases blow up the document. */
static bool
conv_count(struct conv *c)
{
    c->decoded++;
    c->aliased += c->alias_depth > 0 ? 1 : 0;
    size_t expanded = c->expanded + (c->alias_depth > 0 ? jw_size(&c->w) - c->alias_start : 0);
    bool many = c->aliased > 100 && c->decoded > 1000 &&
                (double)c->aliased / (double)c->decoded > conv_alias_ratio(c->decoded);
    if (many || expanded > c->expansion_max) {
        (void)doc_tree_fail(c->tree, "yaml: document contains excessive aliasing");
        return false;
    }
    return true;
}

/* Steps from an alias to its target, until conv_leave; NULL when that is inside itself. */
static struct doc_tree_node *
conv_enter(struct conv *c, struct doc_tree_node *alias)
{
    if (alias->is_open) {
        return doc_tree_fail(c->tree, "yaml: anchor '" STR_FMT "' value contains itself",
                             STR_ARG(alias->text));
    }
    alias->is_open = true;
    if (c->alias_depth++ == 0) {
        c->alias_start = jw_size(&c->w);
    }
    return alias->target;
}

/* → true */
static bool
conv_leave(struct conv *c, struct doc_tree_node *alias)
{
    alias->is_open = false;
    if (--c->alias_depth == 0) {
        c->expanded += jw_size(&c->w) - c->alias_start;
    }
    return true;
}

/* A scalar with its tag. What is text has its text in *ret_text. */
static bool
conv_resolve(struct conv *c, const struct doc_tree_node *node, struct doc_scalar *ret,
             struct str *ret_text)
{
    struct str why = { 0 };
    *ret_text = node->text;
    *ret = (struct doc_scalar){ .type = DOC_SCALAR_STR };
    if (node->tag != NULL) {
        why = doc_scalar_tagged(c->tree->arena, node->tag, node->text, ret, ret_text);
    } else if (node->is_plain) {
        *ret = doc_scalar_resolve(node->text);
    }
    if (why.size > 0) {
        (void)doc_tree_fail(c->tree, "yaml: " STR_FMT, STR_ARG(why));
    }
    return why.size == 0;
}

static void
conv_late(struct conv *c, const char *what, struct str value)
{
    if (c->late.size == 0) {
        str_putf(&c->late, "%s" STR_FMT, what, STR_ARG(value));
    }
}

static bool
conv_scalar(struct conv *c, const struct doc_tree_node *node)
{
    struct doc_scalar scalar;
    struct str text;
    if (!conv_resolve(c, node, &scalar, &text)) {
        return false;
    }
    switch (scalar.type) {
    case DOC_SCALAR_NULL:
        jw_null(&c->w);
        break;
    case DOC_SCALAR_BOOL:
        jw_bool(&c->w, scalar.boolean);
        break;
    case DOC_SCALAR_INT:
        jw_int(&c->w, scalar.integer);
        break;
    case DOC_SCALAR_UINT:
        jw_uint(&c->w, scalar.natural);
        break;
    case DOC_SCALAR_FLOAT:
        if (!isfinite(scalar.number)) {
            const char *name = isnan(scalar.number) ? "NaN" : scalar.number > 0 ? "+Inf" : "-Inf";
            conv_late(c, "json: unsupported value: ", str_of(name));
            scalar.number = 0;
        }
        jw_num(&c->w, scalar.number);
        break;
    case DOC_SCALAR_STR:
    case DOC_SCALAR_TIME:
        jw_str(&c->w, text);
        break;
    }
    return true;
}

/* ---- keys ---- */

/* A value as Go's %#v prints it, for messages; the depth is that of a parsed tree. */
static void
conv_print(struct conv *c, const struct doc_tree_node *node, struct str_builder *out)
{
    struct doc_scalar scalar = { .type = DOC_SCALAR_STR };
    struct str text = node->text;
    if (node->kind == DOC_TREE_ALIAS) {
        str_putf(out, "*" STR_FMT, STR_ARG(text)); /* Go would print its value */
        return;
    }
    if (node->kind == DOC_TREE_SCALAR) {
        (void)conv_resolve(c, node, &scalar, &text);
        doc_scalar_print(out, &scalar, text);
        return;
    }
    bool mapping = node->kind == DOC_TREE_MAPPING, value = false;
    str_putz(out, mapping ? "map[interface {}]interface {}{" : "[]interface {}{");
    for (const struct doc_tree_node *child = node->first; child != NULL; child = child->next) {
        str_putz(out, child == node->first ? "" : value ? ":" : ", ");
        conv_print(c, child, out);
        value = mapping && !value;
    }
    str_putc(out, '}');
}

/* Writes a key, which must be a scalar: text, an integer, a float or a boolean. */
static bool
conv_key(struct conv *c, const struct doc_tree_node *node, struct doc_scalar *ret,
         struct str *ret_text)
{
    if (node->kind != DOC_TREE_SCALAR) {
        struct str_builder shown = { .max = 1024 };
        conv_print(c, node, &shown);
        (void)doc_tree_fail(c->tree, "yaml: invalid map key: " STR_FMT, STR_ARG(str_view(&shown)));
        str_done(&shown);
        return false;
    }
    if (!conv_resolve(c, node, ret, ret_text)) {
        return false;
    }
    char number[DOC_NUMBER_SIZE];
    struct str key = doc_scalar_key(ret, *ret_text, number);
    if (key.at == NULL) {
        const char *what = ret->type == DOC_SCALAR_NULL
                               ? "unsupported map key of type: %!s(<nil>), key: "
                               : "unsupported map key of type: uint64, key: ";
        conv_late(c, what, node->text);
    }
    jw_key(&c->w, key);
    return true;
}

/* ---- duplicates ---- */

/* Notes a key that its object already has. */
static void
conv_note(struct str_builder *duplicates, struct map *seen, const struct doc_scalar *key,
          struct str text, size_t line)
{
    struct str_builder shown = { 0 };
    doc_scalar_print(&shown, key, text);
    if (map_put(seen, str_view(&shown), duplicates) != NULL) {
        str_putf(duplicates, "%s\n  line %zu: key " STR_FMT " already set in map",
                 duplicates->size == 0 ? "yaml: unmarshal errors:" : "", line,
                 STR_ARG(str_view(&shown)));
    }
    str_done(&shown);
}

/* Of a document that is plain JSON. The depth is that of the document. */
static void
conv_note_json(struct str_builder *duplicates, struct val v)
{
    static const struct doc_scalar is_text = { .type = DOC_SCALAR_STR };
    struct map seen = { 0 };
    VAL_EACH (it, v) {
        conv_note_json(duplicates, it.value);
        if (it.key.at != NULL && !duplicates->overflow) {
            const char *start = v.doc->bytes.at, *end = val_raw(it.value).at;
            size_t line = 1;
            for (const char *p = memchr(start, '\n', (size_t)(end - start)); p != NULL;
                 p = memchr(p + 1, '\n', (size_t)(end - p - 1))) {
                line++;
            }
            conv_note(duplicates, &seen, &is_text, it.key, line);
        }
    }
    map_done(&seen, NULL);
}

void
doc_tree_json_duplicates(struct val v, struct str_builder *duplicates)
{
    if (doc_has_duplicates(v)) {
        conv_note_json(duplicates, v);
    }
}

/* ---- containers ---- */

/* <<: the members of one mapping, or of several, of which the earlier ones take precedence. */
static bool
conv_merge(struct conv *c, struct doc_tree_node *node, struct map *seen, size_t depth)
{
    bool is_alias = node->kind == DOC_TREE_ALIAS;
    if ((is_alias ? node->target : node)->kind != DOC_TREE_MAPPING) {
        (void)doc_tree_fail(c->tree,
                            "yaml: map merge requires map or sequence of maps as the value");
        return false;
    }
    if (!conv_count(c)) {
        return false;
    }
    if (!is_alias) {
        return conv_members(c, node, seen, depth);
    }
    return conv_enter(c, node) != NULL && conv_count(c) &&
           conv_members(c, node->target, seen, depth) && conv_leave(c, node);
}

static bool
conv_merge_list(struct conv *c, struct doc_tree_node *sequence, struct map *seen, size_t depth)
{
    size_t len = 0;
    for (struct doc_tree_node *node = sequence->first; node != NULL; node = node->next) {
        len++;
    }
    struct doc_tree_node **items = arena_array(c->tree->arena, len, sizeof(*items));
    size_t i = 0;
    for (struct doc_tree_node *node = sequence->first; node != NULL; node = node->next) {
        items[i++] = node;
    }
    while (i > 0) { /* the last member of a name counts */
        if (!conv_merge(c, items[--i], seen, depth)) {
            return false;
        }
    }
    return true;
}

static bool
conv_member(struct conv *c, struct doc_tree_node *key, struct map *seen, size_t depth)
{
    struct doc_scalar scalar = { .type = DOC_SCALAR_STR };
    struct str text = { 0 };
    bool is_alias = key->kind == DOC_TREE_ALIAS;
    if (is_alias && (!conv_count(c) || conv_enter(c, key) == NULL)) {
        return false;
    }
    if (!conv_count(c) || !conv_key(c, is_alias ? key->target : key, &scalar, &text) ||
        (is_alias && !conv_leave(c, key))) {
        return false;
    }
    if (!conv_value(c, key->next, depth + 1)) {
        return false;
    }
    if (c->duplicates != NULL) {
        conv_note(c->duplicates, seen, &scalar, text, key->next->line + 1);
    }
    return true;
}

/* The members of a mapping, into the object that is open. */
static bool
conv_members(struct conv *c, struct doc_tree_node *mapping, struct map *seen, size_t depth)
{
    for (struct doc_tree_node *key = mapping->first; key != NULL; key = key->next->next) {
        bool merge =
            key->kind == DOC_TREE_SCALAR && str_is(key->text, "<<") &&
            (key->is_plain || (key->tag != NULL && strcmp(key->tag, DOC_TAG_PREFIX "merge") == 0));
        bool ok = !merge ? conv_member(c, key, seen, depth)
                  : key->next->kind == DOC_TREE_SEQUENCE
                      ? conv_merge_list(c, key->next, seen, depth)
                      : conv_merge(c, key->next, seen, depth);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool
conv_container(struct conv *c, struct doc_tree_node *node, size_t depth)
{
    if (depth == DOC_MAX_DEPTH) { /* by aliases: the tree itself is not so deep */
        (void)doc_tree_fail(c->tree, "yaml: line %zu: exceeded max depth of %d", node->line + 1,
                            DOC_MAX_DEPTH);
        return false;
    }
    bool ok = true;
    if (node->kind == DOC_TREE_MAPPING) {
        struct map seen = { 0 };
        jw_obj(&c->w);
        ok = conv_members(c, node, &seen, depth);
        map_done(&seen, NULL);
    } else {
        jw_arr(&c->w);
        for (struct doc_tree_node *item = node->first; item != NULL && ok; item = item->next) {
            ok = conv_value(c, item, depth + 1);
        }
    }
    if (ok) {
        jw_end(&c->w);
    }
    return ok;
}

static bool
conv_value(struct conv *c, struct doc_tree_node *node, size_t depth)
{
    if (!conv_count(c)) {
        return false;
    }
    if (node->kind == DOC_TREE_SCALAR) {
        return conv_scalar(c, node);
    }
    if (node->kind != DOC_TREE_ALIAS) {
        return conv_container(c, node, depth);
    }
    return conv_enter(c, node) != NULL && conv_value(c, node->target, depth) && conv_leave(c, node);
}

struct str
doc_tree_json(struct doc_tree *t, struct doc_tree_node *node, struct str_builder *duplicates)
{
    struct conv c = { .tree = t,
                      .decoded = 1, /* go-yaml counts the document, too */
                      .expansion_max =
                          t->source_size * DOC_YAML_MAX_EXPANSION + CONV_FREE_EXPANSION,
                      .duplicates = duplicates };
    jw_init(&c.w, t->arena);
    bool ok = conv_value(&c, node, 0);
    if (ok && c.late.size > 0) {
        (void)doc_tree_fail(t, STR_FMT, STR_ARG(str_view(&c.late)));
    }
    str_done(&c.late);
    return t->error.size == 0 ? jw_done(&c.w) : (struct str){ 0 };
}
