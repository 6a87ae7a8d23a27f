/* The server in memory that tests of src/net share.  See net_box.h. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/net_box.h"

#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

enum { NET_TURNS_MAX = 100000 };

struct net_intake {
    struct intake intake;
    struct net_box *box;
    struct http_request *request; /* answered at the end; NULL: it is over */
    bool echoes;
    size_t at; /* where its bytes begin in box->taken */
};

static void
net_text(struct http_request *request, int status, struct str text)
{
    static const struct http_header type = { STR("content-type"), STR("text/plain") };

    http_respond(request, &(struct http_response){ .status = status,
                                                   .headers = &type,
                                                   .header_len = 1,
                                                   .body = body_of_copy(text) });
}

char
net_pattern(size_t at)
{
    return (char)('a' + (at * 7 + at / 251) % 26);
}

static enum pull_rc
net_body_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    static char pattern[16384];
    struct net_body *b = container_of(body, struct net_body, body);
    size_t size = b->size - b->at;

    b->pulls++;
    assert_true(*io_len >= 1);
    *io_len = 0;
    if (b->aborts && b->at > 0) {
        return PULL_ABORT;
    }
    if (b->waits && !b->was_woken) {
        return PULL_WAIT;
    }
    b->was_woken = false;
    size = size < max_bytes ? size : max_bytes;
    size = size < sizeof(pattern) ? size : sizeof(pattern);
    size = b->piece > 0 && b->piece < size ? b->piece : size;
    for (size_t i = 0; i < size; i++) {
        pattern[i] = net_pattern(b->at + i);
    }
    iov[0] = (struct iovec){ pattern, size };
    *io_len = size > 0 ? 1 : 0;
    b->at += size;
    b->box->pulled += size;
    if (b->at == b->size) {
        return PULL_END;
    }
    return b->waits ? PULL_WAIT : PULL_MORE;
}

static void
net_body_done(struct body *body)
{
    struct net_body *b = container_of(body, struct net_body, body);

    b->box->bodies_done++;
    if (b->box->body == b) {
        b->box->body = NULL;
    }
    if (b->is_gone != NULL) {
        *b->is_gone = true;
    }
    mem_free(b);
}

void
net_body_wake(struct net_body *body)
{
    body->was_woken = true;
    body->body.wake(&body->body);
}

void
net_body_init(struct net_body *b, struct net_box *box, size_t size, int64_t told)
{
    b->body.pull = net_body_pull;
    b->body.done = net_body_done;
    b->body.size = told;
    b->box = box;
    b->size = size;
    box->bodies++;
}

static ssize_t
net_intake_push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct net_intake *in = container_of(intake, struct net_intake, intake);
    struct net_box *box = in->box;
    size_t taken = box->take_max > 0 && size > box->take_max ? box->take_max : size;

    str_put(&box->taken, str_slice(bytes, taken));
    if (taken < size) {
        box->paused = intake;
    } else if (end && in->request != NULL) {
        struct str all = str_slice(box->taken.at + in->at, box->taken.size - in->at);

        net_text(in->request, 200, in->echoes ? all : STR("ok"));
    }
    return (ssize_t)taken;
}

static void
net_intake_done(struct intake *intake, struct err *owned)
{
    struct net_intake *in = container_of(intake, struct net_intake, intake);

    in->box->intakes_done++;
    in->box->intakes_failed += owned != NULL ? 1 : 0;
    if (in->box->paused == intake) {
        in->box->paused = NULL;
    }
    err_free(owned);
    mem_free(in);
}

static struct intake *
net_intake_new(struct net_box *box, struct http_request *request, bool echoes)
{
    struct net_intake *in = MEM_NEW(struct net_intake);

    in->intake.push = net_intake_push;
    in->intake.done = net_intake_done;
    in->box = box;
    in->request = request;
    in->echoes = echoes;
    in->at = box->taken.size;
    box->intakes++;
    return &in->intake;
}

static void
net_respond_body(struct http_request *request, struct net_body *b)
{
    http_respond(request, &(struct http_response){ .status = 200, .body = &b->body });
}

static void
net_ask_body(struct net_box *box, struct http_request *request)
{
    struct str size_text = http_query(request->query, "size", request->arena);
    struct str piece_text = http_query(request->query, "piece", request->arena);
    uint64_t size = 100;
    uint64_t piece = 0;

    (void)str_to_uint(size_text, &size);
    (void)str_to_uint(piece_text, &piece);
    bool is_short = str_is(request->path, "/short");
    bool is_watch = str_is(request->path, "/watch");
    int64_t told = is_short ? (int64_t)size + 1 : is_watch || piece > 0 ? -1 : (int64_t)size;
    struct net_body *b = MEM_NEW(struct net_body);

    net_body_init(b, box, size, told);
    b->piece = piece;
    b->aborts = str_is(request->path, "/abort");
    if (is_watch) {
        b->waits = true;
        box->body = b;
    }
    net_respond_body(request, b);
    if (is_watch) {
        http_shed(request);
    }
}

static void
net_ask_headers(struct http_request *request)
{
    AUTO_STR struct str_builder all = { 0 };

    str_putf(&all, "authority: " STR_FMT "\n", STR_ARG(request->authority));
    for (size_t i = 0; i < request->header_len; i++) {
        str_putf(&all, STR_FMT ": " STR_FMT "\n", STR_ARG(request->headers[i].name),
                 STR_ARG(request->headers[i].value));
    }
    net_text(request, 200, str_view(&all));
}

