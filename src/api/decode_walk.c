/* The decoding walk: one pass over a value's tape that writes it as Go would have.
 *
 * Called by decode.c and by itself; pure, any thread. Members are gathered into the slots of their
 * struct and written in row order; what is wrong is noted and the walk goes on, because the error
 * that Go reports may come later in the document. */
#include "config.h"

#include "api/decode_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct decode_pair {
    struct str key;
    struct val value;
};

static void decode_gather(struct decode_walk *walk, const struct type_index *index,
                          const struct type *type, struct val v, size_t base,
                          const struct decode_at *up);
static void decode_field(struct decode_walk *walk, const struct field *field, struct val v,
                         const struct decode_at *at);
static void decode_item(struct decode_walk *walk, const struct field *field, struct val v,
                        const struct decode_at *at);
static bool decode_is_zero(const struct field *field, struct val v);
static void decode_absent(struct decode_walk *walk, const struct field *field,
                          const struct decode_at *at);
static void decode_list(struct decode_walk *walk, const struct field *field, struct val v,
                        const struct decode_at *at);
static void decode_map(struct decode_walk *walk, const struct field *field, struct val v,
                       const struct decode_at *at);
static struct decode_pair *decode_sorted(struct decode_walk *walk, struct val v,
                                         const struct decode_at *at, size_t *ret_len);
static void decode_union(struct decode_walk *walk, const struct field *field, struct val v,
                         const struct decode_at *at);

static size_t
decode_push(struct decode_walk *walk, size_t len)
{
    size_t base = walk->node_len;
    if (walk->node_capacity - base < len) {
        size_t capacity = (base + len) * 2 + 256;
        walk->nodes =
            arena_grow(walk->arena, walk->nodes, walk->node_capacity * sizeof(*walk->nodes),
                       capacity * sizeof(*walk->nodes));
        walk->node_capacity = capacity;
    }
    memset(walk->nodes + base, 0, len * sizeof(*walk->nodes));
    walk->node_len = base + len;
    return base;
}

void
decode_walk_struct(struct decode_walk *walk, const struct type *type, struct val v,
                   const struct decode_at *up)
{
    const struct type_index *index = type_index(type);
    size_t base = decode_push(walk, index->len);
    enum doc_type is = val_type(v);
    if (is == DOC_OBJECT) {
        decode_gather(walk, index, type, v, base, up);
    } else if (is != DOC_NULL && is != DOC_ABSENT) {
        const char *go = strchr(type->name, '/');
        decode_mismatch(walk, v, up, go == NULL ? type->name : go + 1, false);
    }
    jw_obj(walk->out);
    bool is_root = up == NULL && walk->kind != NULL;
    if (is_root) {
        jw_kvz(walk->out, "kind", walk->kind);
        jw_kvz(walk->out, "apiVersion", walk->api_version);
    }
    for (size_t i = 0; i < index->len; i++) {
        const struct type_slot *slot = &index->slots[i];
        uint32_t node = walk->nodes[base + i];
        if (node == 0 && (slot->field->flags & FIELD_OMITEMPTY) != 0 &&
            (slot->field->card != CARD_VAL || slot->field->type < FIELD_QUANTITY)) {
            continue;
        }
        if (is_root && index->has_type_meta && slot->owner != type &&
            (strcmp(slot->field->json, "kind") == 0 ||
             strcmp(slot->field->json, "apiVersion") == 0)) {
            continue;
        }
        struct decode_at at = { .up = up, .type = type, .slot = slot, .index = -1 };
        struct val member = node == 0 ? (struct val){ 0 } : (struct val){ v.doc, node };
        decode_field(walk, slot->field, member, &at);
    }
    jw_end(walk->out);
    walk->node_len = base;
}

