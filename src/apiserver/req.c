/* The runner of requests: one step after the other, waits, restarts of the bracket, undo, deadline.
 *
 * Called by the transports (HTTP, local) and by everything that finishes a wait. Loop thread. The
 * phases: RUN calls steps; ASK_FRESH sits between a refusal inside the bracket and its answer; UNDO
 * walks back over the steps that were entered; OVER hands the answer to the transport. */
#include "config.h"

#include "apiserver/req.h"

#include <assert.h>
#include <string.h>

#include "apiserver/apiserver_impl.h"
#include "apiserver/audit.h"
#include "apiserver/inflight.h"
#include "apiserver/keyqueue.h"
#include "apiserver/listing.h"
#include "apiserver/local_client.h"
#include "apiserver/req_body.h"
#include "apiserver/req_job.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/client.h"
#include "net/body.h"
#include "store/store.h"

static void advance(struct req_impl *q);
static void fail(struct req_impl *q, struct err *owned);

/* ---- life ---- */

struct req *
req_new(struct apiserver *server, const struct req_transport *transport, void *ctx)
{
    struct req_impl *q = MEM_NEW(struct req_impl);
    q->refs = 1;
    q->transport = transport;
    q->transport_ctx = ctx;
    q->req.impl = q;
    q->req.server = server;
    q->req.arena = arena_new();
    q->req.options.grace_s = INT64_MIN;
    q->req.begun_us = clock_mono_us();
    q->next = server->reqs;
    if (q->next != NULL) {
        q->next->prev = q;
    }
    server->reqs = q;
    server->req_len++;
    return &q->req;
}

void
req_ref(struct req *req)
{
    req->impl->refs++;
}

static void
drop_round(struct req_impl *q)
{
    struct req *req = &q->req;
    if (req->old_object != NULL) {
        object_unpin(req->old_object);
        object_unref(req->old_object);
        req->old_object = NULL;
    }
    object_unref(req->result);
    req->result = NULL;
    buf_unref(q->value);
    q->value = NULL;
    req->old = req->now = NULL;
    req->is_create = req->was_noop = q->is_delete = q->is_removed = false;
}

static void
unlink_req(struct req_impl *q)
{
    struct apiserver *server = q->req.server;
    if (q->next != NULL) {
        q->next->prev = q->prev;
    }
    if (q->prev != NULL) {
        q->prev->next = q->next;
    } else {
        server->reqs = q->next;
    }
    server->req_len--;
}

void
req_unref(struct req *req)
{
    struct req_impl *q = req->impl;
    assert(q->refs > 0);
    if (--q->refs > 0) {
        return;
    }
    struct apiserver *server = req->server;
    loop_timer_cancel(q->deadline);
    inflight_leave(req);
    keyqueue_leave(req);
    drop_round(q);
    body_free(q->body);
    listing_free(q->listing);
    req_body_free(q->intake);
    err_free(q->error);
    err_free(q->resume_error);
    err_free(q->job_error);
    registry_unref(req->registry);
    arena_free(req->arena);
    if (q->transport->released != NULL) {
        q->transport->released(q->transport_ctx);
    }
    unlink_req(q);
    if (q->parent != NULL) {
        req_unref(&q->parent->req);
    }
    mem_free(q);
    apiserver_req_over(server);
}

/* ---- the order ---- */

static size_t
find_step(const struct req_order *order, const char *name)
{
    for (size_t i = 0; i < order->len; i++) {
        if (strcmp(order->steps[i]->name, name) == 0) {
            return i;
        }
    }
    assert(!"a step of that name");
    return 0;
}

static void
find_marks(struct req_order *order)
{
    order->decode = find_step(order, "decode");
    order->bracket = find_step(order, "read");
    order->commit = find_step(order, "commit");
    order->tail = find_step(order, "encode");
}

void
req_order_init(struct req_order *order)
{
    assert(steps_order_len <= REQ_STEPS_MAX);
    for (size_t i = 0; i < steps_order_len; i++) {
        order->steps[i] = &steps_order[i];
    }
    order->len = steps_order_len;
    find_marks(order);
}

