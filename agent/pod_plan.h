/* What to do next for one pod: desired, observed, in flight and the time to actions.  Pure.
 *
 * Any event plans again. At most one action is in flight per container and one for the pod (its
 * volumes, sandbox and end), so that a pull or a long stop never blocks a deletion: what must not
 * go on is cancelled. */
#ifndef BINNACLE_AGENT_POD_PLAN_H
#define BINNACLE_AGENT_POD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/pod_facts.h"
#include "base/doc.h"
#include "base/str.h"

struct arena;
struct runtime_pod;

enum pod_act_kind {
    POD_ACT_VOLUMES,        /* set the volumes up */
    POD_ACT_SANDBOX,        /* run a new sandbox: attempt */
    POD_ACT_IMAGE,          /* have the image of a container: check, pull */
    POD_ACT_START,          /* create and start (id: it is created already), then postStart */
    POD_ACT_LIMITS,         /* limit the pod as a whole: limits */
    POD_ACT_MEASURE,        /* what it uses of the disk, if that is limited */
    POD_ACT_RESIZE,         /* give a running container other limits */
    POD_ACT_KILL,           /* preStop, then stop within grace_s */
    POD_ACT_REMOVE,         /* remove a dead container */
    POD_ACT_SANDBOX_STOP,   /* stop one */
    POD_ACT_SANDBOX_REMOVE, /* remove a stopped one */
    POD_ACT_CLEANUP,        /* volumes, directories and cgroups of a pod that has ended */
    POD_ACT_DELETE,         /* delete the object from the API: nothing of it is left */
};
struct pod_act {
    enum pod_act_kind kind;
    struct str container; /* its slot; absent: the pod's */
    struct str id;        /* of the container or sandbox, where one is there */
    uint32_t attempt;
    int64_t backoff_ms;       /* START: what the container carries for its successor */
    int64_t grace_s;          /* KILL */
    const char *reason;       /* KILL: NULL, or "LivenessProbe" "StartupProbe" */
    struct str message;       /* KILL: text of the Killing event */
    struct pod_limits limits; /* LIMITS */
};
struct pod_flight {
    uint64_t id;
    struct pod_act act;
    int64_t since_ms; /* wall */
};
/* A container that waits, and why: as its status shows it. */
struct pod_wait {
    struct str container;
    const char *reason; /* CrashLoopBackOff, ImagePullBackOff, or the failure's own */
    struct str message;
};

enum { POD_PLAN_MAX = 64 /* of each list; more wait for the next plan */ };
struct pod_plan_in {
    struct val pod; /* as last seen in the API; absent when it never was (an orphan) */
    bool is_gone;   /* it is not in the API any more */
    const struct runtime_pod *seen;
    const struct pod_facts *facts;
    const struct pod_flight *flights;
    size_t flight_len;
    int64_t now_ms; /* wall */
    struct arena *arena;
};
struct pod_plan {
    struct pod_act acts[POD_PLAN_MAX];
    size_t act_len;
    uint64_t cancels[POD_PLAN_MAX];
    size_t cancel_len;
    struct pod_wait waits[POD_PLAN_MAX];
    size_t wait_len;
    int64_t again_ms;                   /* wall time to plan again at the latest, 0: at an event */
    bool is_ending;                     /* nothing is started any more */
    bool is_over;                       /* by itself: all has run that should */
    bool is_done;                       /* gone from the API, the runtime and the disk: forget it */
    struct str end_reason, end_message; /* the plan itself ends it (DeadlineExceeded) */
};

void pod_plan(const struct pod_plan_in *in, struct pod_plan *out);
/* One line an action, for tests and debugging. */
void pod_plan_text(const struct pod_plan *plan, struct str_builder *out);

#endif
