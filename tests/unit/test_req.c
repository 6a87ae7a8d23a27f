/* A request through every step of the server, over the reference store. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "base/err.h"
#include "tests/lib/tb.h"

#define CM(name)                                                                                   \
    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name "\"}"

static int
serve(void **state)
{
    *state = tb_serve(NULL);
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static struct tb_result
run(struct tb *tb, struct call call)
{
    return tb_call(tb, tb->admin, &call);
}

static void
creates_reads_and_deletes(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(tb, tb_create(tb, CM("a") ",\"data\":{\"k\":\"v\"}}"));
    assert_null(made.err);
    assert_int_equal(made.http, 201);
    assert_non_null(strstr(made.bytes, "\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{"
                                       "\"name\":\"a\",\"namespace\":\"default\",\"uid\":\""));
    assert_non_null(strstr(made.bytes, "\"creationTimestamp\":\"2026-11-24T12:00:00Z\""));
    assert_non_null(strstr(made.bytes, "\"managedFields\":[{\"manager\":\"binnacle\","
                                       "\"operation\":\"Update\""));
    struct tb_result got = run(tb, tb_get(tb, "a"));
    assert_int_equal(got.http, 200);
    assert_string_equal(got.bytes, made.bytes);
    struct tb_result gone = run(tb, tb_delete(tb, "a"));
    assert_int_equal(gone.http, 200);
    assert_non_null(strstr(gone.bytes, "\"status\":\"Success\",\"details\":{\"name\":\"a\","
                                       "\"kind\":\"configmaps\",\"uid\":\""));
    struct tb_result missing = run(tb, tb_get(tb, "a"));
    assert_int_equal(missing.http, 404);
    assert_string_equal(missing.err->message, "configmaps \"a\" not found");
    tb_result_done(&made);
    tb_result_done(&got);
    tb_result_done(&gone);
    tb_result_done(&missing);
}

static void
refuses_what_is_there(void **state)
{
    struct tb *tb = *state;
    struct tb_result first = run(tb, tb_create(tb, CM("twice") "}"));
    struct tb_result second = run(tb, tb_create(tb, CM("twice") "}"));
    assert_int_equal(second.http, 409);
    assert_string_equal(second.err->message, "configmaps \"twice\" already exists");
    tb_result_done(&first);
    tb_result_done(&second);
}

static void
updates_with_and_without_a_revision(void **state)
{
    struct tb *tb = *state;
    char body[256];
    struct tb_result made = run(tb, tb_create(tb, CM("u") "}"));
    struct tb_result put = run(tb, tb_put(tb, "u", CM("u") ",\"data\":{\"a\":\"1\"}}"));
    assert_null(put.err);
    assert_true(put.rev > made.rev);
    (void)snprintf(body, sizeof(body),
                   "{\"metadata\":{\"name\":\"u\",\"resourceVersion\":\"%llu\"}}",
                   (unsigned long long)made.rev);
    struct tb_result stale = run(tb, tb_put(tb, "u", body));
    assert_int_equal(stale.http, 409);
    assert_string_equal(stale.err->message,
                        "Operation cannot be fulfilled on configmaps \"u\": the object has been "
                        "modified; please apply your changes to the latest version and try again");
    tb_result_done(&made);
    tb_result_done(&put);
    tb_result_done(&stale);
}

static void
writes_nothing_when_nothing_changes(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(tb, tb_create(tb, CM("n") ",\"data\":{\"a\":\"1\"}}"));
    struct tb_result same = run(tb, tb_merge(tb, "n", "{\"data\":{\"a\":\"1\"}}"));
    assert_null(same.err);
    assert_int_equal(same.rev, made.rev);
    struct tb_result other = run(tb, tb_merge(tb, "n", "{\"data\":{\"a\":\"2\"}}"));
    assert_true(other.rev > made.rev);
    tb_result_done(&made);
    tb_result_done(&same);
    tb_result_done(&other);
}

static void
dry_runs_store_nothing(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_create(tb, CM("dry") "}");
    call.dry_run = true;
    struct tb_result made = run(tb, call);
    assert_null(made.err);
    assert_int_equal(made.http, 201);
    assert_non_null(strstr(made.bytes, "\"uid\":\""));
    assert_null(strstr(made.bytes, "resourceVersion"));
    struct tb_result missing = run(tb, tb_get(tb, "dry"));
    assert_int_equal(missing.http, 404);
    tb_result_done(&made);
    tb_result_done(&missing);
    struct tb_result real = run(tb, tb_create(tb, CM("dry") "}"));
    struct tb_result again = run(tb, call);
    assert_int_equal(again.http, 409);
    struct call gone = tb_delete(tb, "dry");
    gone.dry_run = true;
    struct tb_result kept = run(tb, gone);
    assert_int_equal(kept.http, 200);
    struct tb_result there = run(tb, tb_get(tb, "dry"));
    assert_int_equal(there.http, 200);
    tb_result_done(&real);
    tb_result_done(&again);
    tb_result_done(&kept);
    tb_result_done(&there);
}

static void
refuses_missing_and_ending_namespaces(void **state)
{
    struct tb *tb = *state;
    struct call call = tb_create(tb, CM("x") "}");
    call.ns = STR("nowhere");
    struct tb_result missing = run(tb, call);
    assert_int_equal(missing.http, 404);
    assert_string_equal(missing.err->message, "namespaces \"nowhere\" not found");
    struct call make = call_of(VERB_CREATE, tb->namespaces, STR(""), STR(""));
    make.body = STR("{\"metadata\":{\"name\":\"ending\"}}");
    struct tb_result made = run(tb, make);
    assert_null(made.err);
    assert_non_null(strstr(made.bytes, "\"spec\":{\"finalizers\":[\"kubernetes\"]},"
                                       "\"status\":{\"phase\":\"Active\"}"));
    struct tb_result gone = run(tb, call_of(VERB_DELETE, tb->namespaces, STR(""), STR("ending")));
    assert_int_equal(gone.http, 200);
    assert_non_null(gone.bytes);
    assert_non_null(strstr(gone.bytes, "\"phase\":\"Terminating\""));
    assert_non_null(strstr(gone.bytes, "\"deletionTimestamp\":\"2026-11-24T12:00:00Z\""));
    call.ns = STR("ending");
    struct tb_result refused = run(tb, call);
    assert_int_equal(refused.http, 403);
    assert_string_equal(refused.err->message,
                        "configmaps \"x\" is forbidden: unable to create new content in namespace "
                        "ending because it is being terminated");
    assert_string_equal(refused.err->causes[0].reason, "NamespaceTerminating");
    struct call finalize = call_of(VERB_UPDATE, tb->namespaces, STR(""), STR("ending"));
    finalize.subresource = "finalize";
    finalize.body = STR("{\"metadata\":{\"name\":\"ending\"},\"spec\":{}}");
    struct tb_result finalized = run(tb, finalize);
    assert_int_equal(finalized.http, 200);
    struct tb_result last = run(tb, call_of(VERB_GET, tb->namespaces, STR(""), STR("ending")));
    assert_int_equal(last.http, 404);
    struct tb_result immortal =
        run(tb, call_of(VERB_DELETE, tb->namespaces, STR(""), STR("default")));
    assert_string_equal(immortal.err->message,
                        "namespaces \"default\" is forbidden: this namespace may not be deleted");
    tb_result_done(&missing);
    tb_result_done(&made);
    tb_result_done(&gone);
    tb_result_done(&refused);
    tb_result_done(&finalized);
    tb_result_done(&last);
    tb_result_done(&immortal);
}

static void
finalizers_hold_an_object_back(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(
        tb, tb_create(tb, "{\"metadata\":{\"name\":\"f\",\"finalizers\":[\"example.com/x\"]}}"));
    assert_null(made.err);
    struct tb_result marked = run(tb, tb_delete(tb, "f"));
    assert_non_null(marked.object);
    assert_true(marked.object->deleted_at_ms != 0);
    assert_non_null(strstr(marked.bytes, "\"deletionGracePeriodSeconds\":0"));
    struct tb_result again = run(tb, tb_delete(tb, "f"));
    assert_int_equal(again.rev, marked.rev);
    struct tb_result freed = run(tb, tb_merge(tb, "f", "{\"metadata\":{\"finalizers\":null}}"));
    assert_int_equal(freed.http, 200);
    struct tb_result missing = run(tb, tb_get(tb, "f"));
    assert_int_equal(missing.http, 404);
    tb_result_done(&made);
    tb_result_done(&marked);
    tb_result_done(&again);
    tb_result_done(&freed);
    tb_result_done(&missing);
}

static void
deletes_with_preconditions_and_policies(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(tb, tb_create(tb, CM("p") "}"));
    struct call call = tb_delete(tb, "p");
    call.pre_uid = STR("not-it");
    struct tb_result refused = run(tb, call);
    assert_int_equal(refused.http, 409);
    assert_non_null(strstr(refused.err->message, "the UID in the precondition (not-it) does not "
                                                 "match the UID in record ("));
    call = tb_delete(tb, "p");
    call.propagation_policy = "Foreground";
    struct tb_result marked = run(tb, call);
    assert_non_null(strstr(marked.bytes, "\"finalizers\":[\"foregroundDeletion\"]"));
    call.propagation_policy = "Sideways";
    struct tb_result invalid = run(tb, call);
    assert_int_equal(invalid.http, 422);
    tb_result_done(&made);
    tb_result_done(&refused);
    tb_result_done(&marked);
    tb_result_done(&invalid);
}

static void
deletes_a_collection(void **state)
{
    struct tb *tb = *state;
    for (int i = 0; i < 20; i++) {
        char body[160];
        (void)snprintf(body, sizeof(body),
                       "{\"metadata\":{\"name\":\"c%02d\",\"labels\":{\"half\":\"%d\"}}}", i,
                       i % 2);
        struct tb_result made = run(tb, tb_create(tb, body));
        assert_null(made.err);
        tb_result_done(&made);
    }
    struct call call = call_of(VERB_DELETECOLLECTION, tb->configmaps, STR("default"), STR(""));
    call.label_selector = STR("half=1");
    struct tb_result gone = run(tb, call);
    assert_null(gone.err);
    assert_int_equal(gone.items, 10);
    struct call list = tb_list(tb);
    list.label_selector = STR("half");
    struct tb_result left = run(tb, list);
    assert_string_equal(left.names, "c00,c02,c04,c06,c08,c10,c12,c14,c16,c18");
    tb_result_done(&gone);
    tb_result_done(&left);
}

static void
makes_names(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(tb, tb_create(tb, "{\"metadata\":{\"generateName\":\"g-\"}}"));
    assert_null(made.err);
    assert_int_equal(made.object->name.size, 7);
    assert_true(str_has_prefix(made.object->name, STR("g-")));
    tb_result_done(&made);
    struct tb_result none = run(tb, tb_create(tb, "{\"metadata\":{}}"));
    assert_int_equal(none.http, 422);
    assert_string_equal(none.err->message,
                        "ConfigMap \"\" is invalid: metadata.name: Required value: name or "
                        "generateName is required");
    tb_result_done(&none);
}

static void
denies_who_has_no_rights(void **state)
{
    struct tb *tb = *state;
    struct client *nobody = tb_client(tb, "nobody", NULL);
    struct call call = tb_get(tb, "a");
    struct tb_result denied = tb_call(tb, nobody, &call);
    assert_int_equal(denied.http, 403);
    assert_string_equal(denied.err->message,
                        "configmaps \"a\" is forbidden: User \"nobody\" cannot get resource "
                        "\"configmaps\" in API group \"\" in the namespace \"default\"");
    tb_result_done(&denied);
    client_free(nobody);
}

/* A write that waits half a second for company. */
static struct tb_result
run_patient(struct tb *tb, struct call call)
{
    struct tb_result result;
    tb_start(tb, tb->admin, &call, &result);
    tb_turns(tb, 10);
    tb_warp(tb, 500);
    tb_wait(tb, &result);
    return result;
}

