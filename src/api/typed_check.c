/* What structured-merge-diff refuses when it types an applied value.  Called by managed_apply.c.
 *
 * Messages are those of typed/validate.go and typed/helpers.go (v6). */
#include "config.h" /* IWYU pragma: keep */

#include "api/fieldset.h"
#include "api/quote.h"
#include "api/ref.h"
#include "api/typed.h"
#include "base/arena.h"
#include "base/err.h"

struct place {
    const struct place *up;
    struct elem elem;
};
struct check_run {
    struct arena *arena;
    struct err **err;
};

static bool check_value(const struct check_run *run, struct ref ref, struct val v,
                        const struct place *at);

static void
put_place(const struct check_run *run, const struct place *at, struct str_builder *out)
{
    if (at == NULL) {
        return;
    }
    put_place(run, at->up, out);
    fieldset_put_elem(out, &at->elem, run->arena);
}

static bool
refuse(const struct check_run *run, const struct place *at, struct str what)
{
    AUTO_STR struct str_builder path = { 0 };
    put_place(run, at, &path);
    (void)err_set(run->err, ERR_UNKNOWN, STR_FMT ": " STR_FMT, STR_ARG(str_view(&path)),
                  STR_ARG(what));
    return false;
}

/* A value as Go's %#v prints it. */
static void
put_go(struct str_builder *out, struct val v, int depth)
{
    bool is_map = val_type(v) == DOC_OBJECT;
    if ((!is_map && val_type(v) != DOC_ARRAY) || depth == DOC_MAX_DEPTH) {
        str_put(out, val_type(v) == DOC_NULL ? STR("interface {}(nil)") : val_raw(v));
        return;
    }
    str_putz(out, is_map ? "map[string]interface {}{" : "[]interface {}{");
    const char *before = "";
    VAL_EACH (it, v) {
        str_putz(out, before);
        if (is_map) {
            str_putf(out, "\"" STR_FMT "\":", STR_ARG(it.key));
        }
        put_go(out, it.value, depth + 1);
        before = ", ";
    }
    str_putc(out, '}');
}

/* How structured-merge-diff prints what it got instead: %#v, %T, or %v of its own box. */
enum got { GOT_SOURCE, GOT_TYPE, GOT_VALUE };

static bool
expected(const struct check_run *run, const struct place *at, const char *what, enum got got,
         struct val v)
{
    static const char *const types[] = {
        [DOC_ABSENT] = "<nil>",
        [DOC_NULL] = "<nil>",
        [DOC_FALSE] = "bool",
        [DOC_TRUE] = "bool",
        [DOC_NUMBER] = "float64",
        [DOC_STRING] = "string",
        [DOC_OBJECT] = "map[string]interface {}",
        [DOC_ARRAY] = "[]interface {}",
    };
    AUTO_STR struct str_builder text = { 0 };
    str_putf(&text, "expected %s, got ", what);
    switch (got) {
    case GOT_SOURCE:
        str_putz(&text, "&value.valueUnstructured{Value:");
        put_go(&text, v, 0);
        str_putc(&text, '}');
        break;
    case GOT_TYPE:
        str_putz(&text, types[val_type(v)]);
        break;
    case GOT_VALUE:
        str_putf(&text, "&{" STR_FMT "}", STR_ARG(quote_go_value(v, run->arena)));
        break;
    }
    return refuse(run, at, str_view(&text));
}

static bool
check_scalar(const struct check_run *run, const struct field *field, struct val v,
             const struct place *at)
{
    enum doc_type type = val_type(v);
    bool is_string = type == DOC_STRING, is_number = type == DOC_NUMBER;
    bool is_bool = type == DOC_TRUE || type == DOC_FALSE;
    switch ((enum field_type)field->type) {
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_TIME:
    case FIELD_MICROTIME:
    case FIELD_DURATION:
        return is_string || expected(run, at, "string", GOT_SOURCE, v);
    case FIELD_BOOL:
        return is_bool || expected(run, at, "boolean", GOT_VALUE, v);
    case FIELD_INT32:
    case FIELD_INT64:
    case FIELD_DOUBLE:
        return is_number || expected(run, at, "numeric (int or float)", GOT_TYPE, v);
    case FIELD_QUANTITY:
    case FIELD_INT_OR_STRING:
    case FIELD_RAW:
    case FIELD_FIELDS_V1:
    case FIELD_ANY:
    case FIELD_STRINGS:
    case FIELD_SCHEMA_OR_BOOL:
    case FIELD_SCHEMA_OR_LIST:
    case FIELD_SCHEMA_OR_STRINGS:
    case FIELD_OBJECT:
        break;
    }
    return true; /* untyped in the schema */
}

