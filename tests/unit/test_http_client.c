/* net/http_client against net/server, HTTP/2 and HTTP/1.1: whole exchanges, pauses, cancels, ends. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http_client.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/net_box.h"
#include "tests/lib/unit.h"

struct probe {
    struct net_box box;
    struct http_client *client;
    struct conn *upgraded;
    int dials;
    bool serves;   /* false: dials find a closed conn */
    bool stutters; /* every other write of both ends has no room, and then it has */
};
/* A conn whose reader takes the bytes between two writes. */
struct stutter {
    struct conn conn;
    struct conn *inner;
    int writes;
};

struct ask {
    struct probe *probe;
    struct http_call *call;
    struct str_builder in;
    size_t take_max; /* 0: all; else that much a call, then it pauses */
    int status, dones, header_len;
    enum err_code code;
    char *message;
    bool gives_up, cancels;
};

static ssize_t
stutter_readv(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn *inner = ((struct stutter *)conn)->inner;

    return inner->ops->readv(inner, iov, len);
}

static ssize_t
stutter_writev(struct conn *conn, const struct iovec *iov, int len)
{
    struct stutter *s = (struct stutter *)conn;

    if (s->writes++ % 2 != 0) {
        errno = EAGAIN;
        return -1;
    }
    return conn_writev(s->inner, iov, len);
}

static void
stutter_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx)
{
    conn_want(((struct stutter *)conn)->inner, ready, fn, ctx);
}

static void
stutter_shut_write(struct conn *conn)
{
    conn_shut_write(((struct stutter *)conn)->inner);
}

static void
stutter_close(struct conn *conn)
{
    conn_close(((struct stutter *)conn)->inner);
    mem_free(conn);
}

static struct conn *
stutter_of(struct conn *inner)
{
    static const struct conn_ops ops = { .readv = stutter_readv,
                                         .writev = stutter_writev,
                                         .want = stutter_want,
                                         .shut_write = stutter_shut_write,
                                         .close = stutter_close };
    struct stutter *s = MEM_NEW(struct stutter);

    *s = (struct stutter){ .conn = { &ops }, .inner = inner };
    return &s->conn;
}

static void
dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct probe *probe = ctx;
    struct conn *ends[2];

    conn_pair(probe->box.loop, ends);
    for (int i = 0; probe->stutters && i < 2; i++) {
        ends[i] = stutter_of(ends[i]);
    }
    probe->dials++;
    if (probe->serves) {
        server_serve(probe->box.server, ends[1], "test");
    } else {
        conn_close(ends[1]);
    }
    done(done_ctx, ends[0], NULL);
}

static void
probe_open(struct probe *probe, bool http2, const struct server_limits *limits)
{
    *probe = (struct probe){ .serves = true };
    net_box_open(&probe->box, limits);
    probe->client = http_client_new(
        probe->box.loop, &(struct http_client_spec){
                             .authority = "a", .http2 = http2, .dial = dial, .dial_ctx = probe });
}

static void
probe_close(struct probe *probe)
{
    http_client_free(probe->client);
    net_box_run(&probe->box);
    net_box_close(&probe->box);
}

static bool
on_headers(void *ctx, const struct http_answer *answer)
{
    struct ask *ask = ctx;

    ask->status = answer->status;
    ask->header_len = (int)answer->header_len;
    return !ask->gives_up;
}

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    struct ask *ask = ctx;
    size_t taken = ask->take_max > 0 && size > ask->take_max ? ask->take_max : size;

    str_put(&ask->in, str_slice(bytes, taken));
    if (ask->cancels) {
        http_call_cancel(ask->call);
    }
    return taken;
}

static void
on_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct ask *ask = ctx;

    (void)answer;
    ask->dones++;
    ask->call = NULL;
    ask->code = owned == NULL ? ERR_NONE : owned->code;
    ask->message = owned == NULL ? NULL : mem_strdup(owned->message);
    err_free(owned);
}

static void
ask_start(struct ask *ask, struct probe *probe, const char *method, const char *path,
          struct body *body)
{
    static const struct http_header headers[] = { { STR("x-y"), STR("z") } };

    ask->probe = probe;
    ask->call = http_client_call(probe->client, &(struct http_call_spec){ .method = method,
                                                                          .path = path,
                                                                          .headers = headers,
                                                                          .header_len = 1,
                                                                          .body = body,
                                                                          .timeout_ms = 30000,
                                                                          .headers_fn = on_headers,
                                                                          .data_fn = on_data,
                                                                          .done_fn = on_done,
                                                                          .ctx = ask });
    assert_int_equal(ask->dones, 0);
}

