/* Memory that nobody needs: tapes of objects whenever the loop idles, and once a minute what the
 * allocator keeps of freed memory, by a job, as that walks over the whole heap.
 *
 * Started and stopped by the API server and by the agent. Loop thread. */
#include "config.h"

#include "base/thrift.h"

#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/job.h"
#include "base/loop.h"
#include "base/mem.h"

enum { FIRST_MS = 2000, EVERY_MS = 60000 };

struct thrift {
    struct loop *loop;
    struct job_pool *jobs;
    size_t tape_bytes;
    struct loop_timer *timer;
};

/* Objects are read again and again by controllers: the newest tapes stay. */
static void
trim_tapes(void *ctx)
{
    doc_tapes_trim(((struct thrift *)ctx)->tape_bytes);
}

static void
give_back(void *ctx, struct arena *arena, struct err **err)
{
    (void)ctx;
    (void)arena;
    (void)err;
    mem_trim();
}

static void
given_back(void *ctx, struct arena *arena, struct err *owned)
{
    (void)ctx;
    (void)arena;
    err_free(owned); /* the pool ended first: so does the process */
}

static void
on_minute(void *ctx)
{
    struct thrift *thrift = ctx;
    (void)job_submit(thrift->jobs, give_back, given_back, NULL, NULL, 0);
    thrift->timer = loop_timer(thrift->loop, clock_mono_ms() + EVERY_MS, on_minute, thrift);
}

struct thrift *
thrift_start(struct loop *loop, struct job_pool *jobs, size_t tape_bytes)
{
    struct thrift *thrift = MEM_NEW(struct thrift);
    thrift->loop = loop;
    thrift->jobs = jobs;
    thrift->tape_bytes = tape_bytes;
    thrift->timer = loop_timer(loop, clock_mono_ms() + FIRST_MS, on_minute, thrift);
    loop_on_idle(loop, trim_tapes, thrift);
    return thrift;
}

void
thrift_stop(struct thrift *thrift)
{
    if (thrift != NULL) {
        loop_off_idle(thrift->loop, trim_tapes, thrift);
        loop_timer_cancel(thrift->timer);
        mem_free(thrift);
    }
}
