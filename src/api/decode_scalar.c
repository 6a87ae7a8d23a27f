/* Decoding of single values: text, numbers, times, quantities, bytes.
 *
 * Called by the walk (decode_walk.c); pure, any thread. Each case gives the form and the error of
 * the Go type's UnmarshalJSON. */
#include "config.h"

#include "api/decode_priv.h"

#include <string.h>

#include "api/duration.h"
#include "api/quantity.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"

static void decode_text(struct decode_walk *walk, const struct field *field, struct val v,
                        const struct decode_at *at);
static void decode_int(struct decode_walk *walk, const struct field *field, struct val v,
                       const struct decode_at *at);
static void decode_bytes(struct decode_walk *walk, const struct field *field, struct val v,
                         const struct decode_at *at);
static void decode_quantity(struct decode_walk *walk, const struct field *field, struct val v);
static void decode_time(struct decode_walk *walk, const struct field *field, struct val v,
                        const struct decode_at *at);
static void decode_duration(struct decode_walk *walk, struct val v, const struct decode_at *at);
static void decode_strings(struct decode_walk *walk, struct val v, const struct decode_at *at);
static struct str decode_time_problem(struct arena *arena, struct str text, bool is_micro);

void
decode_scalar(struct decode_walk *walk, const struct field *field, struct val v,
              const struct decode_at *at)
{
    enum doc_type is = val_type(v);
    switch ((enum field_type)field->type) {
    case FIELD_STRING:
        decode_text(walk, field, v, at);
        break;
    case FIELD_BOOL:
        if (is != DOC_TRUE && is != DOC_FALSE) {
            decode_mismatch(walk, v, at, "bool", false);
        }
        jw_bool(walk->out, is == DOC_TRUE);
        break;
    case FIELD_INT32:
    case FIELD_INT64:
        decode_int(walk, field, v, at);
        break;
    case FIELD_DOUBLE:
        if (is != DOC_NUMBER) {
            decode_mismatch(walk, v, at, "float64", false);
        }
        jw_num(walk->out, val_num(v, 0));
        break;
    case FIELD_BYTES:
        decode_bytes(walk, field, v, at);
        break;
    case FIELD_QUANTITY:
        decode_quantity(walk, field, v);
        break;
    case FIELD_TIME:
    case FIELD_MICROTIME:
        decode_time(walk, field, v, at);
        break;
    case FIELD_DURATION:
        decode_duration(walk, v, at);
        break;
    case FIELD_INT_OR_STRING:
        if (is == DOC_STRING) {
            jw_str(walk->out, val_str(v));
        } else {
            decode_int(walk, field, v, at);
        }
        break;
    case FIELD_STRINGS:
        decode_strings(walk, v, at);
        break;
    case FIELD_RAW:
    case FIELD_FIELDS_V1:
    case FIELD_ANY:
    case FIELD_OBJECT: /* these four are the walk's */
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
        decode_verbatim(walk, v);
        break;
    }
}

void
decode_scalar_zero(struct decode_walk *walk, const struct field *field)
{
    switch ((enum field_type)field->type) {
    case FIELD_STRING:
        jw_strz(walk->out, "");
        break;
    case FIELD_BYTES: /* a plain one is a nil slice; in maps storage makes it an empty one */
        if (field->card == CARD_MAP) {
            jw_strz(walk->out, "");
        } else {
            jw_null(walk->out);
        }
        break;
    case FIELD_BOOL:
        jw_bool(walk->out, false);
        break;
    case FIELD_INT32:
    case FIELD_INT64:
    case FIELD_DOUBLE:
    case FIELD_INT_OR_STRING:
        jw_int(walk->out, 0);
        break;
    case FIELD_QUANTITY:
        jw_strz(walk->out, "0");
        break;
    case FIELD_DURATION:
        jw_strz(walk->out, "0s");
        break;
    case FIELD_TIME:
    case FIELD_MICROTIME:
    case FIELD_RAW:
    case FIELD_FIELDS_V1:
    case FIELD_ANY:
    case FIELD_STRINGS:
    case FIELD_OBJECT:
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
        jw_null(walk->out);
        break;
    }
}

