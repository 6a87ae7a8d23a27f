/* managedFields entries: decoding, identity, folding of old ones, encoding in upstream's order.
 *
 * Follows apimachinery/pkg/util/managedfields/internal (release 1.35): managedfields.go,
 * capmanagers.go. Called by managed.c and managed_apply.c. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/fieldset.h"
#include "api/managed_priv.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

static int
read_entry(struct arena *arena, struct val v, struct manager *ret, struct err **err)
{
    struct str operation = val_str(val_get(v, "operation"));
    bool is_apply = str_is(operation, "Apply");
    if (!is_apply && !str_is(operation, "Update")) {
        return err_set(err, ERR_BAD_REQUEST, "invalid operation \"" STR_FMT "\"",
                       STR_ARG(operation));
    }
    struct str format = val_str(val_get(v, "fieldsType"));
    if (!str_is(format, "FieldsV1")) {
        return err_set(err, ERR_BAD_REQUEST, "invalid fieldsType \"" STR_FMT "\"", STR_ARG(format));
    }
    *ret = (struct manager){
        .name = val_str(val_get(v, "manager")),
        .api_version = val_str(val_get(v, "apiVersion")),
        .subresource = val_str(val_get(v, "subresource")),
        .time = val_str(val_get(v, "time")),
        .is_apply = is_apply,
    };
    struct val fields = val_get(v, "fieldsV1");
    if (!val_is(fields)) {
        ret->set = fieldset_new(arena);
        return 0;
    }
    return fieldset_from_json(arena, fields, &ret->set, err);
}

int
managed_read(struct arena *arena, struct val object, struct managers *ret, struct err **err)
{
    *ret = (struct managers){ .arena = arena };
    VAL_EACH (it, val_at(object, "metadata.managedFields")) {
        struct manager manager;
        if (read_entry(arena, it.value, &manager, err) < 0) {
            return -1;
        }
        (void)managed_add(ret, &manager);
    }
    return 0;
}

struct manager *
managed_add(struct managers *managers, const struct manager *manager)
{
    if (managers->len == managers->capacity) {
        size_t capacity = managers->capacity == 0 ? 8 : managers->capacity * 2;
        managers->at =
            arena_grow(managers->arena, managers->at, managers->capacity * sizeof(managers->at[0]),
                       capacity * sizeof(managers->at[0]));
        managers->capacity = capacity;
    }
    managers->at[managers->len] = *manager;
    return &managers->at[managers->len++];
}

struct manager *
managed_find(struct managers *managers, const struct manager *like)
{
    for (size_t i = 0; i < managers->len; i++) {
        struct manager *m = &managers->at[i];
        if (m->is_apply == like->is_apply && str_eq(m->name, like->name) &&
            str_eq(m->subresource, like->subresource) &&
            (m->is_apply || str_eq(m->api_version, like->api_version))) {
            return m;
        }
    }
    return NULL;
}

static void
drop(struct managers *managers, size_t i)
{
    managers->len--;
    memmove(&managers->at[i], &managers->at[i + 1], (managers->len - i) * sizeof(managers->at[0]));
}

void
managed_drop_empty(struct managers *managers)
{
    for (size_t i = managers->len; i-- > 0;) {
        if (fieldset_is_empty(managers->at[i].set)) {
            drop(managers, i);
        }
    }
}

/* ---- folding ---- */

static int
by_age(const void *a, const void *b)
{
    const struct manager *x = a, *y = b;
    if (x->is_apply != y->is_apply) {
        return x->is_apply ? 1 : -1; /* updaters first */
    }
    int order = str_cmp(x->time, y->time);
    return order != 0 ? order : str_cmp(x->name, y->name);
}

static struct manager *
ancient(struct managers *managers, struct str api_version)
{
    struct manager like = { .name = STR("ancient-changes"), .api_version = api_version };
    return managed_find(managers, &like);
}

/* The oldest updater and the next one of the same version become one. */
static bool
fold_oldest(struct managers *managers, size_t updaters)
{
    for (size_t i = 0; i < updaters; i++) {
        struct manager *first = &managers->at[i], *bucket = ancient(managers, first->api_version);
        for (size_t j = i + 1; j < updaters; j++) {
            struct manager *next = &managers->at[j];
            if (next == bucket || !str_eq(next->api_version, first->api_version)) {
                continue;
            }
            if (bucket == NULL) {
                first->name = STR("ancient-changes");
                first->subresource = (struct str){ 0 };
                bucket = first;
            }
            struct manager *from = bucket == first ? next : first;
            bucket->set = fieldset_union(managers->arena, bucket->set, from->set);
            bucket->time = from->time;
            drop(managers, (size_t)(from - managers->at));
            return true;
        }
    }
    return false;
}

void
managed_cap(struct managers *managers)
{
    for (;;) {
        size_t updaters = 0;
        for (size_t i = 0; i < managers->len; i++) {
            updaters += managers->at[i].is_apply ? 0 : 1;
        }
        if (updaters <= MANAGED_MAX_UPDATERS) {
            return;
        }
        qsort(managers->at, managers->len, sizeof(managers->at[0]), by_age);
        if (!fold_oldest(managers, updaters)) {
            return;
        }
    }
}

/* ---- encoding ---- */

static int
by_rank(const void *a, const void *b)
{
    const struct manager *x = a, *y = b;
    if (x->is_apply != y->is_apply) {
        return x->is_apply ? -1 : 1;
    }
    int order = str_cmp(x->time, y->time);
    order = order != 0 ? order : str_cmp(x->name, y->name);
    order = order != 0 ? order : str_cmp(x->api_version, y->api_version);
    return order != 0 ? order : str_cmp(x->subresource, y->subresource);
}

static struct str
entries_json(struct managers *managers)
{
    qsort(managers->at, managers->len, sizeof(managers->at[0]), by_rank);
    struct jw w;
    jw_init(&w, managers->arena);
    jw_arr(&w);
    for (size_t i = 0; i < managers->len; i++) {
        const struct manager *m = &managers->at[i];
        jw_obj(&w);
        jw_kv(&w, "manager", m->name);
        jw_kvz(&w, "operation", m->is_apply ? "Apply" : "Update");
        jw_kv(&w, "apiVersion", m->api_version);
        jw_kv(&w, "time", m->time);
        jw_kvz(&w, "fieldsType", "FieldsV1");
        jw_keyz(&w, "fieldsV1");
        fieldset_to_json(m->set, &w);
        jw_kv(&w, "subresource", m->subresource);
        jw_end(&w);
    }
    jw_end(&w);
    return jw_done(&w);
}

int
managed_write(struct managers *managers, const struct doc *object, struct doc **ret,
              struct err **err)
{
    struct edit edit;
    edit_init(&edit, managers->arena);
    if (managers->len == 0) {
        edit_del(&edit, "/metadata/managedFields");
    } else {
        edit_set(&edit, "/metadata/managedFields", entries_json(managers));
    }
    return edit_apply(object, &edit, ret, err);
}
