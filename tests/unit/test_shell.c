/* ui/shell: which container, what has the terminal meanwhile, every way back. */
#include "config.h"

#include "tests/lib/unit.h"

#include "base/mem.h"
#include "tests/lib/exec_box.h"
#include "tests/lib/ui_box.h"

static const char exec_one[] = "GET /api/v1/namespaces/shop/pods/p/exec?container=one&command=sh&";
static const char attach_two[] =
    "GET /api/v1/namespaces/shop/pods/p/attach?container=two&stdin=true&stdout=true&stderr=false&"
    "tty=true";

static struct ui_box box;
static struct exec_box far;

/* A table with the pod shop/p, whose containers are these. */
static void
open_box(const char *specs, const char *statuses)
{
    AUTO_FREE char *pod =
        mem_printf("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":"
                   "{\"containers\":[%s]},\"status\":{\"containerStatuses\":[%s]}}",
                   specs, statuses);

    ui_box_open_terminal(&box, 80, 24, "shop");
    ui_box_route(
        &box, "GET /api/v1/namespaces/shop/pods?limit",
        "{\"kind\":\"Table\",\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\"}],\"rows\":"
        "[{\"cells\":[\"p\"],\"object\":{\"metadata\":{\"name\":\"p\",\"namespace\":"
        "\"shop\",\"uid\":\"u\"}}}]}");
    ui_box_route(&box, "GET /api/v1/namespaces/shop/pods/p ", pod);
    ui_box_settle(&box);
}

static void
open_one(void)
{
    open_box("{\"name\":\"one\"}", "{\"name\":\"one\",\"state\":{\"running\":{}}}");
}

static void
open_two(void)
{
    open_box(
        "{\"name\":\"one\"},{\"name\":\"two\",\"stdin\":true,\"tty\":true},{\"name\":\"dead\"}",
        "{\"name\":\"one\",\"state\":{\"running\":{}}},{\"name\":\"two\",\"state\":"
        "{\"running\":{}}},{\"name\":\"dead\",\"state\":{\"terminated\":{}}}");
}

static int
close_box(void **state)
{
    (void)state;
    exec_box_done(&far); /* its stream is one of the loop */
    ui_box_close(&box);
    far = (struct exec_box){ 0 };
    return 0;
}

static void
agree(const char *line)
{
    exec_box_agree(&far, box.fake, line, "v5.channel.k8s.io");
}

static bool
type(const char *text)
{
    bool goes_on = box.guest.input(box.guest.ctx, str_of(text));

    ui_box_settle(&box);
    return goes_on;
}

static void
test_shell(void **state)
{
    (void)state;
    open_one();
    ui_box_keys(&box, "s");
    assert_false(box.has_guest); /* not before the server agreed */
    agree(exec_one);
    assert_true(box.has_guest);
    assert_int_equal(box.guest.kind, UI_GUEST_RAW);
    assert_true(str_is(str_view(&far.heard), "4:{\"Width\":80,\"Height\":24}\n"));
    assert_true(type("ls\r\003"));
    box.guest.resize(box.guest.ctx, 100, 30);
    ui_box_settle(&box);
    assert_true(
        str_has_suffix(str_view(&far.heard), STR("0:ls\r\003\n4:{\"Width\":100,\"Height\":30}\n")));
    exec_box_say(&far, 1, "\033[1mfile");
    assert_true(str_has_suffix(str_view(&box.written), STR("\r\n\033[1mfile")));
    exec_box_say(&far, 3, "{\"status\":\"Success\"}");
    assert_false(box.has_guest);
    ui_box_expect_text(&box, "shop/p one ended with exit code 0");
}

static void
test_which_container(void **state)
{
    (void)state;
    open_two();
    ui_box_keys(&box, "s");
    ui_box_expect_text(&box, "two");
    ui_box_refuse_text(&box, "dead"); /* does not run */
    ui_box_keys(&box, "esc s down up enter");
    agree(exec_one);
    assert_true(box.has_guest);
}

