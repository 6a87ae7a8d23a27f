/* Resources and subresources: which of them have something behind them, and what is special about
 * those that take or give another kind than their object.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_SUB_H
#define BINNACLE_APISERVER_REST_SUB_H

#include <stdbool.h>

#include "apiserver/req.h"

/* A subresource with a body of its own. */
struct rest_sub {
    const char *resource; /* plural, NULL: of whatever resource */
    const char *name;
    const struct resource *row; /* what goes in */
    /* The body's kind as a view of the object, for GET, as base of patches and as the answer; NULL:
     * the answer is a Status. */
    void (*view)(struct req *req, struct val object, struct jw *out);
    /* req->now, a document of `row` → the object that is to be written. */
    int (*apply)(struct req *req, struct err **err);
    /* Server-side apply: the body, a configuration of `row` → one of the object. */
    struct str (*applied)(struct req *req);
    bool is_main; /* prepared and checked like a write of the object itself */
    bool is_raw;  /* written as it is: no strategy, no checks, no managedFields */
};

/* What is not served is not offered: 404, and not in discovery. */
bool rest_sub_has_resource(const struct resource *resource);
bool rest_sub_is_served(const struct resource *resource, const struct subresource *sub);
/* The row of a served one, NULL for those that are a part of their object. */
const struct rest_sub *rest_sub_find(const struct resource *resource,
                                     const struct subresource *sub);

/* The kind of the body, and of what a patch changes. */
const struct resource *rest_sub_row(const struct req *req);
/* The name that a row's strategy and checks see; NULL: the main resource. */
const char *rest_sub_strategy(const struct req *req);
bool rest_sub_is_raw(const struct req *req);
/* Turns req->now, a document of the body's kind, into the object that is to be written. */
int rest_sub_apply(struct req *req, struct err **err);
/* The applied configuration of the object that the body stands for; NULL: *err is set. */
const struct doc *rest_sub_applied(struct req *req, struct err **err);
/* The object as the subresource shows it: a reference, the same one where it is itself. */
int rest_sub_view(struct req *req, struct object *object, struct object **ret, struct err **err);
/* Answers a write. */
int rest_sub_answer(struct req *req, int status, struct object *object, struct err **err);
/* A uid in a body must be the object's, and of none when there is none yet: 409. */
int rest_sub_check_uid(struct req *req, struct str uid, struct err **err);
/* `metadata` of the body may name uid and resourceVersion: 409 unless they still hold. */
int rest_sub_preconditions(struct req *req, struct val metadata, struct err **err);

/* rest_sub_scale.c, rest_sub_pod.c */
extern const struct rest_sub rest_sub_scale, rest_sub_binding, rest_sub_eviction;

#endif
