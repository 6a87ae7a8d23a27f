/* api/patch: JSON, merge and strategic patches, as real Kubernetes 1.35 answers them. */
#include "config.h" /* IWYU pragma: keep */

#include "api/patch.h"

#include "api/schema.h"
#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

/* The rows of a Pod that strategic patches turn on. */
static const struct field port_fields[] = {
    { .json = "containerPort", .type = FIELD_INT32 },
    { .json = "protocol", .type = FIELD_STRING },
};
static struct type_cell port_type_cell;
static const struct type port_type = {
    .name = "Port", .fields = port_fields, .field_len = 2, .cell = &port_type_cell
};
static const struct field container_fields[] = {
    { .json = "name", .type = FIELD_STRING },
    { .json = "image", .type = FIELD_STRING },
    { .json = "args", .type = FIELD_STRING, .card = CARD_LIST },
    { .json = "ports",
      .type = FIELD_OBJECT,
      .card = CARD_LIST,
      .of = &port_type,
      .patch = PATCH_MERGE,
      .merge_key = "containerPort" },
};
static struct type_cell container_type_cell;
static const struct type container_type = { .name = "Container",
                                            .fields = container_fields,
                                            .field_len = ARRAY_LEN(container_fields),
                                            .cell = &container_type_cell };
static const struct field root_fields[] = {
    { .json = "labels", .type = FIELD_STRING, .card = CARD_MAP },
    { .json = "finalizers", .type = FIELD_STRING, .card = CARD_LIST, .patch = PATCH_MERGE },
    { .json = "containers",
      .type = FIELD_OBJECT,
      .card = CARD_LIST,
      .of = &container_type,
      .patch = PATCH_MERGE,
      .merge_key = "name" },
    { .json = "strategy",
      .type = FIELD_OBJECT,
      .card = CARD_PTR,
      .of = &container_type,
      .patch = PATCH_RETAIN_KEYS },
};
static struct type_cell root_type_cell;
static const struct type root_type = { .name = "Root",
                                       .fields = root_fields,
                                       .field_len = ARRAY_LEN(root_fields),
                                       .cell = &root_type_cell };

enum kind { JSON, MERGE, STRATEGIC };
struct row {
    enum kind kind;
    const char *live, *patch;
    const char *want;   /* NULL: refused… */
    enum err_code code; /* …with this code */
};

#define OPS(o) "[" o "]"
#define TWO "{\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":\"y\"}]}"

