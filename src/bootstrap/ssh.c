/* An SSH connection: the socket, the handshake, waiting.  Called by transport_ssh.c on a worker.
 *
 * The library never blocks here: every call is repeated by a loop that waits for the socket with a
 * deadline, so that neither a silent nor a babbling server can hold the thread. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/host_key.h"
#include "bootstrap/session.h"
#include "bootstrap/ssh_priv.h"

enum { GREETING_MAX = 256 << 10 /* bytes: banners, keys and all */ };
enum { LOOK_MS = 500 /* between looks at the clock, which tests may warp */, BYE_MS = 500 };

/* The order that ssh(1) prefers; the library leaves out what it has not. */
#define KEY_TYPES "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-rsa"

/* ---- memory of the library: passwords pass through it, so it is wiped when freed ---- */

union block {
    size_t size;
    max_align_t align;
};

void *
ssh_lib_alloc(size_t size)
{
    union block *block = mem_new_raw(sizeof(*block) + size);
    block->size = size;
    return block + 1;
}

static LIBSSH2_ALLOC_FUNC(lib_alloc)
{
    (void)abstract;
    return ssh_lib_alloc(count);
}

static LIBSSH2_FREE_FUNC(lib_free)
{
    (void)abstract;
    if (ptr != NULL) {
        union block *block = (union block *)ptr - 1;
        mem_wipe(ptr, block->size);
        mem_free(block);
    }
}

static LIBSSH2_REALLOC_FUNC(lib_realloc)
{
    union block *old = ptr == NULL ? NULL : (union block *)ptr - 1;
    void *grown = lib_alloc(count, abstract);
    if (old != NULL) {
        memcpy(grown, ptr, old->size < count ? old->size : count);
        lib_free(ptr, abstract);
    }
    return grown;
}

/* ---- reading: a server that never stops must not keep the library busy ---- */

static LIBSSH2_RECV_FUNC(lib_recv)
{
    struct ssh *ssh = *abstract;
    bool floods = !ssh->is_through && ssh->greeted > GREETING_MAX;
    if (floods || clock_mono_ms() >= ssh->guard_ms || session_is_cancelled(ssh->session)) {
        ssh->is_late = true;
        return -ECONNABORTED;
    }
    ssize_t size = recv(socket, buffer, length, flags);
    if (size < 0) {
        bool is_later = errno == EINTR || errno == EAGAIN;
        ssh->failed = is_later ? ssh->failed : errno; /* who asks later is told nothing */
        return is_later ? -EAGAIN : -errno;
    }
    ssh->greeted += ssh->is_through ? 0 : (size_t)size;
    return size;
}

void
ssh_guard(struct ssh *ssh, int64_t deadline_ms)
{
    ssh->guard_ms = deadline_ms;
}

static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static void
start_lib(void)
{
    (void)libssh2_init(0); /* fails only for want of memory */
}

/* ---- waiting and errors ---- */

static int
wait_fd(struct session *session, int fd, short events, int64_t deadline_ms, struct err **err)
{
    for (;;) {
        int64_t left_ms = deadline_ms - clock_mono_ms();
        if (session_is_cancelled(session)) {
            return err_set(err, ERR_CANCELLED, "given up");
        }
        if (left_ms <= 0) {
            return err_set(err, ERR_TIMEOUT, "no answer in time");
        }
        struct pollfd look = { .fd = fd, .events = events };
        if (poll(&look, 1, (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS)) > 0) {
            return 0;
        }
    }
}

