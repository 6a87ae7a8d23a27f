/* Edits: changes by JSON pointer, made in one pass over an immutable document.
 *
 * Called on any thread, each edit by one. Only the containers on the way of a pointer are opened
 * into lists of their members; everything else stays a value of its document and is copied as it
 * stands, neighbours in one piece. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_priv.h"

#include "base/arena.h"
#include "base/err.h"

enum edit_kind { EDIT_SET, EDIT_INSERT, EDIT_DEL };

struct edit_op {
    enum edit_kind kind;
    const char *pointer;
    struct str json;
};

/* A value of the result: as it stands in a document, or opened. */
struct edit_node {
    struct val val; /* unopened, or what was opened */
    bool is_open, is_array;
    struct edit_item *items;
};

/* A member or an item of an opened container. */
struct edit_item {
    struct edit_item *next;
    struct str key;    /* decoded; {NULL,0} in an array */
    struct str source; /* untouched: where key and value stand in the document */
    uint32_t order;    /* and in which place; neighbours can be copied together */
    struct edit_node node;
};

/* ---- collecting ---- */

void
edit_init(struct edit *e, struct arena *arena)
{
    *e = (struct edit){ .arena = arena };
}

static void
edit_add(struct edit *e, enum edit_kind kind, const char *pointer, struct str json)
{
    if (e->len == e->capacity) {
        size_t capacity = e->capacity == 0 ? 8 : e->capacity * 2;
        e->ops =
            arena_grow(e->arena, e->ops, e->capacity * sizeof(*e->ops), capacity * sizeof(*e->ops));
        e->capacity = capacity;
    }
    e->ops[e->len++] = (struct edit_op){ .kind = kind,
                                         .pointer = arena_dupz(e->arena, str_of(pointer)),
                                         .json = json };
}

void
edit_set(struct edit *e, const char *pointer, struct str json)
{
    edit_add(e, EDIT_SET, pointer, json);
}

void
edit_insert(struct edit *e, const char *pointer, struct str json)
{
    edit_add(e, EDIT_INSERT, pointer, json);
}

void
edit_set_str(struct edit *e, const char *pointer, struct str text)
{
    struct jw w;
    jw_init(&w, e->arena);
    jw_str(&w, text);
    edit_set(e, pointer, jw_done(&w));
}

void
edit_set_int(struct edit *e, const char *pointer, int64_t i)
{
    struct jw w;
    jw_init(&w, e->arena);
    jw_int(&w, i);
    edit_set(e, pointer, jw_done(&w));
}

void
edit_del(struct edit *e, const char *pointer)
{
    edit_add(e, EDIT_DEL, pointer, (struct str){ 0 });
}

/* ---- opening ---- */

static struct str
edit_source(const struct doc *doc, const struct doc_tape *tape, uint32_t first, uint32_t value)
{
    const struct doc_node *from = &tape->nodes[first], *to = &tape->nodes[value];
    const char *at = doc->bytes.at + from->off - (doc_node_type(from) == DOC_STRING ? 1 : 0);
    const char *end = doc->bytes.at + to->off + to->len + (doc_node_type(to) == DOC_STRING ? 1 : 0);
    return str_slice(at, (size_t)(end - at));
}

/* Makes the list of a container's members. Null and absent become an empty object. False for
 * another scalar. */
static bool
edit_open(struct arena *arena, struct edit_node *node)
{
    enum doc_type type = val_type(node->val);
    if (node->is_open) {
        return true;
    }
    if (type != DOC_OBJECT && type != DOC_ARRAY && type != DOC_NULL && type != DOC_ABSENT) {
        return false;
    }
    node->is_open = true;
    node->is_array = type == DOC_ARRAY;
    struct edit_item **tail = &node->items;
    uint32_t order = 0;
    struct val_iter it = val_iter(node->val);
    for (uint32_t first = it.next; val_step(&it); first = it.next) {
        struct edit_item *item = ARENA_NEW(arena, struct edit_item);
        item->key = it.key;
        item->source = edit_source(it.value.doc, doc_tape_of(it.value), first, it.value.at);
        item->order = order++;
        item->node.val = it.value;
        *tail = item;
        tail = &item->next;
    }
    return true;
}

/* ---- one step of a pointer ---- */

/* Cuts the next token off *pointer (which is at its slash) and undoes ~0 and ~1. */
static struct str
edit_token(struct arena *arena, const char **pointer)
{
    const char *start = *pointer + 1;
    size_t size = strcspn(start, "/");
    *pointer = start + size;
    if (memchr(start, '~', size) == NULL) {
        return str_slice(start, size);
    }
    char *text = arena_dupz(arena, str_slice(start, size)), *to = text;
    for (const char *p = text; *p != '\0'; p++) {
        bool escape = p[0] == '~' && (p[1] == '0' || p[1] == '1');
        *to++ = !escape ? *p : p[1] == '0' ? '~' : '/';
        p += escape ? 1 : 0;
    }
    return str_slice(text, (size_t)(to - text));
}

/* Where a token's item hangs: the link that points to it. In an object the last member of that
 * name, or the end; in an array the item, or the end for "-" and the length; NULL for no index or
 * one behind the end. */
static struct edit_item **
edit_find(struct edit_node *node, struct str token)
{
    struct edit_item **link = &node->items;
    if (!node->is_array) {
        struct edit_item **found = NULL;
        for (; *link != NULL; link = &(*link)->next) {
            found = str_eq((*link)->key, token) ? link : found;
        }
        return found != NULL ? found : link;
    }
    uint64_t index = UINT64_MAX;
    bool end = str_is(token, "-");
    bool padded = token.size > 1 && token.at[0] == '0';
    if (!end && (padded || !str_to_uint(token, &index))) {
        return NULL;
    }
    for (; *link != NULL && index > 0; link = &(*link)->next) {
        index--;
    }
    return end || index == 0 ? link : NULL;
}

