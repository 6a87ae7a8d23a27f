/* A LIST of 10,000 objects to a reader of 10 KB/s: no memory, nobody else waits, then it is cut. */
#include "config.h"

#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/object.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

enum { OBJECTS = 10000, SECONDS = 20, BYTES_A_SECOND = 10000, RSS_MAX_KIB = 1024 };

static int
serve(void **state)
{
    static char text[600];
    struct tb_opts opts = { .listen = true };
    struct tb *tb = tb_serve(&opts);
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < OBJECTS; i++) {
        char *body =
            mem_printf("{\"metadata\":{\"name\":\"n%05d\"},\"data\":{\"k\":\"%s\"}}", i, text);
        struct call call = tb_create(tb, body);
        struct tb_result made = tb_call(tb, tb->admin, &call);
        assert_null(made.err);
        tb_result_done(&made);
        mem_free(body);
    }
    *state = tb;
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static long
rss_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
    (void)fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
get_still_works(struct tb *tb)
{
    struct call call = tb_get(tb, "n00042");
    struct tb_result got = tb_call(tb, tb->admin, &call);
    assert_int_equal(got.http, 200);
    tb_result_done(&got);
}

/* Reads up to size bytes of what is there. → bytes, 0 at the end of the stream, -1: nothing now. */
static ssize_t
read_some(int fd, size_t size)
{
    char bytes[BYTES_A_SECOND];
    assert_true(size <= sizeof(bytes));
    ssize_t got = recv(fd, bytes, size, MSG_DONTWAIT);
    return got < 0 && errno != EAGAIN ? 0 : got;
}

static void
a_slow_reader_costs_nothing_and_is_cut(void **state)
{
    struct tb *tb = *state;
    static const char request[] = "GET /api/v1/configmaps HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t total = 0;
    int fd = tb_connect(tb);
    get_still_works(tb);
    long before = rss_kib();
    assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
    for (int second = 0; second < SECONDS; second++) {
        tb_warp(tb, 1000);
        ssize_t got = read_some(fd, BYTES_A_SECOND);
        assert_true(got > 0);
        total += (size_t)got;
        get_still_works(tb);
        assert_true(rss_kib() - before <= RSS_MAX_KIB);
    }
    assert_true(total > 100000);
    tb_warp(tb, 41000); /* its 60 seconds are over */
    ssize_t got;
    while ((got = read_some(fd, BYTES_A_SECOND)) != 0) {
        total += got > 0 ? (size_t)got : 0;
        tb_turns(tb, 5);
    }
    assert_true(total < 5000000); /* of some 9 MB: the rest never left */
    get_still_works(tb);
    (void)close(fd);
}

/* A quick reader gets all of it, as one JSON document. */
static void
a_quick_reader_gets_everything(void **state)
{
    struct tb *tb = *state;
    static const char request[] =
        "GET /api/v1/configmaps HTTP/1.0\r\nHost: x\r\nAccept: application/json\r\n\r\n";
    AUTO_STR struct str_builder text = { 0 };
    char bytes[65536];
    int fd = tb_connect(tb);
    assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
    for (;;) {
        tb_turns(tb, 5);
        ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        str_put(&text, str_slice(bytes, got > 0 ? (size_t)got : 0));
    }
    assert_true(str_has_suffix(str_view(&text), STR("}]}\n")));
    size_t items = 0;
    for (size_t i = 0; i + 16 < text.size; i++) {
        items += memcmp(text.at + i, "{\"metadata\":{\"na", 16) == 0;
    }
    assert_int_equal(items, OBJECTS);
    (void)close(fd);
}

/* A big answer is gzip for who takes it, and much smaller. */
static void
a_big_answer_is_compressed_when_asked(void **state)
{
    struct tb *tb = *state;
    static const char request[] = "GET /api/v1/configmaps HTTP/1.0\r\nHost: x\r\n"
                                  "Accept-Encoding: gzip\r\n\r\n";
    AUTO_STR struct str_builder text = { 0 };
    char bytes[65536];
    int fd = tb_connect(tb);
    assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
    for (;;) {
        tb_turns(tb, 5);
        ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        str_put(&text, str_slice(bytes, got > 0 ? (size_t)got : 0));
    }
    assert_true(str_contains(str_view(&text), STR("Content-Encoding: gzip\r\n")));
    assert_true(str_contains(str_view(&text), STR("\x1f\x8b")));
    assert_true(text.size < 2000000); /* of some 9 MB */
    (void)close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_reader_costs_nothing_and_is_cut),
        cmocka_unit_test(a_quick_reader_gets_everything),
        cmocka_unit_test(a_big_answer_is_compressed_when_asked),
    };
    return cmocka_run_group_tests(tests, serve, leave);
}
