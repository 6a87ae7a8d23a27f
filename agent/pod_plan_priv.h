/* Between the files of the pod's plan. */
#ifndef BINNACLE_AGENT_POD_PLAN_PRIV_H
#define BINNACLE_AGENT_POD_PLAN_PRIV_H

#include "agent/pod_plan.h"

struct runtime_container;
struct runtime_sandbox;

struct planner {
    const struct pod_plan_in *in;
    struct pod_plan *out;
    struct val spec;
};

/* The slot's flight, NULL when it is free. container absent: the pod's. */
const struct pod_flight *pod_plan_flight(const struct planner *p, struct str container);
bool pod_plan_is_busy(const struct planner *p, struct str container);
/* Adds an action, unless its slot is in use by a flight or an action of this plan: NULL then. */
struct pod_act *pod_plan_act(struct planner *p, enum pod_act_kind kind, struct str container);
void pod_plan_again(struct planner *p, int64_t at_ms);
void pod_plan_cancel(struct planner *p, const struct pod_flight *flight);
struct pod_act *pod_plan_kill(struct planner *p, const struct runtime_container *container,
                              int64_t grace_s, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int64_t pod_plan_grace_s(const struct planner *p); /* the pod's, for its end */

/* The next step towards a running container: wait, have its image, start it. What it waits for is also
 * said while such a step is in flight. */
void pod_plan_start(struct planner *p, const struct runtime_sandbox *sandbox, struct val container);
/* The pod as a whole is limited before anything starts in it; it gets more before its containers do, and
 * less after them. False: its containers have to wait for that. */
bool pod_plan_limit(struct planner *p);
/* A running container that should have other resources gets them, or goes. */
void pod_plan_resize(struct planner *p, struct val container, const struct runtime_container *seen);
/* Ends the pod: stops what runs in order, then its sandbox, then what it left. */
void pod_plan_end(struct planner *p);
/* Removes containers and sandboxes that nobody needs any more. */
void pod_plan_sweep(struct planner *p);

#endif
