/* audit.k8s.io/v1 lines: every write and every denial (level Metadata).  Loop thread. */
#ifndef BINNACLE_APISERVER_AUDIT_H
#define BINNACLE_APISERVER_AUDIT_H

struct audit;
struct err;
struct req;

struct audit *audit_new(int fd); /* -1: off; owned; lines are written by a job, in order, bounded */
void audit_free(struct audit *audit);
void audit_end(struct audit *audit, struct req *req, const struct err *err); /* always, once */

#endif
