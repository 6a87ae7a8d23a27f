/* What writing an object changes in it, whatever the client sent: upstream's strategies.
 *
 * Called by the API server's prepare step; pure, any thread. Changes are edits, made later at one
 * go. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/decode.h"
#include "api/kinds_priv.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"

enum { PREPARE_POINTER_SIZE = 128 };

struct str
kinds_with_member(struct arena *arena, const struct type *type, struct val object,
                  const char *member, struct str json)
{
    const struct type_index *index = type_index(type);
    struct jw out;
    jw_init(&out, arena);
    jw_obj(&out);
    for (size_t i = 0; i < index->len; i++) {
        const char *name = index->slots[i].field->json;
        struct val v = val_member(object, index->slots[i].name);
        if (strcmp(name, member) == 0) {
            jw_keyz(&out, name);
            jw_raw(&out, json);
        } else if (val_is(v)) {
            jw_keyz(&out, name);
            jw_val(&out, v);
        }
    }
    jw_end(&out);
    return jw_done(&out);
}

struct str
kinds_with_key(struct arena *arena, struct val map, const char *key, struct str json)
{
    struct jw out;
    bool is_written = false;
    jw_init(&out, arena);
    jw_obj(&out);
    VAL_EACH (it, map) {
        int order = str_cmp(it.key, str_of(key));
        if (order >= 0 && !is_written) {
            jw_keyz(&out, key);
            jw_raw(&out, json);
            is_written = true;
        }
        if (order != 0) {
            jw_key(&out, it.key);
            jw_val(&out, it.value);
        }
    }
    if (!is_written) {
        jw_keyz(&out, key);
        jw_raw(&out, json);
    }
    jw_end(&out);
    return jw_done(&out);
}

struct str
kinds_merged(struct arena *arena, struct val over, struct val under)
{
    struct val_iter a = val_iter(over), b = val_iter(under);
    bool has_a = val_step(&a), has_b = val_step(&b);
    struct jw out;
    jw_init(&out, arena);
    jw_obj(&out);
    while (has_a || has_b) {
        int order = !has_a ? 1 : !has_b ? -1 : str_cmp(a.key, b.key);
        jw_key(&out, order <= 0 ? a.key : b.key);
        jw_val(&out, order <= 0 ? a.value : b.value);
        has_b = order >= 0 ? val_step(&b) : has_b;
        has_a = order <= 0 ? val_step(&a) : has_a;
    }
    jw_end(&out);
    return jw_done(&out);
}

static void
prepare_pointer(char pointer[PREPARE_POINTER_SIZE], const char *parent, const char *member)
{
    (void)snprintf(pointer, PREPARE_POINTER_SIZE, "%s/%s", parent, member);
}

static void
prepare_keep_below(struct prepare *p, const char *parent, const char *member, struct val now,
                   struct val old)
{
    char pointer[PREPARE_POINTER_SIZE];
    prepare_pointer(pointer, parent, member);
    if (!val_is(old)) {
        edit_del(p->edit, pointer);
    } else if (!val_is(now) || !str_eq(val_raw(now), val_raw(old))) {
        edit_set(p->edit, pointer, val_raw(old));
    }
}

void
kinds_prepare_keep(struct prepare *p, const char *member)
{
    prepare_keep_below(p, "", member, val_get(p->now, member), val_get(p->old, member));
}

void
kinds_prepare_keep_meta(struct prepare *p, const char *member)
{
    prepare_keep_below(p, "/metadata", member, val_get(val_get(p->now, "metadata"), member),
                       val_get(val_get(p->old, "metadata"), member));
}

void
kinds_prepare_zero(struct prepare *p, const char *member)
{
    const struct field *field = type_field(p->resource->type, str_of(member));
    char pointer[PREPARE_POINTER_SIZE];
    prepare_pointer(pointer, "", member);
    if (field == NULL || field->card != CARD_VAL || field->type != FIELD_OBJECT) {
        edit_del(p->edit, pointer);
        return;
    }
    struct jw out;
    struct err *err = NULL;
    struct decode_in in = { .arena = p->arena, .mode = DECODE_IGNORE };
    jw_init(&out, p->arena);
    if (decode_value(&in, field->of, (struct val){ 0 }, &out, &err) < 0) {
        err_clear(&err); /* nothing in nothing can be wrong */
        return;
    }
    struct str zero = jw_done(&out);
    if (!str_eq(zero, val_raw(val_get(p->now, member)))) {
        edit_set(p->edit, pointer, zero);
    }
}

void
kinds_prepare_nothing(struct prepare *p)
{
    (void)p;
}

void
kinds_prepare_keep_metadata(struct prepare *p)
{
    static const char *const members[] = {
        "deletionTimestamp", "generation", "selfLink",        "labels",
        "annotations",       "finalizers", "ownerReferences",
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        kinds_prepare_keep_meta(p, members[i]);
    }
}

void
kinds_prepare_update_labels(struct prepare *p)
{
    kinds_prepare_update(p);
    if (p->subresource != NULL) {
        kinds_prepare_keep_meta(p, "labels");
    }
}

void
kinds_prepare_update_metadata(struct prepare *p)
{
    kinds_prepare_update(p);
    if (p->subresource != NULL) {
        kinds_prepare_keep_metadata(p);
    }
}

static bool
prepare_has_status(const struct prepare *p)
{
    return type_field(p->resource->type, STR("status")) != NULL;
}

void
kinds_prepare_create(struct prepare *p)
{
    if (prepare_has_status(p)) {
        kinds_prepare_zero(p, "status");
    }
}

void
kinds_prepare_update(struct prepare *p)
{
    if (p->subresource == NULL) {
        if (prepare_has_status(p)) {
            kinds_prepare_keep(p, "status");
        }
        return;
    }
    if (strcmp(p->subresource, "status") != 0) {
        return;
    }
    const struct type_index *index = type_index(p->resource->type);
    for (size_t i = 0; i < index->len; i++) {
        const struct type_slot *slot = &index->slots[i];
        bool is_kept = slot->owner == p->resource->type && !str_is(slot->name, "metadata") &&
                       !str_is(slot->name, "status");
        if (is_kept) {
            kinds_prepare_keep(p, slot->field->json);
        }
    }
}
