/* All controllers, one row each; started and stopped together by main.c.  Loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/controllers.h"

#include "api/registry.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/client.h"
#include "controllers/ctl.h"
#include "controllers/ctl_csr.h"
#include "controllers/ctl_daemonset.h"
#include "controllers/ctl_deployment.h"
#include "controllers/ctl_gc_graph.h"
#include "controllers/ctl_podgc.h"
#include "controllers/ctl_replicaset.h"
#include "controllers/ctl_statefulset.h"

/* One a line, so that two who add one do not meet. */
/* clang-format off */
static const struct reconciler *const rows[] = {
    &ctl_serviceaccount,
    &ctl_rootca,
    &ctl_ipam,
    &ctl_namespace,
    &ctl_gc,
    &ctl_replicaset,
    &ctl_deployment,
    &ctl_daemonset,
    &ctl_statefulset,
    &ctl_csr,
    &ctl_clusterrole,
    &ctl_kubernetes,
    &ctl_dns,
    &ctl_ipaddress,
    &ctl_servicecidr,
    &ctl_node,
    &ctl_node_health,
    &ctl_taint_eviction,
    &ctl_pod_gc,
    &ctl_job,
    &ctl_cronjob,
    &ctl_ttl,
    &ctl_endpoints,
    &ctl_endpoint_slices,
    &ctl_endpointmirror,
};
/* clang-format on */

struct controllers {
    struct ctl_env part;
    struct reconcile_env env;
    struct registry *registry;
    struct loop *loop;
    struct reconcile *running[ARRAY_LEN(rows)];
    struct client *clients[ARRAY_LEN(rows)];
    size_t running_len, left; /* left: still stopping */
    void (*done)(void *ctx);
    void *done_ctx;
};

bool
controllers_are_named(const char *names, const char *name)
{
    struct str rest = str_of(names);
    bool is_named = false;
    while (rest.at != NULL) {
        struct str word = str_cut(rest, ',', &rest);
        bool is_without = str_has_prefix(word, STR("-"));
        if (is_without) {
            word = str_slice(word.at + 1, word.size - 1);
        }
        if (str_is(word, "*") || str_is(word, name)) {
            is_named = !is_without;
        }
    }
    return is_named;
}

bool
controllers_have(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_is(name, rows[i]->name)) {
            return true;
        }
    }
    return false;
}

void
controllers_put_names(struct str_builder *out)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        str_putf(out, ", %s", rows[i]->name);
    }
}

struct controllers *
controllers_start(const struct controllers_spec *spec)
{
    struct controllers *c = MEM_NEW(struct controllers);
    c->registry = registry_ref(spec->registry);
    c->part = (struct ctl_env){ .registry = c->registry,
                                .graph = ctl_gc_graph_new(),
                                .signing = spec->signing };
    c->part.started_ms = clock_wall_ms();
    c->part.gone = ctl_gone_new();
    c->loop = spec->loop;
    c->env = spec->env;
    c->env.part = &c->part;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!controllers_are_named(spec->names, rows[i]->name)) {
            continue;
        }
        struct client *client = spec->client(spec->ctx, rows[i]->user);
        struct reconcile_spec one = { .loop = spec->loop,
                                      .client = client,
                                      .informers = spec->informers,
                                      .registry = c->registry,
                                      .env = &c->env };
        c->running[c->running_len] = reconcile_start(rows[i], &one);
        c->clients[c->running_len++] = client;
    }
    return c;
}

void
controllers_set_registry(struct controllers *controllers, struct registry *registry)
{
    struct registry *old = controllers->registry;
    controllers->registry = registry_ref(registry);
    controllers->part.registry = controllers->registry;
    for (size_t i = 0; i < controllers->running_len; i++) {
        reconcile_set_registry(controllers->running[i], registry);
    }
    registry_unref(old);
}

bool
controllers_are_idle(const struct controllers *controllers)
{
    for (size_t i = 0; i < controllers->running_len; i++) {
        if (!reconcile_is_idle(controllers->running[i])) {
            return false;
        }
    }
    return true;
}

static void
all_stopped(void *ctx)
{
    struct controllers *c = ctx;
    for (size_t i = 0; i < c->running_len; i++) {
        client_free(c->clients[i]);
    }
    ctl_gone_free(c->part.gone);
    ctl_gc_graph_free(c->part.graph);
    registry_unref(c->registry);
    void (*done)(void *) = c->done;
    void *done_ctx = c->done_ctx;
    mem_free(c);
    done(done_ctx);
}

static void
one_stopped(void *ctx)
{
    struct controllers *c = ctx;
    if (--c->left == 0) {
        all_stopped(c);
    }
}

void
controllers_stop(struct controllers *controllers, void (*done)(void *ctx), void *ctx)
{
    controllers->done = done;
    controllers->done_ctx = ctx;
    controllers->left = controllers->running_len;
    if (controllers->left == 0) {
        loop_post(controllers->loop, all_stopped, controllers);
    }
    for (size_t i = 0; i < controllers->running_len; i++) {
        reconcile_stop(controllers->running[i], one_stopped, controllers);
    }
}
