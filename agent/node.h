/* This machine in the API: registration, status, heartbeat lease.  Loop thread. */
#ifndef BINNACLE_AGENT_NODE_H
#define BINNACLE_AGENT_NODE_H

#include "agent/node_status.h"

struct client;
struct informers;
struct loop;
struct node;
struct recorder;
struct registry;

struct node_spec {
    struct loop *loop;
    struct client *client;
    struct registry *registry;
    struct informers *informers;
    struct recorder *recorder;
    struct node_status_in in; /* strings outlive the node; problem and now_ms are its own */
    /* The Node has this pod CIDR (absent: none yet); each time it changes. */
    void (*pod_cidr)(void *ctx, struct str cidr);
    void *ctx;
};
/* Registers and goes on from then: the Lease every 10 s, the status every 5 min or when it changes. */
struct node *node_new(const struct node_spec *spec);
void node_free(struct node *node); /* NULL allowed */
/* Why the node is not ready (copied; absent: it is). What changed is told at once. */
void node_set_problem(struct node *node, struct str problem);
void node_set_runtime(struct node *node, struct str runtime_version); /* copied */
void node_set_groups_policy(struct node *node, bool has_it); /* the runtime knows that policy */

struct object *node_object(const struct node *node); /* as last seen, borrowed; NULL: not yet */

#endif