static void
net_ask(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct net_box *box = ctx;
    struct str path = request->path;

    box->asked++;
    request->user = box;
    if (str_is(path, "/hello")) {
        net_text(request, 200, STR("hello\n"));
    } else if (str_is(path, "/echo") || str_is(path, "/take")) {
        *ret_intake = net_intake_new(box, request, str_is(path, "/echo"));
    } else if (str_is(path, "/later")) {
        box->request = request;
    } else if (str_is(path, "/upgrade")) {
        const struct http_header up = { STR("upgrade"), STR("bytes") };

        box->upgraded = http_upgrade(request, &up, 1);
        if (box->upgraded == NULL) {
            net_text(request, 400, STR("no upgrade"));
        }
    } else if (str_is(path, "/none")) {
        http_respond(request, &(struct http_response){ .status = 204 });
    } else if (str_is(path, "/headers")) {
        net_ask_headers(request);
    } else if (str_is(path, "/big") || str_is(path, "/short") || str_is(path, "/abort") ||
               str_is(path, "/watch")) {
        net_ask_body(box, request);
    } else {
        net_text(request, 404, STR("404 page not found\n"));
    }
}

static void
net_closed(void *ctx, struct http_request *request)
{
    struct net_box *box = ctx;

    assert_ptr_equal(request->user, box); /* exactly once: it is cleared here */
    request->user = NULL;
    box->closed++;
    if (box->request == request) {
        box->request = NULL;
    }
}

static void
net_is_closed(void *ctx)
{
    ((struct net_box *)ctx)->is_closed = true;
}

void
net_box_open(struct net_box *box, const struct server_limits *limits)
{
    *box = (struct net_box){ 0 };
    box->loop = loop_new();
    box->server = server_new(
        box->loop, &(struct http_handler){ .request = net_ask, .closed = net_closed, .ctx = box },
        limits);
}

void
net_box_close(struct net_box *box)
{
    server_close(box->server, 0, net_is_closed, box);
    for (int i = 0; i < NET_TURNS_MAX && !box->is_closed; i++) {
        (void)loop_turn(box->loop, 10);
    }
    assert_true(box->is_closed);
    net_box_run(box);
    assert_int_equal(box->asked, box->closed);
    assert_int_equal(box->bodies, box->bodies_done);
    assert_int_equal(box->intakes, box->intakes_done);
    str_done(&box->taken);
    loop_free(box->loop);
}

void
net_box_run(struct net_box *box)
{
    for (int i = 0; i < NET_TURNS_MAX; i++) {
        if (!loop_turn(box->loop, 0)) {
            return;
        }
    }
    fail_msg("the loop never rests");
}

void
net_box_answer(struct net_box *box, int status, const char *text)
{
    struct http_request *request = box->request;

    assert_non_null(request);
    box->request = NULL;
    net_text(request, status, str_of(text));
    net_box_run(box);
}

static void
net_peer_ready(void *ctx, int ready)
{
    struct net_peer *peer = ctx;
    char bytes[8192];

    (void)ready;
    for (;;) {
        size_t room = sizeof(bytes);

        if (peer->read_max > 0) {
            room = peer->read_max - peer->in.size < room ? peer->read_max - peer->in.size : room;
        }
        ssize_t size = room == 0 ? -1 : conn_read(peer->conn, bytes, room);

        if (room == 0 || (size < 0 && errno == EAGAIN)) {
            conn_want(peer->conn, room == 0 ? 0 : CONN_READ, net_peer_ready, peer);
            return;
        }
        if (size <= 0) {
            peer->is_ended = true;
            conn_want(peer->conn, 0, NULL, NULL);
            return;
        }
        str_put(&peer->in, str_slice(bytes, (size_t)size));
    }
}

void
net_peer_open(struct net_peer *peer, struct net_box *box)
{
    struct conn *ends[2];

    conn_pair(box->loop, ends);
    server_serve(box->server, ends[1], "test");
    net_peer_of(peer, box, ends[0]);
}

void
net_peer_of(struct net_peer *peer, struct net_box *box, struct conn *conn)
{
    *peer = (struct net_peer){ .box = box, .conn = conn };
    conn_want(conn, CONN_READ, net_peer_ready, peer);
}

void
net_peer_say(struct net_peer *peer, const char *text)
{
    net_peer_say_bytes(peer, str_of(text));
}

void
net_peer_say_bytes(struct net_peer *peer, struct str bytes)
{
    size_t at = 0;

    for (int i = 0; i < NET_TURNS_MAX && at < bytes.size; i++) {
        struct iovec iov = { (char *)(uintptr_t)bytes.at + at, bytes.size - at };
        ssize_t size = conn_writev(peer->conn, &iov, 1);

        if (size < 0 && errno != EAGAIN) {
            break; /* the server is gone: what it said tells why */
        }
        at += size > 0 ? (size_t)size : 0;
        net_box_run(peer->box);
    }
    net_box_run(peer->box);
}

void
net_peer_read_on(struct net_peer *peer, size_t read_max)
{
    peer->read_max = read_max;
    conn_want(peer->conn, CONN_READ, net_peer_ready, peer);
    net_box_run(peer->box);
}

void
net_peer_close(struct net_peer *peer)
{
    conn_close(peer->conn);
    peer->conn = NULL;
    str_done(&peer->in);
    net_box_run(peer->box);
}