static struct edit_item *
edit_new_item(struct arena *arena, struct edit_item **link, struct str key)
{
    struct edit_item *item = ARENA_NEW(arena, struct edit_item);
    item->key = key;
    item->next = *link;
    *link = item;
    return item;
}

/* ---- applying ---- */

static int
edit_refuse(const struct edit_op *op, const char *why, struct err **err)
{
    return err_set(err, ERR_INVALID, "edit at '%s': %s", op->pointer, why);
}

static void
edit_delete(struct edit_node *node, struct str token)
{
    struct edit_item **link = edit_find(node, token);
    while (link != NULL && *link != NULL) {
        *link = (*link)->next;
        link = node->is_array ? NULL : edit_find(node, token); /* duplicates go too */
    }
}

/* The last step: node is open, and token names what the edit is about. */
static int
edit_leaf(struct arena *arena, const struct edit_op *op, struct edit_node *node, struct str token,
          struct val value, struct err **err)
{
    if (op->kind == EDIT_DEL) {
        edit_delete(node, token);
        return 0;
    }
    struct edit_item **link = edit_find(node, token);
    if (link == NULL) {
        return edit_refuse(op, "no such item", err);
    }
    bool insert = op->kind == EDIT_INSERT && node->is_array;
    struct edit_item *item = *link;
    if (item == NULL || insert) {
        item = edit_new_item(arena, link, token);
    }
    item->source = (struct str){ 0 };
    item->node = (struct edit_node){ .val = value };
    return 0;
}

static int
edit_one(struct arena *arena, const struct edit_op *op, struct edit_node *root, struct val value,
         struct err **err)
{
    struct edit_node *node = root;
    const char *rest = op->pointer;
    if (*rest == '\0' && op->kind == EDIT_SET) {
        *root = (struct edit_node){ .val = value };
        return 0;
    }
    if (*rest != '/') {
        return edit_refuse(op, "no pointer to a member or item", err);
    }
    for (;;) {
        struct str token = edit_token(arena, &rest);
        if (!edit_open(arena, node)) {
            return op->kind == EDIT_DEL ? 0 : edit_refuse(op, "leads through a scalar", err);
        }
        if (*rest == '\0') {
            return edit_leaf(arena, op, node, token, value, err);
        }
        struct edit_item **link = edit_find(node, token);
        if (link == NULL || *link == NULL) {
            if (op->kind == EDIT_DEL) {
                return 0;
            }
            if (node->is_array) {
                return edit_refuse(op, "no such item", err);
            }
            (void)edit_new_item(arena, link, token);
        }
        (*link)->source = (struct str){ 0 };
        node = &(*link)->node;
    }
}

/* Checks what an edit brings along. */
static int
edit_value(struct arena *arena, const struct edit_op *op, struct val *ret_value, struct err **err)
{
    size_t depth = 0;
    for (const char *p = op->pointer; *p != '\0'; p++) {
        depth += *p == '/' ? 1 : 0;
    }
    if (op->kind != EDIT_DEL) {
        AUTO_ERR struct err *why = NULL;
        struct doc *doc = doc_parse(arena, op->json, &why);
        if (doc == NULL) {
            return edit_refuse(op, why->message, err);
        }
        *ret_value = doc_root(doc);
        depth += doc_tape_of(*ret_value)->depth;
    }
    return depth <= DOC_MAX_DEPTH ? 0 : edit_refuse(op, "exceeded max depth", err);
}

/* ---- writing ---- */

/* Recursion ends at DOC_MAX_DEPTH: nothing deeper is opened (edit_value). */
static void
edit_write(struct jw *w, const struct edit_node *node)
{
    if (!node->is_open) {
        struct str raw = val_raw(node->val);
        doc_write_bytes(w, raw.at, raw.size);
        return;
    }
    doc_write_bytes(w, node->is_array ? "[" : "{", 1);
    for (const struct edit_item *item = node->items; item != NULL; item = item->next) {
        if (item != node->items) {
            doc_write_bytes(w, ",", 1);
        }
        if (item->source.at != NULL) {
            const char *start = item->source.at;
            while (item->next != NULL && item->next->source.at != NULL &&
                   item->next->order == item->order + 1) {
                item = item->next;
            }
            doc_write_bytes(w, start, (size_t)(item->source.at + item->source.size - start));
            continue;
        }
        if (!node->is_array) {
            doc_write_text(w, item->key);
            doc_write_bytes(w, ":", 1);
        }
        edit_write(w, &item->node);
    }
    doc_write_bytes(w, node->is_array ? "]" : "}", 1);
}

int
edit_apply(const struct doc *doc, struct edit *e, struct doc **ret, struct err **err)
{
    struct edit_node root = { .val = doc_root(doc) };
    size_t size = doc_bytes(doc).size;
    for (size_t i = 0; i < e->len; i++) {
        struct val value = { 0 };
        size += e->ops[i].json.size + strlen(e->ops[i].pointer) + 8;
        if (edit_value(e->arena, &e->ops[i], &value, err) < 0 ||
            edit_one(e->arena, &e->ops[i], &root, value, err) < 0) {
            return -1;
        }
    }
    if (!root.is_open && !val_is(root.val)) {
        return err_set(err, ERR_INTERNAL, "edit of a document that is no JSON");
    }
    struct jw w;
    jw_init(&w, e->arena);
    doc_write_reserve(&w, size);
    edit_write(&w, &root);
    *ret = doc_trust(e->arena, str_slice(w.at, w.size));
    return 0;
}
