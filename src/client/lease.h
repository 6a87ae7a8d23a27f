/* Leader election by a coordination.k8s.io/v1 Lease, as client-go's tools/leaderelection.  Loop
 * thread. */
#ifndef BINNACLE_CLIENT_LEASE_H
#define BINNACLE_CLIENT_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct client;
struct lease;
struct loop;
struct resource;

struct lease_spec {
    struct loop *loop;
    struct client *client;
    const struct resource *resource; /* the row of leases */
    const char *ns, *name, *identity;
    /* 0: 15 s, 10 s, 2 s. A leader that could not renew for renew_ms stops; others take over
     * duration_ms after the last renewal that they saw, by their own clocks. */
    int64_t duration_ms, renew_ms, retry_ms;
    void (*started)(void *ctx); /* this process leads from now on */
    void (*stopped)(void *ctx); /* it does no longer; it goes on trying */
    void *ctx;
};
/* The spec's strings are copied. */
struct lease *lease_start(const struct lease_spec *spec);
/* Gives the lease up, if it is ours, so that another need not wait; then done(ctx), later. stopped
 * is not called. Frees. */
void lease_stop(struct lease *lease, void (*done)(void *ctx), void *ctx);
bool lease_is_leader(const struct lease *lease);
struct str lease_holder(const struct lease *lease); /* as last seen, "" when nobody holds it */

#endif
