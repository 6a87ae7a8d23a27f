/* Canonical documents to protobuf, driven by the rows' field numbers, byte for byte as Go's generated
 * code writes them: numbers rising, every value that is no pointer, list or map also when it is zero.
 *
 * Called by tests and by whoever answers clients that take nothing else. Pure, any thread. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/decode.h"
#include "api/duration.h"
#include "api/registry.h"
#include "api/schema.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"

enum out_wire { OUT_VARINT = 0, OUT_FIXED64 = 1, OUT_BYTES = 2 };

/* One message that grows in the arena. */
struct out {
    struct arena *arena;
    char *at;
    size_t size, capacity;
};

static void out_struct(struct out *out, const struct type *type, struct val v);
static void out_value(struct out *out, const struct field *field, uint32_t number, struct val v);
static void out_union(struct out *out, const struct field *field, struct val v);

static void
out_put(struct out *out, const void *bytes, size_t size)
{
    if (out->size + size > out->capacity) {
        size_t capacity = out->capacity == 0 ? 64 : out->capacity * 2;
        capacity = capacity < out->size + size ? out->size + size : capacity;
        out->at = arena_grow(out->arena, out->at, out->capacity, capacity);
        out->capacity = capacity;
    }
    if (size > 0) {
        memcpy(out->at + out->size, bytes, size);
    }
    out->size += size;
}

static void
out_varint(struct out *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        out_put(out, &(uint8_t){ (uint8_t)(value | 0x80) }, 1);
    }
    out_put(out, &(uint8_t){ (uint8_t)value }, 1);
}

static void
out_tag(struct out *out, uint32_t number, enum out_wire wire)
{
    out_varint(out, (uint64_t)number << 3 | wire);
}

static void
out_number(struct out *out, uint32_t number, uint64_t value)
{
    out_tag(out, number, OUT_VARINT);
    out_varint(out, value);
}

static void
out_bytes(struct out *out, uint32_t number, struct str bytes)
{
    out_tag(out, number, OUT_BYTES);
    out_varint(out, bytes.size);
    out_put(out, bytes.at, bytes.size);
}

static void
out_message(struct out *out, uint32_t number, const struct out *message)
{
    out_bytes(out, number, str_slice(message->at, message->size));
}

static bool
out_has(struct val v)
{
    return val_is(v) && val_type(v) != DOC_NULL;
}

/* ---- values ---- */

static void
out_time(struct out *out, struct val v)
{
    int64_t wall_us = 0;
    if (clock_parse(val_str(v), &wall_us) != 0) {
        return; /* Go's zero time is an empty message */
    }
    int64_t micros = wall_us % 1000000;
    micros += micros < 0 ? 1000000 : 0;
    out_number(out, 1, (uint64_t)((wall_us - micros) / 1000000));
    out_number(out, 2, (uint64_t)(micros * 1000));
}

static void
out_int_or_string(struct out *out, struct val v)
{
    bool is_text = val_type(v) == DOC_STRING;
    out_number(out, 1, is_text ? 1 : 0);
    out_number(out, 2, (uint64_t)val_int(v, 0));
    out_bytes(out, 3, val_str(v));
}

/* A value that is a message of its own. */
static void
out_inner(struct out *out, const struct field *field, struct val v)
{
    int64_t ns = 0;
    switch ((enum field_type)field->type) {
    case FIELD_QUANTITY:
        out_bytes(out, 1, out_has(v) ? val_str(v) : STR("0"));
        break;
    case FIELD_TIME:
    case FIELD_MICROTIME:
        out_time(out, v);
        break;
    case FIELD_DURATION:
        (void)duration_parse(val_str(v), &ns);
        out_number(out, 1, (uint64_t)ns);
        break;
    case FIELD_INT_OR_STRING:
        out_int_or_string(out, v);
        break;
    case FIELD_RAW:
    case FIELD_FIELDS_V1:
    case FIELD_ANY:
        if (out_has(v)) {
            out_bytes(out, 1, val_raw(v));
        }
        break;
    case FIELD_STRINGS:
        VAL_EACH (it, v) {
            out_bytes(out, 1, val_str(it.value));
        }
        break;
    case FIELD_OBJECT:
        out_struct(out, field->of, v);
        break;
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
        out_union(out, field, v);
        break;
    case FIELD_STRING:
    case FIELD_BOOL:
    case FIELD_INT32:
    case FIELD_INT64:
    case FIELD_DOUBLE:
    case FIELD_BYTES:
        break;
    }
}

