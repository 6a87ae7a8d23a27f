/* Volumes of pods: one table of types; setting up, bringing up to date, removing. Called by the
 * pod's worker on a job thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/volume.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "api/quantity.h"
#include "base/arena.h"
#include "base/err.h"

static int set_up_files(const struct volume_in *in, struct val volume, const char *dir,
                        struct err **err);
static int set_up_empty(const struct volume_in *in, struct val volume, const char *dir,
                        struct err **err);
static int set_up_host(const struct volume_in *in, struct val volume, const char *dir,
                       struct err **err);

/* A type: the member of a volume, its directory's name (NULL: it has none), how it is made. */
struct volume_type {
    const char *member, *dir;
    int (*set_up)(const struct volume_in *in, struct val volume, const char *dir, struct err **err);
};
static const struct volume_type types[] = {
    { "configMap", "kubernetes.io~configmap", set_up_files },
    { "secret", "kubernetes.io~secret", set_up_files },
    { "projected", "kubernetes.io~projected", set_up_files },
    { "downwardAPI", "kubernetes.io~downward-api", set_up_files },
    { "emptyDir", "kubernetes.io~empty-dir", set_up_empty },
    { "hostPath", NULL, set_up_host },
};

static const struct volume_type *
type_of(struct val volume)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (val_is(val_get(volume, types[i].member))) {
            return &types[i];
        }
    }
    return NULL;
}

struct str
volume_pod_dir(const char *root, struct str pod_uid, struct arena *arena)
{
    return arena_printf(arena, "%s/pods/" STR_FMT, root, STR_ARG(pod_uid));
}

int64_t
volume_fs_group(struct val pod)
{
    return val_int(val_at(pod, "spec.securityContext.fsGroup"), -1);
}

static struct str
dir_of(const struct volume_in *in, const struct volume_type *type, struct val volume,
       struct arena *arena)
{
    struct str pod = volume_pod_dir(in->root, val_str(val_at(in->pod, "metadata.uid")), arena);

    return arena_printf(arena, STR_FMT "/volumes/%s/" STR_FMT, STR_ARG(pod), type->dir,
                        STR_ARG(val_str(val_get(volume, "name"))));
}

