/* A directory of files that change all at once. Called by volumes of API data, on a job thread.
 *
 *     name      -> ..data/name
 *     ..data    -> ..2026_01_01_10_00_00.123456789
 *
 * The new version is written beside the old one, then ..data is replaced by rename, which is
 * atomic; names that are new are linked afterwards, names that are gone are unlinked. Workloads
 * rely on this layout (kubelet's AtomicWriter). */
#include "config.h" /* IWYU pragma: keep */

#include "agent/atomic_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

enum { PATH_LEN_MAX = 4096, NAME_LEN_MAX = 255 };

/* ---- the list ---- */

static int
check_path(struct str path, struct err **err)
{
    struct str rest = path;
    bool is_first = true;

    if (path.size == 0) {
        return err_set(err, ERR_INVALID, "invalid path: must not be empty: \"\"");
    }
    if (path.at[0] == '/') {
        return err_set(err, ERR_INVALID, "invalid path: must be relative path: " STR_FMT,
                       STR_ARG(path));
    }
    if (path.size > PATH_LEN_MAX) {
        return err_set(err, ERR_INVALID,
                       "invalid path: must be less than or equal to %d characters", PATH_LEN_MAX);
    }
    while (rest.size > 0) {
        struct str item = str_cut(rest, '/', &rest);

        if (str_is(item, "..")) {
            return err_set(err, ERR_INVALID, "invalid path: must not contain '..': " STR_FMT,
                           STR_ARG(path));
        }
        if (item.size > NAME_LEN_MAX) {
            return err_set(err, ERR_INVALID,
                           "invalid path: filenames must be less than or equal to %d characters",
                           NAME_LEN_MAX);
        }
        if (is_first && str_has_prefix(item, STR(".."))) {
            return err_set(err, ERR_INVALID, "invalid path: must not start with '..': " STR_FMT,
                           STR_ARG(path));
        }
        is_first = false;
    }
    return memchr(path.at, '\0', path.size) == NULL
               ? 0
               : err_set(err, ERR_INVALID, "invalid path: has a NUL");
}

/* Without "." and empty parts. */
static struct str
clean_path(struct arena *arena, struct str path)
{
    struct str_builder out = { 0 };
    struct str result, rest = path;

    while (rest.size > 0) {
        struct str item = str_cut(rest, '/', &rest);

        if (item.size > 0 && !str_is(item, ".")) {
            str_putz(&out, out.size > 0 ? "/" : "");
            str_put(&out, item);
        }
    }
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}

int
atomic_dir_add(struct atomic_dir_files *files, struct str path, struct str data, uint32_t mode,
               struct err **err)
{
    struct atomic_dir_file file = { .data = data, .mode = mode & 07777, .uid = -1 };

    if (check_path(path, err) < 0) {
        return -1;
    }
    file.path = clean_path(files->arena, path);
    for (size_t i = 0; i < files->len; i++) {
        if (str_eq(files->at[i].path, file.path)) {
            files->at[i] = file;
            return 0;
        }
    }
    if (files->len == ATOMIC_DIR_MAX_FILES) {
        return err_set(err, ERR_TOO_LARGE, "more than %d files in one volume",
                       ATOMIC_DIR_MAX_FILES);
    }
    if (files->len == files->capacity) {
        size_t capacity = files->capacity == 0 ? 16 : files->capacity * 2;

        files->at = arena_grow(files->arena, files->at, files->capacity * sizeof(*files->at),
                               capacity * sizeof(*files->at));
        files->capacity = capacity;
    }
    files->at[files->len++] = file;
    return 0;
}

/* ---- comparing ---- */

static uint32_t
wanted_mode(const struct atomic_dir_file *file, int64_t gid)
{
    return gid >= 0 ? file->mode | 0440 : file->mode;
}

