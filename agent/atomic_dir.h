/* A directory of files that change all at once, as Kubernetes' volumes of API data are laid out:
 * visible names are links into ..data, which is a link to the directory of one version.  Blocking. */
#ifndef BINNACLE_AGENT_ATOMIC_DIR_H
#define BINNACLE_AGENT_ATOMIC_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct err;

struct atomic_dir_file {
    struct str path, data; /* relative, maybe with directories */
    uint32_t mode;         /* permission bits */
    int64_t uid;           /* owner, -1: as it is */
};
struct atomic_dir_files {
    struct arena *arena;
    struct atomic_dir_file *at;
    size_t len, capacity;
};
enum { ATOMIC_DIR_MAX_FILES = 10000 };

/* A later file of the same path replaces the earlier one. -1 for a path that leads out, begins with
 * ".." or is too long. */
int atomic_dir_add(struct atomic_dir_files *files, struct str path, struct str data, uint32_t mode,
                   struct err **err);
/* Makes dir (which exists) show exactly these files. Nothing is written when it already does. gid: of the
 * pod's fsGroup, which may then read them; -1: none. */
int atomic_dir_write(const char *dir, const struct atomic_dir_files *files, int64_t gid,
                     struct err **err);

#endif
