/* Files and directories of a node: making, reading, removing, mounting.  Blocking: on job threads,
 * or on the loop for a few small files. */
#ifndef BINNACLE_AGENT_DISK_H
#define BINNACLE_AGENT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

struct arena;
struct err;

/* mkdir -p; a directory that is there keeps its mode. */
int disk_make_dirs(const char *path, mode_t mode, struct err **err);
/* Writes a whole file beside it, then renames: it is there entirely or not at all. */
int disk_write(const char *path, struct str bytes, mode_t mode, struct err **err);
/* Writes into a file that is there, e.g. of /proc/sys. */
int disk_write_in_place(const char *path, struct str bytes, struct err **err);
/* At most max bytes, from the end when from_end. *ret is absent when there is no such file. */
int disk_read(struct arena *arena, const char *path, size_t max, bool from_end, struct str *ret,
              struct err **err);
bool disk_exists(const char *path);
/* Unmounts whatever is mounted at or below path, the innermost first. */
int disk_unmount_below(const char *path, struct err **err);
/* rm -r that stays in this file system and follows no links; what is not there is gone. */
int disk_remove(const char *path, struct err **err);
/* Bytes that everything below path takes on the disk, without following links or leaving its file system.
 * What cannot be read counts nothing. */
int64_t disk_usage(const char *path);
/* Is a tmpfs mounted right there? */
bool disk_is_tmpfs_mount(const char *path);
/* Mounts a tmpfs; size_bytes 0: the kernel's default. Nothing happens when one is there. */
int disk_mount_tmpfs(const char *path, int64_t size_bytes, mode_t mode, struct err **err);

#endif
