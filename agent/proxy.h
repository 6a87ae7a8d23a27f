/* The service proxy: follows Services, EndpointSlices and Nodes, and keeps the nft table `binnacle` as
 * they say.  Loop thread.
 *
 * No state of its own: after a restart the first transaction replaces the whole table by what the API
 * has; connections that exist go on. */
#ifndef BINNACLE_AGENT_PROXY_H
#define BINNACLE_AGENT_PROXY_H

#include <stdbool.h>

#include "base/str.h"

struct backends;
struct client;
struct job_pool;
struct loop;
struct proxy;
struct registry;

struct proxy_spec {
    struct loop *loop;
    struct job_pool *jobs;
    struct client *client;
    struct backends *backends;
    const struct registry *registry;
    struct str node_name; /* lives longer; so does: */
    struct str dns;       /* where this node answers names itself, absent: nowhere */
    /* The rules stand (problem absent), or why not. At every change. */
    void (*health)(void *ctx, struct str problem);
    void *ctx;
};
struct proxy *proxy_new(const struct proxy_spec *spec);
/* The rules stay: pods go on while the agent is away. Before its backends; they tell it
 * nothing more. */
void proxy_free(struct proxy *proxy); /* NULL allowed */
/* Begins when this was told: the addresses of this node's pods; absent: they are not ours to know. */
void proxy_begin(struct proxy *proxy, struct str pod_cidr);

#endif