/* An hour after its last write, and not before. */
static void
events_end_after_an_hour(void **state)
{
    struct tb *tb = *state;
    const struct resource *row = registry_find(tb->registry, STR(""), STR("v1"), STR("events"));
    struct call call = call_of(VERB_CREATE, row, STR("default"), STR(""));
    call.body = STR("{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"namespace\":\"default\"},"
                    "\"reason\":\"Tested\"}");
    struct tb_result made = run_patient(tb, call);
    assert_null(made.err);
    tb_warp(tb, 40 * 60000);
    struct call patch = call_of(VERB_PATCH, row, STR("default"), STR("e"));
    patch.body_type = BODY_MERGE_PATCH;
    patch.body = STR("{\"count\":2}");
    struct tb_result patched = run_patient(tb, patch);
    assert_null(patched.err);
    tb_warp(tb, 40 * 60000);
    struct tb_result there = run(tb, call_of(VERB_GET, row, STR("default"), STR("e")));
    assert_int_equal(there.http, 200);
    tb_warp(tb, 20 * 60000 + 1000);
    tb_warp(tb, 1000);
    struct tb_result gone = run(tb, call_of(VERB_GET, row, STR("default"), STR("e")));
    assert_int_equal(gone.http, 404);
    tb_result_done(&made);
    tb_result_done(&patched);
    tb_result_done(&there);
    tb_result_done(&gone);
}

