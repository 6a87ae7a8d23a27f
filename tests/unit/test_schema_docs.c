/* api/schema_docs: every text belongs to a row that is there, and what people look up first has one. */
#include "config.h" /* IWYU pragma: keep */

#include "api/schema_docs.h"

#include <string.h>

#include "api/registry.h"
#include "api/schema.h"
#include "base/map.h"
#include "base/str.h"
#include "tests/lib/unit.h"

/* Kinds that are explained whole, and all of their own metadata. */
static const char *const whole[] = {
    "meta/v1.ObjectMeta",     "meta/v1.OwnerReference", "meta/v1.LabelSelector",
    "core/v1.ConfigMap",      "core/v1.Secret",         "core/v1.Namespace",
    "core/v1.Container",      "core/v1.EnvVar",         "core/v1.Probe",
    "core/v1.Toleration",     "core/v1.ServicePort",    "apps/v1.Deployment",
    "apps/v1.DeploymentSpec", "rbac/v1.PolicyRule",     "apps/v1.DeploymentStrategy"
};

static struct map types; /* name → struct type, of all that built-in kinds reach */

static void
reach(const struct type *type)
{
    if (map_put(&types, str_of(type->name), (void *)(uintptr_t)type) != NULL) {
        return;
    }
    for (uint16_t i = 0; i < type->field_len; i++) {
        if (type->fields[i].of != NULL) {
            reach(type->fields[i].of);
        }
    }
}

static int
set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < kinds_builtin_len; i++) {
        reach(kinds_builtin[i]->type);
    }
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    map_done(&types, NULL);
    return 0;
}

static bool
has_field(const struct type *type, const char *name)
{
    for (uint16_t i = 0; i < type->field_len; i++) {
        if (type->fields[i].json != NULL && strcmp(type->fields[i].json, name) == 0) {
            return true;
        }
    }
    return false;
}

static void
test_texts_have_rows(void **state)
{
    const struct type *type = NULL;
    (void)state;
    for (size_t i = 0; i < schema_docs_len; i++) {
        const struct schema_doc *doc = &schema_docs[i];
        if (doc->type != NULL) {
            type = map_get(&types, str_of(doc->type));
            if (type == NULL || schema_docs_of(doc->type) != doc) {
                fail_msg("%s: no such type, or twice", doc->type);
            }
        } else if (!has_field(type, doc->field)) {
            fail_msg("%s has no field '%s'", type->name, doc->field);
        }
        struct str text = str_of(doc->text);
        assert_true(str_has_suffix(text, STR(".")));
        assert_false(text.at[0] >= 'a' && text.at[0] <= 'z' && doc->type != NULL);
    }
}

static void
test_what_is_looked_up_first_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        const struct type *type = map_get(&types, str_of(whole[i]));
        assert_non_null(type);
        const struct schema_doc *block = schema_docs_of(type->name);
        assert_non_null(block);
        for (uint16_t f = 0; f < type->field_len; f++) {
            const struct field *field = &type->fields[f];
            bool is_inline = (field->flags & FIELD_INLINE) != 0;
            if (!is_inline && schema_docs_field(block, field->json) == NULL) {
                fail_msg("%s.%s has no text", type->name, field->json);
            }
        }
    }
    assert_null(schema_docs_of("core/v1.None"));
    assert_null(schema_docs_field(schema_docs_of("core/v1.Secret"), "none"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_have_rows),
        cmocka_unit_test(test_what_is_looked_up_first_is_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
