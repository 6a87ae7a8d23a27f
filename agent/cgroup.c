/* Control groups of pods. Called when a pod is cleaned up or resized, on a job thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cgroup.h"

#include <dirent.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

enum { CGROUP_NUMBER_MAX = 64 };

/* "kubepods-burstable-podX.slice" lies in "kubepods.slice/kubepods-burstable.slice/". */
static struct str
slice_path(struct arena *arena, struct str slice)
{
    struct str_builder out = { 0 };
    struct str result;

    for (size_t i = 0; i < slice.size; i++) {
        if (slice.at[i] == '-') {
            str_putf(&out, "/%.*s.slice", (int)i, slice.at);
        }
    }
    str_putf(&out, "/" STR_FMT, STR_ARG(slice));
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}

void
cgroup_remove(const char *mount, struct str group)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str path = str_has_prefix(group, STR("/")) ? group : slice_path(arena, group);
    DIR *dir = opendir(mount);

    /* One hierarchy (v2), or one directory a controller (v1): in use and absent are both right. */
    (void)rmdir(arena_printf(arena, "%s" STR_FMT, mount, STR_ARG(path)).at);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.') {
            (void)rmdir(
                arena_printf(arena, "%s/%s" STR_FMT, mount, entry->d_name, STR_ARG(path)).at);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir); /* it was only read */
    }
}

int64_t
cgroup_memory(const char *mount, struct str group, const char *container_id)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    bool is_slice = !str_has_prefix(group, STR("/"));
    struct str path = is_slice ? slice_path(arena, group) : group;
    /* The runtimes' names for a container's group: runc's own, containerd's and CRI-O's scopes. */
    static const char *const names[] = { "", "cri-containerd-", "crio-" };
    static const char *const files[][2] = { { "", "memory.current" },
                                            { "/memory", "memory.usage_in_bytes" } };

    for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(files); i++) {
        const char *const *file = files[i % ARRAY_LEN(files)];
        struct str text = { 0 };
        int64_t used;
        struct str at = arena_printf(arena, "%s%s" STR_FMT "/%s%s%s/%s", mount, file[0],
                                     STR_ARG(path), names[i / ARRAY_LEN(files)], container_id,
                                     is_slice ? ".scope" : "", file[1]);

        if (disk_read(arena, at.at, CGROUP_NUMBER_MAX, false, &text, &err) == 0 &&
            str_to_int(str_cut(text, '\n', &(struct str){ 0 }), &used)) {
            return used;
        }
        err_clear(&err);
    }
    return -1;
}

struct str
cgroup_parent(struct str group)
{
    char mark = str_has_prefix(group, STR("/")) ? '/' : '-';
    const char *end = memrchr(group.at, mark, group.size);

    return end == NULL ? (struct str){ 0 } : str_slice(group.at, (size_t)(end - group.at));
}

/* Weight of cgroup v2 for shares of v1, as kubelet converts them for pods. */
static int64_t
weight_of(int64_t shares)
{
    return 1 + (shares - 2) * 9999 / 262142;
}

int
cgroup_limit(const char *mount, struct str group, const struct pod_limits *limits, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    bool is_slice = !str_has_prefix(group, STR("/"));
    struct str path =
        is_slice ? slice_path(arena, str_has_suffix(group, STR(".slice"))
                                         ? group
                                         : arena_printf(arena, STR_FMT ".slice", STR_ARG(group)))
                 : group;
    bool has_quota = limits->cpu_quota_us > 0, has_memory = limits->memory_bytes > 0;
    struct str quota = arena_printf(arena, "%lld", (long long)limits->cpu_quota_us);
    struct str memory = arena_printf(arena, "%lld", (long long)limits->memory_bytes);
    const struct {
        const char *hierarchy, *file;
        struct str value;
    } writes[] = {
        { "/cpu", "cpu.shares", arena_printf(arena, "%lld", (long long)limits->cpu_shares) },
        { "/cpu", "cpu.cfs_period_us", arena_printf(arena, "%d", POD_LIMITS_PERIOD_US) },
        { "/cpu", "cpu.cfs_quota_us", has_quota ? quota : STR("-1") },
        { "/memory", "memory.limit_in_bytes", has_memory ? memory : STR("-1") },
        { "", "cpu.weight", arena_printf(arena, "%lld", (long long)weight_of(limits->cpu_shares)) },
        { "", "cpu.max",
          arena_printf(arena, STR_FMT " %d", STR_ARG(has_quota ? quota : STR("max")),
                       POD_LIMITS_PERIOD_US) },
        { "", "memory.max", has_memory ? memory : STR("max") },
    };

    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        const char *at = arena_printf(arena, "%s%s" STR_FMT "/%s", mount, writes[i].hierarchy,
                                      STR_ARG(path), writes[i].file)
                             .at;

        if (disk_exists(at) && disk_write_in_place(at, writes[i].value, err) < 0) {
            return -1;
        }
    }
    return 0;
}
