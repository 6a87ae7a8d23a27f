/* bootstrap/host_key: keys as text, fingerprints as ssh-keygen prints them. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/host_key.h"

#include "base/arena.h"
#include "base/base64.h"
#include "tests/lib/unit.h"

/* ssh-keygen -t ed25519, its .pub and ssh-keygen -lf of it. */
static const char text[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOuCJfVMzrthyojfyS3Xxn/n3v1Ogt5wU2SfI09oMhA";
static const char fingerprint[] = "SHA256:8VCiddhZZbuOJCYvctTEVxG6FGPordM9jOnfrhgktnw";

static void
test_text(void **state)
{
    struct str blob, base64;
    AUTO_ARENA struct arena *arena = arena_new();
    (void)state;
    (void)str_cut(STR(text), ' ', &base64);
    assert_int_equal(base64_decode(base64, arena, &blob, NULL), 0);
    assert_true(str_is(host_key_text(blob, arena), text));
    assert_true(str_is(host_key_type(STR(text)), "ssh-ed25519"));
    assert_true(str_is(host_key_fingerprint(STR(text), arena), fingerprint));
}

static void
test_is(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    (void)state;
    assert_true(host_key_is(STR(text), STR(text), arena));
    assert_true(host_key_is(STR(text), str_of(fingerprint), arena));
    assert_false(host_key_is(STR(text), STR("SHA256:"), arena));
    assert_false(host_key_is(STR(text), STR("ssh-ed25519 AAAA"), arena));
    assert_false(host_key_is(STR(text), STR(""), arena));
}

static void
test_no_key(void **state)
{
    static const char *const bad[] = { "", "abc", "ssh-ed25519" };
    AUTO_ARENA struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(host_key_text(str_of(bad[i]), arena).size, 0);
        assert_int_equal(host_key_fingerprint(str_of(bad[i]), arena).size, 0);
    }
    /* A type with an escape sequence, and one that is longer than what is there. */
    assert_int_equal(host_key_text(str_slice("\0\0\0\3a\033b", 7), arena).size, 0);
    assert_int_equal(host_key_text(str_slice("\0\0\0\11abc", 7), arena).size, 0);
    assert_int_equal(host_key_text(str_slice("\377\377\377\377abc", 7), arena).size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
