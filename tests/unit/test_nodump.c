/* base/nodump: neither a dump nor a stranger's look. */
#include "config.h" /* IWYU pragma: keep */

#include "base/nodump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/lib/unit.h"

static void
test_nodump(void **state)
{
    struct rlimit before, after;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
    before.rlim_cur = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_CORE, &before), 0);
    nodump();
    assert_int_equal(getrlimit(RLIMIT_CORE, &after), 0);
    assert_int_equal(after.rlim_cur, 0);
    assert_int_equal(after.rlim_max, before.rlim_max);
#ifndef __SANITIZE_ADDRESS__
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
#endif
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nodump) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
