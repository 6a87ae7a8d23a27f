/* Where nodes, pods and services are: private to reach.c and reach_place.c.  Loop thread. */
#ifndef BINNACLE_CLIENT_REACH_PLACE_H
#define BINNACLE_CLIENT_REACH_PLACE_H

#include <stddef.h>

#include "client/reach.h"

struct resource;

enum { REACH_PLACES_MAX = 4 };

struct reach {
    struct reach_spec spec;
    char *cert_pem, *key_pem, *ca_pem;
    const struct resource *nodes, *pods, *slices;
    size_t turn; /* endpoints of services take turns */
};

/* One way to get there. */
struct reach_place {
    char *node;    /* whose agent is dialled; NULL: nobody's, address is the place itself */
    char *address; /* "ip:port" */
    char *tunnel;  /* "ip:port" behind the agent; NULL: the agent itself */
};
struct reach_places {
    struct reach_place at[REACH_PLACES_MAX]; /* in the order in which they are tried */
    size_t len;
};
/* At least one, or -1. */
int reach_place_find(struct reach *reach, const struct reach_target *target,
                     struct reach_places *ret, struct err **err);
void reach_place_done(struct reach_places *places);

#endif
