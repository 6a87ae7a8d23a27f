/* bootstrap/sudo_talk: what sudo and our commands say, in pieces as they come. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/sudo_talk.h"

#include "tests/lib/unit.h"

static const char nonce[] = "4fd1";

static void
test_look(void **state)
{
    static const struct {
        const char *said;
        enum sudo_talk talk;
        size_t used;
    } cases[] = {
        { "", SUDO_TALK_NOTHING, 0 },
        { "We trust you have received the usual lecture\n4fd1as", SUDO_TALK_NOTHING, 0 },
        { "lecture\n4fd1ask", SUDO_TALK_ASKS, 15 },
        { "4fd1 begi", SUDO_TALK_NOTHING, 0 },
        { "4fd1 begin", SUDO_TALK_NOTHING, 0 },
        { "warning\n4fd1 begin\nrest", SUDO_TALK_BEGUN, 19 },
        { "4fd1askSorry, try again.\n4fd1ask", SUDO_TALK_ASKS, 7 },
        { "4fd1 begin\nls 4fd1ask", SUDO_TALK_BEGUN, 11 }, /* the first word counts */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t used = 99;
        assert_int_equal(sudo_talk_look(str_of(cases[i].said), nonce, &used), cases[i].talk);
        assert_int_equal(used, cases[i].used);
    }
}

static void
test_end(void **state)
{
    int status = -1;
    struct str rest;
    (void)state;
    assert_int_equal(sudo_talk_end(STR("cat: no\n4fd1 end 1\n"), nonce, &status, &rest), 0);
    assert_int_equal(status, 1);
    assert_true(str_is(rest, "cat: no\n"));
    assert_int_equal(sudo_talk_end(STR("4fd1 end 0\n"), nonce, &status, &rest), 0);
    assert_int_equal(status, 0);
    assert_int_equal(rest.size, 0);
    /* A connection that broke has no last line: that is no success. */
    assert_int_equal(sudo_talk_end(STR("all is well\n"), nonce, &status, &rest), -1);
    assert_int_equal(sudo_talk_end(STR("4fd1 end \n"), nonce, &status, &rest), -1);
    assert_int_equal(sudo_talk_end(STR("4fd1 end 4000\n"), nonce, &status, &rest), -1);
    assert_int_equal(sudo_talk_end((struct str){ 0 }, nonce, &status, &rest), -1);
}

static void
test_problems(void **state)
{
    (void)state;
    assert_string_equal(sudo_talk_problem(STR("joe is not in the sudoers file.  This incident...")),
                        "it is not in the sudoers file");
    assert_string_equal(sudo_talk_problem(STR("sh: 1: sudo: not found\n")), "there is no sudo");
    assert_string_equal(
        sudo_talk_problem(STR("Sorry, user joe is not allowed to execute '/bin/sh' as root")),
        "sudo does not let it run a shell");
    assert_null(sudo_talk_problem(STR("Sorry, try again.\n")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_problems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
