/* Server-side apply: merge, pruning of what its manager gave up, conflicts.  Called by the patch step.
 *
 * Follows structured-merge-diff's merge/update.go (Apply, prune, addBackOwnedItems,
 * addBackDanglingItems) and apimachinery/pkg/util/managedfields/internal (fieldmanager.go,
 * lastappliedmanager.go, conflict.go), release 1.35. All managers are of the resource's version. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/fieldset.h"
#include "api/managed.h"
#include "api/managed_priv.h"
#include "api/registry.h"
#include "api/typed.h"
#include "base/arena.h"
#include "base/err.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
#define LAST_APPLIED_POINTER "kubectl.kubernetes.io~1last-applied-configuration"

struct apply {
    const struct managed_in *in;
    struct arena *arena;
    const struct type *type;
    struct managers managers;
    struct manager *self;     /* in managers */
    struct fieldset *last;    /* what self owned before, NULL: nothing */
    struct val live, applied; /* without managedFields */
};

static const char never_owned[] =
    "apiVersion,kind,metadata,metadata.name,metadata.namespace,metadata.creationTimestamp,"
    "metadata.selfLink,metadata.uid,metadata.clusterName,metadata.generation,"
    "metadata.managedFields,metadata.resourceVersion";

/* ---- pruning ---- */

static struct val
parse(struct apply *a, struct str json)
{
    struct err *err = NULL;
    return doc_root(doc_parse(a->arena, json, &err)); /* our own text: it parses */
}

static struct fieldset *
named_of(struct apply *a, struct val v)
{
    return typed_named(a->arena, a->type, fieldset_of(a->arena, a->type, v));
}

static struct val
without(struct apply *a, struct val v, const struct fieldset *set)
{
    return parse(a, typed_remove(a->arena, a->type, v, set));
}

static struct val
add_back_owned(struct apply *a, struct val merged, struct val pruned)
{
    struct fieldset *owned = fieldset_new(a->arena);
    for (size_t i = 0; i < a->managers.len; i++) {
        owned = fieldset_union(a->arena, owned, a->managers.at[i].set);
    }
    struct fieldset *stays =
        fieldset_union(a->arena, named_of(a, pruned), typed_named(a->arena, a->type, owned));
    return without(a, merged, fieldset_minus(a->arena, named_of(a, merged), stays));
}

static struct val
add_back_dangling(struct apply *a, struct val merged, struct val pruned)
{
    struct fieldset *gone = fieldset_minus(a->arena, named_of(a, merged), named_of(a, pruned));
    struct fieldset *last = typed_named(a->arena, a->type, a->last);
    return without(a, merged, fieldset_intersect(a->arena, gone, last));
}

static struct val
prune(struct apply *a, struct val merged)
{
    if (fieldset_is_empty(a->last)) {
        return merged;
    }
    struct val pruned = without(a, merged, typed_named(a->arena, a->type, a->last));
    pruned = add_back_owned(a, merged, pruned);
    return add_back_dangling(a, merged, pruned);
}

/* ---- conflicts ---- */

struct conflict {
    const struct manager *manager;
    struct str text; /* the manager, as messages print it */
    struct str path;
};
struct conflicts {
    struct arena *arena;
    const struct manager *manager;
    struct str text;
    struct conflict *at;
    size_t len, capacity;
};

static void
add_conflict(void *ctx, struct str path)
{
    struct conflicts *c = ctx;
    if (c->len == c->capacity) {
        size_t capacity = c->capacity == 0 ? 16 : c->capacity * 2;
        c->at = arena_grow(c->arena, c->at, c->capacity * sizeof(c->at[0]),
                           capacity * sizeof(c->at[0]));
        c->capacity = capacity;
    }
    c->at[c->len++] = (struct conflict){ c->manager, c->text, path };
}

