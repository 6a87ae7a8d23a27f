/* HTTP/1.1 syntax: heads and chunked bodies, strict.  Pure functions of bytes; fuzzed.
 *
 * Strict means: CRLF only, no folded lines, no space before a colon, one Host, one Content-Length of
 * digits, Transfer-Encoding only "chunked" and never beside Content-Length. Whatever two parsers
 * could read in two ways is refused, so nothing can be smuggled past a proxy. */
#ifndef BINNACLE_NET_HTTP1_PARSE_H
#define BINNACLE_NET_HTTP1_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"

enum {
    HTTP1_MAX_HEAD = HTTP_MAX_HEADER_BYTES + HTTP_MAX_TARGET + 64,
    HTTP1_MAX_EXTENSION = 256, /* of one chunk */
    HTTP1_MAX_TRAILERS = 8 << 10,
};

struct http1_head {
    struct str method, target; /* requests */
    int status;                /* answers */
    struct str reason;
    int version; /* 10, 11 */
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_len;
    int64_t length;                           /* Content-Length, -1: none */
    bool is_chunked, is_close, is_keep_alive; /* Transfer-Encoding, Connection */
    bool is_upgrade;                          /* Connection: upgrade, and an Upgrade header */
    bool is_expecting;                        /* Expect: 100-continue */
};

/* Looks for the end of the head. → its size with the empty line; 0: not all there (call again with
 * more bytes and the same *io_seen, 0 at first); -1: a line ends without CR. */
ssize_t http1_head_size(const char *bytes, size_t size, size_t *io_seen);
/* Parses exactly one head of that size. Names become lower case in place; everything in ret points
 * into bytes. → 0, or the status to refuse it with (for an answer: 502). */
int http1_parse_request(char *bytes, size_t size, struct http1_head *ret);
int http1_parse_answer(char *bytes, size_t size, struct http1_head *ret);

/* A chunked body, as it comes. Zero-initialised is ready. */
struct http1_chunks {
    int state;
    uint64_t left;  /* bytes of the present chunk still to come */
    size_t counted; /* digits, extension or trailer bytes of the present line or section */
};
enum http1_chunk_rc { HTTP1_CHUNK_MORE, HTTP1_CHUNK_DATA, HTTP1_CHUNK_END, HTTP1_CHUNK_BAD };
/* Takes from bytes: *ret_used of them. DATA: *ret_data is a piece of the body inside them, which
 * the caller takes whole or in part (then with http1_chunk_taken). */
enum http1_chunk_rc http1_chunk_next(struct http1_chunks *chunks, const char *bytes, size_t size,
                                     size_t *ret_used, struct str *ret_data);
void http1_chunk_taken(struct http1_chunks *chunks, size_t size);

#endif
