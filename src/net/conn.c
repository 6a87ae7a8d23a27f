/* Byte streams over a socket, and the one that hands a connection on with bytes in flight.  Used by
 * everything that speaks over the network, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/loop.h"
#include "base/mem.h"

struct conn_fd {
    struct conn conn;
    uv_poll_t poll;
    int fd;
    int wanted;  /* CONN_READ | CONN_WRITE the user asked for */
    int watched; /* what libuv watches now */
    conn_ready_fn *fn;
    void *ctx;
};

/* A conn that begins with bytes of another life. */
struct conn_head {
    struct conn conn;
    struct loop *loop;
    struct conn *inner; /* owned */
    struct str_builder in, out;
    size_t in_at, out_at; /* how much of each is used up */
    int wanted;
    conn_ready_fn *fn;
    void *ctx;
    bool is_posted;  /* conn_head_fire is under way */
    bool is_closed;  /* freed as soon as that has come */
    bool shut_later; /* shut_write came while out was not empty */
};

static ssize_t conn_fd_readv(struct conn *conn, const struct iovec *iov, int len);
static ssize_t conn_fd_writev(struct conn *conn, const struct iovec *iov, int len);
static void conn_fd_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx);
static void conn_fd_shut_write(struct conn *conn);
static void conn_fd_close(struct conn *conn);
static void conn_fd_event(uv_poll_t *poll, int status, int events);
static void conn_fd_freed(uv_handle_t *handle);

static ssize_t conn_head_readv(struct conn *conn, const struct iovec *iov, int len);
static ssize_t conn_head_writev(struct conn *conn, const struct iovec *iov, int len);
static void conn_head_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx);
static void conn_head_shut_write(struct conn *conn);
static void conn_head_close(struct conn *conn);
static void conn_head_ready(void *ctx, int ready);
static void conn_head_fire(void *ctx);
static void conn_head_watch(struct conn_head *head);
static int conn_head_flush(struct conn_head *head);

static const struct conn_ops conn_fd_ops = {
    .readv = conn_fd_readv,
    .writev = conn_fd_writev,
    .want = conn_fd_want,
    .shut_write = conn_fd_shut_write,
    .close = conn_fd_close,
};

static const struct conn_ops conn_head_ops = {
    .readv = conn_head_readv,
    .writev = conn_head_writev,
    .want = conn_head_want,
    .shut_write = conn_head_shut_write,
    .close = conn_head_close,
};

struct conn *
conn_of_fd(struct loop *loop, int fd)
{
    struct conn_fd *c = MEM_NEW(struct conn_fd);
    int rc = uv_poll_init(loop_uv(loop), &c->poll, fd);

    assert(rc == 0); /* a socket can be polled, and only one conn owns it */
    (void)rc;
    c->conn.ops = &conn_fd_ops;
    c->fd = fd;
    return &c->conn;
}

struct conn *
conn_with(struct loop *loop, struct conn *owned, struct str read_first, struct str write_first)
{
    if (read_first.size == 0 && write_first.size == 0) {
        return owned;
    }
    struct conn_head *head = MEM_NEW(struct conn_head);

    head->conn.ops = &conn_head_ops;
    head->loop = loop;
    head->inner = owned;
    str_put(&head->in, read_first);
    str_put(&head->out, write_first);
    conn_head_watch(head); /* what is to leave leaves, even if nobody writes */
    return &head->conn;
}

static ssize_t
conn_fd_readv(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn_fd *c = (struct conn_fd *)conn;
    ssize_t size = -1;

    do {
        size = len == 1 ? recv(c->fd, iov[0].iov_base, iov[0].iov_len, 0) : readv(c->fd, iov, len);
    } while (size < 0 && errno == EINTR);
    return size;
}

static ssize_t
conn_fd_writev(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn_fd *c = (struct conn_fd *)conn;
    struct msghdr message = { .msg_iovlen = (size_t)len };
    ssize_t size = -1;

    if (len == 1) {
        do {
            size = send(c->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL);
        } while (size < 0 && errno == EINTR);
        return size;
    }
    memcpy(&message.msg_iov, &iov, sizeof(iov)); /* sendmsg changes none, but takes no const */
    do {
        size = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    } while (size < 0 && errno == EINTR);
    return size;
}

static void
conn_fd_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx)
{
    struct conn_fd *c = (struct conn_fd *)conn;
    int events = ((ready & CONN_READ) != 0 ? UV_READABLE : 0) |
                 ((ready & CONN_WRITE) != 0 ? UV_WRITABLE : 0);

    c->fn = fn;
    c->ctx = ctx;
    c->wanted = ready;
    if (events == c->watched) {
        return; /* each change is two system calls */
    }
    c->watched = events;
    if (events == 0) {
        (void)uv_poll_stop(&c->poll);
    } else {
        (void)uv_poll_start(&c->poll, events, conn_fd_event); /* cannot fail for our own fd */
    }
}

static void
conn_fd_shut_write(struct conn *conn)
{
    (void)shutdown(((struct conn_fd *)conn)->fd,
                   SHUT_WR); /* a peer that left is found by reading */
}

