/* net/http1 and net/server_conn: requests as raw bytes against a server in memory. */
#include "config.h" /* IWYU pragma: keep */

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/net_box.h"
#include "tests/lib/unit.h"

#define HOST "Host: a\r\n"

/* The server's answer without its Date lines. */
static char *
heard(const struct net_peer *peer)
{
    struct str_builder text = { 0 };
    struct str rest = str_view(&peer->in);

    while (rest.size > 0) {
        struct str line = str_cut(rest, '\n', &rest);

        if (!str_has_prefix(line, STR("Date: "))) {
            str_put(&text, line);
            str_putz(&text, rest.at == NULL ? "" : "\n");
        }
    }
    return text.at == NULL ? mem_strdup("") : str_steal(&text);
}

struct talk {
    const char *say, *hear;
    bool ends; /* the server closes */
};

static const struct talk talks[] = {
    { "GET /hello HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n", false },
    { "HEAD /hello HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n", false },
    { "\r\nGET /none HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 204 No Content\r\n\r\n", false },
    { "GET /hello HTTP/1.0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
      "Connection: close\r\n\r\nhello\n",
      true },
    { "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /hello HTTP/1.1\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
      "Connection: close\r\n\r\nhello\n",
      true },
    { "GET /big?size=10&piece=4 HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nahov\r\n4\r\ncjqx\r\n2\r\nel\r\n0\r\n\r\n",
      false },
    { "GET /big?size=10&piece=4 HTTP/1.0\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nahovcjqxel", true },
    { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc", false },
    { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nabcde", false },
    { "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
      false },
    /* Nobody wants the body: the answer comes without 100, and the connection ends. */
    { "POST /hello HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
      "Connection: close\r\n\r\nhello\n",
      true },
    /* Pipelined, answered in order; a short body that nobody wants is dropped. */
    { "POST /hello HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxyGET /none HTTP/1.1\r\n" HOST
      "\r\nGET /nowhere HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n"
      "404 page not found\n",
      false },
    { "GET http://b:1/headers HTTP/1.1\r\n" HOST "X-Y: z\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\r\n"
      "authority: b:1\nhost: a\nx-y: z\n",
      false },
    { "GET nowhere HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: 15\r\nConnection: close\r\n\r\n400 Bad Request",
      true },
    { "GET /hello HTTP/1.1\n" HOST "\n",
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: 15\r\nConnection: close\r\n\r\n400 Bad Request",
      true },
    { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd",
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: 15\r\nConnection: close\r\n\r\n400 Bad Request",
      true },
    /* Request smuggling: one message that could be two. */
    { "POST /echo HTTP/1.1\r\n" HOST
      "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: 15\r\nConnection: close\r\n\r\n400 Bad Request",
      true },
    { "GET /upgrade HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
      "no upgrade",
      false },
    /* The body is cut short: the connection ends without the last byte. */
    { "GET /short?size=3 HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
      true },
    { "GET /abort?size=9&piece=3 HTTP/1.1\r\n" HOST "\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\naho\r\n", true },
};

static void
test_talks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(talks); i++) {
        for (int whole = 0; whole < 2; whole++) {
            struct net_box box;
            struct net_peer peer;

            net_box_open(&box, NULL);
            net_peer_open(&peer, &box);
            if (whole == 1) {
                net_peer_say(&peer, talks[i].say);
            } else {
                for (const char *c = talks[i].say; *c != '\0'; c++) {
                    net_peer_say_bytes(&peer, str_slice(c, 1));
                }
            }
            AUTO_FREE char *text = heard(&peer);

            assert_string_equal(text, talks[i].hear);
            assert_int_equal(peer.is_ended, talks[i].ends);
            net_peer_close(&peer);
            net_box_close(&box);
        }
    }
}

