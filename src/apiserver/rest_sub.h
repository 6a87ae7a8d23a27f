/* Main resource and subresources: which part of an object each of them writes.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_SUB_H
#define BINNACLE_APISERVER_REST_SUB_H

#include <stdbool.h>

#include "apiserver/req.h"

struct edit;

/* Is there anything behind this subresource? What is not is not offered (404, not in discovery). */
bool rest_sub_is_served(const struct resource *resource, const struct subresource *sub);
/* Edits of req->now that put back what this request may not change: status on the main resource,
 * everything but status and metadata on …/status. */
void rest_sub_isolate(struct req *req, struct edit *edit);

#endif
