/* Status words and what they mean. */
#include "config.h"

#include "tests/lib/unit.h"

#include "ui/state.h"

static void
test_words(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum state state;
    } cases[] = {
        { "Running", STATE_OK },
        { "3/3", STATE_OK },
        { "1/3", STATE_WARN },
        { "0/0", STATE_OK },
        { "Completed", STATE_DONE },
        { "Init:0/2", STATE_PENDING },
        { "Init:CrashLoopBackOff", STATE_ERROR },
        { "Init:ExitCode:1", STATE_ERROR },
        { "ImagePullBackOff", STATE_ERROR },
        { "ErrImagePull", STATE_ERROR },
        { "CreateContainerConfigError", STATE_ERROR },
        { "Ready,SchedulingDisabled", STATE_WARN },
        { "NotReady,SchedulingDisabled", STATE_ERROR },
        { "ClusterIP", STATE_NONE },
        { "", STATE_NONE },
        { "1/x", STATE_NONE },
        { "Error", STATE_ERROR },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(state_of(str_of(cases[i].word)), cases[i].state);
    }
}

static void
test_looks(void **state)
{
    (void)state;
    enum grid_glyph glyph = GLYPH_LEN;

    assert_false(state_glyph(STATE_NONE, &glyph));
    assert_true(state_glyph(STATE_ERROR, &glyph));
    assert_int_equal(glyph, GLYPH_CROSS);
    assert_int_equal(state_role(STATE_WARN), ROLE_WARN);
    assert_true(state_is_fault(STATE_PENDING));
    assert_false(state_is_fault(STATE_DONE));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
