/* Selectors: the grammar, its messages and what matches. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/err.h"

static void
test_text(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "" },
        { "a=b", "a=b" },
        { "x, a == b ,!c", "a==b,!c,x" },
        { "a in (2,1,1)", "a in (1,2)" },
        { "a notin (,)", "a notin ()" },
        { "a!=b,a=c", "a!=b,a=c" },
        { "a>1,b<2", "a>1,b<2" },
        { "in in (in)", "in in (in)" },
        { "a=", "a=" },
        { "example.com/x", "example.com/x" },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct selector *selector = NULL;
        struct err *err = NULL;
        if (selector_parse_labels(arena, str_of(pairs[i][0]), &selector, &err) < 0) {
            fail_msg("%s: %s", pairs[i][0], err->message);
        }
        assert_string_equal(arena_dupz(arena, selector_text(selector, arena)), pairs[i][1]);
    }
}

static void
test_errors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "a=b=c", "found '=', expected: ',' or 'end of string'" },
        { "=", "found '=', expected: !, identifier, or 'end of string'" },
        { "a,", "found '', expected: identifier after ','" },
        { "!=b", "found '!=', expected: !, identifier, or 'end of string'" },
        { "a in b", "unable to parse requirement: found 'b' expected: '('" },
        { "a in (b", "unable to parse requirement: found '', expected: ',' or ')'" },
        { "a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
        { "a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
                 "operators, the value must be an integer" },
        { "-a", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist "
                "of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
                "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
    };
    AUTO_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct selector *selector = NULL;
        AUTO_ERR struct err *err = NULL;
        assert_int_equal(selector_parse_labels(arena, str_of(pairs[i][0]), &selector, &err), -1);
        assert_string_equal(err->message, pairs[i][1]);
    }
}

static bool
matches(struct arena *arena, const char *text)
{
    static const struct label pairs[] = {
        { { "n", 1 }, { "5", 1 } },
        { { "tier", 4 }, { "web", 3 } },
    };
    const struct labels labels = { pairs, 2 };
    struct selector *selector = NULL;
    struct err *err = NULL;
    assert_int_equal(selector_parse_labels(arena, str_of(text), &selector, &err), 0);
    return selector_matches_labels(selector, labels);
}

static void
test_labels(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    static const char *const yes[] = { "",    "tier=web",  "tier in (db,web)", "tier",
                                       "!x",  "x!=1",      "x notin (1)",      "n>4",
                                       "n<6", "tier!=db,n" };
    static const char *const no[] = { "tier=db",          "!tier", "x",      "x=",
                                      "tier notin (web)", "n>5",   "tier>1", "x<3" };
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        assert_true(matches(arena, yes[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        assert_false(matches(arena, no[i]));
    }
}

static void
test_from_object(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    struct selector *selector = NULL;
    struct doc *doc = doc_parse(
        arena,
        STR("{\"matchLabels\":{\"b\":\"1\",\"a\":\"2\"},\"matchExpressions\":[{\"key\":\"c\","
            "\"operator\":\"NotIn\",\"values\":[\"x\",\"y\"]},{\"key\":\"d\",\"operator\":"
            "\"Exists\"}]}"),
        &err);
    assert_int_equal(selector_from_object(arena, doc_root(doc), &selector, &err), 0);
    assert_true(str_is(selector_text(selector, arena), "a=2,b=1,c notin (x,y),d"));
    assert_int_equal(selector_from_object(arena, (struct val){ 0 }, &selector, &err), 0);
    assert_false(selector_matches_labels(selector, (struct labels){ 0 }));
    doc = doc_parse(arena, STR("{}"), &err);
    assert_int_equal(selector_from_object(arena, doc_root(doc), &selector, &err), 0);
    assert_true(selector_is_everything(selector));
    assert_false(
        selector_matches_labels(selector_from_map(arena, doc_root(doc)), (struct labels){ 0 }));
}

static bool
field_matches(struct arena *arena, const struct object *object, const char *text)
{
    struct selector *selector = NULL;
    struct err *err = NULL;
    if (selector_parse_fields(arena, object->resource, str_of(text), &selector, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return selector_matches_object(selector, object);
}

static void
test_fields(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_OBJECT struct object *object = NULL;
    struct selector *selector = NULL;
    assert_int_equal(
        object_publish(&resource_namespaces,
                       STR("{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":"
                           "{\"name\":\"a\"},\"status\":{\"phase\":\"Active\"}}"),
                       7, 0, &object, &err),
        0);
    assert_true(field_matches(arena, object, "status.phase=Active"));
    assert_true(field_matches(arena, object, "metadata.name==a,status.phase!=Terminating"));
    assert_true(field_matches(arena, object, "metadata.namespace="));
    assert_false(field_matches(arena, object, "status.phase!=Active"));
    assert_false(field_matches(arena, object, "status.phase=Gone"));
    assert_false(field_matches(arena, object, "metadata.name=b"));
    assert_int_equal(
        selector_parse_fields(arena, &resource_namespaces, STR("x=1"), &selector, &err), -1);
    assert_string_equal(err->message, "field label not supported: x");
    err_clear(&err);
    assert_int_equal(
        selector_parse_fields(arena, &resource_namespaces, STR("metadata.name=a"), &selector, &err),
        0);
    assert_true(str_is(selector_fixed_name(selector), "a"));
    assert_int_equal(
        selector_parse_fields(arena, &resource_namespaces, STR("abc"), &selector, &err), -1);
    assert_string_equal(err->message, "invalid selector: 'abc'; can't understand 'abc'");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_errors),
        cmocka_unit_test(test_labels), cmocka_unit_test(test_from_object),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