int
volume_path(const struct volume_in *in, struct str name, struct arena *arena, struct str *ret,
            struct err **err)
{
    VAL_EACH (it, val_at(in->pod, "spec.volumes")) {
        const struct volume_type *type = type_of(it.value);

        if (type != NULL && str_eq(val_str(val_get(it.value, "name")), name)) {
            *ret = type->dir != NULL ? dir_of(in, type, it.value, arena)
                                     : val_str(val_at(it.value, "hostPath.path"));
            return 0;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "cannot find volume \"" STR_FMT "\"", STR_ARG(name));
}

/* ---- setting up ---- */

/* The pod's fsGroup owns the directory and what comes into it. */
static int
give_to_group(const char *dir, int64_t gid, mode_t mode, struct err **err)
{
    if (gid < 0) {
        return chmod(dir, mode) < 0 ? err_sys(err, errno, "chmod '%s'", dir) : 0;
    }
    if (chown(dir, (uid_t)-1, (gid_t)gid) < 0 || chmod(dir, mode | S_ISGID | 0070) < 0) {
        return err_sys(err, errno, "chown '%s'", dir);
    }
    return 0;
}

/* Where another volume is mounted inside this read-only one, a directory has to stand. */
static int
make_nested(struct str volume, struct val container, const char *dir, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct val mounts = val_get(container, "volumeMounts");

    VAL_EACH (mine, mounts) {
        struct str at = val_str(val_get(mine.value, "mountPath"));

        if (!str_eq(val_str(val_get(mine.value, "name")), volume)) {
            continue;
        }
        VAL_EACH (other, mounts) {
            struct str path = val_str(val_get(other.value, "mountPath")), below;

            if (path.size <= at.size + 1 || !str_has_prefix(path, at)) {
                continue;
            }
            below = str_slice(path.at + at.size, path.size - at.size);
            if (below.at[0] == '/' && !str_contains(below, STR("..")) &&
                disk_make_dirs(arena_printf(arena, "%s" STR_FMT, dir, STR_ARG(below)).at, 0755,
                               err) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int
set_up_files(const struct volume_in *in, struct val volume, const char *dir, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct atomic_dir_files files = { .arena = arena };
    int64_t gid = volume_fs_group(in->pod);

    if (volume_files(in, volume, &files, err) < 0 ||
        (in->can_mount && disk_mount_tmpfs(dir, in->memory_bytes, 0755, err) < 0) ||
        give_to_group(dir, gid, 0777, err) < 0) {
        return -1;
    }
    VAL_EACH (it, val_at(in->pod, "spec.containers")) {
        if (make_nested(val_str(val_get(volume, "name")), it.value, dir, err) < 0) {
            return -1;
        }
    }
    return atomic_dir_write(dir, &files, gid, err);
}

/* A memory medium is bounded by the smallest of its own limit and the node's memory. */
static int64_t
tmpfs_size(const struct volume_in *in, struct val empty)
{
    struct quantity limit = { 0 };
    int64_t size = in->memory_bytes;

    if (quantity_parse(val_str(val_get(empty, "sizeLimit")), &limit) == 0 && limit.nano > 0 &&
        (size == 0 || quantity_value(limit) < size)) {
        size = quantity_value(limit);
    }
    return size;
}

static int
set_up_empty(const struct volume_in *in, struct val volume, const char *dir, struct err **err)
{
    struct val empty = val_get(volume, "emptyDir");
    struct str medium = val_str(val_get(empty, "medium"));

    if (str_is(medium, "Memory")) {
        if (in->can_mount && disk_mount_tmpfs(dir, tmpfs_size(in, empty), 0777, err) < 0) {
            return -1;
        }
    } else if (medium.size > 0) {
        return err_set(err, ERR_INVALID, "unknown storage medium \"" STR_FMT "\"", STR_ARG(medium));
    }
    return give_to_group(dir, volume_fs_group(in->pod), 0777, err);
}

static int
set_up_host(const struct volume_in *in, struct val volume, const char *dir, struct err **err)
{
    (void)in;
    (void)dir;
    return volume_check_host(val_get(volume, "hostPath"), err);
}

static int
set_up_one(const struct volume_in *in, struct val volume, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct volume_type *type = type_of(volume);
    const char *dir = NULL;

    if (type == NULL) {
        return err_set(err, ERR_INVALID, "no volume plugin matched");
    }
    if (type->dir != NULL) {
        dir = dir_of(in, type, volume, arena).at;
        if (disk_make_dirs(dir, 0750, err) < 0) {
            return -1;
        }
    }
    return type->set_up(in, volume, dir, err);
}

int
volume_set_up(const struct volume_in *in, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str pod = volume_pod_dir(in->root, val_str(val_at(in->pod, "metadata.uid")), arena);

    if (disk_make_dirs(arena_printf(arena, STR_FMT "/volumes", STR_ARG(pod)).at, 0750, err) < 0) {
        return -1;
    }
    VAL_EACH (it, val_at(in->pod, "spec.volumes")) {
        if (set_up_one(in, it.value, err) < 0) {
            struct err *why = STEAL(*err);

            (void)err_set(err, why->code,
                          "MountVolume.SetUp failed for volume \"" STR_FMT "\" : %s",
                          STR_ARG(val_str(val_get(it.value, "name"))), why->message);
            err_free(why);
            return -1;
        }
    }
    return 0;
}

int
volume_clean(const char *root, struct str pod_uid, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *dir = volume_pod_dir(root, pod_uid, arena).at;

    if (disk_unmount_below(dir, err) < 0) {
        return -1;
    }
    return disk_remove(dir, err);
}
