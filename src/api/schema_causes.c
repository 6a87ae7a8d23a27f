/* Field errors: where, what, and the 422 that they make, in apimachinery's words.
 *
 * Called by checks while they walk an object (validate.c) and by whoever answers 422. Pure, any
 * thread; memory comes from the causes' arena. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/quote.h"
#include "api/registry.h"
#include "api/schema.h"
#include "base/arena.h"
#include "base/err.h"

enum { CAUSES_MAX = 1000 };

static const struct {
    const char *reason, *text;
    bool has_value;
} causes_words[] = {
    [CAUSE_REQUIRED] = { "FieldValueRequired", "Required value", false },
    [CAUSE_INVALID] = { "FieldValueInvalid", "Invalid value", true },
    [CAUSE_DUPLICATE] = { "FieldValueDuplicate", "Duplicate value", true },
    [CAUSE_NOT_FOUND] = { "FieldValueNotFound", "Not found", true },
    [CAUSE_NOT_SUPPORTED] = { "FieldValueNotSupported", "Unsupported value", true },
    [CAUSE_FORBIDDEN] = { "FieldValueForbidden", "Forbidden", false },
    [CAUSE_TOO_LONG] = { "FieldValueTooLong", "Too long", false },
    [CAUSE_TOO_MANY] = { "FieldValueTooMany", "Too many", true },
    [CAUSE_TYPE] = { "FieldValueTypeInvalid", "Invalid value", true },
    [CAUSE_INTERNAL] = { "InternalError", "Internal error", false },
};

static void causes_put(struct causes *causes, const struct cause *cause);
static struct str causes_where(const struct causes *causes, const struct field_path *path,
                               const char *dotted);
static struct str causes_detail(const struct causes *causes, const char *format, va_list args);
static struct str causes_body(const struct cause *cause, struct arena *arena);
static void field_path_put(const struct field_path *path, struct str_builder *out);

struct str
field_path_text(const struct field_path *path, struct arena *arena)
{
    AUTO_STR struct str_builder out = { 0 };
    field_path_put(path, &out);
    return arena_dup(arena, str_view(&out));
}

void
causes_add(struct causes *causes, enum cause_kind kind, const struct field_path *path,
           const char *dotted, struct val value, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct str text = causes_detail(causes, detail, args);
    va_end(args);
    /* What is not there is Go's empty string; causes_add_json has the other zeros. */
    struct str raw =
        val_type(value) == DOC_STRING ? quote_go(val_str(value), causes->arena) : val_raw(value);
    causes_put(causes, &(struct cause){
                           .kind = kind,
                           .path = causes_where(causes, path, dotted),
                           .value = raw.at == NULL ? STR("\"\"") : raw,
                           .detail = text,
                       });
}

void
causes_add_text(struct causes *causes, enum cause_kind kind, const struct field_path *path,
                const char *dotted, struct str text, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct str why = causes_detail(causes, detail, args);
    va_end(args);
    causes_put(causes, &(struct cause){
                           .kind = kind,
                           .path = causes_where(causes, path, dotted),
                           .value = quote_go(text, causes->arena),
                           .detail = why,
                       });
}

void
causes_add_json(struct causes *causes, enum cause_kind kind, const struct field_path *path,
                const char *dotted, struct str json, const char *detail, ...)
{
    va_list args;
    va_start(args, detail);
    struct str why = causes_detail(causes, detail, args);
    va_end(args);
    causes_put(causes, &(struct cause){
                           .kind = kind,
                           .path = causes_where(causes, path, dotted),
                           .value = json.at == NULL ? STR("null") : json,
                           .detail = why,
                       });
}

void
causes_add_enum(struct causes *causes, const struct field_path *path, const char *dotted,
                struct val value, const char *const *supported)
{
    AUTO_STR struct str_builder list = { 0 };
    for (size_t i = 0; supported[i] != NULL; i++) {
        str_putf(&list, "%s\"%s\"", i == 0 ? "" : ", ", supported[i]);
    }
    if (val_is(value)) {
        causes_add(causes, CAUSE_NOT_SUPPORTED, path, dotted, value, "supported values: " STR_FMT,
                   STR_ARG(str_view(&list)));
    } else {
        causes_add_text(causes, CAUSE_NOT_SUPPORTED, path, dotted, STR(""),
                        "supported values: " STR_FMT, STR_ARG(str_view(&list)));
    }
}

