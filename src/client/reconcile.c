/* The one runner of plans: what is watched, which keys a change touches, start and stop.  Loop
 * thread; main.c starts one per controller, the agent and the scheduler theirs.  What happens to
 * one key is in reconcile_run.c. */
#include "config.h" /* IWYU pragma: keep */

#include "client/reconcile.h"

#include <assert.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/informer.h"
#include "client/reconcile_run.h"
#include "client/workq.h"

enum { PARALLEL_DEFAULT = 8 };

/* One resource that is watched for one row of the reconciler's table. */
struct reconcile_watch {
    struct reconcile *of;
    struct reconcile_watch *next;
    const struct watch_spec *spec;
    const struct resource *resource;
    struct informer *informer;
    bool is_synced;
    bool is_wanted; /* while the set is compared with a new registry */
};

/* ---- from changes to keys ---- */

struct key_adder {
    struct reconcile *reconcile;
    uint64_t rev;
};

static void
add_key(struct reconcile *reconcile, struct str ns, struct str name, uint64_t rev)
{
    AUTO_STR struct str_builder key = { 0 };

    if (ns.size > 0) {
        str_put(&key, ns);
        str_putc(&key, '/');
    }
    str_put(&key, name);
    workq_add(reconcile->workq, str_view(&key), rev);
}

static void
adder_add(void *ctx, struct str ns, struct str name)
{
    const struct key_adder *adder = ctx;

    add_key(adder->reconcile, ns, name, adder->rev);
}

static void
watch_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct reconcile_watch *watch = ctx;
    const struct object *object = now == NULL ? old : now;
    struct key_adder adder = { watch->of, rev };
    struct keys_in in = { informers_cache(watch->of->spec.informers), watch->of->spec.env };

    if (watch->spec->keys == NULL) {
        add_key(watch->of, object->ns, object->name, rev);
        return;
    }
    watch->spec->keys(&in, old, now, adder_add, &adder);
}

static void
watch_synced(void *ctx)
{
    struct reconcile_watch *watch = ctx;

    watch->is_synced = true;
    watch->of->unsynced--;
    workq_hold(watch->of->workq, watch->of->unsynced > 0 || watch->of->is_stopping);
}

/* ---- watches ---- */

static void
watch_add(struct reconcile *reconcile, const struct watch_spec *spec,
          const struct resource *resource)
{
    struct reconcile_watch *watch = MEM_NEW(struct reconcile_watch);
    struct informer_spec informer = {
        .resource = resource,
        .field_selector = str_of(spec->field_selector),
    };

    watch->of = reconcile;
    watch->spec = spec;
    watch->resource = resource;
    watch->is_wanted = true;
    watch->next = reconcile->watches;
    reconcile->watches = watch;
    reconcile->unsynced++;
    workq_hold(reconcile->workq, true);
    watch->informer =
        informer_add(reconcile->spec.informers, &informer, watch_changed, watch_synced, watch);
}

static void
watch_del(struct reconcile *reconcile, struct reconcile_watch **link)
{
    struct reconcile_watch *watch = *link;

    *link = watch->next;
    informer_del(watch->informer);
    if (!watch->is_synced) {
        reconcile->unsynced--;
    }
    mem_free(watch);
}

static bool
is_watchable(const struct resource *resource)
{
    unsigned verbs = VERB_LIST | VERB_WATCH;

    return (resource->verbs & verbs) == verbs && (resource->flags & RES_VIRTUAL) == 0 &&
           (resource->storage == NULL || resource->storage == resource);
}

static bool
is_first_version(const struct registry *registry, const struct resource *resource)
{
    return registry_any_version(registry, str_of(resource->group), str_of(resource->plural)) ==
           resource;
}

static struct reconcile_watch *
watch_find(const struct reconcile *reconcile, const struct watch_spec *spec,
           const struct resource *resource)
{
    struct reconcile_watch *watch = reconcile->watches;

    while (watch != NULL && (watch->spec != spec || watch->resource != resource)) {
        watch = watch->next;
    }
    return watch;
}

/* WATCH_ALL: every resource that is stored, once. A row that a changed CRD replaced is another
 * resource. */
static void
watch_all(struct reconcile *reconcile, const struct watch_spec *spec)
{
    const struct registry *registry = reconcile->spec.registry;

    for (size_t i = 0; i < registry_len(registry); i++) {
        const struct resource *resource = registry_at(registry, i);
        struct reconcile_watch *watch;
        if (!is_watchable(resource) || !is_first_version(registry, resource)) {
            continue;
        }
        watch = watch_find(reconcile, spec, resource);
        if (watch != NULL) {
            watch->is_wanted = true;
        } else {
            watch_add(reconcile, spec, resource);
        }
    }
}

