/* The Deployment controller: a plan per Deployment, one step of the rollout each.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/deployment (deployment_controller.go, rolling.go, recreate.go, sync.go),
 * release 1.35. A plan that changed a size stops there; the changed ReplicaSet brings the next. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_deployment.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "client/cache.h"
#include "controllers/ctl.h"
#include "controllers/ctl_deployment_priv.h"
#include "controllers/ctl_pods.h"

static void
keys_of_set(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    static const struct ctl_owner_kind owner = { "apps", "deployments", "Deployment" };
    ctl_keys_of_owned(in, &owner, old, now, add, ctx);
}

/* A pod that goes may let a Recreate rollout go on: its ReplicaSet's Deployment. */
static void
keys_of_pod(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    const struct resource *sets = ctl_env_resource(in->env, "apps", "replicasets");
    const struct object *pod = now == NULL ? old : now;
    const struct object *set =
        pod->owner_uid.size == 0 ? NULL : cache_get_uid(in->cache, sets, pod->owner_uid);
    if (set != NULL && (now == NULL || now->deleted_at_ms != 0)) {
        keys_of_set(in, NULL, set, add, ctx);
    }
}

static const struct watch_spec watches[] = {
    { .group = "apps", .version = "v1", .plural = "deployments" },
    { .group = "apps", .version = "v1", .plural = "replicasets", .keys = keys_of_set },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_pod },
    { .plural = NULL },
};
const struct reconciler ctl_deployment = {
    .name = "deployment-controller",
    .user = "system:serviceaccount:kube-system:deployment-controller",
    .watches = watches,
    .plan = ctl_deployment_plan,
};

/* ---- RollingUpdate ---- */

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool
grow_new(struct deployment *d)
{
    if (d->now->size > d->replicas) {
        ctl_deployment_sets_scale(d, d->now, d->replicas);
    } else if (d->now->size < d->replicas) {
        ctl_deployment_sets_scale(d, d->now, ctl_deployment_sets_next_size(d));
    }
    return d->was_scaled;
}

/* Pods of old sets that are not available go first: they serve nobody. */
static void
shrink_unhealthy(struct deployment *d, int64_t most)
{
    for (size_t i = 0; i < d->len && most > 0; i++) {
        struct deployment_set *set = &d->sets[i];
        if (set == d->now || set->size == 0 || set->size == set->available) {
            continue;
        }
        int64_t step = least(most, set->size - set->available);
        if (step > 0) {
            ctl_deployment_sets_scale(d, set, set->size - step);
            most -= step;
        }
    }
}

static void
shrink_old(struct deployment *d)
{
    int64_t available = 0, floor = d->replicas - d->max_unavailable;
    for (size_t i = 0; i < d->len; i++) {
        available += d->sets[i].available;
    }
    for (size_t i = 0; i < d->len && available > floor; i++) {
        struct deployment_set *set = &d->sets[i];
        if (set == d->now || set->size == 0) {
            continue;
        }
        int64_t step = least(set->size, available - floor);
        ctl_deployment_sets_scale(d, set, set->size - step);
        available -= step;
    }
}

static void
roll(struct deployment *d)
{
    if (grow_new(d) || ctl_deployment_sets_size(d, true) == 0) {
        return;
    }
    int64_t floor = d->replicas - d->max_unavailable;
    int64_t unavailable_new = d->now->size - d->now->available;
    int64_t most = ctl_deployment_sets_size(d, false) - floor - unavailable_new;
    if (most > 0) {
        shrink_unhealthy(d, most);
        shrink_old(d);
    }
}

/* ---- Recreate ---- */

static bool
has_old_pods(const struct deployment *d)
{
    const struct resource *pods = ctl_resource(d->in, "", "pods");
    size_t most = cache_len(d->in->cache, pods);
    struct object **at = arena_array(d->in->arena, most + 1, sizeof(struct object *));
    for (size_t i = 0; i < d->len; i++) {
        struct deployment_set *set = &d->sets[i];
        if (set == d->now) {
            continue;
        }
        size_t len = cache_by_owner(d->in->cache, pods, set->object->uid, at, most);
        for (size_t p = 0; p < len; p++) {
            object_pin(at[p]);
            bool runs = !pod_state_is_finished(object_val(at[p]));
            object_unpin(at[p]);
            if (runs) {
                return true;
            }
        }
    }
    return false;
}

