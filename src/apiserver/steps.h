/* The one order of steps, and the steps that the files of this folder contribute to it. */
#ifndef BINNACLE_APISERVER_STEPS_H
#define BINNACLE_APISERVER_STEPS_H

#include <stddef.h>

#include "apiserver/req.h"

struct err;

/* "read" begins the bracket, "commit" ends it, "encode" begins what always runs. */
extern const struct req_step steps_order[];
extern const size_t steps_order_len;

/* route.c: path and query → verb, resource, options; mounts. */
enum step_rc route_limits(struct req *req, struct err **err);
enum step_rc route_attributes(struct req *req, struct err **err);
enum step_rc route_mount(struct req *req, struct err **err);
/* inflight.c */
enum step_rc inflight_enter(struct req *req, struct err **err);
/* authz.c */
enum step_rc authz_step(struct req *req, struct err **err);
/* req_body.c: the request's body, whole. */
enum step_rc req_body_step(struct req *req, struct err **err);
/* rest_read.c, rest_watch.c */
enum step_rc rest_read_get(struct req *req, struct err **err);
enum step_rc rest_read_list(struct req *req, struct err **err);
enum step_rc rest_watch_step(struct req *req, struct err **err);
/* rest_write.c: what is to be written. */
enum step_rc rest_write_decode(struct req *req, struct err **err);
enum step_rc rest_write_read(struct req *req, struct err **err);
enum step_rc rest_write_default(struct req *req, struct err **err);
enum step_rc rest_write_managed(struct req *req, struct err **err);
/* rest_patch.c */
enum step_rc rest_patch_step(struct req *req, struct err **err);
/* rest_prepare.c: system fields, checks, canonical bytes. */
enum step_rc rest_prepare_step(struct req *req, struct err **err);
enum step_rc rest_prepare_validate(struct req *req, struct err **err);
enum step_rc rest_prepare_canonicalise(struct req *req, struct err **err);
/* rest_delete.c: DELETE's options and plan; rest_collection.c: item by item. */
enum step_rc rest_delete_decode(struct req *req, struct err **err);
enum step_rc rest_delete_prepare(struct req *req, struct err **err);
enum step_rc rest_collection_step(struct req *req, struct err **err);
/* rest_rbac.c: nobody gives away what they do not hold. */
enum step_rc rest_rbac_step(struct req *req, struct err **err);
/* rest_virtual.c: answers what is never stored. */
enum step_rc rest_virtual_step(struct req *req, struct err **err);
/* rest_commit.c */
enum step_rc rest_commit_step(struct req *req, struct err **err);
/* encode.c: the result, list or error becomes an answer. */
enum step_rc encode_step(struct req *req, struct err **err);

#endif
