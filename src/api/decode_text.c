/* What decoding says when something is wrong: Go's errors and the findings of strict decoding.
 *
 * Called by the walk; pure, any thread. */
#include "config.h"

#include "api/decode_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "api/quote.h"
#include "base/arena.h"

enum { DECODE_FINDINGS_KEPT = 1000 };

static void decode_put_fields(const struct decode_at *at, struct str_builder *out);
static void decode_put_path(const struct decode_at *at, struct str_builder *out);
static void decode_note(struct decode_walk *walk, struct val v, bool is_fatal, struct str text);

static const char *
decode_value_name(enum doc_type is)
{
    switch (is) {
    case DOC_FALSE:
    case DOC_TRUE:
        return "bool";
    case DOC_NUMBER:
        return "number";
    case DOC_STRING:
        return "string";
    case DOC_OBJECT:
        return "object";
    case DOC_ARRAY:
        return "array";
    case DOC_ABSENT:
    case DOC_NULL:
        break;
    }
    return "null";
}

/* The words of DefaultUnstructuredConverter.FromUnstructured for the same. */
static void
decode_put_unconverted(struct str_builder *out, struct val v, const struct decode_at *at,
                       const char *go)
{
    static const char *const kinds[] = {
        [DOC_ABSENT] = "invalid", [DOC_NULL] = "invalid", [DOC_FALSE] = "bool",
        [DOC_TRUE] = "bool",      [DOC_NUMBER] = "int64", [DOC_STRING] = "string",
        [DOC_OBJECT] = "map",     [DOC_ARRAY] = "slice",
    };
    static const char *const scalars[] = {
        [FIELD_STRING] = "string", [FIELD_BOOL] = "bool",      [FIELD_INT32] = "int32",
        [FIELD_INT64] = "int64",   [FIELD_DOUBLE] = "float64",
    };
    const char *got = kinds[val_type(v)];
    bool is_float =
        val_type(v) == DOC_NUMBER && memchr(val_raw(v).at, '.', val_raw(v).size) != NULL;
    while (at != NULL && at->slot == NULL) {
        at = at->up;
    }
    size_t type = at == NULL ? FIELD_OBJECT : at->slot->field->type;
    got = is_float ? "float64" : got;
    if (strncmp(go, "map[", 4) == 0) {
        str_putf(out, "cannot restore map from %s", got);
    } else if (strncmp(go, "[]", 2) == 0) {
        str_putf(out, "cannot restore slice from %s", got);
    } else if (type >= ARRAY_LEN(scalars)) {
        str_putf(out, "cannot restore struct from: %s", got);
    } else if (val_type(v) == DOC_NUMBER && type != FIELD_BOOL) {
        str_putf(out, "cannot convert %s to %s", got, scalars[type]);
    } else {
        str_putf(out, "unrecognized type: %s", scalars[type]);
    }
}

void
decode_mismatch(struct decode_walk *walk, struct val v, const struct decode_at *at, const char *go,
                bool is_fatal)
{
    AUTO_STR struct str_builder out = { 0 };
    if (walk->is_unstructured && !is_fatal) {
        decode_put_unconverted(&out, v, at, go);
        decode_note(walk, v, is_fatal, arena_dup(walk->arena, str_view(&out)));
        return;
    }
    str_putf(&out, "json: cannot unmarshal %s", decode_value_name(val_type(v)));
    if (val_type(v) == DOC_NUMBER && (strstr(go, "int") == go || strstr(go, "float") == go)) {
        str_putf(&out, " " STR_FMT, STR_ARG(val_raw(v)));
    }
    const struct decode_at *member = at;
    while (member != NULL && member->slot == NULL) {
        member = member->up;
    }
    if (member != NULL) {
        const char *dot = strrchr(member->type->name, '.');
        str_putf(&out, " into Go struct field %s.", dot == NULL ? member->type->name : dot + 1);
        decode_put_fields(at, &out);
    } else {
        str_putz(&out, " into Go value");
    }
    str_putf(&out, " of type %s", go);
    decode_note(walk, v, is_fatal, arena_dup(walk->arena, str_view(&out)));
}

void
decode_fault(struct decode_walk *walk, struct val v, bool is_fatal, const char *format, ...)
{
    AUTO_STR struct str_builder out = { 0 };
    va_list args;
    va_start(args, format);
    str_vputf(&out, format, args);
    va_end(args);
    decode_note(walk, v, is_fatal, arena_dup(walk->arena, str_view(&out)));
}

void
decode_find(struct decode_walk *walk, struct val v, const struct decode_at *at, const char *what,
            struct str name)
{
    AUTO_STR struct str_builder path = { 0 };
    decode_put_path(at, &path);
    if (at != NULL) {
        str_putc(&path, '.');
    }
    str_put(&path, name);
    struct str quoted = quote_go(str_view(&path), walk->arena);
    decode_add_finding(walk, v.at,
                       arena_printf(walk->arena, "%s field " STR_FMT, what, STR_ARG(quoted)));
}

