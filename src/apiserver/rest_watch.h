/* A watch for the local transport: its events as objects instead of bytes.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_WATCH_H
#define BINNACLE_APISERVER_REST_WATCH_H

#include <stdbool.h>

#include "client/client.h"

struct body;
struct err;

typedef watch_fn rest_watch_fn;
/* From now on this body (of a WATCH) gives its events to fn, and is pumped instead of pulled. */
void rest_watch_listen(struct body *body, rest_watch_fn *fn, void *ctx);
/* Gives what is there. true: body->wake follows; false: it is over, with or without an error. */
bool rest_watch_pump(struct body *body, struct err **ret_error);

#endif