/* The last member of each name wins, as in Go; the others are findings. */
static void
decode_gather(struct decode_walk *walk, const struct type_index *index, const struct type *type,
              struct val v, size_t base, const struct decode_at *up)
{
    size_t hint = 0;
    VAL_EACH (it, v) {
        const struct type_slot *slot = type_slot(index, it.key, hint);
        if (slot == NULL) {
            if (walk->is_strict && !type->preserve) {
                decode_find(walk, it.value, up, "unknown", it.key);
            }
            continue;
        }
        hint = (size_t)(slot - index->slots);
        if (walk->is_strict && !walk->is_yaml && walk->nodes[base + hint] != 0) {
            decode_find(walk, it.value, up, "duplicate", it.key);
        }
        walk->nodes[base + hint] = it.value.at;
        hint++;
    }
}

static void
decode_field(struct decode_walk *walk, const struct field *field, struct val v,
             const struct decode_at *at)
{
    enum doc_type is = val_type(v);
    if (is == DOC_ABSENT || is == DOC_NULL) {
        decode_absent(walk, field, at);
        return;
    }
    if (field->card == CARD_LIST || field->card == CARD_MAP) {
        bool is_list = field->card == CARD_LIST;
        if (is != (is_list ? DOC_ARRAY : DOC_OBJECT)) {
            AUTO_FREE char *go = str_dup(decode_go_type(walk, field));
            decode_mismatch(walk, v, at, go, false);
            decode_absent(walk, field, at);
        } else if (val_len(v) == 0 && walk->keeps_empty && (field->flags & FIELD_OMITEMPTY) == 0) {
            jw_keyz(walk->out, field->json);
            jw_raw(walk->out, is_list ? STR("[]") : STR("{}"));
        } else if (val_len(v) == 0) {
            decode_absent(walk, field, at); /* storage does not know empty from absent */
        } else {
            jw_key_plain(walk->out, str_of(field->json));
            (is_list ? decode_list : decode_map)(walk, field, v, at);
        }
        return;
    }
    if (field->card == CARD_VAL && (field->flags & FIELD_OMITEMPTY) != 0 &&
        decode_is_zero(field, v)) {
        return;
    }
    jw_key_plain(walk->out, str_of(field->json));
    decode_item(walk, field, v, at);
}

/* A member that is not there: left out, null, or the zero value. */
static void
decode_absent(struct decode_walk *walk, const struct field *field, const struct decode_at *at)
{
    bool omits = (field->flags & FIELD_OMITEMPTY) != 0;
    if (field->card != CARD_VAL) {
        if (!omits) {
            jw_key_plain(walk->out, str_of(field->json));
            jw_null(walk->out);
        }
        return;
    }
    bool has_empty = field->type < FIELD_QUANTITY || field->type == FIELD_ANY ||
                     field->type == FIELD_STRINGS; /* structs are never empty for omitempty */
    if ((omits && has_empty) || (field->flags & FIELD_OMITZERO) != 0) {
        return;
    }
    jw_key_plain(walk->out, str_of(field->json));
    if (field->type == FIELD_OBJECT) {
        decode_walk_struct(walk, field->of, (struct val){ 0 }, at);
    } else {
        decode_scalar_zero(walk, field);
    }
}

/* One value: of a plain field, a list or a map. */
static void
decode_item(struct decode_walk *walk, const struct field *field, struct val v,
            const struct decode_at *at)
{
    switch (field->type) {
    case FIELD_OBJECT:
        decode_walk_struct(walk, field->of, v, at);
        break;
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
        decode_union(walk, field, v, at);
        break;
    default:
        if (val_type(v) == DOC_NULL) {
            decode_scalar_zero(walk, field);
        } else {
            decode_scalar(walk, field, v, at);
        }
    }
}

/* Does Go's omitempty drop this value? Only for plain fields, which are never structs here. */
static bool
decode_is_zero(const struct field *field, struct val v)
{
    switch (val_type(v)) {
    case DOC_STRING:
        return (field->type == FIELD_STRING || field->type == FIELD_BYTES) && val_str(v).size == 0;
    case DOC_FALSE:
        return field->type == FIELD_BOOL;
    case DOC_NUMBER:
        return (field->type == FIELD_INT32 || field->type == FIELD_INT64 ||
                field->type == FIELD_DOUBLE) &&
               val_num(v, 1) == 0;
    case DOC_ABSENT:
    case DOC_NULL:
    case DOC_TRUE:
    case DOC_OBJECT:
    case DOC_ARRAY:
        break;
    }
    return false;
}

