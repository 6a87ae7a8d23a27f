/* URLs: path → mount or resource, query → options.  Loop thread. */
#ifndef BINNACLE_APISERVER_ROUTE_H
#define BINNACLE_APISERVER_ROUTE_H

#include "apiserver/req.h"

struct apiserver_mount;
struct err;

/* Cuts a mount's path into segments; asserts that the pattern is well formed. */
void route_mount_init(struct apiserver_mount *mount, const struct mount *from);
void route_mount_done(struct apiserver_mount *mount);
/* Path and query of any transport → attributes; the registry is pinned. */
int route_path(struct req *req, struct str path, struct str query, const char *method,
               struct err **err);
/* Finds the row of req->group, version, plural and sub_name; nothing when there is none. */
void route_resolve(struct req *req);
/* 404: of a group that is there a Status (-1, err set), else Go's plain text (0, answered). */
int route_not_found(struct req *req, struct err **err);

/* route_options.c: the query's options of this verb, checked as upstream checks them. */
int route_options_parse(struct req *req, struct err **err);
int route_options_check(struct req *req, struct err **err);
/* The same for the options of another verb (DeleteOptions inside an Eviction). */
int route_options_check_as(struct req *req, enum verb verb, struct err **err);
/* 422 of the checks of an options kind: ListOptions, DeleteOptions, … */
struct causes;
int route_options_invalid(const struct causes *causes, const char *kind, struct err **err);

#endif
