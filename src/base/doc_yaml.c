/* YAML to JSON, first half: libyaml's events become a tree, which doc_yaml_json.c writes as JSON.
 *
 * Called by whoever reads manifests, on any thread. The rules are those of go-yaml v2 under
 * sigs.k8s.io/yaml: a whole document is parsed before anything of it is converted, so syntax errors
 * come first. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_yaml.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_priv.h"
#include "base/doc_yaml_priv.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"

enum {
    TREE_MAX_DIRECTIVES = 64,
    TREE_MAX_WORK = 16 * DOC_YAML_MAX_NODES,
    TREE_MAX_COMPLAINTS = 16 << 10 /* bytes about duplicates */
};

/* libyaml compares each %TAG directive with all before it. */
static void
tree_check_directives(struct doc_tree *t, struct str text)
{
    static const struct str directive = { "%TAG", 4 };
    static const char breaks[] = { '\n', '\r', '\x85', '\xa8', '\xa9' }; /* last byte of each */
    const char *end = text.at + text.size;
    size_t count = 0;
    const char *p = memmem(text.at, text.size, directive.at, directive.size);
    while (p != NULL) {
        bool starts_line = p == text.at || memchr(breaks, p[-1], sizeof(breaks)) != NULL;
        count += starts_line ? 1 : 0;
        p += directive.size;
        p = memmem(p, (size_t)(end - p), directive.at, directive.size);
    }
    if (count > TREE_MAX_DIRECTIVES) {
        (void)doc_tree_fail(t, "yaml: more than %d %%TAG directives", TREE_MAX_DIRECTIVES);
    }
}

static void
tree_init(struct doc_tree *t, struct arena *arena, struct str yaml)
{
    *t = (struct doc_tree){ .arena = arena, .source_size = yaml.size };
    if (yaml_parser_initialize(&t->parser) == 0) {
        abort(); /* out of memory, like everywhere */
    }
    struct str text = yaml.size == 0 ? STR("\n") : yaml;
    yaml_parser_set_encoding(&t->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&t->parser, (const unsigned char *)text.at, text.size);
    tree_check_directives(t, text);
}

static void
tree_done(struct doc_tree *t)
{
    if (t->has_event) {
        yaml_event_delete(&t->event);
    }
    yaml_parser_delete(&t->parser);
    map_done(&t->anchors, NULL);
    str_done(&t->error);
}

struct doc_tree_node *
doc_tree_fail(struct doc_tree *t, const char *format, ...)
{
    va_list args;
    if (t->error.size == 0) { /* the first one counts */
        va_start(args, format);
        str_vputf(&t->error, format, args);
        va_end(args);
    }
    return NULL;
}

/* go-yaml's text of what libyaml (whose translation it is) has found: lines count from 0 except in
 * scanner errors, and line 0 is not mentioned. */
static void
tree_fail_parser(struct doc_tree *t)
{
    const yaml_parser_t *parser = &t->parser;
    const char *problem = parser->problem;
    size_t line = parser->problem_mark.line;
    if (line != 0) {
        line += parser->error == YAML_SCANNER_ERROR ? 1 : 0;
    } else {
        line = parser->context_mark.line;
    }
    problem = problem != NULL ? problem : "unknown problem parsing YAML content";
    if (line != 0) {
        (void)doc_tree_fail(t, "yaml: line %zu: %s", line, problem);
    } else {
        (void)doc_tree_fail(t, "yaml: %s", problem);
    }
}

/* The next event, which stays until tree_take; YAML_NO_EVENT after a failure. */
static yaml_event_type_t
tree_peek(struct doc_tree *t)
{
    if (t->error.size > 0) {
        return YAML_NO_EVENT;
    }
    if (!t->has_event) {
        if (yaml_parser_parse(&t->parser, &t->event) == 0) {
            tree_fail_parser(t);
            return YAML_NO_EVENT;
        }
        t->has_event = true;
    }
    return t->event.type;
}

