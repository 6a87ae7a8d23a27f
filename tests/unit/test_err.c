/* base/err: codes and statuses, wrapping, details, causes, copies. */
#include "config.h" /* IWYU pragma: keep */

#include "base/err.h"

#include <errno.h>

#include "base/str.h"
#include "tests/lib/unit.h"

static void
test_set_and_table(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(err_set(&err, ERR_NOT_FOUND, "pods \"%s\" not found", "web"), -1);
    assert_string_equal(err->message, "pods \"web\" not found");
    assert_int_equal(err_http(err), 404);
    assert_string_equal(err_reason(err), "NotFound");
    err->http = 403;
    assert_int_equal(err_http(err), 403);
}

static void
test_sys_and_wrap(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(err_sys(&err, EACCES, "open '%s'", "/x"), -1);
    assert_string_equal(err->message, "open '/x': Permission denied");
    assert_int_equal(err->sys, EACCES);
    assert_int_equal(err->code, ERR_IO);
    assert_int_equal(err_wrap(&err, "read %s", "ca.crt"), -1);
    assert_string_equal(err->message, "read ca.crt: open '/x': Permission denied");
}

static void
test_wrap_leaves_api_messages(void **state)
{
    (void)state;
    AUTO_ERR struct err *conflict = NULL;
    AUTO_ERR struct err *timeout = NULL;

    (void)err_set(&conflict, ERR_CONFLICT, "the object has been modified");
    (void)err_wrap(&conflict, "update");
    assert_string_equal(conflict->message, "the object has been modified");
    (void)err_set(&timeout, ERR_TIMEOUT, "no answer");
    (void)err_wrap(&timeout, "dial");
    assert_string_equal(timeout->message, "dial: no answer");
    (void)err_details(&timeout, NULL, "pods", "web");
    (void)err_wrap(&timeout, "again");
    assert_string_equal(timeout->message, "dial: no answer");
}

static void
test_details_and_causes_are_copied(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    char name[] = "web";

    (void)err_set(&err, ERR_INVALID, "Deployment.apps \"web\" is invalid");
    (void)err_details(&err, "apps", "Deployment", name);
    (void)err_details(&err, NULL, NULL, "web-2");
    name[0] = 'X';
    err_cause(err, "FieldValueRequired", "spec.selector", "Required value");
    err_cause(err, "FieldValueInvalid", "spec.replicas", "Invalid value: %d", -1);
    assert_true(err_has_cause(err, "FieldValueInvalid"));
    assert_false(err_has_cause(err, "FieldValue"));
    AUTO_ERR struct err *copy = err_copy(err);

    err_clear(&err);
    assert_null(err);
    assert_string_equal(copy->group, "apps");
    assert_string_equal(copy->kind, "Deployment");
    assert_string_equal(copy->name, "web-2");
    assert_int_equal(copy->cause_len, 2);
    assert_string_equal(copy->causes[0].field, "spec.selector");
    assert_string_equal(copy->causes[1].message, "Invalid value: -1");
    assert_null(err_copy(NULL));
    err_move(&err, &copy);
    assert_null(copy);
    assert_int_equal(err->code, ERR_INVALID);
}

static void
test_code_of_a_status_body(void **state)
{
    (void)state;
    static const struct {
        const char *reason;
        int http;
        enum err_code code;
    } rows[] = {
        { "NotFound", 404, ERR_NOT_FOUND },
        { "AlreadyExists", 409, ERR_ALREADY_EXISTS },
        { "Conflict", 409, ERR_CONFLICT },
        { "", 409, ERR_CONFLICT },
        { NULL, 410, ERR_GONE },
        { "Expired", 410, ERR_EXPIRED },
        { "InternalError", 500, ERR_INTERNAL },
        { "Timeout", 504, ERR_TIMEOUT },
        { "NeverHeardOf", 503, ERR_UNAVAILABLE },
        { "", 418, ERR_INTERNAL },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(err_code_of(rows[i].reason, rows[i].http), rows[i].code);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_table),
        cmocka_unit_test(test_sys_and_wrap),
        cmocka_unit_test(test_wrap_leaves_api_messages),
        cmocka_unit_test(test_details_and_causes_are_copied),
        cmocka_unit_test(test_code_of_a_status_body),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
