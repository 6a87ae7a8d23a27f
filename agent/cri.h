/* Calls of the container runtime interface, one row each.  Loop thread. */
#ifndef BINNACLE_AGENT_CRI_H
#define BINNACLE_AGENT_CRI_H

#include <stdbool.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/str.h"

struct cri;
struct cri_call;
struct err;
struct loop;

enum cri_method {
    CRI_VERSION,
    CRI_STATUS,
    CRI_RUNTIME_CONFIG,
    CRI_RUN_SANDBOX,
    CRI_STOP_SANDBOX,
    CRI_REMOVE_SANDBOX,
    CRI_SANDBOX_STATUS,
    CRI_LIST_SANDBOXES,
    CRI_CREATE_CONTAINER,
    CRI_START_CONTAINER,
    CRI_STOP_CONTAINER,
    CRI_REMOVE_CONTAINER,
    CRI_CONTAINER_STATUS,
    CRI_UPDATE_CONTAINER,
    CRI_LIST_CONTAINERS,
    CRI_LIST_STATS,
    CRI_REOPEN_LOG,
    CRI_EVENTS, /* a stream: only for cri_watch */
    CRI_EXEC_SYNC,
    CRI_EXEC,
    CRI_ATTACH,
    CRI_PORT_FORWARD,
    CRI_IMAGE_STATUS,
    CRI_PULL_IMAGE,
    CRI_METHOD_LEN
};

/* address: "unix:/run/…/containerd.sock". Nothing is dialled before the first call. */
struct cri *cri_new(struct loop *loop, const char *address);
void cri_free(struct cri *cri); /* cancels what runs; NULL allowed */

/* answer: of the method's own type, borrowed; NULL with an error, whose message is the runtime's.
 * UNKNOWN when the answer is no message. Exactly once, never inside cri_call or cri_cancel. */
typedef void cri_done_fn(void *ctx, const ProtobufCMessage *answer, struct err *owned);
/* request is packed before the call returns. timeout_ms 0: the method's own. */
struct cri_call *cri_call(struct cri *cri, enum cri_method method, const ProtobufCMessage *request,
                          int64_t timeout_ms, cri_done_fn *done, void *ctx);
/* The stream of container events, on a connection of its own; done when it ends (err UNKNOWN with
 * the runtime's words when it has none). */
struct cri_call *cri_watch(struct cri *cri, void (*event)(void *ctx, const ProtobufCMessage *event),
                           cri_done_fn *done, void *ctx);
void cri_cancel(struct cri_call *call); /* before done only: done with CANCELLED follows */

#endif
