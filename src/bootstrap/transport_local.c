/* This machine as a transport: what ./quickstart and the first node use.  Worker thread. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/session.h"
#include "bootstrap/transport.h"

struct local {
    struct transport transport;
    struct session *session;
};

static int
run(struct transport *transport, struct str script, struct str input, int64_t timeout_ms,
    struct arena *arena, struct transport_result *ret, struct err **err)
{
    struct local *local = container_of(transport, struct local, transport);
    return session_spawn(local->session, script, input, timeout_ms, arena, ret, err);
}

static int
write_all(int fd, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t size = write(fd, bytes.at, bytes.size);
        if (size < 0 && errno != EINTR) {
            return -1;
        }
        if (size > 0) {
            bytes = str_slice(bytes.at + size, bytes.size - (size_t)size);
        }
    }
    return fsync(fd);
}

/* Every folder on the way, 0755. */
static void
make_folders(const char *path)
{
    AUTO_FREE char *copy = mem_strdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(copy, 0755); /* there already, or the write below says why not */
        *slash = '/';
    }
}

static int
put(struct transport *transport, const char *path, unsigned mode, struct str bytes,
    struct err **err)
{
    (void)transport;
    make_folders(path);
    AUTO_FREE char *beside = mem_printf("%s.new", path);
    (void)unlink(beside); /* of an attempt that was killed */
    AUTO_FD int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 || fchmod(fd, mode) < 0 || write_all(fd, bytes) < 0) {
        return err_sys(err, errno, "write '%s'", beside);
    }
    return rename(beside, path) < 0 ? err_sys(err, errno, "rename to '%s'", path) : 0;
}

static int
get(struct transport *transport, const char *path, size_t max, struct arena *arena, struct str *ret,
    struct err **err)
{
    struct stat stat;
    (void)transport;
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) < 0) {
        return err_sys(err, errno, "read '%s'", path);
    }
    size_t size = (size_t)stat.st_size < max ? (size_t)stat.st_size : max, have = 0;
    char *at = arena_alloc(arena, size + 1);
    while (have < size) {
        ssize_t part = read(fd, at + have, size - have);
        if (part < 0 && errno != EINTR) {
            return err_sys(err, errno, "read '%s'", path);
        }
        if (part == 0) {
            break;
        }
        have += part > 0 ? (size_t)part : 0;
    }
    *ret = str_slice(at, have);
    return 0;
}

static void
close_local(struct transport *transport)
{
    mem_free(container_of(transport, struct local, transport));
}

static const struct transport_ops ops = {
    .run = run, .put = put, .get = get, .close = close_local
};

struct transport *
transport_local(struct session *session)
{
    struct local *local = MEM_NEW(struct local);
    local->transport.ops = &ops;
    local->session = session;
    return &local->transport;
}