void
decode_verbatim(struct decode_walk *walk, struct val v)
{
    switch (val_type(v)) {
    case DOC_OBJECT:
        jw_obj(walk->out);
        VAL_EACH (it, v) {
            jw_key(walk->out, it.key);
            decode_verbatim(walk, it.value);
        }
        jw_end(walk->out);
        break;
    case DOC_ARRAY:
        jw_arr(walk->out);
        VAL_EACH (it, v) {
            decode_verbatim(walk, it.value);
        }
        jw_end(walk->out);
        break;
    case DOC_STRING:
        jw_str(walk->out, val_str(v));
        break;
    case DOC_ABSENT:
    case DOC_NULL:
    case DOC_FALSE:
    case DOC_TRUE:
    case DOC_NUMBER:
        jw_val(walk->out, v);
        break;
    }
}

static void
decode_text(struct decode_walk *walk, const struct field *field, struct val v,
            const struct decode_at *at)
{
    if (val_type(v) != DOC_STRING) {
        const char *go = field->go == NULL ? "string" : field->go;
        if (field->card == CARD_LIST && field->go != NULL) {
            go += sizeof("[]") - 1;
        } else if (field->card == CARD_MAP) {
            go = "string";
        }
        decode_mismatch(walk, v, at, go, false);
    }
    jw_str(walk->out, val_str(v));
}

/* IntOrString is its own decoder upstream: what it refuses ends decoding. */
static void
decode_int(struct decode_walk *walk, const struct field *field, struct val v,
           const struct decode_at *at)
{
    int64_t number = 0;
    bool is_wide = field->type == FIELD_INT64;
    bool is_number =
        val_to_int(v, &number) && (is_wide || (number >= INT32_MIN && number <= INT32_MAX));
    if (!is_number) {
        const char *go = field->go != NULL ? field->go : is_wide ? "int64" : "int32";
        bool is_own = field->type == FIELD_INT_OR_STRING;
        decode_mismatch(walk, v, at, is_own ? "int32" : go, is_own);
        number = 0;
    }
    jw_int(walk->out, number);
}

static void
decode_bytes(struct decode_walk *walk, const struct field *field, struct val v,
             const struct decode_at *at)
{
    struct str text = val_str(v);
    struct str bytes = { 0 };
    size_t bad_at = 0;
    if (val_type(v) != DOC_STRING) {
        decode_mismatch(walk, v, at, "[]uint8", false);
    } else if (text.size == 0) {
        decode_scalar_zero(walk, field);
        return;
    } else if (base64_is_canonical(text)) {
        jw_str(walk->out, text);
        return;
    } else if (base64_decode(text, walk->arena, &bytes, &bad_at) < 0) {
        decode_fault(walk, v, false, "illegal base64 data at input byte %zu", bad_at);
    }
    jw_str(walk->out, base64_encode(bytes, walk->arena));
}

static void
decode_quantity(struct decode_walk *walk, const struct field *field, struct val v)
{
    char text[QUANTITY_TEXT_SIZE];
    struct quantity quantity = { 0 };
    struct str given = val_type(v) == DOC_STRING ? val_str(v) : val_raw(v);
    if (quantity_parse(str_trim(given), &quantity) < 0) {
        decode_fault(walk, v, true, "%s", quantity_problem(str_trim(given)));
    }
    if ((field->flags & FIELD_MILLI) != 0 && !quantity_is_milli(quantity)) {
        jw_str(walk->out, quantity_text(quantity_round_milli(quantity), text));
    } else {
        jw_str(walk->out, quantity_kept(str_trim(given), quantity, text));
    }
}

