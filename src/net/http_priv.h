/* What http.c, the server and the client share. */
#ifndef BINNACLE_NET_HTTP_PRIV_H
#define BINNACLE_NET_HTTP_PRIV_H

#include "net/http.h"

/* What http_respond and its kin do for the request's version; first member of request->stream. */
struct http_stream_ops {
    void (*respond)(struct http_request *request, const struct http_response *response);
    struct conn *(*upgrade)(struct http_request *request, const struct http_header *headers,
                            size_t len);
    void (*abort)(struct http_request *request);
};
struct http_stream {
    const struct http_stream_ops *ops;
};

/* First header of that name in a list, or absent. */
struct str http_find(const struct http_header *headers, size_t len, const char *name);
const char *http_reason(int status); /* "Not Found"; "" when unknown */
bool http_has_body(int status);      /* 1xx, 204 and 304 have none */
/* Cuts target into path and query; false: it is no path ("/…", or "*" for OPTIONS). */
bool http_split_target(struct http_request *request);
/* "Mon, 24 Nov 2025 07:00:00 GMT" */
enum { HTTP_DATE_SIZE = 32 };
void http_date(int64_t wall_ms, char text[HTTP_DATE_SIZE]);

#endif
