/* What the agent itself knows of a pod, beside the API's object and the runtime's containers.  None
 * of it has to outlive the agent: it is learnt again.  Pure data. */
#ifndef BINNACLE_AGENT_POD_FACTS_H
#define BINNACLE_AGENT_POD_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/pod_limits.h"
#include "base/str.h"

enum pod_verdict { POD_VERDICT_NONE, POD_VERDICT_SUCCESS, POD_VERDICT_FAILURE };

/* Of one container, by name. */
struct pod_fact {
    struct str name;
    struct str image_ref; /* checked or pulled, to be used by the next start; absent: not yet */
    /* The last failure on the way to a start, until one succeeds; reason absent: none. */
    struct str fail_reason, fail_message;
    int64_t fail_at_ms, fail_wait_ms; /* nothing is tried again before their sum */
    bool fail_is_pull;                /* the image could not be pulled: shown as a back-off later */
    /* Probes' verdicts on the container with this id. */
    struct str probed_id;
    enum pod_verdict startup, liveness, readiness;
    /* What the container with this id was told by a resize. */
    struct str told_id;
    struct pod_limits told;
};
struct pod_facts {
    struct pod_fact *containers;
    size_t container_len;
    bool has_volumes;         /* set up since the agent runs */
    int64_t volumes_retry_ms; /* after a failure: not before, wall */
    int64_t sandbox_retry_ms;
    int64_t start_ms;                   /* first seen by this node, wall */
    struct str end_reason, end_message; /* why it must end: Evicted, DeadlineExceeded, OutOfcpu … */
    int64_t end_since_ms;               /* when its end began, wall, 0: not yet */
    int64_t end_grace_s;                /* of an eviction; -1: the pod's own */
    /* Resize: why the pod has to stay with what was allocated ("Infeasible", "Deferred"; absent: it
     * need not), why what it may have could not be made so. */
    struct str resize_reason, resize_message, resize_error;
    int64_t measured_ms; /* when its use of the disk was last measured, wall, 0: not yet */
    bool has_limits;     /* the pod's own group was told limits since the agent runs: these */
    struct pod_limits limits;
    bool is_clean;          /* volumes and directories are gone */
    bool is_status_written; /* the API has the status that these facts make */
};

const struct pod_fact *pod_facts_of(const struct pod_facts *facts, struct str name); /* or NULL */
/* The container's verdict if it is about this very container, else NONE. */
enum pod_verdict pod_facts_verdict(const struct pod_fact *fact, struct str container_id,
                                   enum pod_verdict verdict);

#endif
