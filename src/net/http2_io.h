/* What an nghttp2 session needs to write into a record: shared by server and client.  Loop thread.
 *
 * The session's user_data is a struct http2_io. DATA is not copied by nghttp2: a read callback asks
 * http2_io_room, pulls at most that, and http2_io_place puts the bytes where their frame will stand;
 * the frame's head follows at once, because a session writes nothing in between. */
#ifndef BINNACLE_NET_HTTP2_IO_H
#define BINNACLE_NET_HTTP2_IO_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "net/record.h"

struct http2_io {
    nghttp2_session *session;
    struct record *out; /* borrowed */
    size_t pass_size;   /* bytes of DATA in this pass */
    int64_t pass_end_us;
    size_t piece;  /* payload that stands behind the room for its head */
    bool has_more; /* the pass ended for the sake of others */
};

nghttp2_nv http2_nv(struct str name, struct str value);
void http2_io_callbacks(nghttp2_session_callbacks *callbacks);
/* Writes what the session has, within one pass; -1: the session is broken. */
int http2_io_pass(struct http2_io *io);
/* Payload that may be placed now, at most length; 0: the callback returns NGHTTP2_ERR_PAUSE. */
size_t http2_io_room(struct http2_io *io, size_t length);
size_t http2_io_place(struct http2_io *io, const struct iovec *iov, int len);

#endif
