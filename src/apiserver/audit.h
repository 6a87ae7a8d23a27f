/* audit.k8s.io/v1 lines: every write and every denial (level Metadata).  Loop thread. */
#ifndef BINNACLE_APISERVER_AUDIT_H
#define BINNACLE_APISERVER_AUDIT_H

struct audit;
struct err;
struct job_pool;
struct req;

/* fd -1: off; else owned. Lines are written by jobs, in order; what piles up beyond 4 MiB is left
 * out and counted in the log. */
struct audit *audit_new(struct job_pool *jobs, int fd);
void audit_free(struct audit *audit); /* what waits is written first; NULL allowed */
void audit_end(struct audit *audit, struct req *req, const struct err *err); /* always, once */

#endif
