/* Answers: which media type, and the bodies of objects and lists.  Loop thread. */
#ifndef BINNACLE_APISERVER_ENCODE_H
#define BINNACLE_APISERVER_ENCODE_H

#include "apiserver/req.h"

struct body;
struct err;
struct listing;
struct object;

/* The Accept header → req->accept; 406 when nothing fits. */
int encode_negotiate(struct req *req, struct err **err);
/* The object in the version that was asked for: a reference, the same one when it is that already. */
int encode_view(const struct resource *resource, struct object *object, struct arena *arena,
                struct object **ret, struct err **err);
/* A JSON document as YAML; for small things, made at once. */
struct body *encode_yaml(struct str json, struct arena *arena);
/* encode_list.c: walks the listing (taken over) while it is sent. */
struct body *encode_list_body(struct req *req, struct listing *owned);

#endif