int
ssh_wait(struct ssh *ssh, int64_t deadline_ms, struct err **err)
{
    int directions = libssh2_session_block_directions(ssh->lib);
    short events = (directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 ? POLLIN : 0;
    events |= (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 ? POLLOUT : 0;
    return wait_fd(ssh->session, ssh->fd, events != 0 ? events : POLLIN, deadline_ms, err);
}

/* Why the socket is of no use any more; 0: it is, or the other side closed it in order. */
static bool
look_lost(struct ssh *ssh, int *ret_errno)
{
    char byte;
    ssize_t size = recv(ssh->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    *ret_errno = size < 0 ? errno : 0;
    return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

/* The library's own words for a broken connection say little: "Unexpected error". */
static bool
say_lost(struct ssh *ssh, const char *what, struct err **err)
{
    int code = libssh2_session_last_errno(ssh->lib), failed = 0;
    bool is_socket = code == LIBSSH2_ERROR_SOCKET_SEND || code == LIBSSH2_ERROR_SOCKET_RECV ||
                     code == LIBSSH2_ERROR_SOCKET_DISCONNECT;
    ssh->is_lost = look_lost(ssh, &failed) || is_socket || ssh->is_lost;
    failed = failed == 0 || failed == EAGAIN ? ssh->failed : failed;
    ssh->failed = failed;
    if (ssh->is_lost && failed != 0) {
        (void)err_sys(err, failed, "%s: the connection broke", what);
    } else if (ssh->is_lost) {
        (void)err_set(err, ERR_UNAVAILABLE, "%s: the connection broke", what);
    }
    return ssh->is_lost;
}

int
ssh_failed(struct ssh *ssh, const char *what, struct err **err)
{
    char *text = NULL;
    int size = 0;
    (void)libssh2_session_last_error(ssh->lib, &text, &size, 0);
    if (session_is_cancelled(ssh->session)) {
        return err_set(err, ERR_CANCELLED, "given up");
    }
    if (ssh->is_late) {
        return err_set(err, ERR_TIMEOUT, "%s: %s", what,
                       ssh->is_through || ssh->greeted <= GREETING_MAX
                           ? "no end in time"
                           : "what it sends has no end: is it an SSH server?");
    }
    if (say_lost(ssh, what, err)) {
        return -1;
    }
    return err_set(err, ERR_UNAVAILABLE, "%s: %.*s", what, size, text == NULL ? "" : text);
}

/* ---- connecting ---- */

/* A host that dies says nothing: it is noticed within 16 s, whether we wait or write. */
static void
watch_peer(int fd)
{
    enum { IDLE_S = 4, BETWEEN_S = 4, PROBES = 3, UNHEARD_MS = 16000 };
    static const struct {
        int level, name, value;
    } options[] = {
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S },
        { IPPROTO_TCP, TCP_KEEPINTVL, BETWEEN_S },
        { IPPROTO_TCP, TCP_KEEPCNT, PROBES },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, UNHEARD_MS },
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof(options[i].value)); /* without it the step's own deadline holds */
    }
}

static int
connect_one(struct session *session, const struct addrinfo *to, int64_t deadline_ms, int *ret_fd,
            struct err **err)
{
    int failed = 0, one = 1;
    socklen_t size = sizeof(failed);
    AUTO_FD int fd =
        socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
    if (fd < 0) {
        return err_sys(err, errno, "make a socket");
    }
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
        if (errno != EINPROGRESS) {
            return err_sys(err, errno, "connect");
        }
        if (wait_fd(session, fd, POLLOUT, deadline_ms, err) < 0) {
            return -1;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0 || failed != 0) {
            return err_sys(err, failed != 0 ? failed : errno, "connect");
        }
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* only faster */
    watch_peer(fd);
    *ret_fd = fd;
    fd = -1;
    return 0;
}

/* Every address of the name, in the resolver's order, each with its share of the time. */
static int
connect_any(struct session *session, const char *host, int port, int64_t deadline_ms, int *ret_fd,
            struct err **err)
{
    char service[16];
    size_t len = 0;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    (void)snprintf(service, sizeof(service), "%d", port);
    int failed = getaddrinfo(host, service, &hints, &found);
    if (failed != 0) {
        return err_set(err, ERR_UNAVAILABLE, "find '%s': %s", host, gai_strerror(failed));
    }
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        len++;
    }
    int rc = -1;
    for (struct addrinfo *at = found; at != NULL && rc < 0; at = at->ai_next, len--) {
        int64_t now_ms = clock_mono_ms();
        err_clear(err);
        rc = connect_one(session, at, now_ms + (deadline_ms - now_ms) / (int64_t)len, ret_fd, err);
    }
    freeaddrinfo(found);
    return rc;
}

