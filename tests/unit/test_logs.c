/* Log files in CRI's format: parsing, last lines, the body with its filters, following a rotation. */
#include "config.h"

#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/logs.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "net/body.h"

static void
test_parse(void **state)
{
    struct logs_line line;

    (void)state;
    assert_int_equal(logs_parse(STR("2026-01-01T00:00:00.1Z stdout F hello world"), &line), 0);
    assert_true(str_is(line.time, "2026-01-01T00:00:00.1Z"));
    assert_true(str_is(line.text, "hello world"));
    assert_false(line.is_partial);
    assert_int_equal(logs_parse(STR("2026-01-01T00:00:00Z stderr P part"), &line), 0);
    assert_true(line.is_partial);
    assert_int_equal(logs_parse(STR("2026-01-01T00:00:00Z stdout F "), &line), 0);
    assert_int_equal(line.text.size, 0);
    assert_int_equal(logs_parse(STR(""), &line), -1);
    assert_int_equal(logs_parse(STR("just text"), &line), -1);
    assert_int_equal(logs_parse(STR("2026-01-01T00:00:00Z stdin F x"), &line), -1);
    assert_int_equal(logs_parse(STR("2026-01-01T00:00:00Z stdout"), &line), -1);
}

struct box {
    struct arena *arena;
    struct loop *loop;
    char dir[64];
    const char *path;
    bool is_running;
    int wakes;
    struct str_builder got;
};
static struct box *woken;

static void
box_init(struct box *box, const char *text)
{
    struct err *err = NULL;

    *box = (struct box){ .arena = arena_new(), .loop = loop_new(), .dir = "/tmp/test_logs.XXXXXX" };
    assert_non_null(mkdtemp(box->dir));
    box->path = arena_printf(box->arena, "%s/0.log", box->dir).at;
    if (text != NULL) {
        assert_int_equal(disk_write(box->path, str_of(text), 0600, &err), 0);
    }
    woken = box;
}

static void
box_done(struct box *box)
{
    struct err *err = NULL;

    for (int i = 0; i < 5; i++) {
        (void)loop_turn(box->loop, 0); /* libuv's close callbacks */
    }
    loop_free(box->loop);
    assert_int_equal(disk_remove(box->dir, &err), 0);
    str_done(&box->got);
    arena_free(box->arena);
}

static void
append(struct box *box, const char *text)
{
    int fd = open(box->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static bool
is_running(void *ctx, struct str container_id)
{
    assert_true(str_is(container_id, "c1"));
    return ((struct box *)ctx)->is_running;
}

static void
wake(struct body *body)
{
    (void)body;
    woken->wakes++;
}

static struct body *
open_body(struct box *box, const struct logs_options *options)
{
    struct logs_source source = { .loop = box->loop,
                                  .path = box->path,
                                  .container_id = STR("c1"),
                                  .is_running = is_running,
                                  .ctx = box };
    struct body *body = NULL;
    struct err *err = NULL;

    assert_int_equal(logs_body(&source, options, &body, &err), 0);
    body->wake = wake;
    return body;
}

/* Pulls until it waits or ends; → the last answer. */
static enum pull_rc
drain(struct box *box, struct body *body)
{
    enum pull_rc rc = PULL_MORE;

    while (rc == PULL_MORE) {
        struct iovec iov[BODY_IOV_MAX];
        int len = BODY_IOV_MAX;

        rc = body->pull(body, iov, &len, 1000);
        for (int i = 0; i < len; i++) {
            str_put(&box->got, str_slice(iov[i].iov_base, iov[i].iov_len));
        }
    }
    return rc;
}

static void
expect(struct box *box, const char *text)
{
    if (!str_is(str_view(&box->got), text)) {
        fail_msg("wanted '%s', got '" STR_FMT "'", text, STR_ARG(str_view(&box->got)));
    }
}

#define THREE                                                                                      \
    "2026-01-01T00:00:01Z stdout F one\n"                                                          \
    "2026-01-01T00:00:02Z stderr P tw\n"                                                           \
    "2026-01-01T00:00:02Z stderr F o\n"                                                            \
    "2026-01-01T00:00:03Z stdout F three\n"

static void
test_filters(void **state)
{
    static const struct {
        struct logs_options options;
        const char *want;
    } rows[] = {
        { { .tail_lines = -1, .limit_bytes = -1 }, "one\ntwo\nthree\n" },
        { { .tail_lines = 1, .limit_bytes = -1 }, "three\n" },
        { { .tail_lines = 0, .limit_bytes = -1 }, "" },
        { { .tail_lines = 100, .limit_bytes = -1 }, "one\ntwo\nthree\n" },
        { { .tail_lines = -1, .limit_bytes = 5 }, "one\nt" },
        { { .tail_lines = -1, .limit_bytes = -1, .stream = "stdout" }, "one\nthree\n" },
        { { .tail_lines = -1, .limit_bytes = -1, .since_us = 1767225603000000 }, "three\n" },
        { { .tail_lines = -1, .limit_bytes = -1, .timestamps = true },
          "2026-01-01T00:00:01Z one\n2026-01-01T00:00:02Z two\n2026-01-01T00:00:03Z three\n" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct box box;
        struct body *body;

        box_init(&box, THREE);
        body = open_body(&box, &rows[i].options);
        assert_int_equal(drain(&box, body), PULL_END);
        expect(&box, rows[i].want);
        body->done(body);
        box_done(&box);
    }
}

static void
test_follow_over_a_rotation(void **state)
{
    struct logs_options options = { .follow = true, .tail_lines = -1, .limit_bytes = -1 };
    struct box box;
    struct body *body;

    (void)state;
    box_init(&box, NULL); /* the log is not there yet */
    box.is_running = true;
    body = open_body(&box, &options);
    assert_int_equal(drain(&box, body), PULL_WAIT);
    append(&box, "2026-01-01T00:00:01Z stdout F one\n");
    while (box.wakes == 0) { /* by the directory's event, at the latest by the timer */
        (void)loop_turn(box.loop, 2000);
    }
    assert_int_equal(drain(&box, body), PULL_WAIT);
    expect(&box, "one\n");
    append(&box, "2026-01-01T00:00:02Z stdout F two\n");
    assert_int_equal(rename(box.path, arena_printf(box.arena, "%s.old", box.path).at), 0);
    append(&box, "2026-01-01T00:00:03Z stdout F three\n");
    box.wakes = 0;
    while (box.wakes == 0) {
        (void)loop_turn(box.loop, 2000);
    }
    assert_int_equal(drain(&box, body), PULL_WAIT);
    expect(&box, "one\ntwo\nthree\n");
    box.is_running = false; /* what it wrote last is still told */
    append(&box, "2026-01-01T00:00:04Z stdout F four\n");
    assert_int_equal(drain(&box, body), PULL_END);
    expect(&box, "one\ntwo\nthree\nfour\n");
    body->done(body);
    box_done(&box);
}

static void
test_last_lines(void **state)
{
    struct box box;

    (void)state;
    box_init(&box, THREE);
    assert_true(str_is(logs_last_lines(box.arena, box.path, 80, 2048), "one\ntwo\nthree\n"));
    assert_true(str_is(logs_last_lines(box.arena, box.path, 1, 2048), "three\n"));
    assert_true(str_is(logs_last_lines(box.arena, box.path, 80, 6), "three\n"));
    assert_null(logs_last_lines(box.arena, "/nonexistent", 80, 6).at);
    box_done(&box);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_follow_over_a_rotation),
        cmocka_unit_test(test_last_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
