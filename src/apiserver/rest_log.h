/* pods/log: the agent's answer, passed on as it comes. */
#ifndef BINNACLE_APISERVER_REST_LOG_H
#define BINNACLE_APISERVER_REST_LOG_H

#include <stdbool.h>

#include "apiserver/req.h"

bool rest_log_is(const struct resource *resource, const struct subresource *sub);
/* The step "log": waits for the head of the agent's answer, then answers a body over it. */
enum step_rc rest_log_step(struct req *req, struct err **err);

#endif