static struct str
manager_text(struct arena *arena, const struct manager *m)
{
    AUTO_STR struct str_builder b = { 0 };
    str_putf(&b, "\"" STR_FMT "\"", STR_ARG(m->name));
    if (m->subresource.size > 0) {
        str_putf(&b, " with subresource \"" STR_FMT "\"", STR_ARG(m->subresource));
    }
    if (!m->is_apply) {
        str_putf(&b, " using " STR_FMT, STR_ARG(m->api_version));
    }
    return arena_dup(arena, str_view(&b));
}

static int
by_manager(const void *a, const void *b)
{
    const struct conflict *x = a, *y = b;
    int order = str_cmp(x->text, y->text);
    return order != 0 ? order : str_cmp(x->path, y->path);
}

static int
conflict_err(struct conflicts *c, struct err **err)
{
    AUTO_STR struct str_builder text = { 0 };
    qsort(c->at, c->len, sizeof(c->at[0]), by_manager);
    if (c->len == 1) {
        str_putf(&text, "Apply failed with 1 conflict: conflict with " STR_FMT ": " STR_FMT,
                 STR_ARG(c->at[0].text), STR_ARG(c->at[0].path));
    } else {
        str_putf(&text, "Apply failed with %zu conflicts: ", c->len);
    }
    for (size_t i = 0; c->len > 1 && i < c->len; i++) {
        if (i == 0 || !str_eq(c->at[i - 1].text, c->at[i].text)) {
            str_putf(&text, "%sconflicts with " STR_FMT ":", i == 0 ? "" : "\n",
                     STR_ARG(c->at[i].text));
        }
        str_putf(&text, "\n- " STR_FMT, STR_ARG(c->at[i].path));
    }
    (void)err_set(err, ERR_CONFLICT, STR_FMT, STR_ARG(str_view(&text)));
    for (size_t i = 0; i < c->len; i++) {
        err_cause(*err, "FieldManagerConflict", arena_dupz(c->arena, c->at[i].path),
                  "conflict with " STR_FMT, STR_ARG(c->at[i].text));
    }
    return -1;
}

/* kubectl's own last client-side apply does not conflict with its server-side apply. */
static struct fieldset *
forgiven(struct apply *a)
{
    AUTO_ERR struct err *err = NULL;
    struct str text =
        val_str(val_member(val_at(a->live, "metadata.annotations"), STR(LAST_APPLIED)));
    if (!str_is(a->in->manager, "kubectl") || text.size == 0) {
        return fieldset_new(a->arena);
    }
    struct doc *last = doc_parse(a->arena, text, &err);
    if (last == NULL) {
        return fieldset_new(a->arena);
    }
    return fieldset_of(a->arena, a->type, doc_root(last));
}

static int
check_conflicts(struct apply *a, const struct managed_change *change, struct err **err)
{
    struct conflicts c = { .arena = a->arena };
    struct fieldset *own = forgiven(a);
    for (size_t i = 0; i < a->managers.len; i++) {
        const struct manager *m = &a->managers.at[i];
        if (m == a->self) {
            continue;
        }
        struct fieldset *set = fieldset_intersect(a->arena, m->set, change->changed);
        c.manager = m;
        c.text = manager_text(a->arena, m);
        fieldset_each(fieldset_minus(a->arena, set, own), add_conflict, &c, a->arena);
    }
    return c.len == 0 ? 0 : conflict_err(&c, err);
}

/* ---- the apply ---- */

/* An object that nobody tracked is credited to before-first-apply first. */
static int
read_managers(struct apply *a, struct err **err)
{
    const struct managed_in *in = a->in;
    a->managers = (struct managers){ .arena = a->arena };
    if (in->old == NULL) {
        return 0;
    }
    if (managed_read(a->arena, doc_root(in->old), &a->managers, err) < 0) {
        return -1;
    }
    if (a->managers.len == 0) {
        managed_track(in, &a->managers, STR("before-first-apply"), doc_root(managed_zero(in)),
                      a->live);
    }
    return 0;
}

/* What it owns holds the whole of what it applied until pruning is over: names, too, that nobody
 * owns in the end. */
