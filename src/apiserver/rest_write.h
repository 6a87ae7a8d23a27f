/* What the write steps share.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_WRITE_H
#define BINNACLE_APISERVER_REST_WRITE_H

#include "apiserver/req.h"

struct edit;

/* req->now becomes an edit of itself; nothing for an empty edit. */
int rest_write_edit(struct req *req, struct edit *edit, struct err **err);
/* Defaults of req->now, again after every change by admission. */
int rest_write_fill(struct req *req, struct err **err);

#endif
