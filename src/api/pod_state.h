/* What a pod's status says: conditions, readiness, the texts people see.  Pure. */
#ifndef BINNACLE_API_POD_STATE_H
#define BINNACLE_API_POD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;

/* The condition of that type in a status.conditions list (pods, nodes, anything); absent: none. */
struct val pod_state_condition(struct val object, const char *type);
bool pod_state_condition_is(struct val object, const char *type, const char *status);
bool pod_state_is_ready(struct val pod);
bool pod_state_is_finished(struct val pod); /* Succeeded or Failed */
bool pod_state_is_deleting(struct val pod);
/* Ready for minReadySeconds (podutil.IsPodAvailable). */
bool pod_state_is_available(struct val pod, int64_t min_ready_s, int64_t now_ms);
/* When Ready last changed, Unix ms; 0 when not known. */
int64_t pod_state_ready_since_ms(struct val pod);

/* The STATUS, READY and RESTARTS columns of `kubectl get pods` (printPod). */
struct pod_state_text {
    struct str status; /* "Running", "CrashLoopBackOff", "Init:0/1", "Terminating" … */
    int ready, total;
    int64_t restarts;
    int64_t last_restart_ms; /* Unix ms, 0: never */
};
struct pod_state_text pod_state_text(struct val pod, struct arena *arena);

#endif
