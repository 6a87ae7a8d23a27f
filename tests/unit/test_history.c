/* client/history: revisions as people read them, in a line and in full; foreign text is tamed. */
#include "config.h" /* IWYU pragma: keep */

#include "client/history.h"

#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

static struct val
parse(struct arena *arena, const char *json)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = doc_parse(arena, str_of(json), &err);
    assert_non_null(doc);
    return doc_root(doc);
}

static const struct {
    const char *json, *who, *with, *verb, *change, *because;
} rows[] = {
    { "{\"operation\":\"created\",\"verb\":\"create\",\"user\":\"kubernetes-admin\","
      "\"agent\":\"kubectl/v1.35.0 (linux/amd64)\",\"command\":\"kubectl apply\"}",
      "kubernetes-admin", "kubectl apply", "create", "created", "" },
    { "{\"operation\":\"changed\",\"verb\":\"patch\",\"subresource\":\"scale\",\"user\":"
      "\"local:root\",\"agent\":\"binnacle-console/1\",\"changes\":[{\"path\":"
      "\"metadata.generation\",\"old\":1,\"new\":2},{\"path\":\"spec.replicas\",\"old\":3,"
      "\"new\":5}]}",
      "local:root", "binnacle-console", "patch scale", "spec.replicas: 3 → 5", "" },
    { "{\"operation\":\"changed\",\"verb\":\"update\",\"subresource\":\"status\",\"user\":"
      "\"system:serviceaccount:kube-system:deployment-controller\",\"agent\":\"binnacle/1\","
      "\"changes\":[{\"path\":\"status.replicas\",\"new\":5},{\"path\":\"status.x\",\"old\":\"\"},"
      "{\"path\":\"status.y\",\"old\":[1],\"new\":[2]},{\"path\":\"status.z\",\"new\":1}],"
      "\"changesLeft\":2,\"causes\":[{\"resourceVersion\":\"813\",\"verb\":\"update\",\"user\":"
      "\"x\",\"object\":{\"resource\":\"replicasets\",\"name\":\"web-1\"}},{\"resourceVersion\":\"812\",\"user\":\"admin\",\"verb\":\"patch\",\"command\":"
      "\"kubectl scale\",\"object\":{\"resource\":\"deployments\",\"name\":\"web\"}}]}",
      "deployment-controller", "binnacle", "update status",
      "+status.replicas: 5, -status.x: \"\", status.y: [1] → [2] and 3 more",
      "812 by admin: kubectl scale deployments/web" },
    { "{\"operation\":\"changed\",\"user\":\"bob\",\"impersonatedBy\":\"admin\",\"changes\":[],"
      "\"causes\":[{\"resourceVersion\":\"7\",\"gone\":true}]}",
      "bob (really admin)", "", "", "nothing but who owns which field", "7, no longer kept" },
    { "{\"operation\":\"changed\",\"changesUnknown\":true,\"causes\":[{\"resourceVersion\":\"7\","
      "\"hidden\":true}]}",
      "unknown", "", "", "unknown: the revision before is no longer kept",
      "7, of an object you may not read" },
    { "{\"operation\":\"changed\",\"user\":\"a\\u001b[2J\\u0085b\",\"changes\":[{\"path\":"
      "\"data.k\",\"hidden\":true},{\"path\":\"data.l\",\"old\":\"a\\nb\\u001b\",\"new\":"
      "\"0123456789012345678901234567890ä\"}]}",
      "a [2J b", "", "", "data.k: hidden, data.l: a\\nb  → 0123456789012345678901234567890…", "" },
};

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct history_row got;
        history_row(parse(arena, rows[i].json), arena, &got);
        assert_true(str_has_prefix(got.because, got.author_rev));
        const struct {
            struct str got;
            const char *want;
        } texts[] = { { got.who, rows[i].who },
                      { got.with, rows[i].with },
                      { got.verb, rows[i].verb },
                      { got.change, rows[i].change },
                      { got.because, rows[i].because } };
        for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
            if (!str_is(texts[t].got, texts[t].want)) {
                fail_msg("row %zu: want '%s', got '" STR_FMT "'", i, texts[t].want,
                         STR_ARG(texts[t].got));
            }
        }
    }
}

static void
test_time(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct history_row got;
    history_row(parse(arena, "{\"resourceVersion\":\"8\",\"time\":\"1970-01-01T00:00:01.5Z\"}"),
                arena, &got);
    assert_true(str_is(got.rev, "8"));
    assert_int_equal(got.time_ms, 1500);
    history_row(parse(arena, "{\"time\":\"soon\"}"), arena, &got);
    assert_int_equal(got.time_ms, 0);
}

static void
test_details(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder got = { 0 };
    history_details(parse(arena, rows[2].json), &got);
    history_details(parse(arena, rows[0].json), &got);
    history_details(parse(arena, "{\"operation\":\"changed\",\"changes\":[{\"path\":\"data.k\","
                                 "\"hidden\":true}],\"causesLeft\":2,\"causes\":["
                                 "{\"resourceVersion\":\"9\",\"gone\":true},"
                                 "{\"resourceVersion\":\"1\",\"gone\":true}]}"),
                    &got);
    str_putc(&got, '\0');
    assert_string_equal(got.at, "+ status.replicas: 5\n"
                                "- status.x: \"\"\n"
                                "- status.y: [1]\n"
                                "+ status.y: [2]\n"
                                "+ status.z: 1\n"
                                "and 2 more\n"
                                "because of 813 by x: update replicasets/web-1\n"
                                "because of 812 by admin: kubectl scale deployments/web\n"
                                "created\n"
                                "~ data.k: hidden\n"
                                "because of 9, no longer kept\n"
                                "because of 2 more\n"
                                "because of 1, no longer kept\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
