/* Control groups of pods. Called when a pod is cleaned up, on a job thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cgroup.h"

#include <dirent.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"

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
