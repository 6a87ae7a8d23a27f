/* net/grpc against a server that answers as gRPC servers do, well and badly. */
#include "config.h" /* IWYU pragma: keep */

#include "net/grpc.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/server.h"
#include "tests/lib/unit.h"

enum { TURNS = 100000 };

/* The answer to a method: body bytes, then trailers "name: value" (NULL: none at all). */
struct script {
    const char *method;
    int http;
    const char *type;
    struct str body;
    const char *status, *message; /* trailers */
    const char *head_status;      /* trailers-only: grpc-status among the headers */
    /* What the client makes of it. */
    enum grpc_code code;
    enum err_code err;
    const char *text;
    int messages;
};

#define GRPC "application/grpc"
#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct script scripts[] = {
    { "/a/Ok", 200, GRPC,
      BYTES("\0\0\0\0\x03"
            "abc"),
      "0", NULL, NULL, GRPC_OK, ERR_NONE, NULL, 1 },
    { "/a/Empty", 200, GRPC, BYTES("\0\0\0\0\0"), "0", NULL, NULL, GRPC_OK, ERR_NONE, NULL, 1 },
    { "/a/NotFound", 200, GRPC, BYTES(""), NULL, NULL, "5", GRPC_NOT_FOUND, ERR_NOT_FOUND,
      "no such thing: 50%", 0 },
    { "/a/Compacted", 200, GRPC, BYTES(""), "11", "etcdserver: mvcc: compacted%0a%e2%82%ac", NULL,
      GRPC_OUT_OF_RANGE, ERR_EXPIRED, "etcdserver: mvcc: compacted\n€", 0 },
    { "/a/Odd", 200, GRPC, BYTES(""), "99", "%zz", NULL, GRPC_UNKNOWN, ERR_INTERNAL, "%zz", 0 },
    { "/a/NoStatus", 200, GRPC, BYTES("\0\0\0\0\x01x"), NULL, NULL, NULL, GRPC_UNAVAILABLE,
      ERR_UNAVAILABLE, "the answer ended without a status", 1 },
    { "/a/Two", 200, GRPC, BYTES("\0\0\0\0\x01x\0\0\0\0\x01y"), "0", NULL, NULL, GRPC_INTERNAL,
      ERR_INTERNAL, "the answer has more than one message", 1 },
    { "/a/None", 200, GRPC, BYTES(""), "0", NULL, NULL, GRPC_INTERNAL, ERR_INTERNAL,
      "the answer has not one whole message", 0 },
    { "/a/Cut", 200, GRPC, BYTES("\0\0\0\0\x09x"), "0", NULL, NULL, GRPC_INTERNAL, ERR_INTERNAL,
      "the answer has not one whole message", 0 },
    { "/a/Packed", 200, GRPC, BYTES("\1\0\0\0\x01x"), "0", NULL, NULL, GRPC_INTERNAL, ERR_INTERNAL,
      "the answer is compressed, which was not offered", 0 },
    { "/a/Huge", 200, GRPC, BYTES("\0\x7f\0\0\0"), "0", NULL, NULL, GRPC_RESOURCE_EXHAUSTED,
      ERR_TOO_MANY, "a message of the answer is too large", 0 },
    { "/a/Html", 200, "text/html", BYTES("<html>"), NULL, NULL, NULL, GRPC_UNKNOWN, ERR_INTERNAL,
      "the server does not speak gRPC", 0 },
    { "/a/Proxy", 503, "text/plain", BYTES("later"), NULL, NULL, NULL, GRPC_UNAVAILABLE,
      ERR_UNAVAILABLE, "Service Unavailable", 0 },
    { "/a/Nowhere", 404, "text/plain", BYTES(""), NULL, NULL, NULL, GRPC_UNIMPLEMENTED,
      ERR_METHOD_NOT_ALLOWED, "Not Found", 0 },
};

struct box {
    struct loop *loop;
    struct server *server;
    struct http_client *client;
    struct http_request *waiting; /* "/a/Never" */
    struct str_builder heard;     /* what intakes took */
    struct str timeout;           /* grpc-timeout of the last request */
    char timeout_text[16];
    int closed;
    bool is_closed;
};

struct intake_echo { /* "/a/Echo": answers each piece as it came, at the end */
    struct intake intake;
    struct box *box;
    struct http_request *request;
};

