/* Status bodies: written, read back, and the texts of the common errors. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/status.h"
#include "base/arena.h"
#include "base/err.h"

static const char *
written(struct arena *arena, const struct err *err)
{
    struct jw out;
    jw_init(&out, arena);
    status_write(err, &out);
    return arena_dupz(arena, jw_done(&out));
}

static void
test_texts(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    assert_int_equal(status_not_found(&err, &resource_deployments, STR("web")), -1);
    assert_string_equal(written(arena, err),
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
                        "\"Failure\",\"message\":\"deployments.apps \\\"web\\\" not found\","
                        "\"reason\":\"NotFound\",\"details\":{\"name\":\"web\",\"group\":\"apps\","
                        "\"kind\":\"deployments\"},\"code\":404}");
    err_clear(&err);
    (void)status_already_exists(&err, &resource_configmaps, STR("a\"b"));
    assert_string_equal(err->message, "configmaps \"a\\\"b\" already exists");
    assert_int_equal(err_http(err), 409);
    err_clear(&err);
    (void)status_conflict(&err, &resource_pods, STR("p"), NULL);
    assert_string_equal(
        err->message, "Operation cannot be fulfilled on pods \"p\": the object has been modified; "
                      "please apply your changes to the latest version and try again");
    err_clear(&err);
    (void)status_forbidden(&err, &resource_pods, STR("p"), "why");
    assert_string_equal(err->message, "pods \"p\" is forbidden: why");
    err_clear(&err);
    (void)status_forbidden(&err, &resource_pods, STR(""), "why");
    assert_string_equal(err->message, "pods is forbidden: why");
}

static void
test_read(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL, *none = NULL;
    static const char body[] =
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{\"continue\":\"t\"},\"status\":"
        "\"Failure\",\"message\":\"m\",\"reason\":\"Invalid\",\"details\":{\"name\":\"n\","
        "\"group\":\"g\",\"kind\":\"k\",\"uid\":\"u\",\"causes\":[{\"reason\":"
        "\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"spec.x\"}],"
        "\"retryAfterSeconds\":3},\"code\":422}";
    struct doc *doc = doc_parse(arena, STR(body), &none);
    err = status_read(doc_root(doc), 422);
    assert_int_equal(err->code, ERR_INVALID);
    assert_int_equal(err->cause_len, 1);
    assert_int_equal(err->retry_after_s, 3);
    assert_string_equal(written(arena, err), body);
    err_clear(&err);
    err = status_read((struct val){ 0 }, 502);
    assert_int_equal(err_http(err), 502);
}

static void
test_deleted(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct jw out;
    jw_init(&out, arena);
    status_write_deleted(&resource_configmaps, STR("a"), STR("u"), &out);
    assert_true(str_is(jw_done(&out),
                       "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
                       "\"Success\",\"details\":{\"name\":\"a\",\"kind\":\"configmaps\",\"uid\":"
                       "\"u\"}}"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
