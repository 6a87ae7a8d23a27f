/* What a node's agent may do: its own Node, its own pods and what they name.  Loop thread. */
#ifndef BINNACLE_APISERVER_AUTHZ_NODE_H
#define BINNACLE_APISERVER_AUTHZ_NODE_H

#include <stdbool.h>

#include "base/str.h"

struct arena;
struct authz_attrs;
struct registry;
struct sink;

/* The node's name of a user system:node:NAME in group system:nodes, else absent. */
struct str authz_node_name(const struct authz_attrs *attrs);
bool authz_node_allows(struct sink *sink, const struct registry *registry,
                       const struct authz_attrs *attrs, struct str node, struct arena *arena,
                       struct str *ret_reason);

#endif
