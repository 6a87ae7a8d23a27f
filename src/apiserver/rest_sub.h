/* Resources and subresources: which of them have something behind them.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_SUB_H
#define BINNACLE_APISERVER_REST_SUB_H

#include <stdbool.h>

#include "apiserver/req.h"

/* What is not served is not offered: 404, and not in discovery. */
bool rest_sub_has_resource(const struct resource *resource);
bool rest_sub_is_served(const struct resource *resource, const struct subresource *sub);

#endif
