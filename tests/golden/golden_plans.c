/* The table of plans that have golden cases: one line per reconciler.  Read by run_golden.c. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/golden/golden_plans.h"

#include <stddef.h>
#include <string.h>

#include "api/registry.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"
#include "controllers/ctl_csr.h"
#include "controllers/ctl_daemonset.h"
#include "controllers/ctl_deployment.h"
#include "controllers/ctl_gc_graph.h"
#include "controllers/ctl_podgc.h"
#include "controllers/ctl_replicaset.h"
#include "controllers/ctl_statefulset.h"
#include "scheduler/scheduler.h"

static void *
open_ctl(struct registry *registry, struct cache *cache)
{
    struct ctl_env *env = MEM_NEW(struct ctl_env);

    (void)cache;
    env->registry = registry;
    return env;
}

/* Certificates that say what was asked of the signer. */
static int
sign(void *ctx, const struct ctl_csr_order *order, char **ret_pem, struct err **err)
{
    (void)ctx;
    (void)err;
    *ret_pem =
        mem_printf("%s %lld", order->is_server ? "server" : "client", (long long)order->seconds);
    return 0;
}

/* Bootstrappers may have node certificates, nodes their own. */
static bool
may(void *ctx, struct val spec, const char *subresource)
{
    const char *group =
        strcmp(subresource, "nodeclient") == 0 ? "system:bootstrappers" : "system:nodes";
    (void)ctx;
    VAL_EACH (it, val_get(spec, "groups")) {
        if (val_is_str(it.value, group)) {
            return true;
        }
    }
    return false;
}

static void *
open_csr(struct registry *registry, struct cache *cache)
{
    static const struct ctl_csr_signing signing = { .sign = sign, .may = may };
    struct ctl_env *env = open_ctl(registry, cache);

    env->signing = &signing;
    return env;
}

/* The graph of owners, as the events of these objects would have made it. */
static void *
open_gc(struct registry *registry, struct cache *cache)
{
    struct ctl_env *env = open_ctl(registry, cache);

    env->graph = ctl_gc_graph_new();
    for (size_t i = 0; i < registry_len(registry); i++) {
        const struct resource *row = registry_at(registry, i);
        CACHE_EACH (object, it, cache, row, ((struct str){ 0 })) {
            ctl_gc_graph_change(env->graph, NULL, object);
        }
    }
    return env;
}

static void
close_gc(void *part)
{
    struct ctl_env *env = part;

    ctl_gc_graph_free(env->graph);
    mem_free(env);
}

static void *
open_scheduler(struct registry *registry, struct cache *cache)
{
    struct scheduler *scheduler = MEM_NEW(struct scheduler);

    (void)cache;
    scheduler_init(scheduler, registry);
    return scheduler;
}

static void
close_scheduler(void *part)
{
    scheduler_done(part);
    mem_free(part);
}

const struct golden_plan golden_plans[] = {
    { "ctl/clusterrole", &ctl_clusterrole, open_ctl, mem_free },
    { "ctl/deployment", &ctl_deployment, open_ctl, mem_free },
    { "ctl/gc", &ctl_gc, open_gc, close_gc },
    { "ctl/namespace", &ctl_namespace, open_ctl, mem_free },
    { "ctl/serviceaccount", &ctl_serviceaccount, open_ctl, mem_free },
    { "ctl/rootca", &ctl_rootca, open_ctl, mem_free },
    { "ctl/ipam", &ctl_ipam, open_ctl, mem_free },
    { "sched", &scheduler_reconciler, open_scheduler, close_scheduler },
    { "ctl/csr", &ctl_csr, open_csr, mem_free },
    { "ctl/node", &ctl_node, open_ctl, mem_free },
    { "ctl/replicaset", &ctl_replicaset, open_ctl, mem_free },
    { "ctl/kubernetes", &ctl_kubernetes, open_ctl, mem_free },
    { "ctl/dns", &ctl_dns, open_ctl, mem_free },
    { "ctl/endpointmirror", &ctl_endpointmirror, open_ctl, mem_free },
    { "ctl/ipaddress", &ctl_ipaddress, open_ctl, mem_free },
    { "ctl/servicecidr", &ctl_servicecidr, open_ctl, mem_free },
    { "ctl/endpoints", &ctl_endpoints, open_ctl, mem_free },
    { "ctl/endpointslice", &ctl_endpoint_slices, open_ctl, mem_free },
    { "ctl/node_health", &ctl_node_health, open_ctl, mem_free },
    { "ctl/taint_eviction", &ctl_taint_eviction, open_ctl, mem_free },
    { "ctl/podgc", &ctl_pod_gc, open_ctl, mem_free },
    { "ctl/job", &ctl_job, open_ctl, mem_free },
    { "ctl/ttl", &ctl_ttl, open_ctl, mem_free },
    { "ctl/cronjob", &ctl_cronjob, open_ctl, mem_free },
    { "ctl/statefulset", &ctl_statefulset, open_ctl, mem_free },
    { "ctl/daemonset", &ctl_daemonset, open_ctl, mem_free },
    { NULL, NULL, NULL, NULL },
};
