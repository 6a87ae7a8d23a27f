/* What came over the network as objects: wire JSON → struct object.  Any thread. */
#ifndef BINNACLE_CLIENT_CLIENT_REPLY_H
#define BINNACLE_CLIENT_CLIENT_REPLY_H

#include "base/doc.h"
#include "base/str.h"
#include "client/client.h"

struct arena;
struct err;
struct object;
struct resource;

/* metadata.resourceVersion as a number; 0 when there is none or it is no number. */
uint64_t client_reply_rev(struct val object);
/* One object of the resource, from wherever it stands in a document: an item of a list may leave
 * out kind and apiVersion. One reference. */
int client_reply_object(const struct resource *resource, struct val v, struct object **ret,
                        struct err **err);
/* The parsed body of a successful answer. Objects are kept in the arena's arrays and must be given
 * back by client_reply_done. */
int client_reply_read(struct arena *arena, const struct call *call, const struct doc *doc,
                      struct reply *ret, struct err **err);
void client_reply_done(struct reply *reply);

#endif
