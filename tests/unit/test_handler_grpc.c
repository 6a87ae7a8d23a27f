/* The grpc probe against a health service on loopback, and against none. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/handler.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/server.h"
#include "tests/lib/unit.h"

enum { TURNS = 1000, WAIT_MS = 10 };

/* What the service answers when asked for a service of that name. */
struct answer {
    const char *service;
    struct str message; /* with gRPC's prefix */
    const char *status; /* grpc-status */
    enum probe_outcome outcome;
    const char *text;
};
#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
static const struct answer answers[] = {
    { "", BYTES("\0\0\0\0\2\x08\1"), "0", PROBE_OK, "service healthy" },
    { "ill", BYTES("\0\0\0\0\2\x08\2"), "0", PROBE_FAILED,
      "service unhealthy (responded with \"NOT_SERVING\")" },
    { "silent", BYTES("\0\0\0\0\0"), "0", PROBE_FAILED,
      "service unhealthy (responded with \"UNKNOWN\")" },
    { "odd", BYTES("\0\0\0\0\3\x08\xff\1"), "0", PROBE_FAILED,
      "service unhealthy (responded with \"255\")" },
    { "cut", BYTES("\0\0\0\0\2\x08\xff"), "0", PROBE_FAILED,
      "service unhealthy (responded with \"UNKNOWN\")" },
    { "unknown", BYTES(""), "5", PROBE_FAILED,
      "error: health rpc probe failed: rpc error: code = NotFound desc = said so" },
    { "none", BYTES(""), "12", PROBE_FAILED,
      "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
      "said so" },
    { "slow", BYTES(""), "4", PROBE_FAILED, "timeout: health rpc did not complete within 1s" },
};

struct box {
    struct loop *loop;
    struct server *server;
    int port, outcomes;
    bool is_closed;
    enum probe_outcome outcome;
    struct str_builder text;
};

/* A request comes in whole: prefix, then field 1. */
struct asked {
    struct intake intake;
    struct http_request *request;
    struct str_builder bytes;
};

static void
respond(struct http_request *request, const struct answer *answer)
{
    static const struct http_header type = { STR("content-type"), STR("application/grpc") };
    struct http_header trailers[] = { { STR("grpc-status"), str_of(answer->status) },
                                      { STR("grpc-message"), STR("said so") } };

    http_respond(request, &(struct http_response){ .status = 200,
                                                   .headers = &type,
                                                   .header_len = 1,
                                                   .body = body_of_copy(answer->message),
                                                   .trailers = trailers,
                                                   .trailer_len = ARRAY_LEN(trailers) });
}

static ssize_t
asked_push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct asked *asked = container_of(intake, struct asked, intake);
    struct str name = { 0 };

    str_put(&asked->bytes, str_slice(bytes, size));
    if (!end) {
        return (ssize_t)size;
    }
    if (asked->bytes.size > 5) {
        assert_int_equal(asked->bytes.at[5], 0x0a);
        assert_int_equal((size_t)asked->bytes.at[6], asked->bytes.size - 7);
        name = str_slice(asked->bytes.at + 7, asked->bytes.size - 7);
    }
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        if (str_is(name, answers[i].service)) {
            respond(asked->request, &answers[i]);
            return (ssize_t)size;
        }
    }
    fail_msg("asked for an unknown service");
    return -1;
}

static void
asked_done(struct intake *intake, struct err *owned)
{
    struct asked *asked = container_of(intake, struct asked, intake);

    err_free(owned);
    str_done(&asked->bytes);
    mem_free(asked);
}

static void
on_request(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct asked *asked = MEM_NEW(struct asked);

    (void)ctx;
    assert_true(str_is(request->path, "/grpc.health.v1.Health/Check"));
    *asked = (struct asked){ { .push = asked_push, .done = asked_done }, request, { 0 } };
    *ret_intake = &asked->intake;
}

static void
on_closed(void *ctx, struct http_request *request)
{
    (void)ctx;
    (void)request;
}

static int
open_box(void **state)
{
    struct box *box = MEM_NEW(struct box);
    struct http_handler handler = { .request = on_request, .closed = on_closed, .ctx = box };
    struct err *err = NULL;

    box->loop = loop_new();
    box->server = server_new(box->loop, &handler, NULL);
    assert_int_equal(server_listen_tcp(box->server, "127.0.0.1:0", NULL, &box->port, &err), 0);
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

    server_close(box->server, 0, on_server_closed, box);
    for (int i = 0; i < TURNS && !box->is_closed; i++) {
        (void)loop_turn(box->loop, WAIT_MS);
    }
    assert_true(box->is_closed);
    loop_free(box->loop);
    str_done(&box->text);
    mem_free(box);
    return 0;
}

static void
on_outcome(void *ctx, enum probe_outcome outcome, struct str text, bool is_warning)
{
    struct box *box = ctx;

    assert_false(is_warning);
    box->outcomes++;
    box->outcome = outcome;
    box->text.size = 0;
    str_put(&box->text, text);
    str_putc(&box->text, '\0');
}

static struct handler *
start(struct box *box, const char *service, int port)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    struct str json =
        arena_printf(arena, "{\"grpc\":{\"port\":%d,\"service\":\"%s\"}}", port, service);
    struct handler_in in = { .loop = box->loop,
                             .action = doc_root(doc_parse(arena, json, &err)),
                             .pod_ip = STR("127.0.0.1"),
                             .purpose = "probe",
                             .timeout_ms = 1000 };

    return handler_start(&in, on_outcome, box);
}

static void
run(struct box *box, int outcomes)
{
    for (int i = 0; i < TURNS && box->outcomes < outcomes; i++) {
        (void)loop_turn(box->loop, WAIT_MS);
    }
    assert_int_equal(box->outcomes, outcomes);
}

static void
test_answers(void **state)
{
    struct box *box = *state;

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        (void)start(box, answers[i].service, box->port);
        assert_int_equal(box->outcomes, i);
        run(box, (int)i + 1);
        assert_string_equal(box->text.at, answers[i].text);
        assert_int_equal(box->outcome, answers[i].outcome);
    }
}

static void
test_nobody_listens(void **state)
{
    struct box *box = *state;

    (void)start(box, "", 1);
    run(box, 1);
    assert_int_equal(box->outcome, PROBE_FAILED);
    assert_non_null(strstr(box->text.at, "error: failed to connect service at \"127.0.0.1:1\": "));
    (void)start(box, "", 0);
    run(box, 2);
    assert_int_equal(box->outcome, PROBE_ERROR);
}

static void
test_cancelled(void **state)
{
    struct box *box = *state;

    handler_cancel(start(box, "", box->port));
    (void)start(box, "ill", box->port);
    run(box, 1);
    assert_string_equal(box->text.at, answers[1].text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_nobody_listens, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_cancelled, open_box, close_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
