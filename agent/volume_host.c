/* What lies on the host: the checks of a hostPath volume, and sub paths of any volume. Called by
 * volume_set_up and when a container is configured, on a job thread.
 *
 * A sub path may be made by the pod itself, so it is opened with RESOLVE_IN_ROOT, which no link
 * leads out of, and what was opened is what gets bound: the path is not walked a second time. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "agent/disk.h"
#include "agent/volume.h"
#include "base/arena.h"
#include "base/err.h"

/* ---- hostPath ---- */

/* HostPathType: what must be there, and what is made when nothing is. */
struct host_type {
    const char *name, *what;
    mode_t kind, make_mode;
};
static const struct host_type host_types[] = {
    { "DirectoryOrCreate", "a directory", S_IFDIR, 0755 },
    { "Directory", "a directory", S_IFDIR, 0 },
    { "FileOrCreate", "a file", S_IFREG, 0644 },
    { "File", "a file", S_IFREG, 0 },
    { "Socket", "a socket file", S_IFSOCK, 0 },
    { "CharDevice", "a character device", S_IFCHR, 0 },
    { "BlockDevice", "a block device", S_IFBLK, 0 },
};

static int
make_host(const struct host_type *type, const char *path, struct err **err)
{
    if (type->kind == S_IFDIR) {
        return disk_make_dirs(path, type->make_mode, err);
    }
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, type->make_mode);

    return fd < 0 ? err_sys(err, errno, "open '%s'", path) : 0;
}

int
volume_check_host(struct val host_path, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *path = arena_dupz(arena, val_str(val_get(host_path, "path")));
    struct str wanted = val_str(val_get(host_path, "type"));
    struct stat st;

    if (wanted.size == 0) {
        return 0; /* the runtime makes what is missing, as it always did */
    }
    for (size_t i = 0; i < ARRAY_LEN(host_types); i++) {
        const struct host_type *type = &host_types[i];

        if (!str_is(wanted, type->name)) {
            continue;
        }
        if (stat(path, &st) < 0 && type->make_mode != 0 && errno == ENOENT) {
            return make_host(type, path, err);
        }
        if (stat(path, &st) < 0 || (st.st_mode & S_IFMT) != type->kind) {
            return err_set(err, ERR_INVALID, "hostPath type check failed: %s is not %s", path,
                           type->what);
        }
        return 0;
    }
    return err_set(err, ERR_INVALID, STR_FMT " is an invalid volume type", STR_ARG(wanted));
}

/* ---- sub paths ---- */

static int
open_inside(int root, const char *path, uint64_t flags, uint64_t mode)
{
    struct open_how how = { .flags = flags | O_CLOEXEC,
                            .mode = mode,
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Makes the directories of path that are missing, one below the other, never outside of root. */
static int
make_inside(int root, struct str path, mode_t mode, struct arena *arena, struct err **err)
{
    for (size_t i = 1; i <= path.size; i++) {
        const char *so_far, *parent;
        size_t cut;

        if (i < path.size && path.at[i] != '/') {
            continue;
        }
        so_far = arena_dupz(arena, str_slice(path.at, i));
        AUTO_FD int there = open_inside(root, so_far, O_PATH, 0);

        if (there >= 0) {
            continue;
        }
        for (cut = i; cut > 0 && path.at[cut - 1] != '/'; cut--) {
        }
        parent = cut > 1 ? arena_dupz(arena, str_slice(path.at, cut - 1)) : ".";
        AUTO_FD int dir = open_inside(root, parent, O_PATH | O_DIRECTORY, 0);

        if (dir < 0 || (mkdirat(dir, so_far + cut, mode & 0777) < 0 && errno != EEXIST) ||
            fchmodat(dir, so_far + cut, mode & 07777, 0) < 0) {
            return err_sys(err, errno, "make '%s'", so_far);
        }
    }
    return 0;
}

static int
check_subpath(struct str path, struct err **err)
{
    struct str rest = path;

    if (path.at[0] == '/') {
        return err_set(err, ERR_INVALID, "error SubPath `" STR_FMT "` must not be an absolute path",
                       STR_ARG(path));
    }
    while (rest.size > 0) {
        if (str_is(str_cut(rest, '/', &rest), "..")) {
            return err_set(err, ERR_INVALID,
                           "unable to provision SubPath `" STR_FMT "`: must not contain '..'",
                           STR_ARG(path));
        }
    }
    return 0;
}

/* Binds what fd is open on to a place of its own; one that is bound already is renewed. */
static int
bind_to(const char *target, int fd, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *source = arena_printf(arena, "/proc/self/fd/%d", fd).at;
    struct stat st;

    if (disk_unmount_below(target, err) < 0) {
        return -1;
    }
    if (fstat(fd, &st) < 0) {
        return err_sys(err, errno, "stat a sub path");
    }
    if (S_ISDIR(st.st_mode)) {
        if (disk_make_dirs(target, 0750, err) < 0) {
            return -1;
        }
    } else if (disk_write(target, STR(""), 0640, err) < 0) {
        return -1;
    }
    return mount(source, target, NULL, MS_BIND, NULL) < 0 ? err_sys(err, errno, "bind '%s'", target)
                                                          : 0;
}

int
volume_subpath(const struct volume_in *in, const struct volume_subpath *sub, struct arena *arena,
               struct str *ret, struct err **err)
{
    struct str pod = volume_pod_dir(in->root, val_str(val_at(in->pod, "metadata.uid")), arena);
    struct str volume, dir;
    struct stat st;

    if (check_subpath(sub->path, err) < 0 ||
        volume_path(in, sub->volume, arena, &volume, err) < 0) {
        return -1;
    }
    AUTO_FD int root = open(arena_dupz(arena, volume), O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0 || fstat(root, &st) < 0) {
        return err_sys(err, errno, "open volume \"" STR_FMT "\"", STR_ARG(sub->volume));
    }
    if (make_inside(root, sub->path, st.st_mode, arena, err) < 0) {
        return -1;
    }
    AUTO_FD int fd = open_inside(root, arena_dupz(arena, sub->path), O_PATH, 0);

    if (fd < 0) {
        return err_sys(err, errno, "open sub path '" STR_FMT "'", STR_ARG(sub->path));
    }
    dir = arena_printf(arena, STR_FMT "/volume-subpaths/" STR_FMT "/" STR_FMT, STR_ARG(pod),
                       STR_ARG(sub->volume), STR_ARG(sub->container));
    if (disk_make_dirs(dir.at, 0750, err) < 0) {
        return -1;
    }
    *ret = arena_printf(arena, STR_FMT "/%d", STR_ARG(dir), sub->index);
    return bind_to(ret->at, fd, err);
}