static void
test_upgrade(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct net_peer inner;

    (void)state;
    net_box_open(&box, NULL);
    net_peer_open(&peer, &box);
    net_peer_say(&peer, "GET /upgrade HTTP/1.1\r\n" HOST
                        "Connection: keep-alive, Upgrade\r\nUpgrade: bytes\r\n\r\nearly");
    assert_non_null(box.upgraded);
    net_peer_of(&inner, &box, box.upgraded);
    net_peer_say(&peer, " late");
    AUTO_FREE char *text = heard(&peer);

    assert_string_equal(text, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: bytes\r\n\r\n");
    assert_true(str_is(str_view(&inner.in), "early late"));
    assert_int_equal(box.closed, 1);
    peer.in.size = 0;
    net_peer_say(&inner, "back");
    assert_true(str_is(str_view(&peer.in), "back"));
    net_peer_close(&inner);
    assert_true(peer.is_ended);
    net_peer_close(&peer);
    net_box_close(&box);
}

static void
test_answer_later_and_hang_up(void **state)
{
    struct net_box box;
    struct net_peer peer;

    (void)state;
    net_box_open(&box, NULL);
    net_peer_open(&peer, &box);
    net_peer_say(&peer, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(peer.in.size, 0);
    assert_int_equal(box.asked, 1); /* in order: the second one is not even asked */
    net_box_answer(&box, 201, "made");
    assert_int_equal(box.asked, 2);
    assert_true(str_has_prefix(str_view(&peer.in), STR("HTTP/1.1 201 Created\r\n")));
    assert_true(str_has_suffix(str_view(&peer.in), STR("hello\n")));
    net_peer_say(&peer, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(box.request);
    net_peer_close(&peer); /* the client hangs up: the handler hears of it */
    assert_null(box.request);
    assert_int_equal(box.closed, 3);
    net_box_close(&box);
}

static void
test_intake_pauses(void **state)
{
    struct net_box box;
    struct net_peer peer;
    AUTO_STR struct str_builder text = { 0 };
    size_t size = 200000;

    (void)state;
    net_box_open(&box, NULL);
    net_peer_open(&peer, &box);
    box.take_max = 1000;
    str_putf(&text, "POST /take HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", size);
    for (size_t i = 0; i < size; i++) {
        str_putc(&text, net_pattern(i));
    }
    size_t said = 0;

    /* What the server takes while its intake is paused stays bounded. */
    for (int i = 0; i < 100 && said < text.size; i++) {
        struct iovec iov = { text.at + said, text.size - said };
        ssize_t put = conn_writev(peer.conn, &iov, 1);

        said += put > 0 ? (size_t)put : 0;
        net_box_run(&box);
    }
    assert_true(said < 150000);
    assert_int_equal(box.taken.size, 1000);
    while (box.paused != NULL || said < text.size) {
        struct iovec iov = { text.at + said, text.size - said };
        ssize_t put = said < text.size ? conn_writev(peer.conn, &iov, 1) : 0;

        said += put > 0 ? (size_t)put : 0;
        if (box.paused != NULL) {
            struct intake *paused = box.paused;

            box.paused = NULL;
            paused->wake(paused);
        }
        net_box_run(&box);
    }
    assert_int_equal(box.taken.size, size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(box.taken.at[i], net_pattern(i));
    }
    assert_true(str_has_suffix(str_view(&peer.in), STR("ok")));
    assert_int_equal(box.intakes_failed, 0);
    net_peer_close(&peer);
    net_box_close(&box);
}

static void
test_blocked_writes_keep_order(void **state)
{
    struct net_box box;
    struct net_peer peer;
    size_t size = 3 << 20;

    (void)state;
    net_box_open(&box, NULL);
    net_peer_open(&peer, &box);
    peer.read_max = 1;
    net_peer_say(&peer, "GET /big?size=3145728 HTTP/1.1\r\n" HOST "\r\n");
    /* A reader that does not read costs what the conn holds and one record, no more. */
    assert_true(box.pulled < 3 * 65536);
    for (size_t max = 7; peer.in.size < size; max += 1 + max / 3) {
        net_peer_read_on(&peer, max);
        assert_true(box.pulled <= peer.in.size + 3 * 65536);
    }
    struct str all = str_view(&peer.in);

    for (size_t i = 0; i < size; i++) {
        if (all.at[all.size - size + i] != net_pattern(i)) {
            fail_msg("byte %zu is out of order", i);
        }
    }
    net_peer_close(&peer);
    net_box_close(&box);
}

static void
test_send_timeout(void **state)
{
    const struct server_limits limits = { .send_timeout_ms = 5000 };
    struct net_box box;
    struct net_peer peer;

    (void)state;
    clock_stop(1700000000000);
    net_box_open(&box, &limits);
    net_peer_open(&peer, &box);
    peer.read_max = 1;
    net_peer_say(&peer, "GET /big?size=3000000 HTTP/1.1\r\n" HOST "\r\n");
    for (size_t max = 70000; max < 700000; max += 70000) {
        clock_warp(4000); /* slow, but it reads */
        net_box_run(&box);
        net_peer_read_on(&peer, max);
        assert_int_equal(box.closed, 0);
    }
    clock_warp(5001); /* and now it does not */
    net_box_run(&box);
    assert_int_equal(box.closed, 1);
    assert_int_equal(box.bodies_done, 1);
    net_peer_close(&peer);
    net_box_close(&box);
    clock_run();
}

static void
test_header_and_idle_timeouts(void **state)
{
    const struct server_limits limits = { .header_timeout_ms = 2000, .idle_timeout_ms = 60000 };
    static const char *const slow[] = { "", "G", "PRI", "GET /hello HTTP/1.1\r\nHos" };
    struct net_box box;
    struct net_peer peer;

    (void)state;
    clock_stop(1700000000000);
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        net_box_open(&box, &limits);
        net_peer_open(&peer, &box);
        net_peer_say(&peer, slow[i]);
        clock_warp(1999);
        net_peer_say(&peer, "");
        assert_false(peer.is_ended);
        clock_warp(1); /* a byte now and then does not help */
        net_box_run(&box);
        assert_true(peer.is_ended);
        net_peer_close(&peer);
        net_box_close(&box);
    }
    net_box_open(&box, &limits);
    net_peer_open(&peer, &box);
    net_peer_say(&peer, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    clock_warp(59999);
    net_box_run(&box);
    assert_false(peer.is_ended);
    net_peer_say(&peer, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    clock_warp(59999);
    net_box_run(&box);
    assert_false(peer.is_ended);
    clock_warp(1);
    net_box_run(&box);
    assert_true(peer.is_ended);
    net_peer_close(&peer);
    net_box_close(&box);
    clock_run();
}

static void
test_watch_waits(void **state)
{
    struct net_box box;
    struct net_peer peer;

    (void)state;
    net_box_open(&box, NULL);
    net_peer_open(&peer, &box);
    net_peer_say(&peer, "GET /watch?size=100&piece=5 HTTP/1.1\r\n" HOST "\r\n");
    /* Headers leave before the first bytes: clients wait for them. */
    assert_true(str_has_prefix(str_view(&peer.in), STR("HTTP/1.1 200 OK\r\n")));
    assert_true(str_has_suffix(str_view(&peer.in), STR("\r\n\r\n")));
    int pulls = box.body->pulls;

    net_box_run(&box);
    assert_int_equal(box.body->pulls, pulls); /* it costs nothing while it waits */
    net_body_wake(box.body);
    net_box_run(&box);
    assert_true(str_has_suffix(str_view(&peer.in), STR("5\r\nahovc\r\n")));
    bool is_gone = false;

    box.body->is_gone = &is_gone;
    net_peer_close(&peer);
    assert_true(is_gone);
    net_box_close(&box);
}

static void
test_connection_limit(void **state)
{
    const struct server_limits limits = { .max_connections = 2 };
    struct net_box box;
    struct net_peer peers[3];

    (void)state;
    net_box_open(&box, &limits);
    for (int i = 0; i < 3; i++) {
        net_peer_open(&peers[i], &box);
    }
    net_box_run(&box);
    assert_false(peers[0].is_ended || peers[1].is_ended);
    assert_true(peers[2].is_ended);
    for (int i = 0; i < 3; i++) {
        net_peer_close(&peers[i]);
    }
    net_box_close(&box);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talks),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_answer_later_and_hang_up),
        cmocka_unit_test(test_intake_pauses),
        cmocka_unit_test(test_blocked_writes_keep_order),
        cmocka_unit_test(test_send_timeout),
        cmocka_unit_test(test_header_and_idle_timeouts),
        cmocka_unit_test(test_watch_waits),
        cmocka_unit_test(test_connection_limit),
    };

    return cmocka_run_group_tests_name("net/http1", tests, NULL, NULL);
}
