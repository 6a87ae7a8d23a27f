/* `binnacle backup FILE`: database, keys and certificates of the data directory in one checked file,
 * while the control plane runs.  `binnacle restore FILE`: the way back, while none runs.
 *
 * Called by main.c; blocks. A restore makes everything new beside what is there, checks it, and moves
 * what was there away before it takes its place: nothing is overwritten. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apiserver/data_dir.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/vec.h"
#include "store/seal.h"
#include "store/store_backup.h"

enum { FILE_MAX = 1 << 20, OLD_MAX = 1000 };

/* What of the data directory is moved away before a restore; the database's own come with it. */
static const char *const parts[] = { "seal.key", "pki", "admin.kubeconfig" };
static const char *const database_suffixes[] = { "", "-wal", "-shm" };

/* ---- files ---- */

struct files {
    VEC(struct store_backup_file) list;
};

static void
files_done(struct files *files)
{
    for (size_t i = 0; i < files->list.len; i++) {
        struct store_backup_file *file = &files->list.at[i];
        char *bytes = (char *)(uintptr_t)file->bytes.at;
        explicit_bzero(bytes, file->bytes.size);
        mem_free(bytes);
        mem_free((char *)(uintptr_t)file->name);
    }
    VEC_DONE(files->list);
}

static int
add_file(struct files *files, const char *dir, const char *name, struct err **err)
{
    AUTO_FREE char *path = mem_printf("%s/%s", dir, name);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    AUTO_FREE char *bytes = mem_new(FILE_MAX + 1);
    ssize_t size = fd < 0 ? -1 : read(fd, bytes, FILE_MAX + 1);
    if (size < 0) {
        return err_sys(err, errno, "read '%s'", path);
    }
    if (size > FILE_MAX) {
        return err_set(err, ERR_IO, "'%s' is larger than %d bytes: it is no key", path, FILE_MAX);
    }
    VEC_ADD(files->list, ((struct store_backup_file){ mem_strdup(name),
                                                      str_slice(STEAL(bytes), (size_t)size) }));
    return 0;
}

/* seal.key and everything in pki. */
static int
collect(struct files *files, const char *dir, struct err **err)
{
    AUTO_FREE char *pki = mem_printf("%s/pki", dir);
    if (add_file(files, dir, "seal.key", err) < 0) {
        return -1;
    }
    DIR *list = opendir(pki);
    if (list == NULL) {
        return err_sys(err, errno, "open '%s'", pki);
    }
    int rc = 0;
    for (struct dirent *each = readdir(list); each != NULL && rc == 0; each = readdir(list)) {
        if (each->d_name[0] != '.') {
            AUTO_FREE char *name = mem_printf("pki/%s", each->d_name);
            rc = add_file(files, dir, name, err);
        }
    }
    (void)closedir(list); /* it was only read */
    return rc;
}

/* ---- backup ---- */

/* Where the database is: --store, else in the data directory; owned by the caller. */
static char *
database_path(const struct options *options, const char *dir, struct err **err)
{
    const char *where = options_text(options, OPT_STORE);
    if (where[0] == '\0') {
        return mem_printf("%s/binnacle.db", dir);
    }
    if (!str_has_prefix(str_of(where), STR("sqlite:"))) {
        (void)err_set(err, ERR_BAD_REQUEST, "--store '%s' is not known: sqlite:PATH is", where);
        return NULL;
    }
    return mem_strdup(where + strlen("sqlite:"));
}

static void
say(const char *what, const char *file, const struct store_backup_info *info)
{
    printf("%s '%s': %llu objects, %llu revisions, up to %llu; all of it was read and checked\n",
           what, file, (unsigned long long)info->objects, (unsigned long long)info->revisions,
           (unsigned long long)info->last_rev);
}

static int
backup(const struct options *options, const char *file, struct err **err)
{
    AUTO_FREE char *dir = options_data_dir(options);
    AUTO_FREE char *database = database_path(options, dir, err);
    AUTO_FREE char *key = mem_printf("%s/seal.key", dir);
    AUTO(files_done) struct files files = { 0 };
    struct store_backup_info info = { 0 };
    struct seal *seal = NULL;
    if (database == NULL || collect(&files, dir, err) < 0 ||
        seal_open(key, false, &seal, err) < 0) {
        return -1;
    }
    int rc = store_backup_make(database, file, files.list.at, files.list.len, seal, &info, err);
    seal_free(seal);
    if (rc == 0) {
        say("wrote", file, &info);
    }
    return rc;
}

/* ---- restore ---- */

/* "seal.key" or "pki/NAME" without a way out of there. */
static bool
is_expected(const char *name)
{
    struct str base = str_of(name);
    struct str dir = STR("pki/");
    if (strcmp(name, "seal.key") == 0) {
        return true;
    }
    return str_has_prefix(base, dir) && base.size > dir.size && base.at[dir.size] != '.' &&
           memchr(base.at + dir.size, '/', base.size - dir.size) == NULL;
}

static int
write_file(const char *path, struct str bytes, struct err **err)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t size = fd < 0 ? -1 : write(fd, bytes.at, bytes.size);
    if (size != (ssize_t)bytes.size || fsync(fd) < 0) {
        return err_sys(err, size >= 0 && size < (ssize_t)bytes.size ? ENOSPC : errno, "write '%s'",
                       path);
    }
    return 0;
}

static int
take_file(void *ctx, const struct store_backup_file *file, struct err **err)
{
    const char *dir = ctx;
    AUTO_FREE char *path = mem_printf("%s/%s", dir, file->name);
    if (!is_expected(file->name)) {
        return err_set(err, ERR_BAD_REQUEST, "the backup has a file that does not belong there");
    }
    return write_file(path, file->bytes, err);
}