/* OrBool{1 allows, 2 schema}, OrArray{1 schema, 2 schemas}, OrStringArray{1 schema, 2 property} */
static void
out_union(struct out *out, const struct field *field, struct val v)
{
    bool is_bool = field->type == FIELD_SCHEMA_OR_BOOL;
    bool is_schema = val_type(v) == DOC_OBJECT;
    struct out schema = { .arena = out->arena };
    if (is_bool) {
        out_number(out, 1, is_schema || val_bool(v, false) ? 1 : 0);
    }
    if (is_schema) {
        out_struct(&schema, field->of, v);
        out_message(out, is_bool ? 2 : 1, &schema);
        return;
    }
    for (size_t i = 0; i < val_len(v); i++) {
        struct out item = { .arena = out->arena };
        if (field->type == FIELD_SCHEMA_OR_STRINGS) {
            out_bytes(out, 2, val_str(val_item(v, i)));
        } else {
            out_struct(&item, field->of, val_item(v, i));
            out_message(out, 2, &item);
        }
    }
}

static void
out_value(struct out *out, const struct field *field, uint32_t number, struct val v)
{
    struct out inner = { .arena = out->arena };
    struct str bytes = { 0 };
    double real = 0;
    uint64_t fixed = 0;
    switch ((enum field_type)field->type) {
    case FIELD_STRING:
        out_bytes(out, number, val_str(v));
        break;
    case FIELD_BOOL:
        out_number(out, number, val_bool(v, false) ? 1 : 0);
        break;
    case FIELD_INT32:
    case FIELD_INT64:
        out_number(out, number, (uint64_t)val_int(v, 0));
        break;
    case FIELD_DOUBLE:
        real = val_num(v, 0);
        memcpy(&fixed, &real, sizeof(fixed));
        out_tag(out, number, OUT_FIXED64);
        for (unsigned i = 0; i < sizeof(fixed); i++) {
            out_put(out, &(uint8_t){ (uint8_t)(fixed >> (8 * i)) }, 1);
        }
        break;
    case FIELD_BYTES:
        (void)base64_decode(val_str(v), out->arena, &bytes, NULL);
        out_bytes(out, number, bytes);
        break;
    case FIELD_QUANTITY:
    case FIELD_TIME:
    case FIELD_MICROTIME:
    case FIELD_DURATION:
    case FIELD_INT_OR_STRING:
    case FIELD_RAW:
    case FIELD_FIELDS_V1:
    case FIELD_ANY:
    case FIELD_STRINGS:
    case FIELD_OBJECT:
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
        out_inner(&inner, field, v);
        out_message(out, number, &inner);
        break;
    }
}

/* ---- structs ---- */

static int
out_by_number(const void *a, const void *b)
{
    return (int)(*(const struct field *const *)a)->number -
           (int)(*(const struct field *const *)b)->number;
}

static void
out_field(struct out *out, const struct field *field, struct val v)
{
    if (field->card == CARD_LIST) {
        VAL_EACH (it, v) {
            out_value(out, field, field->number, it.value);
        }
    } else if (field->card == CARD_MAP) {
        VAL_EACH (it, v) {
            struct out entry = { .arena = out->arena };
            out_bytes(&entry, 1, it.key);
            out_value(&entry, field, 2, it.value);
            out_message(out, field->number, &entry);
        }
    } else if (out_has(v) || (field->card == CARD_VAL && field->type != FIELD_BYTES)) {
        out_value(out, field, field->number, v);
    }
}

static void
out_struct(struct out *out, const struct type *type, struct val v)
{
    const struct field **rows = arena_array(out->arena, type->field_len + 1, sizeof(*rows));
    size_t len = 0;
    for (size_t i = 0; i < type->field_len; i++) {
        if (type->fields[i].number != 0) {
            rows[len++] = &type->fields[i];
        }
    }
    qsort(rows, len, sizeof(*rows), out_by_number);
    for (size_t i = 0; i < len; i++) {
        bool is_inline = (rows[i]->flags & FIELD_INLINE) != 0;
        if (is_inline) {
            struct out inner = { .arena = out->arena };
            out_struct(&inner, rows[i]->of, v);
            out_message(out, rows[i]->number, &inner);
        } else {
            out_field(out, rows[i], val_get(v, rows[i]->json));
        }
    }
}

int
decode_to_protobuf(struct arena *arena, const struct type *type, struct val v, struct str *ret,
                   struct err **err)
{
    struct out meta = { .arena = arena }, body = { .arena = arena }, out = { .arena = arena };
    if (val_type(v) != DOC_OBJECT) {
        return err_set(err, ERR_INVALID, "no object to write as protobuf");
    }
    out_bytes(&meta, 1, val_str(val_get(v, "apiVersion")));
    out_bytes(&meta, 2, val_str(val_get(v, "kind")));
    out_struct(&body, type, v);
    out_put(&out, "k8s\0", 4);
    out_message(&out, 1, &meta);
    out_message(&out, 2, &body);
    out_bytes(&out, 3, STR("")); /* contentEncoding */
    out_bytes(&out, 4, STR("")); /* contentType */
    *ret = str_slice(out.at, out.size);
    return 0;
}
