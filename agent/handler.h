/* Runs what a probe or a lifecycle hook says: exec, httpGet, tcpSocket, grpc, sleep.  Loop thread. */
#ifndef BINNACLE_AGENT_HANDLER_H
#define BINNACLE_AGENT_HANDLER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/probe.h"
#include "base/doc.h"
#include "base/str.h"

struct cri;
struct handler;
struct loop;

struct handler_in {
    struct loop *loop;
    struct cri *cri;
    struct val action;       /* Probe or LifecycleHandler */
    struct val container;    /* its ports have names */
    struct str container_id; /* where commands run */
    struct str pod_ip;
    const char *purpose; /* "probe" or "lifecycle": in the User-Agent */
    int64_t timeout_ms;
};
/* text: what an event says of a failure. is_warning: it counts as success, but somebody should know. */
typedef void handler_fn(void *ctx, enum probe_outcome outcome, struct str text, bool is_warning);
/* Everything is copied. done exactly once, never inside this call, and not after a cancel. */
struct handler *handler_start(const struct handler_in *in, handler_fn *done, void *ctx);
void handler_cancel(struct handler *handler); /* NULL allowed */

#endif