static void
tree_take(struct doc_tree *t)
{
    yaml_event_delete(&t->event);
    t->has_event = false;
}

static struct doc_tree_node *
tree_new_node(struct doc_tree *t, enum doc_tree_kind kind, const yaml_char_t *tag,
              const yaml_char_t *anchor)
{
    t->work += t->depth;
    if (t->work > TREE_MAX_WORK) {
        return doc_tree_fail(t, "yaml: line %zu: too many nodes nested too deeply",
                             t->event.start_mark.line + 1);
    }
    if (t->nodes++ == DOC_YAML_MAX_NODES) {
        return doc_tree_fail(t, "yaml: line %zu: document has more than %d nodes",
                             t->event.start_mark.line + 1, DOC_YAML_MAX_NODES);
    }
    struct doc_tree_node *node = ARENA_NEW(t->arena, struct doc_tree_node);
    node->kind = kind;
    node->line = t->event.start_mark.line;
    if (tag != NULL) {
        node->tag = arena_dupz(t->arena, str_of((const char *)tag));
    }
    if (anchor != NULL) {
        (void)map_put(&t->anchors, str_of((const char *)anchor), node);
    }
    return node;
}

static struct doc_tree_node *
tree_scalar(struct doc_tree *t)
{
    struct doc_tree_node *node =
        tree_new_node(t, DOC_TREE_SCALAR, t->event.data.scalar.tag, t->event.data.scalar.anchor);
    if (node != NULL) {
        node->is_plain = t->event.data.scalar.plain_implicit != 0;
        node->text = arena_dup(t->arena, str_slice((const char *)t->event.data.scalar.value,
                                                   t->event.data.scalar.length));
    }
    tree_take(t);
    return node;
}

static struct doc_tree_node *
tree_alias(struct doc_tree *t)
{
    struct str name = str_of((const char *)t->event.data.alias.anchor);
    struct doc_tree_node *target = map_get(&t->anchors, name);
    if (target == NULL) {
        return doc_tree_fail(t, "yaml: unknown anchor '" STR_FMT "' referenced", STR_ARG(name));
    }
    struct doc_tree_node *node = tree_new_node(t, DOC_TREE_ALIAS, NULL, NULL);
    if (node != NULL) {
        node->target = target;
        node->text = arena_dup(t->arena, name);
    }
    tree_take(t);
    return node;
}

static struct doc_tree_node *tree_value(struct doc_tree *t);

static struct doc_tree_node *
tree_container(struct doc_tree *t)
{
    bool mapping = t->event.type == YAML_MAPPING_START_EVENT;
    struct doc_tree_node *node =
        mapping ? tree_new_node(t, DOC_TREE_MAPPING, NULL, t->event.data.mapping_start.anchor)
                : tree_new_node(t, DOC_TREE_SEQUENCE, NULL, t->event.data.sequence_start.anchor);
    if (node != NULL && t->depth++ == DOC_MAX_DEPTH) {
        node = doc_tree_fail(t, "yaml: line %zu: exceeded max depth of %d", node->line + 1,
                             DOC_MAX_DEPTH);
    }
    tree_take(t);
    if (node == NULL) {
        return NULL;
    }
    struct doc_tree_node **tail = &node->first;
    yaml_event_type_t end = mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (yaml_event_type_t type = tree_peek(t); type != end; type = tree_peek(t)) {
        *tail = tree_value(t);
        if (*tail == NULL) {
            return NULL;
        }
        tail = &(*tail)->next;
    }
    t->depth--;
    tree_take(t);
    return node;
}

static struct doc_tree_node *
tree_value(struct doc_tree *t)
{
    yaml_event_type_t type = tree_peek(t);
    if (type == YAML_SCALAR_EVENT) {
        return tree_scalar(t);
    }
    if (type == YAML_ALIAS_EVENT) {
        return tree_alias(t);
    }
    if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) {
        return tree_container(t);
    }
    return NULL; /* a failure: nothing else comes where a value is due */
}

