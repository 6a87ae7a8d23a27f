/* The ReplicaSets of a Deployment: finding, annotating, scaling, cleaning up.  Pure.
 *
 * Follows pkg/controller/deployment/sync.go and util/deployment_util.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/object.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_deployment_priv.h"
#include "controllers/ctl_pods.h"

enum { HISTORY_MAX = 2000 /* characters */ };

/* ---- reading ---- */

int64_t
ctl_deployment_sets_annotation(const struct deployment_set *set, const char *key, int64_t or_else)
{
    int64_t value;
    struct val annotations = val_at(object_val(set->object), "metadata.annotations");
    return str_to_int(val_str(val_member(annotations, str_of(key))), &value) ? value : or_else;
}

/* The template without the label that tells ReplicaSets apart. */
static struct str
plain_template(const struct deployment *d, struct val template)
{
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *doc = doc_parse(d->in->arena, val_raw(template), &err), *out = NULL;
    edit_init(&edit, d->in->arena);
    edit_del(&edit, "/metadata/labels/" DEPLOYMENT_HASH_LABEL);
    if (doc == NULL || edit_apply(doc, &edit, &out, &err) < 0) {
        return (struct str){ 0 };
    }
    return doc_bytes(out);
}

static bool
is_same_template(const struct deployment *d, struct val a, struct val b)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *x = doc_parse(d->in->arena, plain_template(d, a), &err);
    struct doc *y = doc_parse(d->in->arena, plain_template(d, b), &err);
    return x != NULL && y != NULL && val_eq(doc_root(x), doc_root(y));
}

static struct deployment_set
read_set(struct object *object)
{
    struct val root = object_val(object), status = val_get(root, "status");
    struct deployment_set set = {
        .object = object,
        .was = val_int(val_at(root, "spec.replicas"), 1),
        .replicas = val_int(val_get(status, "replicas"), 0),
        .ready = val_int(val_get(status, "readyReplicas"), 0),
        .available = val_int(val_get(status, "availableReplicas"), 0),
        .terminating = val_int(val_get(status, "terminatingReplicas"), 0),
        .created = val_str(val_at(root, "metadata.creationTimestamp")),
    };
    set.size = set.was;
    set.revision = ctl_deployment_sets_annotation(&set, DEPLOYMENT_REVISION, 0);
    return set;
}

static int
by_age(const void *a, const void *b)
{
    const struct deployment_set *x = a, *y = b;
    int order = str_cmp(x->created, y->created);
    return order != 0 ? order : str_cmp(x->object->name, y->object->name);
}

int64_t
ctl_deployment_sets_next_revision(const struct deployment *d)
{
    int64_t most = 0;
    for (size_t i = 0; i < d->len; i++) {
        bool is_old = &d->sets[i] != d->now;
        most = is_old && d->sets[i].revision > most ? d->sets[i].revision : most;
    }
    return most + 1;
}

void
ctl_deployment_sets_read(struct deployment *d)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector;
    const struct resource *sets = ctl_resource(d->in, "apps", "replicasets");
    struct ctl_owner owner = { d->object, "apps/v1", "Deployment", sets, NULL };
    if (selector_from_object(d->in->arena, val_get(d->spec, "selector"), &selector, &err) < 0) {
        return;
    }
    struct ctl_pods mine = ctl_pods_claim(d->in, &owner, selector, d->out);
    d->sets = arena_array(d->in->arena, mine.len + 1, sizeof(d->sets[0]));
    for (size_t i = 0; i < mine.len; i++) {
        d->sets[d->len++] = read_set(mine.at[i]);
    }
    qsort(d->sets, d->len, sizeof(d->sets[0]), by_age);
    struct val template = val_get(d->spec, "template");
    for (size_t i = 0; i < d->len && d->now == NULL; i++) {
        struct val other = val_at(object_val(d->sets[i].object), "spec.template");
        d->now = is_same_template(d, template, other) ? &d->sets[i] : NULL;
    }
    if (d->now != NULL) {
        int64_t next = ctl_deployment_sets_next_revision(d);
        d->revision = d->now->revision > next ? d->now->revision : next;
    }
}

void
ctl_deployment_sets_done(struct deployment *d)
{
    for (size_t i = 0; i < d->len; i++) {
        object_unpin(d->sets[i].object);
    }
}

int64_t
ctl_deployment_sets_size(const struct deployment *d, bool only_old)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d->len; i++) {
        sum += only_old && &d->sets[i] == d->now ? 0 : d->sets[i].size;
    }
    return sum;
}

bool
ctl_deployment_sets_is_scaling(const struct deployment *d)
{
    for (size_t i = 0; i < d->len; i++) {
        int64_t desired =
            ctl_deployment_sets_annotation(&d->sets[i], DEPLOYMENT_DESIRED, d->replicas);
        if (d->sets[i].size > 0 && desired != d->replicas) {
            return true;
        }
    }
    return false;
}

/* ---- sizes ---- */

int64_t
ctl_deployment_sets_next_size(const struct deployment *d)
{
    int64_t have = d->now == NULL ? 0 : d->now->size;
    if (!d->is_rolling) {
        return d->replicas;
    }
    int64_t room = d->replicas + d->max_surge - ctl_deployment_sets_size(d, false);
    if (room <= 0) {
        return have;
    }
    int64_t missing = d->replicas - have;
    return have + (room < missing ? room : missing);
}

static void
set_number(struct edit *edit, struct arena *arena, const char *annotation, int64_t value)
{
    /* "/" in a member name is "~1" in a pointer. */
    char *pointer =
        arena_dupz(arena, arena_printf(arena, "/metadata/annotations/deployment.kubernetes.io~1%s",
                                       annotation + sizeof(DEPLOYMENT_PREFIX) - 1));
    edit_set_str(edit, pointer, arena_printf(arena, "%lld", (long long)value));
}

