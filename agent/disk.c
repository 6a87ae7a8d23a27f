/* Files and directories of a node. Called by volumes, images, logs, at start; job threads mostly. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

enum { MOUNTS_MAX = 4096, MOUNTINFO_MAX = 8 << 20, READ_FIRST = 8 << 10, REMOVE_FDS = 32 };

int
disk_make_dirs(const char *path, mode_t mode, struct err **err)
{
    AUTO_FREE char *copy = mem_strdup(path);

    for (char *at = copy + 1;; at++) {
        bool is_last = *at == '\0';

        if (!is_last && *at != '/') {
            continue;
        }
        *at = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST) {
            return err_sys(err, errno, "mkdir '%s'", copy);
        }
        if (is_last) {
            return 0;
        }
        *at = '/';
    }
}

static int
write_all(int fd, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t n = write(fd, bytes.at, bytes.size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        bytes = str_slice(bytes.at + n, bytes.size - (size_t)n);
    }
    return 0;
}

int
disk_write(const char *path, struct str bytes, mode_t mode, struct err **err)
{
    AUTO_FREE char *beside = mem_printf("%s.tmp", path);
    AUTO_FD int fd =
        open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode & 0777);

    if (fd < 0) {
        return err_sys(err, errno, "open '%s'", beside);
    }
    if (write_all(fd, bytes) < 0 || fchmod(fd, mode) < 0) {
        (void)err_sys(err, errno, "write '%s'", beside);
        (void)unlink(beside); /* best effort: the write's error is told */
        return -1;
    }
    return rename(beside, path) < 0 ? err_sys(err, errno, "rename '%s'", beside) : 0;
}

int
disk_write_in_place(const char *path, struct str bytes, struct err **err)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write_all(fd, bytes) < 0) {
        return err_sys(err, errno, "write '%s'", path);
    }
    return 0;
}

int
disk_read(struct arena *arena, const char *path, size_t max, bool from_end, struct str *ret,
          struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    AUTO_FREE char *bytes = NULL;
    size_t room, size = 0;

    *ret = (struct str){ 0 };
    if (fd < 0) {
        return errno == ENOENT ? 0 : err_sys(err, errno, "open '%s'", path);
    }
    if (fstat(fd, &st) < 0 ||
        (from_end && st.st_size > (off_t)max && lseek(fd, st.st_size - (off_t)max, SEEK_SET) < 0)) {
        return err_sys(err, errno, "read '%s'", path);
    }
    room = st.st_size > 0 && (size_t)st.st_size < max ? (size_t)st.st_size + 1 : READ_FIRST;
    bytes = mem_new_raw(room); /* files of /proc do not say how long they are */
    while (size < max) {
        ssize_t n;

        if (size == room) {
            room *= 2;
            bytes = mem_resize(bytes, room);
        }
        n = read(fd, bytes + size, (room < max ? room : max) - size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_sys(err, errno, "read '%s'", path);
        }
        if (n == 0) {
            break;
        }
        size += (size_t)n;
    }
    *ret = arena_dup(arena, str_slice(bytes, size));
    return 0;
}

bool
disk_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- mounts ---- */

/* mountinfo writes blanks as \040 and so on. */
static char *
unescape(struct arena *arena, struct str text)
{
    char *out = arena_dupz(arena, text), *to = out;

    for (const char *at = out; *at != '\0'; at++) {
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] != '\0' && at[3] != '\0') {
            *to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
            at += 3;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return out;
}

int
disk_unmount_below(const char *path, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *points[MOUNTS_MAX];
    struct str text, line, fields[6];
    size_t len = 0, path_size = strlen(path);

    if (disk_read(arena, "/proc/self/mountinfo", MOUNTINFO_MAX, false, &text, err) < 0) {
        return -1;
    }
    while (text.size > 0 && len < MOUNTS_MAX) {
        const char *point;

        line = str_cut(text, '\n', &text);
        if (str_split(line, ' ', fields, ARRAY_LEN(fields)) < ARRAY_LEN(fields)) {
            continue;
        }
        point = unescape(arena, fields[4]);
        if (strncmp(point, path, path_size) == 0 &&
            (point[path_size] == '\0' || point[path_size] == '/')) {
            points[len++] = point;
        }
    }
    while (len > 0) { /* later mounts lie above earlier ones */
        len--;
        if (umount2(points[len], UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT &&
            umount2(points[len], MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
            return err_sys(err, errno, "umount '%s'", points[len]);
        }
    }
    return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path) < 0 && errno != ENOENT ? errno : 0;
}

int
disk_remove(const char *path, struct err **err)
{
    int rc = nftw(path, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

    if (rc < 0 && errno == ENOENT) {
        return 0;
    }
    return rc == 0 ? 0 : err_sys(err, rc < 0 ? errno : rc, "remove '%s'", path);
}

int64_t
disk_usage(const char *path)
{
    char *paths[] = { (char *)(uintptr_t)path, NULL };
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    int64_t bytes = 0;

    if (walk == NULL) {
        return 0;
    }
    for (FTSENT *it; (it = fts_read(walk)) != NULL;) {
        const struct stat *st = it->fts_statp;
        bool has_stat = it->fts_info == FTS_D || it->fts_info == FTS_F || it->fts_info == FTS_SL ||
                        it->fts_info == FTS_DEFAULT;

        if (has_stat) { /* a file of many names is shared among them */
            bytes += (int64_t)st->st_blocks * 512 /
                     (it->fts_info == FTS_D || st->st_nlink < 1 ? 1 : (int64_t)st->st_nlink);
        }
    }
    (void)fts_close(walk); /* it was only read */
    return bytes;
}

bool
disk_is_tmpfs_mount(const char *path)
{
    AUTO_FREE char *above = mem_printf("%s/..", path);
    struct statfs fs;
    struct stat here, there;

    return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC && stat(path, &here) == 0 &&
           stat(above, &there) == 0 && here.st_dev != there.st_dev;
}

int
disk_mount_tmpfs(const char *path, int64_t size_bytes, mode_t mode, struct err **err)
{
    char options[64];

    if (disk_is_tmpfs_mount(path)) {
        return 0;
    }
    (void)snprintf(options, sizeof(options), "mode=%o", (unsigned)mode);
    if (size_bytes > 0) {
        (void)snprintf(options, sizeof(options), "mode=%o,size=%lld", (unsigned)mode,
                       (long long)size_bytes);
    }
    return mount("tmpfs", path, "tmpfs", 0, options) < 0
               ? err_sys(err, errno, "mount tmpfs on '%s'", path)
               : 0;
}
