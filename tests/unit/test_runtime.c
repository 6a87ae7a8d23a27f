/* The runtime's view of a pod: order, which sandbox is in use, the hash of a spec. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/runtime.h"
#include "base/arena.h"
#include "base/err.h"

static const struct str address = { "10.42.0.5", 9 };

static void
test_sort_puts_the_newest_first(void **state)
{
    struct runtime_sandbox sandboxes[] = { { .id = STR("a"), .created_ms = 1 },
                                           { .id = STR("b"), .created_ms = 2 } };
    struct runtime_container containers[] = {
        { .id = STR("1"), .created_ms = 5, .attempt = 0 },
        { .id = STR("2"), .created_ms = 5, .attempt = 1 },
        { .id = STR("3"), .created_ms = 9 },
    };
    struct runtime_pod pod = {
        .sandboxes = sandboxes, .sandbox_len = 2, .containers = containers, .container_len = 3
    };

    (void)state;
    runtime_sort(&pod);
    assert_true(str_is(pod.sandboxes[0].id, "b"));
    assert_true(str_is(pod.containers[0].id, "3"));
    assert_true(str_is(pod.containers[1].id, "2"));
    assert_true(str_is(pod.containers[2].id, "1"));
}

static void
test_usable_sandbox(void **state)
{
    struct runtime_sandbox two[] = { { .is_ready = true, .ips = &address, .ip_len = 1 },
                                     { .is_ready = false } };
    struct runtime_pod pod = { .sandboxes = two, .sandbox_len = 2 };

    (void)state;
    assert_ptr_equal(runtime_sandbox_usable(&pod, false), &two[0]);
    assert_null(runtime_sandbox_usable(&pod, true)); /* another network is wanted */
    two[0].ip_len = 0;
    assert_null(runtime_sandbox_usable(&pod, false)); /* no address */
    two[0].ip_len = 1;
    two[1].is_ready = true;
    assert_null(runtime_sandbox_usable(&pod, false)); /* two at once */
    two[0].is_ready = false;
    assert_null(runtime_sandbox_usable(&pod, false)); /* not the newest */
}

static void
test_container_by_name_and_age(void **state)
{
    struct runtime_container containers[] = {
        { .id = STR("3"), .name = STR("app"), .sandbox_id = STR("s2") },
        { .id = STR("2"), .name = STR("web"), .sandbox_id = STR("s2") },
        { .id = STR("1"), .name = STR("app"), .sandbox_id = STR("s1") },
    };
    struct runtime_pod pod = { .containers = containers, .container_len = 3 };

    (void)state;
    assert_ptr_equal(runtime_container(&pod, STR("app"), (struct str){ 0 }, 0), &containers[0]);
    assert_ptr_equal(runtime_container(&pod, STR("app"), (struct str){ 0 }, 1), &containers[2]);
    assert_ptr_equal(runtime_container(&pod, STR("app"), STR("s1"), 0), &containers[2]);
    assert_null(runtime_container(&pod, STR("app"), STR("s1"), 1));
}

static struct str
hash_of(struct arena *arena, const char *json, char text[RUNTIME_HASH_SIZE])
{
    struct err *err = NULL;

    return runtime_hash(doc_root(doc_parse(arena, str_of(json), &err)), text);
}

static void
test_hash_is_of_name_and_image(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char a[RUNTIME_HASH_SIZE], b[RUNTIME_HASH_SIZE], c[RUNTIME_HASH_SIZE];
    struct str first = hash_of(arena, "{\"name\":\"app\",\"image\":\"nginx\"}", a);
    struct str same = hash_of(arena, "{\"image\":\"nginx\",\"name\":\"app\",\"tty\":true}", b);
    struct str other = hash_of(arena, "{\"name\":\"appn\",\"image\":\"ginx\"}", c);

    (void)state;
    /* It stands in the runtime's annotations: another value would restart every container. */
    assert_string_equal(first.at, "41120f73dbdf09f4");
    assert_true(str_eq(first, same));
    assert_false(str_eq(first, other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort_puts_the_newest_first),
        cmocka_unit_test(test_usable_sandbox),
        cmocka_unit_test(test_container_by_name_and_age),
        cmocka_unit_test(test_hash_is_of_name_and_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