static void
decode_list(struct decode_walk *walk, const struct field *field, struct val v,
            const struct decode_at *at)
{
    struct decode_at item = { .up = at, .index = 0 };
    jw_arr(walk->out);
    VAL_EACH (it, v) {
        decode_item(walk, field, it.value, &item);
        item.index++;
    }
    jw_end(walk->out);
}

/* Maps are written in byte order of their keys. */
static void
decode_map(struct decode_walk *walk, const struct field *field, struct val v,
           const struct decode_at *at)
{
    struct decode_at item = { .up = at, .index = -1 };
    bool is_sorted = true;
    struct str previous = { 0 };
    VAL_EACH (it, v) {
        is_sorted = is_sorted && (previous.at == NULL || str_cmp(previous, it.key) < 0);
        previous = it.key;
    }
    jw_obj(walk->out);
    if (is_sorted) {
        VAL_EACH (it, v) {
            item.key = it.key;
            jw_key(walk->out, it.key);
            decode_item(walk, field, it.value, &item);
        }
    } else {
        size_t len = 0;
        struct decode_pair *pairs = decode_sorted(walk, v, at, &len);
        for (size_t i = 0; i < len; i++) {
            item.key = pairs[i].key;
            jw_key(walk->out, pairs[i].key);
            decode_item(walk, field, pairs[i].value, &item);
        }
    }
    jw_end(walk->out);
}

static int
decode_pair_cmp(const void *a, const void *b)
{
    const struct decode_pair *left = a, *right = b;
    int order = str_cmp(left->key, right->key);
    return order != 0 ? order : left->value.at < right->value.at ? -1 : 1;
}

static struct decode_pair *
decode_sorted(struct decode_walk *walk, struct val v, const struct decode_at *at, size_t *ret_len)
{
    struct decode_pair *pairs = arena_array(walk->arena, val_len(v), sizeof(*pairs));
    size_t len = 0, kept = 0;
    VAL_EACH (it, v) {
        pairs[len++] = (struct decode_pair){ it.key, it.value };
    }
    qsort(pairs, len, sizeof(*pairs), decode_pair_cmp);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && str_eq(pairs[i].key, pairs[i - 1].key)) {
            kept--; /* the later one in the document wins */
            if (walk->is_strict && !walk->is_yaml) {
                decode_find(walk, pairs[i].value, at, "duplicate", pairs[i].key);
            }
        }
        pairs[kept++] = pairs[i];
    }
    *ret_len = kept;
    return pairs;
}

/* JSONSchemaPropsOrBool, OrArray and OrStringArray: a schema or something simpler. */
static void
decode_union(struct decode_walk *walk, const struct field *field, struct val v,
             const struct decode_at *at)
{
    struct decode_at item = { .up = at, .index = 0 };
    enum doc_type is = val_type(v);
    if (is == DOC_OBJECT) {
        decode_walk_struct(walk, field->of, v, at);
    } else if (is == DOC_ARRAY && field->type != FIELD_SCHEMA_OR_BOOL) {
        static const struct field text = { .json = "", .type = FIELD_STRING };
        jw_arr(walk->out);
        VAL_EACH (it, v) {
            if (field->type == FIELD_SCHEMA_OR_LIST) {
                decode_walk_struct(walk, field->of, it.value, &item);
            } else {
                decode_item(walk, &text, it.value, &item);
            }
            item.index++;
        }
        jw_end(walk->out);
    } else if (field->type == FIELD_SCHEMA_OR_BOOL && (is == DOC_TRUE || is == DOC_FALSE)) {
        jw_bool(walk->out, is == DOC_TRUE);
    } else {
        bool is_bool = field->type == FIELD_SCHEMA_OR_BOOL;
        decode_fault(walk, v, true, "%s",
                     is_bool ? "boolean or JSON schema expected" : "array or JSON schema expected");
        jw_null(walk->out);
    }
}
