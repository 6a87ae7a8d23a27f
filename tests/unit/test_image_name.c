/* Image names: distribution's reference grammar. */
#include "config.h"

#include "tests/lib/unit.h"

#include "api/image_name.h"

#define SHA "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *domain, *path, *tag, *digest;
    } cases[] = {
        { "nginx", "", "nginx", "latest", "" },
        { "nginx:1.2", "", "nginx", "1.2", "" },
        { "team/app", "", "team/app", "latest", "" },
        { "registry.io/team/app:x", "registry.io", "team/app", "x", "" },
        { "localhost/app", "localhost", "app", "latest", "" },
        { "host:5000/app", "host:5000", "app", "latest", "" },
        { "[::1]:5000/app", "[::1]:5000", "app", "latest", "" },
        { "Host/app", "Host", "app", "latest", "" },
        { "app@" SHA, "", "app", "", SHA },
        { "app:1@" SHA, "", "app", "1", SHA },
        { "a__b-c--d.e", "", "a__b-c--d.e", "latest", "" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image_name name = { 0 };
        assert_int_equal(image_name_parse(str_of(cases[i].text), &name), 0);
        assert_true(str_is(name.domain, cases[i].domain));
        assert_true(str_is(name.path, cases[i].path));
        assert_true(str_is(name.tag, cases[i].tag));
        assert_true(str_is(name.digest, cases[i].digest));
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Nginx",
        "a b",
        "a:",
        "a:-x",
        "a@x",
        "a@sha256:12",
        "a//b",
        "/a",
        "a/",
        "-a",
        "a___b",
        "a..b",
        "registry.io/",
        "host:/a",
        ".a/b",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct image_name name = { 0 };
        if (image_name_parse(str_of(bad[i]), &name) == 0) {
            fail_msg("%s was taken", bad[i]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
