/* What one Service comes to on this node: items of the nft table `binnacle`.  Pure.
 *
 * A packet's destination is looked up in a verdict map (service-ips, service-nodeports; for packets from
 * outside to a service of policy Local first outside-ips, outside-nodeports). The verdict goes to a chain
 * among-N that throws a die with N sides and goes to pick-I, which translates the destination by the map
 * endpoints-I. These chains and maps are shared by all services, so that a change of endpoints touches
 * elements of maps only. A service with session affinity has chains and sets of its own. */
#ifndef BINNACLE_AGENT_PROXY_PLAN_H
#define BINNACLE_AGENT_PROXY_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct proxy_endpoint;

enum { PROXY_PLAN_ENDPOINTS_MAX = 1000 /* of one port; more are left out */ };

enum proxy_item_kind { PROXY_SET, PROXY_CHAIN, PROXY_ELEMENT };
struct proxy_item {
    enum proxy_item_kind kind;
    bool is_shared; /* others have the same: its value follows from its name */
    struct str in;  /* name of the set, map or chain; of an element: which one it is in */
    struct str key; /* elements */
    /* Of a set or map: "map" or "set", a space and its block; of a chain: rules, one a line; of an
     * element: what it maps to, absent in a set. */
    struct str value;
};
/* Where UDP clients send to, and who may answer them: flows to others are stale. */
struct proxy_flow {
    struct str ip; /* absent: the port of every node */
    int64_t port;
    const struct proxy_endpoint *ends;
    size_t len; /* > 0 */
};
struct proxy_items {
    struct arena *arena; /* of the items and their texts; owned */
    struct proxy_item *at;
    size_t len, capacity;
    struct proxy_flow *flows; /* their texts are the documents' */
    size_t flow_len, flow_capacity;
};
void proxy_items_add(struct proxy_items *items, const struct proxy_item *item);
/* In order of kind, name and key, each once: of several the one that was added first. */
void proxy_items_sort(struct proxy_items *items);
int proxy_item_cmp(const struct proxy_item *a, const struct proxy_item *b);

struct proxy_node {
    struct str name, zone; /* of this node; zone absent: none */
    struct str dns;        /* where it answers names itself, absent: nowhere */
};
/* The items and flows of a Service (absent: none) with its EndpointSlices; sorted. Nothing for services that the
 * proxy leaves alone. out->arena is set. */
void proxy_plan(struct val service, const struct val *slices, size_t slice_len,
                const struct proxy_node *node, struct proxy_items *out);

#endif
