/* /openapi/v2 and /openapi/v3.  Loop thread. */
#ifndef BINNACLE_APISERVER_DISCOVERY_OPENAPI_H
#define BINNACLE_APISERVER_DISCOVERY_OPENAPI_H

struct apiserver;
struct discovery_openapi;

void discovery_openapi_mount(struct apiserver *server);
void discovery_openapi_free(struct discovery_openapi *openapi); /* NULL allowed */

#endif
