/* When a dead container comes back: restart policies, and the crash loop's growing wait.  Pure. */
#ifndef BINNACLE_AGENT_POD_RESTART_H
#define BINNACLE_AGENT_POD_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"

struct runtime_container;

enum {
    POD_RESTART_FIRST_MS = 10 * 1000,
    POD_RESTART_MAX_MS = 300 * 1000,
    POD_RESTART_FORGET_MS = 2 * POD_RESTART_MAX_MS, /* a run as long as this starts over */
};

/* Does a container that ended with this code run again? Its own restartPolicy and
 * restartPolicyRules win over the pod's (podutil.ContainerShouldRestart). */
bool pod_restart_wants(struct val spec, struct val container, int32_t exit_code);
/* Can a container that was stopped for a failed probe run again? Rules look at exit codes only. */
bool pod_restart_wants_after_kill(struct val spec, struct val container);
/* Wall time before which the successor of this dead container must not start: 0 for no wait, and
 * when it was made from another spec. hash: of the spec now. */
int64_t pod_restart_at(const struct runtime_container *dead, struct str hash);
/* What the successor carries (RUNTIME_BACKOFF): the wait after its own death. */
int64_t pod_restart_next_backoff(const struct runtime_container *dead, struct str hash);

#endif
