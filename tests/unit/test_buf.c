/* base/buf: counting, also from several threads. */
#include "config.h" /* IWYU pragma: keep */

#include "base/buf.h"

#include <pthread.h>

#include "tests/lib/unit.h"

static void *
share_and_drop(void *shared)
{
    for (int i = 0; i < 10000; i++) {
        buf_unref(buf_ref(shared));
    }
    buf_unref(shared);
    return NULL;
}

static void
test_content(void **state)
{
    (void)state;
    AUTO_BUF struct buf *copy = buf_copy(STR("{\"a\":1}"));
    AUTO_BUF struct buf *empty = buf_copy((struct str){ 0 });

    assert_true(str_is(buf_str(copy), "{\"a\":1}"));
    assert_int_equal(copy->at[copy->size], '\0');
    assert_int_equal(buf_str(empty).size, 0);
    assert_null(buf_str(NULL).at);
    assert_null(buf_ref(NULL));
    buf_unref(NULL);
}

static void
test_count(void **state)
{
    (void)state;
    struct buf *buf = buf_new(3);

    memcpy(buf->at, "abc", 3);
    assert_ptr_equal(buf_ref(buf), buf);
    buf_unref(buf);
    assert_int_equal(buf->refs, 1);
    assert_true(str_is(buf_str(buf), "abc"));
    buf_cleanup(&buf);
    assert_null(buf);
}

static void
test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct buf *shared = buf_copy(STR("shared"));

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, share_and_drop, buf_ref(shared)), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(shared->refs, 1);
    buf_unref(shared);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
