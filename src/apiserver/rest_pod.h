/* Where a container runs: what logs, exec, attach and port-forward ask first.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_POD_H
#define BINNACLE_APISERVER_REST_POD_H

#include "apiserver/req.h"

struct err;

/* The pod of the request's path, in the request's arena. */
struct rest_pod {
    struct str node;      /* absent: not bound yet */
    struct str container; /* the one that ?container= asks for, or the only one */
};
/* Without a container of that name: 400 in upstream's words. 503 while nodes cannot be reached. */
int rest_pod_find(struct req *req, struct rest_pod *ret, struct err **err);
int rest_pod_find_node(struct req *req, struct rest_pod *ret, struct err **err); /* any container */
int rest_pod_unbound(struct req *req, struct err **err); /* 400: it has no node */

#endif
