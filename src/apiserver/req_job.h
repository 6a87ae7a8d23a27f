/* Steps of large requests on the job pool: the loop turns on meanwhile. */
#ifndef BINNACLE_APISERVER_REQ_JOB_H
#define BINNACLE_APISERVER_REQ_JOB_H

#include <stdbool.h>

#include "apiserver/req.h"

struct req_impl;

/* Whether this step of this request belongs on the pool: it is pure, and there is much to chew. */
bool req_job_wants(const struct req_impl *q, const struct req_step *step);
/* Runs it there; one req_resume comes, and what the step said is at q->job_rc and q->job_error. */
void req_job_start(struct req_impl *q, const struct req_step *step);

#endif