static const struct row rows[] = {
    /* RFC 6902 and json-patch's own ways */
    { JSON, "{\"a\":{\"b\":1}}", OPS("{\"op\":\"add\",\"path\":\"/a/c\",\"value\":2}"),
      "{\"a\":{\"b\":1,\"c\":2}}", 0 },
    { JSON, "{\"a\":{\"b\":1}}", OPS("{\"op\":\"replace\",\"path\":\"/a/b\",\"value\":[]}"),
      "{\"a\":{\"b\":[]}}", 0 },
    { JSON, "{\"a\":[1,2]}", OPS("{\"op\":\"add\",\"path\":\"/a/1\",\"value\":9}"),
      "{\"a\":[1,9,2]}", 0 },
    { JSON, "{\"a\":[1,2]}", OPS("{\"op\":\"add\",\"path\":\"/a/-\",\"value\":9}"),
      "{\"a\":[1,2,9]}", 0 },
    { JSON, "{\"a\":[1,2]}", OPS("{\"op\":\"add\",\"path\":\"/a/5\",\"value\":9}"), NULL,
      ERR_INVALID },
    { JSON, "{\"a\":[1,2]}", OPS("{\"op\":\"remove\",\"path\":\"/a/0\"}"), "{\"a\":[2]}", 0 },
    { JSON, "{\"a\":1}", OPS("{\"op\":\"remove\",\"path\":\"/b\"}"), NULL, ERR_INVALID },
    { JSON, "{\"a\":1}", OPS("{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}"), "{\"b\":1}", 0 },
    { JSON, "{\"a\":{\"x\":1}}", OPS("{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}"),
      "{\"a\":{\"x\":1},\"b\":{\"x\":1}}", 0 },
    { JSON, "{\"a\":{}}", OPS("{\"op\":\"copy\",\"from\":\"/a/q\",\"path\":\"/a/y\"}"),
      "{\"a\":{\"y\":null}}", 0 },
    { JSON, "{\"a\":{\"x\":[1,2.0]}}",
      OPS("{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"x\":[1,2]}}"), "{\"a\":{\"x\":[1,2.0]}}",
      0 },
    { JSON, "{\"a\":1}", OPS("{\"op\":\"test\",\"path\":\"/a\",\"value\":2}"), NULL, ERR_INVALID },
    { JSON, "{\"a\":1}", OPS("{\"op\":\"test\",\"path\":\"/no\",\"value\":null}"), "{\"a\":1}", 0 },
    { JSON, "{\"m/n\":{\"x~y\":1}}", OPS("{\"op\":\"remove\",\"path\":\"/m~1n/x~0y\"}"),
      "{\"m/n\":{}}", 0 },
    { JSON, "{}", OPS("{\"op\":\"bogus\",\"path\":\"/a\"}"), NULL, ERR_INVALID },
    { JSON, "{}", "{}", NULL, ERR_BAD_REQUEST },
    /* RFC 7386 */
    { MERGE, "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":null,\"d\":3}}",
      "{\"a\":{\"c\":2,\"d\":3}}", 0 },
    { MERGE, "{\"a\":[1,2]}", "{\"a\":[3]}", "{\"a\":[3]}", 0 },
    { MERGE, "{}", "{\"a\":{\"b\":null,\"c\":{\"d\":null}}}", "{\"a\":{\"c\":{}}}", 0 },
    { MERGE, "{}", "[]", NULL, ERR_BAD_REQUEST },
    /* strategic merge */
    { STRATEGIC, TWO, "{\"containers\":[{\"name\":\"b\",\"image\":\"z\"}]}",
      "{\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":\"z\"}]}", 0 },
    { STRATEGIC, TWO, "{\"containers\":[{\"name\":\"c\",\"image\":null}]}",
      "{\"containers\":[{\"name\":\"c\"},{\"name\":\"a\",\"image\":\"x\"},"
      "{\"name\":\"b\",\"image\":\"y\"}]}",
      0 },
    { STRATEGIC, TWO, "{\"containers\":[{\"name\":\"a\",\"$patch\":\"delete\"}]}",
      "{\"containers\":[{\"name\":\"b\",\"image\":\"y\"}]}", 0 },
    { STRATEGIC, TWO, "{\"containers\":[{\"name\":\"c\"},{\"$patch\":\"replace\"}]}",
      "{\"containers\":[{\"name\":\"c\"}]}", 0 },
    { STRATEGIC, TWO,
      "{\"$setElementOrder/containers\":[{\"name\":\"b\"},{\"name\":\"a\"}],"
      "\"containers\":[{\"name\":\"b\",\"image\":\"w\"}]}",
      "{\"containers\":[{\"name\":\"b\",\"image\":\"w\"},{\"name\":\"a\",\"image\":\"x\"}]}", 0 },
    { STRATEGIC, TWO, "{\"$setElementOrder/containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]}",
      "{\"containers\":[{\"name\":\"b\",\"image\":\"y\"},{\"name\":\"a\",\"image\":\"x\"}]}", 0 },
    { STRATEGIC, TWO, "{\"containers\":[{\"image\":\"nokey\"}]}", NULL, ERR_UNKNOWN },
    { STRATEGIC,
      "{\"containers\":[{\"name\":\"a\",\"args\":[\"1\"],\"ports\":[{"
      "\"containerPort\":80}]}]}",
      "{\"containers\":[{\"name\":\"a\",\"args\":[\"2\"],\"ports\":[{\"containerPort\":80,"
      "\"protocol\":\"UDP\"}]}]}",
      "{\"containers\":[{\"name\":\"a\",\"args\":[\"2\"],\"ports\":[{\"containerPort\":80,"
      "\"protocol\":\"UDP\"}]}]}",
      0 },
    { STRATEGIC, "{\"finalizers\":[\"a\",\"b\"]}", "{\"finalizers\":[\"c\",\"a\"]}",
      "{\"finalizers\":[\"c\",\"a\",\"b\"]}", 0 },
    { STRATEGIC, "{\"finalizers\":[\"a\",\"b\"]}",
      "{\"$deleteFromPrimitiveList/finalizers\":[\"a\"]}", "{\"finalizers\":[\"b\"]}", 0 },
    { STRATEGIC, "{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"labels\":{\"a\":null,\"c\":\"3\"}}",
      "{\"labels\":{\"b\":\"2\",\"c\":\"3\"}}", 0 },
    { STRATEGIC, "{\"labels\":{\"a\":\"1\"}}", "{\"labels\":{\"$patch\":\"replace\",\"c\":\"3\"}}",
      "{\"labels\":{\"c\":\"3\"}}", 0 },
    { STRATEGIC, "{\"labels\":{\"a\":\"1\"}}", "{\"labels\":{\"$patch\":\"bogus\"}}", NULL,
      ERR_UNKNOWN },
    { STRATEGIC, "{}", "{\"labels\":{\"$patch\":\"bogus\"}}", "{\"labels\":{}}", 0 },
    { STRATEGIC, "{\"strategy\":{\"name\":\"R\",\"image\":\"i\"}}",
      "{\"strategy\":{\"$retainKeys\":[\"name\"],\"name\":\"S\"}}",
      "{\"strategy\":{\"name\":\"S\"}}", 0 },
    { STRATEGIC, "{\"strategy\":{\"name\":\"R\"}}",
      "{\"strategy\":{\"$retainKeys\":[\"name\"],\"image\":\"S\"}}", NULL, ERR_BAD_REQUEST },
};

