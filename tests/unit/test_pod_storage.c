/* agent/pod_storage: which limit is passed first, in kubelet's words. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_storage.h"

#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

static const char pod_json[] =
    "{\"spec\":{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"1Ki\"}},"
    "{\"name\":\"w\",\"emptyDir\":{}}],\"containers\":["
    "{\"name\":\"a\",\"resources\":{\"limits\":{\"ephemeral-storage\":\"4Ki\"}}},"
    "{\"name\":\"b\",\"resources\":{\"limits\":{\"ephemeral-storage\":\"4Ki\"}}}]}}";

static const struct {
    int64_t a, b, v, w;
    bool w_is_memory;
    const char *message; /* NULL: it is within its limits */
} cases[] = {
    { 4096, 1024, 1024, 0, false, NULL },
    { 0, 0, 1025, 0, false, "Usage of EmptyDir volume \"v\" exceeds the limit \"1Ki\". " },
    { 4096, 4096, 0, 1, false,
      "Pod ephemeral local storage usage exceeds the total limit of containers 8Ki. " },
    { 4096, 4096, 0, 1, true, NULL },
    { 0, 4097, 0, 0, false, "Container b exceeded its local ephemeral storage limit \"4Ki\". " },
};

static void
test_cases(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    struct doc *pod = doc_parse(arena, str_of(pod_json), &err);

    (void)state;
    assert_non_null(pod);
    assert_true(pod_storage_is_limited(doc_root(pod)));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pod_storage_use containers[] = { { STR("a"), cases[i].a, false },
                                                { STR("b"), cases[i].b, false } };
        struct pod_storage_use volumes[] = { { STR("v"), cases[i].v, false },
                                             { STR("w"), cases[i].w, cases[i].w_is_memory } };
        struct pod_storage_in in = { .pod = doc_root(pod),
                                     .containers = containers,
                                     .container_len = 2,
                                     .volumes = volumes,
                                     .volume_len = 2,
                                     .arena = arena };
        struct str message = { 0 };

        assert_int_equal(pod_storage_is_exceeded(&in, &message), cases[i].message != NULL);
        assert_true(cases[i].message == NULL || str_is(message, cases[i].message));
    }
}

static void
test_who_is_measured(void **state)
{
    static const char *const not_limited[] = {
        "{\"spec\":{\"containers\":[{\"name\":\"a\"}],\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}}",
        "{\"spec\":{\"priority\":2000000000,\"containers\":[{\"name\":\"a\",\"resources\":{"
        "\"limits\":{\"ephemeral-storage\":\"1\"}}}]}}",
    };
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(not_limited); i++) {
        struct doc *pod = doc_parse(arena, str_of(not_limited[i]), &err);

        assert_non_null(pod);
        assert_false(pod_storage_is_limited(doc_root(pod)));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_who_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