void
decode_add_finding(struct decode_walk *walk, uint32_t node, struct str text)
{
    if (walk->finding_len == DECODE_FINDINGS_KEPT) {
        return;
    }
    if (walk->finding_len == walk->finding_capacity) {
        size_t capacity = walk->finding_capacity == 0 ? 8 : walk->finding_capacity * 2;
        walk->findings = arena_grow(walk->arena, walk->findings,
                                    walk->finding_capacity * sizeof(*walk->findings),
                                    capacity * sizeof(*walk->findings));
        walk->finding_capacity = capacity;
    }
    walk->findings[walk->finding_len++] = (struct decode_finding){ node, text };
}

static int
decode_finding_cmp(const void *a, const void *b)
{
    const struct decode_finding *left = a, *right = b;
    return left->node < right->node ? -1 : left->node > right->node;
}

void
decode_sort_findings(struct decode_walk *walk)
{
    if (walk->finding_len < 2) {
        return;
    }
    qsort(walk->findings, walk->finding_len, sizeof(*walk->findings), decode_finding_cmp);
    size_t kept = 0;
    for (size_t i = 0; i < walk->finding_len; i++) {
        bool seen = false;
        for (size_t k = 0; k < kept && !seen; k++) {
            seen = str_eq(walk->findings[k].text, walk->findings[i].text);
        }
        if (!seen) {
            walk->findings[kept++] = walk->findings[i];
        }
    }
    walk->finding_len = kept;
}

struct str
decode_go_type(const struct decode_walk *walk, const struct field *field)
{
    static const char *const names[] = {
        [FIELD_STRING] = "string",
        [FIELD_BOOL] = "bool",
        [FIELD_INT32] = "int32",
        [FIELD_INT64] = "int64",
        [FIELD_DOUBLE] = "float64",
        [FIELD_BYTES] = "[]uint8",
        [FIELD_QUANTITY] = "resource.Quantity",
        [FIELD_TIME] = "v1.Time",
        [FIELD_MICROTIME] = "v1.MicroTime",
        [FIELD_DURATION] = "v1.Duration",
        [FIELD_INT_OR_STRING] = "intstr.IntOrString",
        [FIELD_RAW] = "runtime.RawExtension",
        [FIELD_FIELDS_V1] = "v1.FieldsV1",
        [FIELD_ANY] = "v1.JSON",
        [FIELD_STRINGS] = "v1.ExtraValue",
        [FIELD_OBJECT] = "",
        [FIELD_SCHEMA_OR_BOOL] = "v1.JSONSchemaPropsOrBool",
        [FIELD_SCHEMA_OR_LIST] = "v1.JSONSchemaPropsOrArray",
        [FIELD_SCHEMA_OR_STRINGS] = "v1.JSONSchemaPropsOrStringArray",
    };
    if (field->go != NULL) {
        return str_of(field->go);
    }
    const char *name = names[field->type];
    if (field->type == FIELD_OBJECT) {
        const char *slash = strchr(field->of->name, '/');
        name = slash == NULL ? field->of->name : slash + 1;
    }
    const char *prefix = field->card == CARD_LIST  ? "[]"
                         : field->card == CARD_MAP ? "map[string]"
                                                   : "";
    return arena_printf(walk->arena, "%s%s", prefix, name);
}

/* A fatal error ends Go's decoding, so it beats the ones that are saved up; within a kind the first
 * one in the document counts. */
static void
decode_note(struct decode_walk *walk, struct val v, bool is_fatal, struct str text)
{
    bool is_better = walk->fault.size == 0 || (is_fatal && !walk->is_fatal) ||
                     (is_fatal == walk->is_fatal && v.at < walk->fault_node);
    if (is_better) {
        walk->fault = text;
        walk->fault_node = v.at;
        walk->is_fatal = is_fatal;
    }
}

/* "metadata.labels": member names only, embedded structs by their Go names. */
static void
decode_put_fields(const struct decode_at *at, struct str_builder *out)
{
    if (at == NULL) {
        return;
    }
    decode_put_fields(at->up, out);
    if (at->slot != NULL) {
        bool is_first = out->size == 0 || out->at[out->size - 1] == '.';
        str_putf(out, "%s%s%s", is_first ? "" : ".", at->slot->via, at->slot->field->json);
    }
}

/* "spec.ports[0].name", map keys as members. */
static void
decode_put_path(const struct decode_at *at, struct str_builder *out)
{
    if (at == NULL) {
        return;
    }
    decode_put_path(at->up, out);
    if (at->slot != NULL) {
        str_putf(out, "%s%s", out->size == 0 ? "" : ".", at->slot->field->json);
    } else if (at->index >= 0) {
        str_putf(out, "[%lld]", (long long)at->index);
    } else {
        str_putf(out, "%s" STR_FMT, out->size == 0 ? "" : ".", STR_ARG(at->key));
    }
}