void
req_test_step(struct apiserver *server, const char *before, const struct req_step *step)
{
    struct req_order *order = &server->order;
    assert(order->len < REQ_STEPS_MAX);
    size_t at = find_step(order, before);
    memmove(&order->steps[at + 1], &order->steps[at], (order->len - at) * sizeof(*order->steps));
    order->steps[at] = step;
    order->len++;
    find_marks(order);
}

/* ---- giving up ---- */

/* A wait that can be cut short is told so; its resume comes all the same. */
static void
cut_wait(struct req_impl *q)
{
    if (q->is_waiting && q->on_cancel != NULL && q->phase != REQ_UNDO) {
        req_cancel_fn *fn = q->on_cancel;
        q->on_cancel = NULL;
        fn(&q->req);
    }
}

void
req_gone(struct req *req)
{
    struct req_impl *q = req->impl;
    q->is_gone = true;
    cut_wait(q);
}

static void
on_deadline(void *ctx)
{
    struct req_impl *q = ctx;
    q->deadline = NULL;
    q->is_expired = true;
    if (q->is_sent && q->req.http != NULL) {
        http_abort(q->req.http); /* a reader that is too slow for its answer */
        return;
    }
    cut_wait(q);
}

void
req_deadline(struct req *req, int64_t after_ms)
{
    struct req_impl *q = req->impl;
    int64_t at = clock_mono_ms() + after_ms;
    if (req->deadline_ms != 0 && req->deadline_ms <= at) {
        return;
    }
    loop_timer_cancel(q->deadline);
    req->deadline_ms = at;
    q->deadline = loop_timer(req->server->loop, at, on_deadline, q);
}

/* The error of a request that is to go no further, NULL when it may. */
static struct err *
give_up_error(const struct req_impl *q)
{
    struct err *err = NULL;
    bool is_parent_gone = q->parent != NULL && q->parent->is_gone && !q->is_detached;
    if (q->is_gone || is_parent_gone) {
        err_set(&err, ERR_CANCELLED, "the client went away");
    } else if (q->is_expired) {
        /* apiserver/pkg/endpoints/handlers/finisher: context deadline exceeded. */
        err_set(&err, ERR_TIMEOUT,
                "Timeout: request did not complete within requested timeout - context deadline "
                "exceeded");
    }
    return err;
}

/* ---- waiting ---- */

static void
on_resume(void *ctx)
{
    struct req_impl *q = ctx;
    struct err *err = STEAL(q->resume_error);
    assert(q->is_waiting);
    q->is_waiting = false;
    q->on_cancel = NULL;
    q->data[q->running] = q->req.step_data;
    if (err != NULL && q->phase == REQ_UNDO) {
        err_free(err); /* what could not be undone is a controller's to repair */
    } else if (err != NULL) {
        struct err *why = q->at < q->req.server->order.tail ? give_up_error(q) : NULL;
        if (why != NULL) {
            err_free(err);
            err = why;
        }
        q->phase = REQ_RUN;
        fail(q, err);
    }
    advance(q);
    req_unref(&q->req);
}

void
req_resume(struct req *req, struct err *owned_or_null)
{
    struct req_impl *q = req->impl;
    err_free(q->resume_error);
    q->resume_error = owned_or_null;
    loop_defer(req->server->loop, on_resume, q);
}

void
req_on_cancel(struct req *req, req_cancel_fn *fn)
{
    req->impl->on_cancel = fn;
}

static void
begin_wait(struct req_impl *q)
{
    req_ref(&q->req); /* given back by on_resume */
    q->is_waiting = true;
    if (q->is_gone || q->is_expired) {
        cut_wait(q);
    }
}

/* ---- freshness ---- */

static void
on_reached(void *ctx, bool reached)
{
    struct req *req = ctx;
    struct err *err = NULL;
    if (reached) {
        req->impl->is_fresh = true;
    } else {
        err_set(&err, ERR_TIMEOUT, "the cache did not catch up with the store in time");
    }
    req_resume(req, err);
}

