/* Memory that nobody needs goes back while the program has nothing better to do.  Loop thread. */
#ifndef BINNACLE_BASE_THRIFT_H
#define BINNACLE_BASE_THRIFT_H

#include <stddef.h>

struct job_pool;
struct loop;
struct thrift;

/* tape_bytes: of objects' tapes that stay. */
struct thrift *thrift_start(struct loop *loop, struct job_pool *jobs, size_t tape_bytes);
void thrift_stop(struct thrift *thrift); /* NULL allowed; frees */

#endif
