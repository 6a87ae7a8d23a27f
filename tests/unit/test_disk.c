/* Files and directories: whole writes, reads of an end, removals that follow no link. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/err.h"

static const char big[256 << 10] = { 1 };

static void
test_files(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    char dir[] = "/tmp/test_disk.XXXXXX";
    struct err *err = NULL;
    const char *file, *link;
    struct str got;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    file = arena_printf(arena, "%s/a/b/c", dir).at;
    assert_int_equal(disk_make_dirs(arena_printf(arena, "%s/a/b", dir).at, 0700, &err), 0);
    assert_int_equal(disk_write(file, STR("0123456789"), 0640, &err), 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(disk_read(arena, file, 4, false, &got, &err), 0);
    assert_true(str_is(got, "0123"));
    assert_int_equal(disk_read(arena, file, 4, true, &got, &err), 0);
    assert_true(str_is(got, "6789"));
    assert_int_equal(disk_read(arena, "/nonexistent/file", 4, true, &got, &err), 0);
    assert_null(got.at);

    link = arena_printf(arena, "%s/a/out", dir).at;
    assert_int_equal(symlink("/etc", link), 0);
    assert_true(disk_exists(file));
    assert_int_equal(disk_write(arena_printf(arena, "%s/a/big", dir).at,
                                arena_dup(arena, str_slice(big, sizeof(big))), 0640, &err),
                     0);
    assert_true(disk_usage(dir) >= (int64_t)sizeof(big)); /* and nothing of /etc */
    assert_true(disk_usage(dir) < 2 * (int64_t)sizeof(big));
    assert_int_equal(disk_usage("/nonexistent"), 0);
    assert_int_equal(disk_unmount_below(dir, &err), 0);
    assert_int_equal(disk_remove(dir, &err), 0);
    assert_false(disk_exists(dir));
    assert_true(disk_exists("/etc/passwd"));     /* the link was removed, not what it leads to */
    assert_int_equal(disk_remove(dir, &err), 0); /* gone is gone */
    assert_false(disk_is_tmpfs_mount("/etc"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