static void
remove_dir(const char *dir)
{
    DIR *list = opendir(dir);
    for (struct dirent *each = list == NULL ? NULL : readdir(list); each != NULL;
         each = readdir(list)) {
        if (strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0) {
            (void)unlinkat(dirfd(list), each->d_name, 0); /* what stays is in rmdir's way */
        }
    }
    if (list != NULL) {
        (void)closedir(list);
    }
    (void)rmdir(dir);
}

/* An empty directory for what comes; what another try left there goes. */
static int
make_stage(const char *stage, struct err **err)
{
    AUTO_FREE char *pki = mem_printf("%s/pki", stage);
    remove_dir(pki);
    remove_dir(stage);
    if (mkdir(stage, 0700) < 0 || mkdir(pki, 0700) < 0) {
        return err_sys(err, errno, "make '%s'", pki);
    }
    return 0;
}

/* A directory that was not there: DIR/before-restore-N. */
static char *
make_old(const char *dir, struct err **err)
{
    for (int i = 1; i <= OLD_MAX; i++) {
        AUTO_FREE char *path = mem_printf("%s/before-restore-%d", dir, i);
        if (mkdir(path, 0700) == 0) {
            return STEAL(path);
        }
        if (errno != EEXIST) {
            (void)err_sys(err, errno, "make '%s'", path);
            return NULL;
        }
    }
    (void)err_set(err, ERR_IO, "'%s' has %d directories before-restore-N: remove some", dir,
                  OLD_MAX);
    return NULL;
}

/* Nothing where there is nothing to move. */
static int
move(const char *from, const char *to, struct err **err)
{
    if (rename(from, to) < 0 && errno != ENOENT) {
        return err_sys(err, errno, "move '%s' to '%s'", from, to);
    }
    return 0;
}

static int
move_away(const char *dir, const char *database, const char *old, struct err **err)
{
    const char *slash = strrchr(database, '/');
    const char *name = slash == NULL ? database : slash + 1;
    for (size_t i = 0; i < ARRAY_LEN(database_suffixes); i++) {
        AUTO_FREE char *from = mem_printf("%s%s", database, database_suffixes[i]);
        AUTO_FREE char *to = mem_printf("%s/%s%s", old, name, database_suffixes[i]);
        if (move(from, to, err) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        AUTO_FREE char *from = mem_printf("%s/%s", dir, parts[i]);
        AUTO_FREE char *to = mem_printf("%s/%s", old, parts[i]);
        if (move(from, to, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
move_in(const char *stage, const char *dir, const char *made, const char *database,
        struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        AUTO_FREE char *from = mem_printf("%s/%s", stage, parts[i]);
        AUTO_FREE char *to = mem_printf("%s/%s", dir, parts[i]);
        if (move(from, to, err) < 0) {
            return -1;
        }
    }
    return move(made, database, err);
}

static int
sync_dir(const char *path, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? err_sys(err, errno, "sync '%s'", path) : 0;
}

/* Everything new is whole and checked: it takes its place. */
static int
take_place(const char *dir, const char *stage, const char *made, const char *database,
           struct err **err)
{
    AUTO_FREE char *old = make_old(dir, err);
    if (old == NULL || move_away(dir, database, old, err) < 0 ||
        move_in(stage, dir, made, database, err) < 0 || sync_dir(dir, err) < 0) {
        return old == NULL ? -1 : err_wrap(err, "what was there is in '%s'", old);
    }
    if (rmdir(old) < 0) { /* it was empty when there was nothing before */
        printf("what was there before is in '%s'\n", old);
    }
    remove_dir(stage);
    return 0;
}

static int
restore_into(const char *dir, const char *database, const char *file, struct err **err)
{
    AUTO_FREE char *stage = mem_printf("%s/restore", dir);
    AUTO_FREE char *key = mem_printf("%s/seal.key", stage);
    AUTO_FREE char *made = mem_printf("%s.restore", database);
    struct store_backup_info info = { 0 };
    struct seal *seal = NULL;
    (void)unlink(made); /* of another try */
    if (make_stage(stage, err) < 0 || store_backup_files(file, take_file, stage, err) < 0 ||
        seal_open(key, false, &seal, err) < 0) {
        return -1;
    }
    int rc = store_backup_restore(file, made, seal, &info, err);
    seal_free(seal);
    if (rc < 0 || take_place(dir, stage, made, database, err) < 0) {
        return -1;
    }
    say("restored", file, &info);
    return 0;
}

static int
restore(const struct options *options, const char *file, struct err **err)
{
    AUTO_FREE char *path = options_data_dir(options);
    AUTO_FREE char *database = database_path(options, path, err);
    struct data_dir *dir = NULL;
    if (database == NULL || data_dir_open(path, &dir, err) < 0) {
        return -1;
    }
    int rc = restore_into(path, database, file, err);
    data_dir_close(dir);
    return rc;
}

/* ---- the commands ---- */

static int
run(const struct options *options, const char *name,
    int (*act)(const struct options *options, const char *file, struct err **err))
{
    struct err *err = NULL;
    if (options->rest_len != 1) {
        fprintf(stderr, "usage: binnacle %s FILE [OPTION]…\n", name);
        return 2;
    }
    if (act(options, options->rest[0], &err) < 0) {
        fprintf(stderr, "binnacle %s: %s\n", name, err->message);
        err_free(err);
        return 1;
    }
    return 0;
}

int
cmd_backup_main(const struct options *options)
{
    return run(options, "backup", backup);
}

int
cmd_backup_restore(const struct options *options)
{
    return run(options, "restore", restore);
}
