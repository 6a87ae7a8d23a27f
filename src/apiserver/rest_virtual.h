/* Creates that store nothing: reviews and tokens are answered from what they ask.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_VIRTUAL_H
#define BINNACLE_APISERVER_REST_VIRTUAL_H

#include "apiserver/req.h"

struct rest_virtual {
    const char *group, *plural, *sub; /* sub NULL: the resource itself */
    const struct resource *row;       /* of what comes in and goes out; NULL: the resource's */
    /* Refuses what may not be asked; NULL: nothing. */
    int (*check)(struct req *req, struct err **err);
    /* The answer as JSON, from req->now; made canonical by the row. May wait. */
    enum step_rc (*answer)(struct req *req, struct str *ret_json, struct err **err);
};
/* NULL: requests for it are about stored objects. */
const struct rest_virtual *rest_virtual_find(const struct resource *resource,
                                             const struct subresource *sub);
const struct rest_virtual *rest_virtual_of(const struct req *req);
/* The row of a request's body: a virtual one's own, else the resource's. */
const struct resource *rest_virtual_row(const struct req *req);

/* rest_review.c */
int rest_review_check_token(struct req *req, struct err **err);
int rest_review_check_access(struct req *req, struct err **err);
int rest_review_check_rules(struct req *req, struct err **err);
enum step_rc rest_review_token(struct req *req, struct str *ret_json, struct err **err);
enum step_rc rest_review_access(struct req *req, struct str *ret_json, struct err **err);
enum step_rc rest_review_rules(struct req *req, struct str *ret_json, struct err **err);
enum step_rc rest_review_self(struct req *req, struct str *ret_json, struct err **err);
/* rest_token.c */
extern const struct resource rest_token_row;
int rest_token_check(struct req *req, struct err **err);
enum step_rc rest_token_answer(struct req *req, struct str *ret_json, struct err **err);

#endif
