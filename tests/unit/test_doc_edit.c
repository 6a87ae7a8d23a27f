/* base/doc_edit: changes by pointer; what is not named keeps its bytes. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

#include "tests/lib/unit.h"

struct step {
    char op; /* s set, i insert, d delete; 0 ends */
    const char *pointer, *json;
};

struct edit_case {
    const char *before;
    struct step steps[5];
    const char *after; /* or the error's text */
};

static const struct edit_case cases[] = {
    { "{\"a\":1}", { { 's', "/a", "2" } }, "{\"a\":2}" },
    { "{ \"a\" : 1 , \"b\" : [ 1, 2 ] ,\"c\":3}",
      { { 's', "/c", "4" } },
      "{\"a\" : 1 , \"b\" : [ 1, 2 ],\"c\":4}" },
    { "{\"a\":1}", { { 's', "/b", "{}" } }, "{\"a\":1,\"b\":{}}" },
    { "{}", { { 's', "/a/b/c", "1" } }, "{\"a\":{\"b\":{\"c\":1}}}" },
    { "{\"a\":null}", { { 's', "/a/b", "1" } }, "{\"a\":{\"b\":1}}" },
    { "null", { { 's', "/a", "1" } }, "{\"a\":1}" },
    { "{\"a\":1}", { { 's', "", "[ ]" } }, "[ ]" },
    { "{\"a\":1}", { { 's', "", "[]" }, { 's', "/-", "1" } }, "[1]" },
    { "{\"a\":1,\"b\":2,\"c\":3}", { { 'd', "/b", NULL } }, "{\"a\":1,\"c\":3}" },
    { "{\"a\":1,\"b\":2,\"a\":3}", { { 'd', "/a", NULL } }, "{\"b\":2}" },
    { "{\"a\":1,\"b\":2,\"a\":3}", { { 's', "/a", "4" } }, "{\"a\":1,\"b\":2,\"a\":4}" },
    { "{\"a\":1}",
      { { 'd', "/x", NULL }, { 'd', "/x/y", NULL }, { 'd', "/a/y", NULL } },
      "{\"a\":1}" },
    { "[1,2,3]", { { 'd', "/0", NULL }, { 'd', "/1", NULL }, { 'd', "/7", NULL } }, "[2]" },
    { "[1,2]", { { 's', "/0", "7" }, { 's', "/-", "8" }, { 's', "/3", "9" } }, "[7,2,8,9]" },
    { "[1,2]", { { 'i', "/0", "7" }, { 'i', "/2", "8" }, { 'i', "/-", "9" } }, "[7,1,8,2,9]" },
    { "{\"a\":[{\"n\":1},{\"n\":2},{\"n\":3}]}",
      { { 's', "/a/1/n", "5" } },
      "{\"a\":[{\"n\":1},{\"n\":5},{\"n\":3}]}" },
    { "{}", { { 's', "/a~1b/c~0d~01", "1" } }, "{\"a/b\":{\"c~d~1\":1}}" },
    { "{\"\":1}", { { 's', "/", "2" } }, "{\"\":2}" },
    { "{\"a\\n\":1}", { { 's', "/a\n", "2" } }, "{\"a\\n\":2}" },
    { "{}",
      { { 's', "/a", "{\"b\":[1]}" }, { 's', "/a/b/0", "\"x\"" }, { 's', "/a/c", "2" } },
      "{\"a\":{\"b\":[\"x\"],\"c\":2}}" },
    { "{\"a\":{\"b\":1}}", { { 'd', "/a/b", NULL } }, "{\"a\":{}}" },
    { "{\"a\":1}", { { 's', "/a/b", "1" } }, "edit at '/a/b': leads through a scalar" },
    { "[1]", { { 's', "/2", "1" } }, "edit at '/2': no such item" },
    { "[1]", { { 's', "/01", "1" } }, "edit at '/01': no such item" },
    { "[1]", { { 's', "/x/y", "1" } }, "edit at '/x/y': no such item" },
    { "{}", { { 's', "a", "1" } }, "edit at 'a': no pointer to a member or item" },
    { "{}", { { 's', "/a", "{" } }, "edit at '/a': unexpected end of JSON input" },
};

static const char *
run(struct arena *arena, const struct edit_case *c)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, str_of(c->before), &err), *edited = NULL;
    struct edit e;

    assert_non_null(doc);
    edit_init(&e, arena);
    for (const struct step *step = c->steps; step->op != 0; step++) {
        if (step->op == 'd') {
            edit_del(&e, step->pointer);
        } else if (step->op == 'i') {
            edit_insert(&e, step->pointer, str_of(step->json));
        } else {
            edit_set(&e, step->pointer, str_of(step->json));
        }
    }
    if (edit_apply(doc, &e, &edited, &err) < 0) {
        const char *message = arena_dupz(arena, str_of(err->message));
        err_free(err);
        return message;
    }
    assert_true(val_is(doc_root(edited)));
    return arena_dupz(arena, doc_bytes(edited));
}

static void
test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();

        assert_string_equal(run(arena, &cases[i]), cases[i].after);
    }
}

static void
test_text_and_numbers(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, STR("{\"a\":[]}"), &err), *edited = NULL;
    struct edit e;
    char pointer[] = "/a/-";

    edit_init(&e, arena);
    edit_set_str(&e, pointer, STR("x<\n"));
    memset(pointer, 'x', sizeof(pointer) - 1); /* pointers are copied */
    edit_set_int(&e, "/n", -5);
    for (int i = 0; i < 20; i++) {
        edit_set_int(&e, "/n", i);
    }
    assert_int_equal(edit_apply(doc, &e, &edited, &err), 0);
    assert_true(str_is(doc_bytes(edited), "{\"a\":[\"x\\u003c\\n\"],\"n\":19}"));
}

static void
test_depth_is_limited(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, STR("{}"), &err), *edited = NULL;
    struct str_builder pointer = { 0 };
    struct edit e;

    for (int i = 0; i < DOC_MAX_DEPTH; i++) {
        str_putz(&pointer, "/a");
    }
    char *deep = str_steal(&pointer);
    edit_init(&e, arena);
    edit_set(&e, deep, STR("1"));
    assert_int_equal(edit_apply(doc, &e, &edited, &err), 0);
    assert_true(val_is(doc_root(edited)));
    edit_set(&e, deep, STR("[]"));
    assert_int_equal(edit_apply(doc, &e, &edited, &err), -1);
    assert_non_null(strstr(err->message, "exceeded max depth"));
    err_free(err);
    mem_free(deep);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_text_and_numbers),
        cmocka_unit_test(test_depth_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
