/* Checks: a walk over rows that collects every cause, as apimachinery's validation does.
 *
 * Called after defaulting and mutation; pure, any thread. Subtrees whose types have no check
 * anywhere are not entered. */
#include "config.h"

#include "api/validate.h"

#include <string.h>

#include "api/registry.h"
#include "api/schema.h"
#include "api/validate_priv.h"
#include "base/arena.h"

static void validate_row(const struct check_in *in, const struct field *field, struct val now,
                         struct val old, struct causes *out);
static void validate_one(const struct check_in *in, const struct field *field, struct val now,
                         struct causes *out);
static void validate_below(const struct check_in *in, const struct field *field, struct val now,
                           struct val old, struct causes *out);
static bool validate_is_empty(struct val v);

void
validate_object(const struct resource *resource, const char *subresource, struct val now,
                struct val old, struct causes *out)
{
    struct check_in in = {
        .arena = out->arena,
        .type = resource->type,
        .now = now,
        .old = old,
        .root = now,
        .old_root = old,
        .resource = resource,
        .subresource = subresource,
    };
    if (val_is(old)) {
        validate_meta(&in, validate_name_path_segment, out);
        validate_meta_update(&in, out);
        /* The kinds' own update checks look at metadata again: causes come twice upstream, too. */
        validate_meta_update(&in, out);
    }
    if (!val_is(old) || ((resource->flags & RES_META_AGAIN) != 0 && subresource == NULL)) {
        validate_meta(&in,
                      resource->name_problems == NULL ? validate_name_subdomain
                                                      : resource->name_problems,
                      out);
    }
    if (subresource == NULL) {
        validate_walk(&in, out);
    }
    void (*check)(struct check_in *, struct causes *) =
        val_is(old) ? resource->check_update : resource->check_create;
    if (check != NULL) {
        check(&in, out);
    }
}

void
validate_walk(const struct check_in *in, struct causes *out)
{
    const struct type_index *index = type_index(in->type);
    if (!index->is_checked) {
        return;
    }
    struct val *slots = arena_array(in->arena, index->len, sizeof(*slots));
    size_t hint = 0;
    VAL_EACH (it, in->now) {
        const struct type_slot *slot = type_slot(index, it.key, hint);
        if (slot != NULL) {
            hint = (size_t)(slot - index->slots);
            slots[hint++] = it.value;
        }
    }
    for (size_t i = 0; i < index->len; i++) {
        const struct field *field = index->slots[i].field;
        struct val old =
            val_is(in->old) ? val_member(in->old, index->slots[i].name) : (struct val){ 0 };
        validate_row(in, field, slots[i], old, out);
    }
    if (in->type->check != NULL) {
        struct check_in own = *in;
        in->type->check(&own, out);
    }
}

static void
validate_row(const struct check_in *in, const struct field *field, struct val now, struct val old,
             struct causes *out)
{
    struct field_path path = { .up = in->path, .name = field->json, .index = -1 };
    struct check_in member = *in;
    member.path = &path;
    member.now = now;
    member.old = old;
    if (validate_is_empty(now)) {
        if ((field->flags & FIELD_REQUIRED) != 0) {
            causes_add(out, CAUSE_REQUIRED, &path, "", now, NULL);
        }
    } else {
        validate_one(&member, field, now, out);
    }
    if ((field->flags & FIELD_IMMUTABLE) != 0 && val_is(in->old_root) && !val_eq(now, old)) {
        causes_add(out, CAUSE_INVALID, &path, "", now, "field is immutable");
    }
    if (field->type == FIELD_OBJECT && val_is(now)) {
        validate_below(&member, field, now, old, out);
    }
}

static bool
validate_is_empty(struct val v)
{
    enum doc_type is = val_type(v);
    return is == DOC_ABSENT || is == DOC_NULL || (is == DOC_STRING && val_str(v).size == 0) ||
           (is == DOC_ARRAY && val_len(v) == 0);
}

/* The row's constraint on a value that is there. */
static void
validate_one(const struct check_in *in, const struct field *field, struct val now,
             struct causes *out)
{
    const struct check *check = field->check;
    if (check == NULL) {
        return;
    }
    if (check->enums != NULL && val_type(now) == DOC_STRING) {
        bool found = false;
        for (size_t i = 0; check->enums[i] != NULL && !found; i++) {
            found = val_is_str(now, check->enums[i]);
        }
        if (!found) {
            causes_add_enum(out, in->path, "", now, check->enums);
        }
    }
    if (val_type(now) == DOC_NUMBER && (check->min != 0 || check->max != 0 || check->is_bound)) {
        int64_t number = val_int(now, 0);
        bool is_above = check->max != 0 && number > check->max;
        if (number < check->min && check->max == 0) {
            causes_add(out, CAUSE_INVALID, in->path, "", now,
                       "must be greater than or equal to %lld", (long long)check->min);
        } else if (number < check->min || is_above) {
            causes_add(out, CAUSE_INVALID, in->path, "", now,
                       "must be between %lld and %lld, inclusive", (long long)check->min,
                       (long long)check->max);
        }
    }
    if (check->max_len > 0 && val_type(now) == DOC_STRING && val_str(now).size > check->max_len) {
        causes_add(out, CAUSE_TOO_LONG, in->path, "", now, "may not be more than %u bytes",
                   check->max_len);
    }
    if (check->max_len > 0 && val_type(now) == DOC_ARRAY && val_len(now) > check->max_len) {
        struct str len = arena_printf(out->arena, "%zu", val_len(now));
        causes_add_json(out, CAUSE_TOO_MANY, in->path, "", len, "must have at most %u items",
                        check->max_len);
    }
    if (check->value != NULL) {
        check->value(in, now, out);
    }
}

/* Into objects. Items of lists stand alone: which old item one was is for the type to know. */
static void
validate_below(const struct check_in *in, const struct field *field, struct val now, struct val old,
               struct causes *out)
{
    if (!type_index(field->of)->is_checked) {
        return;
    }
    struct check_in member = *in;
    member.type = field->of;
    if (field->card == CARD_VAL || field->card == CARD_PTR) {
        if (val_type(now) == DOC_OBJECT) {
            member.old = val_type(old) == DOC_OBJECT ? old : (struct val){ 0 };
            validate_walk(&member, out);
        }
        return;
    }
    struct field_path path = { .up = in->path, .index = field->card == CARD_LIST ? 0 : -1 };
    member.path = &path;
    VAL_EACH (it, now) {
        path.key = it.key;
        member.now = it.value;
        member.old = (struct val){ 0 };
        validate_walk(&member, out);
        path.index += field->card == CARD_LIST ? 1 : 0;
    }
}
