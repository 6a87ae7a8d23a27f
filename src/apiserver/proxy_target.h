/* What the name in a proxy's URL means: [scheme:]NAME[:port].  Loop thread. */
#ifndef BINNACLE_APISERVER_PROXY_TARGET_H
#define BINNACLE_APISERVER_PROXY_TARGET_H

#include <stdbool.h>

#include "client/reach.h"

struct err;
struct req;

struct proxy_target {
    struct reach_target place; /* in the request's arena */
    bool is_tls;               /* by us; a node's agent has TLS of its own */
    struct str authority;      /* host:port of a pod, else absent */
};
/* Pods, services and nodes, with upstream's errors for those that are not there. */
int proxy_target_find(struct req *req, struct proxy_target *ret, struct err **err);

#endif
