/* client/channels: what is asked, which bytes go on which channel, every way it may end. */
#include "config.h" /* IWYU pragma: keep */

#include "client/channels.h"

#include "api/registry.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/exec_box.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

static const char exec_line[] = "GET /api/v1/namespaces/shop/pods/web/exec";

struct box {
    struct loop *loop;
    struct fake_client *fake;
    struct channels *channels;
    struct registry *registry;
    struct exec_box far;
    struct str_builder out, errors;
    int opened, rooms, closed, exit_code;
    struct err *err;
    bool frees; /* at the end, as owners do */
} box;

static void
on_opened(void *ctx)
{
    (void)ctx;
    box.opened++;
}

static void
on_output(void *ctx, bool is_stderr, struct str bytes)
{
    (void)ctx;
    str_put(is_stderr ? &box.errors : &box.out, bytes);
}

static void
on_room(void *ctx)
{
    (void)ctx;
    box.rooms++;
}

static void
on_closed(void *ctx, int exit_code, struct err *owned)
{
    (void)ctx;
    box.closed++;
    box.exit_code = exit_code;
    box.err = owned;
    if (box.frees) {
        channels_free(STEAL(box.channels));
    }
}

static int
open_box(void **state)
{
    (void)state;
    box = (struct box){ .loop = loop_new(), .frees = true };
    box.fake = fake_client_new(box.loop);
    box.registry = registry_new(kinds_builtin, kinds_builtin_len);
    return 0;
}

static int
close_box(void **state)
{
    (void)state;
    channels_free(box.channels);
    fake_client_settle(box.loop);
    client_free(&box.fake->client);
    exec_box_done(&box.far);
    loop_free(box.loop);
    registry_unref(box.registry);
    str_done(&box.out);
    str_done(&box.errors);
    err_free(box.err);
    return 0;
}

static void
begin(bool is_exec, bool is_terminal)
{
    static const char *const command[] = { "sh", "-c", "a b&c", NULL };
    struct channels_spec spec = { .loop = box.loop,
                                  .client = &box.fake->client,
                                  .pods =
                                      registry_find(box.registry, STR(""), STR("v1"), STR("pods")),
                                  .ns = STR("shop"),
                                  .name = STR("web"),
                                  .container = STR("main"),
                                  .command = is_exec ? command : NULL,
                                  .has_input = true,
                                  .is_terminal = is_terminal,
                                  .opened_fn = on_opened,
                                  .output_fn = on_output,
                                  .room_fn = on_room,
                                  .closed_fn = on_closed };

    box.channels = channels_open(&spec);
    fake_client_settle(box.loop);
}

static void
agree(void)
{
    begin(true, true);
    exec_box_agree(&box.far, box.fake, exec_line, "v5.channel.k8s.io");
    assert_int_equal(box.opened, 1);
}

static void
test_what_is_asked(void **state)
{
    (void)state;
    begin(true, true);
    (void)fake_client_expect(box.fake,
                             "GET /api/v1/namespaces/shop/pods/web/exec?container=main&command=sh&"
                             "command=-c&command=a%20b%26c&stdin=true&stdout=true&stderr=false&"
                             "tty=true");
    channels_free(STEAL(box.channels));
    fake_client_settle(box.loop);
    begin(false, false);
    (void)fake_client_expect(
        box.fake, "GET /api/v1/namespaces/shop/pods/web/attach?container=main&stdin=true&"
                  "stdout=true&stderr=true&tty=false");
    assert_int_equal(box.opened, 0);
    assert_int_equal(box.closed, 0); /* given up, not ended */
}

static void
test_channels(void **state)
{
    (void)state;
    agree();
    channels_resize(box.channels, 80, 24);
    assert_true(channels_write(box.channels, STR("ls\r")));
    channels_end_input(box.channels);
    fake_client_settle(box.loop);
    assert_true(str_is(str_view(&box.far.heard), "4:{\"Width\":80,\"Height\":24}\n0:ls\r\n0!\n"));
    exec_box_say(&box.far, 1, "file");
    exec_box_say(&box.far, 2, "oops");
    exec_box_say(&box.far, 1, "");
    exec_box_say(&box.far, 9, "from a later version");
    assert_true(str_is(str_view(&box.out), "file"));
    assert_true(str_is(str_view(&box.errors), "oops"));
    assert_int_equal(box.closed, 0);
}

static void
test_much_waits_for_room(void **state)
{
    AUTO_FREE char *much = mem_new(300001);

    (void)state;
    memset(much, 'x', 300000);
    agree();
    assert_false(channels_write(box.channels, str_of(much)));
    fake_client_settle(box.loop);
    assert_int_equal(box.rooms, 1);
    assert_int_equal(box.far.heard.size, 300000 + 3);
}

struct end {
    const char *status;
    int exit_code;
    const char *message; /* NULL: no error */
};
static const struct end ends[] = {
    { "{\"kind\":\"Status\",\"status\":\"Success\"}", 0, NULL },
    { "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":"
      "{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"7\"}]}}",
      7, NULL },
    { "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"InternalError\",\"message\":"
      "\"no such file\"}",
      -1, "no such file" },
    { "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"message\":"
      "\"who knows\"}",
      -1, "who knows" },
    { "what", -1, "the streams ended: what" },
};

static void
test_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        agree();
        exec_box_say(&box.far, 3, ends[i].status);
        assert_int_equal(box.closed, 1);
        assert_int_equal(box.exit_code, ends[i].exit_code);
        assert_true((box.err == NULL) == (ends[i].message == NULL));
        if (box.err != NULL) {
            assert_string_equal(box.err->message, ends[i].message);
        }
        assert_true(box.far.is_closed);
        err_clear(&box.err);
        exec_box_done(&box.far);
        box.opened = box.closed = 0;
    }
}

static void
test_a_stream_that_breaks(void **state)
{
    (void)state;
    agree();
    box.frees = false; /* later */
    exec_box_cut(&box.far);
    assert_int_equal(box.closed, 1);
    assert_string_equal(box.err->message, "the connection ended without a close");
    assert_true(channels_write(box.channels, STR("into nothing")));
}

static void
test_freed_while_open(void **state)
{
    (void)state;
    agree();
    channels_free(STEAL(box.channels));
    fake_client_settle(box.loop);
    assert_int_equal(box.closed, 0);
    assert_true(box.far.is_closed);
}

static void
test_refusals(void **state)
{
    (void)state;
    begin(true, true);
    fake_client_refuse(fake_client_expect(box.fake, exec_line), ERR_FORBIDDEN, NULL);
    assert_string_equal(box.err->message, "refused by the test");
    err_clear(&box.err);
    begin(true, true);
    exec_box_agree(&box.far, box.fake, exec_line, "channel.k8s.io"); /* no exit codes */
    assert_int_equal(box.closed, 2);
    assert_string_equal(box.err->message,
                        "the server chose protocol 'channel.k8s.io' for the streams");
    assert_int_equal(box.opened, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_asked, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_channels, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_much_waits_for_room, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_ends, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_a_stream_that_breaks, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_freed_while_open, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_refusals, open_box, close_box),
    };

    return cmocka_run_group_tests_name("channels", tests, NULL, NULL);
}
