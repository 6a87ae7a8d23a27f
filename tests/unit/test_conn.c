/* net/conn, conn_dial, conn_pair, conn_splice, address. */
#include "config.h" /* IWYU pragma: keep */

#include "net/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/address.h"
#include "tests/lib/unit.h"

enum { TURNS = 5000 };

struct end {
    struct conn *conn;
    struct str_builder in;
    bool is_ended;
};

static void
run(struct loop *loop)
{
    for (int i = 0; i < TURNS && loop_turn(loop, 0); i++) {
    }
}

static void
on_read(void *ctx, int ready)
{
    struct end *end = ctx;
    char bytes[100];
    ssize_t size = conn_read(end->conn, bytes, sizeof(bytes));

    assert_true((ready & CONN_READ) != 0);
    if (size > 0) {
        str_put(&end->in, str_slice(bytes, (size_t)size));
    } else if (size == 0 || errno != EAGAIN) {
        end->is_ended = true;
        conn_want(end->conn, 0, NULL, NULL);
    }
}

static void
end_open(struct end *end, struct conn *conn)
{
    *end = (struct end){ .conn = conn };
    conn_want(conn, CONN_READ, on_read, end);
}

static void
end_say(struct end *end, const char *text)
{
    struct iovec iov = { (char *)(uintptr_t)text, strlen(text) };

    assert_int_equal(conn_writev(end->conn, &iov, 1), strlen(text));
}

static void
end_close(struct end *end)
{
    conn_close(end->conn);
    str_done(&end->in);
}

static void
pair_of(int kind, struct loop *loop, struct conn *ret[2])
{
    int fds[2];

    if (kind == 0) {
        conn_pair(loop, ret);
        return;
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    ret[0] = conn_of_fd(loop, fds[0]);
    ret[1] = conn_of_fd(loop, fds[1]);
}

/* The same for memory and sockets: they are one shape. */
static void
test_streams(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct loop *loop = loop_new();
        struct conn *conns[2];
        struct end a;
        struct end b;
        static char big[1 << 20];
        char byte;

        pair_of(kind, loop, conns);
        end_open(&a, conns[0]);
        end_open(&b, conns[1]);
        assert_int_equal(conn_read(a.conn, &byte, 1), -1);
        assert_int_equal(errno, EAGAIN);
        end_say(&a, "hello");
        end_say(&b, "back");
        run(loop);
        assert_true(str_is(str_view(&b.in), "hello"));
        assert_true(str_is(str_view(&a.in), "back"));
        conn_want(b.conn, 0, NULL, NULL); /* nobody reads: it fills up, then says later */
        ssize_t put = 0;

        do {
            put = conn_writev(a.conn, &(struct iovec){ big, sizeof(big) }, 1);
        } while (put > 0);
        assert_int_equal(errno, EAGAIN);
        run(loop);
        conn_want(b.conn, CONN_READ, on_read, &b);
        conn_shut_write(a.conn);
        run(loop);
        assert_true(b.is_ended);
        assert_false(a.is_ended);
        end_say(&b, "!"); /* the other way is still open */
        run(loop);
        assert_true(str_is(str_view(&a.in), "back!"));
        end_close(&b);
        run(loop);
        assert_true(a.is_ended);
        assert_int_equal(conn_writev(a.conn, &(struct iovec){ big, 1 }, 1), -1);
        assert_int_equal(errno, EPIPE);
        end_close(&a);
        run(loop);
        loop_free(loop);
    }
}

static void
test_conn_with(void **state)
{
    struct loop *loop = loop_new();
    struct conn *conns[2];
    struct end a;
    struct end b;

    (void)state;
    conn_pair(loop, conns);
    struct iovec later = { (char[]){ "later" }, 5 };

    assert_int_equal(conn_writev(conns[1], &later, 1), 5);
    end_open(&b, conns[1]);
    assert_ptr_equal(conn_with(loop, conns[0], (struct str){ 0 }, (struct str){ 0 }), conns[0]);
    struct conn *with = conn_with(loop, conns[0], STR("early "), STR("first "));

    run(loop); /* what is to leave leaves without anybody writing */
    assert_true(str_is(str_view(&b.in), "first "));
    end_open(&a, with);
    end_say(&a, "then");
    run(loop);
    assert_true(str_is(str_view(&a.in), "early later"));
    assert_true(str_is(str_view(&b.in), "first then"));
    end_close(&a);
    end_close(&b);
    run(loop);
    loop_free(loop);
}