struct probe {
    struct grpc_call *call;
    struct str_builder got;
    int messages, dones;
    bool pauses;
    enum grpc_code code;
    struct err *err;
};

static ssize_t
echo_push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct intake_echo *echo = container_of(intake, struct intake_echo, intake);
    static const struct http_header type = { STR("content-type"), STR(GRPC) };
    static const struct http_header status = { STR("grpc-status"), STR("0") };

    str_put(&echo->box->heard, str_slice(bytes, size));
    if (end) {
        http_respond(echo->request,
                     &(struct http_response){ .status = 200,
                                              .headers = &type,
                                              .header_len = 1,
                                              .body = body_of_copy(str_view(&echo->box->heard)),
                                              .trailers = &status,
                                              .trailer_len = 1 });
    }
    return (ssize_t)size;
}

static void
echo_done(struct intake *intake, struct err *owned)
{
    err_free(owned);
    mem_free(container_of(intake, struct intake_echo, intake));
}

static void
answer(struct http_request *request, const struct script *script)
{
    struct http_header headers[3] = { { STR("content-type"), str_of(script->type) } };
    struct http_header trailers[2];
    size_t header_len = 1;
    size_t trailer_len = 0;

    if (script->head_status != NULL) {
        headers[header_len++] =
            (struct http_header){ STR("grpc-status"), str_of(script->head_status) };
        headers[header_len++] =
            (struct http_header){ STR("grpc-message"), STR("no such thing%3a 50%25") };
    }
    if (script->status != NULL) {
        trailers[trailer_len++] =
            (struct http_header){ STR("grpc-status"), str_of(script->status) };
    }
    if (script->message != NULL) {
        trailers[trailer_len++] =
            (struct http_header){ STR("grpc-message"), str_of(script->message) };
    }
    http_respond(request, &(struct http_response){ .status = script->http,
                                                   .headers = headers,
                                                   .header_len = header_len,
                                                   .body = body_of_copy(script->body),
                                                   .trailers = trailers,
                                                   .trailer_len = trailer_len });
}

static void
on_request(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct box *box = ctx;
    struct str timeout = http_header(request, "grpc-timeout");

    assert_true(str_is(http_header(request, "te"), "trailers"));
    assert_true(str_is(http_header(request, "content-type"), GRPC));
    memcpy(box->timeout_text, timeout.at == NULL ? "" : timeout.at, timeout.size);
    box->timeout = str_slice(box->timeout_text, timeout.size);
    if (str_is(request->path, "/a/Never")) {
        box->waiting = request;
        return;
    }
    if (str_is(request->path, "/a/Echo")) {
        struct intake_echo *echo = MEM_NEW(struct intake_echo);

        *echo = (struct intake_echo){ { .push = echo_push, .done = echo_done }, box, request };
        *ret_intake = &echo->intake;
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        if (str_is(request->path, scripts[i].method)) {
            answer(request, &scripts[i]);
            return;
        }
    }
    fail_msg("unknown method");
}

static void
on_closed(void *ctx, struct http_request *request)
{
    (void)request;
    ((struct box *)ctx)->closed++;
}

static void
dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct box *box = ctx;
    struct conn *ends[2];

    conn_pair(box->loop, ends);
    server_serve(box->server, ends[1], "test");
    done(done_ctx, ends[0], NULL);
}

static void
run(struct box *box)
{
    for (int i = 0; i < TURNS && loop_turn(box->loop, 0); i++) {
    }
}

static int
open_box(void **state)
{
    struct box *box = MEM_NEW(struct box);

    clock_stop(1800000000000);
    box->loop = loop_new();
    box->server = server_new(
        box->loop, &(struct http_handler){ .request = on_request, .closed = on_closed, .ctx = box },
        NULL);
    box->client = http_client_new(
        box->loop, &(struct http_client_spec){ .http2 = true, .dial = dial, .dial_ctx = box });
    *state = box;
    return 0;
}

static void
on_server_closed(void *ctx)
{
    ((struct box *)ctx)->is_closed = true;
}

static int
close_box(void **state)
{
    struct box *box = *state;

    http_client_free(box->client);
    run(box);
    server_close(box->server, 0, on_server_closed, box);
    run(box);
    assert_true(box->is_closed);
    loop_free(box->loop);
    str_done(&box->heard);
    mem_free(box);
    clock_run();
    return 0;
}