static bool
check_members(const struct check_run *run, struct ref ref, struct val v, const struct place *at)
{
    bool has_rows = ref_shape(ref) != SHAPE_MAP && ref.type != NULL && !ref.type->preserve;
    VAL_EACH (it, v) {
        struct place below = { at, { ELEM_FIELD, it.key } };
        if (has_rows && type_field(ref.type, it.key) == NULL) {
            return refuse(run, &below, STR("field not declared in schema"));
        }
        if (!check_value(run, ref_member(ref, it.key), it.value, &below)) {
            return false;
        }
    }
    return true;
}

static bool
refuse_twice(const struct check_run *run, const struct place *at, const struct elem *elem)
{
    AUTO_STR struct str_builder key = { 0 };
    fieldset_put_elem(&key, elem, run->arena);
    return refuse(
        run, at,
        arena_printf(run->arena, "duplicate entries for key " STR_FMT, STR_ARG(str_view(&key))));
}

static const struct elem *
first_twice(const struct check_run *run, struct val v, const struct children *distinct,
            struct ref ref)
{
    size_t i = 0;
    VAL_EACH (it, v) {
        struct elem elem = ref_elem(run->arena, ref, it.value);
        for (size_t c = 0; c < distinct->len; c++) {
            if (fieldset_elem_cmp(&distinct->at[c].elem, &elem) == 0 &&
                distinct->at[c].place != i) {
                return &distinct->at[c].elem;
            }
        }
        i++;
    }
    return NULL;
}

static bool
check_items(const struct check_run *run, struct ref ref, struct val v, const struct place *at)
{
    struct children children = ref_children(run->arena, ref, v);
    if (children.len != val_len(v)) {
        const struct elem *twice = first_twice(run, v, &children, ref);
        return twice == NULL || refuse_twice(run, at, twice);
    }
    for (size_t i = 0; i < children.len; i++) {
        struct place below = { at, children.at[i].elem };
        if (!check_value(run, children.at[i].ref, children.at[i].value, &below)) {
            return false;
        }
    }
    return true;
}

/* Items of a list with one owner are told by their index. */
static bool
check_atomic(const struct check_run *run, struct ref ref, struct val v, const struct place *at)
{
    size_t i = 0;
    VAL_EACH (it, v) {
        struct place below = { at, { ELEM_INDEX, arena_printf(run->arena, "%zu", i++) } };
        if (!check_value(run, ref_item(ref), it.value, &below)) {
            return false;
        }
    }
    return true;
}

static bool
check_value(const struct check_run *run, struct ref ref, struct val v, const struct place *at)
{
    if (val_type(v) == DOC_NULL) {
        return true;
    }
    bool is_list = ref.field != NULL && ref.field->card == CARD_LIST && !ref.is_item;
    bool is_map = ref.field != NULL && ref.field->card == CARD_MAP && !ref.is_item;
    if (is_list) {
        if (val_type(v) != DOC_ARRAY) {
            return expected(run, at, "list", GOT_VALUE, v);
        }
        return ref_shape(ref) == SHAPE_LEAF ? check_atomic(run, ref, v, at)
                                            : check_items(run, ref, v, at);
    }
    if (is_map || ref.type != NULL) {
        if (val_type(v) != DOC_OBJECT) {
            return expected(run, at, "map", GOT_VALUE, v);
        }
        return check_members(run, ref, v, at);
    }
    return ref.field == NULL || check_scalar(run, ref.field, v, at);
}

int
typed_check(struct arena *arena, const struct type *type, struct val v, struct err **err)
{
    struct check_run run = { arena, err };
    return type == NULL || check_value(&run, ref_root(type), v, NULL) ? 0 : -1;
}
