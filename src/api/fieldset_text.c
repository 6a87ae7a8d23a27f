/* Field sets as FieldsV1 JSON and as paths that people read.  Pure; any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "api/fieldset.h"

#include "api/fieldset_priv.h"
#include "base/arena.h"
#include "base/err.h"

static const char prefixes[] = {
    [ELEM_FIELD] = 'f', [ELEM_KEY] = 'k', [ELEM_VALUE] = 'v', [ELEM_INDEX] = 'i'
};

/* ---- FieldsV1 ---- */

static int read_set(struct arena *arena, struct val v, struct fieldset **ret, struct err **err);

static int
read_elem(struct str text, struct elem *ret, struct err **err)
{
    for (size_t kind = 0; kind < sizeof(prefixes); kind++) {
        if (text.size >= 2 && text.at[0] == prefixes[kind] && text.at[1] == ':') {
            *ret = (struct elem){ (enum elem_kind)kind, str_slice(text.at + 2, text.size - 2) };
            return 0;
        }
    }
    return err_set(err, ERR_BAD_REQUEST, "invalid path element \"" STR_FMT "\"", STR_ARG(text));
}

static int
read_entry(struct arena *arena, struct fieldset *out, struct str key, struct val v,
           struct err **err)
{
    struct elem elem;
    struct fieldset *children;
    if (read_elem(key, &elem, err) < 0 || read_set(arena, v, &children, err) < 0) {
        return -1;
    }
    elem.text = arena_dup(arena, elem.text);
    struct fieldset_entry *e = fieldset_entry(arena, out, elem);
    e->is_member = val_len(v) == 0 || val_is(val_get(v, "."));
    e->children = fieldset_is_empty(children) ? NULL : children;
    return 0;
}

static int
read_set(struct arena *arena, struct val v, struct fieldset **ret, struct err **err)
{
    if (val_type(v) != DOC_OBJECT) {
        return err_set(err, ERR_BAD_REQUEST, "fieldsV1: expected an object");
    }
    struct fieldset *out = fieldset_new(arena);
    VAL_EACH (it, v) {
        if (!str_is(it.key, ".") && read_entry(arena, out, it.key, it.value, err) < 0) {
            return -1;
        }
    }
    *ret = out;
    return 0;
}

int
fieldset_from_json(struct arena *arena, struct val fields_v1, struct fieldset **ret,
                   struct err **err)
{
    return read_set(arena, fields_v1, ret, err);
}

static void
write_set(const struct fieldset *set, bool has_self, struct jw *out)
{
    jw_obj(out);
    if (has_self && !fieldset_is_empty(set)) {
        jw_keyz(out, ".");
        jw_obj(out);
        jw_end(out);
    }
    for (size_t i = 0; set != NULL && i < set->len; i++) {
        const struct fieldset_entry *e = &set->at[i];
        struct str_builder key = { 0 };
        str_putc(&key, prefixes[e->elem.kind]);
        str_putc(&key, ':');
        str_put(&key, e->elem.text);
        jw_key(out, str_view(&key));
        str_done(&key);
        write_set(e->children, e->is_member, out);
    }
    jw_end(out);
}

void
fieldset_to_json(const struct fieldset *set, struct jw *out)
{
    write_set(set, false, out);
}

/* ---- paths for people: fieldpath.Path.String ---- */

struct visit {
    void (*each)(void *ctx, struct str path);
    void *ctx;
    struct arena *arena;
};

void
fieldset_put_elem(struct str_builder *path, const struct elem *elem, struct arena *arena)
{
    if (elem->kind == ELEM_FIELD) {
        str_putf(path, "." STR_FMT, STR_ARG(elem->text));
        return;
    }
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = elem->kind == ELEM_KEY ? doc_parse(arena, elem->text, &err) : NULL;
    if (doc == NULL) {
        str_putf(path, elem->kind == ELEM_INDEX ? "[" STR_FMT "]" : "[=" STR_FMT "]",
                 STR_ARG(elem->text));
        return;
    }
    char separator = '[';
    VAL_EACH (it, doc_root(doc)) {
        str_putc(path, separator);
        str_putf(path, STR_FMT "=" STR_FMT, STR_ARG(it.key), STR_ARG(val_raw(it.value)));
        separator = ',';
    }
    str_putc(path, ']');
}

static void
visit_set(const struct visit *v, const struct fieldset *set, struct str_builder *path)
{
    for (size_t i = 0; set != NULL && i < set->len; i++) {
        size_t size = path->size;
        fieldset_put_elem(path, &set->at[i].elem, v->arena);
        if (set->at[i].is_member) {
            v->each(v->ctx, arena_dup(v->arena, str_view(path)));
        }
        visit_set(v, set->at[i].children, path);
        path->size = size;
    }
}

void
fieldset_each(const struct fieldset *set, void (*each)(void *ctx, struct str path), void *ctx,
              struct arena *arena)
{
    struct visit v = { each, ctx, arena };
    AUTO_STR struct str_builder path = { 0 };
    visit_set(&v, set, &path);
}
