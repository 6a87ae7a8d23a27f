/* Published objects: the splice, the slices, and the stored form again. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"

static struct object *
publish(const struct resource *resource, const char *stored, uint64_t rev)
{
    struct object *object = NULL;
    struct err *err = NULL;
    if (object_publish(resource, str_of(stored), rev, 0, &object, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return object;
}

static void
assert_bytes(struct str got, const char *wanted)
{
    AUTO_FREE char *text = str_dup(got);
    assert_string_equal(text, wanted);
}

static void
test_splice(void **state)
{
    (void)state;
    static const struct resource custom = {
        .group = "x", .version = "v1", .kind = "X", .plural = "xs", .flags = RES_CRD
    };
    static const struct {
        bool is_custom;
        const char *stored, *bytes;
    } cases[] = {
        { false,
          "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
          "\"labels\":{\"l\":\"1\"}}}",
          "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"uid\":\"u\","
          "\"resourceVersion\":\"42\",\"labels\":{\"l\":\"1\"}}}" },
        { false, "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{}}",
          "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"42\"}}" },
        { false, "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{\"labels\":{}}}",
          "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"42\","
          "\"labels\":{}}}" },
        { true, "{\"apiVersion\":\"x/v1\",\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}",
          "{\"apiVersion\":\"x/v1\",\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"42\","
          "\"uid\":\"u\"}}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_OBJECT struct object *object =
            publish(cases[i].is_custom ? &custom : &resource_configmaps, cases[i].stored, 42);
        assert_bytes(object_bytes(object), cases[i].bytes);
        assert_bytes(str_slice(object_bytes(object).at + object->rv_at, object->rv_size), "42");
        assert_bytes(object_stored(object, arena), cases[i].stored);
        AUTO_OBJECT struct object *later = object_at_rev(object, 12345);
        assert_int_equal(later->rev, 12345);
        assert_int_equal(later->create_rev, 42);
        assert_bytes(str_slice(object_bytes(later).at + later->rv_at, later->rv_size), "12345");
        assert_bytes(object_stored(later, arena), cases[i].stored);
    }
}

static void
test_members(void **state)
{
    (void)state;
    AUTO_OBJECT struct object *object = publish(
        &resource_namespaces,
        "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\",\"namespace\":"
        "\"\\u0061b\",\"uid\":\"u-1\",\"generation\":3,\"deletionTimestamp\":"
        "\"1970-01-01T00:00:02Z\",\"labels\":{\"a\":\"1\",\"b\":\"\\u003c\"},\"ownerReferences\":["
        "{\"uid\":\"x\"},{\"controller\":true,\"uid\":\"o\"}]},\"status\":{\"phase\":\"Active\"}}",
        9);
    assert_true(str_is(object->name, "n"));
    assert_true(str_is(object->ns, "ab"));
    assert_true(str_is(object->uid, "u-1"));
    assert_true(str_is(object->owner_uid, "o"));
    assert_int_equal(object->generation, 3);
    assert_int_equal(object->deleted_at_ms, 2000);
    assert_true(str_is(labels_get(object->labels, STR("b")), "<"));
    assert_true(str_is(labels_get(object->labels, STR("a")), "1"));
    assert_null(labels_get(object->labels, STR("c")).at);
    assert_int_equal(object->index[0], object_index_hash(STR("Active")));
    assert_true(str_has_prefix(object_item_bytes(object), STR("\"metadata\":{\"name\":\"n\"")));
    object_pin(object);
    assert_true(val_is_str(val_at(object_val(object), "metadata.resourceVersion"), "9"));
    object_unpin(object);
    AUTO_OBJECT struct object *other = object_ref(object);
    assert_ptr_equal(other, object);
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "{", "[]", "{\"metadata\":1}" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct object *object = NULL;
        AUTO_ERR struct err *err = NULL;
        assert_int_equal(object_publish(&resource_configmaps, str_of(bad[i]), 1, 0, &object, &err),
                         -1);
        assert_non_null(err);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