static bool
file_is_same(struct arena *arena, const char *dir, const struct atomic_dir_file *file, int64_t gid)
{
    struct str path = arena_printf(arena, "%s/" STR_FMT, dir, STR_ARG(file->path)), bytes;
    AUTO_ERR struct err *err = NULL;
    struct stat st;

    if (lstat(path.at, &st) < 0 || !S_ISREG(st.st_mode) ||
        (st.st_mode & 07777) != wanted_mode(file, gid) || (size_t)st.st_size != file->data.size ||
        (gid >= 0 && st.st_gid != (gid_t)gid) ||
        (file->uid >= 0 && st.st_uid != (uid_t)file->uid)) {
        return false;
    }
    return disk_read(arena, path.at, file->data.size, false, &bytes, &err) == 0 &&
           str_eq(bytes, file->data);
}

/* Files in the version's directory, all levels; levels are as many as paths have. */
static size_t
count_files(struct arena *arena, const char *path, int depth)
{
    DIR *dir = depth > 0 ? opendir(path) : NULL;
    size_t len = 0;

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct str name = str_of(entry->d_name);

        if (str_is(name, ".") || str_is(name, "..")) {
            continue;
        }
        if (entry->d_type == DT_DIR) {
            len +=
                count_files(arena, arena_printf(arena, "%s/%s", path, entry->d_name).at, depth - 1);
        } else {
            len++;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir); /* it was only read */
    }
    return len;
}

static bool
is_same(struct arena *arena, const char *version, const struct atomic_dir_files *files, int64_t gid)
{
    enum { DEPTH = 64 };

    for (size_t i = 0; i < files->len; i++) {
        if (!file_is_same(arena, version, &files->at[i], gid)) {
            return false;
        }
    }
    return count_files(arena, version, DEPTH) == files->len;
}

/* ---- writing ---- */

static int
own(const char *path, int64_t uid, int64_t gid, struct err **err)
{
    if (uid < 0 && gid < 0) {
        return 0;
    }
    return lchown(path, uid < 0 ? (uid_t)-1 : (uid_t)uid, gid < 0 ? (gid_t)-1 : (gid_t)gid) < 0
               ? err_sys(err, errno, "chown '%s'", path)
               : 0;
}

/* The directories on the way to a file, below the version's. */
static int
make_parents(struct arena *arena, const char *version, struct str path, int64_t gid,
             struct err **err)
{
    for (size_t i = 0; i < path.size; i++) {
        const char *dir;

        if (path.at[i] != '/') {
            continue;
        }
        dir = arena_printf(arena, "%s/%.*s", version, (int)i, path.at).at;
        if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
            return err_sys(err, errno, "mkdir '%s'", dir);
        }
        if (own(dir, -1, gid, err) < 0 ||
            (gid >= 0 && chmod(dir, 02755) < 0 && err_sys(err, errno, "chmod '%s'", dir) < 0)) {
            return -1;
        }
    }
    return 0;
}

