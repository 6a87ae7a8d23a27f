/* $(NAME) references: the table of Kubernetes' expansion rules. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/expand.h"
#include "base/arena.h"

static bool
find(const void *ctx, struct str name, struct str *ret_value)
{
    (void)ctx;
    if (str_is(name, "VAR_A")) {
        *ret_value = STR("A");
    } else if (str_is(name, "VAR_REF")) {
        *ret_value = STR("$(VAR_A)");
    } else if (str_is(name, "EMPTY")) {
        *ret_value = STR("");
    } else {
        return false;
    }
    return true;
}

static void
test_rules(void **state)
{
    static const char *const rows[][2] = {
        { "$(VAR_A)", "A" },
        { "---$(VAR_A)---", "---A---" },
        { "$(VAR_REF)", "$(VAR_A)" }, /* values are not looked at again */
        { "x$(EMPTY)y", "xy" },
        { "$(UNKNOWN)", "$(UNKNOWN)" },
        { "$$(VAR_A)", "$(VAR_A)" },
        { "$$$(VAR_A)", "$A" },
        { "$$$$(VAR_A)", "$$(VAR_A)" },
        { "$VAR_A", "$VAR_A" },
        { "$(VAR_A", "$(VAR_A" },
        { "$$(VAR_A", "$(VAR_A" },
        { "$()", "$()" },
        { "f$(VAR_A)o$$$(VAR_A)", "fAo$A" },
        { "cost: $", "cost: $" },
        { "$$", "$" },
        { "", "" },
        { "plain", "plain" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct str got = expand_text(arena, str_of(rows[i][0]), find, NULL);

        if (!str_is(got, rows[i][1])) {
            fail_msg("'%s': wanted '%s', got '" STR_FMT "'", rows[i][0], rows[i][1], STR_ARG(got));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
