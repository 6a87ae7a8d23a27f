/* The list of controllers, and starting them all.  Loop thread. */
#ifndef BINNACLE_CONTROLLERS_CONTROLLERS_H
#define BINNACLE_CONTROLLERS_CONTROLLERS_H

#include "client/reconcile.h"

struct controllers;
struct ctl_csr_signing;

/* Those without a header of their own. */
extern const struct reconciler ctl_clusterrole, ctl_dns, ctl_gc, ctl_ipam, ctl_namespace,
    ctl_rootca;
extern const struct reconciler ctl_ipaddress, ctl_kubernetes, ctl_node, ctl_serviceaccount;
extern const struct reconciler ctl_endpointmirror, ctl_endpoints, ctl_endpoint_slices,
    ctl_servicecidr;
extern const struct reconciler ctl_cronjob, ctl_job, ctl_node_health, ctl_taint_eviction, ctl_ttl;

struct controllers_spec {
    struct loop *loop;
    struct informers *informers;
    struct registry *registry;
    struct reconcile_env env; /* its part is the controllers' own */
    const char *names;        /* which of them run, as controllers_are_named reads it */
    const struct ctl_csr_signing *signing; /* kept; NULL: nothing is approved or signed */
    /* A client that acts as this API user; owned by the controllers. */
    struct client *(*client)(void *ctx, const char *user);
    void *ctx;
};
/* Whether a list "*,-gc" names a loop: "*" all, NAME or -NAME, with commas; the last one counts. */
bool controllers_are_named(const char *names, const char *name);
bool controllers_have(struct str name);
void controllers_put_names(struct str_builder *out); /* ", a, b" */
struct controllers *controllers_start(const struct controllers_spec *spec);
void controllers_set_registry(struct controllers *controllers, struct registry *registry);
bool controllers_are_idle(const struct controllers *controllers); /* for tests */
/* done(ctx) in a later round, when nothing runs any more; frees. */
void controllers_stop(struct controllers *controllers, void (*done)(void *ctx), void *ctx);

#endif
