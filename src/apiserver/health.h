/* /healthz, /livez, /readyz, /version, /metrics and the list of paths.  Loop thread. */
#ifndef BINNACLE_APISERVER_HEALTH_H
#define BINNACLE_APISERVER_HEALTH_H

struct apiserver;

void health_mount(struct apiserver *server);

#endif
