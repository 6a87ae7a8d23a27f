/* The body of an HTTP request: taken whole once a step asks for it, or passed on as it comes.  Loop
 * thread. */
#ifndef BINNACLE_APISERVER_REQ_BODY_H
#define BINNACLE_APISERVER_REQ_BODY_H

#include "apiserver/req.h"

struct body;
struct intake;
struct req_body;

enum { REQ_BODY_MAX = 3 << 20 }; /* bytes: kube-apiserver's MaxRequestBodyBytes */

/* Two references: the stream's (until its done) and the request's (req_body_free). */
struct req_body *req_body_new(struct req *req, struct intake **ret_intake);
/* Instead of the step "body": the caller's, as it comes, of any size; NULL: the request has none. It
 * may outlive the request. */
struct body *req_body_pass(struct req *req);
void req_body_free(struct req_body *body); /* what still comes is dropped; NULL allowed */

#endif
