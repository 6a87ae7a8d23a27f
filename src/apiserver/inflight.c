/* In-flight limits, as kube-apiserver's WithMaxInFlightLimit: long-running requests are not counted,
 * nor are those of system:masters, so that an overloaded server can still be looked at. A slot is
 * held until the answer has left. Loop thread. */
#include "config.h"

#include "apiserver/inflight.h"

#include "apiserver/apiserver_impl.h"
#include "apiserver/rest_log.h"
#include "apiserver/steps.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/metrics.h"

enum { MAX_READ = 400, MAX_WRITE = 200 };
struct inflight {
    int max[2], now[2]; /* [0] reading, [1] mutating */
};
static const char *const kinds[2] = { "readOnly", "mutating" };

struct inflight *
inflight_new(int max_read, int max_write)
{
    struct inflight *inflight = MEM_NEW(struct inflight);
    inflight->max[0] = max_read > 0 ? max_read : MAX_READ;
    inflight->max[1] = max_write > 0 ? max_write : MAX_WRITE;
    return inflight;
}

void
inflight_free(struct inflight *inflight)
{
    mem_free(inflight);
}

static bool
is_privileged(const struct req_user *user)
{
    for (size_t i = 0; i < user->group_len; i++) {
        if (str_is(user->groups[i], "system:masters")) {
            return true;
        }
    }
    return false;
}

static void
count(struct inflight *inflight, int kind, int by)
{
    inflight->now[kind] += by;
    metrics_set(METRIC_INFLIGHT, kinds[kind], inflight->now[kind]);
}

enum step_rc
inflight_enter(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    struct inflight *inflight = req->server->inflight;
    if (req->verb == VERB_WATCH || req->verb == VERB_CONNECT ||
        rest_log_is(req->resource, req->sub)) {
        return STEP_NEXT; /* long-running */
    }
    int kind = req_is_write(req) || req->verb == VERB_DELETECOLLECTION;
    if (inflight->now[kind] >= inflight->max[kind] && !is_privileged(&req->user)) {
        /* apiserver/pkg/server/filters/maxinflight.go: tooManyRequests */
        err_set(err, ERR_TOO_MANY, "Too many requests, please try again later.");
        (*err)->retry_after_s = 1;
        return STEP_FAIL;
    }
    count(inflight, kind, 1);
    q->is_in_flight = true;
    q->is_mutating = kind == 1;
    return STEP_NEXT;
}

void
inflight_leave(struct req *req)
{
    struct req_impl *q = req->impl;
    if (q->is_in_flight) {
        q->is_in_flight = false;
        count(req->server->inflight, q->is_mutating, -1);
    }
}
