/* Finding rows: the lookup form of each type, made from its rows on first use.
 *
 * Called by every walker over rows, on any thread: an index is published by compare-exchange and
 * constant from then on. */
#include "config.h"

#include "api/schema.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

enum { SCHEMA_MAX_REACH = 4096 }; /* types below one type */

struct schema_reach {
    const struct type *seen[SCHEMA_MAX_REACH];
    size_t len;
};

static size_t schema_count(const struct type *type);
static void schema_flatten(const struct type *type, const struct type *top, const char *via,
                           struct type_slot *slots, uint16_t *len);
static void schema_fill_buckets(struct type_index *index);
static bool schema_reaches(const struct type *type, bool (*wanted)(const struct type *type));
static bool schema_has_default(const struct type *type);
static bool schema_has_check(const struct type *type);

/* Names are short: their length and both ends tell them apart. */
static inline uint32_t
schema_hash(struct str name)
{
    uint64_t head = 0, tail = 0;
    size_t size = name.size < sizeof(head) ? name.size : sizeof(head);
    memcpy(&head, name.at, size);
    memcpy(&tail, name.at + name.size - size, size);
    uint64_t mixed = (head * 0x9e3779b97f4a7c15) ^ (tail * 0xc2b2ae3d27d4eb4f) ^ name.size;
    mixed ^= mixed >> 29;
    return (uint32_t)((mixed * 0xbf58476d1ce4e5b9) >> 32);
}

static struct type_index *
schema_make_index(const struct type *type)
{
    struct type_index *index = MEM_NEW(struct type_index);
    size_t len = schema_count(type);
    struct type_slot *slots = mem_new_array(len, sizeof(*slots));
    schema_flatten(type, type, "", slots, &index->len);
    index->slots = slots;
    schema_fill_buckets(index);
    index->is_defaulted = schema_reaches(type, schema_has_default);
    index->is_checked = schema_reaches(type, schema_has_check);
    for (size_t i = 0; i < index->len; i++) {
        index->has_type_meta |= strcmp(slots[i].owner->name, "meta/v1.TypeMeta") == 0;
    }
    return index;
}

static void
schema_free_index(struct type_index *index)
{
    for (size_t i = 0; i < index->len; i++) {
        if (index->slots[i].via[0] != '\0') {
            mem_free((char *)(uintptr_t)index->slots[i].via);
        }
    }
    mem_free((struct type_slot *)(uintptr_t)index->slots);
    mem_free((uint16_t *)(uintptr_t)index->buckets);
    mem_free(index);
}

const struct type_index *
type_index(const struct type *type)
{
    struct type_index *index = atomic_load_explicit(&type->cell->index, memory_order_acquire);
    if (index != NULL) {
        return index;
    }
    struct type_index *made = schema_make_index(type);
    if (!atomic_compare_exchange_strong(&type->cell->index, &index, made)) {
        schema_free_index(made);
        return index;
    }
    return made;
}

void
type_forget(const struct type *type)
{
    struct type_index *index = atomic_exchange(&type->cell->index, NULL);
    if (index != NULL) {
        schema_free_index(index);
    }
}

const struct type_slot *
type_slot(const struct type_index *index, struct str json, size_t hint)
{
    if (hint < index->len && str_eq(index->slots[hint].name, json)) {
        return &index->slots[hint];
    }
    if (json.size == 0) {
        return NULL;
    }
    uint32_t at = schema_hash(json);
    for (uint32_t i = 0; i <= index->probe; i++) {
        uint16_t slot = index->buckets[(at + i) & index->mask];
        if (slot == 0) {
            return NULL;
        }
        if (str_eq(index->slots[slot - 1].name, json)) {
            return &index->slots[slot - 1];
        }
    }
    return NULL;
}

const struct field *
type_field(const struct type *type, struct str json)
{
    const struct type_slot *slot = type_slot(type_index(type), json, SIZE_MAX);
    return slot == NULL ? NULL : slot->field;
}

