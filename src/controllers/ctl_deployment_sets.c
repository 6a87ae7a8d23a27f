/* The ReplicaSets of a Deployment: finding, making, annotating, scaling, cleaning up.  Pure.
 *
 * Follows pkg/controller/deployment/sync.go and util/deployment_util.go, release 1.35. The template
 * hash is ours (FNV-1a over canonical JSON): nobody may depend on its value. */
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

#define PREFIX "deployment.kubernetes.io/"
#define REVISION PREFIX "revision"
#define HISTORY PREFIX "revision-history"
#define DESIRED PREFIX "desired-replicas"
#define MAXIMUM PREFIX "max-replicas"
#define HASH_LABEL "pod-template-hash"

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
    edit_del(&edit, "/metadata/labels/" HASH_LABEL);
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
        .size = val_int(val_at(root, "spec.replicas"), 1),
        .replicas = val_int(val_get(status, "replicas"), 0),
        .ready = val_int(val_get(status, "readyReplicas"), 0),
        .available = val_int(val_get(status, "availableReplicas"), 0),
        .terminating = val_int(val_get(status, "terminatingReplicas"), 0),
        .created = val_str(val_at(root, "metadata.creationTimestamp")),
    };
    set.revision = ctl_deployment_sets_annotation(&set, REVISION, 0);
    return set;
}

static int
by_age(const void *a, const void *b)
{
    const struct deployment_set *x = a, *y = b;
    int order = str_cmp(x->created, y->created);
    return order != 0 ? order : str_cmp(x->object->name, y->object->name);
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
        int64_t desired = ctl_deployment_sets_annotation(&d->sets[i], DESIRED, d->replicas);
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
                                       annotation + sizeof(PREFIX) - 1));
    edit_set_str(edit, pointer, arena_printf(arena, "%lld", (long long)value));
}

void
ctl_deployment_sets_scale(struct deployment *d, struct deployment_set *set, int64_t size)
{
    AUTO_ERR struct err *err = NULL;
    struct arena *arena = d->out->arena;
    int64_t most = d->replicas + d->max_surge, old = set->size;
    bool is_annotated = ctl_deployment_sets_annotation(set, DESIRED, -1) == d->replicas &&
                        ctl_deployment_sets_annotation(set, MAXIMUM, -1) == most;
    if (old == size && is_annotated) {
        return;
    }
    struct edit edit;
    struct doc *now = NULL;
    edit_init(&edit, arena);
    edit_set_int(&edit, "/spec/replicas", size);
    set_number(&edit, arena, DESIRED, d->replicas);
    set_number(&edit, arena, MAXIMUM, most);
    if (edit_apply(object_val(set->object).doc, &edit, &now, &err) < 0) {
        return;
    }
    plan_write(d->out, PLAN_UPDATE, set->object, doc_bytes(now), PRE_REV);
    if (old != size) {
        plan_event_after(d->out, d->object, EVENT_NORMAL, "ScalingReplicaSet", NULL,
                         "Scaled %s replica set " STR_FMT " from %lld to %lld",
                         size > old ? "up" : "down", STR_ARG(set->object->name), (long long)old,
                         (long long)size);
        d->was_scaled = true;
    }
    set->size = size;
}

/* ---- the present set ---- */

static int64_t
last_revision(const struct deployment *d)
{
    int64_t most = 0;
    for (size_t i = 0; i < d->len; i++) {
        bool is_old = &d->sets[i] != d->now;
        most = is_old && d->sets[i].revision > most ? d->sets[i].revision : most;
    }
    return most;
}

bool
ctl_deployment_sets_is_latest(const struct deployment *d)
{
    return d->now != NULL && d->now->revision > last_revision(d);
}

/* Annotations of the Deployment that its sets carry, too. */
static bool
is_copied(struct str key)
{
    static const char *const kept[] = {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    };
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (str_is(key, kept[i])) {
            return false;
        }
    }
    return true;
}

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

bool
ctl_deployment_sets_annotate(struct deployment *d)
{
    AUTO_ERR struct err *err = NULL;
    struct arena *arena = d->out->arena;
    struct val have = val_at(object_val(d->now->object), "metadata.annotations");
    int64_t revision = last_revision(d) + 1;
    struct edit edit;
    struct doc *now = NULL;
    edit_init(&edit, arena);
    VAL_EACH (it, val_at(d->root, "metadata.annotations")) {
        if (is_copied(it.key) && !val_eq(val_member(have, it.key), it.value)) {
            edit_set(&edit, pointer_of(arena, it.key).at, val_raw(it.value));
        }
    }
    if (d->now->revision < revision) {
        struct str history = val_str(val_member(have, STR(HISTORY)));
        set_number(&edit, arena, REVISION, revision);
        if (d->now->revision > 0) {
            struct str more =
                arena_printf(arena, STR_FMT "%s%lld", STR_ARG(history), history.size > 0 ? "," : "",
                             (long long)d->now->revision);
            edit_set_str(&edit, "/metadata/annotations/deployment.kubernetes.io~1revision-history",
                         more);
        }
    }
    int64_t min_ready = val_int(val_get(d->spec, "minReadySeconds"), 0);
    if (val_int(val_at(object_val(d->now->object), "spec.minReadySeconds"), 0) != min_ready) {
        edit_set_int(&edit, "/spec/minReadySeconds", min_ready);
    }
    if (edit.len == 0 || edit_apply(object_val(d->now->object).doc, &edit, &now, &err) < 0) {
        return false;
    }
    plan_write(d->out, PLAN_UPDATE, d->now->object, doc_bytes(now), PRE_REV);
    return true;
}