static void
ask_end(struct ask *ask, enum err_code code)
{
    if (ask->code != code || ask->dones != 1) {
        fail_msg("done %d times, code %d: %s", ask->dones, ask->code,
                 ask->message == NULL ? "" : ask->message);
    }
    str_done(&ask->in);
    mem_free(ask->message);
}

static void
check_pattern(struct str bytes, size_t size)
{
    assert_int_equal(bytes.size, size);
    for (size_t i = 0; i < size; i++) {
        if (bytes.at[i] != net_pattern(i)) {
            fail_msg("byte %zu is wrong", i);
        }
    }
}

struct exchange {
    const char *method, *path, *send;
    int status;
    const char *hear;
};

static const struct exchange exchanges[] = {
    { "GET", "/hello", NULL, 200, "hello\n" },
    { "HEAD", "/hello", NULL, 200, "" },
    { "GET", "/none", NULL, 204, "" },
    { "GET", "/nowhere?x=1", NULL, 404, "404 page not found\n" },
    { "POST", "/echo", "abc", 200, "abc" },
    { "POST", "/echo", NULL, 200, "" },
    { "PUT", "/hello", "dropped", 200, "hello\n" },
    { "GET", "/big?size=12&piece=5", NULL, 200, "ahovcjqxelsz" },
};

static void
test_exchanges(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;

        probe_open(&probe, http2 != 0, NULL);
        for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
            const struct exchange *e = &exchanges[i];
            struct ask ask = { 0 };

            ask_start(&ask, &probe, e->method, e->path,
                      e->send == NULL ? NULL : body_of_copy(str_of(e->send)));
            net_box_run(&probe.box);
            assert_int_equal(ask.status, e->status);
            if (!str_is(str_view(&ask.in), e->hear)) {
                fail_msg("%s %s: %.*s", e->method, e->path, STR_ARG(str_view(&ask.in)));
            }
            ask_end(&ask, ERR_NONE);
        }
        assert_int_equal(probe.dials, 1); /* one connection serves all, one after the other */
        probe_close(&probe);
    }
}

static void
test_many_at_once(void **state)
{
    enum { ASKS = 1200, SIZE = 30000 };
    struct ask *asks = mem_new_array(ASKS, sizeof(*asks));

    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        int len = http2 != 0 ? ASKS : 200; /* 1,000 streams at once, 64 connections */
        struct probe probe;

        probe_open(&probe, http2 != 0, NULL);
        memset(asks, 0, ASKS * sizeof(*asks));
        for (int i = 0; i < len; i++) {
            ask_start(&asks[i], &probe, "GET", "/big?size=30000", NULL);
        }
        net_box_run(&probe.box);
        for (int i = 0; i < len; i++) {
            check_pattern(str_view(&asks[i].in), SIZE);
            ask_end(&asks[i], ERR_NONE);
        }
        assert_int_equal(probe.dials, http2 != 0 ? 1 : 64);
        probe_close(&probe);
    }
    mem_free(asks);
}

static void
test_reader_that_pauses(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask slow = { .take_max = 3000 };
        size_t size = 5000000;

        probe_open(&probe, http2 != 0, NULL);
        ask_start(&slow, &probe, "GET", "/big?size=5000000", NULL);
        net_box_run(&probe.box);
        assert_int_equal(slow.in.size, 3000);
        assert_true(probe.box.pulled < 2000000); /* the window, and what the conns hold */
        struct ask other = { 0 };

        ask_start(&other, &probe, "GET", "/hello", NULL); /* the others go on */
        net_box_run(&probe.box);
        assert_true(str_is(str_view(&other.in), "hello\n"));
        ask_end(&other, ERR_NONE);
        for (int i = 0; i < 100000 && slow.dones == 0; i++) {
            http_call_resume(slow.call);
            net_box_run(&probe.box);
        }
        check_pattern(str_view(&slow.in), size);
        ask_end(&slow, ERR_NONE);
        probe_close(&probe);
    }
}

/* A request body that waits and is woken: also while the answer runs. */
static void
test_body_that_waits(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask ask = { 0 };

        probe_open(&probe, http2 != 0, NULL);
        struct net_body *body = MEM_NEW(struct net_body);

        net_body_init(body, &probe.box, 10, -1);
        body->waits = true;
        body->piece = 4;
        ask_start(&ask, &probe, "POST", "/echo", &body->body);
        net_box_run(&probe.box);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(probe.box.taken.size, i * 4);
            net_body_wake(body);
            net_box_run(&probe.box);
        }
        check_pattern(str_view(&ask.in), 10);
        ask_end(&ask, ERR_NONE);
        probe_close(&probe);
    }
}

