/* store/store_backup: a copy that is made while others write, checked, taken apart again. */
#include "config.h" /* IWYU pragma: keep */

#include "store/store_backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/seal.h"
#include "store/store.h"
#include "tests/lib/store_box.h"
#include "tests/lib/unit.h"

static struct store_box box;
static char backup_path[96], restored_path[96], other_path[96];

static int
setup(void **state)
{
    (void)state;
    store_box_init(&box, STORE_BOX_SQLITE);
    (void)snprintf(other_path, sizeof(other_path), "%s/other.key", box.dir);
    (void)snprintf(backup_path, sizeof(backup_path), "%s/backup", box.dir);
    (void)snprintf(restored_path, sizeof(restored_path), "%s/restored", box.dir);
    store_box_open(&box);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    (void)unlink(backup_path); /* those that there are */
    (void)unlink(restored_path);
    (void)unlink(other_path);
    store_box_free(&box);
    return 0;
}

static void
fill(void)
{
    uint64_t rev = store_box_put(&box, "/registry/core/configmaps/a/m", "one", 0);
    (void)store_box_put(&box, "/registry/core/configmaps/a/m", "two", rev);
    rev = store_box_put(&box, "/registry/core/configmaps/a/gone", "x", 0);
    assert_int_equal(store_box_write(&box, "/registry/core/configmaps/a/gone", NULL, rev, 0).rc,
                     STORE_OK);
    assert_int_equal(
        store_box_write(&box, "/registry/core/secrets/a/s", "canary", 0, STORE_SEAL).rc, STORE_OK);
}

static const struct store_backup_file files[] = {
    { "seal.key", { "key", 3 } },
    { "pki/ca.crt", { "a\0b", 3 } },
};

static void
make(void)
{
    struct err *err = NULL;
    struct store_backup_info info;
    if (store_backup_make(box.path, backup_path, files, ARRAY_LEN(files), box.seal, &info, &err) <
        0) {
        fail_msg("%s", err->message);
    }
    assert_int_equal(info.objects, 2);
    assert_int_equal(info.revisions, 5);
    assert_int_equal(info.last_rev, 5);
}

/* Must fail with that in its message, and leave nothing. */
static void
expect_failure(int rc, struct err **from, const char *part, const char *path)
{
    struct err *err = STEAL(*from);
    assert_int_equal(rc, -1);
    if (strstr(err->message, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, err->message);
    }
    err_free(err);
    assert_true(path == NULL || access(path, F_OK) != 0);
}

static int
collect(void *ctx, const struct store_backup_file *file, struct err **err)
{
    (void)err;
    str_putf(ctx, "%s:%zu:%c ", file->name, file->bytes.size, file->bytes.at[2]);
    return 0;
}

static void
test_there_and_back(void **state)
{
    AUTO_ERR struct err *err = NULL;
    AUTO_STR struct str_builder names = { 0 };
    struct store_backup_info info;
    struct stat stat_of;
    (void)state;
    fill();
    AUTO_FREE char *history = store_box_history(&box, "/registry/", 0, 0);
    make();
    assert_int_equal(stat(backup_path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    (void)store_box_put(&box, "/registry/core/configmaps/a/later", "x", 0);
    store_box_close(&box);
    assert_int_equal(store_backup_files(backup_path, collect, &names, &err), 0);
    str_putc(&names, '\0');
    assert_string_equal(names.at, "pki/ca.crt:3:b seal.key:3:y ");
    assert_int_equal(store_backup_restore(backup_path, restored_path, box.seal, &info, &err), 0);
    assert_int_equal(info.last_rev, 5 + STORE_BACKUP_LEAP);
    assert_int_equal(rename(restored_path, box.path), 0);
    store_box_open(&box);
    AUTO_FREE char *list = store_box_list(&box, "/registry/", 0, NULL, 0);
    assert_string_equal(list, "/registry/core/configmaps/a/m=two 2 1\n"
                              "/registry/core/secrets/a/s=canary 5 5\n@1000005\n");
    AUTO_FREE char *after = store_box_history(&box, "/registry/", 0, 0);
    assert_string_equal(after, history);
    AUTO_FREE char *events = store_box_events(&box, 5, 0, 0);
    assert_non_null(strstr(events, "error: ")); /* who watched the lost future lists anew */
    assert_int_equal(store_box_put(&box, "/registry/core/configmaps/a/n", "x", 0),
                     5 + STORE_BACKUP_LEAP + 1);
}

/* Writes that are under way are in it or not, but never half. */
static void
test_while_others_write(void **state)
{
    enum { WRITES = 300 };
    AUTO_ERR struct err *err = NULL;
    struct store_backup_info info;
    (void)state;
    for (int i = 0; i < WRITES; i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "/registry/core/configmaps/a/%d", i);
        store_box_begin(&box, key, "value", 0, 0);
    }
    assert_int_equal(store_backup_make(box.path, backup_path, NULL, 0, box.seal, &info, &err), 0);
    assert_int_equal(info.objects, info.last_rev); /* one write, one object here */
    assert_int_equal(info.objects, info.revisions);
    store_box_settle(&box);
    assert_int_equal(store_box_sql(&box, "SELECT count(*) FROM cur"), WRITES);
}

/* A changed byte of a value, which SQLite itself cannot see. */
static void
test_damage(void **state)
{
    struct err *err = NULL;
    struct store_backup_info info;
    char bytes[256 << 10];
    (void)state;
    fill();
    make();
    AUTO_FD int fd = open(backup_path, O_RDWR | O_CLOEXEC);
    ssize_t size = read(fd, bytes, sizeof(bytes));
    assert_true(size > 0 && size < (ssize_t)sizeof(bytes));
    char *at = memmem(bytes, (size_t)size, "two", 3);
    assert_non_null(at);
    assert_int_equal(pwrite(fd, "tWo", 3, at - bytes), 3);
    expect_failure(store_backup_restore(backup_path, restored_path, box.seal, &info, &err), &err,
                   "is damaged", restored_path);
}

static void
test_refusals(void **state)
{
    struct err *err = NULL;
    struct store_backup_info info;
    char text_path[96];
    struct seal *other = NULL;
    (void)state;
    fill();
    assert_int_equal(seal_open(other_path, true, &other, &err), 0);
    expect_failure(store_backup_make(box.path, backup_path, NULL, 0, other, &info, &err), &err,
                   "backup of", backup_path);
    seal_free(other);
    expect_failure(store_backup_make("/nonexistent/x.db", backup_path, NULL, 0, NULL, &info, &err),
                   &err, "open '/nonexistent/x.db'", backup_path);
    make();
    expect_failure(store_backup_make(box.path, backup_path, NULL, 0, box.seal, &info, &err), &err,
                   "File exists", NULL);
    assert_int_equal(access(backup_path, F_OK), 0); /* and it is still there */
    expect_failure(store_backup_files(box.path, collect, NULL, &err), &err,
                   "is a database, but no backup", NULL);
    (void)snprintf(text_path, sizeof(text_path), "%s/seal.key", box.dir);
    expect_failure(store_backup_files(text_path, collect, NULL, &err), &err, "is no backup", NULL);
    expect_failure(store_backup_files("/nonexistent/x", collect, NULL, &err), &err, "open", NULL);
}

#define IN_BOX(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOX(test_there_and_back),
        IN_BOX(test_while_others_write),
        IN_BOX(test_damage),
        IN_BOX(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
