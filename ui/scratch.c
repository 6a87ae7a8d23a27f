/* Scratch files: mode 0600 in a directory of mode 0700.  Called by the editor; small files, read and
 * written at once. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "ui/save.h"

enum { SCRATCH_MAX = 8 << 20, SCRATCH_PIECE = 16 << 10 };

/* The first that takes a directory: those in memory come first. */
static char *
make_directory(void)
{
    const char *const places[] = { getenv("XDG_RUNTIME_DIR"), "/dev/shm", getenv("TMPDIR"),
                                   "/tmp" };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        AUTO_FREE char *path = NULL;
        if (places[i] == NULL || places[i][0] != '/') {
            continue;
        }
        path = mem_printf("%s/binnacle-edit-XXXXXX", places[i]);
        if (mkdtemp(path) != NULL) {
            return STEAL(path);
        }
    }
    return NULL;
}

int
scratch_open(struct scratch *scratch, struct str name, struct err **err)
{
    AUTO_FREE char *tamed = str_dup(name);
    char *directory = make_directory();

    if (directory == NULL) {
        return err_sys(err, errno, "make a directory for a scratch file");
    }
    save_tame(tamed);
    scratch->directory = directory;
    scratch->path = mem_printf("%s/%s", directory, tamed);
    return 0;
}

int
scratch_write(const struct scratch *scratch, struct str text, struct err **err)
{
    AUTO_FD int fd =
        open(scratch->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || save_write(fd, text) != 0) {
        return err_sys(err, errno, "write '%s'", scratch->path);
    }
    return 0;
}

int
scratch_read(const struct scratch *scratch, struct str_builder *out, struct err **err)
{
    AUTO_FD int fd = open(scratch->path, O_RDONLY | O_CLOEXEC);
    char piece[SCRATCH_PIECE];
    ssize_t size = 1;

    out->max = SCRATCH_MAX;
    while (fd >= 0 && size > 0 && !out->overflow) {
        size = read(fd, piece, sizeof(piece));
        if (size > 0) {
            str_put(out, str_slice(piece, (size_t)size));
        }
    }
    if (fd < 0 || size < 0) {
        return err_sys(err, errno, "read '%s'", scratch->path);
    }
    if (out->overflow) {
        return err_set(err, ERR_TOO_LARGE, "'%s' is larger than %d bytes", scratch->path,
                       SCRATCH_MAX);
    }
    return 0;
}

void
scratch_done(struct scratch *scratch)
{
    DIR *directory = scratch->directory == NULL ? NULL : opendir(scratch->directory);
    struct dirent *entry;

    for (;;) {
        entry = directory == NULL ? NULL : readdir(directory);
        if (entry == NULL) {
            break;
        }
        (void)unlinkat(dirfd(directory), entry->d_name, 0); /* not "." and "..": EISDIR */
    }
    if (directory != NULL) {
        (void)closedir(directory);
        (void)rmdir(scratch->directory);
    }
    scratch_keep(scratch);
}

void
scratch_keep(struct scratch *scratch)
{
    mem_free(STEAL(scratch->directory));
    mem_free(STEAL(scratch->path));
}
