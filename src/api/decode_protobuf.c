/* Protobuf bodies to JSON, driven by the rows' field numbers.
 *
 * Called by decode.c; pure, any thread. Every length is checked against what is left; unknown
 * numbers are skipped, as protobuf wants it. The JSON has each struct's members in row order, empty
 * ones included: the walk behind it drops and words them. */
#include "config.h"

#include "api/decode_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"

enum { PROTOBUF_MAX_DEPTH = 100 };
enum protobuf_wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* A reader over one message. */
struct protobuf {
    const uint8_t *at, *end;
    bool is_bad;
};
/* One member as it came. */
struct protobuf_item {
    uint32_t number;
    uint32_t order; /* place in the message */
    uint8_t wire;
    uint64_t varint;  /* WIRE_VARINT, FIXED64, FIXED32 */
    struct str bytes; /* WIRE_BYTES */
};
struct protobuf_walk {
    struct arena *arena;
    struct jw out;
    bool is_bad;
    unsigned depth;
};

static void protobuf_struct(struct protobuf_walk *walk, const struct type *type,
                            struct str message);
static void protobuf_members(struct protobuf_walk *walk, const struct type *type,
                             struct str message);
static void protobuf_field(struct protobuf_walk *walk, const struct field *field,
                           const struct protobuf_item *items, size_t len);
static void protobuf_map_entry(struct protobuf_walk *walk, const struct field *field,
                               struct str entry);
static void protobuf_value(struct protobuf_walk *walk, const struct field *field,
                           const struct protobuf_item *item);
static void protobuf_time(struct protobuf_walk *walk, struct str message, bool is_micro);
static void protobuf_int_or_string(struct protobuf_walk *walk, struct str message);
static void protobuf_raw(struct protobuf_walk *walk, struct str message);
static void protobuf_strings(struct protobuf_walk *walk, struct str message);
static void protobuf_union(struct protobuf_walk *walk, const struct field *field,
                           struct str message);

static uint64_t
protobuf_varint(struct protobuf *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in->at == in->end) {
            break;
        }
        uint8_t byte = *in->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    in->is_bad = true;
    return 0;
}

/* The next member; false at the end and when the message is bad. */
static bool
protobuf_next(struct protobuf *in, struct protobuf_item *ret)
{
    if (in->at == in->end || in->is_bad) {
        return false;
    }
    uint64_t tag = protobuf_varint(in);
    *ret = (struct protobuf_item){ .number = (uint32_t)(tag >> 3), .wire = tag & 7 };
    size_t left = (size_t)(in->end - in->at);
    if (ret->wire == WIRE_VARINT) {
        ret->varint = protobuf_varint(in);
    } else if (ret->wire == WIRE_BYTES) {
        uint64_t size = protobuf_varint(in);
        left = (size_t)(in->end - in->at);
        in->is_bad = in->is_bad || size > left;
        if (!in->is_bad) {
            ret->bytes = str_slice((const char *)in->at, (size_t)size);
            in->at += size;
        }
    } else if (ret->wire == WIRE_FIXED64 || ret->wire == WIRE_FIXED32) {
        size_t size = ret->wire == WIRE_FIXED64 ? 8 : 4;
        in->is_bad = in->is_bad || size > left;
        for (size_t i = 0; i < size && !in->is_bad; i++) {
            ret->varint |= (uint64_t)in->at[i] << (8 * i);
        }
        in->at += in->is_bad ? 0 : size;
    } else {
        in->is_bad = true; /* groups are not in use */
    }
    in->is_bad = in->is_bad || tag >> 3 == 0 || tag >> 3 > 0x1fffffff;
    return !in->is_bad;
}

static int
protobuf_item_cmp(const void *a, const void *b)
{
    const struct protobuf_item *left = a, *right = b;
    if (left->number != right->number) {
        return left->number < right->number ? -1 : 1;
    }
    return left->order < right->order ? -1 : 1;
}