static bool
on_message(void *ctx, struct str message)
{
    struct probe *probe = ctx;

    probe->messages++;
    str_put(&probe->got, message);
    return !probe->pauses;
}

static void
on_done(void *ctx, enum grpc_code code, struct err *owned)
{
    struct probe *probe = ctx;

    probe->dones++;
    probe->code = code;
    probe->err = owned;
}

static void
start(struct box *box, struct probe *probe, const struct grpc_call_spec *like)
{
    struct grpc_call_spec spec = *like;

    spec.message_fn = on_message;
    spec.done_fn = on_done;
    spec.ctx = probe;
    probe->call = grpc_start(box->client, &spec);
    assert_int_equal(probe->dones, 0);
}

static void
probe_done(struct probe *probe)
{
    assert_int_equal(probe->dones, 1);
    err_free(probe->err);
    str_done(&probe->got);
}

static void
test_answers(void **state)
{
    struct box *box = *state;

    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct probe probe = { 0 };

        start(box, &probe,
              &(struct grpc_call_spec){
                  .method = scripts[i].method, .message = STR("ask"), .is_unary = true });
        run(box);
        assert_int_equal(probe.dones, 1);
        if (probe.code != scripts[i].code) {
            fail_msg("%s: %s", scripts[i].method, grpc_code_name(probe.code));
        }
        assert_int_equal(probe.messages, scripts[i].messages);
        if (scripts[i].text == NULL) {
            assert_null(probe.err);
        } else {
            assert_string_equal(probe.err->message, scripts[i].text);
            assert_int_equal(probe.err->code, scripts[i].err);
        }
        probe_done(&probe);
    }
}

static void
test_messages_both_ways(void **state)
{
    struct box *box = *state;
    struct probe probe = { .pauses = true };
    AUTO_STR struct str_builder big = { 0 };

    for (int i = 0; i < 100000; i++) {
        str_putc(&big, (char)('a' + i % 26));
    }
    start(box, &probe,
          &(struct grpc_call_spec){
              .method = "/a/Echo", .message = STR("one"), .stays_open = true, .timeout_ms = 5000 });
    run(box);
    assert_true(str_is(box->timeout, "5000m"));
    assert_int_equal(box->heard.size, 8);
    grpc_send(probe.call, str_view(&big));
    grpc_send(probe.call, (struct str){ 0 });
    run(box);
    assert_int_equal(box->heard.size, 8 + 5 + 100000 + 5);
    grpc_send(probe.call, STR("four"));
    grpc_send_end(probe.call);
    grpc_send(probe.call, STR("too late"));
    /* The reader takes one message at a time. */
    for (int i = 1; i <= 4; i++) {
        run(box);
        assert_int_equal(probe.messages, i);
        assert_int_equal(probe.dones, i == 4 ? probe.dones : 0);
        if (i < 4) {
            grpc_resume(probe.call);
        }
    }
    run(box);
    assert_int_equal(probe.code, GRPC_OK);
    assert_int_equal(probe.got.size, 3 + 100000 + 4);
    assert_memory_equal(probe.got.at, "one", 3);
    assert_memory_equal(probe.got.at + 3, big.at, 100000);
    assert_memory_equal(probe.got.at + 100003, "four", 4);
    probe_done(&probe);
}

static void
test_deadline_and_cancel(void **state)
{
    struct box *box = *state;
    struct probe late = { 0 };
    struct probe cancelled = { 0 };

    start(box, &late, &(struct grpc_call_spec){ .method = "/a/Never", .timeout_ms = 1000 });
    start(box, &cancelled, &(struct grpc_call_spec){ .method = "/a/Never", .stays_open = true });
    run(box);
    grpc_cancel(cancelled.call);
    assert_int_equal(cancelled.dones, 0);
    run(box);
    assert_int_equal(cancelled.code, GRPC_CANCELLED);
    clock_warp(1000);
    run(box);
    assert_int_equal(late.code, GRPC_DEADLINE_EXCEEDED);
    assert_int_equal(late.err->code, ERR_TIMEOUT);
    assert_int_equal(box->closed, 2); /* the server heard of both */
    probe_done(&late);
    probe_done(&cancelled);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_messages_both_ways, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_deadline_and_cancel, open_box, close_box),
    };

    return cmocka_run_group_tests_name("net/grpc", tests, NULL, NULL);
}
