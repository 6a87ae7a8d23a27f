/* DNS over TCP: messages with their length before them (RFC 1035 §4.2.2).  Loop thread. */
#ifndef BINNACLE_AGENT_DNS_STREAM_H
#define BINNACLE_AGENT_DNS_STREAM_H

#include "base/str.h"

struct conn;
struct dns_stream;

/* A message has come (until the call returns); absent: none will come any more. The stream may be freed
 * inside. After a message, nothing is read until dns_stream_next. */
typedef void dns_stream_fn(void *ctx, struct str message);
struct dns_stream *dns_stream_new(struct conn *owned, dns_stream_fn *fn, void *ctx);
void dns_stream_free(struct dns_stream *stream); /* closes; NULL allowed */
void dns_stream_send(struct dns_stream *stream,
                     struct str message);        /* copied; at most 65,535 bytes */
void dns_stream_next(struct dns_stream *stream); /* not inside fn */

#endif
