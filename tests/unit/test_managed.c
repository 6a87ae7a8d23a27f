/* api/managed: a story of writes, each with the managedFields that real Kubernetes 1.35 answered. */
#include "config.h" /* IWYU pragma: keep */

#include "api/managed.h"

#include "api/decode.h"
#include "api/patch.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

#define HEAD "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"m\""
#define UPDATE(manager, set)                                                                       \
    "{\"manager\":\"" manager "\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":"        \
    "\"2026-11-24T07:33:28Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":" set "}"
#define APPLY(manager, set)                                                                        \
    "{\"manager\":\"" manager "\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"time\":"         \
    "\"2026-11-24T07:33:28Z\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":" set "}"
#define A_ANNOTATIONS "\"f:annotations\":{\".\":{},\"f:x\":{}}"

enum op { CREATE, MERGE, APPLY_OP, FORCE, CLEAR };
struct step {
    enum op op;
    const char *manager, *body;
    const char *managed; /* managedFields afterwards, "" none; NULL: refused with… */
    const char *data;    /* …this message, else what data is afterwards */
};

static const struct step story[] = {
    { CREATE, "a",
      HEAD ",\"labels\":{\"l\":\"1\"},\"annotations\":{\"x\":\"y\"}},"
           "\"data\":{\"k\":\"1\",\"q\":\"2\"}}",
      "[" UPDATE("a", "{\"f:data\":{\".\":{},\"f:k\":{},\"f:q\":{}},\"f:metadata\":{" A_ANNOTATIONS
                      ",\"f:labels\":{\".\":{},\"f:l\":{}}}}") "]",
      "{\"k\":\"1\",\"q\":\"2\"}" },
    { MERGE, "b", "{\"data\":{\"k\":\"9\",\"z\":\"3\"}}",
      "[" UPDATE(
          "a",
          "{\"f:data\":{\".\":{},\"f:q\":{}},\"f:metadata\":{" A_ANNOTATIONS
          ",\"f:labels\":{\".\":{},\"f:l\":{}}}}") "," UPDATE("b",
                                                              "{\"f:data\":{\"f:k\":{},\"f:z\":{}}}") "]",
      "{\"k\":\"9\",\"q\":\"2\",\"z\":\"3\"}" },
    { APPLY_OP, "s", HEAD "},\"data\":{\"k\":\"5\"}}", NULL,
      "Apply failed with 1 conflict: conflict with \"b\" using v1: .data.k" },
    { FORCE, "s", HEAD ",\"labels\":{\"l\":\"2\"}},\"data\":{\"k\":\"5\",\"n\":\"1\"}}",
      "[" APPLY("s", "{\"f:data\":{\"f:k\":{},\"f:n\":{}},\"f:metadata\":{\"f:labels\":{\"f:l\":{}}}}") "," UPDATE(
          "a", "{\"f:data\":{\".\":{},\"f:q\":{}},\"f:metadata\":{" A_ANNOTATIONS
               ",\"f:labels\":{}}}") "," UPDATE("b", "{\"f:data\":{\"f:z\":{}}}") "]",
      "{\"k\":\"5\",\"n\":\"1\",\"q\":\"2\",\"z\":\"3\"}" },
    { APPLY_OP, "s", HEAD "},\"data\":{\"n\":\"1\"}}",
      "[" APPLY("s", "{\"f:data\":{\"f:n\":{}}}") "," UPDATE(
          "a", "{\"f:data\":{\".\":{},\"f:q\":{}},\"f:metadata\":{" A_ANNOTATIONS
               ",\"f:labels\":{}}}") "," UPDATE("b", "{\"f:data\":{\"f:z\":{}}}") "]",
      "{\"n\":\"1\",\"q\":\"2\",\"z\":\"3\"}" },
    { APPLY_OP, "t", HEAD "},\"data\":{\"n\":\"2\",\"q\":\"7\"}}", NULL,
      "Apply failed with 2 conflicts: conflicts with \"a\" using v1:\n- .data.q\n"
      "conflicts with \"s\":\n- .data.n" },
    { APPLY_OP, "t", HEAD "},\"nope\":1}", NULL,
      "failed to create typed patch object (/m; /v1, Kind=ConfigMap): .nope: field not declared "
      "in schema" },
    { APPLY_OP, "t", HEAD "},\"data\":{\"a\":1}}", NULL,
      "failed to create typed patch object (/m; /v1, Kind=ConfigMap): .data.a: expected string, "
      "got &value.valueUnstructured{Value:1}" },
    { CLEAR, "c", NULL, "", "{\"n\":\"1\",\"q\":\"2\",\"z\":\"3\"}" },
    { MERGE, "d", "{\"data\":{\"z\":\"4\"}}", "", "{\"n\":\"1\",\"q\":\"2\",\"z\":\"4\"}" },
    { APPLY_OP, "s", HEAD "},\"data\":{\"n\":\"1\"}}",
      "[{\"manager\":\"s\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\","
      "\"fieldsV1\":{\"f:data\":{\"f:n\":{}}}}," UPDATE(
          "before-first-apply",
          "{\"f:data\":{\".\":{},\"f:n\":{},\"f:q\":{},\"f:z\":{}},\"f:metadata\":{" A_ANNOTATIONS
          "}}") "]",
      "{\"n\":\"1\",\"q\":\"2\",\"z\":\"4\"}" },
};

