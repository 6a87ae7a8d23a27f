/* gRPC client calls over an HTTP/2 http_client: bytes in, bytes out; packing stays with callers.
 * Loop thread.  CRI and etcd: plain, on a Unix socket or TCP. */
#ifndef BINNACLE_NET_GRPC_H
#define BINNACLE_NET_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct grpc_call;
struct http_client;

enum grpc_code { /* the wire's numbers */
                 GRPC_OK,
                 GRPC_CANCELLED,
                 GRPC_UNKNOWN,
                 GRPC_INVALID_ARGUMENT,
                 GRPC_DEADLINE_EXCEEDED,
                 GRPC_NOT_FOUND,
                 GRPC_ALREADY_EXISTS,
                 GRPC_PERMISSION_DENIED,
                 GRPC_RESOURCE_EXHAUSTED,
                 GRPC_FAILED_PRECONDITION,
                 GRPC_ABORTED,
                 GRPC_OUT_OF_RANGE,
                 GRPC_UNIMPLEMENTED,
                 GRPC_INTERNAL,
                 GRPC_UNAVAILABLE,
                 GRPC_DATA_LOSS,
                 GRPC_UNAUTHENTICATED,
                 GRPC_CODE_LEN
};

struct grpc_call_spec {
    const char *method; /* "/runtime.v1.RuntimeService/Version"; copied */
    struct str message; /* the first one; copied */
    bool stays_open;    /* more follow with grpc_send, until grpc_send_end */
    bool is_unary;      /* exactly one message is the answer; anything else is INTERNAL */
    int64_t timeout_ms; /* of the whole call, told to the server too; 0: none */
    size_t max_size;    /* of one message of the answer, 0: 64 MiB */
    /* A message of the answer, which lives during the call. false: no more until grpc_resume. */
    bool (*message_fn)(void *ctx, struct str message);
    /* Exactly once, never inside grpc_start or grpc_cancel. err NULL when code is GRPC_OK; its message
     * is the server's, its code the nearest of ours (OUT_OF_RANGE is EXPIRED: etcd's compaction). */
    void (*done_fn)(void *ctx, enum grpc_code code, struct err *owned);
    void *ctx;
};
struct grpc_call *grpc_start(struct http_client *client, const struct grpc_call_spec *spec);
void grpc_send(struct grpc_call *call, struct str message); /* copied; queued without limit */
void grpc_send_end(struct grpc_call *call);
void grpc_resume(struct grpc_call *call);
void grpc_cancel(struct grpc_call *call);        /* done with CANCELLED follows */
const char *grpc_code_name(enum grpc_code code); /* "NotFound" */

#endif