static void
applies(void **state)
{
    struct tb *tb = *state;
    struct call call = call_of(VERB_PATCH, tb->configmaps, STR("default"), STR("ssa"));
    call.body_type = BODY_APPLY;
    call.body = STR("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\ndata:\n  a: '1'\n");
    call.field_manager = STR("one");
    struct tb_result made = run(tb, call);
    assert_null(made.err);
    assert_int_equal(made.http, 201);
    call.field_manager = STR("two");
    call.body = STR("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\ndata:\n  a: '2'\n");
    struct tb_result conflict = run(tb, call);
    assert_int_equal(conflict.http, 409);
    assert_string_equal(conflict.err->causes[0].reason, "FieldManagerConflict");
    call.force = true;
    struct tb_result taken = run(tb, call);
    assert_null(taken.err);
    assert_int_equal(taken.http, 200);
    assert_non_null(strstr(taken.bytes, "\"data\":{\"a\":\"2\"}"));
    struct tb_result same = run(tb, call);
    assert_int_equal(same.rev, taken.rev);
    call.field_manager = STR("");
    struct tb_result unnamed = run(tb, call);
    assert_int_equal(unnamed.http, 422);
    assert_string_equal(
        unnamed.err->message,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is "
        "required for apply patch");
    tb_result_done(&made);
    tb_result_done(&conflict);
    tb_result_done(&taken);
    tb_result_done(&same);
    tb_result_done(&unnamed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_reads_and_deletes, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_what_is_there, serve, leave),
        cmocka_unit_test_setup_teardown(updates_with_and_without_a_revision, serve, leave),
        cmocka_unit_test_setup_teardown(writes_nothing_when_nothing_changes, serve, leave),
        cmocka_unit_test_setup_teardown(dry_runs_store_nothing, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_missing_and_ending_namespaces, serve, leave),
        cmocka_unit_test_setup_teardown(finalizers_hold_an_object_back, serve, leave),
        cmocka_unit_test_setup_teardown(deletes_with_preconditions_and_policies, serve, leave),
        cmocka_unit_test_setup_teardown(deletes_a_collection, serve, leave),
        cmocka_unit_test_setup_teardown(makes_names, serve, leave),
        cmocka_unit_test_setup_teardown(denies_who_has_no_rights, serve, leave),
        cmocka_unit_test_setup_teardown(applies, serve, leave),
        cmocka_unit_test_setup_teardown(events_end_after_an_hour, serve, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
