/* base/heap: order, equal keys in order of arrival, removal from the middle. */
#include "config.h" /* IWYU pragma: keep */

#include "base/heap.h"

#include "tests/lib/unit.h"

enum { NODES_LEN = 1000 };

static void
test_order_with_removals(void **state)
{
    (void)state;
    static struct heap_node nodes[NODES_LEN];
    struct heap heap = { 0 };
    unsigned seed = 99;
    size_t left = 0;

    for (size_t i = 0; i < NODES_LEN; i++) {
        seed = seed * 1103515245U + 12345U;
        heap_add(&heap, &nodes[i], (int64_t)(seed >> 16) % 100 - 50);
        assert_true(heap_has(&nodes[i]));
    }
    for (size_t i = 0; i < NODES_LEN; i += 3) {
        heap_del(&heap, &nodes[i]);
        heap_del(&heap, &nodes[i]); /* a second time does nothing */
        assert_false(heap_has(&nodes[i]));
    }
    left = heap.len;
    assert_int_equal(left, NODES_LEN - (NODES_LEN + 2) / 3);
    const struct heap_node *before = heap_pop(&heap);

    for (const struct heap_node *node = heap_pop(&heap); node != NULL; node = heap_pop(&heap)) {
        assert_true(before->key < node->key ||
                    (before->key == node->key && before->seq < node->seq));
        before = node;
        left--;
    }
    assert_int_equal(left, 1);
    heap_done(&heap);
}

static void
test_equal_keys_keep_their_order(void **state)
{
    (void)state;
    struct heap_node nodes[20] = { 0 };
    struct heap heap = { 0 };

    for (size_t i = 0; i < 20; i++) {
        heap_add(&heap, &nodes[i], 7);
    }
    for (size_t i = 0; i < 20; i++) {
        assert_ptr_equal(heap_min(&heap), &nodes[i]);
        assert_ptr_equal(heap_pop(&heap), &nodes[i]);
    }
    assert_null(heap_min(&heap));
    assert_null(heap_pop(&heap));
    heap_done(&heap);
}

static void
test_done_lets_nodes_go(void **state)
{
    (void)state;
    struct heap_node node = { 0 };
    struct heap heap = { 0 };

    heap_add(&heap, &node, 1);
    heap_done(&heap);
    assert_false(heap_has(&node));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_with_removals),
        cmocka_unit_test(test_equal_keys_keep_their_order),
        cmocka_unit_test(test_done_lets_nodes_go),
    };

    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
