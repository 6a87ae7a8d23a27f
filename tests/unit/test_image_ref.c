/* Image references and the credentials that fit them. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/image_auth.h"
#include "agent/image_ref.h"
#include "agent/pod_source.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
test_names(void **state)
{
    static const char *const rows[][2] = {
        { "nginx", "docker.io/library/nginx:latest" },
        { "nginx:1.25", "docker.io/library/nginx:1.25" },
        { "team/app", "docker.io/team/app:latest" },
        { "index.docker.io/library/nginx", "docker.io/library/nginx:latest" },
        { "quay.io/a/b:c", "quay.io/a/b:c" },
        { "localhost/x", "localhost/x:latest" },
        { "10.0.0.1:5000/x_y/z-z:V1", "10.0.0.1:5000/x_y/z-z:V1" },
        { "nginx@sha256:" HEX64, "docker.io/library/nginx@sha256:" HEX64 },
        { "r.k8s.io/p:3@sha256:" HEX64, "r.k8s.io/p:3@sha256:" HEX64 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct err *err = NULL;
        struct image_ref name;

        if (image_ref_parse(arena, str_of(rows[i][0]), &name, &err) < 0) {
            fail_msg("%s", err->message);
        }
        assert_true(str_is(image_ref_full(arena, &name), rows[i][1]));
    }
}

static void
test_refusals(void **state)
{
    static const char *const rows[][2] = {
        { "", "couldn't parse image name \"\": invalid reference format" },
        { "a b", "couldn't parse image name \"a b\": invalid reference format" },
        { "a//b", "couldn't parse image name \"a//b\": invalid reference format" },
        { "Nginx", "couldn't parse image name \"Nginx\": invalid reference format: repository name "
                   "must be lowercase" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        struct image_ref name;

        assert_int_equal(image_ref_parse(arena, str_of(rows[i][0]), &name, &err), -1);
        assert_string_equal(err->message, rows[i][1]);
    }
}

static void
test_patterns(void **state)
{
    static const struct {
        const char *pattern, *host, *path;
        bool fits;
    } rows[] = {
        { "quay.io", "quay.io", "a/b", true },
        { "https://quay.io/v1/", "quay.io", "a/b", true },
        { "quay.io/a", "quay.io", "a/b", true },
        { "quay.io/c", "quay.io", "a/b", false },
        { "*.example.com", "r.example.com", "x", true },
        { "*.example.com", "example.com", "x", false },
        { "*.example.com", "a.r.example.com", "x", false },
        { "r*y.io", "registry.io", "x", true },
        { "https://index.docker.io/v1/", "docker.io", "library/nginx", true },
        { "quay.io:5000", "quay.io:5000", "x", true },
        { "quay.io:5000", "quay.io:6000", "x", false },
        { "", "quay.io", "x", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (image_auth_matches(str_of(rows[i].pattern), str_of(rows[i].host),
                               str_of(rows[i].path)) != rows[i].fits) {
            fail_msg("%s against %s/%s", rows[i].pattern, rows[i].host, rows[i].path);
        }
    }
}

static void
test_credentials(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pod_sources sources = { .arena = arena };
    struct pod_source at[2] = { { .kind = POD_SOURCE_SECRET }, { .kind = POD_SOURCE_SECRET } };
    struct image_auth auths[IMAGE_AUTH_MAX];
    struct image_ref name = { .host = STR("quay.io"), .path = STR("team/app") };
    struct str config =
        STR("{\"auths\":{\"quay.io\":{\"auth\":\"dXNlcjpwYTpzcw==\"},\"other.io\":"
            "{\"username\":\"x\"},\"quay.io/team\":{\"username\":\"t\",\"password\":"
            "\"p\"}}}");
    struct str old = STR("{\"quay.io\":{\"username\":\"old\",\"password\":\"o\"}}");
    struct err *err = NULL;

    (void)state;
    at[0].object =
        doc_root(doc_parse(arena,
                           arena_printf(arena, "{\"data\":{\".dockerconfigjson\":\"" STR_FMT "\"}}",
                                        STR_ARG(base64_encode(config, arena))),
                           &err));
    at[1].object =
        doc_root(doc_parse(arena,
                           arena_printf(arena, "{\"data\":{\".dockercfg\":\"" STR_FMT "\"}}",
                                        STR_ARG(base64_encode(old, arena))),
                           &err));
    sources.at = at;
    sources.len = 2;
    assert_int_equal(image_auth_find(arena, &sources, &name, auths), 3);
    assert_true(str_is(auths[0].username, "t")); /* the longest first */
    assert_true(str_is(auths[1].username, "user"));
    assert_true(str_is(auths[1].password, "pa:ss"));
    assert_true(str_is(auths[2].username, "old"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
