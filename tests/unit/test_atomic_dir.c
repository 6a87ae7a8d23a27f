/* Directories that change all at once: layout, updates, nothing written when nothing changed. */
#include "config.h"

#include "tests/lib/unit.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/atomic_dir.h"
#include "agent/disk.h"
#include "base/arena.h"
#include "base/err.h"

struct box {
    struct arena *arena;
    char dir[64];
    struct atomic_dir_files files;
};

static void
box_init(struct box *box)
{
    *box = (struct box){ .arena = arena_new(), .dir = "/tmp/test_atomic_dir.XXXXXX" };
    assert_non_null(mkdtemp(box->dir));
    box->files.arena = box->arena;
}

static void
box_done(struct box *box)
{
    struct err *err = NULL;

    assert_int_equal(disk_remove(box->dir, &err), 0);
    arena_free(box->arena);
}

static void
add(struct box *box, const char *path, const char *data, uint32_t mode)
{
    struct err *err = NULL;

    assert_int_equal(atomic_dir_add(&box->files, str_of(path), str_of(data), mode, &err), 0);
}

static void
write_files(struct box *box)
{
    struct err *err = NULL;

    if (atomic_dir_write(box->dir, &box->files, -1, &err) < 0) {
        fail_msg("%s", err->message);
    }
}

static const char *
path_of(struct box *box, const char *name)
{
    return arena_printf(box->arena, "%s/%s", box->dir, name).at;
}

static void
expect(struct box *box, const char *name, const char *data)
{
    struct err *err = NULL;
    struct str got;

    assert_int_equal(disk_read(box->arena, path_of(box, name), 1000, false, &got, &err), 0);
    if (!str_is(got, data)) {
        fail_msg("%s: wanted '%s', got '" STR_FMT "'", name, data, STR_ARG(got));
    }
}

static char *
version(struct box *box, char target[PATH_MAX])
{
    ssize_t size = readlink(path_of(box, "..data"), target, PATH_MAX - 1);

    assert_true(size > 0);
    target[size] = '\0';
    return target;
}

static size_t
entries(struct box *box)
{
    DIR *dir = opendir(box->dir);
    size_t len = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        len++;
    }
    assert_int_equal(closedir(dir), 0);
    return len - 2; /* . and .. */
}

static void
test_layout(void **state)
{
    struct box box;
    struct stat st;
    char target[PATH_MAX];

    (void)state;
    box_init(&box);
    add(&box, "a", "1", 0644);
    add(&box, "d/e/f", "2", 0400);
    write_files(&box);
    expect(&box, "a", "1");
    expect(&box, "d/e/f", "2");
    assert_int_equal(readlink(path_of(&box, "a"), target, sizeof(target)), 8);
    assert_memory_equal(target, "..data/a", 8);
    assert_int_equal(stat(path_of(&box, "d/e/f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_true(str_has_prefix(str_of(version(&box, target)), STR("..2")));
    assert_int_equal(entries(&box), 4); /* a, d, ..data and the version */
    box_done(&box);
}

static void
test_update(void **state)
{
    struct box box;
    char before[PATH_MAX], after[PATH_MAX];

    (void)state;
    box_init(&box);
    add(&box, "keep", "1", 0644);
    add(&box, "gone", "1", 0644);
    write_files(&box);
    (void)version(&box, before);
    write_files(&box);
    assert_string_equal(before, version(&box, after)); /* nothing changed, nothing is written */

    box.files.len = 0;
    add(&box, "keep", "2", 0644);
    add(&box, "new", "3", 0644);
    write_files(&box);
    assert_string_not_equal(before, version(&box, after));
    expect(&box, "keep", "2");
    expect(&box, "new", "3");
    assert_int_not_equal(access(path_of(&box, "gone"), F_OK), 0);
    assert_int_not_equal(access(path_of(&box, before), F_OK), 0); /* the old version is removed */
    assert_int_equal(entries(&box), 4);

    box.files.len = 0;
    add(&box, "keep", "2", 0600); /* only the mode */
    add(&box, "new", "3", 0644);
    write_files(&box);
    assert_string_not_equal(after, version(&box, before));
    box_done(&box);
}

static void
test_a_dead_writer_is_made_good(void **state)
{
    struct box box;
    struct err *err = NULL;

    (void)state;
    box_init(&box);
    assert_int_equal(mkdir(path_of(&box, "..2020_01_01_00_00_00.000000001"), 0755), 0);
    assert_int_equal(symlink("..2020_01_01_00_00_00.000000001", path_of(&box, "..data_tmp")), 0);
    add(&box, "a", "1", 0644);
    write_files(&box);
    expect(&box, "a", "1");
    assert_int_equal(entries(&box), 3);
    /* Its links may be missing although ..data is right. */
    assert_int_equal(unlink(path_of(&box, "a")), 0);
    write_files(&box);
    expect(&box, "a", "1");
    box.files.len = 0; /* and no file at all is right, too */
    write_files(&box);
    assert_int_equal(entries(&box), 2);
    assert_null(err);
    box_done(&box);
}

static void
test_paths_that_are_refused(void **state)
{
    static const char *const bad[] = { "", "/abs", "..", "../up", "a/..", "a/../b", "..data" };
    struct box box;

    (void)state;
    box_init(&box);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERR struct err *err = NULL;

        assert_int_equal(atomic_dir_add(&box.files, str_of(bad[i]), STR(""), 0644, &err), -1);
        assert_true(str_has_prefix(str_of(err->message), STR("invalid path: ")));
    }
    add(&box, "a//./b", "x", 0644);
    assert_true(str_is(box.files.at[0].path, "a/b"));
    add(&box, "a/b", "y", 0644); /* the same path: replaced */
    assert_int_equal(box.files.len, 1);
    box_done(&box);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_a_dead_writer_is_made_good),
        cmocka_unit_test(test_paths_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
