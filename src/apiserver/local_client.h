/* The local transport: in-process calls through the same steps.  Loop thread. */
#ifndef BINNACLE_APISERVER_LOCAL_CLIENT_H
#define BINNACLE_APISERVER_LOCAL_CLIENT_H

#include "apiserver/req.h"

struct call;
struct client;
struct err;

struct client *local_client_new(struct apiserver *server, const char *user,
                                const char *const *groups);
/* Fills a request that has no HTTP behind it: attributes, options, body. */
int local_client_fill(struct req *req, const struct call *call, struct err **err);

#endif
