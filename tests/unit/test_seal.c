/* seal: round trip, binding to the key, every changed byte is seen, rotation, the key file. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/seal.h"

static char dir[64];
static char path[80];

static int
setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/binnacle-seal-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/seal.key", dir);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir); /* so nothing else was left there */
}

static struct seal *
open_seal(bool create)
{
    struct seal *seal = NULL;
    struct err *err = NULL;

    if (seal_open(path, create, &seal, &err) != 0) {
        fail_msg("%s", err->message);
    }
    return seal;
}

static void
assert_refused(bool create, const char *part)
{
    struct seal *seal = NULL;
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(seal_open(path, create, &seal, &err), -1);
    assert_null(seal);
    if (strstr(err->message, part) == NULL) {
        fail_msg("'%s' not in: %s", part, err->message);
    }
}

static struct buf *
sealed(struct seal *seal, const char *plain)
{
    struct buf *buf = NULL;
    struct err *err = NULL;

    assert_int_equal(seal_encrypt(seal, STR("/r/key"), str_of(plain), &buf, &err), 0);
    assert_true(seal_is_sealed(buf_str(buf)));
    return buf;
}

static bool
opens_as(struct seal *seal, const char *key, const struct buf *buf, const char *plain)
{
    AUTO_BUF struct buf *opened = NULL;
    AUTO_ERR struct err *err = NULL;

    if (seal_decrypt(seal, str_of(key), buf_str(buf), &opened, &err) != 0) {
        assert_null(opened);
        assert_non_null(err);
        return false;
    }
    return str_is(buf_str(opened), plain);
}

static void
test_round_trip(void **state)
{
    (void)state;
    struct seal *seal = open_seal(true);
    AUTO_BUF struct buf *one = sealed(seal, "{\"a\":1}");
    AUTO_BUF struct buf *two = sealed(seal, "{\"a\":1}");
    AUTO_BUF struct buf *empty = sealed(seal, "");
    struct stat about;

    assert_true(opens_as(seal, "/r/key", one, "{\"a\":1}"));
    assert_true(opens_as(seal, "/r/key", empty, ""));
    assert_false(str_eq(buf_str(one), buf_str(two))); /* a nonce of its own each */
    assert_false(opens_as(seal, "/r/kez", one, "{\"a\":1}"));
    assert_false(seal_is_sealed(STR("{\"a\":1}")));
    assert_false(seal_is_sealed((struct str){ 0 }));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    seal_free(seal);
}

static void
test_every_change_is_seen(void **state)
{
    (void)state;
    struct seal *seal = open_seal(true);
    AUTO_BUF struct buf *good = sealed(seal, "secret");

    for (size_t i = 0; i < good->size; i++) {
        AUTO_BUF struct buf *bad = buf_copy(buf_str(good));

        bad->at[i] ^= 1;
        assert_false(opens_as(seal, "/r/key", bad, "secret"));
        AUTO_BUF struct buf *cut = buf_copy(str_slice(good->at, i));

        assert_false(opens_as(seal, "/r/key", cut, "secret"));
    }
    assert_true(opens_as(seal, "/r/key", good, "secret"));
    seal_free(seal);
}

static void
test_rotation_keeps_older_keys(void **state)
{
    (void)state;
    struct seal *seal = open_seal(true);
    AUTO_BUF struct buf *before = sealed(seal, "before");
    struct err *err = NULL;

    assert_int_equal(seal_rotate(seal, &err), 0);
    AUTO_BUF struct buf *after = sealed(seal, "after");

    assert_memory_not_equal(before->at + 4, after->at + 4, 4); /* the key's id */
    assert_true(opens_as(seal, "/r/key", before, "before"));
    seal_free(seal);
    seal = open_seal(false);
    assert_true(opens_as(seal, "/r/key", before, "before"));
    assert_true(opens_as(seal, "/r/key", after, "after"));
    AUTO_BUF struct buf *later = sealed(seal, "later");

    assert_memory_equal(after->at + 4, later->at + 4, 4);
    for (int i = 2; i < 64; i++) {
        assert_int_equal(seal_rotate(seal, &err), 0);
    }
    assert_int_equal(seal_rotate(seal, &err), -1);
    err_free(err);
    seal_free(seal);
}

static void
test_another_key_is_named(void **state)
{
    (void)state;
    struct seal *seal = open_seal(true);
    AUTO_BUF struct buf *value = sealed(seal, "x");
    AUTO_BUF struct buf *opened = NULL;
    AUTO_ERR struct err *err = NULL;
    char id[16];

    seal_free(seal);
    assert_int_equal(unlink(path), 0);
    seal = open_seal(true);
    assert_int_equal(seal_decrypt(seal, STR("/r/key"), buf_str(value), &opened, &err), -1);
    (void)snprintf(id, sizeof id, "%02x%02x%02x%02x", (unsigned char)value->at[4],
                   (unsigned char)value->at[5], (unsigned char)value->at[6],
                   (unsigned char)value->at[7]);
    assert_non_null(strstr(err->message, id));
    assert_non_null(strstr(err->message, path));
    seal_free(seal);
}

static void
write_file(const char *text, mode_t mode)
{
    (void)unlink(path);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
}

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
test_bad_key_files(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "binnacle-seal-keys 1\n",
        "binnacle-seal-keys 2\n00000001 " KEY "\n",
        "binnacle-seal-keys 1\n00000001 " KEY,
        "binnacle-seal-keys 1\n0000001 " KEY "\n",
        "binnacle-seal-keys 1\n00000001 " KEY "0\n",
        "binnacle-seal-keys 1\n00000001  " KEY "\n",
        "binnacle-seal-keys 1\n00000001 " KEY "\n\n",
        "binnacle-seal-keys 1\n0000000G " KEY "\n",
        "binnacle-seal-keys 1\n00000001\n",
    };

    assert_refused(false, "is missing");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        write_file(bad[i], 0600);
        assert_refused(true, "is not one, or is damaged");
    }
    write_file("binnacle-seal-keys 1\n00000001 " KEY "\n", 0640);
    assert_refused(true, "may be read or changed by others");
    write_file("binnacle-seal-keys 1\n00000001 " KEY "\n", 0600);
    seal_free(open_seal(false));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_refused(true, "open the key file");
}

static void
test_a_directory_that_is_not_there(void **state)
{
    (void)state;
    struct seal *seal = NULL;
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(seal_open("/nowhere/at/all/seal.key", true, &seal, &err), -1);
    assert_int_equal(err->sys, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_change_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotation_keeps_older_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_key_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_key_files, setup, teardown),
        cmocka_unit_test(test_a_directory_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
