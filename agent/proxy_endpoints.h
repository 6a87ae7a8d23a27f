/* Which endpoints of a Service's port take its traffic on this node.  Pure. */
#ifndef BINNACLE_AGENT_PROXY_ENDPOINTS_H
#define BINNACLE_AGENT_PROXY_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct proxy_node;

struct proxy_endpoint {
    struct str address;
    int64_t port;
    struct val hints;
    bool is_ready, is_serving, is_terminating, is_local;
};
struct proxy_pool {
    struct proxy_endpoint *at; /* in order of address and port */
    size_t len;
};
struct proxy_endpoints {
    struct proxy_pool cluster; /* for policy Cluster, and for clients inside */
    struct proxy_pool local;   /* for policy Local */
    struct proxy_pool
        serving;  /* all that take traffic, here or elsewhere: flows to them may stay */
    bool has_any; /* false: nobody could answer, anywhere */
};
/* How a Service is reached. */
struct proxy_policy {
    bool is_internal_local, is_external_local, is_external; /* reached from outside at all */
};
/* All that the slices have for the port of that name and protocol; nodes and zones by `node`. */
void proxy_endpoints(const struct val *slices, size_t slice_len, struct val port,
                     const struct proxy_policy *policy, const struct proxy_node *node,
                     struct arena *arena, struct proxy_endpoints *ret);

#endif
