/* All controllers, one row each; started and stopped together by main.c.  Loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/controllers.h"

#include "api/registry.h"
#include "base/mem.h"
#include "client/client.h"
#include "controllers/ctl.h"
#include "controllers/ctl_deployment.h"
#include "controllers/ctl_gc_graph.h"
#include "controllers/ctl_replicaset.h"

static const struct reconciler *const rows[] = {
    &ctl_serviceaccount, &ctl_rootca,     &ctl_ipam, &ctl_namespace, &ctl_gc,
    &ctl_replicaset,     &ctl_deployment,
};

struct controllers {
    struct ctl_env part;
    struct reconcile_env env;
    struct registry *registry;
    struct reconcile *running[ARRAY_LEN(rows)];
    struct client *clients[ARRAY_LEN(rows)];
    size_t left; /* still stopping */
    void (*done)(void *ctx);
    void *done_ctx;
};

struct controllers *
controllers_start(const struct controllers_spec *spec)
{
    struct controllers *c = MEM_NEW(struct controllers);
    c->registry = registry_ref(spec->registry);
    c->part = (struct ctl_env){ .registry = c->registry, .graph = ctl_gc_graph_new() };
    c->env = spec->env;
    c->env.part = &c->part;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        c->clients[i] = spec->client(spec->ctx, rows[i]->user);
        struct reconcile_spec one = { .loop = spec->loop,
                                      .client = c->clients[i],
                                      .informers = spec->informers,
                                      .registry = c->registry,
                                      .env = &c->env };
        c->running[i] = reconcile_start(rows[i], &one);
    }
    return c;
}

void
controllers_set_registry(struct controllers *controllers, struct registry *registry)
{
    struct registry *old = controllers->registry;
    controllers->registry = registry_ref(registry);
    controllers->part.registry = controllers->registry;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        reconcile_set_registry(controllers->running[i], registry);
    }
    registry_unref(old);
}

bool
controllers_are_idle(const struct controllers *controllers)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!reconcile_is_idle(controllers->running[i])) {
            return false;
        }
    }
    return true;
}

static void
one_stopped(void *ctx)
{
    struct controllers *c = ctx;
    if (--c->left > 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        client_free(c->clients[i]);
    }
    ctl_gc_graph_free(c->part.graph);
    registry_unref(c->registry);
    void (*done)(void *) = c->done;
    void *done_ctx = c->done_ctx;
    mem_free(c);
    done(done_ctx);
}

void
controllers_stop(struct controllers *controllers, void (*done)(void *ctx), void *ctx)
{
    controllers->done = done;
    controllers->done_ctx = ctx;
    controllers->left = ARRAY_LEN(rows);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        reconcile_stop(controllers->running[i], one_stopped, controllers);
    }
}
