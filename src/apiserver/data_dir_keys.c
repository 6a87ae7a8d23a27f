/* Keys of service-account tokens, pki/sa-<kid>.key: kid is the key's id, as tokens and the JWKS name
 * it. The newest file signs.
 *
 * Called by data_dir.c before the loop runs. */
#include "config.h"

#include "apiserver/data_dir_keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/pki.h"

enum { FILE_MAX = 16 << 10, KID_SIZE = 64 };

static bool
is_key_name(struct str name)
{
    return str_has_prefix(name, STR("sa-")) && str_has_suffix(name, STR(".key"));
}

static int
read_key(const char *path, struct data_dir_key *ret, struct err **err)
{
    struct stat info;
    char kid[KID_SIZE];
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0) {
        return err_sys(err, errno, "open '%s'", path);
    }
    AUTO_FREE char *text = mem_new(FILE_MAX + 1);
    ssize_t size = read(fd, text, FILE_MAX);
    if (size < 0) {
        return err_sys(err, errno, "read '%s'", path);
    }
    if (pki_key_id(str_slice(text, (size_t)size), kid, err) < 0) {
        return err_wrap(err, "service-account key '%s'", path);
    }
    ret->pem = STEAL(text);
    ret->made_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return 0;
}

/* A file of that name is whole or not there. */
static int
write_key(const char *pki, struct err **err)
{
    char kid[KID_SIZE];
    AUTO_FREE char *pem = NULL;
    if (pki_key_new(&pem, err) < 0 || pki_key_id(str_of(pem), kid, err) < 0) {
        return -1;
    }
    AUTO_FREE char *path = mem_printf("%s/sa-%s.key", pki, kid);
    AUTO_FREE char *temporary = mem_printf("%s.new", path);
    AUTO_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(err, errno, "open '%s'", temporary);
    }
    size_t size = strlen(pem);
    ssize_t written = write(fd, pem, size);
    mem_wipe(pem, size);
    if (written != (ssize_t)size || fsync(fd) < 0) {
        return err_sys(err, written < 0 ? errno : EIO, "write '%s'", temporary);
    }
    if (rename(temporary, path) < 0) {
        return err_sys(err, errno, "rename '%s'", temporary);
    }
    return 0;
}

static int
read_all(const char *pki, struct data_dir_keys *keys, struct err **err)
{
    DIR *dir = opendir(pki);
    if (dir == NULL) {
        return err_sys(err, errno, "open '%s'", pki);
    }
    int rc = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && rc == 0; entry = readdir(dir)) {
        if (!is_key_name(str_of(entry->d_name))) {
            continue;
        }
        if (keys->len == DATA_DIR_KEYS_MAX) {
            rc = err_set(err, ERR_TOO_LARGE,
                         "'%s' has more than %d keys of service accounts: remove the oldest", pki,
                         (int)DATA_DIR_KEYS_MAX);
            break;
        }
        AUTO_FREE char *path = mem_printf("%s/%s", pki, entry->d_name);
        rc = read_key(path, &keys->at[keys->len], err);
        keys->len += rc == 0;
    }
    (void)closedir(dir);
    return rc;
}

static int
newest_first(const void *a, const void *b)
{
    const struct data_dir_key *one = a, *other = b;
    return (one->made_ns < other->made_ns) - (one->made_ns > other->made_ns);
}

int
data_dir_keys_load(const char *pki, struct data_dir_keys *ret, struct err **err)
{
    struct data_dir_keys keys = { 0 };
    int rc = read_all(pki, &keys, err);
    if (rc == 0 && keys.len == 0) {
        rc = write_key(pki, err) < 0 ? -1 : read_all(pki, &keys, err);
    }
    if (rc < 0) {
        data_dir_keys_done(&keys);
        return -1;
    }
    qsort(keys.at, keys.len, sizeof(keys.at[0]), newest_first);
    *ret = keys;
    return 0;
}

void
data_dir_keys_done(struct data_dir_keys *keys)
{
    for (size_t i = 0; i < keys->len; i++) {
        mem_wipe(keys->at[i].pem, strlen(keys->at[i].pem));
        mem_free(keys->at[i].pem);
    }
    keys->len = 0;
}