static bool
is_all(const struct watch_spec *spec)
{
    return strcmp(spec->plural, "*") == 0;
}

/* ---- life ---- */

struct reconcile *
reconcile_start(const struct reconciler *reconciler, const struct reconcile_spec *spec)
{
    struct reconcile *reconcile = MEM_NEW(struct reconcile);
    int parallel = reconciler->parallel > 0 ? reconciler->parallel : PARALLEL_DEFAULT;
    const char *host = spec->env == NULL ? NULL : spec->env->node_name;
    const char *component =
        reconciler->component == NULL ? reconciler->name : reconciler->component;

    reconcile->reconciler = reconciler;
    reconcile->spec = *spec;
    reconcile->spec.registry = registry_ref(spec->registry);
    reconcile->random = (uint64_t)clock_wall_us() ^ (uint64_t)(uintptr_t)reconcile;
    reconcile->workq = workq_new(spec->loop, reconciler->name, parallel, reconcile_run, reconcile);
    reconcile->recorder = event_recorder(spec->loop, spec->client, component, host);
    for (const struct watch_spec *watch = reconciler->watches; watch->plural != NULL; watch++) {
        const struct resource *resource;
        if (is_all(watch)) {
            watch_all(reconcile, watch);
            continue;
        }
        resource = registry_find(spec->registry, str_of(watch->group), str_of(watch->version),
                                 str_of(watch->plural));
        assert(resource != NULL); /* a reconciler watches built-in kinds by name */
        watch_add(reconcile, watch, resource);
    }
    return reconcile;
}

void
reconcile_set_registry(struct reconcile *reconcile, struct registry *registry)
{
    struct registry *before = reconcile->spec.registry;
    struct reconcile_watch **link = &reconcile->watches;

    reconcile->spec.registry = registry_ref(registry);
    for (struct reconcile_watch *watch = reconcile->watches; watch != NULL; watch = watch->next) {
        watch->is_wanted = !is_all(watch->spec);
    }
    for (const struct watch_spec *spec = reconcile->reconciler->watches; spec->plural != NULL;
         spec++) {
        if (is_all(spec)) {
            watch_all(reconcile, spec);
        }
    }
    while (*link != NULL) {
        if ((*link)->is_wanted) {
            link = &(*link)->next;
        } else {
            watch_del(reconcile, link);
        }
    }
    workq_hold(reconcile->workq, reconcile->unsynced > 0 || reconcile->is_stopping);
    registry_unref(before);
}

void
reconcile_key_free(void *value)
{
    struct reconcile_key *key = value;

    for (size_t i = 0; i < key->last_len; i++) {
        err_free(key->errs[i]);
    }
    arena_free(key->arena);
    mem_free(key);
}

static void
stop_now(void *ctx)
{
    struct reconcile *reconcile = ctx;
    void (*stopped)(void *) = reconcile->stopped;
    void *stopped_ctx = reconcile->stopped_ctx;

    event_recorder_free(reconcile->recorder);
    workq_free(reconcile->workq);
    map_done(&reconcile->keys, reconcile_key_free);
    registry_unref(reconcile->spec.registry);
    mem_free(reconcile);
    if (stopped != NULL) {
        stopped(stopped_ctx);
    }
}

void
reconcile_stopped(struct reconcile *reconcile)
{
    /* Later: the caller still stands in one of our functions. */
    (void)loop_timer(reconcile->spec.loop, 0, stop_now, reconcile);
}

void
reconcile_stop(struct reconcile *reconcile, void (*done)(void *), void *ctx)
{
    assert(!reconcile->is_stopping);
    reconcile->is_stopping = true;
    reconcile->stopped = done;
    reconcile->stopped_ctx = ctx;
    workq_hold(reconcile->workq, true);
    while (reconcile->watches != NULL) {
        watch_del(reconcile, &reconcile->watches);
    }
    if (reconcile->runs == NULL) {
        reconcile_stopped(reconcile);
    } else {
        reconcile_run_cancel(reconcile);
    }
}

void
reconcile_kick(struct reconcile *reconcile, struct str ns, struct str name)
{
    add_key(reconcile, ns, name, 0);
}

bool
reconcile_is_idle(const struct reconcile *reconcile)
{
    return reconcile->unsynced == 0 && workq_len(reconcile->workq) == 0;
}
