/* /api, /apis, group and version documents, /openapi: from the registry.  Loop thread. */
#ifndef BINNACLE_APISERVER_DISCOVERY_H
#define BINNACLE_APISERVER_DISCOVERY_H

struct apiserver;

void discovery_mount(struct apiserver *server);

#endif
