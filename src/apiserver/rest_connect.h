/* Subresources that connect to something behind the API: the verb CONNECT.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_CONNECT_H
#define BINNACLE_APISERVER_REST_CONNECT_H

#include <stdbool.h>

#include "apiserver/req.h"

struct err;
struct http_header;

bool rest_connect_is(const struct resource *resource, const struct subresource *sub);
/* Is the request's method one that it takes? */
bool rest_connect_may(const struct req *req);
/* Does the request ask for another protocol? As upstream's httpstream.IsUpgradeRequest. */
bool rest_connect_is_upgrade(struct req *req);
/* The request's headers as the other side gets them, in the request's arena; the count. Credentials
 * and what belongs to one connection stay behind, but for Connection and Upgrade when they are
 * wanted; X-Forwarded-For grows. ret has room for HTTP_MAX_HEADERS + 1. */
size_t rest_connect_headers(struct req *req, bool upgrades, struct http_header *ret);
enum step_rc rest_connect_step(struct req *req, struct err **err);

/* rest_stream.c: pods/exec, pods/attach, pods/portforward. */
enum step_rc rest_stream_step(struct req *req, struct err **err);
/* rest_proxy.c: pods/proxy, services/proxy, nodes/proxy. */
enum step_rc rest_proxy_step(struct req *req, struct err **err);

#endif