struct str
causes_text(const struct causes *causes)
{
    /* Each different text once, in brackets when there are several. */
    AUTO_STR struct str_builder list = { 0 };
    struct str *bodies = arena_array(causes->arena, causes->len, sizeof(*bodies));
    size_t told = 0;
    for (size_t i = 0; i < causes->len; i++) {
        bodies[i] = causes_body(&causes->at[i], causes->arena);
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++) {
            seen = str_eq(causes->at[k].path, causes->at[i].path) && str_eq(bodies[k], bodies[i]);
        }
        if (!seen) {
            str_putf(&list, "%s" STR_FMT ": " STR_FMT, told == 0 ? "" : ", ",
                     STR_ARG(causes->at[i].path), STR_ARG(bodies[i]));
            told++;
        }
    }
    return arena_printf(causes->arena, "%s" STR_FMT "%s", told > 1 ? "[" : "",
                        STR_ARG(str_view(&list)), told > 1 ? "]" : "");
}

int
causes_err(const struct causes *causes, const struct resource *resource, struct str name,
           struct err **err)
{
    if (causes->len == 0) {
        return 0;
    }
    /* A kind of two groups is named by the one that is stored. */
    const char *group = resource->storage != NULL ? resource->storage->group : resource->group;
    bool is_core = group[0] == '\0';
    AUTO_FREE char *named = str_dup(name);
    struct str quoted = quote_go(name, causes->arena);
    (void)err_set(err, ERR_INVALID, "%s%s%s " STR_FMT " is invalid: " STR_FMT, resource->kind,
                  is_core ? "" : ".", group, STR_ARG(quoted), STR_ARG(causes_text(causes)));
    (void)err_details(err, group, resource->kind, named);
    for (size_t i = 0; i < causes->len; i++) {
        AUTO_FREE char *path = str_dup(causes->at[i].path);
        err_cause(*err, causes_words[causes->at[i].kind].reason, path, STR_FMT,
                  STR_ARG(causes_body(&causes->at[i], causes->arena)));
    }
    return -1;
}

/* ---- parts ---- */

static void
causes_put(struct causes *causes, const struct cause *cause)
{
    if (causes->len == CAUSES_MAX) {
        return;
    }
    if (causes->len == causes->capacity) {
        size_t capacity = causes->capacity == 0 ? 8 : causes->capacity * 2;
        causes->at = arena_grow(causes->arena, causes->at, causes->capacity * sizeof(*causes->at),
                                capacity * sizeof(*causes->at));
        causes->capacity = capacity;
    }
    causes->at[causes->len++] = *cause;
}

static struct str
causes_where(const struct causes *causes, const struct field_path *path, const char *dotted)
{
    AUTO_STR struct str_builder out = { 0 };
    field_path_put(path, &out);
    if (dotted != NULL && dotted[0] != '\0') {
        str_putf(&out, "%s%s", out.size == 0 || dotted[0] == '[' ? "" : ".", dotted);
    }
    if (out.size == 0) {
        return STR("<nil>"); /* field.Path's String of no path */
    }
    return arena_dup(causes->arena, str_view(&out));
}

static struct str
causes_detail(const struct causes *causes, const char *format, va_list args)
{
    if (format == NULL) {
        return (struct str){ 0 };
    }
    AUTO_STR struct str_builder out = { 0 };
    str_vputf(&out, format, args);
    return arena_dup(causes->arena, str_view(&out));
}

static struct str
causes_body(const struct cause *cause, struct arena *arena)
{
    const char *text = causes_words[cause->kind].text;
    /* No bytes at all: upstream's OmitValueType. */
    bool has_value = causes_words[cause->kind].has_value && cause->value.size > 0;
    bool has_detail = cause->detail.size > 0;
    return arena_printf(arena, "%s%s" STR_FMT "%s" STR_FMT, text, has_value ? ": " : "",
                        STR_ARG(has_value ? cause->value : STR("")), has_detail ? ": " : "",
                        STR_ARG(cause->detail));
}

static void
field_path_put(const struct field_path *path, struct str_builder *out)
{
    if (path == NULL) {
        return;
    }
    field_path_put(path->up, out);
    if (path->name != NULL) {
        str_putf(out, "%s%s", out->size == 0 ? "" : ".", path->name);
    } else if (path->index >= 0) {
        str_putf(out, "[%lld]", (long long)path->index);
    } else if (path->key.at != NULL) {
        str_putf(out, "[" STR_FMT "]", STR_ARG(path->key));
    }
}
