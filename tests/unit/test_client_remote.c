/* client/client_remote: requests as a server sees them, answers, errors, and every way to end. */
#include "config.h" /* IWYU pragma: keep */

#include "client/client.h"

#include "api/object.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/remote_box.h"
#include "tests/lib/unit.h"

static void
test_get_an_object(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_GET);

    remote_box_ask(box, &call, 200, REMOTE_BOX_MAP("x", "17") "\n");
    assert_int_equal(box->dones, 1);
    assert_null(box->err);
    assert_int_equal(box->http, 200);
    assert_int_equal(box->rev, 17);
    assert_non_null(box->object);
    assert_int_equal(box->object->rev, 17);
    assert_true(str_is(box->object->ns, "a"));
    assert_true(str_is(object_bytes(box->object), REMOTE_BOX_MAP("x", "17")));
    assert_true(remote_box_heard(box, "GET /prefix/api/v1/namespaces/a/configmaps/x\n"));
    assert_true(remote_box_heard(box, "accept: application/json\n"));
    assert_true(remote_box_heard(box, "authorization: Bearer secret\n"));
    assert_true(remote_box_heard(box, "user-agent: test/1\n"));
    assert_false(remote_box_heard(box, "content-type"));
    assert_false(remote_box_heard(box, "impersonate"));
}

static void
test_objects_however_they_are_written(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_GET);
    static const char *const texts[] = {
        "{ \"kind\" : \"ConfigMap\" , \"apiVersion\" : \"v1\", \"metadata\" : { \"resourceVersion\" "
        ": \"5\" , \"name\":\"x\", \"uid\":\"u\" } }",
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\",\n"
        "\"resourceVersion\":\"5\"}}",
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"5\"}}",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        remote_box_ask(box, &call, 200, texts[i]);
        assert_null(box->err);
        assert_int_equal(box->object->rev, 5);
        object_pin(box->object);
        assert_true(val_is_str(val_at(object_val(box->object), "metadata.resourceVersion"), "5"));
        object_unpin(box->object);
    }
    remote_box_ask(box, &call, 200, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{");
    assert_int_equal(box->err->code, ERR_BAD_REQUEST);
}

static void
test_list(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_LIST);

    remote_box_ask(
        box, &call, 200,
        "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"30\","
        "\"continue\":\"more\"},\"items\":[{\"metadata\":{\"name\":\"x\",\"namespace\":\"a\","
        "\"uid\":\"1\",\"resourceVersion\":\"7\"},\"data\":{}},{\"metadata\":{\"name\":\"y\","
        "\"namespace\":\"a\",\"uid\":\"2\",\"resourceVersion\":\"8\"}}]}");
    remote_box_expect(box, "x@7 y@8 continue:more ");
    assert_int_equal(box->rev, 30);
    /* A Go server's empty list. */
    remote_box_ask(
        box, &call, 200,
        "{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\"31\"},\"items\":[]}");
    remote_box_expect(box, "");
    assert_int_equal(box->rev, 31);
    remote_box_ask(box, &call, 200, "{\"kind\":\"ConfigMapList\",\"metadata\":{},\"items\":[1]}");
    assert_int_equal(box->err->code, ERR_INTERNAL);
}

static void
test_writes(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_PATCH);

    call.body = STR("{\"data\":{}}");
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("me");
    remote_box_ask(box, &call, 200, REMOTE_BOX_MAP("x", "18"));
    assert_int_equal(box->object->rev, 18);
    assert_true(
        remote_box_heard(box, "PATCH /prefix/api/v1/namespaces/a/configmaps/x?fieldManager=me\n"));
    assert_true(remote_box_heard(box, "content-type: application/merge-patch+json\n"));
    assert_true(remote_box_heard(box, "{\"data\":{}}"));
    /* A DELETE is answered with a Status. */
    call = remote_box_map_call(box, VERB_DELETE);
    call.grace_s = 3;
    remote_box_ask(box, &call, 200,
                   "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}");
    assert_null(box->err);
    assert_null(box->object);
    remote_box_expect(box, "doc:Status ");
    assert_true(remote_box_heard(box, "\"gracePeriodSeconds\":3"));
}

static void
test_other_answers(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_LIST);

    call.accept = ACCEPT_TABLE;
    remote_box_ask(box, &call, 200,
                   "{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"9\"}}");
    remote_box_expect(box, "doc:Table ");
    assert_int_equal(box->rev, 9);
    assert_true(remote_box_heard(
        box, "accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\n"));
    call = call_of(VERB_GET, NULL, (struct str){ 0 }, (struct str){ 0 });
    call.path = STR("/version");
    call.accept = ACCEPT_RAW;
    remote_box_ask(box, &call, 200, "not JSON");
    assert_null(box->err);
    assert_true(remote_box_heard(box, "GET /prefix/version\n"));
}

static void
test_refusals(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_GET);

    remote_box_ask(
        box, &call, 404,
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message"
        "\":\"configmaps \\\"x\\\" not found\",\"reason\":\"NotFound\",\"details\":{\"name\":\"x\","
        "\"kind\":\"configmaps\"},\"code\":404}");
    assert_int_equal(box->err->code, ERR_NOT_FOUND);
    assert_string_equal(box->err->message, "configmaps \"x\" not found");
    assert_string_equal(box->err->name, "x");
    /* What stands between may answer anything. */
    box->retry_after = "7";
    remote_box_ask(box, &call, 503, "<html>no</html>\n");
    assert_int_equal(box->err->code, ERR_UNAVAILABLE);
    assert_string_equal(box->err->message, "the server answered 503: <html>no</html>");
    assert_int_equal(box->err->retry_after_s, 7);
}

static void
test_ends(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_GET);

    /* No answer. */
    remote_box_ask(box, &call, 0, "");
    assert_int_equal(box->dones, 0);
    clock_warp(65 * 1000);
    remote_box_run(box);
    assert_int_equal(box->dones, 1);
    assert_int_equal(box->err->code, ERR_TIMEOUT);
    /* Cancelled, and cancelled in the moment of its answer. */
    remote_box_ask(box, &call, 0, "");
    client_cancel(box->handle);
    assert_int_equal(box->dones, 1);
    remote_box_run(box);
    assert_int_equal(box->dones, 2);
    assert_int_equal(box->err->code, ERR_CANCELLED);
    /* The client goes. */
    remote_box_ask(box, &call, 0, "");
    client_free(box->client);
    assert_int_equal(box->dones, 2);
    remote_box_run(box);
    assert_int_equal(box->dones, 3);
    assert_int_equal(box->err->code, ERR_CANCELLED);
    box->client = NULL;
}

int
main(void)
{
#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, remote_box_open, remote_box_close)
    const struct CMUnitTest tests[] = {
        WITH_BOX(test_get_an_object), WITH_BOX(test_objects_however_they_are_written),
        WITH_BOX(test_list),          WITH_BOX(test_writes),
        WITH_BOX(test_other_answers), WITH_BOX(test_refusals),
        WITH_BOX(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
