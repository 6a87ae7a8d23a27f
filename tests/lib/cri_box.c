/* The runtime in memory: its server, and what tests do to it. Calls: cri_box_calls.c. See cri_box.h. */
#include "config.h"

#include "tests/lib/cri_box.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/server.h"
#include "tests/lib/cri_box_priv.h"
#include "tests/lib/unit.h"

enum { TURNS = 2000 };

static void
run(struct box_call *call)
{
    struct cri_box *box = call->box;
    ProtobufCMessage *message;

    if (box->fail_method != NULL && strcmp(box->fail_method, call->method->name) == 0) {
        box->fail_method = NULL;
        cri_box_refuse(call, box->fail_code, box->fail_message);
        return;
    }
    message = protobuf_c_message_unpack(call->method->takes, NULL, call->in.size - CRI_BOX_FRAME,
                                        (uint8_t *)call->in.at + CRI_BOX_FRAME);
    assert_non_null(message);
    call->method->answer(call, message);
    if (!call->is_kept) {
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

/* The last of: the request's bytes, the stream's end, the answer. */
static void
call_free(struct box_call *call)
{
    call->box->calls--;
    if (call->box->events == call) {
        call->box->events = NULL;
    }
    str_done(&call->in);
    str_done(&call->out);
    mem_free(call);
}

static ssize_t
push(struct intake *intake, const void *bytes, size_t size, bool is_end)
{
    struct box_call *call = container_of(intake, struct box_call, intake);
    struct cri_box *box = call->box;

    str_put(&call->in, str_slice(bytes, size));
    if (!is_end) {
        return (ssize_t)size;
    }
    if (box->hold_method != NULL && strcmp(box->hold_method, call->method->name) == 0) {
        call->next = box->held;
        box->held = call;
    } else {
        run(call);
    }
    return (ssize_t)size;
}

static void
pushed(struct intake *intake, struct err *owned)
{
    (void)intake;
    err_free(owned);
}

static void
asked(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct cri_box *box = ctx;
    struct box_call *call = MEM_NEW(struct box_call);
    const char *slash = memrchr(request->path.at, '/', request->path.size);
    struct str name =
        str_slice(slash + 1, request->path.size - (size_t)(slash + 1 - request->path.at));

    box->calls++;
    call->box = box;
    call->request = request;
    call->intake.push = push;
    call->intake.done = pushed;
    request->user = call;
    for (size_t i = 0; i < cri_box_method_len; i++) {
        if (str_is(name, cri_box_methods[i].name)) {
            call->method = &cri_box_methods[i];
            *ret_intake = &call->intake;
            return;
        }
    }
    cri_box_refuse(call, GRPC_UNIMPLEMENTED, "unknown method");
}

static void
closed(void *ctx, struct http_request *request)
{
    struct cri_box *box = ctx;
    struct box_call *call = request->user;

    call->request = NULL;
    for (struct box_call *held = box->held; held != NULL; held = held->next) {
        if (held == call) {
            return; /* what it asks for is done all the same, when it is released */
        }
    }
    call_free(call);
}

void
cri_box_release(struct cri_box *box)
{
    struct box_call *call = box->held;

    box->held = NULL;
    box->hold_method = NULL;
    while (call != NULL) {
        struct box_call *next = call->next;
        bool is_alone = call->request == NULL;

        run(call);
        if (is_alone) {
            call_free(call);
        }
        call = next;
    }
}

void
cri_box_fail(struct cri_box *box, const char *method, enum grpc_code code, const char *message)
{
    box->fail_method = method;
    box->fail_code = code;
    box->fail_message = message;
}

int
cri_box_count(const struct cri_box *box, const char *line)
{
    struct str rest = str_view(&box->log);
    int count = 0;

    while (rest.size > 0) {
        count += str_is(str_cut(rest, '\n', &rest), line);
    }
    return count;
}

/* ---- life ---- */

void
cri_box_open(struct cri_box *box, struct loop *loop)
{
    struct http_handler handler = { .request = asked, .closed = closed, .ctx = box };
    AUTO_FREE char *path = NULL;
    struct err *err = NULL;

    *box = (struct cri_box){ .loop = loop, .stop_code = 137, .dir = "/tmp/binnacle-cri-XXXXXX" };
    assert_non_null(mkdtemp(box->dir));
    path = mem_printf("%s/socket", box->dir);
    box->address = mem_printf("unix:%s", path);
    box->server = server_new(loop, &handler, NULL);
    assert_int_equal(server_listen_unix(box->server, path, &err), 0);
}

static void
server_closed(void *ctx)
{
    ((struct cri_box *)ctx)->is_closed = true;
}

void
cri_box_close(struct cri_box *box)
{
    AUTO_FREE char *path = mem_printf("%s/socket", box->dir);

    cri_box_release(box);
    server_close(box->server, 0, server_closed, box);
    for (int i = 0; i < TURNS && !(box->is_closed && box->calls == 0); i++) {
        (void)loop_turn(box->loop, 5);
    }
    assert_true(box->is_closed);
    assert_int_equal(box->calls, 0);
    for (size_t i = 0; i < box->container_len; i++) {
        cri_box_forget(&box->containers[i]);
    }
    for (size_t i = 0; i < box->sandbox_len; i++) {
        if (box->sandboxes[i].made != NULL) {
            protobuf_c_message_free_unpacked(&box->sandboxes[i].made->base, NULL);
        }
    }
    (void)unlink(path);
    (void)rmdir(box->dir);
    mem_free(box->address);
    str_done(&box->log);
}