static int
write_version(struct arena *arena, const char *version, const struct atomic_dir_files *files,
              int64_t gid, struct err **err)
{
    if (mkdir(version, 0755) < 0 || chmod(version, gid >= 0 ? 02755 : 0755) < 0) {
        return err_sys(err, errno, "mkdir '%s'", version);
    }
    if (own(version, -1, gid, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < files->len; i++) {
        const struct atomic_dir_file *file = &files->at[i];
        const char *path = arena_printf(arena, "%s/" STR_FMT, version, STR_ARG(file->path)).at;

        if (make_parents(arena, version, file->path, gid, err) < 0 ||
            disk_write(path, file->data, wanted_mode(file, gid), err) < 0 ||
            own(path, file->uid, gid, err) < 0) {
            return -1;
        }
        /* chown clears setuid bits; permissions are set last. */
        if (chmod(path, wanted_mode(file, gid)) < 0) {
            return err_sys(err, errno, "chmod '%s'", path);
        }
    }
    return 0;
}

static int
publish(struct arena *arena, const char *dir, const char *name, struct err **err)
{
    const char *data = arena_printf(arena, "%s/..data", dir).at;
    const char *next = arena_printf(arena, "%s/..data_tmp", dir).at;

    (void)unlink(next); /* of a writer that died */
    if (symlink(name, next) < 0 || rename(next, data) < 0) {
        return err_sys(err, errno, "link '%s'", data);
    }
    return 0;
}

/* Links every first part of a path into ..data. */
static int
link_names(struct arena *arena, const char *dir, const struct atomic_dir_files *files,
           struct err **err)
{
    for (size_t i = 0; i < files->len; i++) {
        struct str rest, name = str_cut(files->at[i].path, '/', &rest);
        const char *link = arena_printf(arena, "%s/" STR_FMT, dir, STR_ARG(name)).at;
        const char *target = arena_printf(arena, "..data/" STR_FMT, STR_ARG(name)).at;

        if (symlink(target, link) < 0 && errno != EEXIST) {
            return err_sys(err, errno, "link '%s'", link);
        }
    }
    return 0;
}

static bool
has_name(const struct atomic_dir_files *files, struct str name)
{
    struct str rest;

    for (size_t i = 0; i < files->len; i++) {
        if (str_eq(str_cut(files->at[i].path, '/', &rest), name)) {
            return true;
        }
    }
    return false;
}

/* Removes links to names that are gone, and versions that are not the current one. */
static int
sweep(struct arena *arena, const char *dir, const char *version,
      const struct atomic_dir_files *files, struct err **err)
{
    DIR *list = opendir(dir);
    int rc = 0;

    if (list == NULL) {
        return err_sys(err, errno, "open '%s'", dir);
    }
    for (struct dirent *entry; rc == 0 && (entry = readdir(list)) != NULL;) {
        struct str name = str_of(entry->d_name);
        const char *path = arena_printf(arena, "%s/%s", dir, entry->d_name).at;
        char target[PATH_MAX];

        if (str_has_prefix(name, STR("..2")) && !str_is(name, version)) {
            rc = disk_remove(path, err);
        } else if (!str_has_prefix(name, STR("..")) && !str_is(name, ".") &&
                   !has_name(files, name) && entry->d_type == DT_LNK) {
            ssize_t size = readlink(path, target, sizeof(target));

            if (size > 0 && str_has_prefix(str_slice(target, (size_t)size), STR("..data/")) &&
                unlink(path) < 0) {
                rc = err_sys(err, errno, "unlink '%s'", path);
            }
        }
    }
    (void)closedir(list); /* it was only read */
    return rc;
}

/* "..2026_01_01_10_00_00.123456789": the n-th that might be free. */
static const char *
version_name(struct arena *arena, int n)
{
    int64_t us = clock_wall_us() + n;
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    char text[64];

    (void)gmtime_r(&s, &tm);
    (void)strftime(text, sizeof(text), "..%Y_%m_%d_%H_%M_%S", &tm);
    return arena_printf(arena, "%s.%09lld", text, (long long)(us % 1000000) * 1000).at;
}

int
atomic_dir_write(const char *dir, const struct atomic_dir_files *files, int64_t gid,
                 struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *data = arena_printf(arena, "%s/..data", dir).at;
    char current[PATH_MAX] = "";
    ssize_t size = readlink(data, current, sizeof(current) - 1);
    const char *name = current, *version;

    if (size < 0 && errno != ENOENT) {
        return err_sys(err, errno, "read link '%s'", data);
    }
    current[size < 0 ? 0 : size] = '\0';
    if (size < 0 || !is_same(arena, arena_printf(arena, "%s/%s", dir, current).at, files, gid)) {
        int tries = 0;

        do {
            name = version_name(arena, tries++);
            version = arena_printf(arena, "%s/%s", dir, name).at;
        } while (disk_exists(version));
        if (write_version(arena, version, files, gid, err) < 0) {
            AUTO_ERR struct err *second = NULL;

            (void)disk_remove(version, &second); /* the first error is told */
            return -1;
        }
        if (publish(arena, dir, name, err) < 0) {
            return -1;
        }
    }
    if (link_names(arena, dir, files, err) < 0) {
        return -1;
    }
    return sweep(arena, dir, name, files, err);
}
