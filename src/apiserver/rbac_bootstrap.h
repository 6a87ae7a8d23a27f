/* The roles and bindings that a cluster begins with, kept up at every start.  Loop thread. */
#ifndef BINNACLE_APISERVER_RBAC_BOOTSTRAP_H
#define BINNACLE_APISERVER_RBAC_BOOTSTRAP_H

struct cache;
struct client;
struct err;
struct registry;

/* Creates what is absent and gives roles back the rules they lost (unless their annotation
 * rbac.authorization.kubernetes.io/autoupdate says "false"); done once, with the first error. */
void rbac_bootstrap(struct client *client, const struct cache *cache,
                    const struct registry *registry, void (*done)(void *ctx, struct err *owned),
                    void *ctx);

#endif