static void
on_spliced(void *ctx)
{
    (*(int *)ctx)++;
}

static void
test_splice(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct loop *loop = loop_new();
        struct conn *left[2];
        struct conn *right[2];
        struct end a;
        struct end b;
        int dones = 0;

        pair_of(kind & 1, loop, left);
        pair_of(kind >> 1, loop, right);
        (void)conn_splice(loop, left[1], right[0], on_spliced, &dones);
        end_open(&a, left[0]);
        end_open(&b, right[1]);
        for (int i = 0; i < 3000; i++) {
            end_say(&a, "0123456789abcdef"); /* more than one buffer */
            if (i % 50 == 0) {
                run(loop);
            }
        }
        end_say(&b, "answer");
        run(loop);
        assert_int_equal(b.in.size, 3000 * 16);
        assert_true(str_is(str_view(&a.in), "answer"));
        conn_shut_write(a.conn);
        run(loop);
        assert_true(b.is_ended);
        assert_int_equal(dones, 0);
        end_say(&b, "!");
        conn_shut_write(b.conn);
        run(loop);
        assert_true(str_is(str_view(&a.in), "answer!"));
        assert_true(a.is_ended);
        assert_int_equal(dones, 1);
        end_close(&a);
        end_close(&b);
        run(loop);
        loop_free(loop);
    }
}

static void
test_splice_is_cut(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct loop *loop = loop_new();

        for (int how = 0; how < 2; how++) { /* from outside, and by one end that goes away */
            struct conn *left[2];
            struct conn *right[2];
            struct end a;
            int dones = 0;

            pair_of(kind & 1, loop, left);
            pair_of(kind >> 1, loop, right);
            struct conn_splice *splice = conn_splice(loop, left[1], right[0], on_spliced, &dones);

            end_open(&a, left[0]);
            if (how == 0) {
                conn_splice_cancel(splice);
                assert_int_equal(dones, 0);
            } else {
                end_say(&a, "x");
                conn_close(STEAL(right[1]));
            }
            run(loop);
            end_close(&a);
            conn_close(right[1]);
            run(loop);
            assert_int_equal(dones, 1);
        }
        loop_free(loop);
    }
}

struct dialled {
    struct conn *conn;
    struct err *err;
    int dones;
};

static void
on_dialled(void *ctx, struct conn *conn, struct err *owned)
{
    struct dialled *d = ctx;

    d->conn = conn;
    d->err = owned;
    d->dones++;
}

static void
dialled_wait(struct loop *loop, struct dialled *d)
{
    assert_int_equal(d->dones, 0); /* never inside the call */
    for (int i = 0; i < TURNS && d->dones == 0; i++) {
        (void)loop_turn(loop, 20);
    }
    assert_int_equal(d->dones, 1);
}

