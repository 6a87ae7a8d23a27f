/* Decoding, patching, defaulting and checking a megabyte takes tens of milliseconds: such steps run
 * on the job pool, and the request waits for them as for anything else.
 *
 * Called by the runner (req.c) on the loop; the step itself runs on a pool thread. Until its
 * req_resume nobody else touches the request's arena, and what else the step reads never changes:
 * rows, the pinned old object, the body. That is what is_pure in the table of steps promises. */
#include "config.h"

#include "apiserver/req_job.h"

#include "apiserver/apiserver_impl.h"
#include "apiserver/req_impl.h"
#include "apiserver/rest_virtual.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/job.h"

/* All steps of a write cost some 0.1 to 0.2 ms a KiB: at this size they are below the 5 ms that the
 * loop may be held. */
enum { BYTES_MIN = 32 << 10 };

bool
req_job_wants(const struct req_impl *q, const struct req_step *step)
{
    const struct req *req = &q->req;
    if (!step->is_pure || req->server->jobs == NULL || q->rest_sub != NULL ||
        rest_virtual_of(req) != NULL) {
        return false;
    }
    size_t size = req->body.size + (req->old == NULL ? 0 : doc_bytes(req->old).size);
    return size >= BYTES_MIN;
}

static void
run(void *ctx, struct arena *arena, struct err **err)
{
    struct req_impl *q = ctx;
    (void)arena; /* the request has its own */
    (void)err;   /* the step's own error is no failure of the job */
    q->job_rc = q->job_step->run(&q->req, &q->job_error);
}

static void
done(void *ctx, struct arena *arena, struct err *owned)
{
    struct req_impl *q = ctx;
    (void)arena;
    q->has_job_rc = owned == NULL;
    req_resume(&q->req, owned);
}

void
req_job_start(struct req_impl *q, const struct req_step *step)
{
    q->job_step = step;
    (void)job_submit(q->req.server->jobs, run, done, q, NULL, 0);
}
