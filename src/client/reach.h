/* How the control plane reaches nodes, pods and services: by the agents' tunnels.  Loop thread. */
#ifndef BINNACLE_CLIENT_REACH_H
#define BINNACLE_CLIENT_REACH_H

#include <stdint.h>

#include "base/str.h"

struct cache;
struct conn;
struct err;
struct handle;
struct loop;
struct reach;
struct reach_dialing;
struct registry;

enum reach_kind { REACH_NODE, REACH_POD, REACH_SERVICE };
struct reach_target {
    enum reach_kind kind;
    struct str ns, name; /* ns absent for nodes */
    struct str port;     /* number or name (a Service's only one may have none); nodes: "" is the
                            agent's, another one is reached through the agent */
};
struct reach_spec {
    struct loop *loop;
    const struct cache *cache;       /* nodes, pods, endpoint slices */
    const struct registry *registry; /* where their rows are found; outlives this */
    struct str client_cert_pem, client_key_pem, ca_pem; /* API server's client certificate */
};
struct reach *reach_new(const struct reach_spec *spec);
void reach_free(struct reach *reach);
/* Is there such a place? Says what reach_dial would, without dialling. */
int reach_find(struct reach *reach, const struct reach_target *target, struct err **err);
typedef void reach_fn(void *ctx, struct conn *conn, struct err *owned);
/* Node targets: a TLS conn to the agent. Pod and service targets: a byte tunnel through that
 * node's agent. Endpoints of a service take turns, ready ones first; those without a node are
 * dialled from here, then through any agent. 3 s a try; all failed: 503 naming each try. */
struct reach_dialing *reach_dial(struct reach *reach, const struct reach_target *target,
                                 reach_fn *done, void *ctx);
void reach_cancel(struct reach_dialing *dialing); /* done with CANCELLED follows */

#endif