/* The next document's value; NULL at the end of the stream, and after a failure. */
static struct doc_tree_node *
tree_document(struct doc_tree *t)
{
    map_done(&t->anchors, NULL);
    t->anchors = (struct map){ 0 };
    yaml_event_type_t type = tree_peek(t);
    while (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT) {
        tree_take(t);
        type = tree_peek(t);
    }
    if (type == YAML_STREAM_END_EVENT) {
        return NULL;
    }
    struct doc_tree_node *node = tree_value(t);
    if (node == NULL || tree_peek(t) != YAML_DOCUMENT_END_EVENT) {
        return NULL;
    }
    tree_take(t);
    return node;
}

/* ---- documents ---- */

static int
tree_error(struct doc_tree *t, struct err **err)
{
    return err_set(err, ERR_BAD_REQUEST, "error converting YAML to JSON: " STR_FMT,
                   STR_ARG(str_view(&t->error)));
}

/* JSON is YAML, and most of what comes as YAML is JSON (server-side apply): read as such it takes a
 * hundredth of the time. {NULL,0} when it is none. */
static struct str
tree_plain_json(struct arena *arena, struct str yaml, struct str_builder *duplicates)
{
    struct str text = str_trim(yaml); /* lines are counted in all of yaml */
    if (text.size == 0 || (text.at[0] != '{' && text.at[0] != '[')) {
        return (struct str){ 0 };
    }
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = doc_parse(arena, yaml, &err);
    if (doc == NULL) {
        return (struct str){ 0 };
    }
    if (duplicates != NULL) {
        doc_tree_json_duplicates(doc_root(doc), duplicates);
    }
    return arena_dup(arena, text);
}

static int
tree_first(struct arena *arena, struct str yaml, struct str *ret_json,
           struct str_builder *duplicates, struct err **err)
{
    struct str json = tree_plain_json(arena, yaml, duplicates);
    if (json.at != NULL) {
        *ret_json = json;
        return 0;
    }
    AUTO(tree_done) struct doc_tree t;
    tree_init(&t, arena, yaml);
    struct doc_tree_node *node = tree_document(&t);
    json = STR("null");
    if (node != NULL) {
        json = doc_tree_json(&t, node, duplicates);
    }
    if (t.error.size > 0) {
        return tree_error(&t, err);
    }
    *ret_json = json;
    return 0;
}

int
doc_yaml_to_json(struct arena *arena, struct str yaml, struct str *ret_json, struct err **err)
{
    return tree_first(arena, yaml, ret_json, NULL, err);
}

int
doc_yaml_to_json_strict(struct arena *arena, struct str yaml, struct str *ret_json,
                        struct str *ret_duplicates, struct err **err)
{
    AUTO_STR struct str_builder duplicates = { .max = TREE_MAX_COMPLAINTS };
    if (tree_first(arena, yaml, ret_json, &duplicates, err) < 0) {
        return -1;
    }
    *ret_duplicates =
        duplicates.size == 0 ? (struct str){ 0 } : arena_dup(arena, str_view(&duplicates));
    return 0;
}

int
doc_yaml_each(struct arena *arena, struct str yaml,
              int (*each)(void *ctx, struct str json, struct err **err), void *ctx,
              struct err **err)
{
    struct str json = tree_plain_json(arena, yaml, NULL);
    if (json.at != NULL) {
        return each(ctx, json, err);
    }
    AUTO(tree_done) struct doc_tree t;
    tree_init(&t, arena, yaml);
    struct doc_tree_node *node = tree_document(&t);
    while (node != NULL) {
        json = doc_tree_json(&t, node, NULL);
        if (t.error.size > 0) {
            break;
        }
        if (!str_is(json, "null") && each(ctx, json, err) < 0) {
            return -1;
        }
        node = tree_document(&t);
    }
    return t.error.size > 0 ? tree_error(&t, err) : 0;
}
