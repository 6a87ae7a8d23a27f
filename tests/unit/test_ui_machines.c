/* Machines in the console: the form, the steps as they come, questions and their answers, several at
 * once; text of a hostile host. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include "tests/lib/ui_box.h"

#define MACHINES "/apis/binnacle.io/v1/machines"
#define TABLE                                                                                      \
    "{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"7\"},"                                \
    "\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\"}],\"rows\":[%s]}"

static struct ui_box box;
static const char discovery[] =
    "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\","
    "\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"binnacle.io\"},\"versions\":[{"
    "\"version\":\"v1\",\"resources\":[{\"resource\":\"machines\",\"responseKind\":{"
    "\"group\":\"\",\"version\":\"\",\"kind\":\"Machine\"},\"scope\":\"Cluster\","
    "\"singularResource\":\"machine\",\"verbs\":[\"create\",\"delete\",\"get\",\"list\",\"patch\","
    "\"watch\"]}]}]}]}";

/* A table of Machines by their names, "a b". */
static void
route_table(const char *line, const char *names)
{
    AUTO_STR struct str_builder rows = { 0 };
    for (struct str rest = str_of(names); rest.size > 0;) {
        struct str name = str_cut(rest, ' ', &rest);
        str_putf(&rows,
                 "%s{\"cells\":[\"" STR_FMT "\"],\"object\":{\"metadata\":{\"name\":\"" STR_FMT
                 "\"}}}",
                 rows.size == 0 ? "" : ",", STR_ARG(name), STR_ARG(name));
    }
    str_putc(&rows, '\0');
    AUTO_FREE char *table = mem_printf(TABLE, rows.at);
    ui_box_route(&box, line, table);
}

static void
route_machine(const char *name, int generation, const char *status)
{
    AUTO_FREE char *line = mem_printf("GET " MACHINES "/%s ", name);
    AUTO_FREE char *json = mem_printf(
        "{\"apiVersion\":\"binnacle.io/v1\",\"kind\":\"Machine\",\"metadata\":{"
        "\"name\":\"%s\",\"uid\":\"u-1\",\"generation\":%d},\"spec\":{\"transport\":\"ssh\","
        "\"address\":\"%s\",\"user\":\"ops\",\"tries\":4},\"status\":{%s}}",
        name, generation, name, status);
    ui_box_route(&box, line, json);
}

static void
open_box(const char *names)
{
    ui_box_open(&box, 80, 24, "", false);
    ui_box_route(&box, "GET /apis ", discovery);
    ui_box_route_file(&box, "GET /api/v1/pods?limit=250", "pods.json");
    route_table("GET " MACHINES "?", names);
    ui_box_settle(&box);
}

static int
close_box(void **state)
{
    (void)state;
    ui_box_close(&box);
    return 0;
}

static void
command(const char *text)
{
    ui_box_type(&box, ":");
    ui_box_type(&box, text);
    ui_box_keys(&box, "enter");
}

static struct fake_call *
expect(const char *line, const char *body)
{
    struct fake_call *call = fake_client_expect(box.fake, line);
    assert_string_equal(call->body, body);
    return call;
}

static void
answer(struct fake_call *call)
{
    fake_client_json(call, STR("{}"));
    ui_box_settle(&box);
}

static void
machine_event(enum watch_type type, const char *name)
{
    struct fake_call *watch = NULL; /* the newest: of the view on top */
    AUTO_FREE char *row =
        mem_printf("{\"cells\":[\"%s\"],\"object\":{\"metadata\":{\"name\":\"%s\"}}}", name, name);
    AUTO_FREE char *table = mem_printf(TABLE, row);
    for (struct fake_call *call = box.fake->first; call != NULL; call = call->next) {
        bool is_ours = call->event != NULL && str_contains(str_of(call->line), STR(MACHINES));
        watch = is_ours ? call : watch;
    }
    assert_non_null(watch);
    fake_client_event_json(watch, type, str_of(table));
    ui_box_settle(&box);
}

/* What the watch does: the lane reads again. */
static void
machine_changed(const char *name, const char *status)
{
    route_machine(name, 1, status);
    machine_event(WATCH_MODIFIED, name);
}

#define STEP(type, reason, message)                                                                \
    "{\"type\":\"" type "\",\"status\":\"Unknown\",\"reason\":\"" reason                           \
    "\",\"message\":\"" message "\",\"lastTransitionTime\":\"2027-01-15T07:59:48Z\"}"
#define PROMPT(id, kind, message)                                                                  \
    "\"phase\":\"Waiting\",\"step\":\"trust\",\"conditions\":[" STEP(                              \
        "connect", "Done", "0.1 s") "," STEP("trust", "Running",                                   \
                                             "") "," STEP("push", "Pending",                       \
                                                          "") "],\"prompt\":{\"id\":\"" id         \
                                                              "\",\"kind\":\"" kind                \
                                                              "\",\"message\":\"" message "\"}"