static const struct resource *
config_map(void)
{
    for (size_t i = 0; i < kinds_builtin_len; i++) {
        if (strcmp(kinds_builtin[i]->kind, "ConfigMap") == 0) {
            return kinds_builtin[i];
        }
    }
    return NULL;
}

static struct doc *
canonical(struct arena *arena, struct str json)
{
    AUTO_ERR struct err *err = NULL;
    struct decode_in in = { .arena = arena, .media = MEDIA_JSON, .bytes = json };
    struct doc *doc = NULL;
    if (decode_object(&in, config_map(), &doc, &err) < 0) {
        fail_msg("%s: " STR_FMT, err->message, STR_ARG(json));
    }
    return doc;
}

static int
act(struct arena *arena, const struct step *step, const struct doc *old, struct doc **ret,
    struct err **err)
{
    struct managed_in in = {
        .arena = arena,
        .resource = config_map(),
        .manager = str_of(step->manager),
        .wall_ms = 1795505608000, /* 2026-11-24T07:33:28Z */
        .old = old,
        .is_create = old == NULL,
    };
    struct str json = str_of(step->body);
    if (step->op == APPLY_OP || step->op == FORCE) {
        return managed_apply(&in, doc_parse(arena, json, err), step->op == FORCE, ret, err);
    }
    struct doc *patch = NULL;
    switch (step->op) {
    case MERGE:
        patch = doc_parse(arena, json, err);
        assert_int_equal(patch_merge(arena, old, doc_root(patch), &json, err), 0);
        break;
    case CLEAR:
        patch = doc_parse(arena, STR("{\"metadata\":{\"managedFields\":[{}]}}"), err);
        assert_int_equal(patch_merge(arena, old, doc_root(patch), &json, err), 0);
        return managed_update(&in, doc_parse(arena, json, err), ret, err);
    case CREATE:
    case APPLY_OP:
    case FORCE:
        break;
    }
    return managed_update(&in, canonical(arena, json), ret, err);
}

static void
test_story(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct doc *live = NULL;
    for (size_t i = 0; i < ARRAY_LEN(story); i++) {
        AUTO_ERR struct err *err = NULL;
        const struct step *step = &story[i];
        struct doc *now = NULL;
        int rc = act(arena, step, live, &now, &err);
        if (step->managed == NULL) {
            assert_int_equal(rc, -1);
            assert_string_equal(err->message, step->data);
            continue;
        }
        if (rc < 0) {
            fail_msg("step %zu: %s", i, err->message);
        }
        live = canonical(arena, doc_bytes(now));
        struct val root = doc_root(live);
        struct str managed = val_raw(val_at(root, "metadata.managedFields"));
        assert_string_equal(arena_dupz(arena, managed), step->managed);
        assert_string_equal(arena_dupz(arena, val_raw(val_get(root, "data"))), step->data);
    }
}

static void
test_noop_ignores_times(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct doc *a = canonical(arena, STR(HEAD ",\"managedFields\":[" UPDATE("a", "{}") "]}}"));
    struct doc *b =
        canonical(arena, STR(HEAD ",\"managedFields\":[{\"manager\":\"a\",\"operation\":\"Update\","
                                  "\"apiVersion\":\"v1\",\"time\":\"2027-01-01T00:00:00Z\","
                                  "\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{}}]}}"));
    struct doc *c = canonical(arena, STR(HEAD ",\"managedFields\":[" UPDATE("b", "{}") "]}}"));
    assert_true(managed_is_noop(a, b));
    assert_false(managed_is_noop(a, c));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_story),
        cmocka_unit_test(test_noop_ignores_times),
    };
    return cmocka_run_group_tests_name("managed", tests, NULL, NULL);
}