static void
test_intake_that_pauses(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask ask = { 0 };
        struct ask other = { 0 };

        probe_open(&probe, http2 != 0, NULL);
        struct net_body *body = MEM_NEW(struct net_body);

        net_body_init(body, &probe.box, 3000000, 3000000);
        probe.box.take_max = 5000;
        ask_start(&ask, &probe, "POST", "/take", &body->body);
        net_box_run(&probe.box);
        assert_int_equal(probe.box.taken.size, 5000);
        assert_true(probe.box.pulled < 500000); /* the stream's window */
        ask_start(&other, &probe, "GET", "/hello", NULL);
        net_box_run(&probe.box);
        assert_int_equal(other.dones, 1);
        ask_end(&other, ERR_NONE);
        while (probe.box.paused != NULL) {
            struct intake *paused = probe.box.paused;

            probe.box.paused = NULL;
            paused->wake(paused);
            net_box_run(&probe.box);
        }
        check_pattern(str_view(&probe.box.taken), 3000000);
        ask_end(&ask, ERR_NONE);
        probe_close(&probe);
    }
}

/* Room that comes between the write that found none and the end of the turn: nobody tells of it. */
static void
test_room_inside_a_turn(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask up = { 0 };
        struct ask down = { 0 };

        probe_open(&probe, http2 != 0, NULL);
        probe.stutters = true;
        struct net_body *body = MEM_NEW(struct net_body);

        net_body_init(body, &probe.box, 3000000, 3000000);
        ask_start(&up, &probe, "POST", "/take", &body->body);
        net_box_run(&probe.box);
        check_pattern(str_view(&probe.box.taken), 3000000);
        ask_end(&up, ERR_NONE);
        ask_start(&down, &probe, "GET", "/big?size=3000000", NULL);
        net_box_run(&probe.box);
        check_pattern(str_view(&down.in), 3000000);
        ask_end(&down, ERR_NONE);
        probe_close(&probe);
    }
}

static void
test_cancels(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask at_once = { 0 };
        struct ask waiting = { 0 };
        struct ask inside = { .cancels = true };
        struct ask unwanted = { .gives_up = true };
        struct ask late = { 0 };

        clock_stop(1700000000000);
        probe_open(&probe, http2 != 0, NULL);
        ask_start(&at_once, &probe, "GET", "/hello", NULL);
        http_call_cancel(at_once.call);
        assert_int_equal(at_once.dones, 0);
        ask_start(&waiting, &probe, "GET", "/watch", NULL);
        net_box_run(&probe.box);
        assert_int_equal(waiting.status, 200);
        assert_int_equal(probe.box.bodies_done, 0);
        http_call_cancel(waiting.call);
        net_box_run(&probe.box);
        assert_int_equal(probe.box.bodies_done, 1); /* the server heard of it */
        ask_start(&inside, &probe, "GET", "/big?size=5000000", NULL);
        ask_start(&unwanted, &probe, "GET", "/big?size=5000000", NULL);
        ask_start(&late, &probe, "GET", "/later", NULL);
        net_box_run(&probe.box);
        assert_int_equal(late.dones, 0);
        clock_warp(30001);
        net_box_run(&probe.box);
        assert_null(probe.box.request); /* the server heard of that too */
        ask_end(&at_once, ERR_CANCELLED);
        ask_end(&waiting, ERR_CANCELLED);
        ask_end(&inside, ERR_CANCELLED);
        ask_end(&unwanted, ERR_CANCELLED);
        ask_end(&late, ERR_TIMEOUT);
        probe_close(&probe);
        clock_run();
    }
}

static void
test_server_cuts(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask cut = { 0 };
        struct ask lies = { 0 };
        struct ask nobody = { 0 };

        probe_open(&probe, http2 != 0, NULL);
        ask_start(&cut, &probe, "GET", "/abort?size=9&piece=3", NULL);
        ask_start(&lies, &probe, "GET", "/short?size=3", NULL);
        net_box_run(&probe.box);
        ask_end(&cut, ERR_UNAVAILABLE);
        ask_end(&lies, ERR_UNAVAILABLE);
        probe_close(&probe);
        probe_open(&probe, http2 != 0, NULL);
        probe.serves = false;
        ask_start(&nobody, &probe, "GET", "/hello", NULL);
        net_box_run(&probe.box);
        assert_int_equal(probe.dials, 3); /* tried again, not for ever */
        ask_end(&nobody, ERR_UNAVAILABLE);
        probe_close(&probe);
    }
}