/* The first item of that number or above. */
static size_t
protobuf_find(const struct protobuf_item *items, size_t len, uint32_t number)
{
    size_t low = 0, high = len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct protobuf
protobuf_open(struct str message)
{
    const uint8_t *at = (const uint8_t *)(message.at == NULL ? "" : message.at);
    return (struct protobuf){ at, at + message.size, false };
}

int
decode_unwrap(struct str bytes, struct decode_envelope *ret, struct err **err)
{
    static const char magic[] = { 'k', '8', 's', '\0' };
    *ret = (struct decode_envelope){ .raw = STR("") };
    if (bytes.size == 0) {
        return err_set(err, ERR_BAD_REQUEST, "empty data");
    }
    if (bytes.size < sizeof(magic) || memcmp(bytes.at, magic, sizeof(magic)) != 0) {
        return err_set(err, ERR_BAD_REQUEST,
                       "provided data does not appear to be a protobuf message, expected prefix "
                       "[107 56 115 0]");
    }
    if (bytes.size == sizeof(magic)) {
        return err_set(err, ERR_BAD_REQUEST, "empty body");
    }
    struct protobuf in =
        protobuf_open(str_slice(bytes.at + sizeof(magic), bytes.size - sizeof(magic)));
    struct protobuf_item item;
    while (protobuf_next(&in, &item)) {
        if (item.number == 1 && item.wire == WIRE_BYTES) {
            struct protobuf meta = protobuf_open(item.bytes);
            struct protobuf_item name;
            while (protobuf_next(&meta, &name)) {
                if (name.number == 1) {
                    ret->api_version = name.bytes;
                } else if (name.number == 2) {
                    ret->kind = name.bytes;
                }
            }
            in.is_bad = in.is_bad || meta.is_bad;
        } else if (item.number == 2 && item.wire == WIRE_BYTES) {
            ret->raw = item.bytes;
        }
    }
    return in.is_bad ? err_set(err, ERR_BAD_REQUEST, "unexpected EOF") : 0;
}

int
decode_protobuf(struct arena *arena, const struct type *type, struct str message,
                struct str *ret_json, struct err **err)
{
    struct protobuf_walk walk = { .arena = arena };
    jw_init(&walk.out, arena);
    protobuf_struct(&walk, type, message);
    if (walk.is_bad) {
        return err_set(err, ERR_BAD_REQUEST, "unexpected EOF");
    }
    *ret_json = jw_done(&walk.out);
    return 0;
}

/* ---- structs ---- */

static void
protobuf_struct(struct protobuf_walk *walk, const struct type *type, struct str message)
{
    jw_obj(&walk->out);
    if (walk->depth == PROTOBUF_MAX_DEPTH) {
        walk->is_bad = true;
    } else {
        walk->depth++;
        protobuf_members(walk, type, message);
        walk->depth--;
    }
    jw_end(&walk->out);
}

static void
protobuf_members(struct protobuf_walk *walk, const struct type *type, struct str message)
{
    struct protobuf in = protobuf_open(message);
    struct protobuf_item item;
    size_t len = 0;
    while (protobuf_next(&in, &item)) {
        len++;
    }
    struct protobuf_item *items = arena_array(walk->arena, len, sizeof(*items));
    bool is_sorted = true;
    in = protobuf_open(message);
    for (size_t i = 0; i < len && protobuf_next(&in, &items[i]); i++) {
        items[i].order = (uint32_t)i;
        is_sorted = is_sorted && (i == 0 || items[i - 1].number <= items[i].number);
    }
    if (!is_sorted) {
        qsort(items, len, sizeof(*items), protobuf_item_cmp);
    }
    walk->is_bad |= in.is_bad;
    for (size_t i = 0; i < type->field_len && !walk->is_bad; i++) {
        const struct field *field = &type->fields[i];
        size_t first = protobuf_find(items, len, field->number);
        size_t own_len = 0;
        while (field->number != 0 && first + own_len < len &&
               items[first + own_len].number == field->number) {
            own_len++;
        }
        if (own_len > 0 && (field->flags & FIELD_INLINE) != 0) {
            protobuf_members(walk, field->of, items[first + own_len - 1].bytes);
        } else if (own_len > 0) {
            protobuf_field(walk, field, &items[first], own_len);
        }
    }
}

static void
protobuf_field(struct protobuf_walk *walk, const struct field *field,
               const struct protobuf_item *items, size_t len)
{
    jw_keyz(&walk->out, field->json);
    if (field->card == CARD_LIST) {
        jw_arr(&walk->out);
        for (size_t i = 0; i < len; i++) {
            /* Numbers may come packed into one member. */
            bool is_packed = items[i].wire == WIRE_BYTES && field->type >= FIELD_BOOL &&
                             field->type <= FIELD_INT64;
            struct protobuf in = protobuf_open(items[i].bytes);
            while (is_packed && in.at != in.end && !in.is_bad) {
                struct protobuf_item one = { .wire = WIRE_VARINT, .varint = protobuf_varint(&in) };
                protobuf_value(walk, field, &one);
            }
            walk->is_bad |= is_packed && in.is_bad;
            if (!is_packed) {
                protobuf_value(walk, field, &items[i]);
            }
        }
        jw_end(&walk->out);
    } else if (field->card == CARD_MAP) {
        jw_obj(&walk->out);
        for (size_t i = 0; i < len; i++) {
            protobuf_map_entry(walk, field, items[i].bytes);
        }
        jw_end(&walk->out);
    } else {
        protobuf_value(walk, field, &items[len - 1]);
    }
}

static void
protobuf_map_entry(struct protobuf_walk *walk, const struct field *field, struct str entry)
{
    struct protobuf in = protobuf_open(entry);
    struct protobuf_item item, value = { .wire = WIRE_BYTES, .bytes = STR("") };
    struct str key = STR("");
    while (protobuf_next(&in, &item)) {
        if (item.number == 1) {
            key = item.bytes;
        } else if (item.number == 2) {
            value = item;
        }
    }
    walk->is_bad |= in.is_bad;
    jw_key(&walk->out, key);
    protobuf_value(walk, field, &value);
}

/* ---- values ---- */

static void
protobuf_value(struct protobuf_walk *walk, const struct field *field,
               const struct protobuf_item *item)
{
    bool is_number = field->type >= FIELD_BOOL && field->type <= FIELD_DOUBLE;
    if ((item->wire == WIRE_BYTES) == is_number) {
        walk->is_bad = true; /* a wire type that the row does not have */
        jw_null(&walk->out);
        return;
    }
    switch ((enum field_type)field->type) {
    case FIELD_STRING:
        jw_str(&walk->out, item->bytes);
        break;
    case FIELD_BOOL:
        jw_bool(&walk->out, item->varint != 0);
        break;
    case FIELD_INT32:
        jw_int(&walk->out, (int32_t)item->varint);
        break;
    case FIELD_INT64:
        jw_int(&walk->out, (int64_t)item->varint);
        break;
    case FIELD_DOUBLE: {
        double number;
        memcpy(&number, &item->varint, sizeof(number));
        jw_num(&walk->out, number);
        break;
    }
    case FIELD_BYTES:
        jw_str(&walk->out, base64_encode(item->bytes, walk->arena));
        break;
    case FIELD_QUANTITY: {
        struct protobuf in = protobuf_open(item->bytes);
        struct protobuf_item text = { .bytes = STR("0") };
        (void)protobuf_next(&in, &text);
        jw_str(&walk->out, text.bytes.size == 0 ? STR("0") : text.bytes);
        break;
    }
    case FIELD_TIME:
    case FIELD_MICROTIME:
        protobuf_time(walk, item->bytes, field->type == FIELD_MICROTIME);
        break;
    case FIELD_DURATION: {
        struct protobuf in = protobuf_open(item->bytes);
        struct protobuf_item ns = { .varint = 0 };
        (void)protobuf_next(&in, &ns);
        jw_printf(&walk->out, "%lldns", (long long)ns.varint);
        break;
    }
    case FIELD_INT_OR_STRING:
        protobuf_int_or_string(walk, item->bytes);
        break;
    case FIELD_RAW:
    case FIELD_FIELDS_V1:
    case FIELD_ANY:
        protobuf_raw(walk, item->bytes);
        break;
    case FIELD_STRINGS:
        protobuf_strings(walk, item->bytes);
        break;
    case FIELD_OBJECT:
        protobuf_struct(walk, field->of, item->bytes);
        break;
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
        protobuf_union(walk, field, item->bytes);
        break;
    }
}

/* Timestamp{1 seconds, 2 nanos}; an empty one is Go's zero time, which is null. */
static void
protobuf_time(struct protobuf_walk *walk, struct str message, bool is_micro)
{
    struct protobuf in = protobuf_open(message);
    struct protobuf_item item;
    int64_t seconds = 0, nanos = 0;
    bool is_set = false;
    while (protobuf_next(&in, &item)) {
        seconds = item.number == 1 ? (int64_t)item.varint : seconds;
        nanos = item.number == 2 ? (int32_t)item.varint : nanos;
        is_set = true;
    }
    walk->is_bad |= in.is_bad;
    /* Years 0001 to 9999: what Go can write as RFC 3339. */
    if (!is_set || seconds < -62135596799 || seconds > 253402300799 || nanos < 0 ||
        nanos > 999999999) {
        jw_null(&walk->out);
        return;
    }
    char text[CLOCK_TEXT_SIZE];
    jw_str(&walk->out, is_micro ? clock_text_micro(seconds * 1000000 + nanos / 1000, text)
                                : clock_text(seconds * 1000, text));
}

/* IntOrString{1 type, 2 intVal, 3 strVal} */
static void
protobuf_int_or_string(struct protobuf_walk *walk, struct str message)
{
    struct protobuf in = protobuf_open(message);
    struct protobuf_item item;
    int32_t number = 0;
    uint64_t type = 0;
    struct str text = STR("");
    while (protobuf_next(&in, &item)) {
        type = item.number == 1 ? item.varint : type;
        number = item.number == 2 ? (int32_t)item.varint : number;
        text = item.number == 3 ? item.bytes : text;
    }
    walk->is_bad |= in.is_bad;
    if (type == 1) {
        jw_str(&walk->out, text);
    } else {
        jw_int(&walk->out, number);
    }
}

/* A message whose first member is JSON text (RawExtension, FieldsV1, apiextensions' JSON). */
static void
protobuf_raw(struct protobuf_walk *walk, struct str message)
{
    struct protobuf in = protobuf_open(message);
    struct protobuf_item item;
    struct str json = { 0 };
    while (protobuf_next(&in, &item)) {
        json = item.number == 1 ? item.bytes : json;
    }
    walk->is_bad |= in.is_bad;
    if (json.size == 0) {
        jw_null(&walk->out);
        return;
    }
    struct err *err = NULL;
    if (doc_parse(walk->arena, json, &err) == NULL) {
        err_clear(&err);
        walk->is_bad = true;
        json = STR("null");
    }
    jw_raw(&walk->out, json);
}

static void
protobuf_strings(struct protobuf_walk *walk, struct str message)
{
    struct protobuf in = protobuf_open(message);
    struct protobuf_item item;
    jw_arr(&walk->out);
    while (protobuf_next(&in, &item)) {
        if (item.number == 1) {
            jw_str(&walk->out, item.bytes);
        }
    }
    jw_end(&walk->out);
    walk->is_bad |= in.is_bad;
}

/* OrBool{1 allows, 2 schema}, OrArray{1 schema, 2 schemas}, OrStringArray{1 schema, 2 property} */
static void
protobuf_union(struct protobuf_walk *walk, const struct field *field, struct str message)
{
    bool is_bool = field->type == FIELD_SCHEMA_OR_BOOL;
    uint32_t schema_number = is_bool ? 2 : 1;
    struct protobuf in = protobuf_open(message);
    struct protobuf_item item;
    uint64_t allows = 0;
    struct str schema = { 0 };
    while (protobuf_next(&in, &item)) {
        if (item.number == schema_number) {
            schema = item.bytes;
        } else if (item.number == 1) {
            allows = item.varint;
        }
    }
    walk->is_bad |= in.is_bad;
    if (schema.at != NULL) {
        protobuf_struct(walk, field->of, schema);
    } else if (is_bool) {
        jw_bool(&walk->out, allows != 0);
    } else {
        jw_arr(&walk->out);
        in = protobuf_open(message);
        while (protobuf_next(&in, &item)) {
            if (item.number == 2 && field->type == FIELD_SCHEMA_OR_LIST) {
                protobuf_struct(walk, field->of, item.bytes);
            } else if (item.number == 2) {
                jw_str(&walk->out, item.bytes);
            }
        }
        jw_end(&walk->out);
    }
}
