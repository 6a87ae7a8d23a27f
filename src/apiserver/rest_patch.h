/* PATCH: what rest_write.c asks of it.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_PATCH_H
#define BINNACLE_APISERVER_REST_PATCH_H

#include <stdbool.h>

#include "apiserver/req.h"

/* The body as JSON in impl->body_doc, its kind in req->patch_kind. */
int rest_patch_decode(struct req *req, struct err **err);
/* Did the client name a revision, in any kind of body? Then a conflict is its own to solve. */
bool rest_patch_names_revision(struct req *req);

#endif