/* From the key to a node, every question on the way. */
static void
test_add(void **state)
{
    (void)state;
    open_box("");
    command("machines");
    ui_box_keys(&box, "a");
    ui_box_expect_golden(&box, "machine-form-80x24");
    ui_box_type(&box, "ops@wrk-9");
    route_machine("wrk-9", 1,
                  PROMPT("q1", "hostKey",
                         "the host key of wrk-9 is ssh-ed25519 SHA256:abc; is it the machine's?"));
    route_table("GET " MACHINES "?", "wrk-9");
    ui_box_keys(&box, "tab");
    ui_box_type(&box, "/home/me/.ssh/key");
    ui_box_keys(&box, "enter");
    answer(expect("POST " MACHINES,
                  "{\"apiVersion\":\"binnacle.io/v1\",\"kind\":\"Machine\","
                  "\"metadata\":{\"name\":\"wrk-9\"},\"spec\":{\"transport\":\"ssh\","
                  "\"address\":\"wrk-9\",\"user\":\"ops\","
                  "\"keyRef\":\"/home/me/.ssh/key\"}}"));
    ui_box_expect_golden(&box, "machine-host-key-80x24");
    ui_box_keys(&box, "right enter");
    answer(expect("POST " MACHINES "/wrk-9/answer", "{\"id\":\"q1\",\"value\":\"yes\"}"));
    machine_changed("wrk-9", PROMPT("q2", "password", "password of 'ops' on wrk-9"));
    ui_box_type(&box, "pässword");
    ui_box_refuse_text(&box, "ssword\n");
    ui_box_expect_golden(&box, "machine-password-80x24");
    ui_box_keys(&box, "enter");
    answer(expect("POST " MACHINES "/wrk-9/answer", "{\"id\":\"q2\",\"value\":\"pässword\"}"));
    machine_changed("wrk-9", PROMPT("q3", "sudo", "password of 'ops' on wrk-9, for sudo"));
    /* Later: the question stands, and comes back by enter. */
    ui_box_keys(&box, "esc");
    ui_box_refuse_text(&box, "for sudo");
    ui_box_expect_text(&box, "waits for an answer");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "for sudo");
    ui_box_type(&box, "s");
    ui_box_keys(&box, "enter");
    answer(expect("POST " MACHINES "/wrk-9/answer", "{\"id\":\"q3\",\"value\":\"s\"}"));
    machine_changed("wrk-9", "\"phase\":\"Installing\",\"step\":\"push\",\"conditions\":[" STEP(
                                 "connect", "Done", "0.1 s") "," STEP("push", "Running", "") "]");
    ui_box_expect_text(&box, "push          12 s"); /* it says nothing: how long it runs */
    machine_changed("wrk-9",
                    "\"phase\":\"Failed\",\"step\":\"push\",\"observedGeneration\":1,"
                    "\"message\":\"push: no space left; make room\",\"conditions\":[" STEP(
                        "connect", "Done", "0.1 s") "," STEP("push", "Failed", "no space") "]");
    ui_box_expect_golden(&box, "machine-failed-80x24");
    ui_box_keys(&box, "r");
    answer(expect("PATCH " MACHINES "/wrk-9",
                  "{\"spec\":{\"transport\":\"ssh\",\"address\":\"wrk-9\","
                  "\"user\":\"ops\",\"keyRef\":\"/home/me/.ssh/key\","
                  "\"tries\":5}}"));
}

static void
test_changed_key(void **state)
{
    (void)state;
    open_box("wrk-9");
    route_machine("wrk-9", 1,
                  PROMPT("q1", "hostKeyChanged", "the host key has CHANGED. Type the host: wrk-9"));
    command("machines");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "wrk-9: The host key has CHANGED");
    ui_box_type(&box, "wrk-9");
    ui_box_keys(&box, "enter enter"); /* enter alone answers nothing that is dangerous */
    ui_box_expect_text(&box, "waits for an answer");
    ui_box_keys(&box, "enter");
    ui_box_type(&box, "wrk-9");
    ui_box_keys(&box, "tab tab enter");
    answer(expect("POST " MACHINES "/wrk-9/answer", "{\"id\":\"q1\",\"value\":\"wrk-9\"}"));
}

/* Answered by another client: the dialog goes. */
static void
test_answered_elsewhere(void **state)
{
    (void)state;
    open_box("wrk-9");
    route_machine("wrk-9", 1, PROMPT("q1", "password", "password of 'ops'"));
    command("machines");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "Log in");
    machine_changed("wrk-9", "\"phase\":\"Ready\",\"observedGeneration\":1,"
                             "\"message\":\"Ready after 8.1 s\"");
    ui_box_refuse_text(&box, "Log in");
    ui_box_expect_text(&box, "Ready after 8.1 s");
}

/* What a host says is text, whatever it is. */
static void
test_hostile(void **state)
{
    (void)state;
    open_box("wrk-9");
    route_machine("wrk-9", 1,
                  PROMPT("q1", "password", "\\u001b[2J\\u001b]0;x\\u0007\\r\\npass\\u202e"));
    command("machines");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "pass");
    ui_box_refuse_text(&box, "[2J");
}

