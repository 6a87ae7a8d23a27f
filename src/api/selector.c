/* Label and field selectors: what matches, and their text.
 *
 * Called per request and per watch event; a parsed selector is immutable, any thread reads it.
 * Parsing query text is selector_parse.c. */
#include "config.h"

#include "api/selector.h"

#include <stdlib.h>
#include <string.h>

#include "api/registry.h"
#include "api/schema.h"
#include "api/selector_priv.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/err.h"

static bool selector_value_is_in(const struct selector_need *need, struct str value);
static bool selector_need_matches(const struct selector_need *need, bool has, struct str value);
static struct str selector_field_value(const struct selector_need *need,
                                       const struct object *object, struct arena *arena);

int
selector_from_object(struct arena *arena, struct val label_selector, struct selector **ret,
                     struct err **err)
{
    struct selector *selector = selector_new(arena);
    struct val expressions = val_get(label_selector, "matchExpressions");
    struct val labels = val_get(label_selector, "matchLabels");
    selector->is_nothing = val_type(label_selector) != DOC_OBJECT;
    VAL_EACH (it, labels) {
        struct selector_need need = { .key = arena_dup(arena, it.key), .op = SELECTOR_EQUALS };
        selector_add_value(arena, &need, arena_dup(arena, val_str(it.value)));
        if (selector_check(arena, &need, err) < 0) {
            return -1;
        }
        selector_add(selector, &need);
    }
    VAL_EACH (it, expressions) {
        static const struct {
            const char *name;
            enum selector_op op;
        } operators[] = { { "In", SELECTOR_IN },
                          { "NotIn", SELECTOR_NOT_IN },
                          { "Exists", SELECTOR_EXISTS },
                          { "DoesNotExist", SELECTOR_ABSENT } };
        struct selector_need need = { .key = arena_dup(arena, val_str(val_get(it.value, "key"))) };
        struct str name = val_str(val_get(it.value, "operator"));
        size_t i = 0;
        while (i < sizeof(operators) / sizeof(operators[0]) && !str_is(name, operators[i].name)) {
            i++;
        }
        if (i == sizeof(operators) / sizeof(operators[0])) {
            return err_set(err, ERR_BAD_REQUEST,
                           "\"" STR_FMT "\" is not a valid label selector operator", STR_ARG(name));
        }
        need.op = operators[i].op;
        VAL_EACH (value, val_get(it.value, "values")) {
            selector_add_value(arena, &need, arena_dup(arena, val_str(value.value)));
        }
        if (selector_check(arena, &need, err) < 0) {
            return -1;
        }
        selector_add(selector, &need);
    }
    selector_sort(selector);
    *ret = selector;
    return 0;
}

struct selector *
selector_from_map(struct arena *arena, struct val map)
{
    struct selector *selector = selector_new(arena);
    selector->is_nothing = val_len(map) == 0;
    VAL_EACH (it, map) {
        struct selector_need need = { .key = arena_dup(arena, it.key), .op = SELECTOR_EQUALS };
        selector_add_value(arena, &need, arena_dup(arena, val_str(it.value)));
        selector_add(selector, &need);
    }
    selector_sort(selector);
    return selector;
}

bool
selector_matches_labels(const struct selector *selector, struct labels labels)
{
    if (selector == NULL) {
        return true;
    }
    for (size_t i = 0; i < selector->len; i++) {
        struct str value = labels_get(labels, selector->needs[i].key);
        if (!selector_need_matches(&selector->needs[i], value.at != NULL, value)) {
            return false;
        }
    }
    return !selector->is_nothing;
}

bool
selector_matches_object(const struct selector *selector, const struct object *object)
{
    if (selector == NULL) {
        return true;
    }
    if (!selector->has_fields) {
        return selector_matches_labels(selector, object->labels);
    }
    /* Unequal hashes prove that a value differs; only then nothing has to be read. */
    bool needs_reading = false;
    for (size_t i = 0; i < selector->len; i++) {
        const struct selector_need *need = &selector->needs[i];
        const struct selectable *field = need->field;
        if (field == NULL || field->index == 0) {
            needs_reading = needs_reading || (field != NULL);
            continue;
        }
        if (object->index[field->index - 1] != need->hash) {
            if (need->op == SELECTOR_EQUALS) {
                return false;
            }
        } else {
            needs_reading = true;
        }
    }
    if (needs_reading) {
        object_pin(object);
    }
    AUTO_ARENA struct arena *arena = needs_reading ? arena_new() : NULL;
    bool matches = !selector->is_nothing;
    for (size_t i = 0; i < selector->len && matches; i++) {
        const struct selector_need *need = &selector->needs[i];
        const struct selectable *field = need->field;
        if (field != NULL && field->index != 0 && object->index[field->index - 1] != need->hash) {
            continue; /* a != that the hash has proven */
        }
        struct str value = selector_field_value(need, object, arena);
        matches = selector_need_matches(need, true, value);
    }
    if (needs_reading) {
        object_unpin(object);
    }
    return matches;
}