static void
decode_time(struct decode_walk *walk, const struct field *field, struct val v,
            const struct decode_at *at)
{
    bool is_micro = field->type == FIELD_MICROTIME;
    char text[CLOCK_TEXT_SIZE];
    int64_t wall_us = 0;
    struct str given = val_str(v);
    if (val_type(v) != DOC_STRING) {
        decode_mismatch(walk, v, at, "string", true);
    } else {
        struct str problem = decode_time_problem(walk->arena, given, is_micro);
        if (problem.size > 0 || clock_parse(given, &wall_us) < 0) {
            decode_fault(walk, v, true, STR_FMT, STR_ARG(problem));
        }
    }
    if (is_micro) {
        jw_str(walk->out, clock_text_micro(wall_us, text));
        return;
    }
    int64_t wall_ms = wall_us / 1000 - (wall_us % 1000 < 0 ? 1 : 0);
    jw_str(walk->out, clock_text(wall_ms, text));
}

/* Where the text leaves Go's layout: the element that is not there (*ret_at: where it should), NULL
 * when all of them are. */
static const char *
decode_time_element(struct str text, bool is_micro, size_t *ret_at)
{
    static const char *const elements[] = { "2006", "-", "01", "-", "02", "T",
                                            "15",   ":", "04", ":", "05" };
    size_t at = 0;
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
        bool wants_digit = elements[i][0] >= '0' && elements[i][0] <= '9';
        *ret_at = at;
        for (const char *wanted = elements[i]; *wanted != '\0'; wanted++, at++) {
            char c = at < text.size ? text.at[at] : '\0';
            bool is_digit = c >= '0' && c <= '9';
            if (wants_digit ? !is_digit : c != *wanted) {
                return elements[i];
            }
        }
    }
    *ret_at = at;
    size_t dot = at;
    if (at < text.size && text.at[at] == '.') {
        for (at++; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
        }
    }
    if (is_micro && at - dot != sizeof(".000000") - 1) {
        return ".000000";
    }
    *ret_at = at;
    bool has_zone = at < text.size && strchr("Z+-", text.at[at]) != NULL;
    return has_zone ? NULL : "Z07:00";
}

/* What Go's time.Parse says of a text that is no RFC 3339 time; empty when it is one. */
static struct str
decode_time_problem(struct arena *arena, struct str text, bool is_micro)
{
    const char *layout =
        is_micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
    size_t at = 0;
    int64_t wall_us = 0;
    const char *wanted = decode_time_element(text, is_micro, &at);
    if (wanted == NULL && clock_parse(text, &wall_us) == 0) {
        return (struct str){ 0 };
    }
    if (wanted == NULL) {
        return arena_printf(arena, "parsing time \"" STR_FMT "\": day out of range", STR_ARG(text));
    }
    return arena_printf(
        arena, "parsing time \"" STR_FMT "\" as \"%s\": cannot parse \"" STR_FMT "\" as \"%s\"",
        STR_ARG(text), layout, (int)(text.size - at), text.at + at, wanted);
}

static void
decode_duration(struct decode_walk *walk, struct val v, const struct decode_at *at)
{
    char text[DURATION_TEXT_SIZE];
    int64_t ns = 0;
    if (val_type(v) != DOC_STRING) {
        decode_mismatch(walk, v, at, "string", true);
    } else if (duration_parse(val_str(v), &ns) < 0) {
        decode_fault(walk, v, true, "time: invalid duration \"" STR_FMT "\"", STR_ARG(val_str(v)));
    }
    jw_str(walk->out, duration_text(ns, text));
}

static void
decode_strings(struct decode_walk *walk, struct val v, const struct decode_at *at)
{
    static const struct field text = { .json = "", .type = FIELD_STRING };
    struct decode_at item = { .up = at, .index = 0 };
    if (val_type(v) != DOC_ARRAY) {
        decode_mismatch(walk, v, at, "v1.ExtraValue", false);
        jw_null(walk->out);
        return;
    }
    jw_arr(walk->out);
    VAL_EACH (it, v) {
        if (val_type(it.value) == DOC_NULL) {
            jw_strz(walk->out, "");
        } else {
            decode_text(walk, &text, it.value, &item);
        }
        item.index++;
    }
    jw_end(walk->out);
}
