/* base/vec: growing, order, removal. */
#include "config.h" /* IWYU pragma: keep */

#include "base/vec.h"

#include "tests/lib/unit.h"

static void
test_add_and_delete(void **state)
{
    (void)state;
    VEC(int) numbers = { 0 };

    for (int i = 0; i < 100; i++) {
        VEC_ADD(numbers, i);
    }
    assert_int_equal(numbers.len, 100);
    VEC_DEL(numbers, 0);
    VEC_DEL(numbers, numbers.len - 1);
    VEC_DEL(numbers, 49); /* holds 50 by now */
    assert_int_equal(numbers.len, 97);
    assert_int_equal(numbers.at[0], 1);
    assert_int_equal(numbers.at[48], 49);
    assert_int_equal(numbers.at[49], 51);
    assert_int_equal(numbers.at[96], 98);
    VEC_DONE(numbers);
    assert_null(numbers.at);
    assert_int_equal(numbers.len, 0);
}

static void
test_structs(void **state)
{
    (void)state;
    struct pair {
        int a, b;
    };
    VEC(struct pair) pairs = { 0 };

    VEC_ADD(pairs, (struct pair){ 1, 2 });
    VEC_ADD(pairs, (struct pair){ .b = 4 });
    assert_int_equal(pairs.at[0].b, 2);
    assert_int_equal(pairs.at[1].a, 0);
    assert_int_equal(pairs.at[1].b, 4);
    VEC_DONE(pairs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_and_delete),
        cmocka_unit_test(test_structs),
    };

    return cmocka_run_group_tests_name("vec", tests, NULL, NULL);
}