bool
selector_is_everything(const struct selector *selector)
{
    return selector == NULL || (selector->len == 0 && !selector->is_nothing);
}

struct str
selector_fixed_name(const struct selector *selector)
{
    for (size_t i = 0; selector != NULL && selector->has_fields && i < selector->len; i++) {
        const struct selector_need *need = &selector->needs[i];
        if (need->op == SELECTOR_EQUALS && str_is(need->key, "metadata.name")) {
            return need->values[0];
        }
    }
    return (struct str){ 0 };
}

static int
selector_str_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str
selector_text(const struct selector *selector, struct arena *arena)
{
    static const char *const between[] = {
        [SELECTOR_EQUALS] = "=", [SELECTOR_DOUBLE_EQUALS] = "==", [SELECTOR_NOT_EQUALS] = "!=",
        [SELECTOR_IN] = " in ",  [SELECTOR_NOT_IN] = " notin ",   [SELECTOR_EXISTS] = "",
        [SELECTOR_ABSENT] = "",  [SELECTOR_GREATER] = ">",        [SELECTOR_LESS] = "<",
    };
    AUTO_STR struct str_builder out = { 0 };
    for (size_t i = 0; selector != NULL && i < selector->len; i++) {
        const struct selector_need *need = &selector->needs[i];
        bool is_set = need->op == SELECTOR_IN || need->op == SELECTOR_NOT_IN;
        struct str *values = arena_array(arena, need->len, sizeof(*values));
        for (size_t k = 0; k < need->len; k++) {
            values[k] = need->values[k];
        }
        qsort(values, need->len, sizeof(*values), selector_str_cmp);
        str_putf(&out, "%s%s" STR_FMT "%s%s", i == 0 ? "" : ",",
                 need->op == SELECTOR_ABSENT ? "!" : "", STR_ARG(need->key), between[need->op],
                 is_set ? "(" : "");
        for (size_t k = 0; k < need->len; k++) {
            str_putf(&out, "%s" STR_FMT, k == 0 ? "" : ",", STR_ARG(values[k]));
        }
        str_putz(&out, is_set ? ")" : "");
    }
    return arena_dup(arena, str_view(&out));
}

/* ---- building ---- */

struct selector *
selector_new(struct arena *arena)
{
    struct selector *selector = ARENA_NEW(arena, struct selector);
    selector->arena = arena;
    return selector;
}

void
selector_add(struct selector *selector, const struct selector_need *need)
{
    if (selector->len == selector->capacity) {
        size_t capacity = selector->capacity == 0 ? 4 : selector->capacity * 2;
        selector->needs = arena_grow(selector->arena, selector->needs,
                                     selector->capacity * sizeof(*need), capacity * sizeof(*need));
        selector->capacity = capacity;
    }
    selector->needs[selector->len++] = *need;
}

/* Values are a set. */
void
selector_add_value(struct arena *arena, struct selector_need *need, struct str value)
{
    for (size_t i = 0; i < need->len; i++) {
        if (str_eq(need->values[i], value)) {
            return;
        }
    }
    if (need->len == need->capacity) {
        size_t capacity = need->capacity == 0 ? 2 : need->capacity * 2;
        need->values = arena_grow(arena, need->values, need->capacity * sizeof(*need->values),
                                  capacity * sizeof(*need->values));
        need->capacity = capacity;
    }
    need->values[need->len++] = value.at == NULL ? STR("") : value;
}

void
selector_sort(struct selector *selector)
{
    /* Insertion keeps requirements of one key in their order; there are few. */
    for (size_t i = 1; i < selector->len; i++) {
        struct selector_need need = selector->needs[i];
        size_t k = i;
        for (; k > 0 && str_cmp(selector->needs[k - 1].key, need.key) > 0; k--) {
            selector->needs[k] = selector->needs[k - 1];
        }
        selector->needs[k] = need;
    }
}

