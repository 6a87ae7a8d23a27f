/* ui/editor: the text an editor is given, what is sent, refusals and races, every way to change
 * nothing. The editors are scripts. */
#include "config.h"

#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/ui_box.h"

static const char line[] = "GET /apis/apps/v1/namespaces/shop/deployments/api ";
static const char patch_line[] = "PATCH /apis/apps/v1/namespaces/shop/deployments/api?"
                                 "fieldManager=binnacle-console&fieldValidation=Strict";
static const char object[] =
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"api\","
    "\"namespace\":\"shop\",\"uid\":\"u-1\",\"resourceVersion\":\"%s\",\"managedFields\":[{}],"
    "\"labels\":{\"app\":\"api\"}},\"spec\":{\"replicas\":%d,\"paused\":%s},\"status\":"
    "{\"replicas\":%d}}";

static struct ui_box box;
static char directory[] = "/tmp/test-editor-XXXXXX";

static void
route_object(const char *rev, int replicas, const char *paused, int status)
{
    AUTO_STR struct str_builder json = { 0 };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    str_putf(&json, object, rev, replicas, paused, status);
#pragma GCC diagnostic pop
    str_putc(&json, '\0');
    ui_box_route(&box, line, json.at);
}

static int
open_box(void **state)
{
    (void)state;
    ui_box_open_terminal(&box, 80, 24, "shop");
    ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments?", "deployments.json");
    route_object("7", 3, "false", 3);
    ui_box_settle(&box);
    ui_box_type(&box, ":");
    ui_box_type(&box, "deploy");
    ui_box_keys(&box, "enter");
    assert_int_equal(setenv("XDG_RUNTIME_DIR", directory, 1), 0);
    return 0;
}

static bool
is_empty_directory(void)
{
    if (rmdir(directory) != 0) {
        return false;
    }
    assert_int_equal(mkdir(directory, 0700), 0);
    return true;
}

static int
close_box(void **state)
{
    (void)state;
    ui_box_close(&box);
    return 0;
}

/* Presses e, and lets the editor run to its end. "$1" is the file. */
static void
settle(void)
{
    ui_box_settle(&box);
    while (box.has_guest) {
        (void)loop_turn(box.loop, 1000);
        ui_box_settle(&box);
    }
}

static void
edit(const char *script)
{
    assert_int_equal(setenv("KUBE_EDITOR", script, 1), 0);
    ui_box_keys(&box, "e");
    settle();
}

static struct fake_call *
expect_patch(const char *body)
{
    struct fake_call *call = fake_client_expect(box.fake, patch_line);

    assert_string_equal(call->body, body);
    assert_string_equal(call->type, "application/merge-patch+json");
    return call;
}

static void
expect_no_patch(void)
{
    for (struct fake_call *call = box.fake->first; call != NULL; call = call->next) {
        assert_false(str_has_prefix(str_of(call->line), STR("PATCH")));
    }
}

static void
test_edit(void **state)
{
    (void)state;
    /* What it is given: a comment, YAML, no managedFields; private. */
    edit(
        "f() { grep -q '^# Deployment shop/api: save' \"$1\" && grep -q '^  replicas: 3$' \"$1\" &&"
        " ! grep -q managedFields \"$1\" && [ \"$(stat -c %a \"$1\")\" = 600 ] && touch \"$1~\" &&"
        " sed -i 's/replicas: 3/replicas: 5/; /app: api/d; s/labels:/labels: {b: \"1\"}/' \"$1\"; }; "
        "f");
    fake_client_json(expect_patch("{\"metadata\":{\"labels\":{\"b\":\"1\",\"app\":null},"
                                  "\"uid\":\"u-1\",\"resourceVersion\":\"7\"},"
                                  "\"spec\":{\"replicas\":5},\"status\":{\"replicas\":5}}"),
                     STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "edited Deployment shop/api");
    assert_true(is_empty_directory());
}

