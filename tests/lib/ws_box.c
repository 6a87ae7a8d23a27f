/* See ws_box.h. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/ws_box.h"

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/server.h"
#include "tests/lib/unit.h"

static void
request(void *ctx, struct http_request *http, struct intake **ret_intake)
{
    struct ws_box *box = ctx;
    (void)ret_intake;
    if (box->serve(box, http, &box->refused) < 0) {
        http_respond(http, &(struct http_response){ .status = err_http(box->refused) });
    }
}

static void
dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct ws_box *box = ctx;
    struct conn *ends[2];
    conn_pair(box->loop, ends);
    server_serve(box->server, ends[1], "test");
    done(done_ctx, ends[0], NULL);
}

static bool
headers(void *ctx, const struct http_answer *answer)
{
    ((struct ws_box *)ctx)->status = answer->status;
    return true;
}

static bool
heard(void *ctx, enum ws_kind kind, struct str message)
{
    struct ws_box *box = ctx;
    str_putz(&box->heard, kind == WS_TEXT ? "t:" : "b:");
    str_put(&box->heard, message);
    str_putz(&box->heard, "\n");
    return !box->is_deaf;
}

static void
closed(void *ctx, int code, struct err *owned)
{
    err_free(owned);
    ((struct ws_box *)ctx)->code = code;
}

static void
upgraded(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    struct ws_box *box = ctx;
    struct err *err = NULL;
    struct ws_spec spec = {
        .loop = box->loop, .message_fn = heard, .closed_fn = closed, .ctx = box
    };
    assert_int_equal(ws_connect(conn, answer, &box->hello, &spec, &box->ws, &err), 0);
}

static void
done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    (void)ctx;
    (void)answer;
    err_free(owned);
}

void
ws_box_open(struct ws_box *box, const char *const *protocols,
            int (*serve)(struct ws_box *, struct http_request *, struct err **))
{
    *box = (struct ws_box){ .loop = loop_new(), .serve = serve };
    box->heard.max = SIZE_MAX;
    box->server =
        server_new(box->loop, &(struct http_handler){ .request = request, .ctx = box }, NULL);
    box->client =
        http_client_new(box->loop, &(struct http_client_spec){ .dial = dial, .dial_ctx = box });
    ws_hello(&box->hello, protocols);
    (void)http_client_call(box->client,
                           &(struct http_call_spec){ .method = "GET",
                                                     .path = "/",
                                                     .headers = box->hello.headers,
                                                     .header_len = box->hello.header_len,
                                                     .headers_fn = headers,
                                                     .upgraded_fn = upgraded,
                                                     .done_fn = done,
                                                     .ctx = box });
    ws_box_run(box);
}

void
ws_box_run(struct ws_box *box)
{
    for (int i = 0; i < 100000 && loop_turn(box->loop, 0); i++) {
    }
}

static void
server_closed(void *ctx)
{
    ((struct ws_box *)ctx)->is_server_closed = true;
}

void
ws_box_close(struct ws_box *box)
{
    ws_free(STEAL(box->ws));
    ws_box_run(box);
    str_done(&box->heard);
    err_free(box->refused);
    http_client_free(box->client);
    server_close(box->server, 0, server_closed, box);
    ws_box_run(box);
    assert_true(box->is_server_closed);
    loop_free(box->loop);
}