static struct str
selector_joined(const struct problems *problems, struct arena *arena)
{
    AUTO_STR struct str_builder out = { 0 };
    for (size_t i = 0; i < problems->len; i++) {
        str_putf(&out, "%s%s", i == 0 ? "" : "; ", problems->at[i]);
    }
    return arena_dup(arena, str_view(&out));
}

/* labels.NewRequirement's rules. */
int
selector_check(struct arena *arena, const struct selector_need *need, struct err **err)
{
    struct causes causes = { .arena = arena };
    struct problems problems = { 0 };
    validate_label_key(need->key, &problems);
    if (problems.len > 0) {
        causes_add_text(&causes, CAUSE_INVALID, NULL, "key", need->key, STR_FMT,
                        STR_ARG(selector_joined(&problems, arena)));
    }
    bool is_order = need->op == SELECTOR_GREATER || need->op == SELECTOR_LESS;
    const char *missing = NULL;
    if ((need->op == SELECTOR_IN || need->op == SELECTOR_NOT_IN) && need->len == 0) {
        missing = "for 'in', 'notin' operators, values set can't be empty";
    } else if (need->op >= SELECTOR_EXISTS && need->op <= SELECTOR_ABSENT && need->len > 0) {
        missing = "values set must be empty for exists and does not exist";
    }
    if (missing != NULL) {
        AUTO_STR struct str_builder values = { 0 };
        for (size_t i = 0; i < need->len; i++) {
            str_putf(&values, "%s\"" STR_FMT "\"", i == 0 ? "" : ",", STR_ARG(need->values[i]));
        }
        struct str json = arena_printf(arena, "[" STR_FMT "]", STR_ARG(str_view(&values)));
        causes_add_json(&causes, CAUSE_INVALID, NULL, "values", json, "%s", missing);
    }
    for (size_t i = 0; i < need->len; i++) {
        int64_t number = 0;
        struct field_path values = { .name = "values", .index = -1 };
        struct field_path item = { .up = &values, .index = (int64_t)i };
        if (is_order && !str_to_int(need->values[i], &number)) {
            causes_add_text(&causes, CAUSE_INVALID, &item, "", need->values[i],
                            "for 'Gt', 'Lt' operators, the value must be an integer");
        }
        problems = (struct problems){ 0 };
        validate_label_text(need->values[i], &problems);
        if (problems.len > 0) {
            struct field_path keyed = { .up = &item, .key = need->key, .index = -1 };
            causes_add_text(&causes, CAUSE_INVALID, &keyed, "", need->values[i], STR_FMT,
                            STR_ARG(selector_joined(&problems, arena)));
        }
    }
    if (causes.len == 0) {
        return 0;
    }
    return err_set(err, ERR_BAD_REQUEST, STR_FMT, STR_ARG(causes_text(&causes)));
}

/* ---- matching ---- */

static bool
selector_value_is_in(const struct selector_need *need, struct str value)
{
    for (size_t i = 0; i < need->len; i++) {
        if (str_eq(need->values[i], value)) {
            return true;
        }
    }
    return false;
}

static bool
selector_need_matches(const struct selector_need *need, bool has, struct str value)
{
    int64_t left = 0, right = 0;
    switch (need->op) {
    case SELECTOR_EQUALS:
    case SELECTOR_DOUBLE_EQUALS:
    case SELECTOR_IN:
        return has && selector_value_is_in(need, value);
    case SELECTOR_NOT_EQUALS:
    case SELECTOR_NOT_IN:
        return !has || !selector_value_is_in(need, value);
    case SELECTOR_EXISTS:
        return has;
    case SELECTOR_ABSENT:
        return !has;
    case SELECTOR_GREATER:
    case SELECTOR_LESS:
        if (!has || !str_to_int(value, &left) || !str_to_int(need->values[0], &right)) {
            return false;
        }
        return need->op == SELECTOR_GREATER ? left > right : left < right;
    }
    return false;
}

static struct str
selector_field_value(const struct selector_need *need, const struct object *object,
                     struct arena *arena)
{
    struct str value = { 0 };
    if (need->field == NULL) {
        return str_is(need->key, "metadata.name") ? object->name : object->ns;
    }
    if (need->field->value != NULL) {
        need->field->value(object_val(object), arena, &value);
        return value;
    }
    struct val v = val_at(object_val(object), need->field->path);
    if (val_type(v) == DOC_STRING) {
        return val_str(v);
    }
    return val_is(v) ? val_raw(v) : STR("");
}
