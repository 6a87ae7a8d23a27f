/* What the fuzz targets of src/net share: a server in memory that answers in every way, one peer
 * that says the input. Everything that begins must end, exactly once. */
#ifndef BINNACLE_TESTS_FUZZ_FUZZ_NET_H
#define BINNACLE_TESTS_FUZZ_FUZZ_NET_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/server.h"

enum { FUZZ_TURNS = 10000, FUZZ_OUT_MAX = 1 << 20 };

struct fuzz_net {
    struct loop *loop;
    struct server *server;
    struct conn *conn;      /* the peer's end */
    struct str_builder out; /* what the server said */
    long open;              /* requests, bodies and intakes that have not ended */
    bool is_ended;          /* the server said all */
    bool is_closed;
};

struct fuzz_body {
    struct body body;
    struct fuzz_net *net;
    size_t left;
};

struct fuzz_intake {
    struct intake intake;
    struct fuzz_net *net;
    struct http_request *request;
};

static inline void
fuzz_check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static inline enum pull_rc
fuzz_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    static char bytes[700];
    struct fuzz_body *b = container_of(body, struct fuzz_body, body);
    size_t size = b->left < sizeof(bytes) ? b->left : sizeof(bytes);

    size = size < max_bytes ? size : max_bytes;
    iov[0] = (struct iovec){ bytes, size };
    *io_len = size > 0 ? 1 : 0;
    b->left -= size;
    return b->left == 0 ? PULL_END : PULL_MORE;
}

static inline void
fuzz_pulled(struct body *body)
{
    struct fuzz_body *b = container_of(body, struct fuzz_body, body);

    b->net->open--;
    mem_free(b);
}

static inline void
fuzz_answer(struct fuzz_net *net, struct http_request *request, int status, size_t size, bool told)
{
    struct fuzz_body *b = MEM_NEW(struct fuzz_body);

    *b = (struct fuzz_body){ { .pull = fuzz_pull, .done = fuzz_pulled, .size = -1 }, net, size };
    b->body.size = told ? (int64_t)size : -1;
    net->open++;
    http_respond(request, &(struct http_response){ .status = status, .body = &b->body });
}

static inline ssize_t
fuzz_push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct fuzz_intake *in = container_of(intake, struct fuzz_intake, intake);
    volatile unsigned char sum = 0;

    for (size_t i = 0; i < size; i++) {
        sum = (unsigned char)(sum + ((const unsigned char *)bytes)[i]);
    }
    if (end) {
        fuzz_answer(in->net, in->request, 200, 10, true);
    }
    return (ssize_t)size;
}

static inline void
fuzz_pushed(struct intake *intake, struct err *owned)
{
    struct fuzz_intake *in = container_of(intake, struct fuzz_intake, intake);

    in->net->open--;
    err_free(owned);
    mem_free(in);
}

static inline void
fuzz_request(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct fuzz_net *net = ctx;
    char kind = request->path.size > 1 ? request->path.at[1] : '\0';

    net->open++;
    fuzz_check(request->method.size > 0 && request->path.size > 0);
    fuzz_check(request->header_len <= HTTP_MAX_HEADERS);
    (void)http_query(request->query, "a", request->arena);
    switch (kind) {
    case 'i': {
        struct fuzz_intake *in = MEM_NEW(struct fuzz_intake);

        *in = (struct fuzz_intake){ { .push = fuzz_push, .done = fuzz_pushed }, net, request };
        net->open++;
        *ret_intake = &in->intake;
        break;
    }
    case 'l':
        break; /* never answered */
    case 'a':
        http_abort(request);
        break;
    case 'n':
        http_respond(request, &(struct http_response){ .status = 204 });
        break;
    case 'u':
        conn_close(http_upgrade(request, NULL, 0));
        break;
    default:
        fuzz_answer(net, request, 200, kind == 'b' ? 5000 : 20, kind != 'c');
        break;
    }
}

static inline void
fuzz_closed(void *ctx, struct http_request *request)
{
    (void)request;
    ((struct fuzz_net *)ctx)->open--;
}

static inline void
fuzz_ready(void *ctx, int ready)
{
    struct fuzz_net *net = ctx;
    char bytes[4096];
    ssize_t size = conn_read(net->conn, bytes, sizeof(bytes));

    (void)ready;
    if (size > 0) {
        str_put(&net->out, str_slice(bytes, net->out.size < FUZZ_OUT_MAX ? (size_t)size : 0));
    } else if (size == 0 || errno != EAGAIN) {
        net->is_ended = true;
        conn_want(net->conn, 0, NULL, NULL);
    }
}

static inline void
fuzz_run(struct fuzz_net *net)
{
    int turns = 0;

    while (loop_turn(net->loop, 0)) {
        fuzz_check(++turns < FUZZ_TURNS); /* it must come to rest */
    }
}

static inline void
fuzz_open(struct fuzz_net *net)
{
    const struct http_handler handler = { .request = fuzz_request,
                                          .closed = fuzz_closed,
                                          .ctx = net };
    struct conn *ends[2];

    *net = (struct fuzz_net){ 0 };
    clock_stop(1800000000000);
    net->loop = loop_new();
    net->server = server_new(net->loop, &handler, NULL);
    conn_pair(net->loop, ends);
    net->conn = ends[0];
    server_serve(net->server, ends[1], "fuzz");
    conn_want(net->conn, CONN_READ, fuzz_ready, net);
}

static inline void
fuzz_say(struct fuzz_net *net, const void *bytes, size_t size)
{
    size_t at = 0;

    while (at < size && !net->is_ended) {
        struct iovec iov = { (char *)(uintptr_t)bytes + at, size - at };
        ssize_t put = conn_writev(net->conn, &iov, 1);

        at += put > 0 ? (size_t)put : 0;
        fuzz_run(net);
        if (put < 0 && errno != EAGAIN) {
            break;
        }
    }
}

static inline void
fuzz_server_closed(void *ctx)
{
    ((struct fuzz_net *)ctx)->is_closed = true;
}

/* The peer hangs up, the server ends; *ret_out is what it said, owned by the caller. */
static inline void
fuzz_close(struct fuzz_net *net, struct str_builder *ret_out)
{
    conn_shut_write(net->conn);
    fuzz_run(net);
    conn_close(net->conn);
    server_close(net->server, 0, fuzz_server_closed, net);
    fuzz_run(net);
    fuzz_check(net->is_closed && net->open == 0);
    loop_free(net->loop);
    if (ret_out != NULL) {
        *ret_out = net->out;
    } else {
        str_done(&net->out);
    }
}

#endif