static void
on_fresh(void *ctx, uint64_t rev, struct err *owned)
{
    struct req *req = ctx;
    if (owned != NULL) {
        req_resume(req, owned);
    } else if (rev <= sink_rev(req->server->sink)) {
        req->impl->is_fresh = true;
        req_resume(req, NULL);
    } else {
        (void)sink_wait(req->server->sink, rev, clock_mono_ms() + 10000, on_reached, req);
    }
}

enum step_rc
req_fresh(struct req *req)
{
    if (req->impl->is_fresh || req->server->store->is_sole_writer) {
        return STEP_NEXT;
    }
    store_fresh(req->server->store, on_fresh, req);
    return STEP_WAIT;
}

/* A refusal inside the bracket was drawn from `old`: it stands only if old is still what is there. */
static void
ask_fresh(struct req_impl *q)
{
    struct req *req = &q->req;
    q->running = q->at;
    if (req_fresh(req) == STEP_WAIT) {
        begin_wait(q);
        return;
    }
    const struct object *now =
        cache_get(sink_cache(req->server->sink), q->stored, req->ns, req->name);
    bool same = now == NULL ? req->old_object == NULL
                            : req->old_object != NULL && req->old_object->rev == now->rev;
    q->phase = REQ_UNDO;
    q->undo_to = same ? 0 : req->server->order.bracket;
    q->after = same ? REQ_AFTER_FAIL : REQ_AFTER_RESTART;
    if (!same) {
        err_clear(&q->error);
    }
}

static bool
is_drawn_from_old(const struct req_impl *q)
{
    const struct req_order *order = &q->req.server->order;
    int http = err_http(q->error);
    return !q->is_fresh && req_is_write(&q->req) && q->stored != NULL && q->at >= order->bracket &&
           q->at <= order->commit && http >= 400 && http < 499 && !q->is_gone && !q->is_expired &&
           (q->req.verb != VERB_CREATE || q->req.sub != NULL);
}

/* ---- steps ---- */

static void
begin_undo(struct req_impl *q, size_t to, enum req_after after)
{
    q->phase = REQ_UNDO;
    q->undo_to = to;
    q->after = after;
}

static void
fail(struct req_impl *q, struct err *owned)
{
    assert(owned != NULL);
    err_free(q->error);
    q->error = owned;
    if (q->at >= q->req.server->order.tail || q->is_unknown || q->is_committed) {
        q->at = q->at >= q->req.server->order.tail ? q->at : q->req.server->order.tail;
    } else if (is_drawn_from_old(q)) {
        q->phase = REQ_ASK_FRESH;
    } else {
        begin_undo(q, 0, REQ_AFTER_FAIL);
    }
}

static void
restart(struct req_impl *q)
{
    const struct req_order *order = &q->req.server->order;
    memset(&q->data[order->bracket], 0, sizeof(q->data) - order->bracket * sizeof(*q->data));
    drop_round(q);
    q->req.findings = NULL;
    q->req.expect_rev = 0;
    q->req.round++;
    q->entered = order->bracket;
    q->at = order->bracket;
}

static void
end_undo(struct req_impl *q)
{
    const struct req_order *order = &q->req.server->order;
    q->phase = REQ_RUN;
    switch (q->after) {
    case REQ_AFTER_FAIL:
        q->at = order->tail;
        break;
    case REQ_AFTER_RESTART:
        restart(q);
        break;
    case REQ_AFTER_NEXT:
        q->at = order->commit + 1;
        break;
    }
}

static bool
is_for(const struct req_impl *q, const struct req_step *step)
{
    return step->verbs == 0 || (step->verbs & q->req.verb) != 0;
}

static void
undo_step(struct req_impl *q)
{
    struct req *req = &q->req;
    while (q->entered > q->undo_to) {
        q->running = q->entered - 1;
        const struct req_step *step = req->server->order.steps[q->running];
        if (step->undo != NULL && is_for(q, step)) {
            req->step_data = q->data[q->running];
            enum step_rc rc = step->undo(req);
            q->data[q->running] = req->step_data;
            if (rc == STEP_WAIT) {
                begin_wait(q);
                return;
            }
        }
        q->entered--;
    }
    end_undo(q);
}

