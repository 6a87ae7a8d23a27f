/* net/ws_body: bodies as messages, their end, readers that are slow or leave. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_body.h"

#include <stdlib.h>

#include "base/mem.h"
#include "net/body.h"
#include "tests/lib/unit.h"
#include "tests/lib/ws_box.h"

/* A body that says what it is told to. */
static struct source {
    struct body body;
    const char *text; /* of the next pull; NULL: wait */
    size_t repeats;   /* how often it is said again */
    enum pull_rc end; /* after it: MORE goes on waiting */
    bool is_asked;    /* it waits */
    int pulls, done;
} source;

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    (void)body;
    source.pulls++;
    *io_len = 0;
    if (source.text == NULL) {
        source.is_asked = source.end == PULL_MORE;
        return source.end == PULL_MORE ? PULL_WAIT : source.end;
    }
    assert_true(strlen(source.text) <= max_bytes);
    iov[0] = (struct iovec){ (void *)(uintptr_t)source.text, strlen(source.text) };
    *io_len = 1;
    if (source.repeats == 0) {
        source.text = NULL;
    } else {
        source.repeats--;
    }
    return PULL_MORE;
}

static void
done(struct body *body)
{
    (void)body;
    source.done++;
}

static int
serve(struct ws_box *box, struct http_request *request, struct err **err)
{
    return ws_body_answer(request, box->loop, WS_BODY_BYTES, &source.body, err);
}

static int
serve_lines(struct ws_box *box, struct http_request *request, struct err **err)
{
    return ws_body_answer(request, box->loop, WS_BODY_LINES, &source.body, err);
}

static void
open_box(struct ws_box *box, const char *const *protocols, const char *text, enum pull_rc end)
{
    source = (struct source){ .body = { .pull = pull, .done = done, .size = -1 },
                              .text = text,
                              .end = end };
    ws_box_open(box, protocols, serve);
}

static void
say(struct ws_box *box, const char *text, enum pull_rc end)
{
    assert_true(source.is_asked);
    source.is_asked = false;
    source.text = text;
    source.end = end;
    source.body.wake(&source.body);
    ws_box_run(box);
}

static const char *const none[] = { NULL };
static const char *const binary[] = { "binary.k8s.io", NULL };
static const char *const base64[] = { "base64.binary.k8s.io", "binary.k8s.io", NULL };
static const char *const channels[] = { "channel.k8s.io", NULL };

static void
test_protocols(void **state)
{
    static const struct {
        const char *const *offered;
        const char *heard;
    } cases[] = {
        { none, "b:\nb:one\nb:two\n" },
        { binary, "b:\nb:one\nb:two\n" },
        { base64, "t:\nt:b25l\nt:dHdv\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ws_box box;
        open_box(&box, cases[i].offered, "one", PULL_MORE);
        (void)ws_send(box.ws, WS_TEXT, STR("is dropped"), STR(""));
        say(&box, "two", PULL_END);
        assert_true(str_is(str_view(&box.heard), cases[i].heard));
        assert_int_equal(box.code, WS_CLOSE_NORMAL);
        assert_int_equal(source.done, 1);
        ws_box_close(&box);
    }
}

static void
test_lines(void **state)
{
    struct ws_box box;
    (void)state;
    source =
        (struct source){ .body = { .pull = pull, .done = done, .size = -1 }, .text = "one\n\ntw" };
    ws_box_open(&box, none, serve_lines);
    assert_true(str_is(str_view(&box.heard), "t:one\n\nt:\n\n"));
    say(&box, "", PULL_MORE);
    say(&box, "o\nthree\n", PULL_MORE);
    assert_true(str_is(str_view(&box.heard), "t:one\n\nt:\n\nt:two\n\nt:three\n\n"));
    say(&box, "no end", PULL_END);
    assert_true(str_is(str_view(&box.heard), "t:one\n\nt:\n\nt:two\n\nt:three\n\n"));
    assert_int_equal(box.code, WS_CLOSE_NORMAL);
    ws_box_close(&box);
}

static void
test_refused(void **state)
{
    struct ws_box box;
    (void)state;
    open_box(&box, channels, "one", PULL_END);
    assert_int_equal(box.status, 403);
    assert_int_equal(source.done, 1);
    assert_int_equal(source.pulls, 0);
    ws_box_close(&box);
}

/* A body that breaks off is no proper end. */
static void
test_abort(void **state)
{
    struct ws_box box;
    (void)state;
    open_box(&box, binary, "one", PULL_ABORT);
    assert_int_equal(box.code, WS_CLOSE_ABNORMAL);
    assert_int_equal(source.done, 1);
    ws_box_close(&box);
}

static void
test_reader_leaves(void **state)
{
    struct ws_box box;
    (void)state;
    open_box(&box, binary, "one", PULL_MORE);
    ws_free(STEAL(box.ws));
    ws_box_run(&box);
    assert_int_equal(source.done, 1);
    ws_box_close(&box);

    open_box(&box, binary, "one", PULL_MORE);
    ws_close(box.ws, WS_CLOSE_NORMAL, "");
    ws_box_run(&box);
    assert_int_equal(source.done, 1);
    ws_box_close(&box);
}

/* Who does not read stops the body; nothing is lost when it goes on. */
static void
test_slow_reader(void **state)
{
    static char piece[10001];
    struct ws_box box;
    (void)state;
    memset(piece, 'x', sizeof(piece) - 1);
    open_box(&box, binary, NULL, PULL_MORE);
    box.is_deaf = true;
    source.repeats = 999;
    say(&box, piece, PULL_END);
    assert_in_range(source.pulls, 2, 100);
    assert_int_equal(source.done, 0);
    box.is_deaf = false;
    ws_resume(box.ws);
    ws_box_run(&box);
    assert_int_equal(source.done, 1);
    assert_int_equal(box.heard.size, 3 + 1000 * (sizeof(piece) - 1 + 3));
    ws_box_close(&box);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocols),     cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_abort),
        cmocka_unit_test(test_reader_leaves), cmocka_unit_test(test_slow_reader),
    };
    return cmocka_run_group_tests_name("net/ws_body", tests, NULL, NULL);
}