/* ---- the handshake ---- */

static int
shake_hands(struct ssh *ssh, struct str key_type, int64_t deadline_ms, struct err **err)
{
    AUTO_FREE char *types = key_type.size == 0
                                ? mem_strdup(KEY_TYPES)
                                : mem_printf(STR_FMT "," KEY_TYPES, STR_ARG(key_type));
    int rc;
    ssh_guard(ssh, deadline_ms);
    (void)libssh2_session_method_pref(ssh->lib, LIBSSH2_METHOD_HOSTKEY, types);
    while ((rc = libssh2_session_handshake(ssh->lib, ssh->fd)) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_wait(ssh, deadline_ms, err) < 0) {
            return err_wrap(err, "the SSH handshake");
        }
    }
    if (rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_METHOD_NONE) {
        return err_set(err, ERR_UNAVAILABLE,
                       "no cipher, key exchange or host key in common with the SSH server: "
                       "let it offer an ed25519 or ecdsa host key, aes256-ctr and hmac-sha2-256");
    }
    ssh->is_through = rc == 0;
    return rc == 0 ? 0 : ssh_failed(ssh, "the SSH handshake", err);
}

struct ssh *
ssh_open(struct session *session, const char *host, int port, struct str key_type,
         int64_t timeout_ms, struct err **err)
{
    bool is_v6 = strchr(host, ':') != NULL;
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;
    int fd;
    (void)pthread_once(&lib_once, start_lib);
    if (connect_any(session, host, port, deadline_ms, &fd, err) < 0) {
        (void)err_wrap(err, is_v6 ? "[%s]:%d" : "%s:%d", host, port);
        return NULL;
    }
    struct ssh *ssh = MEM_NEW(struct ssh);
    ssh->session = session;
    ssh->fd = fd;
    ssh->place = mem_printf(is_v6 ? "[%s]:%d" : "%s:%d", host, port);
    ssh->opened_ms = clock_mono_ms();
    ssh->lib = libssh2_session_init_ex(lib_alloc, lib_free, lib_realloc, ssh);
    (void)libssh2_session_callback_set(ssh->lib, LIBSSH2_CALLBACK_RECV, (void *)lib_recv);
    session_own_fd(session, fd);
    libssh2_session_set_blocking(ssh->lib, 0);
    if (shake_hands(ssh, key_type, deadline_ms, err) < 0) {
        (void)err_wrap(err, "%s", ssh->place);
        ssh_close(ssh);
        return NULL;
    }
    return ssh;
}

void
ssh_close(struct ssh *ssh)
{
    if (ssh == NULL) {
        return;
    }
    AUTO_ERR struct err *late = NULL;
    int64_t deadline_ms = clock_mono_ms() + BYE_MS;
    ssh_guard(ssh, deadline_ms);
    while (libssh2_session_disconnect(ssh->lib, "done") == LIBSSH2_ERROR_EAGAIN &&
           ssh_wait(ssh, deadline_ms, &late) == 0) {
    }
    session_disown_fd(ssh->session, ssh->fd);
    (void)shutdown(ssh->fd, SHUT_RDWR); /* so that freeing the session cannot wait */
    while (libssh2_session_free(ssh->lib) == LIBSSH2_ERROR_EAGAIN) {
    }
    (void)close(ssh->fd);
    mem_free(ssh->place);
    mem_free(ssh);
}

struct str
ssh_host_key(const struct ssh *ssh, struct arena *arena)
{
    size_t size = 0;
    int type;
    const char *blob = libssh2_session_hostkey(ssh->lib, &size, &type);
    return blob == NULL ? (struct str){ 0 } : host_key_text(str_slice(blob, size), arena);
}

bool
ssh_is_lost(const struct ssh *ssh)
{
    return ssh != NULL && ssh->is_lost;
}

int64_t
ssh_age_ms(const struct ssh *ssh)
{
    return clock_mono_ms() - ssh->opened_ms;
}
