/* The nodes of the cluster, as the network of this one sees them: whose pods live where.
 *
 * Routes to their pods go by the nodes' addresses, on one network segment.  Loop thread. */
#ifndef BINNACLE_AGENT_PEERS_H
#define BINNACLE_AGENT_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/ip.h"
#include "base/str.h"

struct arena;
struct client;
struct loop;
struct peers;
struct proxy_items;
struct registry;

struct peer {
    struct str name;
    struct ip_net pods;
    struct ip address; /* its InternalIP */
    bool is_self, has_address;
};
struct peers_plan {
    struct peer *at; /* by name, those that have a pod network */
    size_t len;
    struct str zone; /* of this node */
};
/* Of several nodes whose pod networks overlap only the first by name counts. Pure. */
void peers_plan(const struct val *nodes, size_t len, struct str self, struct arena *arena,
                struct peers_plan *ret);

struct peers_spec {
    struct loop *loop;
    struct client *client;
    const struct registry *registry;
    struct str self; /* name of this node; lives longer */
    /* They were listed for the first time, or are others now. */
    void (*changed)(void *ctx);
    void *ctx;
};
struct peers *peers_new(const struct peers_spec *spec);
void peers_free(struct peers *peers); /* routes stay; NULL allowed */
/* From now on pods of other nodes are reached by routes of ours. */
void peers_begin_routes(struct peers *peers);
bool peers_is_synced(const struct peers *peers);
struct str peers_zone(const struct peers *peers); /* until the next change */
/* The pod networks, which are not masqueraded; sorted. */
void peers_items(const struct peers *peers, struct proxy_items *ret);

#endif
