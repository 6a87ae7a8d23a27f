/* bootstrap/machine_status: steps as conditions, questions, times without what a person took. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/machine_status.h"

#include "base/arena.h"
#include "base/clock.h"
#include "bootstrap/session.h"
#include "tests/lib/unit.h"

#define NOW_MS 1800000000000LL

static struct machine_status status;

static int
begin(void **state)
{
    (void)state;
    clock_stop(NOW_MS);
    machine_status_init(&status);
    machine_status_add(&status, "connect");
    machine_status_add(&status, "push");
    return 0;
}

static int
end(void **state)
{
    (void)state;
    machine_status_done(&status);
    clock_run();
    return 0;
}

static void
expect(const char *patch)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str seen = machine_status_patch(&status, arena);
    if (!str_is(seen, patch)) {
        fail_msg("seen: " STR_FMT, STR_ARG(seen));
    }
}

#define CONDITION(type, status, at, reason, message)                                               \
    "{\"type\":\"" type "\",\"status\":\"" status                                                  \
    "\",\"lastTransitionTime\":\"2027-01-15T08:00:" at "Z\",\"reason\":\"" reason                  \
    "\",\"message\":\"" message "\"}"

static void
test_steps(void **state)
{
    (void)state;
    status.phase = "Installing";
    machine_status_begin(&status, "connect");
    clock_warp(2500);
    machine_status_end(&status, "connect", NULL);
    machine_status_begin(&status, "push");
    machine_status_share(&status, "40 %");
    expect("{\"status\":{\"phase\":\"Installing\",\"step\":\"push\",\"message\":\"40 %\","
           "\"prompt\":null,\"conditions\":[" CONDITION(
               "connect", "True", "02", "Done",
               "2.5 s") "," CONDITION("push", "Unknown", "02", "Running",
                                      "40 %") "],\"installed\":false}}");
    machine_status_end(&status, "push", "no room");
    machine_status_set(&status.message, "push: no room; make some");
    machine_status_set(&status.node_name, "n1");
    machine_status_set(&status.host_key, "ssh-ed25519 AAAA");
    status.phase = "Failed";
    status.observed = 3;
    status.is_installed = true;
    expect(
        "{\"status\":{\"phase\":\"Failed\",\"step\":\"push\","
        "\"message\":\"push: no room; make some\",\"prompt\":null,\"conditions\":[" CONDITION(
            "connect", "True", "02", "Done",
            "2.5 s") "," CONDITION("push", "False", "02", "Failed",
                                   "no room") "],\"installed\":true,\"nodeName\":\"n1\","
                                              "\"hostKey\":\"ssh-ed25519 AAAA\",\"observedGeneration\":3}}");
}

static void
test_question(void **state)
{
    (void)state;
    struct session_question question = { "0123456789abcdef", "password", "password of 'x'" };
    machine_status_begin(&status, "connect");
    clock_warp(300);
    machine_status_ask(&status, &question);
    clock_warp(9000); /* somebody thinks */
    expect("{\"status\":{\"phase\":\"Pending\",\"step\":\"connect\",\"message\":null,\"prompt\":{"
           "\"id\":\"0123456789abcdef\",\"step\":\"connect\",\"kind\":\"password\","
           "\"message\":\"password of 'x'\"},\"conditions\":[" CONDITION(
               "connect", "Unknown", "00", "Running",
               "") "," CONDITION("push", "Unknown", "00", "Pending", "") "],\"installed\":false}}");
    machine_status_ask(&status, NULL);
    machine_status_end(&status, "connect", NULL);
    assert_string_equal(status.steps[0].note, "0.3 s");
    assert_int_equal(clock_mono_ms() - status.begun_ms, 300);
    assert_string_equal(status.prompt.id, "");
}

/* A step that the table does not have changes nothing. */
static void
test_unknown(void **state)
{
    (void)state;
    machine_status_begin(&status, "other");
    machine_status_end(&status, "other", "no");
    assert_string_equal(status.step, "");
    assert_int_equal(status.steps[0].state, MACHINE_STATUS_PENDING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_steps, begin, end),
        cmocka_unit_test_setup_teardown(test_question, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
