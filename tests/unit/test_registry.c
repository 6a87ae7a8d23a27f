/* The registry: finding, order of discovery, keys; and the tables' own consistency. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/kinds_types.h"
#include "base/arena.h"
#include "base/err.h"

static void
test_find(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct registry *registry = registry_new(kinds_builtin, kinds_builtin_len);
    const struct resource *pods = registry_find(registry, STR(""), STR("v1"), STR("pods"));
    assert_ptr_equal(pods, &resource_pods);
    assert_ptr_equal(registry_kind(registry, STR("apps"), STR("v1"), STR("Deployment")),
                     &resource_deployments);
    assert_ptr_equal(registry_any_version(registry, STR("apps"), STR("replicasets")),
                     &resource_replicasets);
    assert_null(registry_find(registry, STR(""), STR("v1"), STR("deployments")));
    assert_null(registry_find(registry, STR(""), STR(""), STR("")));
    assert_int_equal(registry_len(registry), kinds_builtin_len);
    assert_string_equal(registry_at(registry, 0)->plural, "bindings");
    for (size_t i = 1; i < registry_len(registry); i++) {
        const struct resource *a = registry_at(registry, i - 1), *b = registry_at(registry, i);
        assert_true(strcmp(a->group, b->group) != 0 || strcmp(a->version, b->version) != 0 ||
                    strcmp(a->plural, b->plural) < 0);
    }
    assert_true(str_is(resource_key(pods, STR("ns"), STR("p"), arena), "/registry/core/pods/ns/p"));
    assert_true(
        str_is(resource_key(&resource_nodes, STR(""), STR("n"), arena), "/registry/core/nodes/n"));
    assert_true(str_is(resource_prefix(&resource_events_v1, arena), "/registry/core/events/"));
    assert_true(str_is(resource_qualified(&resource_deployments, arena), "deployments.apps"));
    assert_true(str_is(resource_api_version(&resource_deployments, arena), "apps/v1"));
    assert_non_null(resource_sub(pods, STR("status")));
    assert_null(resource_sub(pods, STR("scale")));
    assert_string_equal(verb_name(VERB_DELETECOLLECTION), "deletecollection");
    registry_unref(registry_ref(registry));
    registry_unref(registry);
}

/* ---- the tables ---- */

struct seen {
    const struct type *types[2048];
    size_t len;
};

static void
check_row(const struct type *type, const struct field *field)
{
    if ((field->flags & FIELD_INLINE) != 0) {
        assert_non_null(field->of);
        return;
    }
    if (field->json[0] == '\0') {
        fail_msg("%s has a row without a name", type->name);
    }
    bool needs_type = field->type == FIELD_OBJECT || field->type >= FIELD_SCHEMA_OR_BOOL;
    if (needs_type != (field->of != NULL)) {
        fail_msg("%s.%s: of does not fit its type", type->name, field->json);
    }
    if (field->list == LIST_MAP) {
        /* Keys are members of the items. */
        struct str rest = str_of(field->list_keys);
        assert_int_equal(field->card, CARD_LIST);
        while (rest.at != NULL) {
            struct str key = str_cut(rest, ',', &rest);
            if (type_field(field->of, key) == NULL) {
                fail_msg("%s.%s: no key " STR_FMT, type->name, field->json, STR_ARG(key));
            }
        }
    }
    if (field->merge_key != NULL && type_field(field->of, str_of(field->merge_key)) == NULL) {
        fail_msg("%s.%s: no merge key %s", type->name, field->json, field->merge_key);
    }
    if (field->def != NULL) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        if (doc_parse(arena, str_of(field->def), &err) == NULL) {
            fail_msg("%s.%s: the default is no JSON", type->name, field->json);
        }
    }
}

static void
check_type(const struct type *type, struct seen *seen)
{
    for (size_t i = 0; i < seen->len; i++) {
        if (seen->types[i] == type) {
            return;
        }
    }
    assert_true(seen->len < ARRAY_LEN(seen->types));
    seen->types[seen->len++] = type;
    const struct type_index *index = type_index(type);
    for (size_t i = 0; i < index->len; i++) {
        const struct type_slot *slot = &index->slots[i];
        /* Each name is found, and found as itself: none stands twice. */
        if (type_slot(index, slot->name, SIZE_MAX) != slot) {
            fail_msg("%s.%s stands twice", type->name, slot->field->json);
        }
    }
    for (size_t i = 0; i < type->field_len; i++) {
        const struct field *field = &type->fields[i];
        check_row(type, field);
        for (size_t k = 0; k < i; k++) {
            if (field->number != 0 && type->fields[k].number == field->number) {
                fail_msg("%s: number %u stands twice", type->name, field->number);
            }
        }
        if (field->of != NULL) {
            check_type(field->of, seen);
        }
    }
}

static void
test_tables(void **state)
{
    (void)state;
    struct seen seen = { 0 };
    for (size_t i = 0; i < kinds_builtin_len + kinds_unserved_len; i++) {
        const struct resource *r =
            i < kinds_builtin_len ? kinds_builtin[i] : kinds_unserved[i - kinds_builtin_len];
        check_type(r->type, &seen);
        assert_non_null(type_path(r->type, "metadata"));
        for (size_t k = 0; k < r->selectable_len; k++) {
            const char *path = r->selectables[k].path;
            const struct type *stored = r->storage == NULL ? r->type : r->storage->type;
            if (path != NULL && type_path(stored, path) == NULL) {
                fail_msg("%s: no field %s", r->plural, path);
            }
        }
        const char *const resets[] = { r->reset_main, r->reset_status };
        for (size_t k = 0; k < ARRAY_LEN(resets); k++) {
            struct str rest = str_of(resets[k]);
            while (rest.at != NULL) {
                AUTO_FREE char *path = str_dup(str_cut(rest, ',', &rest));
                if (type_path(r->type, path) == NULL) {
                    fail_msg("%s: no field %s to reset", r->plural, path);
                }
            }
        }
    }
    assert_true(seen.len > 480);
}

static void
test_paths(void **state)
{
    (void)state;
    const struct field *field = type_path(resource_pods.type, "spec.containers.ports.hostPort");
    assert_non_null(field);
    assert_int_equal(field->type, FIELD_INT32);
    /* Members of embedded structs stand in the parent. */
    assert_non_null(type_path(resource_pods.type, "spec.volumes.configMap.name"));
    assert_non_null(type_path(resource_pods.type, "kind"));
    assert_null(type_path(resource_pods.type, "spec.nothing"));
    assert_null(type_path(resource_pods.type, "spec.nodeName.x"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