static void
conn_fd_close(struct conn *conn)
{
    struct conn_fd *c = (struct conn_fd *)conn;

    (void)uv_poll_stop(&c->poll);
    (void)close(c->fd);
    c->fd = -1;
    uv_close((uv_handle_t *)&c->poll, conn_fd_freed);
}

static void
conn_fd_event(uv_poll_t *poll, int status, int events)
{
    struct conn_fd *c = container_of(poll, struct conn_fd, poll);
    int ready = ((events & UV_READABLE) != 0 ? CONN_READ : 0) |
                ((events & UV_WRITABLE) != 0 ? CONN_WRITE : 0);

    if (status < 0) {
        /* libuv stopped watching: the next read or write tells what is wrong. */
        c->watched = 0;
        ready = c->wanted;
    }
    if (c->fn != NULL && (ready & c->wanted) != 0) {
        c->fn(c->ctx, ready & c->wanted);
    }
}

static void
conn_fd_freed(uv_handle_t *handle)
{
    mem_free(container_of((uv_poll_t *)handle, struct conn_fd, poll));
}

static ssize_t
conn_head_readv(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn_head *head = (struct conn_head *)conn;
    size_t total = 0;

    if (head->in_at == head->in.size) {
        return head->inner->ops->readv(head->inner, iov, len);
    }
    for (int i = 0; i < len && head->in_at < head->in.size; i++) {
        size_t size = head->in.size - head->in_at;

        size = size < iov[i].iov_len ? size : iov[i].iov_len;
        memcpy(iov[i].iov_base, head->in.at + head->in_at, size);
        head->in_at += size;
        total += size;
    }
    if (head->in_at == head->in.size) {
        str_done(&head->in);
        head->in_at = 0;
    }
    return (ssize_t)total;
}

static ssize_t
conn_head_writev(struct conn *conn, const struct iovec *iov, int len)
{
    struct conn_head *head = (struct conn_head *)conn;

    if (conn_head_flush(head) < 0) {
        return -1;
    }
    return head->inner->ops->writev(head->inner, iov, len);
}

static void
conn_head_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx)
{
    struct conn_head *head = (struct conn_head *)conn;

    head->wanted = ready;
    head->fn = fn;
    head->ctx = ctx;
    conn_head_watch(head);
}

static void
conn_head_shut_write(struct conn *conn)
{
    struct conn_head *head = (struct conn_head *)conn;

    if (head->out_at < head->out.size) {
        head->shut_later = true;
    } else {
        conn_shut_write(head->inner);
    }
}

static void
conn_head_close(struct conn *conn)
{
    struct conn_head *head = (struct conn_head *)conn;

    conn_close(head->inner);
    head->inner = NULL;
    str_done(&head->in);
    str_done(&head->out);
    head->is_closed = true;
    if (!head->is_posted) {
        mem_free(head);
    }
}

/* From the inner conn. */
static void
conn_head_ready(void *ctx, int ready)
{
    struct conn_head *head = ctx;

    if ((ready & CONN_WRITE) != 0 && conn_head_flush(head) < 0) {
        ready &= ~CONN_WRITE;
        if (errno != EAGAIN) {
            ready |= head->wanted; /* the user's own call finds the error */
        }
    }
    conn_head_watch(head);
    if ((ready & head->wanted) != 0) {
        head->fn(head->ctx, ready & head->wanted);
    }
}

/* Bytes that were read before are readable now, whatever the inner conn says. */
static void
conn_head_fire(void *ctx)
{
    struct conn_head *head = ctx;

    head->is_posted = false;
    if (head->is_closed) {
        mem_free(head);
        return;
    }
    if ((head->wanted & CONN_READ) == 0 || head->in_at == head->in.size) {
        return;
    }
    conn_head_watch(head); /* level-triggered: again, unless fn changes it */
    head->fn(head->ctx, CONN_READ);
}

static void
conn_head_watch(struct conn_head *head)
{
    bool has_out = head->out_at < head->out.size;

    if ((head->wanted & CONN_READ) != 0 && head->in_at < head->in.size && !head->is_posted) {
        head->is_posted = true;
        loop_defer(head->loop, conn_head_fire, head);
    }
    conn_want(head->inner, head->wanted | (has_out ? CONN_WRITE : 0), conn_head_ready, head);
}

/* 0: nothing is left to leave first. -1: errno. */
static int
conn_head_flush(struct conn_head *head)
{
    while (head->out_at < head->out.size) {
        struct iovec iov = { head->out.at + head->out_at, head->out.size - head->out_at };
        ssize_t size = conn_writev(head->inner, &iov, 1);

        if (size < 0) {
            return -1;
        }
        head->out_at += (size_t)size;
    }
    if (head->out.at != NULL) {
        str_done(&head->out);
        head->out_at = 0;
        if (head->shut_later) {
            head->shut_later = false;
            conn_shut_write(head->inner);
        }
    }
    return 0;
}