static int
run(struct arena *arena, const struct row *row, struct str *ret, struct err **err)
{
    struct doc *live = doc_parse(arena, str_of(row->live), err);
    struct doc *patch = doc_parse(arena, str_of(row->patch), err);
    assert_non_null(live);
    assert_non_null(patch);
    switch (row->kind) {
    case JSON:
        return patch_json(arena, live, doc_root(patch), ret, err);
    case MERGE:
        return patch_merge(arena, live, doc_root(patch), ret, err);
    case STRATEGIC:
        break;
    }
    return patch_strategic(arena, &root_type, live, doc_root(patch), ret, err);
}

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        struct str got = { 0 };
        int rc = run(arena, &rows[i], &got, &err);
        if (rows[i].want == NULL) {
            assert_int_equal(rc, -1);
            assert_int_equal(err->code, rows[i].code);
            continue;
        }
        if (rc != 0) {
            fail_msg("row %zu: %s", i, err->message);
        }
        char *text = str_dup(got);
        assert_string_equal(text, rows[i].want);
        mem_free(text);
    }
}

static void
test_too_many_operations(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    jw_init(&w, arena);
    jw_arr(&w);
    for (int i = 0; i <= PATCH_MAX_OPS; i++) {
        jw_obj(&w);
        jw_kvz(&w, "op", "test");
        jw_end(&w);
    }
    jw_end(&w);
    struct doc *patch = doc_parse(arena, jw_done(&w), &err);
    struct doc *live = doc_parse(arena, STR("{}"), &err);
    struct str got;
    assert_int_equal(patch_json(arena, live, doc_root(patch), &got, &err), -1);
    assert_int_equal(err->code, ERR_TOO_LARGE);
}

/* Pairs of documents, and the patch that makes the second of the first. */
static void
test_made_merge_patches(void **state)
{
    static const struct {
        const char *from, *to, *patch;
    } cases[] = {
        { "{}", "{}", "{}" },
        { "{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", "{}" },
        { "{\"a\":1}", "{\"a\":2,\"b\":{\"c\":[]}}", "{\"a\":2,\"b\":{\"c\":[]}}" },
        { "{\"a\":1,\"b\":2}", "{\"b\":2}", "{\"a\":null}" },
        { "{\"a\":{\"b\":1,\"c\":{\"d\":1}}}", "{\"a\":{\"b\":1,\"c\":{\"e\":1}}}",
          "{\"a\":{\"c\":{\"e\":1,\"d\":null}}}" },
        { "{\"a\":[{\"n\":1},{\"n\":2}]}", "{\"a\":[{\"n\":2}]}", "{\"a\":[{\"n\":2}]}" },
        { "{\"a\":{\"b\":1}}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "{\"a\":[1]}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}" },
        { "{\"a\":null,\"b\":null}", "{\"b\":null}", "{}" },
        { "{\"a\":1}", "{\"a\":null}", "{\"a\":null}" },
        { "{\"a\":{}}", "{}", "{\"a\":null}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        struct doc *from = doc_trust(arena, str_of(cases[i].from));
        struct val to = doc_root(doc_trust(arena, str_of(cases[i].to)));
        struct str patch = patch_merge_make(arena, doc_root(from), to), made;

        assert_true(str_is(patch, cases[i].patch));
        assert_int_equal(patch_merge(arena, from, doc_root(doc_trust(arena, patch)), &made, &err),
                         0);
        /* What it makes needs no further patch. */
        assert_true(str_is(patch_merge_make(arena, doc_root(doc_trust(arena, made)), to), "{}"));
    }
}

static void
test_clashes(void **state)
{
    static const struct {
        const char *was, *now, *patch, *paths;
    } cases[] = {
        { "{\"a\":1,\"b\":1}", "{\"a\":1,\"b\":2}", "{\"a\":3}", "" },
        { "{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":2}", "{\"a\":3}", "a" },
        { "{\"a\":{\"b\":1,\"c\":1}}", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":2}}", "" },
        { "{\"a\":{\"b\":1,\"c\":1}}", "{\"a\":{\"b\":3,\"c\":2}}", "{\"a\":{\"b\":2,\"c\":null}}",
          "a.b\na.c" },
        { "{\"a\":{\"b\":1}}", "{}", "{\"a\":{\"c\":1}}", "a" },
        { "{}", "{\"a\":null}", "{\"a\":{\"c\":1}}", "" },
        { "{\"a\":[1]}", "{\"a\":[1,2]}", "{\"a\":[3]}", "a" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_STR struct str_builder paths = { 0 };

        patch_merge_clashes(doc_root(doc_trust(arena, str_of(cases[i].was))),
                            doc_root(doc_trust(arena, str_of(cases[i].now))),
                            doc_root(doc_trust(arena, str_of(cases[i].patch))), &paths);
        assert_true(str_is(str_view(&paths), cases[i].paths));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_too_many_operations),
        cmocka_unit_test(test_made_merge_patches),
        cmocka_unit_test(test_clashes),
    };
    return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