/* Two at once: both questions, one after the other. */
static void
test_two(void **state)
{
    (void)state;
    struct fake_call *first, *second;
    open_box("");
    route_machine("a", 1, PROMPT("q1", "hostKey", "key of a?"));
    route_machine("b", 1, PROMPT("q2", "hostKey", "key of b?"));
    command("node add ops@a ops@b");
    first = fake_client_expect(box.fake, "POST " MACHINES);
    fake_client_json(first, STR("{}"));
    second = fake_client_expect(box.fake, "POST " MACHINES);
    fake_client_refuse(second, ERR_ALREADY_EXISTS, "b"); /* it was added before, and waits */
    ui_box_settle(&box);
    ui_box_expect_text(&box, "a: Host key");
    ui_box_keys(&box, "enter");
    answer(expect("POST " MACHINES "/a/answer", "{\"id\":\"q1\",\"value\":\"no\"}"));
    ui_box_expect_text(&box, "b: Host key");
    ui_box_keys(&box, "right enter");
    answer(expect("POST " MACHINES "/b/answer", "{\"id\":\"q2\",\"value\":\"yes\"}"));
    ui_box_expect_golden(&box, "machines-two-80x24");
    ui_box_keys(&box, "j esc");
    ui_box_refuse_text(&box, "0/2 ready");
}

/* From the table: drained and cleaned; then the way out for one that does not answer any more. */
static void
test_remove(void **state)
{
    (void)state;
    open_box("wrk-9");
    route_machine("wrk-9", 1, "\"phase\":\"Ready\",\"observedGeneration\":1");
    command("machines");
    ui_box_keys(&box, "ctrl-d");
    ui_box_expect_golden(&box, "machine-remove-80x24");
    ui_box_keys(&box, "enter"); /* enter is no */
    ui_box_refuse_text(&box, "Remove the machine");
    ui_box_keys(&box, "ctrl-d tab enter");
    answer(expect("DELETE " MACHINES "/wrk-9", "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
                                               "\"preconditions\":{\"uid\":\"u-1\"}}"));
    machine_changed("wrk-9", "\"phase\":\"Failed\",\"observedGeneration\":1,"
                             "\"message\":\"connect: no answer\"");
    ui_box_expect_text(&box, "connect: no answer");
    ui_box_keys(&box, "ctrl-d up right tab tab enter");
    answer(expect("DELETE " MACHINES "/wrk-9", "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
                                               "\"preconditions\":{\"uid\":\"u-1\"}}"));
    answer(expect("PATCH " MACHINES "/wrk-9", "{\"spec\":{\"tries\":5,\"forget\":true}}"));
}

/* It goes while a read of it is on its way: what that says is no news any more. */
static void
test_gone_while_it_is_read(void **state)
{
    (void)state;
    static const char old[] = "{\"kind\":\"Machine\",\"metadata\":{\"name\":\"wrk-9\"},"
                              "\"spec\":{},\"status\":{\"phase\":\"Failed\"}}";
    open_box("wrk-9");
    command("machines");
    ui_box_keys(&box, "enter");
    for (int i = 0; i < 2; i++) { /* at once, and as the list names it */
        fake_client_json(fake_client_expect(box.fake, "GET " MACHINES "/wrk-9"), STR(old));
        ui_box_settle(&box);
    }
    machine_event(WATCH_MODIFIED, "wrk-9");
    machine_event(WATCH_DELETED, "wrk-9");
    ui_box_expect_text(&box, "it is removed");
    fake_client_json(fake_client_expect(box.fake, "GET " MACHINES "/wrk-9"), STR(old));
    ui_box_settle(&box);
    fake_client_refuse(fake_client_expect(box.fake, "GET " MACHINES "/wrk-9"), ERR_NOT_FOUND,
                       "wrk-9");
    ui_box_settle(&box);
    ui_box_expect_text(&box, "it is removed");
}

static void
test_bad_input(void **state)
{
    (void)state;
    open_box("");
    command("machines");
    command("node add");
    ui_box_type(&box, "a:x");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "'x' is no port");
    ui_box_expect_text(&box, "a:x"); /* it can be put right */
    ui_box_keys(&box, "esc");
    command("node add");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "which? [user@]host[:port]");
    ui_box_keys(&box, "esc");
    ui_box_refuse_text(&box, "which?");
    /* Escape and ':' at once look like alt: the form goes all the same. */
    ui_box_keys(&box, "a alt-:");
    ui_box_refuse_text(&box, "Private key");
    ui_box_type(&box, "po");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, " Pods");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_add, close_box),
        cmocka_unit_test_teardown(test_changed_key, close_box),
        cmocka_unit_test_teardown(test_answered_elsewhere, close_box),
        cmocka_unit_test_teardown(test_hostile, close_box),
        cmocka_unit_test_teardown(test_two, close_box),
        cmocka_unit_test_teardown(test_gone_while_it_is_read, close_box),
        cmocka_unit_test_teardown(test_remove, close_box),
        cmocka_unit_test_teardown(test_bad_input, close_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
