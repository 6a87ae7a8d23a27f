/* Between the files of a pod's status. */
#ifndef BINNACLE_AGENT_POD_STATUS_PRIV_H
#define BINNACLE_AGENT_POD_STATUS_PRIV_H

#include "agent/pod_list.h"
#include "agent/pod_plan.h"
#include "agent/pod_status.h"
#include "agent/runtime.h"

enum pod_status_kind { STATE_NONE, STATE_WAITING, STATE_RUNNING, STATE_TERMINATED };
/* ContainerState. */
struct pod_status_state {
    enum pod_status_kind kind;
    struct str reason, message, id;  /* id with its prefix */
    int64_t started_ms, finished_ms; /* -1: not known */
    int32_t exit_code;
};
/* ContainerStatus, before it is written. */
struct pod_status_container {
    struct str name;
    struct val spec, old; /* old: its status in the API */
    const struct runtime_container *seen;
    enum pod_list list;
    bool is_sidecar;
    struct pod_status_state state, last;
    bool ready, started;
    int64_t restarts;
};
struct pod_status_all {
    const struct pod_status_in *in;
    struct arena *arena;
    struct val pod, spec, old;               /* old: status in the API */
    struct pod_status_container *containers; /* init ones first, in the spec's order */
    size_t len;
    bool is_deleting; /* has a deletionTimestamp */
    bool is_stopped;  /* it is ending and nothing of it runs any more */
    bool is_final;    /* … and its sandbox is stopped, too */
    const char *phase;
    struct str reason, message;
    const struct runtime_sandbox *sandbox; /* the one in use */
};

/* Fills containers. */
void pod_status_containers(struct pod_status_all *all);
void pod_status_container_write(const struct pod_status_all *all,
                                const struct pod_status_container *container, struct jw *out);
const struct pod_status_container *pod_status_find(const struct pod_status_all *all,
                                                   struct str name);
void pod_status_phase(struct pod_status_all *all);
/* The members of "conditions". */
void pod_status_conditions(const struct pod_status_all *all, struct jw *out);

#endif
