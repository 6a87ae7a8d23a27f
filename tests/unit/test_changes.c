/* api/changes: what two states of an object differ in, as the rows see it. */
#include "config.h" /* IWYU pragma: keep */

#include "api/changes.h"

#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

/* "path: old > new;" of each change, "-" for what is absent. */
static void
expect(const char *group, const char *plural, const char *old, const char *now, size_t max,
       const char *want)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_STR struct str_builder got = { 0 };
    struct registry *registry = registry_new(kinds_builtin, kinds_builtin_len);
    const struct resource *row = registry_any_version(registry, str_of(group), str_of(plural));
    struct doc *a = doc_parse(arena, str_of(old), &err), *b = doc_parse(arena, str_of(now), &err);
    assert_non_null(a);
    assert_non_null(b);
    struct changes changes = changes_of(arena, row->type, doc_root(a), doc_root(b), max);
    for (size_t i = 0; i < changes.len; i++) {
        const struct change *c = &changes.at[i];
        struct str none = STR("-");
        struct str x = val_is(c->old) ? val_raw(c->old) : none;
        struct str y = val_is(c->now) ? val_raw(c->now) : none;
        str_putf(&got, STR_FMT ": " STR_FMT " > " STR_FMT ";", STR_ARG(c->path), STR_ARG(x),
                 STR_ARG(y));
    }
    if (changes.left > 0) {
        str_putf(&got, "+%zu", changes.left);
    }
    str_putc(&got, '\0');
    registry_unref(registry);
    assert_string_equal(got.at, want);
}

static void
test_places(void **state)
{
    (void)state;
    expect("apps", "deployments", "{\"spec\":{\"replicas\":1}}", "{\"spec\":{\"replicas\":2}}", 9,
           "spec.replicas: 1 > 2;");
    expect("", "configmaps", "{\"data\":{\"a\":\"1\",\"b\":\"2\"}}",
           "{\"data\":{\"b\":\"3\",\"c\":\"4\"}}", 9,
           "data.a: \"1\" > -;data.b: \"2\" > \"3\";data.c: - > \"4\";");
    expect("", "configmaps", "{}", "{\"data\":{\"b\":\"3\"}}", 9, "data: - > {\"b\":\"3\"};");
    expect("", "configmaps", "{\"data\":{}}", "{\"data\":{}}", 9, "");
}

/* Items are found by their keys, wherever they stand; lists without keys are one value. */
static void
test_lists(void **state)
{
    (void)state;
    expect("", "pods",
           "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x\",\"args\":[\"1\"]},"
           "{\"name\":\"b\",\"image\":\"y\"}]}}",
           "{\"spec\":{\"containers\":[{\"name\":\"b\",\"image\":\"y\"},"
           "{\"name\":\"a\",\"image\":\"z\",\"args\":[\"1\",\"2\"]}]}}",
           9,
           "spec.containers[name=\"a\"].args: [\"1\"] > [\"1\",\"2\"];"
           "spec.containers[name=\"a\"].image: \"x\" > \"z\";");
    expect("", "pods", "{\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}",
           "{\"spec\":{\"containers\":[{\"name\":\"a\"}]}}", 9,
           "spec.containers[name=\"b\"]: {\"name\":\"b\"} > -;");
    expect("", "pods", "{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
           "{\"metadata\":{\"finalizers\":[\"b\",\"c\"]}}", 9,
           "metadata.finalizers[=\"a\"]: \"a\" > -;metadata.finalizers[=\"c\"]: - > \"c\";");
}

static void
test_what_is_left_out(void **state)
{
    (void)state;
    expect("", "configmaps", "{\"metadata\":{\"managedFields\":[]},\"data\":{\"a\":\"1\"}}",
           "{\"metadata\":{\"managedFields\":[{\"manager\":\"m\"}]},\"data\":{\"a\":\"1\"}}", 9,
           "");
    expect("", "configmaps", "{\"data\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}",
           "{\"data\":{\"a\":\"4\",\"b\":\"5\",\"c\":\"6\"}}", 1, "data.a: \"1\" > \"4\";+2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_what_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