static void
test_goaway(void **state)
{
    struct probe probe;
    struct ask runs = { 0 };
    struct ask idle = { 0 };
    struct ask after = { 0 };
    const struct server_limits limits = { .idle_timeout_ms = 1000 };

    (void)state;
    clock_stop(1700000000000);
    probe_open(&probe, true, &limits);
    ask_start(&idle, &probe, "GET", "/hello", NULL);
    net_box_run(&probe.box);
    clock_warp(1001); /* the server says GOAWAY and closes: the next call dials anew */
    net_box_run(&probe.box);
    ask_start(&after, &probe, "POST", "/echo", body_of_copy(STR("x")));
    net_box_run(&probe.box);
    assert_int_equal(probe.dials, 2);
    ask_end(&idle, ERR_NONE);
    ask_end(&after, ERR_NONE);
    /* What runs while the server closes is finished. */
    ask_start(&runs, &probe, "GET", "/later", NULL);
    net_box_run(&probe.box);
    server_close(probe.box.server, 10000, NULL, NULL);
    net_box_run(&probe.box);
    assert_int_equal(runs.dones, 0);
    net_box_answer(&probe.box, 200, "after all");
    assert_true(str_is(str_view(&runs.in), "after all"));
    ask_end(&runs, ERR_NONE);
    http_client_free(probe.client);
    net_box_run(&probe.box);
    assert_int_equal(probe.box.asked, probe.box.closed);
    str_done(&probe.box.taken);
    loop_free(probe.box.loop);
    clock_run();
}

static void
on_upgraded(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    struct ask *ask = ctx;

    ask->status = answer->status;
    ask->probe->upgraded = conn;
}

static void
test_upgrade(void **state)
{
    static const struct http_header headers[] = { { STR("connection"), STR("upgrade") },
                                                  { STR("upgrade"), STR("bytes") } };
    struct probe probe;
    struct net_peer here;
    struct net_peer there;
    struct ask ask = { .probe = &probe };
    struct ask refused = { 0 };

    (void)state;
    probe_open(&probe, false, NULL);
    ask_start(&refused, &probe, "GET", "/upgrade", NULL);
    net_box_run(&probe.box);
    assert_int_equal(refused.status, 400);
    ask_end(&refused, ERR_NONE);
    (void)http_client_call(probe.client, &(struct http_call_spec){ .method = "GET",
                                                                   .path = "/upgrade",
                                                                   .headers = headers,
                                                                   .header_len = 2,
                                                                   .done_fn = on_done,
                                                                   .upgraded_fn = on_upgraded,
                                                                   .ctx = &ask });
    net_box_run(&probe.box);
    assert_int_equal(ask.status, 101);
    ask_end(&ask, ERR_NONE);
    net_peer_of(&here, &probe.box, probe.upgraded);
    net_peer_of(&there, &probe.box, probe.box.upgraded);
    net_peer_say(&here, "ping");
    net_peer_say(&there, "pong");
    assert_true(str_is(str_view(&there.in), "ping"));
    assert_true(str_is(str_view(&here.in), "pong"));
    net_peer_close(&here);
    assert_true(there.is_ended);
    net_peer_close(&there);
    probe_close(&probe);
}

static void
test_free_with_calls(void **state)
{
    (void)state;
    for (int http2 = 0; http2 < 2; http2++) {
        struct probe probe;
        struct ask waits = { 0 };
        struct ask parked = { .take_max = 1 };
        struct ask queued = { 0 };

        probe_open(&probe, http2 != 0, NULL);
        ask_start(&waits, &probe, "GET", "/watch", NULL);
        ask_start(&parked, &probe, "GET", "/hello", NULL);
        net_box_run(&probe.box);
        ask_start(&queued, &probe, "GET", "/hello", NULL);
        probe_close(&probe);
        ask_end(&waits, ERR_CANCELLED);
        ask_end(&parked, ERR_CANCELLED);
        ask_end(&queued, ERR_CANCELLED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_reader_that_pauses),
        cmocka_unit_test(test_body_that_waits),
        cmocka_unit_test(test_intake_that_pauses),
        cmocka_unit_test(test_room_inside_a_turn),
        cmocka_unit_test(test_cancels),
        cmocka_unit_test(test_server_cuts),
        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_free_with_calls),
    };

    return cmocka_run_group_tests_name("net/http_client", tests, NULL, NULL);
}