static struct str
template_hash(const struct deployment *d)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    struct jw w;
    jw_init(&w, d->in->arena);
    jw_canonical(&w, val_get(d->spec, "template"));
    struct str text = jw_done(&w);
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619U;
    }
    hash ^= (uint32_t)val_int(val_get(d->status, "collisionCount"), 0) * 2654435761U;
    struct str digits = arena_printf(d->in->arena, "%u", hash);
    char *out = arena_dupz(d->in->arena, digits);
    for (size_t i = 0; i < digits.size; i++) {
        out[i] = letters[(unsigned char)digits.at[i] % (sizeof(letters) - 1)];
    }
    return str_slice(out, digits.size);
}

static void
write_with_hash(struct jw *w, struct val labels, struct str hash)
{
    jw_obj(w);
    VAL_EACH (it, labels) {
        if (!str_is(it.key, HASH_LABEL)) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_kv(w, HASH_LABEL, hash);
    jw_end(w);
}

static void
write_selector(struct jw *w, struct val selector, struct str hash)
{
    jw_obj(w);
    jw_keyz(w, "matchLabels");
    write_with_hash(w, val_get(selector, "matchLabels"), hash);
    if (val_is(val_get(selector, "matchExpressions"))) {
        jw_keyz(w, "matchExpressions");
        jw_val(w, val_get(selector, "matchExpressions"));
    }
    jw_end(w);
}

static void
write_template(struct jw *w, struct val template, struct str hash)
{
    jw_obj(w);
    jw_keyz(w, "metadata");
    jw_obj(w);
    VAL_EACH (it, val_get(template, "metadata")) {
        if (!str_is(it.key, "labels")) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_keyz(w, "labels");
    write_with_hash(w, val_at(template, "metadata.labels"), hash);
    jw_end(w);
    jw_keyz(w, "spec");
    jw_val(w, val_get(template, "spec"));
    jw_end(w);
}

static void
write_annotations(const struct deployment *d, struct jw *w)
{
    jw_keyz(w, "annotations");
    jw_obj(w);
    VAL_EACH (it, val_at(d->root, "metadata.annotations")) {
        if (is_copied(it.key)) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_keyz(w, DESIRED);
    jw_printf(w, "%lld", (long long)d->replicas);
    jw_keyz(w, MAXIMUM);
    jw_printf(w, "%lld", (long long)(d->replicas + d->max_surge));
    jw_keyz(w, REVISION);
    jw_printf(w, "%lld", (long long)(last_revision(d) + 1));
    jw_end(w);
}

static struct str
new_body(const struct deployment *d, struct str name, struct str hash, int64_t size)
{
    struct jw w;
    struct val template = val_get(d->spec, "template");
    struct ctl_owner owner = { d->object, "apps/v1", "Deployment", NULL, NULL };
    jw_init(&w, d->out->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "ReplicaSet");
    jw_kvz(&w, "apiVersion", "apps/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", name);
    jw_keyz(&w, "labels");
    write_with_hash(&w, val_at(template, "metadata.labels"), hash);
    write_annotations(d, &w);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(&owner, &w);
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    jw_kint(&w, "replicas", size);
    jw_kint(&w, "minReadySeconds", val_int(val_get(d->spec, "minReadySeconds"), 0));
    jw_keyz(&w, "selector");
    write_selector(&w, val_get(d->spec, "selector"), hash);
    jw_keyz(&w, "template");
    write_template(&w, template, hash);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

void
ctl_deployment_sets_new(struct deployment *d)
{
    struct str hash = template_hash(d);
    struct str name =
        arena_printf(d->out->arena, STR_FMT "-" STR_FMT, STR_ARG(d->object->name), STR_ARG(hash));
    int64_t size = ctl_deployment_sets_next_size(d);
    plan_create(d->out, ctl_resource(d->in, "apps", "replicasets"), d->object->ns, name,
                new_body(d, name, hash, size));
    if (size > 0) {
        plan_event_after(d->out, d->object, EVENT_NORMAL, "ScalingReplicaSet", NULL,
                         "Scaled up replica set " STR_FMT " from 0 to %lld", STR_ARG(name),
                         (long long)size);
    }
    d->was_scaled = true;
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
