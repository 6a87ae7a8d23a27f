/* Answers of steps, mounts and streams: JSON, a body, an object; the step "encode" gives them their
 * form. Loop thread. */
#include "config.h"

#include "api/object.h"
#include "apiserver/req_impl.h"
#include "base/mem.h"
#include "net/body.h"

static void
answered(struct req_impl *q)
{
    q->is_answered = true;
    if (q->is_awaited) {
        q->is_awaited = false;
        req_resume(&q->req, NULL);
    }
}

void
req_answer_body(struct req *req, int status, const char *content_type, struct body *body)
{
    struct req_impl *q = req->impl;
    body_free(q->body);
    q->body = body;
    q->content_type = content_type;
    req->status = status;
    answered(q);
}

void
req_answer_json(struct req *req, int status, struct str json)
{
    req_answer_body(req, status, "application/json", body_of_copy(json));
}

void
req_answer_text(struct req *req, int status, struct str text)
{
    req_answer_body(req, status, "text/plain; charset=utf-8", body_of_copy(text));
}

void
req_answer_object(struct req *req, int status, struct object *object)
{
    struct object *before = req->result;
    req->result = object_ref(object);
    object_unref(before);
    req->status = status;
    answered(req->impl);
}

void
req_pass_headers(struct req *req, const struct http_header *headers, size_t len)
{
    req->impl->passed = headers;
    req->impl->passed_len = len < REQ_PASSED_MAX ? len : REQ_PASSED_MAX;
}

void
req_answer_upgraded(struct req *req)
{
    req->impl->is_upgraded = true;
    req->status = 101;
    answered(req->impl);
}
