/* What the write steps share.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_WRITE_H
#define BINNACLE_APISERVER_REST_WRITE_H

#include <stdbool.h>

#include "api/decode.h"
#include "api/managed.h"
#include "apiserver/req.h"

struct edit;

/* req->now becomes an edit of itself; nothing for an empty edit. */
int rest_write_edit(struct req *req, struct edit *edit, struct err **err);
/* Defaults of req->now, again after every change by admission. */
int rest_write_fill(struct req *req, struct err **err);

/* How bodies are decoded: fieldValidation, with req->findings collecting. */
enum decode_mode rest_write_mode(const struct req *req);
struct decode_in rest_write_decode_in(struct req *req, enum media media, struct str bytes);
void rest_write_warn(struct req *req); /* the findings, as warnings */
struct managed_in rest_write_managed_in(struct req *req);
/* Is metadata.managedFields there, and empty? */
bool rest_write_resets_managed(struct req *req, struct str json);

#endif
