/* The one runner of plans: agent, bootstrap, controllers and scheduler share it.  Loop thread. */
#ifndef BINNACLE_CLIENT_RECONCILE_H
#define BINNACLE_CLIENT_RECONCILE_H

#include "client/plan.h"

struct client;
struct informers;
struct loop;
struct reconcile;
struct registry;

/* What a keys function may look at. */
struct keys_in {
    const struct cache *cache; /* only kinds the reconciler declared */
    const struct reconcile_env *env;
};
typedef void keys_add_fn(void *ctx, struct str ns, struct str name);
/* Kind → keys: which keys a change of an object of this kind touches. */
struct watch_spec {
    const char *group, *version, *plural; /* plural NULL ends the table; "*": WATCH_ALL metadata */
    /* Adds keys for old → now (either may be NULL); NULL: the object's own key. */
    void (*keys)(const struct keys_in *in, const struct object *old, const struct object *now,
                 keys_add_fn *add, void *ctx);
    const char *field_selector; /* remote only */
};
struct reconciler {
    const char *name;      /* also the field manager of its writes */
    const char *user;      /* acts as this API user, e.g. system:serviceaccount:kube-system:… */
    const char *component; /* source of its events, as upstream names it; NULL: name */
    const struct watch_spec *watches;
    void (*plan)(const struct plan_in *in, struct plan *out);
    int parallel; /* keys in work at once, 0: 8 */
};
struct reconcile_spec {
    struct loop *loop;
    struct client *client;
    struct informers *informers;
    struct registry *registry; /* where watches' resources are found; a reference is taken */
    const struct reconcile_env *env;
};
/* Nothing plans before all its kinds are synced. The answers of writes go into the cache first
 * (informer_take), so no plan sees a past older than its own deeds. Conflict, NotFound and
 * AlreadyExists: plan again at once, with backoff from the 5th; after TIMEOUT or UNAVAILABLE the key
 * waits for a fresh list. */
struct reconcile *reconcile_start(const struct reconciler *reconciler,
                                  const struct reconcile_spec *spec);
/* The resources changed: WATCH_ALL watches the new set, and waits until it is synced. */
void reconcile_set_registry(struct reconcile *reconcile, struct registry *registry);
/* Cancels what runs; done(ctx) in a later round, when nothing is left. Frees. */
void reconcile_stop(struct reconcile *reconcile, void (*done)(void *), void *ctx);
void reconcile_kick(struct reconcile *reconcile, struct str ns, struct str name);
bool reconcile_is_idle(const struct reconcile *reconcile); /* synced, none queued or in work */

#endif