static void
recreate(struct deployment *d)
{
    for (size_t i = 0; i < d->len; i++) {
        if (&d->sets[i] != d->now && d->sets[i].size > 0) {
            ctl_deployment_sets_scale(d, &d->sets[i], 0);
        }
    }
    if (d->was_scaled || has_old_pods(d)) {
        return;
    }
    if (d->now == NULL) {
        ctl_deployment_new(d);
    } else {
        ctl_deployment_sets_scale(d, d->now, d->replicas);
    }
}

/* ---- scaling in the middle of a rollout ---- */

static int
larger_older_first(const void *a, const void *b)
{
    const struct deployment_set *x = *(struct deployment_set *const *)a;
    const struct deployment_set *y = *(struct deployment_set *const *)b;
    if (x->size != y->size) {
        return x->size > y->size ? -1 : 1;
    }
    int order = str_cmp(x->created, y->created);
    return order != 0 ? order : str_cmp(x->object->name, y->object->name);
}

static int
larger_newer_first(const void *a, const void *b)
{
    const struct deployment_set *x = *(struct deployment_set *const *)a;
    const struct deployment_set *y = *(struct deployment_set *const *)b;
    return x->size != y->size ? larger_older_first(a, b) : larger_older_first(b, a);
}

/* What this set's share of the change is (GetReplicaSetProportion). */
static int64_t
share_of(const struct deployment *d, const struct deployment_set *set, int64_t to_add,
         int64_t added)
{
    if (set->size == 0 || to_add == added) {
        return 0;
    }
    int64_t most = d->replicas + d->max_surge, fraction = -set->size;
    if (d->replicas > 0) {
        int64_t before =
            ctl_deployment_sets_annotation(set, "deployment.kubernetes.io/max-replicas",
                                           val_int(val_get(d->status, "replicas"), 0));
        before = before > 0 ? before : most;
        fraction = (2 * set->size * most + before) / (2 * before) - set->size; /* rounded */
    }
    int64_t allowed = to_add - added;
    return to_add > 0 ? least(fraction, allowed) : (fraction > allowed ? fraction : allowed);
}

static void
scale_in_proportion(struct deployment *d, struct deployment_set **active, size_t len)
{
    int64_t size = ctl_deployment_sets_size(d, false), added = 0;
    int64_t allowed = d->replicas > 0 ? d->replicas + d->max_surge : 0, to_add = allowed - size;
    int64_t *sizes = arena_array(d->in->arena, len + 1, sizeof(int64_t));
    qsort(active, len, sizeof(active[0]), to_add > 0 ? larger_newer_first : larger_older_first);
    for (size_t i = 0; i < len; i++) {
        int64_t share = to_add == 0 ? 0 : share_of(d, active[i], to_add, added);
        sizes[i] = active[i]->size + share;
        added += share;
    }
    for (size_t i = 0; i < len; i++) {
        int64_t rest = i == 0 ? to_add - added : 0;
        ctl_deployment_sets_scale(d, active[i], sizes[i] + rest < 0 ? 0 : sizes[i] + rest);
    }
}

static void
scale(struct deployment *d)
{
    struct deployment_set **active = arena_array(d->in->arena, d->len + 1, sizeof(active[0]));
    size_t len = 0;
    for (size_t i = 0; i < d->len; i++) {
        if (d->sets[i].size > 0) {
            active[len++] = &d->sets[i];
        }
    }
    if (len <= 1) {
        struct deployment_set *latest = d->len > 0 ? &d->sets[d->len - 1] : NULL;
        struct deployment_set *set = len == 1 ? active[0] : d->now != NULL ? d->now : latest;
        if (set != NULL) {
            ctl_deployment_sets_scale(d, set, d->replicas);
        }
        return;
    }
    bool is_saturated =
        d->now != NULL && d->now->size == d->replicas && d->now->available == d->replicas;
    for (size_t i = 0; i < len && is_saturated; i++) {
        if (active[i] != d->now) {
            ctl_deployment_sets_scale(d, active[i], 0);
        }
    }
    if (!is_saturated && d->is_rolling) {
        scale_in_proportion(d, active, len);
    }
}

/* ---- the plan ---- */

