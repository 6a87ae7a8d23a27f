/* DNS over TCP. Called by dns_server for clients and by dns_forward for other servers; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_stream.h"

#include <errno.h>
#include <stdint.h>

#include "base/mem.h"
#include "net/conn.h"

enum { LENGTH_SIZE = 2, MESSAGE_MAX = 65535 };

struct dns_stream {
    struct conn *conn;
    dns_stream_fn *fn;
    void *ctx;
    uint8_t head[LENGTH_SIZE];
    char *in; /* the message that comes, when its length is known */
    size_t in_size, in_got;
    struct str_builder out;
    size_t out_sent;
    bool is_paused;
};

static void ready(void *ctx, int what);

static void
want(struct dns_stream *stream)
{
    bool has_more = stream->out_sent < stream->out.size;

    conn_want(stream->conn, (stream->is_paused ? 0 : CONN_READ) | (has_more ? CONN_WRITE : 0),
              ready, stream);
}

/* -1: broken */
static int
send_more(struct dns_stream *stream)
{
    while (stream->out_sent < stream->out.size) {
        struct iovec iov = { stream->out.at + stream->out_sent,
                             stream->out.size - stream->out_sent };
        ssize_t size = conn_writev(stream->conn, &iov, 1);

        if (size < 0) {
            return errno == EAGAIN ? 0 : -1;
        }
        stream->out_sent += (size_t)size;
    }
    stream->out.size = stream->out_sent = 0;
    return 0;
}

/* 1: a message is whole, 0: later, -1: the end */
static int
read_more(struct dns_stream *stream)
{
    for (;;) {
        bool is_head = stream->in == NULL;
        char *to = is_head ? (char *)stream->head : stream->in;
        size_t whole = is_head ? LENGTH_SIZE : stream->in_size;
        ssize_t size = conn_read(stream->conn, to + stream->in_got, whole - stream->in_got);

        if (size <= 0) {
            return size < 0 && errno == EAGAIN ? 0 : -1;
        }
        stream->in_got += (size_t)size;
        if (stream->in_got < whole) {
            continue;
        }
        stream->in_got = 0;
        if (!is_head) {
            return 1;
        }
        stream->in_size = (size_t)(stream->head[0] << 8 | stream->head[1]);
        if (stream->in_size == 0) {
            return -1;
        }
        stream->in = mem_new(stream->in_size);
    }
}

static void
ready(void *ctx, int what)
{
    struct dns_stream *stream = ctx;
    int rc = (what & CONN_WRITE) != 0 ? send_more(stream) : 0;

    if (rc == 0 && (what & CONN_READ) != 0 && !stream->is_paused) {
        rc = read_more(stream);
    }
    stream->is_paused = stream->is_paused || rc != 0;
    want(stream);
    if (rc < 0) {
        stream->fn(stream->ctx, (struct str){ 0 });
    } else if (rc > 0) {
        AUTO_FREE char *message = STEAL(stream->in);

        stream->fn(stream->ctx, str_slice(message, stream->in_size));
    }
}

void
dns_stream_send(struct dns_stream *stream, struct str message)
{
    if (message.size == 0 || message.size > MESSAGE_MAX) {
        return;
    }
    str_putc(&stream->out, (char)(message.size >> 8));
    str_putc(&stream->out, (char)(message.size & 0xff));
    str_put(&stream->out, message);
    (void)send_more(stream); /* when it is broken, reading says so */
    want(stream);
}

void
dns_stream_next(struct dns_stream *stream)
{
    stream->is_paused = false;
    want(stream);
}

struct dns_stream *
dns_stream_new(struct conn *owned, dns_stream_fn *fn, void *ctx)
{
    struct dns_stream *stream = MEM_NEW(struct dns_stream);

    *stream = (struct dns_stream){ .conn = owned, .fn = fn, .ctx = ctx };
    want(stream);
    return stream;
}

void
dns_stream_free(struct dns_stream *stream)
{
    if (stream != NULL) {
        conn_close(stream->conn);
        mem_free(stream->in);
        str_done(&stream->out);
        mem_free(stream);
    }
}