/* What a step said decides where the request goes on. */
static void
take_rc(struct req_impl *q, enum step_rc rc, struct err *err)
{
    const struct req_order *order = &q->req.server->order;
    switch (rc) {
    case STEP_NEXT:
        if (q->at == order->commit && (q->req.was_noop || q->req.options.dry_run)) {
            begin_undo(q, order->bracket, REQ_AFTER_NEXT);
        } else {
            q->at++;
        }
        break;
    case STEP_WAIT:
        begin_wait(q);
        break;
    case STEP_RESTART:
        assert(q->at >= order->bracket && q->at <= order->commit);
        begin_undo(q, order->bracket, REQ_AFTER_RESTART);
        break;
    case STEP_DONE:
        q->at = order->tail;
        break;
    case STEP_FAIL:
        fail(q, err);
        break;
    }
}

static void
run_step(struct req_impl *q)
{
    const struct req_order *order = &q->req.server->order;
    if (q->at == order->len) {
        q->phase = REQ_OVER;
        return;
    }
    const struct req_step *step = order->steps[q->at];
    if (!is_for(q, step)) {
        q->at++;
        return;
    }
    struct err *err = NULL;
    if (q->at < order->tail && !q->is_committed) {
        err = give_up_error(q);
        if (err != NULL) {
            q->has_job_rc = false; /* what a job found out does not matter any more */
            err_clear(&q->job_error);
            fail(q, err);
            return;
        }
    }
    q->running = q->at;
    q->req.step_data = q->data[q->at];
    if (q->entered <= q->at) {
        q->entered = q->at + 1;
    }
    enum step_rc rc = STEP_WAIT;
    if (q->has_job_rc) {
        q->has_job_rc = false;
        rc = q->job_rc;
        err_move(&err, &q->job_error);
    } else if (req_job_wants(q, step)) {
        req_job_start(q, step);
    } else {
        rc = step->run(&q->req, &err);
    }
    q->data[q->at] = q->req.step_data;
    take_rc(q, rc, err);
}

static void
advance(struct req_impl *q)
{
    if (q->is_advancing || q->is_waiting) {
        return;
    }
    q->is_advancing = true;
    req_ref(&q->req);
    while (!q->is_waiting && q->phase != REQ_OVER) {
        switch (q->phase) {
        case REQ_RUN:
            run_step(q);
            break;
        case REQ_ASK_FRESH:
            ask_fresh(q);
            break;
        case REQ_UNDO:
            undo_step(q);
            break;
        case REQ_OVER:
            break;
        }
    }
    q->is_advancing = false;
    if (q->phase == REQ_OVER && !q->is_sent) {
        q->is_sent = true;
        keyqueue_leave(&q->req);
        q->transport->send(&q->req);
    }
    req_unref(&q->req);
}

void
req_start(struct req *req)
{
    advance(req->impl);
}

void
req_start_at(struct req *req, const char *step)
{
    req->impl->at = find_step(&req->server->order, step);
    req->impl->entered = req->impl->at;
    req_start(req);
}

/* ---- answers ---- */

void
req_fail(struct req *req, struct err *owned)
{
    struct req_impl *q = req->impl;
    assert(q->is_awaited);
    q->is_awaited = false;
    req_resume(req, owned);
}

void
req_warn(struct req *req, struct str text)
{
    struct req_impl *q = req->impl;
    for (size_t i = 0; i < q->warning_len; i++) {
        if (str_eq(q->warnings[i], text)) {
            return; /* upstream says each thing once */
        }
    }
    if (q->warning_len < REQ_WARNINGS_MAX) {
        q->warnings[q->warning_len++] = arena_dup(req->arena, text);
    }
}

void
req_header(struct req *req, const char *name, struct str value)
{
    struct req_impl *q = req->impl;
    assert(q->header_len < REQ_HEADERS_MAX);
    q->headers[q->header_len].name = name;
    q->headers[q->header_len++].value = arena_dup(req->arena, value);
}