const struct field *
type_path(const struct type *type, const char *dotted)
{
    const struct field *field = NULL;
    struct str rest = str_of(dotted);
    while (rest.at != NULL) {
        if (type == NULL) {
            return NULL;
        }
        struct str name = str_cut(rest, '.', &rest);
        field = type_field(type, name);
        if (field == NULL) {
            return NULL;
        }
        type = field->type == FIELD_OBJECT ? field->of : NULL;
    }
    return field;
}

/* ---- making an index ---- */

static size_t
schema_count(const struct type *type)
{
    size_t len = 0;
    for (size_t i = 0; i < type->field_len; i++) {
        const struct field *field = &type->fields[i];
        len += (field->flags & FIELD_INLINE) != 0 ? schema_count(field->of) : 1;
    }
    return len;
}

static void
schema_flatten(const struct type *type, const struct type *top, const char *via,
               struct type_slot *slots, uint16_t *len)
{
    for (size_t i = 0; i < type->field_len; i++) {
        const struct field *field = &type->fields[i];
        if ((field->flags & FIELD_INLINE) != 0) {
            const char *dot = strrchr(field->of->name, '.');
            AUTO_FREE char *deeper = mem_printf("%s%s.", via, dot == NULL ? "" : dot + 1);
            schema_flatten(field->of, top, deeper, slots, len);
            continue;
        }
        slots[(*len)++] = (struct type_slot){
            .field = field,
            .name = str_of(field->json),
            .owner = type,
            .via = type == top ? "" : mem_strdup(via),
        };
    }
}

static void
schema_fill_buckets(struct type_index *index)
{
    uint32_t capacity = 4;
    while (capacity < 2U * index->len) {
        capacity *= 2;
    }
    index->mask = (uint16_t)(capacity - 1);
    uint16_t *buckets = mem_new_array(capacity, sizeof(*buckets));
    for (uint16_t i = 0; i < index->len; i++) {
        uint32_t at = schema_hash(index->slots[i].name);
        uint16_t tries = 0;
        while (buckets[(at + tries) & index->mask] != 0) {
            tries++;
        }
        buckets[(at + tries) & index->mask] = (uint16_t)(i + 1);
        index->probe = tries > index->probe ? tries : index->probe;
    }
    index->buckets = buckets;
}

/* Is there a type with a property at or below this one? Types may recurse, hence the list. */
static bool
schema_reaches(const struct type *type, bool (*wanted)(const struct type *type))
{
    AUTO_FREE struct schema_reach *reach = MEM_NEW(struct schema_reach);
    reach->seen[reach->len++] = type;
    for (size_t next = 0; next < reach->len; next++) {
        const struct type *at = reach->seen[next];
        if (wanted(at)) {
            return true;
        }
        for (size_t i = 0; i < at->field_len; i++) {
            const struct type *of = at->fields[i].of;
            bool found = of == NULL;
            for (size_t k = 0; k < reach->len && !found; k++) {
                found = reach->seen[k] == of;
            }
            if (!found && reach->len == SCHEMA_MAX_REACH) {
                return true; /* too many to know: walk them */
            }
            if (!found) {
                reach->seen[reach->len++] = of;
            }
        }
    }
    return false;
}

static bool
schema_has_default(const struct type *type)
{
    bool found = type->fill != NULL;
    for (size_t i = 0; i < type->field_len; i++) {
        found |= type->fields[i].def != NULL || (type->fields[i].flags & FIELD_OFF) != 0;
    }
    return found;
}

static bool
schema_has_check(const struct type *type)
{
    bool found = type->check != NULL;
    for (size_t i = 0; i < type->field_len; i++) {
        const struct field *field = &type->fields[i];
        found |= field->check != NULL || (field->flags & (FIELD_REQUIRED | FIELD_IMMUTABLE)) != 0;
    }
    return found;
}