static void
test_attach(void **state)
{
    (void)state;
    open_two();
    ui_box_keys(&box, "a down enter");
    agree(attach_two);
    assert_int_equal(box.guest.kind, UI_GUEST_RAW);
    /* Another size first: what runs there draws anew. */
    assert_true(str_is(str_view(&far.heard),
                       "4:{\"Width\":81,\"Height\":25}\n4:{\"Width\":80,\"Height\":24}\n"));
}

/* A container that was made without input and terminal: nothing is sent, ctrl-c leaves. */
static void
test_attach_to_lines(void **state)
{
    (void)state;
    open_one();
    ui_box_keys(&box, "a");
    agree("GET /api/v1/namespaces/shop/pods/p/attach?container=one&stdin=false&stdout=true&"
          "stderr=true&tty=false");
    assert_int_equal(box.guest.kind, UI_GUEST_LINES);
    assert_true(type("hello\n"));
    assert_int_equal(far.heard.size, 0);
    exec_box_say(&far, 1, "line\n");
    (void)type("\003");
    assert_false(box.has_guest);
    assert_true(far.is_closed);
    ui_box_expect_text(&box, "left shop/p one");
}

static void
test_leave(void **state)
{
    (void)state;
    open_one();
    ui_box_keys(&box, "s");
    agree(exec_one);
    (void)type("\035\035x\035");
    assert_true(box.has_guest); /* not in a row */
    ui_box_warp(&box, 5000);
    (void)type("\035\035");
    ui_box_warp(&box, 1500);
    (void)type("\035");
    assert_true(box.has_guest); /* too slow */
    (void)type("\035");
    (void)type("\035");
    assert_false(box.has_guest);
    assert_true(far.is_closed);
    ui_box_keys(&box, "s"); /* and again */
    (void)fake_client_expect(box.fake, exec_one);
}

static void
test_broken_stream(void **state)
{
    (void)state;
    open_one();
    ui_box_keys(&box, "s");
    agree(exec_one);
    exec_box_cut(&far);
    assert_false(box.has_guest);
    ui_box_expect_text(&box, "shell in shop/p one: the connection ended without a close");
}

static void
test_too_much_waits(void **state)
{
    AUTO_FREE char *much = mem_new(300001);

    (void)state;
    memset(much, 'x', 300000);
    open_one();
    ui_box_keys(&box, "s");
    agree(exec_one);
    assert_false(box.guest.input(box.guest.ctx, str_of(much)));
    assert_int_equal(box.mores, 0);
    ui_box_settle(&box);
    assert_int_equal(box.mores, 1);
}

static void
test_refusals(void **state)
{
    (void)state;
    open_box("{\"name\":\"one\"}", "{\"name\":\"one\",\"state\":{\"waiting\":{}}}");
    ui_box_keys(&box, "s");
    ui_box_expect_text(&box, "no container of shop/p runs");
    ui_box_keys(&box, "enter s");
    ui_box_expect_text(&box, "container one of shop/p does not run");
    ui_box_route(&box, "GET /api/v1/namespaces/shop/pods/p ", NULL);
    ui_box_keys(&box, "s");
    ui_box_expect_text(&box, "refused by the test");
}

static void
test_given_up(void **state)
{
    (void)state;
    open_one();
    ui_box_keys(&box, "enter");
    ui_box_keys(&box, "s");
    (void)fake_client_expect(box.fake, exec_one);
    ui_box_keys(&box, "esc"); /* the view that opened it is gone */
    for (struct fake_call *call = box.fake->first; call != NULL; call = call->next) {
        assert_null(call->upgraded);
    }
    assert_false(box.has_guest);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shell, close_box),
        cmocka_unit_test_teardown(test_which_container, close_box),
        cmocka_unit_test_teardown(test_attach, close_box),
        cmocka_unit_test_teardown(test_attach_to_lines, close_box),
        cmocka_unit_test_teardown(test_leave, close_box),
        cmocka_unit_test_teardown(test_broken_stream, close_box),
        cmocka_unit_test_teardown(test_too_much_waits, close_box),
        cmocka_unit_test_teardown(test_refusals, close_box),
        cmocka_unit_test_teardown(test_given_up, close_box),
    };

    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
