/* What the control plane asks this node: logs, commands, tunnels, pods.  TLS, port 10250.  Loop thread.
 *
 * Every path needs a client certificate of the cluster's client CA that stands for the API server or an
 * administrator (O=system:masters or CN=kube-apiserver-kubelet-client); others get 403.
 *
 *   GET  /healthz                               "ok"
 *   GET  /pods                                  PodList
 *   GET  /containerLogs/NS/POD/CONTAINER        follow previous timestamps tailLines sinceSeconds
 *                                               sinceTime limitBytes stream
 *   *    /exec|attach/NS/POD[/UID]/CONTAINER    upgrade, passed on to the runtime's stream
 *   *    /portForward/NS/POD[/UID]              the same
 *   GET  /tunnel?address=IP:PORT                Upgrade: binnacle-tunnel, then bytes both ways
 *   POST /images                                an image archive, see images.h */
#ifndef BINNACLE_AGENT_NODE_API_H
#define BINNACLE_AGENT_NODE_API_H

#include "base/str.h"

struct cri;
struct err;
struct images;
struct loop;
struct node_api;
struct podset;

struct node_api_spec {
    struct loop *loop;
    const char *listen; /* "0.0.0.0:10250" */
    struct str cert_pem, key_pem, client_ca_pem;
    struct cri *cri;
    struct podset *podset;
    struct images *images; /* NULL: no archives are taken */
};
int node_api_new(const struct node_api_spec *spec, struct node_api **ret, int *ret_port,
                 struct err **err);
void node_api_free(struct node_api *api); /* cuts what runs; NULL allowed */

#endif
