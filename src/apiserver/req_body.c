/* The intake of a request: nothing is read before the request was let in, then all of it, bounded.
 *
 * Made by apiserver_http.c with the headers; opened by the step "body", or by rest_proxy, which passes
 * it on through a buffer of PASS_SIZE. Loop thread. */
#include "config.h"

#include "apiserver/req_body.h"

#include "apiserver/req_impl.h"
#include "apiserver/steps.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"

enum { PASS_SIZE = 64 << 10 };

struct req_body {
    struct intake intake;
    struct body passed; /* while is_passed */
    struct req *req;    /* NULL: it is over, bytes are dropped, or passed on */
    struct str_builder bytes;
    size_t at; /* of bytes: given by passed */
    bool is_passed, is_wanted /* passed owes a wake */, has_paused;
    bool is_open, is_whole, is_waiting, is_stream_done;
    struct err *error;
};

static void
free_when_unused(struct req_body *body)
{
    if (body->req == NULL && body->is_stream_done && !body->is_passed) {
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

/* Who waits for bytes, or for the end, pulls again. */
static void
tell_reader(struct req_body *body)
{
    if (body->is_wanted) {
        body->is_wanted = false;
        body->passed.wake(&body->passed);
    }
}

static ssize_t
push_passed(struct req_body *body, const void *bytes, size_t size, bool end)
{
    struct str rest = str_rest(&body->bytes, body->at);
    size_t room = PASS_SIZE - rest.size, take = size < room ? size : room;
    if (rest.size > 0) {
        memmove(body->bytes.at, rest.at, rest.size);
    }
    body->at = 0;
    body->bytes.size = rest.size;
    str_put(&body->bytes, str_slice(bytes, take));
    body->has_paused = take < size;
    body->is_whole = end && take == size;
    tell_reader(body);
    return (ssize_t)take;
}

static ssize_t
push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct req_body *body = (struct req_body *)(void *)intake;
    if (body->is_passed) {
        return push_passed(body, bytes, size, end);
    }
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
    if (body->is_passed) {
        body->error = owned;
        tell_reader(body);
        return;
    }
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

/* ---- passed on ---- */

static enum pull_rc
pull_passed(struct body *passed, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct req_body *body = container_of(passed, struct req_body, passed);
    struct str rest = str_rest(&body->bytes, body->at);
    size_t size = rest.size < max_bytes ? rest.size : max_bytes;
    *io_len = 0;
    if (size > 0) {
        iov[0] = (struct iovec){ (void *)(uintptr_t)rest.at, size };
        *io_len = 1;
        body->at += size;
        return PULL_MORE;
    }
    if (body->is_whole || body->is_stream_done) {
        return body->is_whole ? PULL_END : PULL_ABORT;
    }
    body->is_wanted = true;
    if (body->has_paused) {
        body->has_paused = false;
        wake(body);
    }
    return PULL_WAIT;
}

static void
passed_done(struct body *passed)
{
    struct req_body *body = container_of(passed, struct req_body, passed);
    body->is_passed = body->is_wanted = false;
    if (!body->is_stream_done) {
        wake(body); /* the rest is dropped */
    }
    free_when_unused(body);
}

/* A body that says how long it is, comes in chunks, or may come over HTTP/2. */
static bool
has_body(const struct http_request *http, int64_t *ret_size)
{
    struct str length = http_header(http, "content-length");
    *ret_size = -1;
    if (length.size > 0 && str_to_int(length, ret_size)) {
        return *ret_size > 0;
    }
    return http->version == 2 || http_header(http, "transfer-encoding").size > 0;
}

struct body *
req_body_pass(struct req *req)
{
    int64_t size;
    if (req->impl->intake == NULL || !has_body(req->http, &size)) {
        return NULL;
    }
    struct req_body *body = STEAL(req->impl->intake);
    body->passed = (struct body){ .pull = pull_passed, .done = passed_done, .size = size };
    body->req = NULL;
    body->is_passed = true;
    body->has_paused = true; /* nothing was taken yet */
    return &body->passed;
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
