/* Who wrote a revision, and with what: between a request and the texts the store keeps. */
#ifndef BINNACLE_APISERVER_ORIGIN_H
#define BINNACLE_APISERVER_ORIGIN_H

#include "base/str.h"

struct jw;
struct req;
struct store_actor;
struct store_history_item;

struct origin {
    struct str user, impersonator; /* impersonator: who acted as the user, or absent */
    struct str agent, command;     /* "kubectl/v1.35.0 …", "kubectl scale" (or absent) */
    struct str verb, subresource;  /* "patch", "scale" */
    struct str address;
};

/* Texts in the request's arena. */
void origin_of(const struct req *req, struct store_actor *ret);
/* Slices of the item's texts. */
struct origin origin_read(const struct store_history_item *item);
/* Its members into an object that is open. */
void origin_write(const struct origin *origin, struct jw *w);

#endif
