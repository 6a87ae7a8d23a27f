/* nghttp2's output into a record.  Called by http2.c and http2_client.c, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http2_io.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"

enum {
    HTTP2_FRAME_HEAD = 9,
    HTTP2_PIECE_MIN = 1024,      /* with less room than this the record is flushed first */
    HTTP2_PASS_SIZE = 512 << 10, /* DATA of one turn, then other connections get theirs */
    HTTP2_PASS_US = 4000,
};

static ssize_t http2_io_send(nghttp2_session *session, const uint8_t *bytes, size_t size, int flags,
                             void *user_data);
static int http2_io_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                              size_t length, nghttp2_data_source *source, void *user_data);

nghttp2_nv
http2_nv(struct str name, struct str value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.at,
        .namelen = name.size,
        .value = (uint8_t *)(uintptr_t)(value.at == NULL ? "" : value.at),
        .valuelen = value.size,
    };
}

void
http2_io_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_send_callback(callbacks, http2_io_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, http2_io_send_data);
}

int
http2_io_pass(struct http2_io *io)
{
    io->pass_size = 0;
    io->pass_end_us = clock_mono_us() + HTTP2_PASS_US;
    io->has_more = false;
    return nghttp2_session_send(io->session) == 0 ? 0 : -1;
}

size_t
http2_io_room(struct http2_io *io, size_t length)
{
    size_t wanted = length < HTTP2_PIECE_MIN ? length : HTTP2_PIECE_MIN;

    if (io->pass_size >= HTTP2_PASS_SIZE || clock_mono_us() >= io->pass_end_us) {
        io->has_more = true;
        return 0;
    }
    if (!record_need(io->out, HTTP2_FRAME_HEAD + wanted)) {
        return 0;
    }
    size_t room = record_room(io->out) - HTTP2_FRAME_HEAD;

    return length < room ? length : room;
}

size_t
http2_io_place(struct http2_io *io, const struct iovec *iov, int len)
{
    char *to = record_end(io->out) + HTTP2_FRAME_HEAD;
    size_t room = record_room(io->out) - HTTP2_FRAME_HEAD;
    size_t size = 0;

    for (int i = 0; i < len; i++) {
        assert(iov[i].iov_len <= room - size); /* a body never gives more than it is asked for */
        if (iov[i].iov_len > 0) {
            memcpy(to + size, iov[i].iov_base, iov[i].iov_len);
        }
        size += iov[i].iov_len;
    }
    io->piece = size;
    io->pass_size += size;
    return size;
}

static ssize_t
http2_io_send(nghttp2_session *session, const uint8_t *bytes, size_t size, int flags,
              void *user_data)
{
    struct http2_io *io = user_data;
    size_t put = record_put(io->out, str_slice((const char *)bytes, size));

    (void)session;
    (void)flags;
    return put > 0 ? (ssize_t)put : NGHTTP2_ERR_WOULDBLOCK;
}

static int
http2_io_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                   size_t length, nghttp2_data_source *source, void *user_data)
{
    struct http2_io *io = user_data;

    (void)session;
    (void)frame;
    (void)source;
    assert(length == io->piece && record_room(io->out) >= HTTP2_FRAME_HEAD + length);
    memcpy(record_end(io->out), head, HTTP2_FRAME_HEAD);
    record_added(io->out, HTTP2_FRAME_HEAD + length);
    io->piece = 0;
    return 0;
}
