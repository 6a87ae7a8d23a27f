/* Defaults: a walk that writes a document again with what is missing filled in.
 *
 * Called after decoding and after every mutation; pure, any thread. Subtrees whose types have no
 * default anywhere are copied as bytes. */
#include "config.h"

#include "api/validate.h"

#include <assert.h>
#include <string.h>

#include "api/schema.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

struct default_walk {
    struct arena *arena;
    struct val root;
    struct jw out;
    bool is_changed;
    struct val *slots; /* operands, as in decode_walk.c */
    size_t slot_len, slot_capacity;
};

static void default_struct(struct default_walk *walk, const struct type *type, struct val v,
                           const struct fill *up);
static void default_member(struct default_walk *walk, const struct field *field, struct val v,
                           const struct fill *up);
static struct val default_parse(struct arena *arena, struct str json);
static bool default_is_zero(struct val v);

int
validate_default(struct arena *arena, const struct type *type, const struct doc *doc,
                 const struct doc **ret, struct err **err)
{
    (void)err; /* nothing that a canonical document can do wrong */
    struct default_walk walk = { .arena = arena, .root = doc_root(doc) };
    if (!type_index(type)->is_defaulted) {
        *ret = doc;
        return 0;
    }
    jw_init(&walk.out, arena);
    default_struct(&walk, type, walk.root, NULL);
    *ret = walk.is_changed ? doc_trust(arena, jw_done(&walk.out)) : doc;
    return 0;
}

/* ---- what fill functions call ---- */

static size_t
fill_slot(const struct fill *fill, const char *json)
{
    const struct type_index *index = type_index(fill->type);
    const struct type_slot *slot = type_slot(index, str_of(json), SIZE_MAX);
    assert(slot != NULL); /* a name that the rows do not have */
    return (size_t)(slot - index->slots);
}

struct val
fill_get(const struct fill *fill, const char *json)
{
    return fill->slots[fill_slot(fill, json)];
}

bool
fill_has(const struct fill *fill, const char *json)
{
    const struct type_index *index = type_index(fill->type);
    size_t i = fill_slot(fill, json);
    enum doc_type is = val_type(fill->slots[i]);
    if (index->slots[i].field->card == CARD_VAL) {
        return !default_is_zero(fill->slots[i]);
    }
    return is != DOC_ABSENT && is != DOC_NULL;
}

void
fill_set(struct fill *fill, const char *json, struct str value)
{
    fill->slots[fill_slot(fill, json)] = default_parse(fill->arena, arena_dup(fill->arena, value));
    fill->is_changed = true;
}

void
fill_setz(struct fill *fill, const char *json, const char *value)
{
    fill->slots[fill_slot(fill, json)] = default_parse(fill->arena, str_of(value));
    fill->is_changed = true;
}

void
fill_drop(struct fill *fill, const char *json)
{
    fill->slots[fill_slot(fill, json)] = (struct val){ 0 };
    fill->is_changed = true;
}

/* ---- the walk ---- */

static struct val
default_parse(struct arena *arena, struct str json)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, json, &err);
    assert(doc != NULL); /* our own rows and fill functions wrote it */
    return doc_root(doc);
}

/* Go's zero value of a plain field: where a default applies. */
static bool
default_is_zero(struct val v)
{
    switch (val_type(v)) {
    case DOC_ABSENT:
    case DOC_NULL:
    case DOC_FALSE:
        return true;
    case DOC_NUMBER:
        return val_num(v, 1) == 0;
    case DOC_STRING:
        return val_str(v).size == 0;
    case DOC_TRUE:
    case DOC_OBJECT:
    case DOC_ARRAY:
        break;
    }
    return false;
}

static size_t
default_push(struct default_walk *walk, size_t len)
{
    size_t base = walk->slot_len;
    if (walk->slot_capacity - base < len) {
        size_t capacity = (base + len) * 2 + 256;
        /* Fill functions further up hold pointers into the old array, which stays as it was. */
        struct val *slots = arena_array(walk->arena, capacity, sizeof(*slots));
        if (base > 0) {
            memcpy(slots, walk->slots, base * sizeof(*slots));
        }
        walk->slots = slots;
        walk->slot_capacity = capacity;
    }
    memset(walk->slots + base, 0, len * sizeof(*walk->slots));
    walk->slot_len = base + len;
    return base;
}

static void
default_struct(struct default_walk *walk, const struct type *type, struct val v,
               const struct fill *up)
{
    const struct type_index *index = type_index(type);
    if (!index->is_defaulted) {
        jw_val(&walk->out, v);
        return;
    }
    size_t base = default_push(walk, index->len);
    struct val *slots = walk->slots + base;
    size_t hint = 0;
    VAL_EACH (it, v) {
        const struct type_slot *slot = type_slot(index, it.key, hint);
        if (slot != NULL) {
            hint = (size_t)(slot - index->slots);
            slots[hint++] = it.value;
        }
    }
    for (size_t i = 0; i < index->len; i++) {
        const struct field *field = index->slots[i].field;
        if (field->def == NULL && (field->flags & FIELD_OFF) == 0) {
            continue;
        }
        enum doc_type is = val_type(slots[i]);
        bool is_missing = field->card == CARD_VAL ? default_is_zero(slots[i])
                                                  : is == DOC_ABSENT || is == DOC_NULL;
        if (field->def != NULL && is_missing) {
            slots[i] = default_parse(walk->arena, str_of(field->def));
            walk->is_changed = true;
        } else if ((field->flags & FIELD_OFF) != 0 && is != DOC_ABSENT) {
            slots[i] = (struct val){ 0 };
            walk->is_changed = true;
        }
    }
    struct fill fill = {
        .arena = walk->arena,
        .type = type,
        .up = up,
        .root = walk->root,
        .slots = slots,
    };
    if (type->fill != NULL) {
        type->fill(&fill);
        walk->is_changed |= fill.is_changed;
    }
    jw_obj(&walk->out);
    for (size_t i = 0; i < index->len; i++) {
        if (val_is(slots[i])) {
            jw_key_plain(&walk->out, index->slots[i].name);
            default_member(walk, index->slots[i].field, slots[i], &fill);
        }
    }
    jw_end(&walk->out);
    walk->slot_len = base;
}

static void
default_member(struct default_walk *walk, const struct field *field, struct val v,
               const struct fill *up)
{
    enum doc_type is = val_type(v);
    bool is_list = field->card == CARD_LIST, is_map = field->card == CARD_MAP;
    bool is_container = is == DOC_OBJECT || (is == DOC_ARRAY && is_list);
    if (field->type != FIELD_OBJECT || !is_container || !type_index(field->of)->is_defaulted) {
        jw_val(&walk->out, v);
        return;
    }
    if (!is_list && !is_map) {
        default_struct(walk, field->of, v, up);
        return;
    }
    if (is_list) {
        jw_arr(&walk->out);
    } else {
        jw_obj(&walk->out);
    }
    VAL_EACH (it, v) {
        if (is_map) {
            jw_key(&walk->out, it.key);
        }
        default_struct(walk, field->of, it.value, up);
    }
    jw_end(&walk->out);
}