void
ctl_deployment_sets_scale(struct deployment *d, struct deployment_set *set, int64_t size)
{
    d->was_scaled = d->was_scaled || size != set->size;
    set->is_sized = true;
    set->size = size;
}

static void
edit_size(const struct deployment *d, const struct deployment_set *set, struct edit *edit)
{
    int64_t most = d->replicas + d->max_surge;
    bool is_annotated =
        ctl_deployment_sets_annotation(set, DEPLOYMENT_DESIRED, -1) == d->replicas &&
        ctl_deployment_sets_annotation(set, DEPLOYMENT_MAXIMUM, -1) == most;
    if (set->is_sized && (set->was != set->size || !is_annotated)) {
        edit_set_int(edit, "/spec/replicas", set->size);
        set_number(edit, d->out->arena, DEPLOYMENT_DESIRED, d->replicas);
        set_number(edit, d->out->arena, DEPLOYMENT_MAXIMUM, most);
    }
}

/* ---- the present set ---- */

static struct str
pointer_of(struct arena *arena, struct str key)
{
    AUTO_STR struct str_builder b = { 0 };
    str_putz(&b, "/metadata/annotations/");
    for (size_t i = 0; i < key.size; i++) {
        if (key.at[i] == '~' || key.at[i] == '/') {
            str_putz(&b, key.at[i] == '~' ? "~0" : "~1");
        } else {
            str_putc(&b, key.at[i]);
        }
    }
    return arena_dup(arena, str_view(&b));
}

/* The revisions that the set had before, the oldest dropped when there are too many. */
static struct str
history_with(const struct deployment *d, struct str history, int64_t revision)
{
    struct str all = history.size == 0 ? arena_printf(d->out->arena, "%lld", (long long)revision)
                                       : arena_printf(d->out->arena, STR_FMT ",%lld",
                                                      STR_ARG(history), (long long)revision);
    while (all.size > HISTORY_MAX) {
        (void)str_cut(all, ',', &all);
    }
    return all;
}

static void
edit_present(const struct deployment *d, struct edit *edit)
{
    struct val have = val_at(object_val(d->now->object), "metadata.annotations");
    VAL_EACH (it, val_at(d->root, "metadata.annotations")) {
        if (ctl_deployment_new_copies(it.key) && !val_eq(val_member(have, it.key), it.value)) {
            edit_set(edit, pointer_of(d->out->arena, it.key).at, val_raw(it.value));
        }
    }
    if (d->now->revision < d->revision) {
        struct str history = val_str(val_member(have, STR(DEPLOYMENT_HISTORY)));
        set_number(edit, d->out->arena, DEPLOYMENT_REVISION, d->revision);
        if (d->now->revision > 0) {
            edit_set_str(edit, "/metadata/annotations/deployment.kubernetes.io~1revision-history",
                         history_with(d, history, d->now->revision));
        }
    }
    int64_t min_ready = val_int(val_get(d->spec, "minReadySeconds"), 0);
    if (val_int(val_at(object_val(d->now->object), "spec.minReadySeconds"), 0) != min_ready) {
        edit_set_int(edit, "/spec/minReadySeconds", min_ready);
    }
}

static void
write_set(struct deployment *d, const struct deployment_set *set)
{
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *now = NULL;
    edit_init(&edit, d->out->arena);
    if (set == d->now) {
        edit_present(d, &edit);
    }
    edit_size(d, set, &edit);
    if (edit.len == 0 || edit_apply(object_val(set->object).doc, &edit, &now, &err) < 0) {
        return;
    }
    plan_write(d->out, PLAN_UPDATE, set->object, doc_bytes(now), PRE_REV);
    if (set->was != set->size) {
        plan_event_after(d->out, d->object, EVENT_NORMAL, "ScalingReplicaSet", NULL,
                         "Scaled %s replica set " STR_FMT " from %lld to %lld",
                         set->size > set->was ? "up" : "down", STR_ARG(set->object->name),
                         (long long)set->was, (long long)set->size);
    }
}

void
ctl_deployment_sets_write(struct deployment *d)
{
    for (size_t i = 0; i < d->len; i++) {
        write_set(d, &d->sets[i]);
    }
}

/* ---- history ---- */

static int
by_revision(const void *a, const void *b)
{
    const struct deployment_set *x = *(struct deployment_set *const *)a;
    const struct deployment_set *y = *(struct deployment_set *const *)b;
    return x->revision != y->revision ? (x->revision < y->revision ? -1 : 1) : by_age(x, y);
}

void
ctl_deployment_sets_cleanup(struct deployment *d)
{
    struct deployment_set **old = arena_array(d->in->arena, d->len + 1, sizeof(old[0]));
    int64_t len = 0, limit = val_int(val_get(d->spec, "revisionHistoryLimit"), INT32_MAX);
    for (size_t i = 0; i < d->len; i++) {
        if (&d->sets[i] != d->now && d->sets[i].object->deleted_at_ms == 0) {
            old[len++] = &d->sets[i];
        }
    }
    qsort(old, (size_t)len, sizeof(old[0]), by_revision);
    for (int64_t i = 0; i < len - limit; i++) {
        const struct object *set = old[i]->object;
        int64_t seen = val_int(val_at(object_val(set), "status.observedGeneration"), 0);
        if (old[i]->replicas == 0 && old[i]->size == 0 && set->generation <= seen) {
            plan_write(d->out, PLAN_DELETE, old[i]->object, (struct str){ 0 }, PRE_UID);
        }
    }
}