/* A number or a part of the replicas, rounded up or down. */
static int64_t
resolve(struct val v, int64_t replicas, bool rounds_up)
{
    int64_t percent;
    struct str text = val_str(v);
    if (text.size == 0) {
        return val_int(v, 0);
    }
    text.size -= text.at[text.size - 1] == '%' ? 1 : 0;
    if (!str_to_int(text, &percent)) {
        return 0;
    }
    return (replicas * percent + (rounds_up ? 99 : 0)) / 100;
}

static void
read_strategy(struct deployment *d)
{
    struct val strategy = val_get(d->spec, "strategy");
    struct val rolling = val_get(strategy, "rollingUpdate");
    d->replicas = val_int(val_get(d->spec, "replicas"), 1);
    d->is_paused = val_bool(val_get(d->spec, "paused"), false);
    d->is_rolling = !val_is_str(val_get(strategy, "type"), "Recreate");
    if (!d->is_rolling) {
        return;
    }
    d->max_surge = resolve(val_get(rolling, "maxSurge"), d->replicas, true);
    d->max_unavailable = resolve(val_get(rolling, "maxUnavailable"), d->replicas, false);
    if (d->max_surge == 0 && d->max_unavailable == 0) {
        d->max_unavailable = 1; /* else nothing could ever move */
    }
    d->max_unavailable = least(d->max_unavailable, d->replicas);
}

static void
roll_out(struct deployment *d)
{
    if (!d->is_rolling) {
        recreate(d);
    } else if (d->now == NULL) {
        ctl_deployment_new(d);
    } else {
        roll(d);
    }
    if (!d->was_scaled && ctl_deployment_status_is_complete(d)) {
        ctl_deployment_sets_cleanup(d);
    }
}

/* A set that could not be made: its name is taken by another's, or the server refused it. */
static void
read_failure(struct deployment *d)
{
    const struct resource *sets = ctl_resource(d->in, "apps", "replicasets");
    d->collisions = val_int(val_get(d->status, "collisionCount"), 0);
    for (size_t i = 0; i < d->in->last_len && d->now == NULL; i++) {
        const struct plan_result *r = &d->in->last[i];
        if (r->verb != PLAN_CREATE || r->resource != sets || r->err == NULL) {
            continue;
        }
        if (r->err->code == ERR_ALREADY_EXISTS) {
            d->collisions++;
        } else if (ctl_pods_is_told(r->err)) {
            d->failed = r;
        }
    }
}

/* True: the status tells of it first; what that changes brings the next plan. */
static bool
tell_failure(struct deployment *d)
{
    bool is_new = d->collisions != val_int(val_get(d->status, "collisionCount"), 0);
    if (d->failed != NULL) {
        plan_event(d->out, d->object, EVENT_WARNING, DEPLOYMENT_FAILED, NULL, STR_FMT,
                   STR_ARG(ctl_deployment_status_failure(d)));
    }
    return (is_new || d->failed != NULL) && ctl_deployment_status(d, true);
}

static void
step(struct deployment *d)
{
    bool is_scaling = d->is_paused || ctl_deployment_sets_is_scaling(d);
    read_failure(d);
    if (tell_failure(d)) {
        return;
    }
    plan_group(d->out, 0);
    if (is_scaling) {
        scale(d);
    } else {
        roll_out(d);
    }
    ctl_deployment_sets_write(d);
    plan_group(d->out, d->new_name.size == 0 ? GROUP_ALWAYS : 0);
    if (d->failed == NULL) {
        (void)ctl_deployment_status(d, !is_scaling);
    }
}

void
ctl_deployment_plan(const struct plan_in *in, struct plan *out)
{
    struct object *object =
        cache_get(in->cache, ctl_resource(in, "apps", "deployments"), in->ns, in->name);
    if (object == NULL) {
        return;
    }
    object_pin(object);
    struct val root = object_val(object);
    struct deployment d = { .in = in,
                            .out = out,
                            .object = object,
                            .root = root,
                            .spec = val_get(root, "spec"),
                            .status = val_get(root, "status") };
    read_strategy(&d);
    ctl_deployment_sets_read(&d);
    if (object->deleted_at_ms == 0) {
        step(&d);
    } else {
        plan_group(out, GROUP_ALWAYS);
        (void)ctl_deployment_status(&d, false);
    }
    ctl_deployment_sets_done(&d);
    object_unpin(object);
}
