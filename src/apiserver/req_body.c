/* The intake of a request: nothing is read before the request was let in, then all of it, bounded.
 *
 * Made by apiserver_http.c with the headers; opened by the step "body". Loop thread. */
#include "config.h"

#include "apiserver/req_body.h"

#include "apiserver/req_impl.h"
#include "apiserver/steps.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"

struct req_body {
    struct intake intake;
    struct req *req; /* NULL: it is over, bytes are dropped */
    struct str_builder bytes;
    bool is_open, is_whole, is_waiting, is_stream_done;
    struct err *error;
};

static void
free_when_unused(struct req_body *body)
{
    if (body->req == NULL && body->is_stream_done) {
        if (body->bytes.size > 0) {
            mem_wipe(body->bytes.at, body->bytes.size); /* it may have been a password */
        }
        str_done(&body->bytes);
        err_free(body->error);
        mem_free(body);
    }
}

/* A stream that has not taken the intake yet needs no waking: it asks first. */
static void
wake(struct req_body *body)
{
    if (body->intake.wake != NULL) {
        body->intake.wake(&body->intake);
    }
}

static void
finish_wait(struct req_body *body)
{
    if (body->is_waiting) {
        body->is_waiting = false;
        req_resume(body->req, NULL);
    }
}

static ssize_t
push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct req_body *body = (struct req_body *)(void *)intake;
    if (body->req == NULL) {
        return (ssize_t)size;
    }
    if (!body->is_open && size > 0) {
        return 0;
    }
    str_put(&body->bytes, str_slice(bytes, size));
    if (body->bytes.overflow && body->error == NULL) {
        /* apimachinery/pkg/api/errors: NewRequestEntityTooLargeError */
        err_set(&body->error, ERR_TOO_LARGE, "Request entity too large: limit is %d",
                (int)REQ_BODY_MAX);
        finish_wait(body);
    }
    if (end) {
        body->is_whole = true;
        finish_wait(body);
    }
    return (ssize_t)size;
}

static void
stream_done(struct intake *intake, struct err *owned)
{
    struct req_body *body = (struct req_body *)(void *)intake;
    body->is_stream_done = true;
    if (body->req == NULL) {
        err_free(owned);
        free_when_unused(body);
        return;
    }
    if (owned != NULL && body->error == NULL) {
        body->error = owned;
    } else {
        err_free(owned);
    }
    finish_wait(body);
}

struct req_body *
req_body_new(struct req *req, struct intake **ret_intake)
{
    struct req_body *body = MEM_NEW(struct req_body);
    body->req = req;
    body->bytes.max = REQ_BODY_MAX;
    body->intake.push = push;
    body->intake.done = stream_done;
    *ret_intake = &body->intake;
    return body;
}

void
req_body_free(struct req_body *body)
{
    if (body == NULL) {
        return;
    }
    body->req = NULL;
    if (!body->is_stream_done && !body->is_open) {
        wake(body); /* it waits to be read; now it is read and dropped */
    }
    free_when_unused(body);
}

static void
on_cancel(struct req *req)
{
    finish_wait(req->impl->intake);
}

enum step_rc
req_body_step(struct req *req, struct err **err)
{
    struct req_body *body = req->impl->intake;
    if (body == NULL) {
        return STEP_NEXT;
    }
    if (body->error != NULL) {
        err_move(err, &body->error);
        return STEP_FAIL;
    }
    if (body->is_whole) {
        req->body = str_view(&body->bytes);
        return STEP_NEXT;
    }
    if (body->is_stream_done) {
        err_set(err, ERR_CANCELLED, "the client went away");
        return STEP_FAIL;
    }
    body->is_waiting = true;
    req_on_cancel(req, on_cancel);
    if (!body->is_open) {
        body->is_open = true;
        wake(body);
    }
    return STEP_WAIT;
}
