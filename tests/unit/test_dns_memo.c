/* Answers by their questions: another id is the same question, another zone forgets, so do too many. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_memo.h"

#include <stdio.h>

#include "tests/lib/unit.h"

static void
test_memo(void **state)
{
    struct dns_memo *memo = dns_memo_new();
    struct str got;

    (void)state;
    assert_false(dns_memo_get(memo, 1, STR("11web"), &got));
    dns_memo_put(memo, 1, STR("11web"), STR("11is here"));
    assert_true(dns_memo_get(memo, 1, STR("22web"), &got));
    assert_true(str_is(got, "22is here"));
    assert_false(dns_memo_get(memo, 1, STR("22Web"), &got)); /* its case is in the answer */
    dns_memo_put(memo, 1, STR("11web"), STR("11is there"));
    assert_true(dns_memo_get(memo, 1, STR("33web"), &got));
    assert_true(str_is(got, "33is there"));
    assert_false(dns_memo_get(memo, 2, STR("22web"), &got)); /* the zone is another one */
    assert_false(dns_memo_get(memo, 1, STR("22web"), &got)); /* for good */
    dns_memo_free(memo);
}

static void
test_bounds(void **state)
{
    struct dns_memo *memo = dns_memo_new();
    struct str got;
    char question[16];
    int kept = 0;

    (void)state;
    dns_memo_put(memo, 1, STR("1"), STR("1x")); /* no question */
    dns_memo_put(memo, 1, STR("11a"), (struct str){ 0 });
    assert_false(dns_memo_get(memo, 1, STR("11a"), &got));
    assert_false(dns_memo_get(memo, 1, (struct str){ 0 }, &got));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < DNS_MEMO_MAX + 5; i++) {
            (void)snprintf(question, sizeof(question), "id%d", i);
            if (round == 0) {
                dns_memo_put(memo, 1, str_of(question), STR("idanswer"));
            }
            kept += round == 1 && dns_memo_get(memo, 1, str_of(question), &got) ? 1 : 0;
        }
    }
    assert_int_equal(kept, 5);
    dns_memo_free(memo);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memo),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