static void
become_manager(struct apply *a)
{
    struct manager like = {
        .name = a->in->manager,
        .api_version = resource_api_version(a->in->resource, a->arena),
        .subresource = str_of(a->in->subresource),
        .is_apply = true,
    };
    a->self = managed_find(&a->managers, &like);
    if (a->self == NULL) {
        a->self = managed_add(&a->managers, &like);
    } else {
        a->last = a->self->set;
    }
    a->self->set = managed_keep(a->in, fieldset_of(a->arena, a->type, a->applied));
    a->self->api_version = like.api_version;
}

static int
check_request(const struct managed_in *in, const struct doc *applied, struct err **err)
{
    if (val_is(val_at(doc_root(applied), "metadata.managedFields"))) {
        return err_set(err, ERR_BAD_REQUEST, "metadata.managedFields must be nil");
    }
    AUTO_ERR struct err *inner = NULL;
    if (typed_check(in->arena, in->resource->type, doc_root(applied), &inner) == 0) {
        return 0;
    }
    struct val meta = val_get(doc_root(applied), "metadata");
    struct str ns = val_str(val_get(meta, "namespace")), name = val_str(val_get(meta, "name"));
    return err_set(err, ERR_UNKNOWN,
                   "failed to create typed patch object (" STR_FMT "/" STR_FMT
                   "; %s/%s, Kind=%s): %s",
                   STR_ARG(ns), STR_ARG(name), in->resource->group, in->resource->version,
                   in->resource->kind, inner->message);
}

/* An apply of kubectl's keeps the annotation that its client-side apply reads (lastappliedupdater.go):
 * the request as JSON, without the annotation itself. */
static int
keep_last_applied(const struct apply *a, struct doc **now, struct err **err)
{
    struct val annotations = val_at(doc_root(*now), "metadata.annotations");
    struct edit edit;
    struct doc *plain = NULL;
    if (!str_is(a->in->manager, "kubectl") ||
        val_str(val_member(annotations, STR(LAST_APPLIED))).size == 0) {
        return 0;
    }
    edit_init(&edit, a->arena);
    edit_del(&edit, "/metadata/annotations/" LAST_APPLIED_POINTER);
    if (edit_apply(a->applied.doc, &edit, &plain, err) < 0) {
        return -1;
    }
    struct jw w;
    jw_init(&w, a->arena);
    jw_canonical(&w, doc_root(plain));
    struct str text = jw_done(&w);
    edit_init(&edit, a->arena);
    edit_set_str(&edit, "/metadata/annotations/" LAST_APPLIED_POINTER,
                 arena_printf(a->arena, STR_FMT "\n", STR_ARG(text)));
    return edit_apply(*now, &edit, now, err);
}

int
managed_apply(const struct managed_in *in, const struct doc *applied, bool force, struct doc **ret,
              struct err **err)
{
    if (check_request(in, applied, err) < 0) {
        return -1;
    }
    const struct doc *live = in->old == NULL ? managed_zero(in) : managed_strip(in->arena, in->old);
    struct apply a = {
        .in = in,
        .arena = in->arena,
        .type = in->resource->type,
        .live = doc_root(live),
        .applied = doc_root(applied),
    };
    if (read_managers(&a, err) < 0) {
        return -1;
    }
    become_manager(&a);
    struct val merged = prune(&a, parse(&a, typed_merge(a.arena, a.type, a.live, a.applied)));
    struct managed_change change = managed_compare(in, a.live, merged);
    if (!force && check_conflicts(&a, &change, err) < 0) {
        return -1;
    }
    struct fieldset *mine =
        fieldset_minus(a.arena, a.self->set, fieldset_from_paths(a.arena, never_owned));
    if (!val_eq(a.live, merged)) {
        a.self->time = managed_now(in); /* an apply that changes nothing keeps its time */
    }
    managed_take_from_others(&a.managers, a.self, &change);
    a.self->set = mine;
    managed_drop_empty(&a.managers);
    struct doc *now = NULL;
    if (managed_write(&a.managers, merged.doc, &now, err) < 0 ||
        keep_last_applied(&a, &now, err) < 0) {
        return -1;
    }
    *ret = now;
    return 0;
}