static void
test_dial(void **state)
{
    struct loop *loop = loop_new();
    struct sockaddr_storage at;
    socklen_t size = 0;
    struct err *err = NULL;
    char text[ADDRESS_TEXT_SIZE];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(address_parse("127.0.0.1:0", &at, &size, &err), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    size = sizeof(at);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    address_text(&at, text);
    struct dialled good = { 0 };

    (void)conn_dial(loop, text, 5000, on_dialled, &good);
    dialled_wait(loop, &good);
    assert_null(good.err);
    conn_close(good.conn);
    struct dialled given_up = { 0 };

    conn_dial_cancel(conn_dial(loop, text, 5000, on_dialled, &given_up));
    dialled_wait(loop, &given_up);
    assert_int_equal(given_up.err->code, ERR_CANCELLED);
    err_free(given_up.err);
    (void)close(fd);
    struct dialled refused = { 0 };

    (void)conn_dial(loop, text, 5000, on_dialled, &refused);
    dialled_wait(loop, &refused);
    assert_int_equal(refused.err->code, ERR_UNAVAILABLE);
    assert_int_equal(refused.err->sys, ECONNREFUSED);
    err_free(refused.err);
    struct dialled nonsense = { 0 };

    (void)conn_dial(loop, "localhost:80", 5000, on_dialled, &nonsense);
    dialled_wait(loop, &nonsense);
    assert_int_equal(nonsense.err->code, ERR_BAD_REQUEST);
    err_free(nonsense.err);
    struct dialled absent = { 0 };

    (void)conn_dial(loop, "unix:/nowhere/socket", 5000, on_dialled, &absent);
    dialled_wait(loop, &absent);
    assert_int_equal(absent.err->sys, ENOENT);
    err_free(absent.err);
    run(loop);
    loop_free(loop);
}

/* A listener whose queue is full answers nothing: only the deadline ends that. */
static void
test_dial_timeout(void **state)
{
    struct loop *loop = loop_new();
    struct sockaddr_storage at;
    socklen_t size = 0;
    struct err *err = NULL;
    char text[ADDRESS_TEXT_SIZE];
    struct dialled d[6] = { 0 };
    int late = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    clock_stop(1800000000000);
    assert_int_equal(address_parse("127.0.0.1:0", &at, &size, &err), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 0), 0);
    size = sizeof(at);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    address_text(&at, text);
    for (int i = 0; i < 6; i++) {
        (void)conn_dial(loop, text, 3000, on_dialled, &d[i]);
    }
    run(loop);
    clock_warp(3001);
    run(loop);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(d[i].dones, 1);
        late += d[i].err != NULL && d[i].err->code == ERR_TIMEOUT ? 1 : 0;
        conn_close(d[i].conn);
        err_free(d[i].err);
    }
    assert_true(late > 0);
    (void)close(fd);
    run(loop);
    loop_free(loop);
    clock_run();
}

static void
test_addresses(void **state)
{
    static const struct {
        const char *text;
        int port; /* -1: refused */
    } cases[] = {
        { "127.0.0.1:6443", 6443 },
        { "[::1]:80", 80 },
        { "[fe80::1]:65535", 65535 },
        { "0.0.0.0:0", 0 },
        { "127.0.0.1", -1 },
        { "127.0.0.1:", -1 },
        { ":80", -1 },
        { "::1:80", -1 },
        { "[::1]", -1 },
        { "1.2.3.4:65536", -1 },
        { "1.2.3.4:+1", -1 },
        { "1.2.3:80", -1 },
        { "host:80", -1 },
        { "[1.2.3.4]:80", -1 },
        { "", -1 },
        { "unix:", -1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sockaddr_storage at;
        socklen_t size = 0;
        struct err *err = NULL;
        char text[ADDRESS_TEXT_SIZE];
        int rc = address_parse(cases[i].text, &at, &size, &err);

        if ((rc == 0) != (cases[i].port >= 0)) {
            fail_msg("%s: %d", cases[i].text, rc);
        }
        if (rc == 0) {
            assert_int_equal(address_port(&at), cases[i].port);
            address_text(&at, text);
            assert_string_equal(text, cases[i].text);
        }
        err_free(err);
    }
}

/* On a machine with a default route: one of its own addresses, which can be bound. */
static void
test_address_outbound(void **state)
{
    char text[ADDRESS_TEXT_SIZE];
    struct sockaddr_storage at;
    socklen_t size = 0;
    struct err *err = NULL;

    (void)state;
    if (!address_outbound(text)) {
        skip();
    }
    AUTO_FREE char *whole = mem_printf("%s:0", text);
    AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(address_parse(whole, &at, &size, &err), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),   cmocka_unit_test(test_conn_with),
        cmocka_unit_test(test_splice),    cmocka_unit_test(test_splice_is_cut),
        cmocka_unit_test(test_dial),      cmocka_unit_test(test_dial_timeout),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_address_outbound),
    };

    return cmocka_run_group_tests_name("net/conn", tests, NULL, NULL);
}