static void
test_nothing_changed(void **state)
{
    static const struct {
        const char *editor, *said;
    } cases[] = {
        { "true", "nothing was changed" },
        { "sed -i 's/^ *paused: false/  \"paused\": no/'", "nothing was changed" },
        { "false", "nothing was changed: status 1 of the editor, 'false'" },
        { "cp /dev/null", "nothing was changed" },
        { "/no/such/editor", "there is no editor '/no/such/editor': set EDITOR" },
        { "rm", "read '" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        edit(cases[i].editor);
        ui_box_expect_text(&box, cases[i].said);
        expect_no_patch();
        assert_true(is_empty_directory());
    }
}

/* A text that is no object of this name comes back with the reason, until nothing is done with it; then
 * it is kept. */
static void
test_what_cannot_be_taken(void **state)
{
    static const struct {
        const char *editor, *why;
    } cases[] = {
        { "sed -i 's/^spec:/spec: [/'", "yaml" },
        { "sed -i 's/name: api/name: other/'", "must stay as they are" },
        { "sed -i 's/^spec:/kind: Other\\nspec:/'", "already set in map" },
        { "sed -i '/^[^#]/d; 1a text'", "must stay as they are" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *script = mem_printf(
            "f() { if grep -q 'It was not taken' \"$1\"; then cp \"$1\" %s.seen; else %s "
            "\"$1\"; fi; }; f",
            directory, cases[i].editor);
        AUTO_FREE char *check = mem_printf(
            "f() { grep -q '^#   .*%s' %s.seen && ls %s/*/deployment-api.yaml >/dev/null && "
            "rm -r %s/* %s.seen; }; f",
            cases[i].why, directory, directory, directory, directory);
        edit(script);
        ui_box_expect_text(&box, "what you wrote is in");
        expect_no_patch();
        edit(check);                        /* in a shell, like an editor */
        ui_box_expect_text(&box, "read '"); /* that one has removed its own, too */
        assert_true(is_empty_directory());
    }
}

static void
test_refused(void **state)
{
    struct err *err = NULL;

    (void)state;
    edit(
        "f() { if grep -q 'It was not taken' \"$1\"; then grep -q '^#   no such thing$' \"$1\" && "
        "grep -q '^#   \\* spec.replicas: too many$' \"$1\" && sed -i 's/replicas: 99/replicas: 9/' "
        "\"$1\"; else sed -i 's/  replicas: 3/  replicas: 99/;T;:a;n;ba' \"$1\"; fi; }; f");
    (void)err_set(&err, ERR_INVALID, "no such thing");
    err_cause(err, "FieldValueInvalid", "spec.replicas", "too many");
    fake_client_fail(expect_patch("{\"spec\":{\"replicas\":99},\"metadata\":{\"uid\":\"u-1\","
                                  "\"resourceVersion\":\"7\"}}"),
                     err);
    settle();
    fake_client_json(expect_patch("{\"spec\":{\"replicas\":9},\"metadata\":{\"uid\":\"u-1\","
                                  "\"resourceVersion\":\"7\"}}"),
                     STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "edited Deployment shop/api");
    assert_true(is_empty_directory());
}

static const char paused[] = "f() { if grep -q 'somebody else' \"$1\"; then "
                             "sed -i '/To insist/d' \"$1\"; else "
                             "sed -i 's/paused: false/paused: true/' \"$1\"; fi; }; f";

static void
conflict(void)
{
    fake_client_refuse(fake_client_expect(box.fake, patch_line), ERR_CONFLICT, NULL);
    settle();
}

/* Others wrote elsewhere: sent again on what there is now, unseen. */
static void
test_race(void **state)
{
    (void)state;
    edit(paused);
    route_object("8", 3, "false", 2);
    conflict();
    (void)expect_patch("{\"spec\":{\"paused\":true},\"metadata\":{\"uid\":\"u-1\","
                       "\"resourceVersion\":\"8\"}}");
    route_object("9", 4, "false", 2);
    conflict();
    fake_client_json(expect_patch("{\"spec\":{\"paused\":true},\"metadata\":{\"uid\":\"u-1\","
                                  "\"resourceVersion\":\"9\"}}"),
                     STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "edited Deployment shop/api");
}

/* Others wrote the same field: the person is asked, with everything else up to date. */
static void
test_clash(void **state)
{
    (void)state;
    edit(paused);
    route_object("8", 4, "null", 2);
    conflict();
    fake_client_json(expect_patch("{\"spec\":{\"paused\":true},\"metadata\":{\"uid\":\"u-1\","
                                  "\"resourceVersion\":\"8\"}}"),
                     STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "edited Deployment shop/api");
    assert_true(is_empty_directory());
}

static void
test_gone_meanwhile(void **state)
{
    (void)state;
    edit(
        "f() { grep -q 'It was not taken' \"$1\" || sed -i 's/paused: false/paused: true/' \"$1\"; }; "
        "f");
    ui_box_route(&box, line, NULL);
    conflict();
    ui_box_expect_text(&box, "what you wrote is in");
    edit("true");
    ui_box_expect_text(&box, "refused by the test"); /* it is not there to be read */
    expect_no_patch();
}

static void
test_from_yaml(void **state)
{
    (void)state;
    ui_box_keys(&box, "y");
    edit(paused);
    (void)expect_patch("{\"spec\":{\"paused\":true},\"metadata\":{\"uid\":\"u-1\","
                       "\"resourceVersion\":\"7\"}}");
}

static int
open_group(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL ? -1 : 0;
}

/* What editing left behind on purpose. */
static int
close_group(void **state)
{
    AUTO_FREE char *script = mem_printf("f() { rm -r %s; }; f", directory);

    (void)open_box(state);
    edit(script);
    return close_box(state);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_edit, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_nothing_changed, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_taken, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_refused, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_race, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_clash, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_gone_meanwhile, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_from_yaml, open_box, close_box),
    };

    return cmocka_run_group_tests_name("editor", tests, open_group, close_group);
}
