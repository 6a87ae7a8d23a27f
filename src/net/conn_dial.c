/* Connecting to a numeric address or a Unix socket, with a deadline.  Called by http_client.c and
 * reach, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/conn.h"

struct conn_dial {
    struct loop *loop;
    char *address;
    struct conn *conn; /* the socket on its way */
    int fd;            /* conn's, borrowed */
    struct loop_timer *timer;
    struct err *err; /* what done will get */
    bool is_ending;  /* conn_dial_end is under way */
    conn_dial_fn *done;
    void *ctx;
};

static void conn_dial_start(struct conn_dial *dial, struct err **err);
static void conn_dial_ready(void *ctx, int ready);
static void conn_dial_late(void *ctx);
static void conn_dial_finish(struct conn_dial *dial, struct err *owned);
static void conn_dial_end(void *ctx);

struct conn_dial *
conn_dial(struct loop *loop, const char *address, int64_t timeout_ms, conn_dial_fn *done, void *ctx)
{
    struct conn_dial *dial = MEM_NEW(struct conn_dial);
    struct err *err = NULL;

    *dial = (struct conn_dial){
        .loop = loop, .address = mem_strdup(address), .fd = -1, .done = done, .ctx = ctx
    };
    conn_dial_start(dial, &err);
    if (err != NULL) {
        conn_dial_finish(dial, err);
    } else {
        dial->timer = loop_timer(loop, clock_mono_ms() + timeout_ms, conn_dial_late, dial);
    }
    return dial;
}

void
conn_dial_cancel(struct conn_dial *dial)
{
    struct err *err = NULL;

    (void)err_set(&err, ERR_CANCELLED, "connecting to '%s' was given up", dial->address);
    conn_dial_finish(dial, err);
}

/* A peer that vanished (power, cable) is noticed in half a minute, by silence or by what it does
 * not acknowledge; the kernel's own two hours would leave a watch deaf. */
static void
conn_dial_tune(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, 15 }, { IPPROTO_TCP, TCP_KEEPINTVL, 5 },
        { IPPROTO_TCP, TCP_KEEPCNT, 3 },   { IPPROTO_TCP, TCP_USER_TIMEOUT, 30 * 1000 },
    };

    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        /* Without them it still works, later and slower. */
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof(options[i].value));
    }
}

static void
conn_dial_start(struct conn_dial *dial, struct err **err)
{
    struct sockaddr_storage to;
    socklen_t to_size = 0;

    if (address_parse(dial->address, &to, &to_size, err) < 0) {
        return;
    }
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        (void)err_sys(err, errno, "connect to '%s'", dial->address);
        return;
    }
    if (to.ss_family != AF_UNIX) {
        conn_dial_tune(fd);
    }
    if (connect(fd, (const struct sockaddr *)&to, to_size) < 0 && errno != EINPROGRESS) {
        int sys = errno;

        (void)close(fd);
        (void)err_set(err, ERR_UNAVAILABLE, "connect to '%s': %s", dial->address, strerror(sys));
        (*err)->sys = sys;
        (*err)->sys = sys;
        return;
    }
    dial->fd = fd;
    dial->conn = conn_of_fd(dial->loop, fd);
    conn_want(dial->conn, CONN_WRITE, conn_dial_ready, dial);
}

static void
conn_dial_ready(void *ctx, int ready)
{
    struct conn_dial *dial = ctx;
    struct err *err = NULL;
    int sys = 0;
    socklen_t size = sizeof(sys);

    (void)ready;
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &sys, &size) < 0) {
        sys = errno;
    }
    if (sys != 0) {
        (void)err_set(&err, ERR_UNAVAILABLE, "connect to '%s': %s", dial->address, strerror(sys));
        err->sys = sys;
        err->sys = sys;
    }
    conn_dial_finish(dial, err);
}

static void
conn_dial_late(void *ctx)
{
    struct conn_dial *dial = ctx;
    struct err *err = NULL;

    dial->timer = NULL;
    (void)err_set(&err, ERR_TIMEOUT, "connect to '%s': no answer in time", dial->address);
    conn_dial_finish(dial, err);
}

/* Once only; the call to done comes from a later turn, so never inside conn_dial. */
static void
conn_dial_finish(struct conn_dial *dial, struct err *owned)
{
    if (dial->is_ending) {
        if (owned != NULL && dial->err == NULL) {
            dial->err = owned; /* cancelled after it had connected */
        } else {
            err_free(owned);
        }
        return;
    }
    dial->is_ending = true;
    dial->err = owned;
    loop_timer_cancel(STEAL(dial->timer));
    if (dial->conn != NULL) {
        conn_want(dial->conn, 0, NULL, NULL);
    }
    loop_defer(dial->loop, conn_dial_end, dial);
}

static void
conn_dial_end(void *ctx)
{
    struct conn_dial *dial = ctx;
    struct conn *conn = STEAL(dial->conn);

    if (dial->err != NULL) {
        conn_close(conn);
        conn = NULL;
    }
    dial->done(dial->ctx, conn, STEAL(dial->err));
    mem_free(dial->address);
    mem_free(dial);
}
