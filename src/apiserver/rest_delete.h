/* What DELETE shares with the commit.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_DELETE_H
#define BINNACLE_APISERVER_REST_DELETE_H

#include <stdbool.h>

#include "apiserver/req.h"
#include "base/doc.h"

/* The update that is about to be written ends the object instead. */
bool rest_delete_is_final(const struct req *req);
/* DeleteOptions of a body become the request's. */
int rest_delete_take(struct req *req, struct val options, struct err **err);

#endif
