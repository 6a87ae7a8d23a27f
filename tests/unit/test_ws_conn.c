/* net/ws_conn: bytes through messages, both ends of it, slow readers and writers. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_conn.h"

#include <errno.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "tests/lib/unit.h"
#include "tests/lib/ws_box.h"

static const char *const tunnel[] = { "SPDY/3.1+portforward.k8s.io", NULL };
static struct conn *served; /* the server's end */
static int readies;

static int
serve(struct ws_box *box, struct http_request *request, struct err **err)
{
    return ws_conn_accept(request, box->loop, tunnel, &served, err);
}

static void
on_ready(void *ctx, int ready)
{
    (void)ctx;
    assert_int_not_equal(ready, 0);
    readies++;
    conn_want(served, 0, NULL, NULL);
}

static void
open_box(struct ws_box *box)
{
    ws_box_open(box, tunnel, serve);
    assert_int_equal(box->status, 101);
    readies = 0;
    conn_want(served, CONN_READ, on_ready, NULL);
    ws_box_run(box);
    assert_int_equal(readies, 0);
}

static void
close_box(struct ws_box *box)
{
    conn_close(STEAL(served));
    ws_box_close(box);
}

static void
test_reads(void **state)
{
    struct ws_box box;
    char bytes[8];
    (void)state;
    open_box(&box);
    assert_int_equal(conn_read(served, bytes, 8), -1);
    assert_int_equal(errno, EAGAIN);
    (void)ws_send(box.ws, WS_BINARY, STR("one"), STR(" and"));
    (void)ws_send(box.ws, WS_BINARY, STR("two"), STR(""));
    ws_box_run(&box);
    assert_int_equal(readies, 1);
    struct iovec iov[] = { { bytes, 2 }, { bytes + 2, 6 } };
    assert_int_equal(served->ops->readv(served, iov, 2), 8);
    assert_memory_equal(bytes, "one andt", 8);
    assert_int_equal(conn_read(served, bytes, 8), 2);
    ws_close(box.ws, WS_CLOSE_NORMAL, "");
    ws_box_run(&box);
    assert_int_equal(conn_read(served, bytes, 8), 0);
    struct iovec out = { bytes, 1 };
    assert_int_equal(conn_writev(served, &out, 1), -1);
    assert_int_equal(errno, EPIPE);
    close_box(&box);
}

static void
test_peer_breaks(void **state)
{
    struct ws_box box;
    char byte;
    (void)state;
    open_box(&box);
    (void)ws_send(box.ws, WS_BINARY, STR("x"), STR(""));
    ws_box_run(&box);
    ws_free(STEAL(box.ws));
    ws_box_run(&box);
    assert_int_equal(conn_read(served, &byte, 1), 1); /* what came is not lost */
    assert_int_equal(conn_read(served, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    close_box(&box);
}

static void
test_writes(void **state)
{
    struct ws_box box;
    char ab[] = "ab", none[] = "", c[] = "c";
    struct iovec iov[] = { { ab, 2 }, { none, 0 }, { c, 1 } };
    (void)state;
    open_box(&box);
    assert_int_equal(conn_writev(served, iov, 3), 3);
    ws_box_run(&box);
    assert_true(str_is(str_view(&box.heard), "b:ab\nb:c\n"));
    conn_shut_write(served);
    assert_int_equal(conn_writev(served, iov, 1), -1);
    ws_box_run(&box);
    assert_int_equal(box.code, WS_CLOSE_NORMAL);
    char byte;
    assert_int_equal(conn_read(served, &byte, 1), 0);
    close_box(&box);
}

/* Neither side can make the other keep much. */
static void
test_slow_sides(void **state)
{
    static char piece[20000];
    struct ws_box box;
    struct iovec iov = { piece, sizeof(piece) };
    size_t written = 0;
    (void)state;
    open_box(&box);
    box.is_deaf = true;
    for (ssize_t size = 1; size > 0; written += size > 0 ? (size_t)size : 0) {
        size = conn_writev(served, &iov, 1);
        ws_box_run(&box);
    }
    assert_int_equal(errno, EAGAIN);
    assert_in_range(written, 64 << 10, 512 << 10);
    conn_want(served, CONN_WRITE, on_ready, NULL);
    ws_box_run(&box);
    assert_int_equal(readies, 0);
    box.is_deaf = false;
    ws_resume(box.ws);
    ws_box_run(&box);
    assert_int_equal(readies, 1);
    assert_true(conn_writev(served, &iov, 1) > 0);

    bool has_room = true;
    for (int i = 0; i < 100 && has_room; i++) { /* the other way round */
        has_room = ws_send(box.ws, WS_BINARY, str_slice(piece, sizeof(piece)), STR(""));
        ws_box_run(&box);
    }
    assert_false(has_room);
    size_t got = 0;
    for (ssize_t size = 1; size > 0; got += size > 0 ? (size_t)size : 0) {
        size = conn_read(served, piece, sizeof(piece));
        ws_box_run(&box);
    }
    assert_true(got > (64 << 10) && got % sizeof(piece) == 0);
    close_box(&box);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_peer_breaks),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_slow_sides),
    };
    return cmocka_run_group_tests_name("net/ws_conn", tests, NULL, NULL);
}
