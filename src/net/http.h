/* Requests and responses, whatever the HTTP version.  Loop thread. */
#ifndef BINNACLE_NET_HTTP_H
#define BINNACLE_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/body.h"

struct arena;
struct conn;
struct tls_peer;

enum {
    HTTP_MAX_HEADERS = 100,
    HTTP_MAX_HEADER_BYTES = 64 << 10,
    HTTP_MAX_TARGET = 16 << 10,
};
struct http_header {
    struct str name, value; /* names in lower case */
};
/* The socket peer of a unix connection. */
struct http_peer {
    const struct tls_peer *tls; /* NULL without a client certificate */
    bool is_unix;
    uint32_t uid;        /* unix only */
    const char *address; /* "10.0.0.7:51234" or "unix" */
    void *memo;          /* the server's user may keep what it knows of this connection */
    void (*memo_free)(void *);
};

struct http_request {
    struct str method, target, path, query; /* path percent-encoded as it came */
    struct str authority;
    const struct http_header *headers;
    size_t header_len;
    int version;            /* 2, 11, 10 */
    struct http_peer *peer; /* of the connection */
    struct arena *arena;    /* of the request; freed after its end, or by http_shed */
    void *user;             /* the handler's */
    void *stream;           /* the server's */
};
struct str http_header(const struct http_request *request, const char *name); /* first; or absent */

struct http_response {
    int status;
    const struct http_header *headers; /* copied before the call returns */
    size_t header_len;
    struct body *body; /* NULL: none; ownership moves */
    /* HTTP/2 only, after the body; copied before the call returns. */
    const struct http_header *trailers;
    size_t trailer_len;
};

/* What a server calls; all on the loop. */
struct http_handler {
    /* Headers are in. Set *ret_intake to receive the body (NULL: it is drained and dropped). The
     * handler answers now or later with http_respond, exactly once. */
    void (*request)(void *ctx, struct http_request *request, struct intake **ret_intake);
    /* The stream is over (answered, or the peer went away): last call for this request. */
    void (*closed)(void *ctx, struct http_request *request);
    void *ctx;
};
/* Answer. Interim: 1xx are the server's business. */
void http_respond(struct http_request *request, const struct http_response *response);
/* After http_respond, for an answer that lasts: frees the arena, so that a thousand watches cost a
 * thousand streams and not a thousand requests. All that points into it (method, headers …) is void;
 * peer and user stay. */
void http_shed(struct http_request *request);
/* HTTP/1.1 101: the connection leaves HTTP; bytes already read come first from the conn. Sends the
 * given headers with the 101. NULL when the version or state does not allow it. */
struct conn *http_upgrade(struct http_request *request, const struct http_header *headers,
                          size_t len);
/* Cut the stream (RST_STREAM, or the connection closed without the last chunk). */
void http_abort(struct http_request *request);

/* application/x-www-form-urlencoded query: first value of key, decoded into the arena. */
struct str http_query(struct str query, const char *key, struct arena *arena);
/* All values of key. → count, at most max are stored. */
size_t http_query_all(struct str query, const char *key, struct str *values, size_t max,
                      struct arena *arena);
bool http_query_bool(struct str query, const char *key); /* Kubernetes' rule: api-compat §5 */
int http_percent_decode(struct str text, bool plus_is_space, struct arena *arena, struct str *ret);

#endif
